"""Recognises dates, long numbers, places, and addresses of the internet and of hardware, however their parts are joined.

The text must be one that `transforms.masking.text` has read.
"""

from __future__ import annotations

import re

BETWEEN = r"(?:[^\w%]|[_xX])"
"""What may stand between groups of digits; `/` stands between those of several segments."""

DATE = re.compile(r"(?<!\d)((?:19|20)[0-9]{2}([._-]?)(?:0[1-9]|1[0-2])\2(?:0[1-9]|[12][0-9]|3[01]))(?!\d)")

# A date may have its time behind it, joined as a date's parts are, but not by dots, which join an address.
_MOMENT = rf"{DATE.pattern}(?:[T_-](?:[01][0-9]|2[0-3])([_-])[0-5][0-9]\3[0-5][0-9](?!\.?[0-9]))?"
_FOLDERS = r"(?<![0-9])(?:19|20)[0-9]{2}/(?:0?[1-9]|1[0-2])(?:/(?:0?[1-9]|[12][0-9]|3[01]))?(?![0-9])"  # /2026/03/title
_DATED = re.compile(rf"{_MOMENT}|{_FOLDERS}")
_YEAR = r"(?:19|20)[0-9]{2}"
_YEARS = rf"(?<!\d){_YEAR}(?:[/_-]{_YEAR})+(?!\d)"
_SIZE = r"(?<![0-9xX])[1-9][0-9]{0,3}[xX][1-9][0-9]{0,3}(?![0-9xX])"  # of a picture
_KEPT = re.compile(rf"{DATE.pattern}|{_YEARS}|{_SIZE}")
_NO_NUMBER = re.compile(rf"{_MOMENT}|{_FOLDERS}|{_YEARS}|(?<![0-9])(?:{_YEAR}/)+(?=[0-9])|{_SIZE}")

# Nine digits in groups, as those of telephones, cards and bank accounts, or five together; with what is glued behind them.
_NUMBER = re.compile(rf"(?:\d(?:{BETWEEN}{{0,3}}\d){{8,}}|\d{{5,}})[^\W_]*")
GROUPED = re.compile(rf"(?<![0-9A-Za-z])\+?[0-9](?:{BETWEEN}{{0,3}}[0-9]){{8,}}(?![0-9A-Za-z])")
"""Nine digits or more in groups, that no letter touches."""

_OCTET = r"(?:25[0-5]|2[0-4][0-9]|[01][0-9][0-9]|[1-9]?[0-9])"  # 04 is a version's, unless it stands alone
_DOTTED = rf"{_OCTET}(?:\.{_OCTET}){{3}}"
_ALONE = r"(?:[01]?[0-9]?[0-9]|2[0-4][0-9]|25[0-5])"
_JOINT = r"(?:[^\w.%]|[_x]){1,3}"
_IPV4 = re.compile(
    rf"(?<![0-9A-Za-z]){_DOTTED}(?![0-9])|(?<![0-9]){_DOTTED}(?![0-9A-Za-z])"  # between two letters it is a version
    rf"|(?<![0-9A-Za-z._-]){_ALONE}(?:\.{_ALONE}){{3}}(?![0-9A-Za-z._-])"
)
# With other separators one number at least has three digits: 1-2-3-4 and 16_16_32_32 are no addresses. Shops keep the picture of
# product 123 in folders: /1/2/3/123-large.jpg.
_JOINED_IPV4 = re.compile(
    rf"(?<![0-9])(?=(?:[0-9]{{1,2}}{_JOINT}){{0,3}}[0-9]{{3}})(?!(?:[0-9]/){{3}})"
    rf"{_OCTET}({_JOINT}){_OCTET}\1{_OCTET}\1{_OCTET}(?![0-9])"
)
_BRACKETS = re.compile(r"[()\[\]{}<>]+")
_FOUR_DIGITS = re.compile("[0-9](?:[^0-9]*[0-9]){3}")
_HEX_OCTET = re.compile("0x([0-9a-f]{1,2})(?![0-9a-f])", re.IGNORECASE)

