"""The run's one process pool. Without a pool, tasks run inline.

Beam's local runner works in one thread. So its steps hand blocks to this pool, which the `run` command opens before the pipeline
and closes after it. On a remote runner nothing opens it, and each worker of the runner works inline.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections import deque
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from pipeline.errors import EXIT_USAGE, JobError
from pipeline.graph.processes import Processes, Task

Result = TypeVar("Result")
_SOCKET_NAME = 107
_open: list[Processes] = []


@contextlib.contextmanager
def workers(count: int) -> Iterator[None]:
    """Keep a pool of `count` processes open; 0 works inline."""
    if not count:
        yield
        return
    _check_temporary_folder()
    # It loads the rules while this process imports Beam.
    processes = Processes(count, preloaded="pipeline.graph.warm")
    _open.append(processes)
    try:
        yield
    finally:
        _open.pop()
        processes.close()


def _check_temporary_folder() -> None:
    """Refuse a long path: a socket's name has at most 107 bytes, and the workers' server needs 32 after the folder."""
    if len(os.fsencode(tempfile.gettempdir())) > _SOCKET_NAME - len("/pymp-12345678/listener-12345678"):
        message = "TMPDIR: the name of the folder is too long for worker processes. Set a shorter one, or say --workers 0."
        raise JobError(EXIT_USAGE, "usage", message)


def pids() -> list[int]:
    """The identifiers of the processes."""
    return [pid for processes in _open for pid in processes.pids()]


class Tasks(Generic[Result]):
    """Tasks in flight, at most two more than there are workers: results come in the order of their tasks."""

    def __init__(self) -> None:
        self._pending: deque[Task[Result]] = deque()

    def submit(self, function: Callable[..., Result], *arguments: object) -> Iterator[Result]:
        """Start a task; returns the results that are due."""
        if not _open:
            yield function(*arguments)
            return
        processes = _open[-1]
        self._pending.append(processes.submit(function, *arguments))
        while len(self._pending) > processes.count + 2:
            yield self._next()

    def drain(self) -> Iterator[Result]:
        """The results of all tasks still in flight."""
        while self._pending:
            yield self._next()

    def _next(self) -> Result:
        return _open[-1].result(self._pending.popleft())
