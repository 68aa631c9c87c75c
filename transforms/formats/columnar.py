"""Takes a block of lines, gives the columns of the plain ones and the positions of the odd ones.

Arrow's CSV reader splits a line in half a microsecond, but it must only see lines whose quotes stand exactly where the format
has them: an unbalanced quote would swallow the next line. So quotes are counted and located first, for the whole block at once;
every line that differs in any way is left to the exact path. Then rows and lines correspond one to one. A format that cannot be
split at single separators is matched with its expression by Arrow, line by line but without Python.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from transforms.columns import distinct
from transforms.formats import RAW_COLUMNS, Clock, Field, Format, Shape, jsonl, oddities, w3c
from transforms.formats.oddities import Lines, Positions, find_lines

_TEXT = pa.dictionary(pa.int32(), pa.string())
_TIME_WIDTH = 21  # "[17/May/2015:10:05:03"
_SAMPLE_LINES = 20
_WORD = re.compile(rb'"[^"]*"|[^ "]+')


@dataclass(frozen=True, slots=True)
class Split:
    """Columns of the plain lines (RAW_COLUMNS, absent ones null), how their times are written, and the numbers of odd lines."""

    columns: pa.Table
    clock: Clock
    odd: Positions


def without_prefix(block: bytes, lines: Lines, prefix: str) -> tuple[bytes, Lines]:
    """The same lines without what a log daemon wrote before them; a line that has no such prefix stays as it is."""
    texts = _line_array(block, lines.starts, pa.binary())
    bare = pc.replace_substring_regex(texts, f"^(?:{prefix})", "", max_replacements=1)
    starts = np.frombuffer(bare.buffers()[1], np.int32)[: len(bare) + 1].astype(np.int64)
    data = bare.buffers()[2]
    ends = starts[1:] - 1
    if block[-1:] != b"\n" and len(ends):
        ends[-1] += 1
    return (data.to_pybytes() if data else b"")[: int(starts[-1])], Lines(starts[:-1], ends)


def split(block: bytes, lines: Lines, log_format: Format) -> Split:
    """Split the plain lines of a block."""
    if log_format.keys:
        return _split_json(block, lines, log_format)
    if log_format.header:
        return _split_w3c(block, lines, log_format)
    if not log_format.fields:
        return _split_by_expression(block, lines, log_format)
    shifting = log_format.more
    if shifting:
        log_format = _with_further_fields(block, lines, log_format)
    spaces = oddities.separators(block, log_format)
    odd = oddities.oddly_quoted(block, lines, log_format)
    if shifting:
        # Where a field is missing and another follows at the end, only the quotes show that all have moved.
        odd |= oddities.quotes_elsewhere(block, lines, spaces, log_format, odd)
    odd |= oddities.with_specials(block, lines, oddities.specials(log_format))
    if log_format.separator == " ":
        odd |= oddities.oddly_spaced(block, lines, spaces)
    plain = np.flatnonzero(~odd)
    if not len(plain):
        return _all_odd(lines, log_format)
    columns, malformed = _read(_without(block, lines, odd), log_format)
    if len(malformed):
        odd[plain[malformed]] = True
        plain = np.delete(plain, malformed)
    if columns.num_rows != len(plain):
        raise ValueError("rows and lines differ") from None
    misshapen = ~_well_shaped(columns, log_format)
    if misshapen.any():
        odd[plain[misshapen]] = True
        columns = columns.filter(pa.array(~misshapen))
    if log_format.clock is Clock.CLF:
        time = pc.utf8_slice_codeunits(columns["time"], 1, _TIME_WIDTH)
        zone = columns["zone"].combine_chunks()
        columns = columns.set_column(columns.schema.get_field_index("time"), "time", time)
        columns = columns.set_column(columns.schema.get_field_index("zone"), "zone", _map_values(zone, _strip_bracket))
    kept = {name: columns[name].combine_chunks() for name in columns.column_names}
    return Split(raw_table(_changed(kept, log_format), columns.num_rows), log_format.clock, np.flatnonzero(odd))


def _all_odd(lines: Lines, log_format: Format) -> Split:
    return Split(raw_table({}, 0), log_format.clock, np.arange(len(lines.starts)))


def _with_further_fields(block: bytes, lines: Lines, log_format: Format) -> Format:
    """The format with as many further fields as most of the first lines have; lines with another number are odd."""
    shapes: Counter[tuple[Shape, ...]] = Counter()
    known = sum(2 if field.shape is Shape.TIME else 1 for field in log_format.fields)
    for start, end in zip(lines.starts[:_SAMPLE_LINES].tolist(), lines.ends[:_SAMPLE_LINES].tolist(), strict=True):
        words = _WORD.findall(block[start:end].rstrip(b"\r"))
        shapes[tuple(Shape.QUOTED if word.startswith(b'"') else Shape.TOKEN for word in words[known:])] += 1
    further = tuple(Field(None, shape) for shape in shapes.most_common(1)[0][0]) if shapes else ()
    return replace(log_format, fields=(*log_format.fields, *further), more=False)


def _split_by_expression(block: bytes, lines: Lines, log_format: Format) -> Split:
    """As `split`, for lines that one expression describes."""
    assert log_format.expression is not None
    odd = oddities.with_specials(block, lines, oddities.specials(log_format))
    plain = np.flatnonzero(~odd)
    if not len(plain):
        return _all_odd(lines, log_format)
    rest = _without(block, lines, odd)
    starts = find_lines(rest).starts if odd.any() else lines.starts
    found = pc.extract_regex(_line_array(rest, starts, pa.string()), f"^{log_format.expression}\\s*$")
    if found.null_count:
        odd[plain[found.is_null().to_numpy(zero_copy_only=False)]] = True
        found = found.drop_null()
    columns = {name: pc.struct_field(found, name) for name in (field.name for field in found.type)}
    raw = {name: column if name == "time" else column.dictionary_encode() for name, column in columns.items()}
    return Split(raw_table(_changed(raw, log_format), len(found)), log_format.clock, np.flatnonzero(odd))


def _changed(columns: dict[str, pa.Array], log_format: Format) -> dict[str, pa.Array]:
    made = {
        name: _map_values(columns[source], _by_value(change)) for name, source, change in log_format.changed if source in columns
    }
    return {**columns, **made}


def _line_array(block: bytes, starts: Positions, kind: pa.DataType) -> pa.Array:
    """The lines of a block as Arrow has them, with their ends, without copying them."""
    offsets = np.append(starts, len(block)).astype(np.int32)
    return pa.Array.from_buffers(kind, len(starts), [None, pa.py_buffer(offsets), pa.py_buffer(block)])


def _split_json(block: bytes, lines: Lines, log_format: Format) -> Split:
    """As `split`, for lines that each hold an object."""
    data = np.frombuffer(block + b"\n", np.uint8)
    last = lines.ends - 1 - (data[lines.ends - 1] == oddities.RETURN)
    odd = (data[lines.starts] != ord("{")) | (data[last] != ord("}"))
    odd |= oddities.with_specials(block, lines, (b"\\x", b"\x00"))
    plain = np.flatnonzero(~odd)
    read = jsonl.read_plain(_without(block, lines, odd), log_format, len(plain)) if len(plain) else None
    if read is None:
        return Split(raw_table({}, 0), log_format.clock, np.arange(len(odd)))
    columns, clock, whole = read
    odd[plain[~whole]] = True
    raw = {name: column if name == "time" else column.dictionary_encode() for name, column in columns.items()}
    return Split(raw_table(_changed(raw, log_format), int(whole.sum())), clock, np.flatnonzero(odd))


def _split_w3c(block: bytes, lines: Lines, log_format: Format) -> Split:
    """As `split`, for lines between comments, of which a field may stand in quotes."""
    data = np.frombuffer(block + b"\n", np.uint8)
    first = data[lines.starts]
    odd = (first == ord("#")) | (first == oddities.NEWLINE) | (first == oddities.RETURN)
    if b'"' in block:
        quotes = np.flatnonzero(data == oddities.QUOTE)
        per_line = np.diff(np.searchsorted(quotes, lines.ends), prepend=0)
        odd |= per_line % 2 == 1
        odd |= oddities.quotes_within(data, quotes[np.repeat(~odd, per_line)].reshape(-1, 2), lines, log_format.separator)
    odd |= oddities.with_specials(block, lines, (b"\x00",))
    plain = np.flatnonzero(~odd)
    if not len(plain):
        return _all_odd(lines, log_format)
    columns, malformed, count = w3c.read_plain(_without(block, lines, odd), log_format)
    odd[plain[malformed]] = True
    plain = np.delete(plain, malformed)
    if count != len(plain):
        raise ValueError("rows and lines differ")
    raw = raw_table(columns, count)
    misshapen = ~_fit(raw, w3c.PATTERNS)
    odd[plain[misshapen]] = True
    return Split(raw.filter(pa.array(~misshapen)), log_format.clock, np.flatnonzero(odd))


def raw_table(columns: dict[str, pa.ChunkedArray | pa.Array], rows: int) -> pa.Table:
    """A table of RAW_COLUMNS; absent ones are null."""
    return pa.table({name: columns.get(name, pa.nulls(rows, type_of(name))) for name in RAW_COLUMNS})


def type_of(name: str) -> pa.DataType:
    """The type of a raw column: a dictionary, but for times, of which every one may differ."""
    return pa.string() if name == "time" else _TEXT


def _without(block: bytes, lines: Lines, odd: npt.NDArray[np.bool_]) -> bytes:
    numbers = np.flatnonzero(odd)
    if not len(numbers):
        return block
    begins = np.append(0, lines.ends[numbers] + 1)
    ends = np.append(lines.starts[numbers], len(block))
    view = memoryview(block)
    return b"".join(view[begin:end] for begin, end in zip(begins.tolist(), ends.tolist(), strict=True) if end > begin)


def _read(block: bytes, log_format: Format) -> tuple[pa.Table, Positions]:
    """The columns of the lines, and the numbers of the lines that had too many or too few fields."""
    names: list[str] = []
    types: dict[str, pa.DataType] = {}
    for number, field in enumerate(log_format.fields):
        if field.shape is Shape.TIME:
            names += ["time", "zone"]
            types |= {"time": pa.string(), "zone": _TEXT}
        else:
            names.append(field.name or _unkept(number))
            if field.name or field.pattern:
                types[names[-1]] = pa.string() if field.name == "time" else _TEXT
    malformed: list[int] = []

    def skip(row: csv.InvalidRow) -> str:
        malformed.append(row.number - 1)
        return "skip"

    table = csv.read_csv(
        pa.py_buffer(block),
        read_options=csv.ReadOptions(use_threads=False, block_size=len(block) + 1, column_names=names),
        parse_options=csv.ParseOptions(
            delimiter=log_format.separator,
            quote_char='"',
            double_quote=False,
            escape_char=False,
            newlines_in_values=False,
            ignore_empty_lines=False,
            invalid_row_handler=skip,
        ),
        convert_options=csv.ConvertOptions(check_utf8=False, column_types=types, include_columns=list(types)),
    )
    return table, np.asarray(malformed, np.int64)


def _unkept(number: int) -> str:
    return f"unkept {number}"


def _well_shaped(columns: pa.Table, log_format: Format) -> npt.NDArray[np.bool_]:
    """Rows whose narrow fields have the shape that the exact path would ask for; with it every column is in its place."""
    good = np.ones(columns.num_rows, np.bool_)
    patterns = {
        field.name or _unkept(number): f"^(?:{field.pattern})$" for number, field in enumerate(log_format.fields) if field.pattern
    }
    if log_format.clock is Clock.CLF:
        time = columns["time"]
        good &= pc.and_(pc.equal(pc.binary_length(time), _TIME_WIDTH), pc.starts_with(time, "[")).to_numpy()
        patterns["zone"] = r"^[+-][0-9]{4}\]$"
    return good & _fit(columns, patterns)


def _fit(columns: pa.Table, patterns: Mapping[str, str]) -> npt.NDArray[np.bool_]:
    """Rows whose columns match their patterns; a column that is not there fits."""
    good = np.ones(columns.num_rows, np.bool_)
    for name, pattern in patterns.items():
        if columns[name].null_count:
            continue
        codes, values = distinct(columns[name])
        fits = pc.match_substring_regex(values, pattern).to_numpy(zero_copy_only=False)
        if not fits.all():
            good &= fits[codes]
    return good


def _strip_bracket(values: pa.Array) -> pa.Array:
    return pc.utf8_slice_codeunits(values, 0, 5)


def _by_value(change: Callable[[str], str]) -> Callable[[pa.Array], pa.Array]:
    return lambda values: pa.array([None if value is None else change(value) for value in values.to_pylist()], pa.string())


def _map_values(column: pa.DictionaryArray, change: Callable[[pa.Array], pa.Array]) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(column.indices, change(column.dictionary))
