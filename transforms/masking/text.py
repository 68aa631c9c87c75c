"""Reads text as a person does: percent-decoded, and normalised, so that another alphabet of digits hides no number.

The masks and the detectors look at what these functions return. Nothing else decodes or normalises a value.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from urllib.parse import unquote

_DEPTH = 3
_UTF16 = re.compile(r"(?:%u[0-9A-Fa-f]{4})+")  # as IIS and JavaScript's escape() write it

# What joins numbers and words in other scripts. NFKC leaves these as they are.
_JOINING = {
    **dict.fromkeys(map(ord, "。․·•‧∙⋅・"), "."),
    **dict.fromkeys(map(ord, "、‚"), ","),
    **dict.fromkeys(map(ord, "⁄∕⧸"), "/"),
    **dict.fromkeys(map(ord, "∶ː꞉"), ":"),
    **dict.fromkeys(map(ord, "〜∼"), "~"),
    ord("−"): "-",
    ord("×"): "x",
}
_BY_CATEGORY = {"Pd": "-", "Zs": " ", "Ps": "(", "Pe": ")"}

# `jane (at) example [dot] org`, `192[.]0[.]2[.]7` and quoted-printable; `width=400.5` and `w=40px.png` are sizes.
_SPOKEN = re.compile(r"[(\[{<] ?(?:at|dot|[.:@]) ?[)\]}>]|@ |(?<=\w)=40(?=[A-Za-z])(?!px)", re.IGNORECASE)
_SPOKEN_WORD = re.compile(r" *[(\[{<] ?(at|@|dot|\.|:) ?[)\]}>] *| *(@) +|(?<=\w)(=40)(?=[A-Za-z])(?!px)", re.IGNORECASE)
_SIGN = {"at": "@", "=40": "@", "dot": "."}


class _WithoutMarks(dict[int, "int | None"]):
    """Leaves out accents and what has no width. They go first: NFKC takes the square of many marks in a row."""

    def __missing__(self, code: int) -> int | None:
        one = chr(code)
        return None if unicodedata.combining(one) or unicodedata.category(one) in ("Mn", "Me", "Cf") else code


class _Simple(dict[int, "int | str"]):
    """ASCII for digits of any script, dashes, spaces and brackets."""

    def __missing__(self, code: int) -> int | str:
        one = chr(code)
        digit = unicodedata.digit(one, None)
        return _BY_CATEGORY.get(unicodedata.category(one), code) if digit is None else str(digit)


_WITHOUT_MARKS, _SIMPLE = _WithoutMarks(), _Simple(_JOINING)


def decodings(text: str) -> Iterator[str]:
    """The text, and its decoding at each depth of percent-encoding that still matters."""
    yield text
    for _ in range(_DEPTH):
        if "%" not in text:
            break
        text = unquote(_UTF16.sub(_from_utf16, text), errors="replace")
        yield text


def plain(text: str) -> str:
    """The text in NFKC without accents, with ASCII digits and separators, and with signs in place of spoken ones.

    >>> plain("①９２。168‐１"), plain("jane＠example.org"), plain("jane (at) example[.]org")
    ('192.168-1', 'jane@example.org', 'jane@example.org')
    """
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text.translate(_WITHOUT_MARKS)).translate(_SIMPLE)
    return _SPOKEN_WORD.sub(_sign, text) if _SPOKEN.search(text) else text


def readings(text: str) -> Iterator[str]:
    """Every text that a reader may take this one for: each decoding, as it is and normalised."""
    for decoded in decodings(text):
        yield decoded
        normalised = plain(decoded)
        if normalised != decoded:
            yield normalised


def _from_utf16(found: re.Match[str]) -> str:
    return bytes.fromhex(found.group().replace("%u", "")).decode("utf-16-be", "replace")


def _sign(found: re.Match[str]) -> str:
    word: str = next(filter(None, found.groups())).lower()
    return _SIGN.get(word, word)
