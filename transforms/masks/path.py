"""Takes a request's target, gives the path that may be published: without query, with identifiers replaced by their kind.

What a segment is, is decided on its decoded text, so that `%40` hides no e-mail address. What is kept is kept as it was logged.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.compute as pc

from transforms.report import NONE

MAX_DEPTH = 10
MAX_SEGMENT = 64

# Segments that no rule can touch, so that the common path costs no Python: at most ten, none beginning with a digit or long.
_HARMLESS_SEGMENT = r"(?:[A-Za-z_-][A-Za-z0-9_.-]{0,14}|[A-Za-z_.-]{1,19}|[A-Za-z0-9_.-]{0,4})"
_HARMLESS = f"^(?:/{_HARMLESS_SEGMENT}){{1,10}}$"
_HARMLESS_TEXT = re.compile(_HARMLESS_SEGMENT)

_NUMBER = re.compile(r"[0-9]{5,}(?P<extension>\.[A-Za-z0-9]{1,10})?")
UUID = re.compile(r"[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}")
HEX = re.compile(r"(?<![0-9A-Za-z])[0-9A-Fa-f]{16,}(?![0-9A-Za-z])")
_EMAIL = re.compile(r"(?<![^\s/@])[^\s/@]+@(?![1-9]x\.[a-z]+\Z)[^\s/@]+\.[^\s/@.]{2,}")  # logo@2x.png is none
_RUN = re.compile(r"[A-Za-z0-9+=~]{20,}")
_WORDY = re.compile(r"[A-Za-z0-9_+=~-]{32,}")
_EXTENSION = re.compile(r"\.(?=[A-Za-z0-9]*[A-Za-z])[A-Za-z0-9]{1,10}")


def scrub_paths(targets: pa.Array) -> pa.Array:
    """The publishable path of each target."""
    paths = pc.replace_substring_regex(targets, r"[?#](?s:.*)$", "")
    harmless = pc.match_substring_regex(paths, _HARMLESS)
    odd = pc.invert(harmless)
    scrubbed = [scrub_path(path) for path in paths.filter(odd).to_pylist()]
    return pc.replace_with_mask(paths, odd, pa.array(scrubbed, pa.string())) if scrubbed else paths


def scrub_path(target: str) -> str:
    """The publishable path of one target; `(none)` for what is no path (`*`, an authority, an invalid request).

    >>> scrub_path("/orders/1048577/view;jsessionid=A1?token=x"), scrub_path("/u/jane%40example.org/photo.jpg"), scrub_path("*")
    ('/orders/:id/view', '/u/:email/photo.jpg', '(none)')
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
    if _HARMLESS_TEXT.fullmatch(segment):
        return segment
    text = _decoded(segment)
    if ";" in text:
        # A parameter behind an encoded semicolon is a parameter all the same.
        text = segment = text.partition(";")[0]
    number = _NUMBER.fullmatch(text)
    if number:
        return ":id" + (number.group("extension") or "")
    for pattern, word in ((UUID, ":uuid"), (_EMAIL, ":email"), (HEX, ":hex")):
        if pattern.search(text):
            return word + ("" if word == ":email" else _extension(text))
    if len(text) > MAX_SEGMENT or len(segment) > 3 * MAX_SEGMENT or _is_token(text):
        return ":token" + _extension(text)
    return segment if text.isprintable() and "/" not in text else ":token"


def _decoded(segment: str) -> str:
    """The text behind any depth of percent-encoding that still matters."""
    for _ in range(3):
        if "%" not in segment:
            break
        segment = unquote(segment, errors="replace")
    return segment


def _is_token(text: str) -> bool:
    stem = text.removesuffix(_extension(text))
    for run in _RUN.findall(stem):
        if len(run) >= 40 or (any(c.isdigit() for c in run) and any(c.isalpha() for c in run)):
            return True
    for run in _WORDY.findall(stem):
        # Long and mixing cases and digits, as base64url does; words joined by hyphens do not.
        if any(c.isdigit() for c in run) and any(c.isupper() for c in run) and any(c.islower() for c in run):
            return True
    return False
