r"""Parses the lines of a format that is one regular expression, with Arrow.

Arrow matches them with RE2, as bytes, in time linear in the length of the line, whatever the line contains. So no line is odd,
and each is read independently of the others. (Python's `re` would take quadratic or cubic time where values are adjacent, and
reads `\s` differently.) Each distinct value is unescaped once.
"""

from __future__ import annotations

import re

import pyarrow as pa
import pyarrow.compute as pc

from transforms.columns import Flags
from transforms.formats import Format

_ESCAPE = re.compile(rb"\\(x[0-9A-Fa-f]{2}|.)", re.DOTALL)
_CONTROL = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"b": b"\b", b"f": b"\f", b"v": b"\v"}


def is_only_way(log_format: Format) -> bool:
    """Whether all lines of a format are matched with its expression, and none is split."""
    return log_format.expression is not None and not log_format.fields


def match(lines: pa.BinaryArray, log_format: Format) -> tuple[dict[str, pa.Array], Flags]:
    """The columns of the lines that fit, as text (a dictionary, except for times), and which lines these are."""
    found = pc.extract_regex(lines, f"^{log_format.expression}\\s*$")
    fits: Flags = found.is_valid().to_numpy(zero_copy_only=False)
    found = found.drop_null()
    values = {field.name: pc.struct_field(found, field.name) for field in found.type}
    return {name: _times(value) if name == "time" else _texts(value) for name, value in values.items()}, fits


def _times(values: pa.BinaryArray) -> pa.StringArray:
    plain = _plain(values)
    return _texts(values).cast(pa.string()) if plain is None else plain


def _texts(values: pa.BinaryArray) -> pa.DictionaryArray:
    encoded = values.dictionary_encode()
    texts = _plain(encoded.dictionary)
    if texts is None:
        texts = pa.array(map(unescape, encoded.dictionary.to_pylist()), pa.string())
    return pa.DictionaryArray.from_arrays(encoded.indices, texts)


def _plain(values: pa.BinaryArray) -> pa.StringArray | None:
    """The values as text, if none has an escape, and all are UTF-8."""
    if pc.any(pc.match_substring(values, "\\")).as_py():
        return None
    try:
        return values.cast(pa.string())
    except pa.ArrowInvalid:
        return None


def unescape(value: bytes) -> str:
    """Text of an escaped field; bytes that are not UTF-8 become U+FFFD."""
    if b"\\" in value:
        value = _ESCAPE.sub(_unescaped, value)
    return value.decode("utf-8", "replace")


def _unescaped(found: re.Match[bytes]) -> bytes:
    body = found.group(1)
    if len(body) == 3:
        return bytes([int(body[1:], 16)])
    return _CONTROL.get(body, body)
