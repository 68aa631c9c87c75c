"""Processes that do tasks, each at the other end of one pipe. This process needs no thread and no semaphore for them.

`concurrent.futures` starts two threads in this process. If the machine gives no more threads, they end without a word, and then
nobody answers who waits for a result.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import pickle
import signal
import threading
from collections import deque
from collections.abc import Callable
from multiprocessing.connection import Connection, wait
from multiprocessing.forkserver import ensure_running
from multiprocessing.process import BaseProcess
from typing import Any, Generic, TypeVar

from pipeline.children import be_silent, starting
from pipeline.errors import EXIT_UNEXPECTED, JobError
from pipeline.graph.allocator import give_back
from pipeline.graph.steps.guarded import described

Result = TypeVar("Result")


class Task(Generic[Result]):
    """What a process is to do, and then what came of it."""

    def __init__(self, function: Callable[..., Result], arguments: tuple[object, ...]) -> None:
        self.work: tuple[Callable[..., Result], tuple[object, ...]] | None = (function, arguments)
        self.outcome: tuple[bool, Any] | None = None
        """Whether it succeeded, and its result or its exception."""


class Processes:
    """`count` processes, which are copies of one that has imported `preloaded`. They do tasks in the order of `submit`.

    All methods raise `JobError` if a process cannot be started, or is gone. Only one thread may use them.
    """

    def __init__(self, count: int, preloaded: str) -> None:
        """Start the process of which the others will be copies; does not wait until it is ready."""
        self.count = count
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload([preloaded])
        self._processes: list[BaseProcess] = []
        self._idle: list[Connection] = []
        self._busy: dict[Connection, Task[Any]] = {}
        self._waiting: deque[Task[Any]] = deque()
        with starting():
            ensure_running()

    def submit(self, function: Callable[..., Result], *arguments: object) -> Task[Result]:
        """Give a task to the first process that has none; returns at once if there is none yet."""
        while len(self._processes) < self.count:
            self._add()
        task = Task(function, arguments)
        self._waiting.append(task)
        self._receive(seconds=0)
        return task

    def result(self, task: Task[Result]) -> Result:
        """Wait for what a task came to, and hand out other tasks meanwhile; raises the task's exception."""
        while task.outcome is None:
            self._receive()
        succeeded, value = task.outcome
        if not succeeded:
            raise value
        return value  # type: ignore[no-any-return]

    def pids(self) -> list[int]:
        """The processes' identifiers."""
        return [process.pid for process in self._processes if process.pid is not None]

    def close(self) -> None:
        """End all processes, whatever they are doing."""
        for process in self._processes:
            process.kill()
        for process in self._processes:
            process.join()
        for pipe in (*self._idle, *self._busy):
            pipe.close()

    def _add(self) -> None:
        with starting():
            ours, theirs = self._context.Pipe()
            self._idle.append(ours)
            with theirs:
                process = self._context.Process(target=_work, args=(theirs,), daemon=True)
                process.start()
        self._processes.append(process)

    def _receive(self, seconds: float | None = None) -> None:
        """Take what has come, after a wait of so many seconds at most, and give idle processes what is waiting."""
        try:
            self._give()
            for pipe in wait(list(self._busy), seconds):
                assert isinstance(pipe, Connection)
                self._busy[pipe].outcome = pipe.recv()
                del self._busy[pipe]
                self._idle.append(pipe)
            self._give()
        except (EOFError, BrokenPipeError, ConnectionResetError):
            raise _died() from None

    def _give(self) -> None:
        while self._waiting and self._idle:
            task, pipe = self._waiting.popleft(), self._idle.pop()
            self._busy[pipe] = task
            pipe.send(task.work)
            task.work = None  # its bytes are needed here no longer


def _work(pipe: Connection) -> None:
    """Do one task after the other, until the other end of the pipe is closed."""
    import pyarrow as pa

    be_silent()
    # An interrupt goes to the whole terminal group; only the parent answers it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    give_back()
    pa.set_cpu_count(1)
    with contextlib.suppress(RuntimeError):  # without this thread the process ends after its task
        threading.Thread(target=_end_with_parent, daemon=True).start()
    with contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError):
        while True:
            pipe.send(_outcome(*pipe.recv()))


def _outcome(function: Callable[..., Any], arguments: tuple[object, ...]) -> tuple[bool, Any]:
    try:
        return True, function(*arguments)
    except Exception as error:  # noqa: BLE001
        return False, error if _travels(error) else described(error)


def _travels(error: Exception) -> bool:
    """Whether it is this program's own, which hold nothing of the log, and can be made again at the other end."""
    try:
        again = pickle.loads(pickle.dumps(error))  # noqa: S301 made one line ago
        return type(error).__module__.startswith(("transforms.", "pipeline.")) and type(again) is type(error)
    except Exception:  # noqa: BLE001
        return False


def _end_with_parent() -> None:
    """A killed parent cannot close its pool: a process would do its task to the end, and keep its memory."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _died() -> JobError:
    message = (
        "A worker process was killed, probably for want of memory. Nothing was published. Try fewer --workers, or --workers 0."
    )
    return JobError(EXIT_UNEXPECTED, "worker_died", message)
