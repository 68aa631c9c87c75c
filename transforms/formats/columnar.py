"""Takes a block of space-separated lines, gives the columns of the plain ones and the positions of the odd ones.

Arrow's CSV reader splits a line in half a microsecond, but it must only see lines whose quotes stand exactly where the format
has them: an unbalanced quote would swallow the next line. So quotes are counted and located first, for the whole block at once;
every line that differs in any way is left to the exact path. Then rows and lines correspond one to one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from transforms.columns import distinct
from transforms.formats import RAW_COLUMNS, Clock, Format, Shape, jsonl, w3c

_TEXT = pa.dictionary(pa.int32(), pa.string())
MAX_LINE_BYTES = 1 << 20
_TIME_WIDTH = 21  # "[17/May/2015:10:05:03"
_NEWLINE, _RETURN, _SPACE, _QUOTE = 10, 13, 32, 34

Positions = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Lines:
    """Where the lines of a block begin and end (position of the newline, or of the block's end)."""

    starts: Positions
    ends: Positions


@dataclass(frozen=True, slots=True)
class Split:
    """Columns of the plain lines (RAW_COLUMNS, absent ones null), how their times are written, and the numbers of odd lines."""

    columns: pa.Table
    clock: Clock
    odd: Positions


def find_lines(block: bytes) -> Lines:
    """Lines of a block; the last may lack its newline."""
    ends = np.flatnonzero(np.frombuffer(block, np.uint8) == _NEWLINE)
    if block and block[-1] != _NEWLINE:
        ends = np.append(ends, len(block))
    starts = np.empty_like(ends)
    starts[:1] = 0
    starts[1:] = ends[:-1] + 1
    return Lines(starts, ends)


def split(block: bytes, lines: Lines, log_format: Format) -> Split:
    """Split the plain lines of a block."""
    count = len(lines.starts)
    if log_format.expression is not None:
        return Split(raw_table({}, 0), log_format.clock, np.arange(count))
    if log_format.keys:
        return _split_json(block, lines, log_format)
    if log_format.delimiter:
        return _split_w3c(block, lines, log_format)
    odd = _oddly_quoted(block, lines, log_format)
    odd |= _lines_with_specials(block, lines)
    odd |= lines.ends - lines.starts > MAX_LINE_BYTES
    plain = np.flatnonzero(~odd)
    if not len(plain):
        return Split(raw_table({}, 0), log_format.clock, np.arange(count))
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
    raw = raw_table({name: columns[name] for name in columns.column_names}, columns.num_rows)
    return Split(raw, log_format.clock, np.flatnonzero(odd))


def _split_json(block: bytes, lines: Lines, log_format: Format) -> Split:
    """As `split`, for lines that each hold an object."""
    data = np.frombuffer(block + b"\n", np.uint8)
    last = lines.ends - 1 - (data[lines.ends - 1] == _RETURN)
    odd = (data[lines.starts] != ord("{")) | (data[last] != ord("}")) | (lines.ends - lines.starts > MAX_LINE_BYTES)
    odd |= _lines_with_specials(block, lines, special=(b"\\x", b"\x00"))
    plain = np.flatnonzero(~odd)
    read = jsonl.read_plain(_without(block, lines, odd), log_format, len(plain)) if len(plain) else None
    if read is None:
        return Split(raw_table({}, 0), log_format.clock, np.arange(len(odd)))
    columns, clock = read
    raw = {name: column if name == "time" else column.dictionary_encode() for name, column in columns.items()}
    return Split(raw_table(raw, len(plain)), clock, np.flatnonzero(odd))


def _split_w3c(block: bytes, lines: Lines, log_format: Format) -> Split:
    """As `split`, for lines without any quoting, between comments."""
    odd = np.frombuffer(block + b"\n", np.uint8)[lines.starts] == ord("#")
    odd |= lines.ends - lines.starts > MAX_LINE_BYTES
    odd |= _lines_with_specials(block, lines, special=(b"\x00",))
    plain = np.flatnonzero(~odd)
    if not len(plain):
        return Split(raw_table({}, 0), log_format.clock, np.arange(len(odd)))
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


def _oddly_quoted(block: bytes, lines: Lines, log_format: Format) -> npt.NDArray[np.bool_]:
    """Lines whose quotes are not exactly the format's, each at the edge of its field."""
    shapes = [field.shape for field in log_format.fields]
    expected = 2 * shapes.count(Shape.QUOTED)
    count = len(lines.starts)
    data = np.frombuffer(block + b"\n", np.uint8)
    quotes = np.flatnonzero(data[:-1] == _QUOTE)
    odd = np.zeros(count, np.bool_)
    if len(quotes) == count * expected:
        grid = quotes.reshape(count, expected)
        regular = bool(((grid[:, 0] > lines.starts) & (grid[:, -1] < lines.ends)).all())
    else:
        regular = False
    if not regular:
        upto = np.searchsorted(quotes, lines.ends)
        per_line = np.diff(upto, prepend=0)
        odd = per_line != expected
        grid = quotes[np.repeat(~odd, per_line)].reshape(-1, expected)
    fits = (data[grid[:, 0::2] - 1] == _SPACE).all(axis=1)  # position -1 reads the appended newline: no space
    after = data[grid[:, 1::2] + 1]
    if shapes[-1] is Shape.QUOTED:
        fits &= (after[:, -1] == _NEWLINE) | (after[:, -1] == _RETURN)
        after = after[:, :-1]
    fits &= (after == _SPACE).all(axis=1)
    odd[np.flatnonzero(~odd)[~fits]] = True
    return odd


def _lines_with_specials(block: bytes, lines: Lines, special: tuple[bytes, ...] = (b"\\", b"\x00")) -> npt.NDArray[np.bool_]:
    """Lines with special bytes, with a carriage return that does not end the line, or with bytes that are not UTF-8."""
    odd = np.zeros(len(lines.starts), np.bool_)
    data = np.frombuffer(block, np.uint8)

    def mark(positions: Positions) -> None:
        odd[np.searchsorted(lines.ends, positions)] = True

    for word in special:
        if word in block:
            found = data == word[0]
            if len(word) > 1:
                found[:-1] &= data[1:] == word[1]
            mark(np.flatnonzero(found))
    if b"\r" in block:
        returns = np.flatnonzero(data == _RETURN)
        inside = returns[(returns + 1 >= len(data)) | (data[np.minimum(returns + 1, len(data) - 1)] != _NEWLINE)]
        mark(inside)
    if not block.isascii():
        try:
            block.decode()
        except UnicodeDecodeError:
            mark(np.flatnonzero(data >= 0x80))
    if block.startswith(b"\xef\xbb\xbf"):
        odd[:1] = True
    return odd


def _without(block: bytes, lines: Lines, odd: npt.NDArray[np.bool_]) -> bytes:
    numbers = np.flatnonzero(odd)
    if not len(numbers):
        return block
    begins = np.append(0, lines.ends[numbers] + 1)
    ends = np.append(lines.starts[numbers], len(block))
    return b"".join(block[begin:end] for begin, end in zip(begins.tolist(), ends.tolist(), strict=True) if end > begin)


def _read(block: bytes, log_format: Format) -> tuple[pa.Table, Positions]:
    """The columns of the lines, and the numbers of the lines that had too many or too few fields."""
    names: list[str] = []
    types: dict[str, pa.DataType] = {}
    for number, field in enumerate(log_format.fields):
        if field.shape is Shape.TIME:
            names += ["time", "zone"]
            types |= {"time": pa.string(), "zone": _TEXT}
        else:
            names.append(field.name or f"unkept {number}")
            if field.name:
                types[field.name] = pa.string() if field.name == "time" else _TEXT
    malformed: list[int] = []

    def skip(row: csv.InvalidRow) -> str:
        malformed.append(row.number - 1)
        return "skip"

    table = csv.read_csv(
        pa.py_buffer(block),
        read_options=csv.ReadOptions(use_threads=False, block_size=len(block) + 1, column_names=names),
        parse_options=csv.ParseOptions(
            delimiter=" ",
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


def _well_shaped(columns: pa.Table, log_format: Format) -> npt.NDArray[np.bool_]:
    """Rows whose narrow fields have the shape that the exact path would ask for; with it every column is in its place."""
    good = np.ones(columns.num_rows, np.bool_)
    patterns = {field.name: f"^(?:{field.pattern})$" for field in log_format.fields if field.name and field.pattern}
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


def _map_values(column: pa.DictionaryArray, change: object) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(column.indices, change(column.dictionary))  # type: ignore[operator]
