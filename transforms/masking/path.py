"""Generalises a request's target to a path that may be published: without query, with identifiers replaced by their kind.

The kind of a segment is decided on its decoded text, so that `%40` hides no e-mail address. What is kept is kept as it was
logged.
"""

from __future__ import annotations

import re

import pyarrow as pa
import pyarrow.compute as pc

from transforms.masking.spelling import DATE, decodings, names_address
from transforms.reserved import NONE

MAX_DEPTH = 10
MAX_SEGMENT = 64

# Segments that no rule can touch if they hold no long number, so that the common path costs no Python: at most ten, of words, or
# of two parts too short for a token and an extension.
_PART = "[A-Za-z0-9]{0,11}"
_HARMLESS_SEGMENT = rf"(?:[A-Za-z_.-]{{1,19}}|(?:{_PART}[_.-])?{_PART}(?:\.[a-z][a-z0-9]{{1,4}})?)"
_HARMLESS = f"^(?:/{_HARMLESS_SEGMENT}){{1,10}}$"
_HARMLESS_TEXT = re.compile(_HARMLESS_SEGMENT)
_LONG = "[0-9]{5}"
_LONG_TEXT = re.compile(_LONG)

_WHOLE_NUMBER = re.compile(r"\d{5,}(?:\.[A-Za-z0-9]{1,10})?")
# Nine digits in groups, as those of telephones, cards and bank accounts, or five together; with what is glued behind them.
_NUMBER = re.compile(r"(?:\d(?:[ .()_+-]{0,2}\d){8,}|\d{5,})[^\W_]*")
UUID = re.compile(r"[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}")
HEX = re.compile(r"(?<![0-9A-Za-z])[0-9A-Fa-f]{16,}(?![0-9A-Za-z])")
_EMAIL = re.compile(r"(?<![^\s/@])[^\s/@]+@(?![1-9]x\.[a-z]+\Z)[^\s/@]+\.[^\s/@.]{2,}")  # logo@2x.png is none
_RUN = re.compile(r"[A-Za-z0-9+=~]{20,}")
_WORDY = re.compile(r"[A-Za-z0-9_+=~-]{32,}")
_SHORTER = re.compile(r"[A-Za-z0-9]{12,}")
_PIECE = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|[0-9]+")
_EXTENSION = re.compile(r"\.(?=[A-Za-z0-9]*[A-Za-z])(?![A-Za-z0-9]*[0-9]{5})[A-Za-z0-9]{1,10}")
_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}")


def scrub_paths(targets: pa.Array) -> pa.Array:
    """The publishable path of each target."""
    paths = pc.replace_substring_regex(targets, r"[?#](?s:.*)$", "")
    odd = pc.or_(pc.invert(pc.match_substring_regex(paths, _HARMLESS)), pc.match_substring_regex(paths, _LONG))
    scrubbed = [scrub_path(path) for path in paths.filter(odd).to_pylist()]
    return pc.replace_with_mask(paths, odd, pa.array(scrubbed, pa.string())) if scrubbed else paths


def scrub_path(target: str) -> str:
    """The publishable path of one target; `(none)` for anything else (`*`, an authority, an invalid request).

    >>> scrub_path("/orders/1048577/view;jsessionid=A1?token=x"), scrub_path("/u/jane%40example.org/photo.jpg"), scrub_path("*")
    ('/orders/:id/view', '/u/:email/photo.jpg', '(none)')
    >>> scrub_path("/invoice_1048577.pdf"), scrub_path("/reset/Xk29fJq3LmZ8"), scrub_path("/2026-03-03-title")
    ('/invoice_:id.pdf', '/reset/:token', '/2026-03-03-title')
    """
    path = re.split(r"[?#]", target, maxsplit=1)[0]
    path = "".join(filter(str.isprintable, path)) if not path.isprintable() else path
    if not path.startswith("/"):
        return NONE
    segments = path[1:].split("/")
    kept = [_scrub_segment(segment.partition(";")[0]) for segment in segments[:MAX_DEPTH]]
    if len(segments) > MAX_DEPTH:
        kept.append(":more" + _extension(segments[-1].partition(";")[0]))
    return "/" + "/".join(kept)


def extension(path: str) -> str:
    """The extension of a scrubbed path's last segment, lower-cased, without its dot; "" if it has none.

    >>> extension("/a/Report.PDF"), extension("/v1.2"), extension("/a.b/c")
    ('pdf', '', '')
    """
    return _extension(path.rpartition("/")[2])[1:].lower()


def _extension(segment: str) -> str:
    _, dot, rest = segment.rpartition(".")
    return dot + rest if dot and _EXTENSION.fullmatch(dot + rest) else ""


def _scrub_segment(segment: str) -> str:
    if _HARMLESS_TEXT.fullmatch(segment) and not _LONG_TEXT.search(segment):
        return segment
    *_, text = decodings(segment)
    if ";" in text:
        # A parameter behind an encoded semicolon is a parameter all the same.
        text = segment = text.partition(";")[0]
    if _WHOLE_NUMBER.fullmatch(text):
        return ":id" + _extension(text)
    for pattern, word in ((UUID, ":uuid"), (_EMAIL, ":email"), (HEX, ":hex")):
        if pattern.search(text):
            return word + ("" if word == ":email" else _extension(text))
    if len(text) > MAX_SEGMENT or len(segment) > 3 * MAX_SEGMENT or _is_token(text):
        return ":token" + _extension(text)
    if not text.isprintable() or "/" in text or _ESCAPE.search(text):
        return ":token"
    numberless = _without_numbers(text)
    # A piece of an address may look like a number; the detectors must see all of it.
    if numberless == text or names_address(text):
        return segment
    if _is_token(numberless):  # what is left beside a number may be one by itself
        return ":token" + _extension(text)
    return numberless if text == segment else ":id" + _extension(text)


def _without_numbers(text: str) -> str:
    """The text with `:id` in place of its long numbers, except dates."""
    between = DATE.split(text)  # text, date, its separator, text, ...
    return "".join(_NUMBER.sub(":id", part) if at % 3 == 0 else part for at, part in enumerate(between) if at % 3 < 2)


def _is_token(text: str) -> bool:
    stem = text.removesuffix(_extension(text))
    for run in _RUN.findall(stem):
        if len(run) >= 40 or (any(c.isdigit() for c in run) and any(c.isalpha() for c in run)):
            return True
    # Long and mixing cases and digits, as base64url does; words joined by hyphens do not.
    if any(map(_is_mixed, _WORDY.findall(stem))):
        return True
    # Shorter, but mixing them at every other character or so, as words written together do not.
    return any(_is_mixed(run) and 2 * len(run) <= 5 * len(_PIECE.findall(run)) for run in _SHORTER.findall(stem))


def _is_mixed(run: str) -> bool:
    return any(c.isdigit() for c in run) and any(c.isupper() for c in run) and any(c.islower() for c in run)
