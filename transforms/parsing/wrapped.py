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

from transforms.formats import DOCKER, SYSLOG

_TIMESTAMP = r"(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT\S+)"
_TAG = r"[^\s:\[]+(?:\[[\w.-]+\])?: "
_STRUCTURED = r'(?:-|(?:\[(?:[^\]"]|"(?:[^"\\]|\\.)*")*\])+)'
_RFC_5424 = rf"1 \S+ \S+ \S+ \S+ \S+ {_STRUCTURED} (?:\xef\xbb\xbf)?"
_RFC_3164 = rf"{_TIMESTAMP} (?:\S+ )?{_TAG}"
_COLOUR = r"(?:\x1b\[[\d;]*m)?"
_CONTAINER = (
    rf"\d{{4}}-\d\d-\d\dT\S+ std(?:out|err) [FP] |{_COLOUR}[\w.@-]+ +\|(?: {_COLOUR}|{_COLOUR} )|"
    r"\[pod/[\w./-]+\] |\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z "
)
PREFIX = rf"(?:(?:<\d{{1,3}}>)?(?:{_RFC_5424}|{_RFC_3164})|{_CONTAINER})"
"""Expression of what stands before a line."""

_TIME = "[0-9TZ:.+-]+"
_STORED = (
    r'\{"log":"(?P<log>(?:[^"\\\x00-\x1f]|\\.)*)\\n","stream":"std(?:out|err)"'
    r'(?:,"attrs":\{(?:[^"{}]|"(?:[^"\\]|\\.)*")*\})?,"time":"' + _TIME + r'"\}'
)
_PREFIXED_LINE, _STORED_LINE = re.compile(PREFIX.encode()), re.compile(_STORED.encode() + rb"\s*\Z")


def _without_prefix(line: bytes) -> bytes:
    found = _PREFIXED_LINE.match(line)
    return line[found.end() :] if found else line


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


BARE: dict[str, Callable[[bytes], bytes]] = {SYSLOG: _without_prefix, DOCKER: _out_of_object}
"""How a line is unwrapped, for each of WRAPPINGS."""
