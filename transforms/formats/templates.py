"""Takes JSON lines, gives the values of those that look alike: what is between their values is the same, byte by byte.

A server writes its lines by a template, with the same keys in the same order. So one line is read, which shows the template, and
then where the quotes of all lines stand shows where their values are. A line that differs in any way but its values' texts, or
holds an escape, is not read here; nothing is taken for JSON that Python's parser would not take.
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

from transforms.columns import distinct, texts_at
from transforms.formats.cuts import pieces
from transforms.formats.oddities import NEWLINE, QUOTE, RETURN, Flags, Lines, Positions

Path = tuple[str, ...]
Keys = Sequence[tuple[str, Sequence[Path]]]
"""For each column the paths of keys under which it may stand; the first that a line has is taken."""

_ATTEMPTS, _WORTH = 8, 0.05  # templates tried in a block; the share of a piece's lines that one must fit
_MARGIN = 4096  # bytes; a literal is shorter
_WORD = 8
_FIRST_PRINTABLE = 0x20
_TOKEN = re.compile(rb'(?P<text>"[^"]*")|(?P<mark>[{}\[\],])|(?P<scalar>[^\s{}\[\],:"]+)|[\s:]+')
_COLON = re.compile(rb"\s*:")
_SCALAR = r"^(?:-?(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,20})?(?:[eE][+-]?[0-9]{1,2})?|true|false|null)$"
_WHOLE, _NULL = r"^(?:0|[1-9][0-9]{0,17})$", "^null$"
_SECONDS = r"^[1-9][0-9]{0,17}(?:\.[0-9]{1,20})?$"


@dataclass(frozen=True, slots=True)
class _Literal:
    """What stands between two values: its text, the number of the first quote in it (if it has one), and how far in that is."""

    text: bytes
    quote: int | None
    before: int


@dataclass(frozen=True, slots=True)
class _Value:
    """A value of the line that shows the template: its span, the keys that lead to it (None if not keys alone), its kind."""

    start: int
    end: int
    path: Path | None
    scalar: bool


@dataclass(frozen=True, slots=True)
class _Template:
    """Literals around values, one more than these; by number, what scalars must look like, and in which values columns are."""

    quotes: int
    literals: tuple[_Literal, ...]
    scalars: Mapping[int, str]
    columns: Mapping[str, int]


class _Piece:
    """Some lines of a block that has a margin at both ends, and where their quotes are."""

    def __init__(self, padded: bytes, lines: Lines, first: int, last: int) -> None:
        begin = int(lines.starts[first])
        size = max(int(lines.ends[last - 1]) - begin, 1)
        self.data = np.frombuffer(padded, np.uint8, size, _MARGIN + begin)
        self._words = np.ndarray((size + _MARGIN,), "<u8", padded, begin, (1,))  # the eight bytes that begin at each byte
        self.starts, self.ends = lines.starts[first:last] - begin, lines.ends[first:last] - begin
        self.ends = self.ends - (self.data.take(self.ends - 1, mode="clip") == RETURN)
        self.quotes = np.flatnonzero(self.data == QUOTE)
        self.quotes_per_line = np.diff(np.searchsorted(self.quotes, self.ends), prepend=0)

    def with_control_characters(self) -> Flags:
        """Lines with bytes that JSON allows in no text. Returns at a line's end are not among them."""
        found = np.zeros(len(self.starts), np.bool_)
        low = self.data < _FIRST_PRINTABLE
        if np.count_nonzero(low) >= len(found):  # more than line ends
            positions = np.flatnonzero(low & (self.data != NEWLINE))
            number = np.searchsorted(self.ends, positions, side="right")
            inside = (number < len(found)) & (self.starts[np.minimum(number, len(found) - 1)] <= positions)
            found[number[inside]] = True
        return found

    def same(self, begins: Positions, text: bytes, forward: bool) -> Flags:
        """Where the text stands; a short one is looked at together with what is behind it (`forward`) or before it."""
        begins = np.maximum(begins, 0) + _MARGIN
        if len(text) < _WORD:
            shift = 0 if forward else 8 * (_WORD - len(text))
            mask, word = ((1 << 8 * len(text)) - 1) << shift, int.from_bytes(text, "little") << shift
            return (self._words[begins if forward else begins + len(text) - _WORD] & np.uint64(mask)) == np.uint64(word)
        good = np.ones(len(begins), np.bool_)
        for at in [*range(0, len(text) - _WORD, _WORD), len(text) - _WORD]:
            good &= self._words[begins + at] == np.uint64(int.from_bytes(text[at : at + _WORD], "little"))
        return good


