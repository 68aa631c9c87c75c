"""Generalises a request's target to a path that may be published: without query, with identifiers replaced by their kind.

The kind of a segment is decided on its decoded and normalised text, so that `%40` hides no e-mail address. What is kept is kept
as it was logged.
"""

from __future__ import annotations

import re

import pyarrow as pa
import pyarrow.compute as pc

from transforms.masking.national import names_person
from transforms.masking.spelling import names_address, names_place, without_numbers
from transforms.masking.text import decodings, plain
from transforms.masking.tokens import HEX, UUID, is_token
from transforms.reserved import NONE

MAX_DEPTH = 10
MAX_SEGMENT = 64

# Segments that no rule can touch if they hold no long number, so that the common path costs no Python: at most ten, of words, of
# words around a number or a version, or of two parts too short for a token and an extension. Capitals, small letters and digits
# together make a token sooner.
_HARMLESS_SEGMENT = (
    r"(?:[A-Za-z_.-]{1,39}|(?:[a-z_.-]{0,14}[_.-])?[0-9]{1,4}(?:\.[0-9]{1,2}){0,2}(?:[_.-][a-z_.-]{0,9})?|(?:"
    "(?:[a-z0-9]{0,11}[_.-])?[a-z0-9]{0,11}"
    "|(?:[A-Z0-9]{0,11}[_.-])?[A-Z0-9]{0,11}"
    r"|(?:[A-Za-z0-9]{0,11}\.)?[A-Za-z0-9]{0,11}"
    "|[A-Za-z0-9]{0,5}[_-][A-Za-z0-9]{0,5}"
    r")(?:\.[a-z][a-z0-9]{1,4})?)"
)
_HARMLESS = f"^(?:/{_HARMLESS_SEGMENT})+$"  # a repetition that is counted takes three times as long
_HARMLESS_TEXT = re.compile(_HARMLESS_SEGMENT)
_LONG = "[0-9]{5}|[0-9][xX][0-9]{1,4}[xX][0-9]|0[xX][0-9A-Fa-f]{8}"
_LONG_TEXT = re.compile(_LONG)

_WHOLE_NUMBER = re.compile(r"\d{5,}(?:\.[A-Za-z0-9]{1,10})?")
_VERSION = r"v?[0-9]+(?:\.[0-9]+)+(?![\w.])"  # vue@3.2.47
_EMAIL = re.compile(rf"(?<![^\s/@])[^\s/@]+@(?![1-9]x\.[a-z]+\Z|{_VERSION})[^\s/@]+\.[^\s/@.]{{2,}}")  # logo@2x.png is none
_EXTENSION = re.compile(r"\.(?=[A-Za-z0-9]*[A-Za-z])(?![A-Za-z0-9]*[0-9]{5})[A-Za-z0-9]{1,10}")
_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}")


def scrub_paths(targets: pa.Array) -> pa.Array:
    """The publishable path of each target."""
    paths = pc.replace_substring_regex(targets, r"[?#](?s:.*)$", "")
    odd = pc.or_(pc.invert(pc.match_substring_regex(paths, _HARMLESS)), pc.match_substring_regex(paths, _LONG))
    odd = pc.or_(odd, pc.greater(pc.count_substring(paths, "/"), MAX_DEPTH))
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
    kept = [scrub_segment(segment.partition(";")[0]) for segment in segments[:MAX_DEPTH]]
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


def scrub_segment(segment: str) -> str:
    """The publishable text of one segment of a path.

    >>> scrub_segment("main.9f86d081884c.js"), scrub_segment("0170~123~4567"), scrub_segment("AB-12-34-56-C.pdf")
    ('main.:hex.js', ':id', ':id.pdf')
    """
    if _HARMLESS_TEXT.fullmatch(segment) and not _LONG_TEXT.search(segment):
        return segment
    *_, decoded = decodings(segment)
    if ";" in decoded:
        # A parameter behind an encoded semicolon is a parameter all the same.
        decoded = segment = decoded.partition(";")[0]
    text = plain(decoded)
    ending = _extension(text)
    if _WHOLE_NUMBER.fullmatch(text):
        return ":id" + ending
    if UUID.search(text):
        return ":uuid" + ending
    if _EMAIL.search(text):
        return ":email"
    hexless = HEX.sub(":hex", text)
    if len(text) > MAX_SEGMENT or len(segment) > 3 * MAX_SEGMENT or is_token(hexless.removesuffix(ending)):
        return ":token" + ending
    if not decoded.isprintable() or "/" in decoded or _ESCAPE.search(text):
        return ":token"
    if names_person(text) or names_place(text):
        return ":id" + ending
    numberless = without_numbers(hexless)
    # A piece of an address may look like a number; the detectors must see all of it.
    if numberless == text or names_address(text):
        return segment
    if is_token(numberless.removesuffix(ending)):  # what is left beside a number may be one by itself
        return ":token" + ending
    if text == segment:
        return numberless
    return (":hex" if numberless == hexless else ":id") + ending
