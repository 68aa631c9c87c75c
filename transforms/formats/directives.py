"""Splits the notation of a log format into literal text and directives.

Directives are those of mod_log_config and mod_logio (Apache 2.4), variables those of ngx_http_core_module, ngx_http_log_module
and its neighbours (nginx 1.27).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from transforms.formats import STATUS, Clock, Field, Shape

_APACHE = re.compile(r"%[!,0-9]*[<>]?(?:\{(?P<of>[^}]*)\})?\^?(?P<name>t[io]|F[BU]|[a-zA-Z%])")
_NO_DIRECTIVE = re.compile(r"%(?:\{[^}]*\}?|[^\s\"{])*")
_NGINX = re.compile(r"\$(?:\{(?P<braced>\w+)\}|(?P<name>is_args\$(?:args|query_string)|\w+))")
_BYTES, _PORT = r"\d{1,18}|-", r"\d*|-"
_QUERY = r'(?:\?(?:[^\s"\\]|\\\S)*)?'
_UNKEPT = (None, None)
PATH = r"[^?\s]*"
"""A path that the server has decoded, so that it may hold spaces; what is left of it without them."""
LIST = Field("forwarded_for", Shape.LIST, r"\S*[^\s,]")

# Directive → the column of the raw line, and the expression of its values where it is narrow.
_DIRECTIVES: dict[str, tuple[str | None, str | None]] = {
    "h": ("remote_host", None),
    "a": ("remote_host", None),
    "r": ("request", None),
    "s": ("status", STATUS),
    "b": ("bytes_sent", _BYTES),
    "B": ("bytes_sent", _BYTES),
    "O": ("bytes_sent", _BYTES),
    "m": ("method", None),
    "U": ("target", PATH),
    "q": ("query", _QUERY),
    "p": (None, _PORT),
    "H": ("protocol", None),
    "v": ("site", None),
    "V": ("site", None),
    **dict.fromkeys(("FB", "FU", *"AluPkDTIXLRfS"), _UNKEPT),
}
_HEADERS = {
    "referer": "referer",
    "user-agent": "user_agent",
    "x-forwarded-for": "forwarded_for",
    "dnt": "dnt",
    "sec-gpc": "gpc",
    "host": "site",
    **dict.fromkeys(("x-real-ip", "cf-connecting-ip", "true-client-ip"), "real_ip"),
}
_ENVIRONMENT = {"SSL_PROTOCOL": "tls_version"}
"""What mod_ssl says, by %{…}x."""

_TIMES = {
    # Without brackets: these stand around %t alone.
    "%d/%b/%Y:%H:%M:%S %z": (Clock.CLF, Shape.TOKEN),
    "%d/%b/%Y:%T %z": (Clock.CLF, Shape.TOKEN),
    "%Y-%m-%dT%H:%M:%S%z": (Clock.ISO, Shape.TOKEN),
    "%FT%T%z": (Clock.ISO, Shape.TOKEN),
    "sec": (Clock.EPOCH, Shape.TOKEN),
    "msec": (Clock.EPOCH, Shape.TOKEN),
    "usec": (Clock.EPOCH, Shape.TOKEN),
}
_VARIABLES: dict[str, tuple[str | None, str | None]] = {
    "remote_addr": ("remote_host", None),
    "request": ("request", None),
    "status": ("status", STATUS),
    "body_bytes_sent": ("bytes_sent", _BYTES),
    "bytes_sent": ("bytes_sent", _BYTES),
    "request_method": ("method", None),
    "request_uri": ("target", None),
    "uri": ("target", PATH),
    "args": ("query", None),
    "query_string": ("query", None),
    # nginx writes - for arguments that are not there.
    **dict.fromkeys(("is_args$args", "is_args$query_string"), ("query", rf"(?:{_QUERY}|-)")),
    "server_protocol": ("protocol", None),
    "host": ("site", None),
    "http_host": ("site", None),
    "server_name": ("site", None),
    "http_referer": ("referer", None),
    "http_user_agent": ("user_agent", None),
    "http_x_forwarded_for": ("forwarded_for", None),
    "http_dnt": ("dnt", None),
    "http_sec_gpc": ("gpc", None),
    "proxy_protocol_addr": ("remote_host", None),
    "ssl_protocol": ("tls_version", None),
    **dict.fromkeys(("http_x_real_ip", "http_cf_connecting_ip", "http_true_client_ip"), ("real_ip", None)),
    **dict.fromkeys(("server_port", "remote_port", "request_port"), (None, _PORT)),
}
_TEXTS = re.compile(
    r"(?:http|sent_http|upstream_http|(?:sent_|upstream_)?trailer|(?:upstream_)?cookie|geoip2?|ssl_client)_\w+"
    r"|content_type|remote_user|date_(?:gmt|local)|request_(?:body|filename)"
)
"""Variables of nginx whose values may hold spaces."""

_WORDS = re.compile(r"SSL_(?:PROTOCOL|CIPHER|SESSION_ID|TLS_SNI|COMPRESS_METHOD|VERSION_\w+)")
"""What mod_ssl says without a space."""

_NGINX_TIMES = {"time_local": Clock.CLF, "time_iso8601": Clock.ISO, "msec": Clock.EPOCH}
# Known and never kept: whole families, and single variables.
_NGINX_UNKEPT = re.compile(
    r"(?:http|sent_http|upstream|cookie|arg|ssl|geoip|geoip2|gzip|tcpinfo|proxy|trailer|sent_trailer|realip|connection)_\w+"
    r"|connection|connections_\w+|pipe|pid|request_(?:time|length|id|completion|filename|body|body_file)|remote_(?:user|port)"
    r"|server_(?:port|addr)|scheme|https|hostname|document_(?:root|uri)|is_args|limit_\w+|nginx_version|binary_remote_addr"
    r"|content_(?:length|type)|realpath_root|request_port|is_request_port|date_(?:gmt|local)|fastcgi_(?:path_info|script_name)"
    r"|http[23]|invalid_referer|memcached_key|(?:modern|ancient)_browser|msie|secure_link(?:_expires)?|slice_range|uid_(?:got|reset|set)"
)


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a notation: literal text, or a directive with its column and shape."""

    text: str = ""
    field: Field | None = None
    clock: Clock | None = None
    column: str | None = None
    """What the field holds, also where it is not kept, because another directive holds the same."""
    second: bool = False
    """Whether it is kept only if no other directive holds the same."""


