"""Recognises identifiers of persons and accounts that hold letters, by their form and their check digits.

Identifiers of nine digits or more need no rule of their own: the mask replaces all such numbers.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_S = r"[\W_]{1,3}"
_BEFORE, _AFTER = r"(?<![0-9A-Za-z])", r"(?![0-9A-Za-z])"


def _form(pattern: str) -> re.Pattern[str]:
    return re.compile(f"{_BEFORE}(?:{pattern}){_AFTER}", re.IGNORECASE | re.ASCII)


# Italian tax code (codice fiscale). Where two persons would have the same, letters replace digits (omocodia).
_TAX_CODE = _form(
    rf"[A-Z]{{3}}(?:{_S})?[A-Z]{{3}}(?:{_S})?[0-9L-NP-V]{{2}}[A-EHLMPR-T][0-9L-NP-V]{{2}}(?:{_S})?[A-Z][0-9L-NP-V]{{3}}[A-Z]"
)
_ODD = (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23)

# British national insurance number: no check digit, but a strict form. These prefixes are not issued.
_INSURANCE = _form(
    rf"(?!BG|GB|NK|KN|TN|NT|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]"
    rf"(?:[0-9]{{6}}(?:{_S})?|{_S}[0-9]{{6}}(?:{_S})?|({_S})[0-9]{{2}}\1[0-9]{{2}}\1[0-9]{{2}}\1)[A-D]"
)

# Spanish DNI and NIE, in groups as they are printed.
_IDENTITY = _form(rf"(?:[0-9]{{2}}|[XYZ](?:{_S})?[0-9])(?:({_S})[0-9]{{3}}\1[0-9]{{3}}|[0-9]{{6}})(?:{_S})?[A-Z]")
_IDENTITY_LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE"

# Chilean RUT.
_TAX_ROLL = _form(r"[0-9]{1,2}\.[0-9]{3}\.[0-9]{3}-[0-9K]")

# French number of a person born in Corsica (NIR with 2A or 2B); all others are digits only.
_CORSICAN = _form(rf"[12]({_S})?[0-9]{{2}}(?:\1)?[0-9]{{2}}(?:\1)?2[AB](?:\1)?[0-9]{{3}}(?:\1)?[0-9]{{3}}(?:\1)?[0-9]{{2}}")

# Swedish number of a person born before 2000: the mask takes its beginning for a date. Of later ones a tenth of all times
# (20260303-1030) would be one.
_BORN = _form(r"19[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[+-]?[0-9]{4}")

# Bank account: in one piece, or in groups of four.
_ACCOUNT = _form(
    rf"[A-Z]{{2}}[0-9]{{2}}(?:({_S})[0-9A-Z]{{4}}(?:\1[0-9A-Z]{{4}}){{1,6}}(?:\1[0-9A-Z]{{1,3}})?|[0-9A-Z]{{11,29}})"
)
# The registry of ISO 13616: its countries by the length of their account numbers.
_LENGTHS = {
    15: "NO",
    16: "BE",
    18: "DK FO FI GL NL SD FK",
    19: "MK SI",
    20: "AT BA EE KZ XK LT LU MN",
    21: "HR LV LI CH",
    22: "BH BG CR GE DE IE ME RS GB VA",
    23: "AE IL IQ OM SO TL GI",
    24: "AD CZ MD PK RO SA SK ES SE TN VG",
    25: "LY PT ST",
    26: "IS TR",
    27: "BR EG FR GR IT MR MC SM DJ BI",
    28: "AL AZ BY CY DO GT HU LB PL SV NI",
    29: "BR PS QA UA",
    30: "JO KW MU YE",
    31: "MT SC",
    33: "RU",
}
_ACCOUNTS = {(country, length) for length, countries in _LENGTHS.items() for country in countries.split()}


def _right_tax_code(code: str) -> bool:
    places = [int(one) if one.isdigit() else ord(one) - ord("A") for one in code[:15]]
    total = sum(place if at % 2 else _ODD[place] for at, place in enumerate(places))
    return any(map(str.isdigit, code)) and ord(code[15]) - ord("A") == total % 26


def _right_identity(code: str) -> bool:
    number = code[:-1].translate(str.maketrans("XYZ", "012"))
    return code[-1] == _IDENTITY_LETTERS[int(number) % 23]


def _right_tax_roll(code: str) -> bool:
    total = sum(int(one) * (2 + at % 6) for at, one in enumerate(reversed(code[:-1])))
    return code[-1] == "0123456789K0"[(11 - total % 11)]


def _right_corsican(code: str) -> bool:
    number = int(code[:13].replace("2A", "19", 1).replace("2B", "18", 1)) if code[5:7] in ("2A", "2B") else 0
    return int(code[13:]) == 97 - number % 97


def _right_born(code: str) -> bool:
    return luhn(code[2:])


def _right_account(code: str) -> bool:
    return (code[:2], len(code)) in _ACCOUNTS and int("".join(str(int(one, 36)) for one in code[4:] + code[:4])) % 97 == 1


_CHECKS: tuple[tuple[re.Pattern[str], Callable[[str], bool]], ...] = (
    (_TAX_CODE, _right_tax_code),
    (_INSURANCE, bool),
    (_IDENTITY, _right_identity),
    (_TAX_ROLL, _right_tax_roll),
    (_CORSICAN, _right_corsican),
    (_BORN, _right_born),
    (_ACCOUNT, _right_account),
)
_HAS_PAIR = re.compile("[0-9]{2}|[A-Za-z][0-9][A-Za-z]")
_NO_CODE = re.compile(r"[\W_]+")


def names_person(text: str) -> bool:
    """Whether the text holds an identifier that a state or a bank gives to a person, with the right check digits.

    >>> [names_person(text) for text in ("RSSMRA85T10A562S", "AB 12 34 56 C", "12.345.678-Z", "12.345.678-A")]
    [True, True, True, False]
    """
    if not _HAS_PAIR.search(text):
        return False
    return any(is_right(_NO_CODE.sub("", found.group()).upper()) for form, is_right in _CHECKS for found in form.finditer(text))


def luhn(digits: str) -> bool:
    """Whether the last digit is the right check digit of the others, as on payment cards.

    >>> luhn("4111111111111111"), luhn("4111111111111112")
    (True, False)
    """
    doubled = [sum(divmod(2 * int(digit), 10)) if at % 2 else int(digit) for at, digit in enumerate(reversed(digits))]
    return sum(doubled) % 10 == 0
