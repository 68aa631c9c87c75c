"""Takes a block of lines and the fields of their format, gives the texts of the fields of the plain lines.

Separators, quotes and line ends are located for many lines at once. A line is plain if it has exactly the format's fields, each
quote at the edge of its field; then the fields of a plain line stand beside each other among those of all lines, and columns are
taken out of the block by their number. Every other line is odd, and left to the exact path.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from transforms.columns import texts_at
from transforms.formats import Field, Format, Shape
from transforms.formats.oddities import NEWLINE, PIECE_BYTES, QUOTE, RETURN, Bytes, Flags, Lines, Positions

Table = tuple[Positions, Positions, Flags]
"""Where kept fields of plain lines begin and end, lines by fields; and which of all lines are odd, and have no row there."""

_OPENING, _CLOSING = ord("["), ord("]")
_COLON, _ABSENT, _LARGEST_DIGIT, _PORT_WIDTH = ord(":"), ord("-"), 9, len("65535")
_TIME_WIDTH, _ZONE_WIDTH = len("[17/May/2015:10:05:03"), len("+0000]")


def texts_of(
    block: bytes, lines: Lines, odd: Flags, kept: Sequence[int], table_of: Callable[[Bytes, Lines, Flags, Sequence[int]], Table]
) -> tuple[list[pa.ChunkedArray], Flags]:
    """The texts of the kept fields (numbers, rising) of the plain lines, a column each; and which lines are odd.

    `table_of` is asked for some of the lines at a time, with what is known of them: `cut` or `cut_w3c`, told the fields.
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
    """Numbers of lines, from and to, which together are of about the piece's size."""
    first, count = 0, len(lines.starts)
    while first < count:
        last = max(first + 1, int(np.searchsorted(lines.ends, lines.starts[first] + PIECE_BYTES)))
        yield first, last
        first = last


def cut(data: Bytes, lines: Lines, odd: Flags, kept: Sequence[int], words: Sequence[Field], log_format: Format) -> Table:
    """The table of lines whose fields have the words' shapes, without their quotes or bracket."""
    delimited = [number for number, word in enumerate(words) if word.shape in (Shape.QUOTED, Shape.TIME, Shape.ZONE, Shape.PORT)]
    quotes = 2 * sum(word.shape is Shape.QUOTED for word in words)
    cells, odd = _cells(data, lines, odd, len(words), quotes, log_format)
    if log_format.separator == " ":
        odd[np.searchsorted(cells.first, np.flatnonzero(cells.starts >= cells.ends), side="right") - 1] = True
    looked_at = sorted({*kept, *delimited})
    starts, ends = cells.of(looked_at, ~odd)
    whole = np.ones(starts.shape[1], np.bool_)
    for number, start, end in zip(looked_at, starts, ends, strict=True):  # these are views: what they lose the table loses
        match words[number].shape:
            case Shape.PORT:
                whole &= _lose_ports(data, start, end)
            case Shape.QUOTED:
                whole &= _are_quoted(data, start, end)
                start += 1
                end -= 1
            case Shape.TIME:
                whole &= (end - start == _TIME_WIDTH) & (_at(data, start) == _OPENING)
                start += 1
            case Shape.ZONE:
                whole &= (end - start == _ZONE_WIDTH) & (_at(data, end - 1) == _CLOSING)
                end -= 1
    rows = [looked_at.index(number) for number in kept]
    if whole.all():
        return starts[rows], ends[rows], odd
    odd[np.flatnonzero(~odd)[~whole]] = True
    return starts[rows][:, whole], ends[rows][:, whole], odd


def cut_w3c(data: Bytes, lines: Lines, odd: Flags, kept: Sequence[int], log_format: Format) -> Table:
    """The table of lines whose fields may stand in quotes, or not; without these quotes."""
    cells, odd = _cells(data, lines, odd, len(log_format.fields), None, log_format)
    if not cells.quotes.any():
        return *cells.of(kept, ~odd), odd
    so_far = np.append(0, np.cumsum(_are_quoted(data, cells.starts, cells.ends)))
    odd |= cells.quotes != 2 * (so_far[np.append(cells.first[1:], len(cells.ends))] - so_far[cells.first])
    starts, ends = cells.of(kept, ~odd)
    quoted = _are_quoted(data, starts, ends)
    return starts + quoted, ends - quoted, odd


@dataclass(frozen=True, slots=True)
class _Cells:
    """Where fields begin and end, those of all lines one after another; of each line the number of its first, and of quotes."""

    starts: Positions
    ends: Positions
    first: Positions
    quotes: Positions

    def of(self, fields: Sequence[int], chosen: Flags) -> tuple[Positions, Positions]:
        """Where some fields of the chosen lines begin and end, fields by lines."""
        cells = self.first[chosen] + np.array(fields, np.int64)[:, None]
        return self.starts[cells], self.ends[cells]


def _cells(data: Bytes, lines: Lines, odd: Flags, fields: int, quotes: int | None, log_format: Format) -> tuple[_Cells, Flags]:
    """The fields of lines; and which lines are odd: also those that have not so many of them, or so many quotes there.

    `quotes` None stands for any even number; such may also be in further fields, which are not looked at.
    """
    code = ord(log_format.separator)
    found = data <= QUOTE  # line ends, quotes and most separators at one look, and little else
    if code > QUOTE:
        found |= data == code
    marks = np.flatnonzero(found)
    kinds = data[marks]
    if lines.ends[-1] == len(data):  # without a newline
        marks, kinds = np.append(marks, len(data)), np.append(kinds, np.uint8(NEWLINE))
    is_quote, is_end = kinds == QUOTE, kinds == NEWLINE
    so_far = np.cumsum(is_quote, dtype=np.int32)
    line_ends = np.flatnonzero(is_end)
    unbalanced = np.diff(so_far[line_ends], prepend=0) % 2 == 1
    if unbalanced.any():  # the end of such a line closes what it left open: the next line is not taken for its inside
        is_quote[line_ends[unbalanced]] = True
        so_far = np.cumsum(is_quote, dtype=np.int32)
    chosen = np.flatnonzero(is_end | ((kinds == code) & ((so_far & 1) == 0)))
    edges = marks[chosen]
    starts = np.append(0, edges[:-1] + 1)
    if log_format.padded:  # what is between two separators beside each other is no field
        at_edge = is_end[chosen] | np.append(True, is_end[chosen[:-1]])
        kept = (starts < edges) | at_edge
        starts, edges, chosen = starts[kept], edges[kept], chosen[kept]
    last = np.searchsorted(edges, lines.ends)
    first = np.append(0, last[:-1] + 1)
    known = so_far[chosen[np.minimum(first + fields - 1, last)]] - np.append(0, so_far[chosen[last[:-1]]])
    odd = odd | unbalanced | (last - first < fields - 1 if log_format.more else last - first != fields - 1)
    if quotes is not None:
        odd |= known != quotes
    edges[last] -= _at(data, lines.ends - 1) == RETURN
    return _Cells(starts, edges, first, known), odd


def _are_quoted(data: Bytes, starts: Positions, ends: Positions) -> Flags:
    """Which spans begin and end with a quote of their own."""
    found: Flags = (ends - starts >= 2) & (_at(data, starts) == QUOTE) & (_at(data, ends - 1) == QUOTE)
    return found


def _lose_ports(data: Bytes, starts: Positions, ends: Positions) -> Flags:
    """Move where addresses begin and end, so that their ports and brackets are outside; which had one, or are absent."""
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
