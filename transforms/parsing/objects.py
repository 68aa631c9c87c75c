"""Parses JSON lines: a block of plain lines by columns, an odd line alone.

Arrow reads whole blocks, with the type of each key taken from the block's first lines. If a line has another type, or is no JSON
at all, the lines are read one by one.
"""

from __future__ import annotations

import io
import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import json as arrow_json

from transforms.columns import Flags, as_one, points_in, spans_of
from transforms.formats import Clock, Format
from transforms.formats.jsonl import Path

_HEX_ESCAPE = re.compile(rb"(\\\\)|\\x([0-9A-Fa-f]{2})")  # nginx without escape=json, Apache
_NOTHING = re.compile(rb'([{,]\s*"[^"\\,{}]*":\s*)-?(?=[,}])')  # what nginx writes of an absent number without quotes
_SURROGATE = re.compile("[\ud800-\udfff]")  # half a letter, as JSON can have it alone; no UTF-8 can
_CLF_WIDTH = 20
_SAMPLE_LINES = 20
_LARGEST = 1e18
_OPTIONAL = ("site", "referer", "user_agent", "forwarded_for", "dnt", "gpc")
_MESSAGES = {"msg", "message"}
_TRAEFIK_HEADER = re.compile(r"request_[A-Z]")
_CLF_TIME = re.compile(r"\d{2}/[A-Z][a-z]{2}/\d{4}:.*")


def read_plain(lines: bytes, log_format: Format, count: int) -> dict[str, pa.ChunkedArray] | None:
    """The columns of `count` lines, as Arrow reads them, or None if they must be read one by one."""
    objects = map(_object, islice(io.BytesIO(lines), _SAMPLE_LINES))
    sample = [found for found in objects if found is not None and _read_object(found, log_format)]
    if not sample:
        return None
    paths = _paths_in(sample, log_format)
    schema = _schema(sample, [path for several in paths.values() for path in several])
    table = _table(lines, schema)
    if table is None:
        table = _table(_NOTHING.sub(rb"\1null", lines), schema)
    if table is None or table.num_rows != count:
        return None
    paths["time"] = paths["time"][:1]  # a line whose time is elsewhere may write it in another way
    texts = {column: pc.coalesce(*(_text(_at(table, path)) for path in several)) for column, several in paths.items()}
    return {column: pa.chunked_array([text]) for column, text in texts.items()}


def _table(lines: bytes, schema: pa.Schema) -> pa.Table | None:
    try:
        return arrow_json.read_json(
            pa.py_buffer(lines),
            read_options=arrow_json.ReadOptions(use_threads=False, block_size=len(lines) + 1),
            parse_options=arrow_json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore"),
        )
    except pa.ArrowException:
        return None


def of_one_clock(columns: Mapping[str, pa.ChunkedArray]) -> tuple[dict[str, pa.ChunkedArray], Clock, Flags]:
    """The columns of the lines whose times have the notation of most of the first, that notation, and which lines."""
    times = as_one(columns["time"])
    if any(time and time.startswith("[") for time in times.slice(0, _SAMPLE_LINES).to_pylist()):
        times = pc.utf8_trim(times, "[]")  # Apache's %t
    columns = {**columns, "time": pa.chunked_array([times])}
    clock = _usual_clock(columns["time"])
    whole = _is_written(columns["time"], clock) & columns["remote_host"].is_valid().to_numpy()
    if not whole.all():
        kept = pa.array(whole)
        columns = {name: column.filter(kept) for name, column in columns.items()}
    if clock is Clock.CLF:
        columns["zone"] = pc.utf8_slice_codeunits(columns["time"], _CLF_WIDTH + 1).dictionary_encode()
        columns["time"] = pc.utf8_slice_codeunits(columns["time"], 0, _CLF_WIDTH)
    return columns, clock, whole


def _is_written(times: pa.ChunkedArray, clock: Clock) -> Flags:
    """Which times surely have this notation: a single byte distinguishes the two usual ones from all others."""
    data, starts, ends = spans_of(as_one(pc.fill_null(times, "") if times.null_count else times))
    if clock is Clock.EPOCH:
        decimal, points = points_in(data, starts, ends)
        return decimal & (points > starts)
    at, marks = (4, "-/") if clock is Clock.ISO else (2, "/")
    mark, last = data.take(starts + at, mode="clip"), data.take(ends - 1, mode="clip")
    found: Flags = (ends - starts > at) & ((mark == ord(marks[0])) | (mark == ord(marks[-1])))
    found &= (last != ord("[")) & (last != ord("]"))  # which the exact path takes off, wherever they stand
    return found


def absent_columns(lines: Iterable[bytes], log_format: Format) -> list[str]:
    """Columns for which no line of a sample has a key, although it has the object in which the key would stand.

    If a header is missing, the client did not send it. If a whole object is missing, the request had nothing to put there: Caddy
    writes `tls` for requests with TLS only.
    """
    if log_format.sparse:
        return []
    sample = [found for line in lines if (found := _object(line)) is not None and _read_object(found, log_format)]
    optional = {*_OPTIONAL, *log_format.further}
    return [
        column
        for column, paths in log_format.keys
        if column in optional
        and not any(map(_is_header, paths))
        and any(isinstance(_value(found, path[:-1]), dict) for found in sample for path in paths)
        and all(_one_text(_first_value(found, paths)) is None for found in sample)
    ]


