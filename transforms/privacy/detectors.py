"""Detects published values that look like a person's identifier: the last check before release.

Masks have replaced identifiers in the fields where they expect them. Detectors check the finished value again, whatever its
source, and prefer false positives: what they catch is not lost, it is counted in `(other)`.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from transforms.masking.national import luhn, names_person
from transforms.masking.path import scrub_path, scrub_segment
from transforms.masking.spelling import GROUPED, host_names_address, names_address, names_place, without_dates
from transforms.masking.text import readings

_EMAIL = re.compile(
    r"(?<=[^\s/@])@(?![1-9]x\.|v?[0-9]+(?:\.[0-9]+)+(?![\w.]))(?:(?i:localhost)(?![\w-])|[\w-]+\.[\w-])"
    r"|(?<=\w)[ _-]at[ _-][\w-]{1,63}[ _-]dot[ _-][a-z]{2}"
)
_NINE_DIGITS = re.compile("[0-9](?:[^0-9]*[0-9]){8}")
_HOST = re.compile(r"(?:[a-z0-9_-]{1,63}\.)*[a-z_-][a-z0-9_-]{0,62}")
_NOTHING = re.compile(r"[/A-Za-z._-]*")
_ONION = re.compile(r"[a-z2-7]{56}\.onion\Z")  # a site's public key
_PUNYCODE = "xn--"
_MAX_HOST = 253


def email(value: str) -> bool:
    """An e-mail address, at a host with a dot in its name or `localhost`.

    >>> [email(path) for path in ("/u/jane.doe@example.org", "/u/jane@localhost", "/logo@2x.png", "/vue@next", "/@types")]
    [True, True, False, False, False]
    """
    return _EMAIL.search(value) is not None


def phone(value: str) -> bool:
    """A telephone number, or any other of nine digits or more, perhaps grouped, also in several segments; no date, no size.

    >>> phone("/call/+49 170 1234567"), phone("/call/0170/123/4567"), phone("/2026/03/03/title"), phone("/2026-03-03-1030")
    (True, True, False, False)
    """
    return _NINE_DIGITS.search(value) is not None and GROUPED.search(without_dates(value)) is not None


def card(value: str) -> bool:
    """A payment card's number: thirteen to nineteen digits whose check digit (Luhn) is right, and that do not begin as a date.

    >>> card("/pay/4111-1111x1111-1111"), card("/pay/4111-1111-1111-1112")
    (True, False)
    """
    for found in GROUPED.finditer(value) if _NINE_DIGITS.search(value) else ():
        digits = "".join(filter(str.isdigit, found.group()))
        if 13 <= len(digits) <= 19 and luhn(digits) and not without_dates(found.group()).startswith("#"):
            return True
    return False


def identifier(value: str) -> bool:
    """A path that the mask would still change: a long number, UUID, hex or token has come past it; a host with such a label.

    >>> identifier("/orders/1048577"), identifier("/orders/:id"), identifier("8a6e0804c2aa4f9d.example.org")
    (True, False, True)
    >>> identifier("p54a1b2c3.dip0.t-ipconnect.de"), identifier("xn--bcher-kva.example")
    (True, False)
    """
    if value.startswith("/"):
        return scrub_path(value) != value
    if len(value) > _MAX_HOST or not _HOST.fullmatch(value):
        return False
    labels = map(_unicode, _ONION.sub("onion", value).split("."))
    return host_names_address(value) or any(scrub_segment(label) != label for label in labels)


def _unicode(label: str) -> str:
    """The label of an internationalised name as people read it."""
    if not label.startswith(_PUNYCODE):
        return label
    try:
        return label.removeprefix(_PUNYCODE).encode().decode("punycode")
    except (UnicodeError, ValueError, OverflowError):
        return label


DETECTORS: tuple[Callable[[str], bool], ...] = (names_address, email, phone, card, names_person, names_place)


def is_caught(value: str) -> bool:
    """Whether any detector catches the value in any of its readings."""
    if identifier(value):
        return True
    # Of words alone nothing is left to find but an address that is spelled out.
    if _NOTHING.fullmatch(value):
        return email(value)
    return any(detector(text) for text in readings(value) for detector in DETECTORS)
