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
from transforms.formats.jsonl import format_of_keys
from transforms.formats.values import all_but_last_of_list, last_of_list

_APACHE = re.compile(r"%[!,0-9]*[<>]?(?:\{(?P<of>[^}]*)\})?\^?(?P<name>t[io]|F[BU]|[a-zA-Z%])")
_NGINX = re.compile(r"\$(?:\{(?P<braced>\w+)\}|(?P<name>\w+))")
_BARE_VARIABLE = re.compile(r"(:\s*)(\$\{?\w+\}?)(?=\s*[,}])")
_PREFIX = re.compile(r"\s*(?:LogFormat|CustomLog\s+(?:\"[^\"]*\"|\S+)|log_format\s+\S+(?:\s+escape=\S+)?)\s+")
_PIECES = re.compile(r"'([^']*)'|\"((?:[^\"\\]|\\.)*)\"")

_STATUS, _BYTES, _PATH = r"\d{3}|-", r"\d{1,18}|-", r"[^?\s]*"
_UNKEPT = (None, None)
_LIST = Field("forwarded_for", Shape.LIST, r"\S*[^\s,]")
_SPACED = ("remote_user", "date_gmt", "date_local")
# Columns that stand beside others without a space, or with them in one pair of quotes: what each may hold so.
_BESIDE = {
    "method": r'[^\s"]*',
    "protocol": r'[^\s"]*',
    "site": r'[^\s/?"]*',
    "query": r'(?:[^"\\]|\\.)*?',
    "target": r'(?:[^"\\]|\\.)*?',
}

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
    "q": ("query", r"(?:\?\S*)?"),
    "H": ("protocol", None),
    "v": ("site", None),
    "V": ("site", None),
    **dict.fromkeys(("FB", "FU", *"AlupPkDTIXLRfS"), _UNKEPT),
}
_HEADERS = {
    "referer": "referer",
    "user-agent": "user_agent",
    "x-forwarded-for": "forwarded_for",
    "dnt": "dnt",
    "sec-gpc": "gpc",
    "host": "site",
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
    "server_protocol": ("protocol", None),
    "host": ("site", None),
    "http_host": ("site", None),
    "server_name": ("site", None),
    "http_referer": ("referer", None),
    "http_user_agent": ("user_agent", None),
    "http_x_forwarded_for": ("forwarded_for", None),
    "http_dnt": ("dnt", None),
    "http_sec_gpc": ("gpc", None),
}
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


@lru_cache(maxsize=64)
def compile_notation(notation: str) -> Format:
    """The format; `ValueError` names a directive that is not known, or what the notation lacks."""
    text = _unquoted(notation)
    if text.startswith("{"):
        return replace(format_of_keys(_keys_of(text)), name=notation, notation=text)
    parts = _nginx_parts(text) if "$" in text else _apache_parts(text)
    parts, changed = _with_host(_kept_once(parts))
    clocks = [part.clock for part in parts if part.clock]
    kept = {part.field.name for part in parts if part.field and part.field.name}
    if not clocks or "remote_host" not in kept or not kept & {"request", "target"}:
        raise ValueError("the notation must hold the remote host, the time and the request")
    fields = _columns(parts)
    names = tuple(sorted(kept))
    if fields is None:
        return Format(notation, "a format of your own", text, (), clocks[0], _expression(parts), names, changed=changed)
    return Format(notation, "a format of your own", text, fields, clocks[0], None, names, changed=changed)


def _unquoted(notation: str) -> str:
    r"""The notation itself, out of a whole configuration line or its quotes; `\"` is a quote."""
    text = notation.strip()
    rest = _PREFIX.sub("", text, count=1)
    if rest != text or text[:1] in "'\"":
        pieces = [single or double for single, double in _PIECES.findall(rest)]
        text = "".join(pieces) or rest
    return text.replace('\\"', '"').replace("\\t", "\t").rstrip("; ")


def _keys_of(text: str) -> str:
    """The columns and their keys, as `json:` has them, of a notation that is an object with variables of nginx for values."""
    try:
        tree = json.loads(_BARE_VARIABLE.sub(r'\1"\2"', text))
    except ValueError:
        raise ValueError("the notation begins as JSON, but is none; name the keys with json:column=key,…") from None
    paths: dict[str, str] = {}
    for path, value in _leaves(tree):
        found = _NGINX.fullmatch(value) if isinstance(value, str) else None
        variable = (found["name"] or found["braced"]) if found else ""
        column = "time" if variable in _NGINX_TIMES else _VARIABLES.get(variable, _UNKEPT)[0]
        if column:
            paths.setdefault(column, ">".join(path))
    return "json:" + ",".join(f"{column}={path}" for column, path in paths.items())


def _leaves(tree: object, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], object]]:
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from _leaves(value, (*path, key))
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
    if name in ("i", "o", "e", "n", "C", "ti", "to") and of is not None:
        column = _HEADERS.get(of.lower()) if name == "i" else None
        return _Part(field=_LIST if column == "forwarded_for" else Field(column, Shape.FREE))
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
            parts.append(_Part(field=_LIST if column == "forwarded_for" else Field(column, Shape.TOKEN, pattern)))
        elif name == "is_args":
            parts.append(_Part(field=Field(None, Shape.TOKEN, r"\??")))
        elif name.startswith("upstream_"):
            parts.append(_Part(field=Field(None, Shape.LIST)))  # of several servers, if one did not answer
        elif _NGINX_UNKEPT.fullmatch(name):
            parts.append(_Part(field=Field(None, Shape.FREE if name in _SPACED else Shape.TOKEN)))
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
        kept.append(part)
    return kept


def _with_host(parts: list[_Part]) -> tuple[list[_Part], tuple[tuple[str, str, Callable[[str], str]], ...]]:
    """Without a remote host X-Forwarded-For stands for it: its last address, which the proxy itself was called from."""
    names = [part.field.name if part.field else None for part in parts]
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
        out.append(_inner(part.field, following, quoted, joined or shared))
    return "".join(out)


def _inner(field: Field, following: str, quoted: bool, beside: bool) -> str:
    """The expression of one value; `beside`: no quote or space of its own divides it from others."""
    if field.shape in (Shape.LIST, Shape.LAST) and not quoted and following[:1] == " ":
        if not field.name:
            return SEVERAL
        item = field.pattern or r"\S+?"
        return rf"(?P<{field.name}>{LISTED}{item})" if field.shape is Shape.LIST else rf"{LISTED}(?P<{field.name}>{item})"
    if beside and quoted and field.pattern == _PATH:
        inner = r'(?:[^"\\?]|\\.)*?'  # decoded, so that it may hold spaces
    elif beside and not field.pattern and field.name in _BESIDE:
        inner = _BESIDE[field.name]
    elif quoted:
        inner = (field.pattern if beside else None) or r'(?:[^"\\]|\\.)*' + ("?" if beside else "")
    elif not field.pattern and following[:1] != " ":
        inner = f"[^{re.escape(following[0])}]*?" if following else ".*?"
    else:
        inner = field.pattern or (r"\S+?" if field.shape is Shape.TOKEN else ".*?")
    return f"(?P<{field.name}>{inner})" if field.name else f"(?:{inner})"
