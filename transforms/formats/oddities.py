"""Takes a block of lines, gives those that a plain split would get wrong: their quotes, spaces or bytes are not the format's.

Everything is looked at for the whole block at once, as positions of bytes; a line that is marked takes the exact path.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from transforms.formats import Format, Shape

MAX_LINE_BYTES = 1 << 20
NEWLINE, RETURN, SPACE, QUOTE = 10, 13, 32, 34
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


def oddly_quoted(block: bytes, lines: Lines, log_format: Format) -> Flags:
    """Lines whose quotes are not exactly the format's, each at the edge of its field."""
    expected = 2 * [field.shape for field in log_format.fields].count(Shape.QUOTED)
    count = len(lines.starts)
    data = np.frombuffer(block + b"\n", np.uint8)
    quotes = np.flatnonzero(data[:-1] == QUOTE)
    odd = np.zeros(count, np.bool_)
    if not expected:
        odd[np.searchsorted(lines.ends, quotes)] = True
        return odd
    regular = False
    if len(quotes) == count * expected:
        grid = quotes.reshape(count, expected)
        regular = bool(((grid[:, 0] >= lines.starts) & (grid[:, -1] < lines.ends)).all())
    if not regular:
        upto = np.searchsorted(quotes, lines.ends)
        per_line = np.diff(upto, prepend=0)
        odd = per_line != expected
        grid = quotes[np.repeat(~odd, per_line)].reshape(-1, expected)
    separator = ord(log_format.separator)
    before, after = data[grid[:, 0::2] - 1], data[grid[:, 1::2] + 1]
    fits = np.ones(len(grid), np.bool_)
    if log_format.fields[0].shape is Shape.QUOTED:
        fits &= grid[:, 0] == lines.starts[~odd]
        before = before[:, 1:]
    if log_format.fields[-1].shape is Shape.QUOTED:
        fits &= (after[:, -1] == NEWLINE) | (after[:, -1] == RETURN)
        after = after[:, :-1]
    fits &= (before == separator).all(axis=1)
    fits &= (after == separator).all(axis=1)
    odd[np.flatnonzero(~odd)[~fits]] = True
    return odd


def separators(block: bytes, log_format: Format) -> Positions:
    """Where the format's separator stands, between fields and within quotes."""
    return np.flatnonzero(np.frombuffer(block, np.uint8) == ord(log_format.separator))


def quotes_elsewhere(block: bytes, lines: Lines, spaces: Positions, log_format: Format, odd: Flags) -> Flags:
    """Of the lines that are not odd those in which the quoted fields are not the format's; `spaces` are its separators."""
    words = [shape for field in log_format.fields for shape in [field.shape] * (2 if field.shape is Shape.TIME else 1)]
    expected = np.flatnonzero([shape is Shape.QUOTED for shape in words])
    elsewhere = np.zeros(len(odd), np.bool_)
    if not len(expected):
        return elsewhere
    quotes = np.flatnonzero(np.frombuffer(block, np.uint8) == QUOTE)
    per_line = np.diff(np.searchsorted(quotes, lines.ends), prepend=0)
    grid = quotes[np.repeat(~odd, per_line)].reshape(-1, 2 * len(expected))
    opening, closing = (np.searchsorted(spaces, grid[:, first::2].ravel()).reshape(-1, len(expected)) for first in (0, 1))
    # Fields before the first quote, and between one field in quotes and the next.
    between = opening - np.column_stack([np.searchsorted(spaces, lines.starts[~odd]), closing[:, :-1]])
    elsewhere[np.flatnonzero(~odd)[(between != np.diff(expected, prepend=0)).any(axis=1)]] = True
    return elsewhere


def oddly_spaced(block: bytes, lines: Lines, spaces: Positions) -> Flags:
    """Lines with white space other than single spaces between their fields; within quotes there may be any."""
    data = np.frombuffer(block + b"\n", np.uint8)
    odd: Flags = data[lines.starts] == SPACE
    last = lines.ends - 1
    last = np.where(data[last] == RETURN, last - 1, last)
    odd |= data[last] == SPACE
    found = spaces[1:][np.diff(spaces) == 1]
    for other in (b"\t", b"\v", b"\f"):
        if other in block:
            found = np.append(found, np.flatnonzero(data == other[0]))
    if len(found):
        quotes = np.flatnonzero(data == QUOTE)
        number = np.searchsorted(lines.ends, found)
        before = np.searchsorted(quotes, found) - np.searchsorted(quotes, lines.starts[number])
        odd[number[before % 2 == 0]] = True
    return odd


def quotes_within(data: npt.NDArray[np.uint8], pairs: Positions, lines: Lines, separator: str) -> Flags:
    """Lines in which a pair of quotes is not at both edges of a field."""
    before, after = data[pairs[:, 0] - 1], data[pairs[:, 1] + 1]
    edge = ord(separator)
    fits = (before == edge) | (before == NEWLINE) | (pairs[:, 0] == 0)
    fits &= (after == edge) | (after == NEWLINE) | (after == RETURN)
    odd = np.zeros(len(lines.starts), np.bool_)
    odd[np.searchsorted(lines.ends, pairs[~fits, 0])] = True
    return odd


def specials(log_format: Format) -> tuple[bytes, ...]:
    """Bytes that no plain line of a format holds."""
    return (b"\\", b"\x00") if log_format.backslash else (b"\x00",)


def with_specials(block: bytes, lines: Lines, special: tuple[bytes, ...]) -> Flags:
    """Lines that are too long, or with special bytes, a carriage return that does not end them, or bytes that are not UTF-8."""
    odd: Flags = lines.ends - lines.starts > MAX_LINE_BYTES
    data = np.frombuffer(block, np.uint8)

    def mark(positions: Positions) -> None:
        odd[np.searchsorted(lines.ends, positions)] = True

    for word in special:
        if word[:1] in block and word in block:  # one byte is found much faster than two
            found = data == word[0]
            if len(word) > 1:
                found[:-1] &= data[1:] == word[1]
            mark(np.flatnonzero(found))
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