def _is_header(path: Path) -> bool:
    """Whether the value is a header that the server logs where the client sent it, as Caddy and Traefik do."""
    return "headers" in path or _TRAEFIK_HEADER.match(path[-1]) is not None


def _paths_in(sample: list[Any], log_format: Format) -> dict[str, list[Path]]:
    """The keys of each column that some line of a sample has, in the table's order; if there are none, the first."""
    return {
        column: [path for path in candidates if any(_value(line, path) is not None for line in sample)] or [candidates[0]]
        for column, candidates in log_format.keys
    }


def _value(line: Any, path: Path) -> Any:
    for key in path:
        line = line.get(key) if isinstance(line, dict) else None
    return line


def _first_value(line: Any, candidates: Iterable[Path]) -> Any:
    return next((value for path in candidates if (value := _value(line, path)) is not None), None)


def _schema(sample: list[Any], paths: Iterable[Path]) -> pa.Schema:
    tree: dict[str, Any] = {}
    for path in paths:
        branch = tree
        for key in path[:-1]:
            branch = branch.setdefault(key, {})
        value = next((value for line in sample if (value := _value(line, path)) is not None), None)
        branch[path[-1]] = _type(value, in_headers="headers" in path)
    return pa.schema([pa.field(name, _nested(kind)) for name, kind in tree.items()])


def _nested(kind: Any) -> pa.DataType:
    if isinstance(kind, dict):
        return pa.struct([pa.field(name, _nested(inner)) for name, inner in kind.items()])
    return kind


def _type(value: Any, in_headers: bool) -> pa.DataType:
    if in_headers or isinstance(value, list):
        return pa.list_(pa.string())
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return pa.string()
    return pa.float64() if isinstance(value, float) else pa.int64()


def _at(table: pa.Table, path: Path) -> pa.ChunkedArray:
    column = table[path[0]]
    for key in path[1:]:
        column = pc.struct_field(column, key)
    return column


def _text(column: pa.ChunkedArray) -> pa.Array:
    array = pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)
    if pa.types.is_list(array.type):
        return pc.if_else(pc.greater(pc.list_value_length(array), 0), pc.binary_join(array, ", "), None)
    if pa.types.is_floating(array.type):
        array = pc.cast(pc.floor(pc.if_else(pc.less(pc.abs(array), _LARGEST), array, None)), pa.int64())
    return pc.cast(array, pa.string())


def _usual_clock(times: pa.ChunkedArray) -> Clock:
    """The notation of most of the first times. One malformed time must not affect those after it."""
    sample = [time for time in times.slice(0, _SAMPLE_LINES).to_pylist() if time]
    return Counter(map(_clock, sample)).most_common(1)[0][0] if sample else Clock.ISO


def _clock(time: str) -> Clock:
    if _CLF_TIME.match(time):
        return Clock.CLF
    return Clock.EPOCH if time.replace(".", "", 1).isdigit() else Clock.ISO


def read_line(line: bytes, log_format: Format) -> tuple[dict[str, str | None], Clock] | None:
    """The raw columns of one line and how its time is written, or None if it is not of the format."""
    found = _object(line)
    return None if found is None else _read_object(found, log_format)


def _read_object(found: dict[str, Any], log_format: Format) -> tuple[dict[str, str | None], Clock] | None:
    columns = {column: _one_text(_first_value(found, candidates)) for column, candidates in log_format.keys}
    time = (columns.get("time") or "").strip("[]")
    columns["time"] = time
    if not time or not columns.get("remote_host"):
        return None
    clock = _clock(time)
    if clock is Clock.CLF:
        columns |= {"time": time[:_CLF_WIDTH], "zone": time[_CLF_WIDTH + 1 :]}
    return columns, clock


def is_message(line: bytes, log_format: Format) -> bool:
    """Whether it is an object with a message and without a request: servers also log other events."""
    found = _object(line)
    if found is None or not found.keys() & _MESSAGES:
        return False
    columns = {column: _first_value(found, candidates) for column, candidates in log_format.keys}
    return all(columns.get(name) is None for name in ("remote_host", "request", "method", "target", "status"))


def _object(line: bytes) -> dict[str, Any] | None:
    text = _HEX_ESCAPE.sub(_byte, line)
    for candidate in (text, _NOTHING.sub(rb"\1null", text)):
        try:
            found = json.loads(candidate.decode("utf-8", "replace"))
        except (ValueError, RecursionError):
            continue
        return found if isinstance(found, dict) else None
    return None


def _byte(found: re.Match[bytes]) -> bytes:
    """A byte that was written as `\\x41`, which is not JSON: the character itself, or its JSON escape."""
    if not found[2]:
        return found[0]
    byte = bytes.fromhex(found[2].decode())
    return byte if byte >= b" " and byte not in b'"\\' else b"\\u00" + found[2]


def _one_text(value: Any) -> str | None:
    if isinstance(value, list):  # a header that stood several times is one, with commas
        texts = [_one_text(each) for each in value]
        value = ", ".join(text for text in texts if text is not None) if texts and None not in texts else None
    if isinstance(value, float):
        return str(math.floor(value)) if abs(value) < _LARGEST else None
    if isinstance(value, str):
        return _SURROGATE.sub("\ufffd", value)
    return str(value) if isinstance(value, int) else None
