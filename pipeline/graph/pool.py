"""The run's one process pool. Without a pool, tasks run inline.

Beam's local runner works in one thread. So its steps hand blocks to this pool, which the `run` command opens before the pipeline
and closes after it. On a remote runner nothing opens it, and each worker of the runner works inline.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import resource
import signal
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Generic, TypeVar

from pipeline.errors import EXIT_UNEXPECTED, EXIT_USAGE, JobError
from pipeline.graph.allocator import give_back
from transforms.block import warm_up

Result = TypeVar("Result")
_SOCKET_NAME = 107
_open: list[tuple[Executor, int]] = []
_peaks: dict[int, int] = {}


@contextlib.contextmanager
def workers(count: int) -> Iterator[None]:
    """Keep a pool of `count` processes open; 0 works inline."""
    if not count:
        yield
        return
    _check_temporary_folder()
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["pipeline.graph.warm"])
    with ProcessPoolExecutor(count, mp_context=context, initializer=_start_worker) as pool:
        _open.append((pool, count))
        # The first task of each worker starts it. Starting waits for another process, which loads the rules: so it is done
        # beside this thread, which has Beam to import meanwhile.
        starting = threading.Thread(target=_start, args=(pool, count))
        starting.start()
        try:
            yield
        except BaseException:
            # What a worker has in hand is waited for: an interpreter that ends while a pool closes fails at its exit.
            pool.shutdown(cancel_futures=True)
            raise
        finally:
            _open.pop()
            starting.join()


def _check_temporary_folder() -> None:
    """Refuse a long path: a socket's name has at most 107 bytes, and the workers' server needs 32 after the folder."""
    if len(os.fsencode(tempfile.gettempdir())) > _SOCKET_NAME - len("/pymp-12345678/listener-12345678"):
        message = "TMPDIR: the name of the folder is too long for worker processes. Set a shorter one, or say --workers 0."
        raise JobError(EXIT_USAGE, "usage", message)


def _start(pool: Executor, count: int) -> None:
    # The run may be over before it has begun: then the pool is closed by now, and nobody needs its workers.
    with contextlib.suppress(RuntimeError):
        for _ in range(count):
            pool.submit(warm_up)


def _start_worker() -> None:
    import pyarrow as pa

    # An interrupt goes to the whole terminal group; only the parent answers it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    give_back()
    pa.set_cpu_count(1)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A killed parent cannot close its pool: its workers would wait for ever, and keep their memory."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def peak_memory() -> int:
    """Highest resident memory so far, in bytes, of this process and of every worker that finished a task, added up."""
    _peaks[os.getpid()] = _own_peak()
    return sum(_peaks.values())


def _own_peak() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _measured(function: Callable[..., Result], *arguments: object) -> tuple[Result, int, int]:
    return function(*arguments), os.getpid(), _own_peak()


class Tasks(Generic[Result]):
    """Tasks in flight, at most two more than there are workers: results come in the order of their tasks."""

    def __init__(self) -> None:
        self._pending: deque[Future[tuple[Result, int, int]]] = deque()

    def submit(self, function: Callable[..., Result], *arguments: object) -> Iterator[Result]:
        """Start a task; returns the results that are due."""
        if not _open:
            yield function(*arguments)
            return
        pool, count = _open[-1]
        try:
            self._pending.append(pool.submit(_measured, function, *arguments))
        except BrokenProcessPool:
            raise _worker_died() from None
        while len(self._pending) > count + 2:
            yield self._next()

    def drain(self) -> Iterator[Result]:
        """The results of all tasks still in flight."""
        while self._pending:
            yield self._next()

    def _next(self) -> Result:
        try:
            result, process, peak = self._pending.popleft().result()
        except BrokenProcessPool:
            raise _worker_died() from None
        _peaks[process] = peak
        return result


def _worker_died() -> JobError:
    return JobError(
        EXIT_UNEXPECTED,
        "worker_died",
        "A worker process was killed, probably for want of memory. Nothing was published. Try fewer --workers.",
    )
