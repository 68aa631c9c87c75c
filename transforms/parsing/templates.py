"""Parses JSON lines that follow one template: the text between their values is the same, byte by byte.

A server writes its lines from a template, with the same keys in the same order. So one line is parsed to learn the template, and
then the next quote is the end of a value in any line. A line that differs in anything except the texts of its values, or has an
escape, is not read here. Nothing is accepted as JSON that Python's parser would not accept.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from transforms.columns import Flags, Positions, distinct, points_in, spans_of, texts_at
from transforms.parsing.cuts import pieces
from transforms.parsing.marks import Marks
from transforms.parsing.oddities import QUOTE, RETURN, Lines

Path = tuple[str, ...]
Keys = Sequence[tuple[str, Sequence[Path]]]
"""For each column the paths of keys under which it may stand; the first that a line has is taken."""

_ATTEMPTS, _WORTH = 8, 0.05  # so many templates are tried in a block, while that share of a piece's lines fits none
_FUTILE = 3  # attempts for which one counts that fits a smaller share: where keys have no order, there is none to be found
_COMPARED = 100  # lines, by which a value is known that is always the same
_MARGIN = 4096  # bytes; a literal is shorter
_TOKEN = re.compile(rb'(?P<text>"[^"]*")|(?P<mark>[{}\[\],])|(?P<scalar>[^\s{}\[\],:"]+)|[\s:]+')
_COLON = re.compile(rb"\s*:")
_DIGITS = 18
_SCALAR = r"^(?:-?(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,20})?(?:[eE][+-]?[0-9]{1,2})?|true|false)$"
_WHOLE = r"^(?:0|[1-9][0-9]{0,17})$"
# A fraction that a float of these digits would round up to the next second is not among them.
_SECONDS = r"^[1-9](?:[0-9]{0,17}|[0-9]{0,9}\.(?:[0-8][0-9]{0,6}|9[0-8][0-9]{0,5}|9[0-9]{0,5}))$"


@dataclass(frozen=True, slots=True)
class _Value:
    """A value of the line from which the template is learned: its span, its keys (None if not keys alone), its kind."""

    start: int
    end: int
    path: Path | None
    scalar: bool


@dataclass(frozen=True, slots=True)
class _Template:
    """The texts between the values, and how many bytes precede the first quote of each.

    The last text needs no quote (-1): it ends where the line does. There is one value fewer. By the value's number: its least
    number of bytes, the pattern of a scalar, and the value of each column.
    """

    literals: tuple[bytes, ...]
    before: tuple[int, ...]
    shortest: tuple[int, ...]
    scalars: Mapping[int, str]
    columns: Mapping[str, int]


class _Piece:
    """Some lines of a block, and where their quotes are."""

    def __init__(self, block: bytes, lines: Lines, first: int, last: int) -> None:
        begin = int(lines.starts[first])
        size = max(int(lines.ends[last - 1]) - begin, 1)
        self.starts, self.ends = lines.starts[first:last] - begin, lines.ends[first:last] - begin
        # A text may be looked for that would end behind the piece.
        padded = begin + size + 2 * _MARGIN > len(block)
        self._block, self._begin = (block[begin : begin + size] + bytes(2 * _MARGIN), 0) if padded else (block, begin)
        self.data = np.frombuffer(self._block, np.uint8, size, self._begin)
        self.ends = self.ends - (self.data.take(self.ends - 1, mode="clip") == RETURN)
        self.quotes = Marks(self.data == QUOTE)

    def has(self, text: bytes, at: Positions) -> Flags:
        """Which of some positions in the piece hold the text."""
        everywhere: npt.NDArray[np.void] = np.ndarray(
            (len(self.data) + _MARGIN,), f"V{len(text)}", self._block, self._begin, (1,)
        )
        found = everywhere[at]
        if found.tobytes() == text * len(at):  # nearly always, and much faster than to compare each
            return np.ones(len(at), np.bool_)
        flags: Flags = found == np.frombuffer(text, everywhere.dtype)
        return flags


def read_alike(block: bytes, lines: Lines, odd: Flags, keys: Keys) -> tuple[dict[str, pa.ChunkedArray], Positions]:
    """Columns (text, null where a line has none) of lines that follow a template, and these lines' numbers.

    Odd lines are not read. They must include all lines with a backslash or a control character (except a return at their end).
    """
    columns: dict[str, list[pa.Array]] = {column: [] for column, _ in keys}
    numbers = [np.zeros(0, np.int64)]
    templates: list[_Template] = []
    attempts = 0
    for first, last in pieces(lines):
        waiting = ~odd[first:last]
        if not waiting.any() or (not templates and attempts >= _ATTEMPTS):
            continue
        piece = _Piece(block, lines, first, last)
        tried, shown = 0, None
        while tried < len(templates) or (attempts < _ATTEMPTS and waiting.mean() > _WORTH):
            if tried == len(templates):
                attempts += 1
                shown = _shown(piece, np.flatnonzero(waiting), keys)
                if shown is None:
                    waiting[waiting.argmax()] = False
                    continue
                templates.append(shown)
            template = templates[tried]
            tried += 1
            rows, texts = _fitting(piece, np.flatnonzero(waiting), template)
            if shown is template and len(rows) < _WORTH * len(waiting):
                attempts += _FUTILE - 1
                templates.pop()
                tried -= 1
            if not len(rows):
                continue
            waiting[rows] = False
            numbers.append(first + rows)
            for column, chunks in columns.items():
                at = template.columns.get(column)
                chunks.append(pa.nulls(len(rows), pa.string()) if at is None else texts[at])
    return {column: pa.chunked_array(chunks, pa.string()) for column, chunks in columns.items()}, np.concatenate(numbers)


def _shown(piece: _Piece, rows: Positions, keys: Keys) -> _Template | None:
    """The template of the first of some lines, or None if lines could not be read by it.

    A value that no column has, and that is the same in lines all over the piece, becomes part of the template.
    """
    line = piece.data[piece.starts[rows[0]] : piece.ends[rows[0]]].tobytes()
    try:
        shown = json.loads(line, object_pairs_hook=_without_doubles)
    except (ValueError, RecursionError):
        return None
    if not isinstance(shown, dict):
        return None
    values = _values(line)
    template, texts = _template(line, shown, values, keys), [line[value.start : value.end] for value in values]
    if template is None or not all(re.match(pattern, texts[at].decode()) for at, pattern in template.scalars.items()):
        return None
    alike, starts, ends = _spans(piece, rows[:: len(rows) // _COMPARED + 1], template)
    if rows[0] not in alike:
        return None
    varied = [
        value
        for number, value in enumerate(values)
        if number in template.columns.values() or not _are_all(piece, starts[number], ends[number], texts[number])
    ]
    return _template(line, shown, varied, keys) or template


def _are_all(piece: _Piece, starts: Positions, ends: Positions, text: bytes) -> bool:
    """Whether all spans hold this text."""
    return len(text) < _MARGIN and bool((ends - starts == len(text)).all()) and (not text or bool(piece.has(text, starts).all()))


def _fitting(piece: _Piece, rows: Positions, template: _Template) -> tuple[Positions, Mapping[int, pa.Array]]:
    """The lines that the template fits, and their values by number: scalars, and those that columns have."""
    rows, starts, ends = _spans(piece, rows, template)
    if not len(rows):
        return rows, {}
    kept = sorted({*template.scalars, *template.columns.values()})
    texts = dict(zip(kept, texts_at(piece.data, starts[kept], ends[kept]), strict=True))
    whole = np.ones(len(rows), np.bool_)
    for number, pattern in template.scalars.items():
        whole &= _are_scalars(texts[number], pattern)
    if whole.all():
        return rows, texts
    return rows[whole], {number: column.filter(pa.array(whole)) for number, column in texts.items()}


def _spans(piece: _Piece, rows: Positions, template: _Template) -> tuple[Positions, Positions, Positions]:
    """The lines that have the template's texts in position, and the spans of the values between these texts."""
    first, *others = template.literals
    at, line_ends = piece.starts[rows], piece.ends[rows]
    starts, ends = (np.empty((len(others), len(rows)), np.int64) for _ in range(2))
    good = piece.has(first, at)
    at = at + len(first)
    for number, (text, before, shortest) in enumerate(zip(others, template.before[1:], template.shortest, strict=True)):
        starts[number] = at
        ends[number] = piece.quotes.after(at) - before if before >= 0 else line_ends - len(text)
        good &= ends[number] - at >= shortest
        good &= piece.has(text, np.maximum(ends[number], 0))
        at = ends[number] + len(text)
    good &= at == line_ends
    return (rows, starts, ends) if good.all() else (rows[good], starts[:, good], ends[:, good])


