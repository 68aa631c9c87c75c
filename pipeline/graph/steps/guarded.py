"""Replaces a step's failure by an error that names only its location: a library's message may quote a value of the log.

Beam's workers print what a step raises, and a runner keeps it. So every step lets through `JobError`, whose words are this
program's own, and turns anything else into one.
"""

from __future__ import annotations

import functools
import inspect
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from pipeline import limits
from pipeline.errors import EXIT_UNEXPECTED, JobError
from transforms.errors import translated


def guarded(method: Callable[..., Any]) -> Callable[..., Any]:
    """Decorates `process`, `finish_bundle` and functions that are steps, generators or not."""
    if inspect.isgeneratorfunction(method):

        @functools.wraps(method)
        def giving(*arguments: Any) -> Iterator[Any]:
            with translated(Exception, described):
                yield from method(*arguments)

        return giving

    @functools.wraps(method)
    def doing(*arguments: Any) -> Any:
        with translated(Exception, described):
            return method(*arguments)

    return doing


def described(error: Exception) -> JobError | None:
    """The error that says where one happened, and nothing of its words; None if its words are this program's own."""
    if isinstance(error, JobError):
        return None
    short = limits.missing(error)
    if short:
        return limits.job_error(short)
    frame = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{type(error).__name__} at {Path(frame.filename).name}:{frame.lineno}"
    return JobError(
        EXIT_UNEXPECTED, "step_failed", f"A step failed: {where}. No day was published that is not complete. This is a defect."
    )
