"""Dimensions of what was requested, and of how the server answered."""

from __future__ import annotations

import re

from transforms.dimensions.dimension import Dimension, Matching, Read, Scope, each, explained, listed
from transforms.masking.path import extension
from transforms.reserved import NONE, UNKNOWN


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


PAGES = _words(
    """
    html htm xhtml shtml php asp aspx jsp do cgi
    """
)
"""What a server computes or a person reads; a path without extension is a page too."""

STATIC = _words(
    """
    css js mjs map json xml txt webmanifest wasm rss atom xsl png jpg jpeg gif webp avif svg ico bmp cur apng heic jxl
    woff woff2 ttf otf eot
    """
)
"""What a page loads by itself."""

DOWNLOADS = _words(
    """
    pdf epub mobi doc docx odt rtf xls xlsx ods csv tsv ppt pptx odp ps tex bib zip gz tgz bz2 tbz xz txz zst 7z rar tar
    jar war whl gem deb rpm apk ipa dmg pkg exe msi iso img bin torrent mp3 ogg oga opus flac wav m4a aac mp4 m4v mkv
    webm mov avi wmv mpg mpeg ogv parquet sqlite
    """
)
"""What a person asks for to keep."""


OTHER_METHOD = "Other"

METHODS = frozenset(
    # RFC 9110, 5789 (PATCH), 4918, 3253, 3744 and 5323 (WebDAV), and QUERY
    """GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH PROPFIND PROPPATCH MKCOL COPY MOVE LOCK UNLOCK
    REPORT SEARCH ACL QUERY""".split()
)
PROTOCOLS = {"HTTP/1.0", "HTTP/1.1", "HTTP/2.0", "HTTP/3.0"}


def publishable_method(method: str) -> str:
    """A standard method, `Other`, or `(unknown)` for an invalid request, whose line or target names no path.

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


_NO_STATUS = {UNKNOWN: "the log has `-`, or no status code"}
STATUSES = Matching("[0-9]{1,3}|-1", tuple(_NO_STATUS))
"""Also Envoy's and Caddy's 0, and HAProxy's -1."""


def publishable_status(status: str) -> str:
    """A status code, or `(unknown)`.

    >>> publishable_status("200"), publishable_status("-"), publishable_status("OK")
    ('200', '(unknown)', '(unknown)')
    """
    return status if status in STATUSES else UNKNOWN


MEANING_OF_KINDS = {
    "invalid": "the request names no path: its line is not one, or its target is `*` or a tunnel's (CONNECT)",
    "not_found": "status 404",
    "error": "any other status from 400 on",
    "redirect": "status 3xx except 304",
    "static": "extensions that a page loads by itself, such as `css`, `js`, `png`, `woff2`",
    "download": "extensions that a person asks for to keep, such as `pdf`, `zip`, `mp3`",
    "page": f"GET, status 2xx or 304, and no extension or one of {listed(sorted(PAGES))}",
    "other": "everything else, and every hit without a status code",
}
"""Kinds of a hit; the first that fits is taken."""

KINDS = tuple(MEANING_OF_KINDS)

_HTTP_STATUS = re.compile(r"[0-9]{3}")


_METHOD, _PROTOCOL, _STATUS, _ENDING = Read("method"), Read("protocol"), Read("status"), Read("path", each(extension))


def kind_of(method: str, status: str, ending: str) -> str:
    """The kind of a hit, by its method ("" for an invalid request), its status and the extension of its path.

    >>> kind_of("GET", "200", "html"), kind_of("GET", "304", "css"), kind_of("HEAD", "200", ""), kind_of("", "400", "")
    ('page', 'static', 'other', 'invalid')
    """
    if not method:
        return "invalid"
    if status == UNKNOWN:
        return "other"
    if _HTTP_STATUS.fullmatch(status) and status != "304":
        if status == "404":
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
    return "page" if method == "GET" and is_shown and (not ending or ending in PAGES) else "other"


def file_type_of(method: str, status: str, ending: str) -> str:
    """The extension of a static file; `(none)` for every other hit."""
    return ending if kind_of(method, status, ending) == "static" else NONE


