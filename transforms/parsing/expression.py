r"""Parses a line of a format that is one regular expression, with Arrow.

Arrow matches it with RE2, as bytes, in time linear in the length of the line, whatever the line contains. (Python's `re` would
take quadratic or cubic time where values are adjacent, and reads `\s` differently.)
"""

from __future__ import annotations

import re

import pyarrow as pa
import pyarrow.compute as pc

from transforms.formats import Format

_ESCAPE = re.compile(rb"\\(x[0-9A-Fa-f]{2}|.)", re.DOTALL)
_CONTROL = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"b": b"\b", b"f": b"\f", b"v": b"\v"}


def is_only_way(log_format: Format) -> bool:
    """Whether all lines of a format are matched with its expression, and none is split."""
    return log_format.expression is not None and not log_format.fields


def match(line: bytes, log_format: Format) -> dict[str, str] | None:
    """The columns of a line as text, or None if it does not match."""
    found: dict[str, bytes] | None = pc.extract_regex(pa.array([line]), f"^{log_format.expression}\\s*$")[0].as_py()
    return None if found is None else {name: unescape(value) for name, value in found.items()}


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
