"""Converters of logged values: each extracts from a distinct value the part that its column holds."""

from __future__ import annotations

import re

from transforms.hosts import PORT, is_address

_HASH = re.compile(rb"#([0-9A-Fa-f]{2})")
_BEHIND = re.compile(r"[\":](?:\d{1,3}\.){3}\d{1,3}\Z|\A\"|\"\Z")
# A site by one word, as detection may guess: not any label of a host name, but no number and no identifier, either.
_WORD = re.compile(r"_|(?![0-9a-f]{16,}\Z)[a-z][a-z0-9_-]*")
_NO_SITES = frozenset(
    "http https ws wss h2 h3 on off hit miss bypass expired stale updating revalidated get post unknown".split()
)
_TIME = re.compile(r"\d+\.\d+")
_PUBLIC_NAME = re.compile(r"(?:[\w*-]+\.)+(?:xn--[a-z0-9-]+|[^\W\d_]{2,})\.?|localhost", re.IGNORECASE)
_NO_AGENT = re.compile(r"https?://|\d+\.\d+\Z", re.IGNORECASE)
_ABSOLUTE = re.compile(r"[A-Z-]+ https?://[^ ]+", re.IGNORECASE)


def without_parentheses(value: str) -> str:
    """The text in parentheses.

    >>> without_parentheses("(203.0.113.9, 198.51.100.7)"), without_parentheses("(-)")
    ('203.0.113.9, 198.51.100.7', '-')
    """
    return value.removeprefix("(").removesuffix(")")


def without_bracket(value: str) -> str:
    """The text before a closing bracket: Nginx Proxy Manager writes `[Client 192.0.2.7]`.

    >>> without_bracket("192.0.2.7]"), without_bracket("-")
    ('192.0.2.7', '-')
    """
    return value.removesuffix("]")


def is_list_of_addresses(value: str) -> bool:
    """Whether a text is a value of X-Forwarded-For: addresses, placeholders for addresses, or nothing.

    >>> is_list_of_addresses("203.0.113.9, unknown"), is_list_of_addresses("-"), is_list_of_addresses("2.31")
    (True, True, False)
    """
    return all(word in ("", "-", "unknown") or is_address(word) for word in map(str.strip, value.split(",")))


def is_host(value: str) -> bool:
    """Whether a text may be a remote host, perhaps a masked one, and not an address after other text.

    >>> is_host("198.51.100.7, [2001:db8::1]:443"), is_host("pc-7.example.org"), is_host("192.0.2.*"), is_host("-")
    (True, True, True, True)
    >>> is_host('"192.0.2.7'), is_host('"198.51.100.9, 192.0.2.7"'), is_host("access.log:192.0.2.7")
    (False, False, False)
    """
    last = last_of_list(value)
    return is_address(last) or _BEHIND.search(last) is None


def is_site(value: str) -> bool:
    """Whether a text, perhaps with a port, is a site's name: with a domain, or a single label, and not an address.

    >>> [is_site(word) for word in ("www.example.org:443", "localhost", "xn--mller-kva.example", "shop.m\u00fcller.de", "wiki")]
    [True, True, True, True, True]
    >>> [is_site(word) for word in ("192.0.2.7:443", "MISS", "0.179", "TLSv1.3", "https", "8f3c2a91d04be57f")]
    [False, False, False, False, False, False]
    """
    name = PORT.sub("", value)
    return _PUBLIC_NAME.fullmatch(name) is not None or (_WORD.fullmatch(name) is not None and name not in _NO_SITES)


def is_referrer(value: str) -> bool:
    """Whether a text may be a referrer, perhaps a masked one, and not an agent, a time or a host name.

    >>> is_referrer("https://www.example.com/"), is_referrer("-"), is_referrer("[hidden]")
    (True, True, True)
    >>> is_referrer("Mozilla/5.0 (X11; Linux x86_64)"), is_referrer("0.003"), is_referrer("www.example.org")
    (False, False, False)
    """
    return "://" in value or not (value.startswith("Mozilla/") or _TIME.fullmatch(value) or _PUBLIC_NAME.fullmatch(value))


def is_agent(value: str) -> bool:
    """Whether a text may be a user agent, and not a URL or a duration.

    >>> is_agent("curl/8.5"), is_agent("https://www.example.org/"), is_agent("0.003")
    (True, False, False)
    """
    return _NO_AGENT.match(value) is None


def with_scheme(value: str) -> str:
    """A URL with its scheme, also if it begins with its host. A path stays a path.

    >>> with_scheme("www.example.org/a"), with_scheme("https://www.example.org/a"), with_scheme("/a")
    ('http://www.example.org/a', 'https://www.example.org/a', '/a')
    """
    return value if value.startswith("/") or "://" in value.partition("?")[0] or not value.strip("-*") else f"http://{value}"


def without_log_number(value: str) -> str:
    """The Caddy component that wrote a line, without the number of its log.

    >>> without_log_number("http.log.error.log0"), without_log_number("http.log.access")
    ('http.log.error', 'http.log.access')
    """
    return ".".join(value.split(".")[:3])


def after_slash(value: str) -> str:
    """The text after a slash: Squid writes its own result before the status.

    >>> after_slash("TCP_MISS/200")
    '200'
    """
    return value.rpartition("/")[2]


def without_plus(value: str) -> str:
    """A number of bytes without HAProxy's `+`, which says that more would follow after the line was written.

    >>> without_plus("+4410"), without_plus("4410")
    ('4410', '4410')
    """
    return value.removeprefix("+")


def last_of_list(value: str) -> str:
    """The last of several addresses: the one that called the proxy itself.

    >>> last_of_list("198.51.100.7, 203.0.113.9"), last_of_list("-")
    ('203.0.113.9', '-')
    """
    return value.rpartition(",")[2].strip()


def all_but_last_of_list(value: str) -> str:
    """The addresses before the last one.

    >>> all_but_last_of_list("198.51.100.7, 203.0.113.9"), all_but_last_of_list("203.0.113.9")
    ('198.51.100.7', '-')
    """
    return value.rpartition(",")[0].strip() or "-"


def from_hash_escapes(value: str) -> str:
    """Undoes HAProxy's escapes, such as `#22`, and its `<BADREQ>`, which is not a request.

    >>> from_hash_escapes("GET /a#22b HTTP/1.1"), from_hash_escapes("<BADREQ>")
    ('GET /a"b HTTP/1.1', '-')
    """
    if value == "<BADREQ>":
        return "-"
    written = value.encode("utf-8", "replace")
    return _HASH.sub(lambda found: bytes([int(found.group(1), 16)]), written).decode("utf-8", "replace")


def names_absolute_url(request: str) -> bool:
    """Whether a request line holds a whole URL instead of a path."""
    return _ABSOLUTE.match(request) is not None


def undoubled(value: str) -> str:
    """Undoes the doubled quotes in a field of a CSV file."""
    return value.replace('""', '"')
