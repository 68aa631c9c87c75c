"""Parses the plain lines of a block by columns, and returns the positions of the odd ones.

Delimited lines are split at their separators (see `cuts`), JSON lines that follow one template by its text (see `templates`), and
other JSON by Arrow's reader. Where a format cannot be split, Arrow matches its expression, line by line but without Python. Each
reader accepts only lines that it surely reads as the exact path would. Every other line is odd, and left to that path.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.columns import TEXT, Flags, Positions, as_one, distinct, spans_of
from transforms.formats import RAW_COLUMNS, Clock, Field, Format, Shape, w3c
from transforms.parsing import expression, objects, oddities
from transforms.parsing.cuts import cut, texts_of
from transforms.parsing.oddities import Lines, find_lines, line_array
from transforms.parsing.templates import read_alike

_ZONE = "[+-][0-9]{4}"
_BOM = 0xEF  # its first byte; the exact path knows which line is a file's first
_FEW = 32
"""Lines of JSON that are sooner read one by one than by Arrow, which must be told types: for that some are read so first."""


@dataclass(frozen=True, slots=True)
class Part:
    """Columns of plain lines (RAW_COLUMNS, absent ones null), how their times are written, and these lines' numbers."""

    columns: pa.Table
    clock: Clock
    numbers: Positions


@dataclass(frozen=True, slots=True)
class Split:
    """The plain lines, in parts whose times have one notation, and the numbers of the odd lines.

    `refused` are the odd lines that have already been tried as the exact path would.
    """

    parts: tuple[Part, ...]
    odd: Positions
    refused: frozenset[int] = frozenset()


def split(block: bytes, lines: Lines, log_format: Format) -> Split:
    """Split the plain lines of a block."""
    if not block:  # what is left of one line if it was a prefix and nothing else
        return _all_odd(lines)
    if log_format.keys:
        return _split_json(block, lines, log_format)
    if log_format.header:
        return _split_w3c(block, lines, log_format)
    if not log_format.fields:
        return _split_by_expression(block, lines, log_format)
    return _split_delimited(block, lines, log_format)


def _split_delimited(block: bytes, lines: Lines, log_format: Format) -> Split:
    """As `split`, for lines with a fixed number of fields."""
    words = _words(log_format)
    kept = [number for number, word in enumerate(words) if word.name or word.pattern]
    odd = oddities.with_specials(block, lines, oddities.specials(log_format))
    table_of = partial(cut, words=words, log_format=log_format)
    texts, odd = texts_of(block, lines, odd, kept, table_of)
    if odd.all():
        return _all_odd(lines)
    columns = [
        text if words[number].name == "time" else as_one(text.dictionary_encode())
        for number, text in zip(kept, texts, strict=True)
    ]
    fits = _fit(len(columns[0]), ((column, words[number].pattern) for number, column in zip(kept, columns, strict=True)))
    if not fits.all():
        odd[np.flatnonzero(~odd)[~fits]] = True
        columns = [column.filter(pa.array(fits)) for column in columns]
    raw = {words[number].name or "": column for number, column in zip(kept, columns, strict=True)}
    return _split(raw_table(_changed(raw, log_format), int(fits.sum()), log_format), log_format, odd)


def _words(log_format: Format) -> list[Field]:
    """The fields between separators: a time such as Apache's is two of them."""
    words: list[Field] = []
    for field in log_format.fields:
        words += [field, Field("zone", Shape.ZONE, _ZONE)] if field.shape is Shape.TIME else [field]
    return words


def _split(plain: pa.Table, log_format: Format, odd: Flags) -> Split:
    return Split((Part(plain, log_format.clock, np.flatnonzero(~odd)),), np.flatnonzero(odd))


def _all_odd(lines: Lines) -> Split:
    return Split((), np.arange(len(lines.starts)))


def _split_by_expression(block: bytes, lines: Lines, log_format: Format) -> Split:
    """As `split`, for formats with one expression. It alone decides, also on bytes that make a delimited line odd."""
    first = np.frombuffer(block, np.uint8).take(lines.starts, mode="clip")
    odd = (first == ord("#")) | (first == _BOM) | (lines.ends - lines.starts > oddities.MAX_LINE_BYTES)
    plain = np.flatnonzero(~odd)
    if not len(plain):
        return _all_odd(lines)
    rest = _without(block, lines, odd)
    starts = find_lines(rest).starts if odd.any() else lines.starts
    columns, fits = expression.match(line_array(rest, starts, pa.binary()), log_format)
    refused = plain[~fits]
    odd[refused] = True
    split = _split(raw_table(_changed(columns, log_format), int(fits.sum()), log_format), log_format, odd)
    return replace(split, refused=frozenset(refused.tolist()))


def _changed(columns: dict[str, pa.Array], log_format: Format) -> dict[str, pa.Array]:
    made = {}
    for name, source, change in log_format.changed:
        if source in columns:
            values = [None if value is None else change(value) for value in columns[source].dictionary.to_pylist()]
            made[name] = pa.DictionaryArray.from_arrays(columns[source].indices, pa.array(values, pa.string()))
    return columns | made


