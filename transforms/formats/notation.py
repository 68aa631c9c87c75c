r"""Compiles a format from a server's own configuration: Apache's `LogFormat` and nginx's `log_format`.

    "%h %l %u %t \"%r\" %>s %b"
    '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent'

A notation that is JSON yields the keys of its variables. A notation that can be split at single spaces, with every quoted field
in quotes of its own, is split. Any other notation becomes one regular expression for the line.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import lru_cache

from transforms.formats import LISTED, SEVERAL, Clock, Field, Format, Shape
from transforms.formats.directives import LIST, PATH, Part, apache_parts, nginx_parts
from transforms.formats.jsonl import format_of_paths
from transforms.formats.values import all_but_last_of_list, last_of_list

_BARE_VALUE = re.compile(r'(":\s*)(\$\w+|\$\{\w+\}|%[!,0-9<>]*(?:\{[^}]*\})?\^?[A-Za-z]+)(?=\s*[,}])')
_QUOTED_ONCE = re.compile(r"\"(?:[^\"\\]|\\.)*\"(?:\s+[^\s\"%$]+)?")
_PREFIX = re.compile(r"\s*(?:LogFormat|CustomLog\s+(?:\"[^\"]*\"|\S+)|log_format\s+\S+(?:\s+escape=\S+)?)\s+")
_PIECES = re.compile(r"'([^']*)'|\"((?:[^\"\\]|\\.)*)\"")

# Columns that stand beside others without a space, or with them in one pair of quotes: what each may hold so, `%` being a letter.
# A site ends where its path begins.
_BESIDE = {
    "method": r'[^\s"]*',
    "protocol": r'[^\s"]*',
    "site": r'[^\s/?"]*',
    "query": r"%*?",
    "target": r"(?:(?:https?:/)?[/*]%*?|-|)",
}
_IN_NO_WORD = re.compile(r'["\s]', re.ASCII)
_UNSURE = "a header stands before the address without quotes: by spaces in it a client may choose its address; log it in quotes"
_DECODED = r"(?:[/*].*?|\S*)"
_QUOTED_LETTER, _BARE_LETTER = r'(?:[^"\\\n]|\\.)', r"\S"  # a line's end is no part of its last value


@lru_cache(maxsize=64)
def compile_notation(notation: str) -> Format:
    """The format; `ValueError` names an unknown directive, or what the notation lacks."""
    text = _unquoted(notation)
    parse = nginx_parts if "$" in text else apache_parts
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
    names, expression = tuple(sorted(kept)), None if fields else _expression(parts)
    note = _UNSURE if _can_move_address(parts) else ""
    return Format(notation, "a format of your own", text, fields or (), clocks[0], expression, names, changed=changed, note=note)


def _can_move_address(parts: list[Part]) -> bool:
    """Whether unquoted text from the client precedes the address, so that spaces in it can make another word the address."""
    names = [part.field.name if part.field else None for part in parts]
    sent = (
        part.field.shape in (Shape.LIST, Shape.FREE) and not before.text.endswith('"')
        for before, part in zip([Part(), *parts], parts[: names.index("remote_host")], strict=False)
        if part.field
    )
    return any(sent)


def _unquoted(notation: str) -> str:
    r"""The notation itself, without the rest of a configuration line and without its quotes; `\"` is a quote."""
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


def _by_keys(notation: str, text: str, parse: Callable[[str], list[Part]]) -> Format | None:
    """The format of a notation that is a JSON object with directives as values; None if its keys are not enough to read it."""
    try:
        tree = json.loads(_BARE_VALUE.sub(r'\1"\2"', text))
    except (ValueError, RecursionError):
        return None
    paths: dict[str, tuple[str, ...]] = {}
    seconds: dict[str, tuple[str, ...]] = {}
    for path, value in _leaves(tree):
        parts = parse(value) if isinstance(value, str) else []
        columns = ["time" if part.clock else part.field.name for part in parts if part.field]
        kept = [column for column in columns if column]
        if kept and (path is None or len(columns) > 1 or any(part.text for part in parts)):
            return None  # in a list, or a part of a text
        for column in kept:
            (seconds if parts[1].second else paths).setdefault(column, path or ())
    paths = seconds | paths
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


def _kept_once(parts: list[Part]) -> list[Part]:
    """Keeps one directive for each column, the first that is not `second`, and one of several times."""
    firsts = {part.field.name for part in parts if part.field and not part.second}
    seen: set[str] = set()
    kept = []
    for part in parts:
        name = part.field.name if part.field else None
        if part.field and (name in seen or (part.second and name in firsts)):
            part = Part(field=Field(None, part.field.shape, part.field.pattern))
        elif name:
            seen.add(name)
        kept.append(replace(part, column=name))
    return kept


def _with_host(parts: list[Part]) -> tuple[list[Part], tuple[tuple[str, str, Callable[[str], str]], ...]]:
    """Without a remote host a header replaces it: X-Real-IP or a similar one, or the last address of X-Forwarded-For.

    That is the address that called the proxy itself.
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
    hosts = [*parts[:at], Part(field=replace(LIST, name="remote_host")), *parts[at + 1 :]]
    return hosts, (("remote_host", "remote_host", last_of_list), ("forwarded_for", "remote_host", all_but_last_of_list))


