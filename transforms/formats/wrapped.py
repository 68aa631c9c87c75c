"""Takes lines that somebody put something around, gives them as their server wrote them.

A log daemon writes a prefix (RFC 3164, RFC 5424), and so do the runtimes of containers (CRI, Docker Compose, `docker logs -t`);
Docker's driver json-file stores each line as the text of an object. A line with nothing around it stays as it is. Sources: the
two RFCs; Kubernetes, "CRI logging"; Docker, "JSON File logging driver", and its source (jsonlog, how it escapes).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.formats.oddities import Lines, find_lines, line_array

_TIMESTAMP = r"(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT\S+)"
_STRUCTURED = r'(?:-|(?:\[(?:[^\]"]|"(?:[^"\\]|\\.)*")*\])+)'
_RFC_5424 = rf"1 \S+ \S+ \S+ \S+ \S+ {_STRUCTURED} (?:\xef\xbb\xbf)?"
_RFC_3164 = rf"{_TIMESTAMP} (?:\S+ )?[^\s:\[]+(?:\[\d+\])?: "
_CONTAINER = r"\d{4}-\d\d-\d\dT\S+ std(?:out|err) [FP] |[\w.-]+ +\| |\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z "
_PREFIX = rf"(?:(?:<\d{{1,3}}>)?(?:{_RFC_5424}|{_RFC_3164})|{_CONTAINER})"
_STORED = (
    r'\{"log":"(?P<log>(?:[^"\\\x00-\x1f]|\\.)*)\\n","stream":"std(?:out|err)"'
    r'(?:,"attrs":\{(?:[^"{}]|"(?:[^"\\]|\\.)*")*\})?,"time":"[0-9TZ:.+-]+"\}'
)
_USUAL = {'\\"': '"', "\\u0026": "&", "\\u003c": "<", "\\u003e": ">"}
_PREFIXED_LINE, _STORED_LINE = re.compile(_PREFIX.encode()), re.compile(_STORED.encode() + rb"\s*\Z")


@dataclass(frozen=True, slots=True)
class Wrapping:
    """Something around lines: what it is called behind a format's title, and how a line and a block are freed of it."""

    title: str
    bare: Callable[[bytes], bytes]
    all_bare: Callable[[bytes, Lines], tuple[bytes, Lines]]


def _without_prefix(line: bytes) -> bytes:
    found = _PREFIXED_LINE.match(line)
    return line[found.end() :] if found else line


def _without_prefixes(block: bytes, lines: Lines) -> tuple[bytes, Lines]:
    bare = pc.replace_substring_regex(line_array(block, lines.starts, pa.binary()), f"^{_PREFIX}", "", max_replacements=1)
    return _as_block(bare, ended=block.endswith(b"\n"))


def _out_of_object(line: bytes) -> bytes:
    found = _STORED_LINE.match(line)
    if not found:
        return line
    text = found["log"].decode("utf-8", "surrogateescape")
    try:
        inner: bytes = json.loads(f'"{text}"').encode("utf-8", "surrogateescape")
    except ValueError:
        return line
    return line if b"\n" in inner else inner


def _out_of_objects(block: bytes, lines: Lines) -> tuple[bytes, Lines]:
    """As `_out_of_object`, for all lines together but those with an escape that is not usual."""
    found = pc.extract_regex(line_array(block, lines.starts, pa.binary()), rf"^{_STORED}\s*$")
    inner = pc.struct_field(found, "log")
    for escape, letter in _USUAL.items():
        inner = pc.replace_substring(inner, escape, letter)
    # Of an escaped backslash one is left, whatever was made of the other and what follows it.
    alone = pc.fill_null(pc.match_substring(inner, "\\"), True)
    bare = [
        _out_of_object(block[lines.starts[row] : lines.ends[row]]) for row in np.flatnonzero(alone.to_numpy(zero_copy_only=False))
    ]
    inner = pc.replace_with_mask(inner, alone, pa.array(bare, pa.binary()))
    ended = block.endswith(b"\n")
    block, lines = _as_block(pc.binary_join_element_wise(inner, b"\n", b""), ended=True)
    return (block, lines) if ended else (block[:-1], lines)


def _as_block(texts: pa.BinaryArray, ended: bool) -> tuple[bytes, Lines]:
    """Texts, each a line with its newline, as a block; `ended` says whether the last one has it, too."""
    starts = np.frombuffer(texts.buffers()[1], np.int32)[: len(texts) + 1].astype(np.int64)
    data = texts.buffers()[2]
    block = (data.to_pybytes() if data else b"")[: int(starts[-1])]
    ends = starts[1:] - 1
    if not ended:
        ends[-1] += 1
    return block, Lines(starts[:-1], ends, find_lines(block).specials)


SYSLOG, DOCKER = "syslog:", "docker:"
WRAPPINGS = {
    SYSLOG: Wrapping("behind syslog's prefix", _without_prefix, _without_prefixes),
    DOCKER: Wrapping("stored by Docker", _out_of_object, _out_of_objects),
}
"""By what stands before a format's name."""