def _split_json(block: bytes, lines: Lines, log_format: Format) -> Split:
    """As `split`, for JSON lines: those that follow a template, and of the others those that Arrow can read."""
    data = np.frombuffer(block, np.uint8)
    last = data.take(lines.ends - 1, mode="clip")
    last = np.where(last == oddities.RETURN, data.take(lines.ends - 2, mode="clip"), last)
    odd = (data.take(lines.starts, mode="clip") != ord("{")) | (last != ord("}"))
    odd |= oddities.with_specials(block, lines, b"\0")
    kinds = data[lines.specials]
    escapes = lines.specials[kinds == oddities.BACKSLASH]
    following = data.take(escapes + 1, mode="clip")
    # \x is no JSON; \ud… may be half a letter.
    strange = (following == ord("x")) | ((following == ord("u")) & (data.take(escapes + 2, mode="clip") | 32 == ord("d")))
    odd |= oddities.having(lines, escapes[strange])
    special = oddities.having(lines, lines.specials[kinds != oddities.RETURN])
    texts, numbers = read_alike(block, lines, odd | special, log_format.keys)
    parts = [_json_part(texts, numbers, log_format)]
    others = ~odd
    others[parts[0].numbers] = False
    numbers = np.flatnonzero(others)
    many = len(numbers) > _FEW
    read = objects.read_plain(_without(block, lines, ~others), log_format, len(numbers)) if many else None
    if read:
        parts.append(_json_part(read, numbers, log_format))
        others[parts[1].numbers] = False
    return Split(tuple(parts), np.flatnonzero(odd | others))


def _json_part(texts: Mapping[str, pa.ChunkedArray], numbers: Positions, log_format: Format) -> Part:
    """The lines whose times have the notation of most of the first ones."""
    columns, clock, whole = objects.of_one_clock(texts)
    raw = {name: column if name in ("time", "zone") else as_one(column.dictionary_encode()) for name, column in columns.items()}
    return Part(raw_table(_changed(raw, log_format), int(whole.sum()), log_format), clock, numbers[whole])


def _split_w3c(block: bytes, lines: Lines, log_format: Format) -> Split:
    """As `split`, for lines between comments, whose fields may be quoted."""
    first = np.frombuffer(block, np.uint8).take(lines.starts, mode="clip")
    odd = (first == ord("#")) | (first == oddities.RETURN) | (lines.starts == lines.ends)
    odd |= oddities.with_specials(block, lines, b"\0")
    kept = [number for number, field in enumerate(log_format.fields) if field.name]
    table_of = partial(cut, words=log_format.fields, log_format=log_format)
    texts, odd = texts_of(block, lines, odd, kept, table_of)
    if odd.all():
        return _all_odd(lines)
    named = {log_format.fields[number].name or "": text for number, text in zip(kept, texts, strict=True)}
    columns = w3c.raw_columns(named, log_format)
    raw = raw_table(columns, len(columns["time"]), log_format)
    fits = _fit(raw.num_rows, ((columns[name], pattern) for name, pattern in w3c.PATTERNS.items() if name in columns))
    if not fits.all():
        odd[np.flatnonzero(~odd)[~fits]] = True
        raw = raw.filter(pa.array(fits))
    return _split(raw, log_format, odd)


def raw_table(columns: dict[str, pa.ChunkedArray | pa.Array], rows: int, log_format: Format) -> pa.Table:
    """A table of RAW_COLUMNS and the format's further columns; absent ones are null."""
    names = (*RAW_COLUMNS, *log_format.further)
    return pa.table({name: columns.get(name, pa.nulls(rows, type_of(name))) for name in names})


def type_of(name: str) -> pa.DataType:
    """The type of a raw column: a dictionary, except for times, which may all differ."""
    return pa.string() if name == "time" else TEXT


def _without(block: bytes, lines: Lines, odd: Flags) -> bytes:
    if not odd.any():
        return block
    edges = np.flatnonzero(np.diff(~odd, prepend=False, append=False))
    begins = np.append(lines.starts, len(block))[edges]
    view = memoryview(block)
    return b"".join(view[begin:end] for begin, end in zip(begins[::2].tolist(), begins[1::2].tolist(), strict=True))


def _fit(rows: int, columns: Iterable[tuple[pa.Array, str | None]]) -> Flags:
    """Rows whose columns match their patterns."""
    good = np.ones(rows, np.bool_)
    for column, pattern in columns:
        if pattern:
            codes, values = distinct(column if pa.types.is_dictionary(column.type) else _digits_alike(as_one(column)))
            fits = pc.match_substring_regex(values, f"^(?:{pattern})$").to_numpy(zero_copy_only=False)
            if not fits.all():
                good &= fits[codes]
    return good


def _digits_alike(times: pa.StringArray) -> pa.StringArray:
    """Times with a 0 for every digit: the pattern of a time does not distinguish digits, and few distinct texts remain."""
    data, _, ends = spans_of(times)
    alike = np.where(data - np.uint8(ord("0")) < 10, np.uint8(ord("0")), data)
    edges = np.append(0, ends).astype(np.int32)
    return pa.Array.from_buffers(times.type, len(times), [None, pa.py_buffer(edges), pa.py_buffer(alike)])
