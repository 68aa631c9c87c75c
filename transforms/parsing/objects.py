"""Parses a line of JSON: the values at the keys of each column, as text."""

from __future__ import annotations

import itertools
import json
import math
import re
from collections.abc import Iterable
from typing import Any

from transforms.formats import Clock, Format
from transforms.formats.jsonl import Path
from transforms.parsing import clients

_HEX_ESCAPE = re.compile(rb"(\\\\)|\\x([0-9A-Fa-f]{2})")  # nginx without escape=json, Apache
_NOTHING = re.compile(rb'([{,]\s*"[^"\\,{}]*":\s*)-?(?=[,}])')  # what nginx writes of an absent number without quotes
_SURROGATE = re.compile("[\ud800-\udfff]")  # half a letter, as JSON can have it alone; no UTF-8 can
_CLF_WIDTH = 20
_MAX_DEPTH = 128
"""Objects and lists may stand in each other so deep. Python's own limit differs between its versions."""
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_LARGEST = 1e18
_OPTIONAL = ("site", "referer", "user_agent", "forwarded_for", "dnt", "gpc")
_BRACE = re.compile(rb"[][{}]")
_MESSAGES = {"msg", "message"}
OF_REQUESTS = ("remote_host", "request", "method", "target", "status")
"""The columns that a request has: an object without any of them, and with a message, is about none."""

_TRAEFIK_HEADER = re.compile(r"request_[A-Z]")
_CLF_TIME = re.compile(r"\d{2}/[A-Z][a-z]{2}/\d{4}:.*")


def absent_columns(lines: Iterable[bytes], log_format: Format) -> list[str]:
    """Columns for which no line of a sample has a key, although it has the object in which the key would stand.

    If a header is missing, the client did not send it. If a whole object is missing, the request had nothing to put there: Caddy
    writes `tls` for requests with TLS only.
    """
    if log_format.sparse:
        return []
    sample = [found for line in lines if (found := _object(line)) is not None and _read_object(found, log_format)]
    optional = {*_OPTIONAL, *log_format.further}
    return [
        column
        for column, paths in log_format.keys
        if column in optional
        and not any(map(_is_header, paths))
        and any(isinstance(_value(found, path[:-1]), dict) for found in sample for path in paths)
        and all(_one_text(_first_value(found, paths)) is None for found in sample)
    ]


def _is_header(path: Path) -> bool:
    """Whether the value is a header that the server logs where the client sent it, as Caddy and Traefik do."""
    return "headers" in path or _TRAEFIK_HEADER.match(path[-1]) is not None


def _value(line: Any, path: Path) -> Any:
    for key in path:
        line = line.get(key) if isinstance(line, dict) else None
    return line


def _first_value(line: Any, candidates: Iterable[Path]) -> Any:
    return next((value for path in candidates if (value := _value(line, path)) is not None), None)


def clock_of(time: str) -> Clock:
    """How a time in JSON is written."""
    if _CLF_TIME.match(time):
        return Clock.CLF
    return Clock.EPOCH if time.replace(".", "", 1).isdigit() else Clock.ISO


def read_line(line: bytes, log_format: Format) -> tuple[dict[str, str | None], Clock] | None:
    """The raw columns of one line and how its time is written, or None if it is not of the format."""
    found = _object(line)
    return None if found is None else _read_object(found, log_format)


def _read_object(found: dict[str, Any], log_format: Format) -> tuple[dict[str, str | None], Clock] | None:
    columns = {column: _one_text(_first_value(found, candidates)) for column, candidates in log_format.keys}
    time = (columns.get("time") or "").strip("[]")
    columns["time"] = time
    if not time or not columns.get("remote_host"):
        return None
    clock = clock_of(time)
    if clock is Clock.CLF:
        columns |= {"time": time[:_CLF_WIDTH], "zone": time[_CLF_WIDTH + 1 :]}
    return columns, clock


def is_message(line: bytes, log_format: Format) -> bool:
    """Whether it is an object with a message and without a request: servers also log other events."""
    found = _object(line)
    if found is None or not found.keys() & _MESSAGES:
        return False
    columns = {column: _first_value(found, candidates) for column, candidates in log_format.keys}
    return all(columns.get(name) is None for name in OF_REQUESTS)


def other_hosts(line: bytes, log_format: Format) -> dict[str, str | None]:
    """For detection: what stands under each key that may hold the remote host, where the owner of the log chose the keys."""
    found = _object(line) if log_format.own_keys else None
    if found is None:
        return {}
    paths = dict(log_format.keys)["remote_host"]
    return {f"{clients.ELSEWHERE}_{at}": _one_text(_value(found, path)) for at, path in enumerate(paths)}


def _object(line: bytes) -> dict[str, Any] | None:
    text = _HEX_ESCAPE.sub(_byte, line)
    if _is_too_deep(text):
        return None
    for candidate in (text, _NOTHING.sub(rb"\1null", text)):
        try:
            found = json.loads(candidate.decode("utf-8", "replace"))
        except (ValueError, RecursionError):
            continue
        return found if isinstance(found, dict) else None
    return None


def _is_too_deep(text: bytes) -> bool:
    if text.count(b"{") + text.count(b"[") <= _MAX_DEPTH:
        return False
    depths = itertools.accumulate({b"{": 1, b"[": 1}.get(mark, -1) for mark in _BRACE.findall(_STRING.sub(b"", text)))
    return max(depths, default=0) > _MAX_DEPTH


def _byte(found: re.Match[bytes]) -> bytes:
    """A byte that was written as `\\x41`, which is not JSON: the character itself, or its JSON escape."""
    if not found[2]:
        return found[0]
    byte = bytes.fromhex(found[2].decode())
    return byte if byte >= b" " and byte not in b'"\\' else b"\\u00" + found[2]


def _one_text(value: Any) -> str | None:
    if isinstance(value, list):  # a header that stood several times is one, with commas
        texts = [_one_text(each) for each in value]
        value = ", ".join(text for text in texts if text is not None) if texts and None not in texts else None
    if isinstance(value, float):
        return str(math.floor(value)) if abs(value) < _LARGEST else None
    if isinstance(value, str):
        return _SURROGATE.sub("\ufffd", value)
    return str(value) if isinstance(value, int) else None
