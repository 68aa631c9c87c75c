"""Dimensions of what was requested, and of how the server answered."""

from __future__ import annotations

import re

from transforms.dimensions.dimension import Dimension, Matching, Read, Scope, each
from transforms.dimensions.extensions import DOWNLOADS, PAGES, STATIC
from transforms.dimensions.http import METHODS, OTHER_METHOD, PROTOCOLS, publishable_method, publishable_protocol
from transforms.masking.path import extension
from transforms.reserved import NONE, UNKNOWN

KINDS = ("invalid", "not_found", "error", "redirect", "static", "download", "page", "other")
"""Kinds of a hit; the first that matches is taken."""

_METHOD, _PROTOCOL, _STATUS, _EXTENSION = Read("method"), Read("protocol"), Read("status"), Read("path", each(extension))
_HTTP_STATUS = re.compile(r"[0-9]{3}")


def kind_of(method: str, status: str, ending: str) -> str:
    """The kind of a hit, by its method ("" for an invalid request), its status and the extension of its path.

    >>> kind_of("GET", "200", "html"), kind_of("GET", "304", "css"), kind_of("HEAD", "200", ""), kind_of("", "400", "")
    ('page', 'static', 'other', 'invalid')
    """
    if not method:
        return "invalid"
    if _HTTP_STATUS.fullmatch(status) and status != "304":
        if status in ("404", "410"):
            return "not_found"
        if status >= "400":
            return "error"
        if status.startswith("3"):
            return "redirect"
    if ending in STATIC:
        return "static"
    if ending in DOWNLOADS:
        return "download"
    is_shown = status == "304" or status.startswith("2")
    return "page" if method in ("GET", "POST") and is_shown and (not ending or ending in PAGES) else "other"


def file_type_of(method: str, status: str, ending: str) -> str:
    """The extension of a static file; `(none)` for every other hit."""
    return ending if kind_of(method, status, ending) == "static" else NONE


METHOD = Dimension(
    "method",
    "HTTP request method",
    "HTTP method of a standard, as `GET`; `Other`; `(unknown)` for an invalid request",
    Scope.HIT,
    (_METHOD,),
    of=publishable_method,
    values=(*sorted(METHODS), OTHER_METHOD, UNKNOWN),
    determines=("kind",),  # a request without one is invalid
)
PROTOCOL = Dimension(
    "protocol",
    "HTTP version of the request line",
    "HTTP version of the request line, as `HTTP/2.0`; `Other`; `(none)` for a request without one; `(unknown)` for an invalid "
    "request",
    Scope.HIT,
    (_METHOD, _PROTOCOL),
    of=publishable_protocol,
    values=(*sorted(PROTOCOLS), OTHER_METHOD, NONE, UNKNOWN),
    determines=("kind",),
)
STATUS = Dimension(
    "status",
    "HTTP status code",
    "HTTP status code, as `200`; `(unknown)` where the log has `-`",
    Scope.HIT,
    (Read("status"),),
    values=Matching("[0-9]{1,3}|-1", (UNKNOWN,)),
    determines=("kind",),
)
KIND = Dimension(
    "kind",
    "Kind of response: page, static, download, redirect, not_found, error, invalid, other",
    "`page`, `static`, `download`, `redirect`, `not_found`, `error`, `invalid`, `other` (below)",
    Scope.HIT,
    (_METHOD, _STATUS, _EXTENSION),
    of=kind_of,
    values=KINDS,
)
PATH = Dimension(
    "path",
    "Path without query, identifiers replaced by :id :uuid :hex :email :token",
    "path without query; identifiers are replaced by `:id`, `:uuid`, `:hex`, `:email`, `:token`, and segments after the tenth "
    "by `:more`; `(none)` for a request without a path",
    Scope.HIT,
    (Read("path"),),
    determines=("file_type",),
)
FILE_TYPE = Dimension(
    "file_type",
    "Extension of a static file, lower case",
    "extension of a static file, lower case, as `css`",
    Scope.HIT,
    (_METHOD, _STATUS, _EXTENSION),
    of=file_type_of,
    values=(*sorted(STATIC), NONE),
    determines=("kind",),
)
