"""A bitmap over bytes: find the next set bit, and count the set bits before a position.

With one bit a byte, lowest first, one step covers 57 bytes or more. That is faster than to list all positions: a line may have a
hundred of them, and only some ends of fields are needed.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
import numpy.typing as npt

from transforms.columns import Flags, Positions

_BYTES, _BITS = 8, 64
_AHEAD = _BITS - 7  # bits that are surely seen of a word, wherever in its first byte it begins
_NEAR = 16  # so often it is looked further ahead, before all places are listed: a long text must not take a step a word


class Marks:
    """A bitmap of all bytes that are scanned together. Positions after them count as marked."""

    def __init__(self, marked: Flags) -> None:
        self._marked = marked
        bits = np.full(len(marked) // _BITS * _BYTES + 3 * _BYTES, 0xFF, np.uint8)
        bits[: (len(marked) + 7) // 8] = np.packbits(marked, bitorder="little")
        self._words: npt.NDArray[np.uint64] = bits.view("<u8")
        self._anywhere: npt.NDArray[np.uint64] = np.ndarray((len(bits) - _BYTES + 1,), "<u8", bits, 0, (1,))

    def after(self, at: Positions) -> Positions:
        """The position of the first mark at or after each position, or a position after the bytes."""
        found, far = self._ahead(np.minimum(at, len(self._marked)))
        for _ in range(_NEAR):
            if not len(far):
                return found
            found[far], none = self._ahead(found[far])
            far = far[none]
        found[far] = self._all.take(np.searchsorted(self._all, found[far]), mode="clip")
        return found

    @cached_property
    def _all(self) -> Positions:
        return np.append(np.flatnonzero(self._marked), len(self._marked))

    def before(self, at: Positions) -> Positions:
        """The number of marks before each position, which must not be after the bytes."""
        so_far = np.cumsum(np.bitwise_count(self._words), dtype=np.int64)
        part = self._words[at >> 6] & ((np.uint64(1) << (at.view(np.uint64) & 63)) - 1)
        return np.asarray(np.append(0, so_far)[at >> 6] + np.bitwise_count(part), np.int64)

    def _ahead(self, at: Positions) -> tuple[Positions, Positions]:
        """The next mark, or the end of the range without one; and the indices of positions whose next mark is further away."""
        word = self._anywhere[at >> 3] >> (at.view(np.uint64) & 7)
        zeros = np.bitwise_count(~word & (word - 1))  # below the lowest bit
        far = np.flatnonzero(word == 0)
        zeros[far] = _AHEAD
        return at + zeros, far
