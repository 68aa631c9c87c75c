"""The registry of log formats: finds a format by name or notation. One line a family."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

from transforms.formats import WRAPPINGS, Format, jsonl, lines, ncsa, w3c
from transforms.formats.notation import compile_notation
from transforms.formats.values import names_absolute_url

FORMATS: dict[str, Format] = {known.name: known for known in (*ncsa.FORMATS, *jsonl.FORMATS, *lines.FORMATS)}

ABSOLUTE = "absolute:"
"""Before a format's name: its requests have whole URLs, which name the site, as Varnish and Squid's `combined` write them."""

WITHOUT = " without "
"""Behind the name of a format of JSON: the columns that a file of it does not have."""


@lru_cache(maxsize=256)
def format_of(word: str) -> Format:
    """The format of this name, or the one that a notation or a map of JSON keys describes, perhaps behind one of WRAPPINGS.

    `ValueError` says what is wrong.
    """
    if word in FORMATS:
        return FORMATS[word]
    around, colon, name = word.partition(":")
    if around + colon in WRAPPINGS:
        inner = format_of(name)
        if inner.wrapping:
            raise ValueError(f"{word} would be taken out of two others' lines; one such word may stand before a format")
        title, narrows = f"{inner.title}, {WRAPPINGS[around + colon]}", inner.narrows and around + colon + inner.narrows
        return replace(inner, name=word, title=title, wrapping=around + colon, narrows=narrows)
    if around + colon == ABSOLUTE:
        return _with_site_in_request(format_of(name), word)
    base, lacking, columns = word.rpartition(WITHOUT)
    if lacking and format_of(base).keys:
        return _without(format_of(base), word, columns.split())
    if word.startswith((w3c.BY_SPACE, w3c.BY_TAB)):
        return w3c.format_of_header(word)
    if word.startswith("json:"):
        return jsonl.format_of_keys(word)
    if "%" not in word and "$" not in word:
        raise ValueError(f"{word} is neither the name of a format nor a notation; `weblog-anonymizer formats` lists the names")
    return compile_notation(word)


def names_no_site(known: Format) -> bool:
    """Whether a delimited format that has the request as the client sent it has no other information about the site."""
    of_fields = bool(known.fields) and not known.header
    return of_fields and known.has("request") and not (known.has("site") or known.site_in_request)


def _with_site_in_request(known: Format, word: str) -> Format:
    if not names_no_site(known):
        raise ValueError(f"{word}: the lines of {known.name} name their site themselves, or hold no request line")

    def is_plausible(row: Mapping[str, str | None]) -> bool:
        return names_absolute_url(row["request"] or "") and (known.plausible is None or known.plausible(row))

    # Other servers' logs have a few whole URLs, too: of those who look for a proxy.
    return replace(
        known,
        name=word,
        title=f"{known.title}, with the site in the request's URL",
        narrows=known.name,
        plausible=is_plausible,
        evidence=0.9,  # other servers' logs have a few whole URLs: of those who look for a proxy
        site_in_request=True,
    )


def _without(known: Format, word: str, columns: list[str]) -> Format:
    kept = tuple((column, paths) for column, paths in known.keys if column not in columns)
    names = tuple(column for column in known.columns if column not in columns)
    return replace(known, name=word, title=f"{known.title}, without {', '.join(columns)}", keys=kept, columns=names)
