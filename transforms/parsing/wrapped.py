"""Unwraps lines that a log daemon or a container runtime wrapped, so that they are as their server wrote them.

A log daemon writes a prefix (RFC 3164, RFC 5424), and so do the runtimes of containers (CRI, Docker Compose, `docker logs -t`,
`docker service logs`, `kubectl logs --prefix`, Heroku). Docker's driver json-file stores each line as the text of an object. A
line without a wrapper stays as it is. Sources: the two RFCs; Kubernetes, "CRI logging"; Docker, "JSON File logging driver", and
its source (jsonlog, how it escapes).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.columns import Bytes, Flags, Positions, distinct, spans_of, texts_at
from transforms.formats import DOCKER, SYSLOG
from transforms.parsing.cuts import pieces
from transforms.parsing.oddities import BACKSLASH, NEWLINE, QUOTE, Lines, find_lines, having, line_array

_TIMESTAMP = r"(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT\S+)"
_TAG = r"[^\s:\[]+(?:\[[\w.-]+\])?: "
_STRUCTURED = r'(?:-|(?:\[(?:[^\]"]|"(?:[^"\\]|\\.)*")*\])+)'
_RFC_5424 = rf"1 \S+ \S+ \S+ \S+ \S+ {_STRUCTURED} (?:\xef\xbb\xbf)?"
_WITH_HOST = rf"(?:<\d{{1,3}}>)?{_TIMESTAMP} \S+ {_TAG}"
_RFC_3164 = rf"{_TIMESTAMP} (?:\S+ )?{_TAG}"
_COLOUR = r"(?:\x1b\[[\d;]*m)?"
_CONTAINER = (
    rf"\d{{4}}-\d\d-\d\dT\S+ std(?:out|err) [FP] |{_COLOUR}[\w.@-]+ +\|(?: {_COLOUR}|{_COLOUR} )|"
    r"\[pod/[\w./-]+\] |\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z "
)
_PREFIX = rf"(?:(?:<\d{{1,3}}>)?(?:{_RFC_5424}|{_RFC_3164})|{_CONTAINER})"
_TIME = "[0-9TZ:.+-]+"
_STORED = (
    r'\{"log":"(?P<log>(?:[^"\\\x00-\x1f]|\\.)*)\\n","stream":"std(?:out|err)"'
    r'(?:,"attrs":\{(?:[^"{}]|"(?:[^"\\]|\\.)*")*\})?,"time":"' + _TIME + r'"\}'
)
_LETTERS = {rb"\u0026": ord("&"), rb"\u003c": ord("<"), rb"\u003e": ord(">")}
_BEFORE, _BEHIND, _END = b'{"log":"', b'\\n","stream":"stdout","time":"', b'"}'
_PREFIXED_LINE, _STORED_LINE = re.compile(_PREFIX.encode()), re.compile(_STORED.encode() + rb"\s*\Z")


@dataclass(frozen=True, slots=True)
class Unwrapper:
    """How a line and a block of lines are unwrapped."""

    bare: Callable[[bytes], bytes]
    all_bare: Callable[[bytes, Lines], tuple[bytes, Lines]]


def _without_prefix(line: bytes) -> bytes:
    found = _PREFIXED_LINE.match(line)
    return line[found.end() :] if found else line


def _without_prefixes(block: bytes, lines: Lines) -> tuple[bytes, Lines]:
    """As `_without_prefix`, for all lines together: of a log daemon's prefixes those with a host, of others by one expression."""
    data, stored = np.frombuffer(block, np.uint8), line_array(block, lines.starts, pa.binary())
    # A line's first colon before a space ends such a prefix, and there are as many different ones as seconds and processes.
    colons = pc.find_substring(stored, ": ").to_numpy().astype(np.int64)
    rows = np.flatnonzero(colons >= 0)
    starts = lines.starts[rows] + colons[rows] + len(": ")
    codes, prefixes = distinct(texts_at(data, lines.starts[rows][None], starts[None])[0])
    known = pc.match_substring_regex(prefixes, f"^{_WITH_HOST}$").to_numpy(zero_copy_only=False)[codes]
    rows, starts = rows[known], starts[known]
    ends = np.minimum(lines.ends[rows] + 1, len(block))
    texts = texts_at(data, starts[None], ends[None])[0].view(pa.binary())
    others = np.delete(np.arange(len(colons)), rows)
    if len(others):
        bare = pc.replace_substring_regex(stored.take(pa.array(others)), f"^{_PREFIX}", "", max_replacements=1)
        texts = _merged(bare, others, texts, rows)
    return _as_block(texts, ended=block.endswith(b"\n"))


def _merged(some: pa.BinaryArray, rows: Positions, others: pa.BinaryArray, other_rows: Positions) -> pa.BinaryArray:
    """Merges the texts of two kinds of lines in the order of their line numbers."""
    order = np.empty(len(rows) + len(other_rows), np.int64)
    order[np.concatenate([rows, other_rows])] = np.arange(len(order))
    return pa.concat_arrays([some, others]).take(pa.array(order))


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
    """As `_out_of_object`, for all lines together: the usual ones by positions, nearly all others by one expression."""
    texts = []
    for first, last in pieces(lines):
        begin, end = lines.starts[first], lines.ends[last - 1] + 1
        of_piece = slice(*np.searchsorted(lines.specials, [begin, end]))
        spans = (lines.starts[first:last], lines.ends[first:last], lines.specials[of_piece])
        texts.append(_texts(block[begin:end], Lines(*(each - begin for each in spans))))
    ended = block.endswith(b"\n")
    block, lines = _as_block(pa.concat_arrays(texts), ended=True)
    return (block, lines) if ended else (block[:-1], lines)


