"""Takes a distinct value as a server wrote it, gives the part of it that its column holds."""

from __future__ import annotations

import re

from transforms.lookups.referrers import network_domain

_PORT = re.compile(r":\d{1,5}\Z")
_HASH = re.compile(rb"#([0-9A-Fa-f]{2})")
_ABSOLUTE = re.compile(r"[A-Z-]+ https?://[^ ]+", re.IGNORECASE)


def without_port(value: str) -> str:
    """An address without the port that always stands behind it, and without brackets.

    >>> without_port("192.0.2.7:443"), without_port("[2001:db8::1]:443"), without_port("2001:db8::1:443")
    ('192.0.2.7', '2001:db8::1', '2001:db8::1')
    """
    return _PORT.sub("", value).strip("[]")


def without_any_port(value: str) -> str:
    """An address without a port, if there is one: an IPv6 address has one only behind brackets.

    >>> without_any_port("192.0.2.7:443"), without_any_port("[2001:db8::1]:443"), without_any_port("2001:db8::1")
    ('192.0.2.7', '2001:db8::1', '2001:db8::1')
    """
    return without_port(value) if value.startswith("[") or value.count(":") == 1 else value


def after_slash(value: str) -> str:
    """What stands behind a slash: Squid writes its own result before the status.

    >>> after_slash("TCP_MISS/200")
    '200'
    """
    return value.rpartition("/")[2]


def last_of_list(value: str) -> str:
    """The last of several addresses: the one that the proxy itself was called from.

    >>> last_of_list("198.51.100.7, 203.0.113.9"), last_of_list("-")
    ('203.0.113.9', '-')
    """
    return value.rpartition(",")[2].strip()


def all_but_last_of_list(value: str) -> str:
    """The addresses before the last one.

    >>> all_but_last_of_list("198.51.100.7, 203.0.113.9"), all_but_last_of_list("203.0.113.9")
    ('198.51.100.7', '-')
    """
    return value.rpartition(",")[0].strip() or "-"


def from_hash_escapes(value: str) -> str:
    """What HAProxy wrote as `#22`, and `<BADREQ>`, which is no request.

    >>> from_hash_escapes("GET /a#22b HTTP/1.1"), from_hash_escapes("<BADREQ>")
    ('GET /a"b HTTP/1.1', '-')
    """
    if value == "<BADREQ>":
        return "-"
    written = value.encode("utf-8", "replace")
    return _HASH.sub(lambda found: bytes([int(found.group(1), 16)]), written).decode("utf-8", "replace")


def names_absolute_url(request: str) -> bool:
    """Whether a request line holds a whole URL instead of a path."""
    return _ABSOLUTE.match(request) is not None


def is_public_host(host: str) -> bool:
    """Whether a name ends as public ones do (ICANN's suffixes), so that it is probably a host's and not a person's.

    >>> is_public_host("www.example.org"), is_public_host("jane.doe")
    (True, False)
    """
    return network_domain(host.removesuffix(".")) != ""


def undoubled(value: str) -> str:
    """A field of a CSV file, in which a quote is written twice."""
    return value.replace('""', '"')