def _are_scalars(texts: pa.StringArray, pattern: str) -> Flags:
    """Which texts match a pattern. Most are whole numbers, which match all patterns, or simple fractions, and need none."""
    data, starts, ends = spans_of(texts)
    good, points = points_in(data, starts, ends)
    wholes, fractions = points - starts, ends - points - 1
    good &= (data.take(starts, mode="clip") != ord("0")) | (wholes == 1)
    simple = (wholes > 0) & (fractions > 0)
    if pattern == _SECONDS:
        simple &= (wholes <= 10) & (fractions <= 7) & (data.take(points + 1, mode="clip") != ord("9"))
    else:
        simple &= (wholes <= _DIGITS) & (fractions <= 20) & (pattern != _WHOLE)
    good &= np.where(points == ends, wholes <= _DIGITS, simple)
    if not good.all():
        codes, values = distinct(texts.filter(pa.array(~good)).dictionary_encode())
        good[~good] = pc.match_substring_regex(values, pattern).to_numpy(zero_copy_only=False)[codes]
    return good


def _template(line: bytes, shown: Mapping[str, Any], values: Sequence[_Value], keys: Keys) -> _Template | None:
    """The template of a line that holds an object, with some of its values as the variable ones."""
    bounds = [0]
    for value in values:
        bounds += [value.start, value.end]
    texts = [line[begin:end] for begin, end in zip(bounds[::2], [*bounds[1::2], len(line)], strict=True)]
    before = tuple(text.find(b'"') for text in texts)
    columns: dict[str, int] = {}
    scalars = {number: _SCALAR for number, value in enumerate(values) if value.scalar}
    of_path = {value.path: number for number, value in enumerate(values) if value.path is not None}
    for column, paths in keys:
        path = next((path for path in paths if _at(shown, path) is not None), None)
        several = _at(shown, path) if path else None
        if isinstance(several, list) and len(several) > 1:
            return None  # a header that stood several times
        number = of_path.get(path) if path else None
        if number is not None:
            if values[number].scalar:
                scalars[number] = _SECONDS if column == "time" and number not in columns.values() else _WHOLE
            columns[column] = number
    if not {"remote_host", "time"} <= set(columns) or min(before[:-1]) < 0 or any(len(text) >= _MARGIN for text in texts):
        return None
    never_empty = {*scalars, columns["remote_host"], columns["time"]}
    shortest = tuple(int(number in never_empty) for number in range(len(values)))
    return _Template(tuple(texts), before, shortest, scalars, columns)


