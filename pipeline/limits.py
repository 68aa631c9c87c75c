"""Names what the machine, or a limit on this process, did not give: memory, threads, processes, open files."""

from __future__ import annotations

import errno
import os
import resource

from pipeline.errors import EXIT_UNEXPECTED, EXIT_USAGE, JobError
from transforms.errors import NO_FILE, NO_MEMORY

NO_THREAD, NO_PROCESS = "no_thread", "no_process"
"""Reasons of errors, beside those of `transforms.errors`."""

_FOUND = {
    NO_MEMORY: "There is no more memory, or a limit of it is reached (ulimit -d, ulimit -v, a container's)",
    NO_THREAD: "A thread could not be started: a limit of processes (ulimit -u, a container's) or of memory is reached",
    NO_PROCESS: "A process could not be started, or ended while it started: probably a limit of processes (ulimit -u, a "
    "container's) or of memory is reached",
    NO_FILE: "No more files can be opened: the limit of open files (ulimit -n) is reached",
}
_OF_NUMBERS = {errno.ENOMEM: NO_MEMORY, errno.EMFILE: NO_FILE, errno.ENFILE: NO_FILE}
_OF_LOADER = {"annot allocate memory": NO_MEMORY, "failed to map segment": NO_MEMORY, "Too many open files": NO_FILE}
"""The words of the system's loader about a library that it did not load: Python passes on nothing else."""

_LEAST = {"RLIMIT_DATA": 280_000_000, "RLIMIT_AS": 800_000_000}
"""Bytes for a small log, measured. With less, libraries end the process without an exception, at places that vary."""
_SHELL = {"RLIMIT_DATA": "ulimit -d", "RLIMIT_AS": "ulimit -v"}


def keep_to_memory() -> None:
    """Let Arrow keep to a limit of this process's memory; raises `JobError` if it is below what the libraries need.

    Call it before Arrow is imported, which is when it chooses its allocator. Its own one reserves 1 GiB of addresses at once,
    even if nothing else then fits below the limit.
    """
    for name, least in _LEAST.items():
        limit = resource.getrlimit(getattr(resource, name))[0]
        if limit == resource.RLIM_INFINITY:
            continue
        if limit < least:
            shell = _SHELL[name]
            raise JobError(
                EXIT_USAGE,
                NO_MEMORY,
                f"The limit of memory ({shell}) is {limit / 1e6:,.0f} MB, and a process needs {least / 1e6:,.0f} MB at least: "
                f"`{shell} {least // 1000}` sets that.",
            )
        os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")


def job_error(reason: str) -> JobError:
    """The error that stops the job, for one of the reasons above."""
    way_out = "No day was published that is not complete. Allow more, or give `run` fewer --workers, or --workers 0."
    return JobError(EXIT_UNEXPECTED, reason, f"{_FOUND[reason]}. {way_out}")


def missing(error: BaseException) -> str | None:
    """The reason if `error`, or an error that led to it, says that one of these was not to be had, else None."""
    seen: BaseException | None = error
    while seen is not None:
        reason = _missing(seen)
        if reason:
            return reason
        seen = seen.__cause__ or seen.__context__
    return None


def _missing(error: BaseException) -> str | None:
    if isinstance(error, MemoryError):
        return NO_MEMORY
    if isinstance(error, OSError):
        return _OF_NUMBERS.get(error.errno or 0)
    if isinstance(error, RuntimeError) and "can't start new thread" in str(error):
        return NO_THREAD
    if isinstance(error, ImportError):
        return next((reason for words, reason in _OF_LOADER.items() if words in str(error)), None)
    return None
