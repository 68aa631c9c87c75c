r"""Parses one line exactly, in plain Python: for detection, and where the native kernel was not built, for every line.

Escapes are undone once, after splitting: Apache 2.4 writes `\"`, `\\`, `\n`, `\t` … and `\xhh` (mod_log_config,
ap_escape_logitem), nginx writes `\x22`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

import pyarrow as pa

from transforms.clock import UTC
from transforms.formats import LISTED, SEVERAL, Clock, Field, Format, Shape, w3c
from transforms.formats.values import is_agent, is_host, is_referrer
from transforms.parsing import clients, expression, objects, times
from transforms.parsing.expression import unescape
from transforms.parsing.wrapped import BARE

_TIME = r"\[(?P<time>\S{20}) (?P<zone>[+-]\d{4})\]"
_STRICT_QUOTED = r'"(?P<%s>(?:[^"\\]|\\.)*)"'
_BARE_QUOTED = r'"(?P<%s>[^"]*)"'
_DOUBLED_QUOTED = r'"(?P<%s>(?:[^"]|"")*)"'
# What nginx and Apache write into their error logs, and their images' scripts when they start: a container has one log for all.
ERROR_LOG = (
    r"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d \[[a-z]+\] \d+#\d+: |\[[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d [\d:.]+ \d{4}\] \["
    r"|AH\d{5}: |/docker-entrypoint\.|\d\d-[a-z0-9-]+\.(?:env)?sh: "
)
_ADDRESS_PORT = r"(?:\[?(?P<%s>\S+?)\]?:\d{1,5}|-)"
_LOOSE_BYTES = 4 << 10  # its time grows with the square of a line's length
_LOOSE_QUOTED = r'"(?P<%s>(?:(?!" (?:(?:[\d.]+|-) )?").)*?)"'
# A user's name may hold spaces, but no address, and the ident's "-" is not its first word: that is a line of another format, or
# of a client that sends spaces in X-Forwarded-For, which stands before the address or in its place. Both would make another word
# of the line the address.
_ADDRESS = r"\[?(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f]{0,4}:[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:.]{0,40})\]?(?::\d{1,5})?,? "
_OF_OTHERS = rf"(?:[^ ]*,)?{_ADDRESS}"
_NAME = rf"(?:[^ ]*|(?!- |{_OF_OTHERS})[^ ]+(?: +(?!{_OF_OTHERS})[^ ]+){{1,31}})"


@lru_cache(maxsize=64)
def line_patterns(log_format: Format) -> tuple[re.Pattern[bytes], ...]:
    """Patterns to try in order: quotes escaped as servers do, then quotes left bare in a field (old servers, short lines)."""
    if log_format.expression is not None:
        whole = re.compile(log_format.expression.encode() + rb"\s*\Z", re.DOTALL)
        return (whole, _pattern(log_format, _LOOSE_QUOTED, _NAME)) if has_loose_way(log_format) else (whole,)
    if log_format.separator == ",":
        return (_pattern(log_format, _DOUBLED_QUOTED, _NAME),)
    return (_pattern(log_format, _strict(log_format), _NAME), _pattern(log_format, _LOOSE_QUOTED, _NAME))


def has_loose_way(log_format: Format) -> bool:
    """Whether a line that does not match the format's expression may be read by its fields, with quotes left bare."""
    return bool(log_format.fields) and not any(field.shape is Shape.GAP for field in log_format.fields)


@lru_cache(maxsize=64)
def detection_pattern(log_format: Format) -> re.Pattern[bytes]:
    """The narrowest pattern, which distinguishes formats: no field may hold what its neighbour would.

    It also captures the ident and the user, for `clients.doubt` to see whether they are addresses.
    """
    times = [at for at, field in enumerate(log_format.fields) if field.shape is Shape.TIME]
    fields = tuple(
        replace(field, name=f"{clients.ELSEWHERE}_{at}")
        if times and at < times[0] and field.name is None and field.pattern is None
        else field
        for at, field in enumerate(log_format.fields)
    )
    return _pattern(replace(log_format, fields=fields), _strict(log_format), r"\S+")


def _strict(log_format: Format) -> str:
    return _STRICT_QUOTED if log_format.backslash else _BARE_QUOTED


def _pattern(log_format: Format, quoted: str, free: str) -> re.Pattern[bytes]:
    spaced = log_format.separator == " "
    token = r"\S+" if spaced else f"[^{log_format.separator}]*"

    def part(field: Field) -> str:
        if field.shape is Shape.TIME:
            return _TIME
        if field.shape is Shape.QUOTED:
            return quoted % field.name if field.name else quoted.replace("(?P<%s>", "(?:")
        if field.shape is Shape.LIST and not field.name:
            return SEVERAL
        if field.shape in (Shape.LIST, Shape.LAST):
            before, item = LISTED, rf"(?:{field.pattern or token})"
            return f"(?P<{field.name}>{before}{item})" if field.shape is Shape.LIST else f"{before}(?P<{field.name}>{item})"
        if field.shape is Shape.BARE:
            return r'[^\s"]+'
        if field.shape is Shape.PORT:
            return _ADDRESS_PORT % field.name
        inner = free if field.shape is Shape.FREE and spaced else (field.pattern or token)
        return f"(?P<{field.name}>{inner})" if field.name else f"(?:{inner})"

    separator = re.escape(log_format.separator)
    further = rf'(?:{separator}(?:[^"{separator}]|"(?:[^"\\]|\\.)*")*)*' if log_format.more else ""
    # Spaces are further fields already: what may be read in two ways takes the square of a line's length to fail.
    end = rb"[^\S ]*\Z" if further else rb"\s*\Z"
    return re.compile((separator.join(part(field) for field in log_format.fields) + further).encode() + end, re.DOTALL)


