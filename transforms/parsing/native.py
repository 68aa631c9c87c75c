"""Reads a block with the native kernel: says of each format what the kernel must know, and wraps what it finds in Arrow columns.

The kernel splits lines and undoes escapes. What a format makes of a value (`Format.changed`, the fields of W3C) is asked here,
once for each distinct value.
"""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pyarrow as pa

from transforms.columns import mapped
from transforms.formats import DOCKER, RAW_COLUMNS, Field, Format, Shape, w3c
from transforms.parsing import exact, objects
from transforms.parsing.rows import CLOCK, Rows
from transforms.parsing.wrapped import PREFIX

with contextlib.suppress(ImportError):  # then nobody calls this module: see transforms.kernel
    from transforms import _kernel

_SPACES = r"\t\n\f\r "


@dataclass(frozen=True, slots=True)
class _Reader:
    """A format's reader in the kernel, what stands around its lines, and the names of its columns in order."""

    lines: _kernel.Reader
    envelope: _kernel.Envelope | None
    names: tuple[str, ...]


def read_block(block: bytes, log_format: Format, first_of_file: bool) -> Rows:
    """The rows of a block of whole lines."""
    reader = _reader(log_format)
    lines, starts, columns, others = reader.lines.read(block, first_of_file, reader.envelope)
    rows = len(starts) // 8
    arrays = {name: _column(rows, *column) for name, column in zip(reader.names, columns, strict=True)}
    if log_format.header:
        arrays = w3c.raw_columns(arrays, log_format)
    made = {name: mapped(arrays[source], change) for name, source, change in log_format.changed if source in arrays}
    return Rows(lines, np.frombuffer(starts, "<i8"), arrays | made, others)


def _column(rows: int, codes: bytes, offsets: bytes, texts: bytes, missing: int) -> pa.DictionaryArray:
    values = pa.Array.from_buffers(pa.string(), len(offsets) // 4 - 1, [None, pa.py_buffer(offsets), pa.py_buffer(texts)])
    if missing:
        numbers = np.frombuffer(codes, "<i4")
        indices = pa.array(numbers, mask=numbers < 0)
    else:
        indices = pa.Array.from_buffers(pa.int32(), rows, [None, pa.py_buffer(codes)])
    return pa.DictionaryArray.from_arrays(indices, values, safe=False)


@lru_cache(maxsize=64)
def _reader(log_format: Format) -> _Reader:
    around = envelope(log_format.wrapping) if log_format.wrapping else None
    if log_format.keys:
        lines, names = _json(log_format)
    elif log_format.header:
        lines, names = _w3c(log_format)
    else:
        names = _names(log_format)
        lines = (_delimited if log_format.expression is None else _expression)(log_format, names)
    return _Reader(lines, around, tuple(names))


@lru_cache(maxsize=2)
def envelope(wrapping: str) -> _kernel.Envelope:
    """What takes lines out of one of WRAPPINGS."""
    return _kernel.Envelope.docker() if wrapping == DOCKER else _kernel.Envelope.prefix(PREFIX)


def _names(log_format: Format) -> list[str]:
    """The columns of a format of fields, an expression, or both. Behind Apache's time stands its zone."""
    fields = [name for field in log_format.fields if field.name for name in _names_of(field)]
    sources = (source for _, source, _ in log_format.changed)
    wanted = {*RAW_COLUMNS, *log_format.further, *sources}
    groups = [name for name in re.findall(r"\(\?P<(\w+)>", log_format.expression or "") if name in wanted]
    return list(dict.fromkeys([*fields, *groups]))


def _names_of(field: Field) -> list[str]:
    return ["time", "zone"] if field.shape is Shape.TIME else [field.name or ""]


def _fields(log_format: Format, names: list[str]) -> list[tuple[str, int | None, str | None]]:
    """Of each field its shape, the number of its column if it is kept, and the expression of its values."""
    number = {name: number for number, name in enumerate(names)}
    return [(field.shape.value, number.get(field.name or ""), field.pattern) for field in log_format.fields]


def _delimited(log_format: Format, names: list[str]) -> _kernel.Reader:
    doubled = log_format.separator == ","
    return _kernel.Reader.delimited(
        _fields(log_format, names),
        len(names),
        log_format.separator,
        "doubled" if doubled else "escaped" if log_format.backslash else "absent",
        or_loose=not doubled,
        more=log_format.more,
        backslash=log_format.backslash,
        messages=_messages(log_format),
    )


def _expression(log_format: Format, names: list[str]) -> _kernel.Reader:
    pattern = rf"{log_format.expression}\s*"
    by_fields = exact.has_loose_way(log_format)
    return _kernel.Reader.expression(
        pattern if log_format.fields else _as_re2_reads(pattern),
        names,
        loose=_fields(log_format, names) if by_fields else None,
        more=log_format.more,
        backslash=log_format.backslash,
        messages=_messages(log_format),
    )


def _as_re2_reads(pattern: str) -> str:
    r"""An expression in which \s and \S are what they are for RE2, Arrow's library: a vertical tab is no space."""
    in_brackets = False
    parts = []
    for part in re.findall(r"\\.|.", pattern, re.DOTALL):
        in_brackets = part == "[" or (in_brackets and part != "]")
        within = _SPACES if part == r"\s" else part
        parts.append(within if in_brackets else {r"\s": f"[{_SPACES}]", r"\S": f"[^{_SPACES}]"}.get(part, part))
    return "".join(parts)


def _w3c(log_format: Format) -> tuple[_kernel.Reader, list[str]]:
    names = [field.name for field in log_format.fields if field.name]
    fields = [
        (names.index(field.name) if field.name else None, w3c.PATTERNS.get(field.name or "")) for field in log_format.fields
    ]
    return _kernel.Reader.w3c(fields, log_format.separator, _messages(log_format)), names


def _json(log_format: Format) -> tuple[_kernel.Reader, list[str]]:
    names = [name for name, _ in log_format.keys]
    paths = [[list(path) for path in paths] for _, paths in log_format.keys]
    of_requests = [number for number, name in enumerate(names) if name in objects.OF_REQUESTS]
    time, host = names.index("time"), names.index("remote_host")
    return _kernel.Reader.json(paths, time, host, of_requests, _messages(log_format)), [*names, "zone", CLOCK]


def _messages(log_format: Format) -> list[str]:
    own = [log_format.messages] if log_format.messages else []
    return [pattern.replace(r"\Z", r"\z") for pattern in (exact.ERROR_LOG, *own)]