_GROUP = "[0-9A-Fa-f]{1,4}"
_GROUPS = rf"(?:{_GROUP}(?::{_GROUP}){{0,6}})?"
_IPV6 = re.compile(rf"(?:{_GROUP}:){{3}}(?![G-Zg-z])|{_GROUP}([_-])(?:{_GROUP}\1){{6}}{_GROUP}")  # with colons also a part of one
_SHORT_IPV6 = re.compile(rf"(?=({_GROUPS}::{_GROUPS}))")  # looks ahead, so that no match hides one that begins within it
_TWO_WORDS = re.compile("[A-Za-z]{3,}::[A-Za-z]{3,}")
# With other separators three groups at least have three digits or more. `::` is doubled as well, in a global or local address.
_JOINED_IPV6 = re.compile(
    rf"(?<![0-9A-Za-z])(?=(?:[0-9A-Fa-f]{{1,2}}(?:[^\w:]|x)){{0,5}}[0-9A-Fa-f]{{3}})"
    rf"{_GROUP}((?:[^\w:%]|x){{1,2}})(?:{_GROUP}\1){{6}}{_GROUP}(?![0-9A-Za-z])"
)
_LONG_GROUP = re.compile("[0-9A-Fa-f]{3,4}")
_JOINED_SHORT_IPV6 = re.compile(
    rf"(?<![0-9A-Za-z])(?:[23][0-9A-Fa-f]{{3}}|[Ff][Ee]80|[Ff][CDcd][0-9A-Fa-f]{{2}}|64(?=[_~.,-][Ff][Ff]9[Bb]))"
    rf"(?:([_~.,-])(?!\1){_GROUP}(?:\1{_GROUP}){{0,5}}\1\1|([_~.,-])\2)(?:{_GROUP}(?:[_~.,-]{_GROUP}){{0,6}})?(?![0-9A-Za-z_~,-])"
)
_DOUBLED = re.compile(r"([_~.,-])\1")
_PAIR = "[0-9A-Fa-f]{2}"
_HARDWARE = re.compile(  # with colons it looks like IPv6
    rf"(?<![0-9A-Za-z]){_PAIR}((?:[^\w:%]|_){{1,2}})(?:{_PAIR}\1){{4}}{_PAIR}(?![0-9A-Za-z])"
)
# In groups of four or six one holds a letter and a digit: cafe-2019-2020 is none. Colours (264653-2a9d8f-e9c46a) have more.
_QUADS = re.compile(r"(?<![0-9A-Za-z])([0-9A-Fa-f]{4})([^\w%/]|_)([0-9A-Fa-f]{4})\2([0-9A-Fa-f]{4})(?!\2?[0-9A-Za-z])")
_HALVES = re.compile(r"(?<![0-9A-Za-z])(?<![0-9A-Fa-f][.:-])([0-9A-Fa-f]{6})([.:-])([0-9A-Fa-f]{6})(?!\2?[0-9A-Za-z])")
_MIXED = re.compile("[0-9][A-Fa-f]|[A-Fa-f][0-9]")
_WORD = re.compile(r":(?:id|uuid|hex|token|email|more)(?![0-9A-Za-z])")  # of the path mask; its colon is none of an address

# In the name of a host any four numbers are an address, as are eight hexadecimal digits with two decimal ones at least.
_IN_HOST = re.compile(
    rf"(?<![0-9]){_OCTET}([.-]){_OCTET}\1{_OCTET}\1{_OCTET}(?![0-9])"
    r"|(?<![0-9a-z])[g-z]{0,2}(?=[a-f]*[0-9][a-f]*[0-9])[0-9a-f]{8}(?![0-9a-z])"
    r"|(?<![0-9a-z])(?:[0-9a-f]\.){12}"
)

_DEGREES = r"[+-]?[0-9]{1,3}\.[0-9]"
_PLACE_MARK = re.compile(r"[0-9]\.[0-9]|[°+]")
_PLACE = re.compile(
    # Two decimals are about a kilometre, four about ten metres. Versions have a comma between them never, other signs often.
    rf"(?<![\w.]){_DEGREES}[0-9][0-9]*[ ,;]{{1,3}}{_DEGREES}[0-9][0-9]*(?![\w.]*[0-9])"
    rf"|(?<![\w.]){_DEGREES}[0-9]{{3,}}[ ,;/_+-]{{1,3}}{_DEGREES}[0-9]{{3,}}"
    rf"|{_DEGREES}[0-9]+°?[NS][ ,;/_-]{{0,3}}{_DEGREES}[0-9]+°?[EW](?![A-Za-z])"
    rf"|(?<![A-Za-z])[NS]{_DEGREES}[0-9]+°?[ ,;/_-]{{0,3}}[EW]{_DEGREES}[0-9]+"
    rf"|(?<![A-Za-z])lat[a-z]*\W?{_DEGREES}[0-9]*[^0-9A-Za-z.]{{0,3}}(?:lon|lng)[a-z]*\W?{_DEGREES}"
    r"|[0-9]° ?[0-9]{1,2} ?['′’]"
    r"|(?<![0-9A-Za-z])[23456789CFGHJMPQRVWX]{8}\+[23456789CFGHJMPQRVWX]{2,3}(?![0-9A-Za-z])",  # a plus code
    re.IGNORECASE,
)


