"""Splits a block of delimited lines into the texts of their fields, for all plain lines at once.

Many lines are scanned together, field by field. A line is plain if it has exactly the format's fields, each quote at the edge
of its field. Every other line is odd, and left to the exact path.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pyarrow as pa

from transforms.columns import Bytes, Flags, Positions, texts_at
from transforms.formats import Field, Format, Shape
from transforms.parsing.marks import Marks
from transforms.parsing.oddities import PIECE_BYTES, QUOTE, RETURN, Lines

Table = tuple[Positions, Positions, Flags]
"""Where kept fields of plain lines begin and end, lines by fields; and which of all lines are odd, and have no row there."""

_OPENING, _CLOSING = ord("["), ord("]")
_COLON, _POINT, _ABSENT, _LARGEST_DIGIT, _PORT_WIDTH = ord(":"), ord("."), ord("-"), 9, len("65535")
_TIME_WIDTH, _ZONE_WIDTH, _MILLISECONDS = len("[17/May/2015:10:05:03"), len("+0000]"), len(".123]")


def texts_of(
    block: bytes, lines: Lines, odd: Flags, kept: Sequence[int], table_of: Callable[[Bytes, Lines, Flags, Sequence[int]], Table]
) -> tuple[list[pa.ChunkedArray], Flags]:
    """The texts of the kept fields (numbers, rising) of the plain lines, a column each; and which lines are odd.

    `table_of` is called with some of the lines at a time, and with those of them that are odd already: `cut` with its fields
    bound.
    """
    columns: list[list[pa.Array]] = [[] for _ in kept]
    still_odd = []
    for first, last in pieces(lines):
        begin, end = int(lines.starts[first]), min(int(lines.ends[last - 1]) + 1, len(block))
        data = np.frombuffer(block, np.uint8, end - begin, begin)
        own = Lines(lines.starts[first:last] - begin, lines.ends[first:last] - begin)
        starts, ends, known = table_of(data, own, odd[first:last], kept)
        still_odd.append(known)
        for column, texts in zip(columns, texts_at(data, starts, ends), strict=True):
            column.append(texts)
    return [pa.chunked_array(column, pa.string()) for column in columns], np.concatenate([odd[:0], *still_odd])


def pieces(lines: Lines) -> Iterator[tuple[int, int]]:
    """Ranges of lines, each of about the piece's size."""
    first, count = 0, len(lines.starts)
    while first < count:
        last = max(first + 1, int(np.searchsorted(lines.ends, lines.starts[first] + PIECE_BYTES)))
        yield first, last
        first = last


def cut(data: Bytes, lines: Lines, odd: Flags, kept: Sequence[int], words: Sequence[Field], log_format: Format) -> Table:
    """The table of lines whose fields have the words' shapes, without their quotes, bracket or port.

    One field after another is scanned, in all lines at once: it ends before the next separator, or at the next quote. In a log
    with a header any field may be quoted, and any may be empty.
    """
    code = ord(log_format.separator)
    separators, quotes = Marks(data == code), Marks(data == QUOTE)
    others = Marks(data != code) if log_format.padded else None
    rows = np.flatnonzero(~odd)
    line_starts, line_ends = lines.starts[rows], lines.ends[rows]
    line_ends = line_ends - (_at(data, line_ends - 1) == RETURN)
    last, least = len(words) - 1, int(log_format.separator == " " and not log_format.header)
    before = quotes.before(line_starts)
    in_line = quotes.before(line_ends) - before
    holding = np.flatnonzero(in_line) if log_format.header else in_line[:0]
    in_all, own_quotes = 0, np.zeros(len(rows), np.int64)
    starts, ends = (np.empty((len(kept), len(rows)), np.int64) for _ in range(2))
    whole, edge = np.ones(len(rows), np.bool_), line_starts - 1
    for number, word in enumerate(words):
        start = others.after(edge + 1) if others and number else edge + 1
        opened = _at(data, start) == QUOTE if word.shape is Shape.QUOTED or len(holding) == len(rows) else None
        if opened is not None and (word.shape is Shape.QUOTED or opened.all()):
            whole &= opened
            in_all += 2
            start += 1
            end = quotes.after(start)
            edge = end + 1
            if number < last:
                whole &= _at(data, edge) == code
        elif word.shape is Shape.GAP:
            edge = quotes.after(start) - 1
            end = np.maximum(edge, start)
            whole &= (edge < line_ends) & (_at(data, edge) == code)
        else:
            end = edge = np.minimum(separators.after(start), line_ends) if number == last else separators.after(start)
            if least or number == last:
                whole &= end >= start + least
            if len(holding):
                quoted = holding[_at(data, start[holding]) == QUOTE]
                start[quoted] += 1
                end[quoted] = quotes.after(start[quoted])
                edge = end.copy()
                edge[quoted] += 1
                own_quotes[quoted] += 2
                whole[quoted] &= (number == last) | (_at(data, edge[quoted]) == code)
        if word.shape is Shape.TIME:
            whole &= (end - start == _TIME_WIDTH) & (_at(data, start) == _OPENING)
            start += 1
        elif word.shape is Shape.STAMP:
            whole &= (end - start == _TIME_WIDTH + _MILLISECONDS) & (_at(data, start) == _OPENING)
            end = end - _MILLISECONDS
            whole &= (_at(data, end) == _POINT) & (_at(data, end + _MILLISECONDS - 1) == _CLOSING)
            for digit in range(1, _MILLISECONDS - 1):
                whole &= _at(data, end + digit) - np.uint8(ord("0")) <= _LARGEST_DIGIT
            start += 1
        elif word.shape is Shape.ZONE:
            whole &= (end - start == _ZONE_WIDTH) & (_at(data, end - 1) == _CLOSING)
            end = end - 1
        if number in kept:
            row = kept.index(number)
            starts[row], ends[row] = start, end
            if word.shape is Shape.PORT:
                whole &= _lose_ports(data, starts[row], ends[row])
    own_quotes += in_all
    if log_format.more:
        whole &= (edge == line_ends) | ((edge < line_ends) & (_at(data, edge) == code))
        whole &= (quotes.before(np.minimum(edge, line_ends)) - before == own_quotes) & (in_line % 2 == 0)
    else:
        whole &= (edge == line_ends) & (in_line == own_quotes)
    if whole.all():
        return starts, ends, odd
    odd = odd.copy()
    odd[rows[~whole]] = True
    return starts[:, whole], ends[:, whole], odd


def _lose_ports(data: Bytes, starts: Positions, ends: Positions) -> Flags:
    """Move the bounds of addresses to exclude ports and brackets; returns which had one, or are absent."""
    colons, digits = np.zeros_like(ends), np.ones(len(ends), np.bool_)
    for width in range(1, _PORT_WIDTH + 2):
        byte = _at(data, ends - width)
        if width > 1:
            colons[digits & (byte == _COLON)] = width
        digits &= byte - np.uint8(ord("0")) <= _LARGEST_DIGIT
        if not digits.any():
            break
    absent = (ends - starts == 1) & (_at(data, starts) == _ABSENT)
    ends -= colons
    starts += _at(data, starts) == _OPENING
    ends -= (_at(data, ends - 1) == _CLOSING) & (colons > 0)
    found: Flags = absent | ((colons > 0) & (starts < ends))
    return found


def _at(data: Bytes, positions: Positions) -> Bytes:
    """Bytes at positions; an empty field at the edge of all lines has none of its own, and any other will do."""
    return data.take(positions, mode="clip") if len(data) else np.zeros(positions.shape, np.uint8)
