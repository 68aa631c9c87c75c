"""Takes a block of lines and the fields of their format, gives the texts of the fields of the plain lines.

Separators and quotes are located for many lines at once. A line is plain if it has exactly the format's fields, each quote at the
edge of its field; then where fields begin and end is a table of lines by fields, and columns are taken out of the block by it.
Every other line is odd, and left to the exact path.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from transforms.columns import texts_at
from transforms.formats import Field, Shape
from transforms.formats.oddities import QUOTE, RETURN, Flags, Lines, Positions

Bytes = npt.NDArray[np.uint8]
Table = tuple[Positions, Positions, Flags]
"""Where fields of plain lines begin and end, lines by fields; and which of all lines are odd, and have no row there."""

_PIECE_BYTES = 2 << 20  # what is looked at several times stays in the processor's cache: half the time of a whole block
_OPENING, _CLOSING = ord("["), ord("]")
_TIME_WIDTH, _ZONE_WIDTH = len("[17/May/2015:10:05:03"), len("+0000]")


def texts_of(
    block: bytes, lines: Lines, odd: Flags, kept: Sequence[int], table_of: Callable[[Bytes, Lines, Flags], Table]
) -> tuple[list[pa.ChunkedArray], Flags]:
    """The texts of the kept fields (numbers, rising) of the plain lines, a column each; and which lines are odd.

    `table_of` is asked for some of the lines at a time, with what is known of them: `cut` or `cut_w3c`, told the fields.
    """
    columns: list[list[pa.Array]] = [[] for _ in kept]
    still_odd = []
    for first, last in pieces(lines):
        begin, end = int(lines.starts[first]), int(lines.ends[last - 1])
        data = np.frombuffer(block, np.uint8, end - begin, begin)
        starts, ends, known = table_of(
            data, Lines(lines.starts[first:last] - begin, lines.ends[first:last] - begin), odd[first:last]
        )
        still_odd.append(known)
        for column, texts in zip(columns, texts_at(data, starts[:, kept], ends[:, kept]), strict=True):
            column.append(texts)
    return [pa.chunked_array(column, pa.string()) for column in columns], np.concatenate([odd[:0], *still_odd])


def pieces(lines: Lines) -> Iterator[tuple[int, int]]:
    """Numbers of lines, from and to, which together are of about the piece's size."""
    first, count = 0, len(lines.starts)
    while first < count:
        last = max(first + 1, int(np.searchsorted(lines.ends, lines.starts[first] + _PIECE_BYTES)))
        yield first, last
        first = last


def cut(data: Bytes, lines: Lines, odd: Flags, words: Sequence[Field], separator: str, padded: bool) -> Table:
    """The table of lines whose fields have the words' shapes, without their quotes or bracket.

    If fields are `padded`, several separators beside each other count as one.
    """
    quoted = [number for number, word in enumerate(words) if word.shape is Shape.QUOTED]
    starts, ends, odd = _between_separators(data, lines, odd, len(words), separator, 2 * len(quoted), padded)
    whole = np.ones(len(starts), np.bool_)
    if separator == " " and len(starts):
        whole &= (ends > starts).all(axis=1)
    for number in quoted:
        whole &= _is_quoted(data, starts[:, number], ends[:, number])
        starts[:, number] += 1
        ends[:, number] -= 1
    for number, word in enumerate(words):
        if word.shape is Shape.TIME:
            whole &= (ends[:, number] - starts[:, number] == _TIME_WIDTH) & (_at(data, starts[:, number]) == _OPENING)
            starts[:, number] += 1
        elif word.shape is Shape.ZONE:
            whole &= (ends[:, number] - starts[:, number] == _ZONE_WIDTH) & (_at(data, ends[:, number] - 1) == _CLOSING)
            ends[:, number] -= 1
    return _only(whole, starts, ends, odd)


