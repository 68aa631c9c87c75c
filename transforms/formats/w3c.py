"""The W3C extended log format: builds a format from the `#Fields:` line of a log, and the columns from the lines that follow it.

The log itself declares the fields of a line and their order, and may change them in the middle (IIS writes a new header whenever
it starts). So the header is the format: a block's format is named `w3c:` or `w3c-tab:` and the names of its fields.

Sources: W3C working draft "Extended Log File Format"; Microsoft, "W3C Logging" (IIS: UTC, spaces within fields as `+`); AWS,
"Standard logs" of CloudFront (tabs, fields percent-encoded, the site in x-host-header); Tomcat, ExtendedAccessLogValve (`bytes`,
quotes written twice).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache, partial
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.compute as pc

from transforms.columns import distinct, distinct_pairs, mapped, recode
from transforms.formats import STATUS, Clock, Field, Format, Shape

_HEADER = re.compile(rb"^#Fields:[ \t]*([^\r\n]*)", re.MULTILINE)
_HOST_AND_PATH = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+(?::\d+)?/")
BY_SPACE, BY_TAB = "w3c:", "w3c-tab:"
MAX_HEADER_BYTES = 64 << 10
"""A header that is longer is damage: those of CloudFront, which name most fields, have less than 1 KiB."""
LACKING, TOO_LONG = "header", "long_header"
"""Reasons of a `HeaderError`."""

_FIELDS = {
    "c-ip": "remote_host",
    "cs-method": "method",
    "cs-uri-stem": "target",
    "cs-uri-query": "query",
    "cs-uri": "target",
    "cs-version": "protocol",
    "cs-protocol-version": "protocol",
    "sc-status": "status",
    "c-status": "status",
    "sc-bytes": "bytes_sent",
    "bytes": "bytes_sent",
    "cs(user-agent)": "user_agent",
    "cs(referer)": "referer",
    "cs(referrer)": "referer",
    "cs-host": "site",
    "cs(host)": "site",
    "x-host-header": "site",
    "x-forwarded-for": "forwarded_for",
    "cs(x-forwarded-for)": "forwarded_for",
    "s-xff": "forwarded_for",
    "ssl-protocol": "tls_version",
    "cs(dnt)": "dnt",
    "cs(sec-gpc)": "gpc",
}
_KNOWN, _OTHER = {"date", "time", *_FIELDS}, "-"
_DECODED = ("user_agent", "referer", "forwarded_for", "target", "protocol", "query")
_SPACED = ("user_agent", "referer", "forwarded_for")
PATTERNS = {"status": rf"{STATUS}|", "bytes_sent": r"[0-9]{1,18}|-|"}
"""Values of the narrow columns, by which a line shows that its fields are in their places."""


class HeaderError(ValueError):
    """No lines can be read by this header; `reason` is one of those above."""

    def __init__(self, reason: str, words: str) -> None:
        super().__init__(words)
        self.reason = reason


def header_in(lines: bytes, before: str = BY_SPACE) -> str | None:
    """The format that the first header of some lines declares, or None if they have none.

    The first line after it shows whether tabs separate the fields, and whether lines end in a separator: then they have one more
    field, which is empty. Without such a line, the format `before` decides. Raises
    `HeaderError` if the header is too long.
    """
    found = _HEADER.search(lines)
    if found is None:
        return None
    if found.end() - found.start() > MAX_HEADER_BYTES:
        raise HeaderError(TOO_LONG, "the header #Fields is longer than 64 KiB")
    # A format's name travels and is told: so it is made of words of the list above, never of the log's own.
    names = [name if name in _KNOWN else _OTHER for name in found.group(1).decode("ascii", "replace").lower().split()]
    first = next((line for line in lines[found.end() :].split(b"\n") if line.strip() and not line.startswith(b"#")), None)
    by_tab = before.startswith(BY_TAB) if first is None else first.count(b"\t") >= max(len(names) - 1, 1)
    if first is not None:
        texts = _texts(first, "\t" if by_tab else " ")
        further = len(texts) == len(names) + 1 and not texts[-1]  # each line ends in a separator, behind which nothing stands
    else:
        further = before.partition(":")[2].split() == [*names, _OTHER]
    return (BY_TAB if by_tab else BY_SPACE) + " ".join([*names, _OTHER] if further else names)


def is_header(words: str) -> bool:
    """Whether a format is a W3C header."""
    return words.startswith((BY_SPACE, BY_TAB))


def by_header(block: bytes, words: str) -> Iterator[tuple[str, int, bytes]]:
    """Splits a block into parts with one header each: format, position in the block, and bytes. Other formats have one part."""
    starts = [found.start() for found in _HEADER.finditer(block)] if is_header(words) else []
    if not starts or starts[0] > 0:
        yield words, 0, block[: starts[0]] if starts else block
    for start, end in zip(starts, [*starts[1:], len(block)], strict=False):  # without a header there is no part of its own
        words = header_in(block[start:end], words) or words
        yield words, start, block[start:end]


@lru_cache(maxsize=256)
def format_of_header(words: str) -> Format:
    """The format of a header; raises `HeaderError` if it lacks a field."""
    names = words.partition(":")[2].lower().split()
    seen: set[str] = set()
    fields = []
    for name in names:
        column = name if name in ("date", "time") else _FIELDS.get(name)
        if (name == "cs(host)" and "x-host-header" in names) or (name == "bytes" and "sc-bytes" in names):
            column = None  # CloudFront's own name: the other one is the site's; and perhaps those of both directions
        fields.append(Field(None if column in seen else column, Shape.TOKEN))
        seen |= {column} if column else set()
    if not {"date", "time", "remote_host"} <= seen or "target" not in seen:
        raise HeaderError(LACKING, "the header #Fields must name date, time, c-ip and cs-uri-stem")
    kept = tuple(field.name for field in fields if field.name and field.name != "date")
    separator = "\t" if words.startswith(BY_TAB) else " "
    title = "W3C extended, by its own #Fields line"
    in_request = "cs-uri" in names and "site" not in seen  # a whole URL
    return Format(
        *(words, title, words, tuple(fields), Clock.ISO),
        columns=kept,
        separator=separator,
        header=True,
        site_in_request=in_request,
    )


def raw_columns(texts: Mapping[str, pa.DictionaryArray], log_format: Format) -> dict[str, pa.DictionaryArray]:
    """The raw columns of lines, out of the texts of the fields that have a name. Each distinct text is decoded once."""
    encoded = _is_cloudfront(log_format)
    columns = {
        name: mapped(column, partial(_decoded, name, encoded=encoded)) if name in _DECODED else column
        for name, column in texts.items()
        if name not in ("date", "time")
    }
    (date_codes, dates), (time_codes, times) = distinct(texts["date"]), distinct(texts["time"])
    codes, of_dates, of_times = distinct_pairs(date_codes, time_codes)
    joined = pc.binary_join_element_wise(dates.take(pa.array(of_dates)), times.take(pa.array(of_times)), "T")
    return {**columns, "time": recode(codes, joined)}


def read_line(line: bytes, log_format: Format) -> dict[str, str | None] | None:
    """The raw columns of one line, or None if it does not have the header's fields."""
    texts = _texts(line, log_format.separator)
    if len(texts) != len(log_format.fields):
        return None
    encoded = _is_cloudfront(log_format)
    row: dict[str, str | None] = {
        field.name: _decoded(field.name, text, encoded)
        for field, text in zip(log_format.fields, texts, strict=True)
        if field.name
    }
    row["time"] = f"{row.pop('date')}T{row['time']}"
    return row if all(re.fullmatch(pattern, row.get(name) or "-") for name, pattern in PATTERNS.items()) else None


