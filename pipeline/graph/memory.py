"""How much memory a run may take, about how much it will take, and a watch that ends it before the system's killer would."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from pipeline.errors import EXIT_USAGE, JobError
from pipeline.graph import pool
from transforms.errors import translated

_PROC = Path("/proc")
_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
"""Where a container finds its own limit, by either version of control groups."""

_OFTEN, _SELDOM = 0.05, 0.25
"""Seconds between two looks: often where more than half of the allowed memory is taken."""


def allowed_by_default() -> int:
    """Three quarters of the memory of this machine or container, in bytes."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for path in _LIMITS:
        with contextlib.suppress(OSError, ValueError):  # `max`
            memory = min(memory, int(Path(path).read_text()))
    return memory * 3 // 4


class Watch:
    """Looks at the memory of this process and of all that descend from it, each shared page counted once.

    Only Linux tells; elsewhere nothing is watched.
    """

    def __init__(self) -> None:
        self._peak = 0
        self._exceeded: int | None = None
        self._ending = threading.Lock()

    @contextlib.contextmanager
    def told(self) -> Iterator[None]:
        """Raise `JobError` for whatever the run ended with, if the watch ended it. Outside of what handles signals."""

        def error(_: BaseException) -> JobError | None:
            most = self._exceeded
            return None if most is None else too_big(f"took more memory than it may: {most / 1e6:,.0f} MB.")

        with translated(BaseException, error):
            yield

    @contextlib.contextmanager
    def on(self, allowed: int) -> Iterator[None]:
        """Watch meanwhile. If more bytes are taken than `allowed`, the workers are killed and the main thread is interrupted."""
        over = threading.Event()
        thread = threading.Thread(target=self._look, args=(allowed, over), daemon=True)
        with contextlib.suppress(RuntimeError):  # the machine may give no thread
            thread.start()
        try:
            yield
        finally:
            with self._ending:
                over.set()
            if thread.ident is not None:
                thread.join()

    def peak(self) -> int:
        """The most that was seen, in bytes; if nothing was, this process's own peak."""
        unit = 1 if sys.platform == "darwin" else 1024
        return self._peak or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit

    def _look(self, allowed: int, over: threading.Event) -> None:
        taken = 0
        while not over.wait(_OFTEN if 2 * taken > allowed else _SELDOM):
            try:
                # Workers whose server was killed are nobody's children any more.
                taken = sum(map(proportional_memory, {*family(os.getpid()), *pool.pids()}))
            except MemoryError:  # a limit of the process is reached before this one: the main thread meets it, too
                continue
            self._peak = max(self._peak, taken)
            with self._ending:
                if taken > allowed and not over.is_set():
                    self._exceeded = allowed
                    # Workers end first: the main thread may be in the middle of something, or publish to its end.
                    for process in pool.pids():
                        with contextlib.suppress(OSError):
                            os.kill(process, signal.SIGKILL)
                    os.kill(os.getpid(), signal.SIGTERM)
                    return


def too_big(what: str) -> JobError:
    """The error for a run that takes too much memory."""
    ways_out = (
        "No day was published that is not complete. Ways out: a larger --max-memory, if there is more; fewer --workers, of "
        "which 0 takes least; a smaller --block-mib; fewer files at once; a runner with more machines."
    )
    return JobError(EXIT_USAGE, "too_big", f"The run {what} {ways_out}")


def family(process: int) -> list[int]:
    """A process and all that descend from it; itself alone where the system does not tell."""
    found, left = [], [process]
    while left:
        found.append(left.pop())
        with contextlib.suppress(OSError):
            for thread in (_PROC / str(found[-1]) / "task").iterdir():
                left += map(int, (thread / "children").read_text().split())
    return found


def proportional_memory(process: int) -> int:
    """A process's share of memory in bytes: of a page that several processes have, each has a part."""
    with contextlib.suppress(OSError):
        for line in (_PROC / str(process) / "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0
