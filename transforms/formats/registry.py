"""Takes a format's name or notation, gives the format. One line a family."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from transforms.formats import Format, jsonl, lines, ncsa, w3c
from transforms.formats.notation import compile_notation

FORMATS: dict[str, Format] = {known.name: known for known in (*ncsa.FORMATS, *jsonl.FORMATS, *lines.FORMATS)}

SYSLOG = "syslog:"
_TIMESTAMP = r"(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT\S+)"
_STRUCTURED = r'(?:-|(?:\[(?:[^\]"]|"(?:[^"\\]|\\.)*")*\])+)'
_RFC_5424 = rf"1 \S+ \S+ \S+ \S+ \S+ {_STRUCTURED} (?:\xef\xbb\xbf)?"
_RFC_3164 = rf"{_TIMESTAMP} \S+ [^\s:\[]+(?:\[\d+\])?: "
SYSLOG_PREFIX = rf"(?:<\d{{1,3}}>)?(?:{_RFC_5424}|{_RFC_3164})"
"""RFC 5424, and what was usual before (RFC 3164, also with a newer timestamp, as Fastly sends it)."""


@lru_cache(maxsize=256)
def format_of(word: str) -> Format:
    """The format of this name, or the one that a notation or a map of JSON keys describes; `syslog:` may stand before each.

    `ValueError` says what is wrong.
    """
    if word in FORMATS:
        return FORMATS[word]
    if word.startswith(SYSLOG):
        inner = format_of(word.removeprefix(SYSLOG))
        narrows = SYSLOG + inner.narrows if inner.narrows else ""
        return replace(inner, name=word, title=f"{inner.title}, behind syslog's prefix", prefix=SYSLOG_PREFIX, narrows=narrows)
    if word.startswith((w3c.BY_SPACE, w3c.BY_TAB)):
        return w3c.format_of_header(word)
    if word.startswith("json:"):
        return jsonl.format_of_keys(word)
    if "%" not in word and "$" not in word:
        raise ValueError(f"{word} is neither the name of a format nor a notation; `weblog-anonymizer formats` lists the names")
    return compile_notation(word)