def read_alike(block: bytes, lines: Lines, odd: Flags, keys: Keys) -> tuple[dict[str, pa.ChunkedArray], Positions]:
    """Columns (text, null where a line has none) of lines that are alike, and these lines' numbers.

    Lines that are odd are not read: those with a backslash must be among them.
    """
    padded = bytes(_MARGIN) + block + bytes(_MARGIN + _WORD)
    numbers: list[Positions] = []
    columns: dict[str, list[pa.Array]] = {column: [] for column, _ in keys}
    templates: list[_Template] = []
    attempts = 0
    for first, last in pieces(lines):
        piece = _Piece(padded, lines, first, last)
        waiting = ~(odd[first:last] | piece.with_control_characters())

        def take(template: _Template) -> int:
            rows, texts = _fitting(piece, waiting, template)  # noqa: B023 called in this turn of the loop only
            waiting[rows] = False  # noqa: B023
            numbers.append(first + rows)  # noqa: B023
            for column, chunks in columns.items():
                at = template.columns.get(column)
                chunks.append(pa.nulls(len(rows), pa.string()) if at is None else texts[at])
            return len(rows)

        for template in templates:
            take(template)
        while attempts < _ATTEMPTS and waiting.mean() > _WORTH:
            attempts += 1
            number = int(waiting.argmax())
            shown = _template(piece.data[piece.starts[number] : piece.ends[number]].tobytes(), keys)
            if shown and take(shown) > _WORTH * len(waiting):
                templates.append(shown)
            waiting[number] = False
    found = np.concatenate([np.zeros(0, np.int64), *numbers])
    return {column: pa.chunked_array(chunks, pa.string()) for column, chunks in columns.items()}, found


def _fitting(piece: _Piece, waiting: Flags, template: _Template) -> tuple[Positions, Mapping[int, pa.Array]]:
    """The waiting lines that the template fits, and their values by number: those that columns have."""
    rows = np.flatnonzero(waiting & (piece.quotes_per_line == template.quotes))
    every = len(rows) == len(waiting)
    kept = piece.quotes if every else piece.quotes[np.repeat(_flags(rows, len(waiting)), piece.quotes_per_line)]
    quotes = kept.reshape(len(rows), template.quotes)
    starts, ends = piece.starts[rows], piece.ends[rows]
    good = np.ones(len(rows), np.bool_)
    edges = np.empty((len(rows), 2 * len(template.literals)), np.int64)
    for number, literal in enumerate(template.literals):
        last = number == len(template.literals) - 1
        begins = ends - len(literal.text) if literal.quote is None else quotes[:, literal.quote] - literal.before
        good &= piece.same(begins, literal.text, forward=not number)
        edges[:, 2 * number], edges[:, 2 * number + 1] = begins, begins + len(literal.text)
    good &= (edges[:, 0] == starts) & (edges[:, -1] == ends)
    value_starts, value_ends = edges[:, 1:-1:2], edges[:, 2::2]
    good &= (value_ends >= value_starts).all(axis=1)
    if not good.all():
        rows, value_starts, value_ends = rows[good], value_starts[good], value_ends[good]
    kept_values = sorted({*template.scalars, *template.columns.values()})
    texts = dict(zip(kept_values, texts_at(piece.data, value_starts[:, kept_values], value_ends[:, kept_values]), strict=True))
    return _checked(rows, texts, template)


def _checked(rows: Positions, texts: dict[int, pa.Array], template: _Template) -> tuple[Positions, dict[int, pa.Array]]:
    """Without rows whose scalars are none, or not such as columns have, or which lack an address or a time."""
    whole = np.ones(len(rows), np.bool_)
    for number, pattern in template.scalars.items():
        codes, values = distinct(texts[number].dictionary_encode())
        fits = pc.match_substring_regex(values, pattern).to_numpy(zero_copy_only=False)
        if not fits.all():
            whole &= fits[codes]
    for column in ("remote_host", "time"):
        at = template.columns[column]
        whole &= pc.greater(pc.binary_length(texts[at]), 0).to_numpy(zero_copy_only=False)
    if whole.all():
        return rows, texts
    kept = pa.array(whole)
    return rows[whole], {number: column.filter(kept) for number, column in texts.items()}


def _template(line: bytes, keys: Keys) -> _Template | None:
    """The template that a line shows, or None if it is none that could be read so."""
    try:
        shown = json.loads(line, object_pairs_hook=_without_doubles)
    except (ValueError, RecursionError):
        return None
    values, bounds = _values(line), [0]
    for value in values:
        bounds += [value.start, value.end]
    texts = [line[begin:end] for begin, end in zip(bounds[::2], [*bounds[1::2], len(line)], strict=True)]
    literals, quotes = [], 0
    for text in texts:
        before = text.find(b'"')
        literals.append(_Literal(text, None if before < 0 else quotes, before))
        quotes += text.count(b'"')
    columns: dict[str, int] = {}
    scalars = {number: _SCALAR for number, value in enumerate(values) if value.scalar}
    of_path = {value.path: number for number, value in enumerate(values) if value.path is not None}
    for column, paths in keys:
        for path in paths:
            number, there = of_path.get(path), _at(shown, path)
            if there is None and number is not None:
                scalars[number] = _NULL  # a line that has something there has its column there
            if there is not None:
                if number is not None:
                    columns[column] = number
                    scalars |= {number: _SECONDS if column == "time" else _WHOLE} if values[number].scalar else {}
                break
    unanchored = any(literal.quote is None for literal in literals[:-1])
    too_long = any(len(text) >= _MARGIN for text in texts)
    if unanchored or too_long or not {"remote_host", "time"} <= set(columns):
        return None
    return _Template(quotes, tuple(literals), scalars, columns)


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
        elif token["text"] or token["scalar"]:
            edge = 1 if token["text"] else 0
            values.append(_Value(token.start() + edge, token.end() - edge, _path(inside), not edge))
    return values


def _path(inside: list[list[Any]]) -> Path | None:
    """The keys that lead to a value: it stands in objects, or first in a list that does."""
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


def _flags(numbers: Positions, count: int) -> npt.NDArray[np.bool_]:
    flags = np.zeros(count, np.bool_)
    flags[numbers] = True
    return flags
