"""Maps methods and protocols of request lines to the standard names under which they are published."""

from __future__ import annotations

from transforms.reserved import NONE, UNKNOWN

OTHER_METHOD = "Other"

METHODS = frozenset(
    # RFC 9110, 5789 (PATCH), 4918, 3253, 3744 and 5323 (WebDAV), and QUERY
    """GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH PROPFIND PROPPATCH MKCOL COPY MOVE LOCK UNLOCK
    REPORT SEARCH ACL QUERY""".split()
)
PROTOCOLS = {"HTTP/0.9", "HTTP/1.0", "HTTP/1.1", "HTTP/2.0", "HTTP/3.0"}


def publishable_method(method: str) -> str:
    """A standard method, `Other`, or `(unknown)` for an invalid request.

    >>> publishable_method("GET"), publishable_method("JANE"), publishable_method("")
    ('GET', 'Other', '(unknown)')
    """
    if not method:
        return UNKNOWN
    return method if method in METHODS else OTHER_METHOD


def publishable_protocol(method: str, protocol: str) -> str:
    """An HTTP version, `(none)` for a request without one, `Other`, or `(unknown)` for an invalid request.

    >>> publishable_protocol("GET", "HTTP/2"), publishable_protocol("GET", ""), publishable_protocol("", "")
    ('HTTP/2.0', '(none)', '(unknown)')
    """
    if not method:
        return UNKNOWN
    if not protocol:
        return NONE
    version = protocol if "." in protocol else protocol + ".0"
    return version if version in PROTOCOLS else OTHER_METHOD
