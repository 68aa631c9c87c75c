"""Takes a block of lines, gives those that a plain split would get wrong: their quotes, spaces or bytes are not the format's.

Everything is looked at for the whole block at once, as positions of bytes; a line that is marked takes the exact path.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from transforms.formats import Format

MAX_LINE_BYTES = 1 << 20
NEWLINE, RETURN, QUOTE = 10, 13, 34
_BOM = 0xEF

Positions = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Lines:
    """Where the lines of a block begin and end (position of the newline, or of the block's end)."""

    starts: Positions
    ends: Positions


def find_lines(block: bytes) -> Lines:
    """Lines of a block; the last may lack its newline."""
    ends = np.flatnonzero(np.frombuffer(block, np.uint8) == NEWLINE)
    if block and block[-1] != NEWLINE:
        ends = np.append(ends, len(block))
    starts = np.empty_like(ends)
    starts[:1] = 0
    starts[1:] = ends[:-1] + 1
    return Lines(starts, ends)


def specials(log_format: Format) -> tuple[bytes, ...]:
    """Bytes that no plain line of a format holds: escapes, and white space that is no separator."""
    spaces = (b"\t", b"\v", b"\f") if log_format.fields and log_format.separator == " " else ()
    return (b"\0", *spaces, *((b"\\",) if log_format.backslash else ()))


def having(block: bytes, lines: Lines, byte: bytes) -> Flags:
    """Lines with a byte."""
    found = np.zeros(len(lines.starts), np.bool_)
    if byte in block:
        found[np.searchsorted(lines.ends, np.flatnonzero(np.frombuffer(block, np.uint8) == byte[0]))] = True
    return found


def with_specials(block: bytes, lines: Lines, special: tuple[bytes, ...]) -> Flags:
    """Lines that are too long, or with special bytes, a carriage return that does not end them, or bytes that are not UTF-8."""
    odd: Flags = lines.ends - lines.starts > MAX_LINE_BYTES
    data = np.frombuffer(block, np.uint8)

    def mark(positions: Positions) -> None:
        odd[np.searchsorted(lines.ends, positions)] = True

    for word in special:
        if word[:1] in block:  # one byte is found much faster than two
            found = np.flatnonzero(data == word[0])
            mark(found if len(word) == 1 else found[data[np.minimum(found + 1, len(data) - 1)] == word[1]])
    if b"\r" in block:
        returns = np.flatnonzero(data == RETURN)
        inside = returns[(returns + 1 >= len(data)) | (data[np.minimum(returns + 1, len(data) - 1)] != NEWLINE)]
        mark(inside)
    if not block.isascii():
        odd |= data[lines.starts] == _BOM  # Arrow would drop it from the first line that it sees
        if not is_utf8(block):
            mark(np.flatnonzero(data >= 0x80))
    return odd


def is_utf8(block: bytes) -> bool:
    """Whether the block is UTF-8; Arrow looks at it without decoding it, in a tenth of the time."""
    offsets = pa.py_buffer(np.array([0, len(block)], np.int64))
    try:
        pa.Array.from_buffers(pa.large_binary(), 1, [None, offsets, pa.py_buffer(block)]).cast(pa.large_string())
    except pa.ArrowInvalid:
        return False
    return True
