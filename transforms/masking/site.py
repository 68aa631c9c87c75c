"""Normalises the name of a site for publication: lower case, no port or trailing dot, and always a valid host name.

A Host header is whatever the client sends. A value that is not a host name by its syntax, or is an address, becomes `(unknown)`.
"""

from __future__ import annotations

from transforms.hosts import site_name
from transforms.reserved import UNKNOWN


def publishable_site(logged: str) -> str:
    """The published name of a site.

    >>> publishable_site("WWW.Example.ORG.:443"), publishable_site("192.0.2.7:80"), publishable_site("a b")
    ('www.example.org', '(unknown)', '(unknown)')
    """
    return site_name(logged) or UNKNOWN
