"""How much memory a run may take, about how much it will take, and a watch that ends it before the system's killer would."""

from __future__ import annotations

import contextlib
import math
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

    `peak` is the most that was seen, in bytes. Linux tells; elsewhere nothing is watched, and `peak` is this process's own.
    """

    def __init__(self) -> None:
        self.allowed: float = math.inf
        """So many bytes; set it when it is known that the run may begin."""
        self.peak = 0
        self.exceeded = False
        self._over = threading.Event()

    @contextlib.contextmanager
    def on(self) -> Iterator[Watch]:
        """Watch meanwhile. If more is taken than is allowed, the run is interrupted and raises `JobError`."""
        thread = threading.Thread(target=self._look, daemon=True)
        with contextlib.suppress(RuntimeError):  # the machine may give no thread
            thread.start()
        try:
            with translated(BaseException, lambda _: self._error() if self.exceeded else None):
                yield self
        finally:
            self._over.set()
            if thread.ident is not None:
                thread.join()
            unit = 1 if sys.platform == "darwin" else 1024
            self.peak = self.peak or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit

    def _look(self) -> None:
        own, taken = os.getpid(), 0
        while not self._over.wait(_OFTEN if 2 * taken > self.allowed else _SELDOM):
            shares = {process: proportional_memory(process) for process in family(own)}
            taken = sum(shares.values())
            self.peak = max(self.peak, taken)
            if taken > self.allowed:
                self.exceeded = True
                # Workers end first: the main thread may be in the middle of something, or publish to its end.
                for process in pool.pids():
                    with contextlib.suppress(OSError):
                        os.kill(process, signal.SIGKILL)
                os.kill(own, signal.SIGTERM)
                return

    def _error(self) -> JobError:
        return too_big(f"took more memory than it may: {self.allowed / 1e6:,.0f} MB.")


def too_big(what: str) -> JobError:
    """The error for a run that takes too much memory."""
    ways_out = (
        "No day was published that is not complete. Ways out: --max-memory, if there is more; fewer --workers, or --workers 0, "
        "which takes least; a smaller --block-mib; fewer files at once; a runner with more machines."
    )
    return JobError(EXIT_USAGE, "too_big", f"The run {what} {ways_out}")


def family(process: int) -> list[int]:
    """A process and all that descend from it; empty where the system does not tell."""
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
