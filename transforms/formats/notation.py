r"""Takes a format as it stands in a server's configuration, gives the format: Apache's `LogFormat` and nginx's `log_format`.

    "%h %l %u %t \"%r\" %>s %b"
    '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent'

A notation that is JSON gives the keys of its variables. What can be split at single spaces, with every quoted field in quotes
of its own, is read by columns; any other notation becomes one expression that each line is matched with, which is slower.
Directives are those of mod_log_config and mod_logio (Apache 2.4), variables those of ngx_http_core_module, ngx_http_log_module
and its neighbours (nginx 1.27).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from transforms.formats import Clock, Field, Format, Shape
from transforms.formats.exact import LISTED, SEVERAL
from transforms.formats.jsonl import format_of_paths
from transforms.formats.values import all_but_last_of_list, last_of_list

_APACHE = re.compile(r"%[!,0-9]*[<>]?(?:\{(?P<of>[^}]*)\})?\^?(?P<name>t[io]|F[BU]|[a-zA-Z%])")
_NGINX = re.compile(r"\$(?:\{(?P<braced>\w+)\}|(?P<name>is_args\$(?:args|query_string)|\w+))")
_BARE_VALUE = re.compile(r'(":\s*)(\$\w+|\$\{\w+\}|%[!,0-9<>]*(?:\{[^}]*\})?\^?[A-Za-z]+)(?=\s*[,}])')
_QUOTED_ONCE = re.compile(r"\"(?:[^\"\\]|\\.)*\"(?:\s+[^\s\"%$]+)?")
_PREFIX = re.compile(r"\s*(?:LogFormat|CustomLog\s+(?:\"[^\"]*\"|\S+)|log_format\s+\S+(?:\s+escape=\S+)?)\s+")
_PIECES = re.compile(r"'([^']*)'|\"((?:[^\"\\]|\\.)*)\"")

_STATUS, _BYTES, _PATH, _PORT = r"\d{3}|-", r"\d{1,18}|-", r"[^?\s]*", r"\d*|-"
_QUERY = r'(?:\?(?:[^\s"\\]|\\.)*)?'
_UNKEPT = (None, None)
_LIST = Field("forwarded_for", Shape.LIST, r"\S*[^\s,]")
# Columns that stand beside others without a space, or with them in one pair of quotes: what each may hold so, `%` being a letter.
# A site ends where its path begins.
_BESIDE = {
    "method": r'[^\s"]*',
    "protocol": r'[^\s"]*',
    "site": r'[^\s/?"]*',
    "query": r"%*?",
    "target": r"(?:(?:https?:/)?[/*]%*?|-|)",
}
_QUOTED_LETTER, _BARE_LETTER = r'(?:[^"\\\n]|\\.)', r"\S"  # a line's end is no part of its last value

# Directive → the column of the raw line, and the expression of its values where it is narrow.
_DIRECTIVES: dict[str, tuple[str | None, str | None]] = {
    "h": ("remote_host", None),
    "a": ("remote_host", None),
    "r": ("request", None),
    "s": ("status", _STATUS),
    "b": ("bytes_sent", _BYTES),
    "B": ("bytes_sent", _BYTES),
    "O": ("bytes_sent", _BYTES),
    "m": ("method", None),
    "U": ("target", _PATH),
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
_TIMES = {
    "%d/%b/%Y:%H:%M:%S %z": (Clock.CLF, Shape.TIME),
    "%d/%b/%Y:%T %z": (Clock.CLF, Shape.TIME),
    "%Y-%m-%dT%H:%M:%S%z": (Clock.ISO, Shape.TOKEN),
    "%FT%T%z": (Clock.ISO, Shape.TOKEN),
    "sec": (Clock.EPOCH, Shape.TOKEN),
    "msec": (Clock.EPOCH, Shape.TOKEN),
    "usec": (Clock.EPOCH, Shape.TOKEN),
}
_VARIABLES: dict[str, tuple[str | None, str | None]] = {
    "remote_addr": ("remote_host", None),
    "request": ("request", None),
    "status": ("status", _STATUS),
    "body_bytes_sent": ("bytes_sent", _BYTES),
    "bytes_sent": ("bytes_sent", _BYTES),
    "request_method": ("method", None),
    "request_uri": ("target", None),
    "uri": ("target", _PATH),
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
    **dict.fromkeys(("http_x_real_ip", "http_cf_connecting_ip", "http_true_client_ip"), ("real_ip", None)),
    **dict.fromkeys(("server_port", "remote_port", "request_port"), (None, _PORT)),
}
_TEXTS = re.compile(r"(?:http|sent_http|cookie|geoip2?|ssl_client)_\w+|content_type|remote_user|date_(?:gmt|local)")
"""Variables of nginx whose values may hold spaces."""

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
class _Part:
    """A piece of a notation: literal text, or a directive with its column and shape."""

    text: str = ""
    field: Field | None = None
    clock: Clock | None = None
    column: str | None = None
    """What the field holds, also where it is not kept, because another directive holds the same."""


@lru_cache(maxsize=64)
def compile_notation(notation: str) -> Format:
    """The format; `ValueError` names a directive that is not known, or what the notation lacks."""
    text = _unquoted(notation)
    parse = _nginx_parts if "$" in text else _apache_parts
    by_keys = _by_keys(notation, text, parse) if text.startswith("{") else None
    if by_keys:
        return by_keys
    parts = parse(text)
    parts, changed = _with_host(_kept_once(parts))
    clocks = [part.clock for part in parts if part.clock]
    kept = {part.field.name for part in parts if part.field and part.field.name}
    if not clocks or "remote_host" not in kept or not kept & {"request", "target"}:
        raise ValueError("the notation must hold the remote host, the time and the request, or at least its target")
    fields = _columns(parts)
    names = tuple(sorted(kept))
    if fields is None:
        return Format(notation, "a format of your own", text, (), clocks[0], _expression(parts), names, changed=changed)
    return Format(notation, "a format of your own", text, fields, clocks[0], None, names, changed=changed)


def _unquoted(notation: str) -> str:
    r"""The notation itself, out of a whole configuration line or its quotes; `\"` is a quote."""
    text = notation.strip()
    rest = _PREFIX.sub("", text, count=1)
    pieces = [single or double for single, double in _PIECES.findall(rest)]
    if pieces and rest != text:
        text = "".join(pieces) if text.startswith("log_format") else pieces[0]  # behind it stand Apache's name or condition
    elif pieces and (text[0] == "'" or _QUOTED_ONCE.fullmatch(text)):
        text = "".join(pieces)
    else:
        text = rest
    return text.replace('\\"', '"').replace("\\t", "\t").rstrip("; ").strip()


def _by_keys(notation: str, text: str, parse: Callable[[str], list[_Part]]) -> Format | None:
    """The format of a notation that is an object of JSON with directives for values; None if its keys do not tell all."""
    try:
        tree = json.loads(_BARE_VALUE.sub(r'\1"\2"', text))
    except (ValueError, RecursionError):
        return None
    paths: dict[str, tuple[str, ...]] = {}
    for path, value in _leaves(tree):
        parts = parse(value) if isinstance(value, str) else []
        columns = ["time" if part.clock else part.field.name for part in parts if part.field]
        kept = [column for column in columns if column]
        if kept and (path is None or len(columns) > 1 or any(part.text for part in parts)):
            return None  # in a list, or a part of a text
        for column in kept:
            paths.setdefault(column, path or ())
    for instead in ("real_ip", "forwarded_for"):
        if "remote_host" not in paths and instead in paths:
            paths["remote_host"] = paths[instead]
    paths.pop("real_ip", None)
    if not {"remote_host", "time"} <= set(paths) or not {"request", "target"} & set(paths):
        return None
    return format_of_paths(notation, text, paths)


def _leaves(tree: object, path: tuple[str, ...] | None = ()) -> Iterator[tuple[tuple[str, ...] | None, object]]:
    """Values and the keys that lead to them, None for what a list holds."""
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from _leaves(value, None if path is None else (*path, key))
    elif isinstance(tree, list):
        for value in tree:
            yield from _leaves(value, None)
    else:
        yield path, tree


def _apache_parts(text: str) -> list[_Part]:
    parts, at = [], 0
    for found in _APACHE.finditer(text):
        parts.append(_Part(text[at : found.start()]))
        at = found.end()
        parts.append(_apache_part(found.group(), found["name"], found["of"]))
    if "%" in text[at:]:
        raise ValueError(f"{text[at:]!r} holds a directive that is not known")
    return [*parts, _Part(text[at:])]


def _apache_part(directive: str, name: str, of: str | None) -> _Part:
    if name == "%":
        return _Part("%")
    if name == "t":
        if of is None:
            return _Part(field=Field("time", Shape.TIME), clock=Clock.CLF)
        clock, shape = _TIMES.get(of.removeprefix("begin:").removeprefix("end:"), (None, Shape.TOKEN))
        if clock is None:
            raise ValueError(f"{directive}: a time of this form cannot be read; log %t, or %{{%Y-%m-%dT%H:%M:%S%z}}t")
        return _Part(field=Field("time", shape), clock=clock)
    if name in ("i", "o", "e", "n", "C", "ti", "to", "x") and of is not None:
        column = _HEADERS.get(of.lower()) if name == "i" else None
        shape = Shape.TOKEN if column == "real_ip" else Shape.FREE
        return _Part(field=_LIST if column == "forwarded_for" else Field(column, shape))
    if name not in _DIRECTIVES or (of is not None and name not in ("a", "h", "p", "P", "T")):
        raise ValueError(f"{directive} is not a directive of mod_log_config")
    column, pattern = _UNKEPT if of == "c" else _DIRECTIVES[name]
    return _Part(field=Field(column, {"u": Shape.FREE, "h": Shape.LAST}.get(name, Shape.TOKEN), pattern))


def _nginx_parts(text: str) -> list[_Part]:
    parts, at = [], 0
    for found in _NGINX.finditer(text):
        parts.append(_Part(text[at : found.start()]))
        at = found.end()
        name = found["name"] or found["braced"]
        if name in _NGINX_TIMES:
            parts.append(_Part(field=Field("time", Shape.TOKEN), clock=_NGINX_TIMES[name]))
        elif name in _VARIABLES:
            column, pattern = _VARIABLES[name]
            shape = Shape.FREE if column in ("referer", "user_agent") else Shape.TOKEN
            parts.append(_Part(field=_LIST if column == "forwarded_for" else Field(column, shape, pattern)))
        elif name == "is_args":
            parts.append(_Part(field=Field(None, Shape.TOKEN, r"\??")))
        elif name.startswith("upstream_"):
            parts.append(_Part(field=Field(None, Shape.LIST)))  # of several servers, if one did not answer
        elif _NGINX_UNKEPT.fullmatch(name):
            parts.append(_Part(field=Field(None, Shape.FREE if _TEXTS.fullmatch(name) else Shape.TOKEN)))
        else:
            raise ValueError(f"${name} is not a variable of nginx that is known")
    return [*parts, _Part(text[at:])]


def _kept_once(parts: list[_Part]) -> list[_Part]:
    """Of several directives for one column the first is kept; of several times, one."""
    seen: set[str] = set()
    kept = []
    for part in parts:
        name = part.field.name if part.field else None
        if part.field and name in seen:
            part = _Part(field=Field(None, part.field.shape, part.field.pattern))
        elif name:
            seen.add(name)
        kept.append(replace(part, column=name))
    return kept


def _with_host(parts: list[_Part]) -> tuple[list[_Part], tuple[tuple[str, str, Callable[[str], str]], ...]]:
    """Without a remote host a header stands for it: X-Real-IP or its like, or X-Forwarded-For's last address.

    That is the one which the proxy itself was called from.
    """
    names = [part.field.name if part.field else None for part in parts]
    if "real_ip" in names:
        at = names.index("real_ip")
        host = None if "remote_host" in names else "remote_host"
        parts = [*parts[:at], replace(parts[at], field=Field(host, Shape.TOKEN)), *parts[at + 1 :]]
        return parts, ()
    if "remote_host" in names or "forwarded_for" not in names:
        return parts, ()
    at = names.index("forwarded_for")
    hosts = [*parts[:at], _Part(field=replace(_LIST, name="remote_host")), *parts[at + 1 :]]
    return hosts, (("remote_host", "remote_host", last_of_list), ("forwarded_for", "remote_host", all_but_last_of_list))


def _columns(parts: list[_Part]) -> tuple[Field, ...] | None:
    """The fields between single spaces, or None if the notation is not of that kind."""
    words: list[list[_Part]] = [[]]
    for part in parts:
        if part.field:
            words[-1].append(part)
            continue
        for number, piece in enumerate(part.text.split(" ")):
            if number:
                words.append([])
            if piece:
                words[-1].append(_Part(piece))
    fields = [_column(word) for word in words]
    return None if any(field is None for field in fields) else tuple(field for field in fields if field)


def _column(word: list[_Part]) -> Field | None:
    texts = [part.text for part in word]
    held = [part for part in word if part.field]
    if len(held) == 2 and texts[1:2] == [":"] and held[0].field and held[0].field.name == "site" and len(word) == 3:
        return Field("site", Shape.TOKEN)  # site:port
    if len(held) > 1 or not word:
        return None
    if not held:
        return Field(None, Shape.TOKEN) if '"' not in texts[0] and len(word) == 1 else None
    field = held[0].field
    assert field is not None
    if len(word) == 1:
        # A bare header may hold spaces: only a whole expression can tell where it ends.
        bare = field.shape is Shape.FREE and field.name is not None
        spaced = held[0].clock is Clock.CLF and field.shape is not Shape.TIME
        return None if bare or spaced or field.name == "request" else field
    around = (texts[0], texts[-1]) if len(word) == 3 else ("", "")
    if around == ('"', '"'):
        if held[0].clock is Clock.CLF:
            return None  # two words in one
        return Field(field.name, Shape.QUOTED, field.pattern)
    if around == ("[", "]") and held[0].clock:
        return Field("time", Shape.TIME if held[0].clock is Clock.CLF else Shape.TOKEN)
    return None


def _expression(parts: list[_Part]) -> str:
    """One regular expression for the whole line."""
    out, quoted = [], False
    for number, part in enumerate(parts):
        if not part.field:
            out.append(re.escape(part.text))
            quoted ^= part.text.count('"') % 2 == 1
            continue
        following = parts[number + 1].text if number + 1 < len(parts) else ""
        if part.clock is Clock.CLF:
            body = r"(?P<time>[^\]\s]{20}) (?P<zone>[+-]\d{4})"
            bracketed = part.field.shape is Shape.TIME and not out[-1:][0].endswith(r"\[")
            out.append(rf"\[{body}\]" if bracketed else body)
            continue
        before = parts[number - 1].text if number else ""
        joined = (not before and number > 1) or (not following and number < len(parts) - 2)
        shared = quoted and not (before.endswith('"') and following.startswith('"'))
        out.append(_inner(part, part.field, following, quoted, joined or shared))
    return "".join(out)


def _inner(part: _Part, field: Field, following: str, quoted: bool, beside: bool) -> str:
    """The expression of one value; `beside`: no quote or space of its own divides it from others."""
    letter = _QUOTED_LETTER if quoted else _BARE_LETTER
    if field.shape in (Shape.LIST, Shape.LAST) and not quoted and following[:1] == " ":
        if not field.name:
            return SEVERAL
        item = field.pattern or r"\S+?"
        return rf"(?P<{field.name}>{LISTED}{item})" if field.shape is Shape.LIST else rf"{LISTED}(?P<{field.name}>{item})"
    if beside and part.column == "target" and field.pattern == _PATH:
        inner = r'(?:[/*](?:[^"\\?]|\\.)*?|-|)' if quoted else r"(?:[/*][^?\s]*?|-|)"  # decoded, so that it may hold spaces
    elif beside and part.column in _BESIDE and not field.pattern:
        inner = _BESIDE[part.column].replace("%", letter)
    elif quoted:
        inner = (field.pattern if beside else None) or f"{letter}*" + ("?" if beside else "")
    elif part.column == "remote_host" and following[:1] == ":":
        inner = r"\S+"  # a port follows, and an address may hold colons
    elif following[:1] not in ("", " ") and (not field.pattern or field.shape is Shape.LIST):
        inner = f"[^{re.escape(following[0])}]*?"
    elif not field.pattern and not following:
        inner = ".*?"
    else:
        inner = field.pattern or (r"\S+?" if field.shape is Shape.TOKEN else ".*?")
    return f"(?P<{field.name}>{inner})" if field.name else f"(?:{inner})"