def _columns(parts: list[Part]) -> tuple[Field, ...] | None:
    """The fields between single spaces, or None if the notation is not of that kind."""
    words: list[list[Part]] = [[]]
    for part in parts:
        if part.field:
            words[-1].append(part)
            continue
        for number, piece in enumerate(part.text.split(" ")):
            if number:
                words.append([])
            if piece:
                words[-1].append(Part(piece))
    fields = [field for field in map(_column, words) if field]
    # Where two values may hold spaces, nothing but an expression finds in good time where they end.
    spaced = sum(field.shape is Shape.FREE for field in fields)
    return None if len(fields) < len(words) or spaced > 1 else tuple(fields)


def _column(word: list[Part]) -> Field | None:
    texts = [part.text for part in word]
    held = [part for part in word if part.field]
    if len(held) == 2 and texts[1:2] == [":"] and held[0].field and held[0].field.name == "site" and len(word) == 3:
        return Field("site", Shape.TOKEN)  # site:port
    if len(held) > 1 or not word:
        return None
    if not held:
        # As it stands: else a client who puts a space into a header before it would say what the fields behind it hold.
        return Field(None, Shape.TOKEN, re.escape(texts[0])) if len(word) == 1 and not _IN_NO_WORD.search(texts[0]) else None
    field = held[0].field
    assert field is not None
    if len(word) == 1:
        # A bare header, request or decoded path may hold spaces: only a whole expression can tell where it ends.
        bare = field.shape is Shape.FREE and field.name is not None
        spaced = held[0].clock is Clock.CLF and field.shape is not Shape.TIME
        return None if bare or spaced else field
    around = (texts[0], texts[-1]) if len(word) == 3 else ("", "")
    if around == ('"', '"'):
        if held[0].clock is Clock.CLF:
            return None  # two words in one
        return Field(field.name, Shape.QUOTED, field.pattern)
    if around == ("[", "]") and held[0].clock:
        return Field("time", Shape.TIME if held[0].clock is Clock.CLF else Shape.TOKEN)
    return None


def _expression(parts: list[Part]) -> str:
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


def _inner(part: Part, field: Field, following: str, quoted: bool, beside: bool) -> str:
    """The expression of one value; `beside` means that no quote or space of its own separates it from others."""
    letter = _QUOTED_LETTER if quoted else _BARE_LETTER
    if field.shape in (Shape.LIST, Shape.LAST) and not quoted and following[:1] == " ":
        if not field.name:
            return SEVERAL
        item = field.pattern or r"\S+?"
        return rf"(?P<{field.name}>{LISTED}{item})" if field.shape is Shape.LIST else rf"{LISTED}(?P<{field.name}>{item})"
    if beside and part.column == "target" and field.pattern == PATH:
        inner = r'(?:[/*](?:[^"\\?]|\\.)*?|-|)' if quoted else r"(?:[/*][^?]*?|-|)"  # decoded, so that it may hold spaces
    elif beside and part.column in _BESIDE and not field.pattern:
        inner = _BESIDE[part.column].replace("%", letter)
    elif quoted:
        inner = (field.pattern if beside else None) or f"{letter}*" + ("?" if beside else "")
    elif part.column == "remote_host" and following[:1] == ":":
        inner = r"\S+"  # a port follows, and an address may hold colons
    elif (
        following[:1] not in ("", " ") and following[0].isascii() and (field.pattern in (None, PATH) or field.shape is Shape.LIST)
    ):
        inner = f"[^{re.escape(following[0])}]*?"
    elif field.pattern == PATH:
        inner = _DECODED
    elif not field.pattern and not following:
        inner = ".*?"
    else:
        inner = field.pattern or (r"\S+?" if field.shape is Shape.TOKEN or part.column == "site" else ".*?")
    return f"(?P<{field.name}>{inner})" if field.name else f"(?:{inner})"