def cut_w3c(data: Bytes, lines: Lines, odd: Flags, fields: int, separator: str) -> Table:
    """The table of lines whose fields may stand in quotes, or not; without these quotes."""
    starts, ends, odd = _between_separators(data, lines, odd, fields, separator, None)
    quotes = np.flatnonzero(data == QUOTE)
    if len(quotes):
        inside = _is_quoted(data, starts, ends)
        starts, ends = starts + inside, ends - inside
        rows = np.searchsorted(quotes, lines.ends[~odd]) - np.searchsorted(quotes, lines.starts[~odd])
        return _only(rows == 2 * inside.sum(axis=1), starts, ends, odd)
    return starts, ends, odd


def _only(whole: Flags, starts: Positions, ends: Positions, odd: Flags) -> Table:
    if whole.all():
        return starts, ends, odd
    odd = odd.copy()
    odd[np.flatnonzero(~odd)[~whole]] = True
    return starts[whole], ends[whole], odd


def _between_separators(
    data: Bytes, lines: Lines, odd: Flags, fields: int, separator: str, quotes: int | None, padded: bool = False
) -> Table:
    """The table of lines that have so many fields and quotes, whatever their shape; `quotes` None stands for any even number."""
    positions = np.flatnonzero((data == ord(separator)) | (data == QUOTE))
    positions, odd = _outside_quotes(data, positions, lines, quotes, odd)
    first = positions
    if padded:  # a field ends before the first separator of several, and begins behind the last
        first = positions[np.diff(positions, prepend=-2) > 1]
        positions = positions[np.diff(positions, append=len(data) + 1) > 1]
    edges, odd = _by_line(positions, lines, fields - 1, odd)
    begins = edges if first is positions else _by_line(first, lines, fields - 1, odd)[0]
    plain = np.flatnonzero(~odd)
    starts = np.empty((len(plain), fields), np.int64)
    ends = np.empty((len(plain), fields), np.int64)
    starts[:, 0], ends[:, -1] = lines.starts[plain], lines.ends[plain]
    starts[:, 1:], ends[:, :-1] = edges + 1, begins
    ends[:, -1] -= (_at(data, ends[:, -1] - 1) == RETURN) & (ends[:, -1] > starts[:, -1])
    return starts, ends, odd


def _outside_quotes(data: Bytes, marks: Positions, lines: Lines, quotes: int | None, odd: Flags) -> tuple[Positions, Flags]:
    """Of separators and quotes the separators that are outside quotes; and also odd are lines with another number of quotes."""
    is_quote = data[marks] == QUOTE
    so_far = np.cumsum(is_quote, dtype=np.int32)
    upto = np.searchsorted(marks, lines.ends)
    per_line = np.diff(np.append(np.int32(0), so_far)[upto], prepend=0)
    unbalanced = per_line % 2 == 1
    if unbalanced.any():  # what comes after such a line would be taken for its inside
        kept = np.repeat(~unbalanced, np.diff(upto, prepend=0))
        marks, is_quote = marks[kept], is_quote[kept]
        so_far = np.cumsum(is_quote, dtype=np.int32)
    return marks[~(is_quote | ((so_far & 1) == 1))], odd | (unbalanced if quotes is None else per_line != quotes)


def _by_line(positions: Positions, lines: Lines, width: int, odd: Flags) -> tuple[Positions, Flags]:
    """Positions in a row for each line that is not odd and has `width` of them; the others become odd."""
    if not odd.any() and len(positions) == len(odd) * width:
        grid = positions.reshape(len(odd), width)
        if not width or ((grid[:, 0] >= lines.starts) & (grid[:, -1] < lines.ends)).all():
            return grid, odd
    per_line = np.diff(np.searchsorted(positions, lines.ends), prepend=0)
    odd = odd | (per_line != width)
    return positions[np.repeat(~odd, per_line)].reshape(int((~odd).sum()), width), odd


def _is_quoted(data: Bytes, starts: Positions, ends: Positions) -> Flags:
    """Which spans begin and end with a quote of their own."""
    found: Flags = (ends - starts >= 2) & (_at(data, starts) == QUOTE) & (_at(data, ends - 1) == QUOTE)
    return found


def _at(data: Bytes, positions: Positions) -> Bytes:
    """Bytes at positions; an empty field at the edge of all lines has none of its own, and any other will do."""
    return data.take(positions, mode="clip") if len(data) else np.zeros(len(positions), np.uint8)
