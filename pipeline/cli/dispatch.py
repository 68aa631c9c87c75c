"""Runs the command that the command line names, and turns every failure into one message and one exit code."""

from __future__ import annotations

import gc
import logging
import os
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module

from pipeline import errors, limits
from pipeline.errors import JobError


def dispatch(arguments: Sequence[str]) -> int:
    """Run the command that is asked for. Never lets a message of a library out: it may quote a log line."""
    # NumPy's library for algebra, which nothing here does, starts a thread for each core; without them it interrupts the process.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    for name in ("stdout", "stderr"):  # a program may be started without them
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115 to the end
    gc.disable()  # what is imported stays: looking for garbage in it takes a fifth of the start
    try:
        return _dispatch(arguments)
    finally:
        gc.enable()


def _dispatch(arguments: Sequence[str]) -> int:
    from pipeline import logs

    logs.quieten("text")
    try:
        limits.keep_to_memory()
        from pipeline import stores
        from pipeline.cli import options

        known, beam_arguments = options.parse(arguments)
        logs.quieten(getattr(known, "log_format", "text"))
        stores.use(beam_arguments)
        command = import_module(f"pipeline.cli.{known.command}")
        getattr(command, known.command)(known, beam_arguments)
    except KeyboardInterrupt:
        return _say("interrupted", "No day was published that is not complete.", errors.EXIT_INTERRUPTED, "interrupted")
    except JobError as error:
        return _say(error.reason, error.message, error.exit_code)
    except Exception as error:  # noqa: BLE001
        short = limits.missing(error)
        carried = limits.job_error(short) if short else errors.from_text(str(error))
        if carried is not None:
            return _say(carried.reason, carried.message, carried.exit_code)
        # Where it happened, but not what it says: a library's message may quote a log line.
        where = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
        message = f"{type(error).__name__} at {' < '.join(reversed(where[-4:]))}. No day was published that is not complete."
        return _say("unexpected", message, errors.EXIT_UNEXPECTED)
    return errors.EXIT_DONE


def _say(reason: str, message: str, code: int, what: str = "error") -> int:
    from pipeline import logs

    logs.event("failed", f"{what}: {message}", logging.ERROR, reason=reason, exit_code=code)
    return code