def section_of(path: str) -> str:
    """The section of a site in which a path lies: the path up to and with its second slash.

    >>> section_of("/blog/2026/title"), section_of("/blog/"), section_of("/blog"), section_of("(none)")
    ('/blog/', '/blog/', '/', '/')
    """
    first, slash, _ = path.removeprefix("/").partition("/")
    return f"/{first}/" if slash else "/"


_NO_METHOD = {OTHER_METHOD: "any other", UNKNOWN: "the request is invalid"}
_NO_PROTOCOL = {OTHER_METHOD: "any other", NONE: "the request has none", UNKNOWN: "the request is invalid"}
_NO_TYPE = {NONE: "any other hit"}


def _values_of_kinds(values: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """Of an invalid request only `(unknown)`, of all others these."""
    return {kind: (UNKNOWN,) if kind == "invalid" else values for kind in KINDS}


METHOD = Dimension(
    "method",
    "HTTP request method",
    f"HTTP method of a standard, such as `GET`; {explained(_NO_METHOD)}",
    Scope.HIT,
    (_METHOD,),
    of=publishable_method,
    values=(*sorted(METHODS), *_NO_METHOD),
    determines=("kind",),  # an invalid request has none
    within=("kind", _values_of_kinds((*sorted(METHODS), OTHER_METHOD)) | {"page": ("GET",)}),
)
PROTOCOL = Dimension(
    "protocol",
    "HTTP version of the request line",
    f"HTTP version of the request line: {listed(sorted(PROTOCOLS))}; {explained(_NO_PROTOCOL)}",
    Scope.HIT,
    (_METHOD, _PROTOCOL),
    of=publishable_protocol,
    values=(*sorted(PROTOCOLS), *_NO_PROTOCOL),
    determines=("kind", "tls_version"),  # an invalid request has none; HTTP/3 has TLS 1.3
    within=("kind", _values_of_kinds((*sorted(PROTOCOLS), OTHER_METHOD, NONE))),
)
STATUS = Dimension(
    "status",
    "HTTP status code",
    f"HTTP status code, such as `200`; {explained(_NO_STATUS)}",
    Scope.HIT,
    (_STATUS,),
    of=publishable_status,
    values=STATUSES,
    determines=("kind", "method"),  # of a request with a path; a GET is not answered with 405, a HEAD not with 201
    within=("kind", {"not_found": ("404",), "page": (*map(str, range(200, 300)), "304")}),
)
KIND = Dimension(
    "kind",
    "Kind of response: page, static, download, redirect, not_found, error, invalid, other",
    f"{listed(KINDS)} (below)",
    Scope.HIT,
    (_METHOD, _STATUS, _ENDING),
    of=kind_of,
    values=KINDS,
    determines=("section",),  # an invalid request is in the section `/`
)
SECTION = Dimension(
    "section",
    "Section of the site: the path up to its second slash, or /",
    "section of the site: the published path up to and with its second slash, such as `/blog/`; `/` for a path with one slash "
    "alone, and for a request without a path",
    Scope.HIT,
    (Read("path"),),
    of=section_of,
    form="/(?:[^/]*/)?",
)
PATH = Dimension(
    "path",
    "Path without query, identifiers replaced by :id :uuid :hex :email :token",
    "path without query; identifiers are replaced by `:id`, `:uuid`, `:hex`, `:email`, `:token`, and segments after the tenth "
    "by `:more`; `(none)` for a request without a path",
    Scope.HIT,
    (Read("path"),),
    determines=("kind", "section", "file_type"),  # a request without one is invalid
    form=r"/.*|\(none\)",
)
FILE_TYPE = Dimension(
    "file_type",
    "Extension of a static file, lower case",
    f"extension of a static file, lower case, such as `css`; {explained(_NO_TYPE)}",
    Scope.HIT,
    (_METHOD, _STATUS, _ENDING),
    of=file_type_of,
    values=(*sorted(STATIC), *_NO_TYPE),
    determines=("kind",),
    within=("kind", {"static": tuple(sorted(STATIC))}),
)