def _texts(piece: bytes, lines: Lines) -> pa.BinaryArray:
    """The texts in the objects of a piece, each with a newline."""
    usual, texts = _usual_texts(piece, lines)
    others = np.flatnonzero(~usual)
    if not len(others):
        return texts
    return _merged(_other_texts(piece, lines, others), others, texts, np.flatnonzero(usual))


def _usual_texts(block: bytes, lines: Lines) -> tuple[Flags, pa.BinaryArray]:
    """Which lines have Docker's usual form, with no escapes except of quotes, &, < and >; and their texts."""
    usual, data = np.zeros(len(lines.starts), np.bool_), np.frombuffer(block, np.uint8)
    rows, ends = _usual_lines(data, lines)
    if not len(rows):
        return usual, pa.array([], pa.binary())
    starts = lines.starts[rows] + len(_BEFORE)
    texts, _, edges = spans_of(texts_at(data, starts[None], ends[None] + 1)[0])
    texts = texts.copy()
    texts[edges - 1] = NEWLINE
    escapes = np.flatnonzero(texts == BACKSLASH)
    removed = _removed(texts, escapes)
    if np.count_nonzero(texts == QUOTE) > np.count_nonzero(removed == 1):  # somebody else wrote these lines
        return usual, pa.array([], pa.binary())
    kept, long = np.ones(len(texts), np.bool_), escapes[removed > 1]
    kept[escapes] = False
    for escape, letter in _LETTERS.items():
        texts[long[_have(texts, escape, long)] + len(escape) - 1] = letter
        for number in range(1, len(escape) - 1):
            kept[long + number] = False
    offsets = np.append(0, edges - np.append(0, np.cumsum(removed))[np.searchsorted(escapes, edges)]).astype(np.int32)
    usual[rows] = True
    return usual, pa.Array.from_buffers(pa.binary(), len(rows), [None, pa.py_buffer(offsets), pa.py_buffer(texts[kept])])


def _usual_lines(data: Bytes, lines: Lines) -> tuple[Positions, Positions]:
    """The numbers of lines in Docker's usual form, and the position in each of the newline that ends the container's text."""
    is_escape = data[lines.specials] == BACKSLASH
    escapes = lines.specials[is_escape]
    # A line's last escape is its newline, behind which stands what Docker knows of it.
    last = np.searchsorted(escapes, lines.ends) - 1
    rows = np.flatnonzero((last >= 0) & (escapes[last] > lines.starts)) if len(escapes) else np.zeros(0, np.int64)
    newlines, removed = escapes[last[rows]], _removed(data, escapes)
    removed[last[rows]] = 1
    odd = having(lines, escapes[removed == 0]) | having(lines, lines.specials[~is_escape])
    times, ends = newlines + len(_BEHIND), lines.ends[rows] - len(_END)
    good = ~odd[rows] & (newlines >= lines.starts[rows] + len(_BEFORE)) & (times < ends)
    good &= _have(data, _BEFORE, lines.starts[rows]) & _have(data, _BEHIND, newlines) & _have(data, _END, ends)
    rows, newlines, times, ends = (each[good] for each in (rows, newlines, times, ends))
    good = pc.match_substring_regex(texts_at(data, times[None], ends[None])[0], f"^{_TIME}$").to_numpy(zero_copy_only=False)
    return rows[good], newlines[good]


def _removed(data: Bytes, escapes: Positions) -> Positions:
    """How many bytes shorter than its escape each letter is; 0 if the escape is unusual."""
    following = data.take(escapes + 1, mode="clip")
    removed: Positions = (following == QUOTE).astype(np.int64)
    others = np.flatnonzero(following == ord("u"))
    for escape in _LETTERS:
        removed[others[_have(data, escape, escapes[others])]] = len(escape) - 1
    return removed


def _have(data: Bytes, text: bytes, at: Positions) -> Flags:
    """Which of some positions hold the text."""
    found = np.ones(len(at), np.bool_)
    for number, byte in enumerate(text):
        found &= data.take(at + number, mode="clip") == byte
    return found


def _other_texts(block: bytes, lines: Lines, rows: Positions) -> pa.BinaryArray:
    """The texts of some lines by one expression. Lines with an unusual escape are decoded one by one."""
    stored = line_array(block, lines.starts, pa.binary()).take(pa.array(rows))
    inner = pc.struct_field(pc.extract_regex(stored, rf"^{_STORED}\s*$"), "log")
    for escape, letter in {rb"\"": QUOTE, **_LETTERS}.items():
        inner = pc.replace_substring(inner, escape, bytes([letter]))
    # Of an escaped backslash one is left, whatever was made of the other and what follows it.
    alone = pc.fill_null(pc.match_substring(inner, "\\"), True)
    some = rows[alone.to_numpy(zero_copy_only=False)]
    bare = [_out_of_object(block[begin:end]) for begin, end in zip(lines.starts[some], lines.ends[some], strict=True)]
    inner = pc.replace_with_mask(inner, alone, pa.array(bare, pa.binary()))
    return pc.binary_join_element_wise(inner, b"\n", b"")


def _as_block(texts: pa.BinaryArray, ended: bool) -> tuple[bytes, Lines]:
    """Texts, each a line with its newline, as a block; `ended` says whether the last one has it, too."""
    starts = np.frombuffer(texts.buffers()[1], np.int32)[: len(texts) + 1].astype(np.int64)
    data = texts.buffers()[2]
    block = (data.to_pybytes() if data else b"")[: int(starts[-1])]
    ends = starts[1:] - 1
    if not ended:
        ends[-1] += 1
    return block, Lines(starts[:-1], ends, find_lines(block).specials)


UNWRAPPERS = {SYSLOG: Unwrapper(_without_prefix, _without_prefixes), DOCKER: Unwrapper(_out_of_object, _out_of_objects)}
"""One for each of WRAPPINGS."""