def apache_parts(text: str) -> list[Part]:
    """The parts of a LogFormat; `ValueError` names an unknown directive."""
    parts, at = [], 0
    for found in _APACHE.finditer(text):
        parts += [_literal(text[at : found.start()]), _apache_part(found.group(), found["name"], found["of"])]
        at = found.end()
    return [*parts, _literal(text[at:])]


def _literal(text: str) -> Part:
    wrong = _NO_DIRECTIVE.search(text)
    if wrong:
        raise ValueError(f"{wrong.group()} is not a directive of mod_log_config")
    return Part(text)


def _apache_part(directive: str, name: str, of: str | None) -> Part:
    if name == "%":
        return Part("%")
    if name == "t":
        if of is None:
            return Part(field=Field("time", Shape.TIME), clock=Clock.CLF)
        clock, shape = _TIMES.get(of.removeprefix("begin:").removeprefix("end:"), (None, Shape.TOKEN))
        if clock is None:
            raise ValueError(f"{directive}: a time of this form cannot be read; log %t, or %{{%Y-%m-%dT%H:%M:%S%z}}t")
        return Part(field=Field("time", shape), clock=clock)
    if name in ("i", "o", "e", "n", "C", "ti", "to", "x") and of is not None:
        column = _HEADERS.get(of.lower()) if name == "i" else _ENVIRONMENT.get(of)
        shape = Shape.TOKEN if column == "real_ip" or _WORDS.fullmatch(of) else Shape.FREE
        return Part(field=LIST if column == "forwarded_for" else Field(column, shape))
    if name not in _DIRECTIVES or (of is not None and name not in ("a", "h", "p", "P", "T")):
        raise ValueError(f"{directive} is not a directive of mod_log_config")
    column, pattern = _UNKEPT if of == "c" else _DIRECTIVES[name]
    shape = {"h": Shape.LAST, **dict.fromkeys("urUf", Shape.FREE)}.get(name, Shape.TOKEN)
    # The first status is that of a request which the server then answered with another page.
    return Part(field=Field(column, shape, pattern), second=name == "s" and ">" not in directive)


def nginx_parts(text: str) -> list[Part]:
    """The parts of a log_format; `ValueError` names an unknown variable."""
    parts, at = [], 0
    for found in _NGINX.finditer(text):
        parts.append(Part(text[at : found.start()]))
        at = found.end()
        name = found["name"] or found["braced"]
        if name in _NGINX_TIMES:
            parts.append(Part(field=Field("time", Shape.TOKEN), clock=_NGINX_TIMES[name]))
        elif name in _VARIABLES:
            column, pattern = _VARIABLES[name]
            spaced = column in ("referer", "user_agent", "request") or pattern == PATH
            shape = Shape.FREE if spaced else Shape.TOKEN
            parts.append(Part(field=LIST if column == "forwarded_for" else Field(column, shape, pattern)))
        elif name == "is_args":
            parts.append(Part(field=Field(None, Shape.TOKEN, r"\??")))
        elif name.startswith("upstream_") and not _TEXTS.fullmatch(name):
            parts.append(Part(field=Field(None, Shape.LIST)))  # of several servers, if one did not answer
        elif _NGINX_UNKEPT.fullmatch(name):
            parts.append(Part(field=Field(None, Shape.FREE if _TEXTS.fullmatch(name) else Shape.TOKEN)))
        else:
            raise ValueError(f"${name} is not a variable of nginx that is known")
    return [*parts, Part(text[at:])]