def split_line(line: bytes, log_format: Format) -> tuple[dict[str, str | None], Clock] | None:
    """The line's columns as unescaped text and how its time is written, or None if the line does not fit."""
    if log_format.keys:
        read = objects.read_line(line, log_format)
        return None if read is None else (_changed(read[0], log_format), read[1])
    if log_format.header:
        row = w3c.read_line(line, log_format)
        return None if row is None else (row, log_format.clock)
    if expression.is_only_way(log_format):
        texts = expression.match(line, log_format)
        return None if texts is None else (_changed(texts, log_format), log_format.clock)
    for number, pattern in enumerate(line_patterns(log_format)):
        if number and len(line) > _LOOSE_BYTES:
            break
        found = pattern.match(line)
        if found:
            return _columns(found, log_format), log_format.clock
    return None


def _columns(found: re.Match[bytes], log_format: Format) -> dict[str, str | None]:
    text = unescape if log_format.backslash else _as_it_stands
    return _changed({name: None if value is None else text(value) for name, value in found.groupdict().items()}, log_format)


def _changed(row: Mapping[str, str | None], log_format: Format) -> dict[str, str | None]:
    made = {}
    for name, source, change in log_format.changed:
        value = row.get(source)
        made[name] = None if value is None else change(value)
    return {**row, **made}


def fits(line: bytes, log_format: Format) -> bool:
    """Whether the line is surely of the format: no field may hold what its neighbour would, and its values are plausible."""
    row = read(line, log_format)
    return row is not None and is_plausible(row, log_format)


def is_plausible(row: Mapping[str, str | None], log_format: Format) -> bool:
    """Whether the values of a line are plausible for their columns."""
    if not is_host(row.get("remote_host") or "-"):
        return False
    return log_format.plausible is None or log_format.plausible(row)


def are_times(rows: Sequence[Mapping[str, str | None]], log_format: Format) -> list[bool]:
    """Whether the time of each line is one that can be read. A line that the format ignores needs none."""
    texts, zones = ([row.get(name) or "" for row in rows] for name in ("time", "zone"))
    clocks = [objects.clock_of(text) if log_format.keys else log_format.clock for text in texts]
    valid = [any(row.get(column) == value for column, value, _ in log_format.ignored) for row in rows]
    for clock in set(clocks):
        read = times.read_times(pa.array(texts, pa.string()), pa.array(zones, pa.string()), clock, UTC).valid.tolist()
        valid = [was or (own is clock and good) for was, own, good in zip(valid, clocks, read, strict=True)]
    return valid


def are_plausible(rows: Sequence[Mapping[str, str | None]], log_format: Format) -> bool:
    """Whether the values of lines may be this format's, seen together.

    Delimited fields have no names. So half of the remote hosts must, at least once, have an agent that is not a URL, and a
    referrer that is not an agent, a time or a host name: one client alone can send anything. The clients must be in no doubt.
    """
    if clients.doubt(rows):
        return False
    if log_format.fields and not log_format.header and log_format.has("referer"):
        hosts = {row.get("remote_host") for row in rows}
        good = {
            row.get("remote_host")
            for row in rows
            if is_agent(row.get("user_agent") or "-") and is_referrer(row.get("referer") or "-")
        }
        if 2 * len(good) < len(hosts):
            return False
    return log_format.together is None or log_format.together(rows)


def read(line: bytes, log_format: Format) -> Mapping[str, str | None] | None:
    """The line's columns if no field holds what its neighbour would, else None."""
    if log_format.wrapping:
        line = BARE[log_format.wrapping](line)
    if log_format.keys:
        if not line.lstrip().startswith(b"{"):
            return None
        found = objects.read_line(line, log_format)
        whole = found is not None and (found[0].get("request") or (found[0].get("method") and found[0].get("target")))
        return {**found[0], **objects.other_hosts(line, log_format)} if found is not None and whole else None
    if log_format.header or log_format.expression is not None:
        split = split_line(line, log_format)
        return None if split is None else split[0]
    matched = detection_pattern(log_format).match(line)
    return None if matched is None else _columns(matched, log_format)


def is_message(line: bytes, log_format: Format) -> bool:
    """Whether a line that does not fit is of the same log, but about no request."""
    if _compiled(ERROR_LOG).match(line):
        return True
    if log_format.messages is not None:
        return _compiled(log_format.messages).match(line) is not None
    return bool(log_format.keys) and objects.is_message(line, log_format)


@lru_cache(maxsize=8)
def _compiled(expression: str) -> re.Pattern[bytes]:
    return re.compile(expression.encode())


def _as_it_stands(value: bytes) -> str:
    return value.decode("utf-8", "replace")