def _texts(line: bytes, separator: str) -> list[str]:
    text = line.rstrip(b"\r").decode("utf-8", "replace")
    return _quoted_words(text, separator) if '"' in text else text.split(separator)


def _quoted_words(text: str, separator: str) -> list[str]:
    """The fields of a line with quoted fields, in which separators are literal and quotes are doubled."""
    words = re.findall(rf'(?:^|{separator})("(?:[^"]|"")*"(?={separator}|$)|[^{separator}]*)', text)
    return [word[1:-1].replace('""', '"') if len(word) > 1 and word[0] == word[-1] == '"' else word for word in words]


def _is_cloudfront(log_format: Format) -> bool:
    return "x-host-header" in log_format.name


def _decoded(name: str, text: str, encoded: bool) -> str:
    """A field's own text: IIS writes + for a space in an agent and escapes nothing, CloudFront %20, and %2520 in older logs; a
    path stays as it was requested.

    CloudFront encodes again what is already encoded, so that a `%` of the request is `%25` (`encoded`).
    """
    if encoded and name in ("target", "query"):
        text = text.replace("%25", "%")
    if name == "target":
        # cs-uri may be a host and a path.
        return ("http://" if _HOST_AND_PATH.match(text) else "") + text.replace(" ", "%20")
    if name == "protocol":
        return text if text.startswith("HTTP/") else "-"  # "HTTPS" is no version
    if name not in _SPACED:
        return text
    if " " in text or (name == "referer" and not encoded):
        return text  # in quotes, or a URL
    if encoded:
        once = unquote(text, errors="replace")
        # What was encoded twice still has no space; but a URL has none in any case.
        return once if " " in once or name == "referer" else unquote(once, errors="replace")
    return text.replace("+", " ") if "+" in text else unquote(text, errors="replace")
