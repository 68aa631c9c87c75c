"""Recognises dates and addresses in text, whatever their spelling, also below percent-encoding."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote

DATE = re.compile(r"(?<!\d)((?:19|20)[0-9]{2}([._-]?)(?:0[1-9]|1[0-2])\2(?:0[1-9]|[12][0-9]|3[01]))(?!\d)")

# A date may have its time behind it, joined as a date's parts are, but not by dots, which join an address.
_MOMENT = re.compile(DATE.pattern + r"(?:[T_-](?:[01][0-9]|2[0-3])([_-])[0-5][0-9]\3[0-5][0-9](?!\.?[0-9]))?")

_OCTET = r"(?:25[0-5]|2[0-4][0-9]|[01][0-9][0-9]|[1-9]?[0-9])"  # 04 is a version's, unless it stands alone
_DOTTED = rf"{_OCTET}(?:\.{_OCTET}){{3}}"
_ALONE = r"(?:[01]?[0-9]?[0-9]|2[0-4][0-9]|25[0-5])"
_IPV4 = re.compile(
    rf"(?<![0-9A-Za-z]){_DOTTED}(?![0-9])|(?<![0-9]){_DOTTED}(?![0-9A-Za-z])"  # between two letters it is a version
    rf"|(?<![0-9A-Za-z._-]){_ALONE}(?:\.{_ALONE}){{3}}(?![0-9A-Za-z._-])"
    # With other separators one number at least has three digits: 1-2-3-4 and 16_16_32_32 are no addresses.
    rf"|(?<![0-9])(?=(?:[0-9]{{1,2}}[_-]){{0,3}}[0-9]{{3}}){_OCTET}([_-]){_OCTET}\1{_OCTET}\1{_OCTET}(?![0-9])"
)
_GROUP = "[0-9A-Fa-f]{1,4}"
_GROUPS = rf"(?:{_GROUP}(?::{_GROUP}){{0,6}})?"
_IPV6 = re.compile(rf"(?:{_GROUP}:){{3}}(?![G-Zg-z])|{_GROUP}([_-])(?:{_GROUP}\1){{6}}{_GROUP}")  # with colons also a part of one
_SHORT_IPV6 = re.compile(rf"(?=({_GROUPS}::{_GROUPS}))")  # looks ahead, so that no match hides one that begins within it
_HARDWARE = re.compile(r"(?<![0-9A-Za-z])[0-9A-Fa-f]{2}(?:-[0-9A-Fa-f]{2}){5}(?![0-9A-Za-z])")  # with colons it looks like IPv6
_TWO_WORDS = re.compile("[A-Za-z]{3,}::[A-Za-z]{3,}")
_WORD = re.compile(r":(?:id|uuid|hex|token|email|more)(?![0-9A-Za-z])")  # of the path mask; its colon is none of an address


def decodings(text: str) -> Iterator[str]:
    """The text, and its decoding at each depth of percent-encoding that still matters."""
    yield text
    for _ in range(3):
        if "%" not in text:
            break
        text = unquote(text, errors="replace")
        yield text


def names_address(text: str) -> bool:
    """Whether the text has an IPv4, IPv6 or hardware address, or four groups of one; a version of four numbers looks the same.

    >>> [names_address(text) for text in ("ip-192-0-2-7", "2001:db8::7", "2001:db8:1:2", "2026-03-03-10-30", "std::vector")]
    [True, True, True, False, False]
    """
    text = _WORD.sub("/", text)
    dateless = _MOMENT.sub("/", text)
    if _IPV4.search(dateless) or _IPV6.search(text) or _HARDWARE.search(dateless):
        return True
    return "::" in text and any(_is_short_ipv6(text, *found.span(1)) for found in _SHORT_IPV6.finditer(text))


def _is_short_ipv6(text: str, start: int, end: int) -> bool:
    """Whether text with `::` is an address, and not two words (`abc::def`) or the ends of two (as in `std::vector`)."""
    groups = text[start:end].replace(":", " ").split()
    if not groups or _TWO_WORDS.fullmatch(text[start:end]):
        return False
    alone = not text[max(start - 1, 0) : start].isalnum() and not text[end : end + 1].isalnum()
    return alone or len(groups) > 2 or (len(groups) == 2 and any(map(str.isdigit, text[start:end])))
