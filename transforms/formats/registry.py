"""Takes a format's name or notation, gives the format. One line a family."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache

from transforms.formats import Format, exact, jsonl, lines, ncsa, w3c
from transforms.formats.notation import compile_notation

FORMATS: dict[str, Format] = {known.name: known for known in (*ncsa.FORMATS, *jsonl.FORMATS, *lines.FORMATS)}

SYSLOG = "syslog:"
_WITHOUT = " without "
_TIMESTAMP = r"(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT\S+)"
_STRUCTURED = r'(?:-|(?:\[(?:[^\]"]|"(?:[^"\\]|\\.)*")*\])+)'
_RFC_5424 = rf"1 \S+ \S+ \S+ \S+ \S+ {_STRUCTURED} (?:\xef\xbb\xbf)?"
_RFC_3164 = rf"{_TIMESTAMP} (?:\S+ )?[^\s:\[]+(?:\[\d+\])?: "
_CONTAINER = r"\d{4}-\d\d-\d\dT\S+ std(?:out|err) [FP] |[\w.-]+ +\| "
SYSLOG_PREFIX = rf"(?:(?:<\d{{1,3}}>)?(?:{_RFC_5424}|{_RFC_3164})|{_CONTAINER})"
"""RFC 5424, and what was usual before (RFC 3164, also with a newer timestamp, as Fastly sends it); and what the runtimes of
containers write (CRI, Docker Compose)."""


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
    base, lacking, columns = word.rpartition(_WITHOUT)
    if lacking and format_of(base).keys:
        return _without(format_of(base), word, columns.split())
    if word.startswith((w3c.BY_SPACE, w3c.BY_TAB)):
        return w3c.format_of_header(word)
    if word.startswith("json:"):
        return jsonl.format_of_keys(word)
    if "%" not in word and "$" not in word:
        raise ValueError(f"{word} is neither the name of a format nor a notation; `weblog-anonymizer formats` lists the names")
    return compile_notation(word)


def as_in(word: str, sample: Iterable[bytes]) -> str:
    """The format as a file has it: of JSON, without the columns that no line of its sample has a key for.

    What a line then lacks was absent from its request. So that does not depend on which other lines stand near it.
    """
    known = format_of(word)
    lines = (exact.bare(line, known.prefix) if known.prefix else line for line in sample)
    absent = jsonl.absent_columns(lines, known)
    return f"{word}{_WITHOUT}{' '.join(absent)}" if absent else word


def _without(known: Format, word: str, columns: list[str]) -> Format:
    kept = tuple((column, paths) for column, paths in known.keys if column not in columns)
    names = tuple(column for column in known.columns if column not in columns)
    return replace(known, name=word, title=f"{known.title}, without {', '.join(columns)}", keys=kept, columns=names)