def without_numbers(text: str) -> str:
    """The text with `:id` in place of its long numbers, except dates, ranges of years and sizes of pictures.

    >>> without_numbers("invoice-1048577"), without_numbers("0170~123~4567"), without_numbers("2026-03-03-1024x768")
    ('invoice-:id', ':id', '2026-03-03-1024x768')
    """
    parts, end = [], 0
    for kept in _KEPT.finditer(text):
        parts += [_NUMBER.sub(":id", text[end : kept.start()]), kept.group()]
        end = kept.end()
    return "".join((*parts, _NUMBER.sub(":id", text[end:])))


def without_dates(text: str) -> str:
    """The text without its dates, also those in folders, and without ranges of years and sizes of pictures."""
    return _NO_NUMBER.sub("#", text)


def names_address(text: str) -> bool:
    """Whether the text has an IPv4, IPv6 or hardware address, or four groups of one; a version of four numbers looks the same.

    >>> [names_address(text) for text in ("ip-192-0-2-7", "2001:db8::7", "2001:db8:1:2", "2026-03-03-10-30", "std::vector")]
    [True, True, True, False, False]
    >>> [names_address(text) for text in ("0xC0.0xA8.0x01.0x01", "2001-db8--7", "001a.2b3c.4d5e", "2.20260303.3063")]
    [True, True, True, False]
    """
    text = _WORD.sub("#", text)
    if ":" in text and (_IPV6.search(text) or ("::" in text and _has_short_ipv6(text))):
        return True
    if not any(map(str.isdigit, text)):
        return False
    text = _BRACKETS.sub("(", _HEX_OCTET.sub(lambda found: str(int(found.group(1), 16)), text))
    dateless = _DATED.sub("#", text)
    return bool(
        (_FOUR_DIGITS.search(dateless) and (_IPV4.search(dateless) or _JOINED_IPV4.search(dateless)))
        or _IPV6.search(text)
        or any(len(_LONG_GROUP.findall(found.group())) > 2 for found in _JOINED_IPV6.finditer(dateless))
        or (_DOUBLED.search(text) and _JOINED_SHORT_IPV6.search(text))
        or _HARDWARE.search(dateless)
        or any(_MIXED.search(found.group()) for form in (_QUADS, _HALVES) for found in form.finditer(dateless))
    )


def host_names_address(host: str) -> bool:
    """Whether the name of a host holds an address, as names that providers give to their customers' addresses do.

    >>> [host_names_address(host) for host in ("p54a1b2c3.dip0.t-ipconnect.de", "1-2-3-4.example.org", "web2.example.org")]
    [True, True, False]
    """
    return _IN_HOST.search(host) is not None


def names_place(text: str) -> bool:
    """Whether the text holds the coordinates of a place, to a kilometre or closer.

    >>> names_place("52.5200,13.4050"), names_place("lat=52.52&lon=13.40"), names_place("1.10-2.20")
    (True, True, False)
    """
    return _PLACE_MARK.search(text) is not None and _PLACE.search(text) is not None


def _has_short_ipv6(text: str) -> bool:
    return any(_is_short_ipv6(text, *found.span(1)) for found in _SHORT_IPV6.finditer(text))


def _is_short_ipv6(text: str, start: int, end: int) -> bool:
    """Whether text with `::` is an address, and not two words (`abc::def`) or the ends of two (as in `std::vector`)."""
    groups = text[start:end].replace(":", " ").split()
    if not groups or _TWO_WORDS.fullmatch(text[start:end]):
        return False
    alone = not text[max(start - 1, 0) : start].isalnum() and not text[end : end + 1].isalnum()
    return alone or len(groups) > 2 or (len(groups) == 2 and any(map(str.isdigit, text[start:end])))
