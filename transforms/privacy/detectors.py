"""Detects published values that look like a person's identifier: the last check before release.

Masks have replaced identifiers in the fields where they expect them. Detectors check the finished value again, whatever its
source, and prefer false positives: what they catch is not lost, it is counted in `(other)`.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from transforms.masking.path import HEX, UUID, scrub_path
from transforms.masking.spelling import decodings, names_address

_EMAIL = re.compile(r"(?<=[^\s/@])@(?![1-9]x\.)(?:(?i:localhost)(?![\w-])|[\w-]+\.[\w-])")
_NUMBER = re.compile(r"(?<![0-9A-Za-z])\+?[0-9](?:[ .()_-]{0,2}[0-9]){8,}(?![0-9A-Za-z])")
_DATE = re.compile(r"(?:19|20)[0-9]{2}[._-]?(?:0[1-9]|1[0-2])[._-]?(?:0[1-9]|[12][0-9]|3[01])(?![0-9])")


def email(value: str) -> bool:
    """An e-mail address, at a host with a dot in its name or `localhost`.

    >>> [email(path) for path in ("/u/jane.doe@example.org", "/u/jane@localhost", "/logo@2x.png", "/vue@next", "/@types")]
    [True, True, False, False, False]
    """
    return _EMAIL.search(value) is not None


def phone(value: str) -> bool:
    """A telephone number: nine to fifteen digits, perhaps grouped, that do not begin as a date.

    >>> phone("/call/+49 170 1234567"), phone("/call/0170-123-4567"), phone("/2026/03/03/title"), phone("/2026-03-03-1030")
    (True, True, False, False)
    """
    for found in _NUMBER.finditer(value):
        digits = sum(character.isdigit() for character in found.group())
        if 9 <= digits <= 15 and not _DATE.match(found.group()):
            return True
    return False


def card(value: str) -> bool:
    """A payment card's number: thirteen to nineteen digits whose check digit (Luhn) is right.

    >>> card("/pay/4111-1111-1111-1111"), card("/pay/4111-1111-1111-1112")
    (True, False)
    """
    for found in _NUMBER.finditer(value):
        digits = [int(character) for character in found.group() if character.isdigit()]
        doubled = [sum(divmod(2 * digit, 10)) if at % 2 else digit for at, digit in enumerate(reversed(digits))]
        if 13 <= len(digits) <= 19 and sum(doubled) % 10 == 0:
            return True
    return False


def identifier(value: str) -> bool:
    """A path that the mask would still change: a long number, UUID, hex or token has come past it; a name with UUID or hex.

    >>> identifier("/orders/1048577"), identifier("/orders/:id"), identifier("8a6e0804c2aa4f9d.example.org")
    (True, False, True)
    """
    if value.startswith("/"):
        return scrub_path(value) != value
    return UUID.search(value) is not None or HEX.search(value) is not None


DETECTORS: tuple[Callable[[str], bool], ...] = (names_address, email, phone, card)


def is_caught(value: str) -> bool:
    """Whether any detector catches the value, as it is or percent-decoded."""
    return identifier(value) or any(detector(text) for text in decodings(value) for detector in DETECTORS)
