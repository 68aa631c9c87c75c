"""Finds the lines of a block, and those with bytes that no plain line has: escapes, control characters, invalid UTF-8.

The whole block is scanned at once, as positions of bytes. Marked lines take the exact path.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from transforms.columns import Bytes, Flags, Positions
from transforms.formats import Format

MAX_LINE_BYTES = 1 << 20
PIECE_BYTES = 2 << 20  # what is looked at several times stays in the processor's cache: half the time of a whole block
TAB, NEWLINE, RETURN, QUOTE, BACKSLASH = 9, 10, 13, 34, 92
_BOM, _COMMENT = 0xEF, ord("#")
_FIRST_PRINTABLE, _FIRST_NOT_ASCII = 0x20, 0x80


@dataclass(frozen=True, slots=True)
class Lines:
    """Where the lines of a block begin and end (position of the newline, or of the block's end).

    `specials` are the positions of all other control characters and of backslashes: most blocks have few, and are searched once.
    """

    starts: Positions
    ends: Positions
    specials: Positions = field(default_factory=lambda: np.zeros(0, np.int64))


def find_lines(block: bytes, separator: str = " ") -> Lines:
    """Lines of a block; the last may lack its newline. Tabs that separate fields are not special."""

    def are_special(data: Bytes) -> Flags:
        special: Flags = data < _FIRST_PRINTABLE
        if separator == "\t":
            special &= data != TAB
        special |= data == BACKSLASH
        return special

    specials = _where(block, are_special)
    is_end = np.frombuffer(block, np.uint8)[specials] == NEWLINE
    ends, specials = (specials, specials[:0]) if is_end.all() else (specials[is_end], specials[~is_end])
    if block and block[-1] != NEWLINE:
        ends = np.append(ends, len(block))
    starts = np.empty_like(ends)
    starts[:1] = 0
    starts[1:] = ends[:-1] + 1
    return Lines(starts, ends, specials)


def specials(log_format: Format) -> bytes:
    """Bytes that no plain line of a format holds: escapes, and white space that is no separator."""
    spaces = b"\t\v\f" if log_format.fields and log_format.separator == " " else b""
    return b"\0" + spaces + (b"\\" if log_format.backslash else b"")


def with_specials(block: bytes, lines: Lines, special: bytes) -> Flags:
    """Comments, and lines too long, with special bytes, a carriage return that does not end them, or bytes that are not UTF-8."""
    data = np.frombuffer(block, np.uint8)
    odd: Flags = (data.take(lines.starts, mode="clip") == _COMMENT) | (lines.ends - lines.starts > MAX_LINE_BYTES)
    kinds = data[lines.specials]
    odd |= having(lines, lines.specials[np.isin(kinds, np.frombuffer(special, np.uint8))])
    returns = lines.specials[kinds == RETURN]
    odd |= having(lines, returns[(returns + 1 >= len(data)) | (data.take(returns + 1, mode="clip") != NEWLINE)])
    if not block.isascii():
        odd |= data.take(lines.starts, mode="clip") == _BOM  # Arrow would drop it from the first line that it sees
        if not is_utf8(block):
            odd |= having(lines, np.flatnonzero(data >= _FIRST_NOT_ASCII))
    return odd


def having(lines: Lines, positions: Positions) -> Flags:
    """Lines in which a position is."""
    found = np.zeros(len(lines.starts), np.bool_)
    found[np.searchsorted(lines.ends, positions)] = True
    return found


def line_array(block: bytes, starts: Positions, kind: pa.DataType) -> pa.Array:
    """The lines of a block as an Arrow array, with their ends, without a copy."""
    offsets = np.append(starts, len(block)).astype(np.int32)
    return pa.Array.from_buffers(kind, len(starts), [None, pa.py_buffer(offsets), pa.py_buffer(block)])


def _where(block: bytes, is_such: Callable[[Bytes], Flags]) -> Positions:
    """The positions of rare bytes: eight bytes are tested at once, in half the time of `np.flatnonzero`."""
    data, found = np.frombuffer(block, np.uint8), [np.zeros(0, np.int64)]
    for begin in range(0, len(block), PIECE_BYTES):
        such = is_such(data[begin : begin + PIECE_BYTES])
        rest = len(such) % 8
        eights = such[: len(such) - rest].view(np.uint64)
        some = np.flatnonzero(eights != 0)
        inside = np.flatnonzero(eights[some].view(np.bool_))
        found += [begin + 8 * some[inside // 8] + inside % 8, begin + len(such) - rest + np.flatnonzero(such[len(such) - rest :])]
    return np.concatenate(found)


def is_utf8(block: bytes) -> bool:
    """Whether the block is UTF-8; Arrow validates it without decoding it, in a tenth of the time."""
    offsets = pa.py_buffer(np.array([0, len(block)], np.int64))
    try:
        pa.Array.from_buffers(pa.large_binary(), 1, [None, offsets, pa.py_buffer(block)]).cast(pa.large_string())
    except pa.ArrowInvalid:
        return False
    return True
