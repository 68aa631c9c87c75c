"""What steps hand on to each other: the bytes themselves or, where all steps run in this process, a ticket for them.

Beam's runner in memory keeps what goes through a shuffle about four times, as it encodes and decodes it. A ticket has a few
bytes, and the data is here once, until the step that it is for takes it.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator

_kept: list[dict[bytes, bytes]] = []
_numbers = itertools.count()


@contextlib.contextmanager
def kept_here() -> Iterator[None]:
    """Hand on tickets meanwhile: all steps run in this process."""
    _kept.append({})
    try:
        yield
    finally:
        _kept.pop()


def handed_on(data: bytes) -> bytes:
    """What to yield in place of the data."""
    if not _kept:
        return data
    ticket = b"%d" % next(_numbers)
    _kept[-1][ticket] = data
    return ticket


def taken(parcel: bytes) -> bytes:
    """The data of a parcel, which can be taken once."""
    return _kept[-1].pop(parcel) if _kept else parcel