def _values(line: bytes) -> list[_Value]:
    """The values of a line of JSON without escapes, in their order."""
    values: list[_Value] = []
    inside: list[list[Any]] = []  # of objects the key, of lists how many values are behind, as [kind, that]
    for token in _TOKEN.finditer(line):
        if token["mark"] in (b"{", b"["):
            inside.append([token["mark"], 0])
        elif token["mark"] == b",":
            inside[-1][1] = inside[-1][1] + 1 if inside[-1][0] == b"[" else ""
        elif token["mark"]:
            inside.pop()
        elif token["text"] and _COLON.match(line, token.end()):
            inside[-1][1] = token["text"][1:-1].decode()
        elif token["text"] or (token["scalar"] or b"null") != b"null":  # null is no value, but what a template has in its place
            edge = 1 if token["text"] else 0
            values.append(_Value(token.start() + edge, token.end() - edge, _path(inside), not edge))
    return values


def _path(inside: list[list[Any]]) -> Path | None:
    """The keys that lead to a value within objects, or to the first value of a list within objects."""
    in_list = inside[-1][0] == b"["
    objects = inside[:-1] if in_list else inside
    if (in_list and inside[-1][1]) or any(kind == b"[" for kind, _ in objects):
        return None
    return tuple(key for _, key in objects)


def _at(shown: Any, path: Path) -> Any:
    for key in path:
        shown = shown.get(key) if isinstance(shown, dict) else None
    return shown


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in pairs}) < len(pairs):
        raise ValueError("a key stands twice")
    return dict(pairs)
