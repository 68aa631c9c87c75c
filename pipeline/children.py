"""Starts child processes. What they say last may hold a value of the log, so they have no standard error."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator

from pipeline import limits


@contextlib.contextmanager
def starting() -> Iterator[None]:
    """Processes that start meanwhile inherit no standard error; raises `JobError` if one cannot be started."""
    try:
        with _without_standard_error():
            yield
    except (OSError, EOFError, RuntimeError, MemoryError) as error:
        raise limits.job_error(limits.missing(error) or limits.NO_PROCESS) from None


def be_silent() -> None:
    """Have no standard error in this process, whatever the process had of which it is a copy."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    if nowhere != 2:
        os.close(nowhere)


@contextlib.contextmanager
def _without_standard_error() -> Iterator[None]:
    kept = _copy(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        if nowhere != 2:
            os.close(nowhere)
        if kept is None:
            os.close(2)
        else:
            os.dup2(kept, 2)
            os.close(kept)


def _copy(descriptor: int) -> int | None:
    """Another descriptor of the same file, or None if the process was started without this one."""
    try:
        return os.dup(descriptor)
    except OSError as error:
        if error.errno == errno.EBADF:
            return None
        raise
