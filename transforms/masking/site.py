"""Takes a site as logged, gives the name under which it is published: lower case, no port or trailing dot, surely a host name.

A Host header is whatever the client says. What is not the syntax of a host name, or is an address, becomes `(unknown)`.
"""

from __future__ import annotations

import re

from transforms.reserved import UNKNOWN

_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_HOST = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*")
_ENDS_IN_NUMBER = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)")  # read as an IPv4 address, whatever stands before (WHATWG URL)


def publishable_site(logged: str) -> str:
    """The published name of a site.

    >>> publishable_site("WWW.Example.ORG.:443"), publishable_site("192.0.2.7:80"), publishable_site("a b")
    ('www.example.org', '(unknown)', '(unknown)')
    """
    host, colon, port = logged.rpartition(":")
    if not colon or not port.isascii() or not port.isdigit():
        host = logged
    host = host.lower().removesuffix(".")
    if not _HOST.fullmatch(host) or _ENDS_IN_NUMBER.fullmatch(host):
        return UNKNOWN
    return host
