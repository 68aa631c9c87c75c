"""Ends a run on a signal, but not in the middle of a publication: a first signal waits until the day's files are in their places.

A publication that is killed all the same is completed by the next run. A second signal does not wait.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from types import FrameType

from transforms.errors import translated

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

_holding: list[bool] = []
_waiting: list[int] = []


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """An interrupt, a termination and a closed terminal end the run alike, also where Beam turns them into its own errors."""
    received: list[int] = []

    def interrupt(number: int, _frame: FrameType | None) -> None:
        if _holding and not _waiting:
            _waiting.append(number)
            return
        received.append(number)
        _waiting.clear()  # one that waited is not delivered again
        raise KeyboardInterrupt

    # nohup has SIGHUP ignored: then the run is to survive its terminal.
    taken = [number for number in ENDING if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN]
    before = {number: signal.signal(number, interrupt) for number in taken}
    try:
        with translated(Exception, lambda _: KeyboardInterrupt() if received else None):
            yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def held_back() -> Iterator[None]:
    """A signal that comes meanwhile is delivered afterwards. The thread may be any: signals are the main thread's."""
    _holding.append(True)
    try:
        yield
    finally:
        _holding.pop()
        if _waiting and not _holding:
            os.kill(os.getpid(), _waiting.pop())
