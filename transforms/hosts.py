"""Host names and IP addresses as text: their syntax, the ports behind them, and registrable domains (public suffix list)."""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache

import pyarrow as pa
import pyarrow.compute as pc
from publicsuffixlist import PublicSuffixList

from transforms.memo import remembered

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

PORT = re.compile(r":\d{1,5}\Z")
_PRIVATE_BLOCKS = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "fc00::/7", "::1")
_PRIVATE = [*map(ipaddress.ip_network, _PRIVATE_BLOCKS)]
_MAX_NAME = 253
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_BELOW_TOP_LEVEL = re.compile(rf"(?:{_LABEL}\.)+[a-z](?:[a-z0-9-]{{0,61}}[a-z0-9])?")
_ENDS_IN_NUMBER = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)")  # read as an IPv4 address, whatever stands before (WHATWG URL)
_SITE_PORT = re.compile(r":[0-9]+\Z")  # a Host header is whatever the client says: of any length
# What may have a port: an address in brackets, an IPv4 address, a name. An IPv6 address alone has more colons than one.
_WITH_PORT = r"^(?:\[([^\[\]]*)\]|([^:\[\]]+))(?::[0-9]{1,5})?$"


def without_port(value: str) -> str:
    """An address without brackets and port; an IPv6 address can have a port only behind brackets.

    >>> without_port("192.0.2.7:443"), without_port("[2001:db8::1]:443"), without_port("2001:db8::1")
    ('192.0.2.7', '2001:db8::1', '2001:db8::1')
    """
    return PORT.sub("", value).strip("[]") if ":" in value and (value[0] == "[" or value.count(":") == 1) else value


def last_hosts(lists: pa.StringArray) -> pa.StringArray:
    """The last host of each list, without brackets and port: the one that the nearest proxy saw. Other text stays as it is."""
    # Before a line's first word may stand the zeros that copytruncate leaves, or the mark of a file that was appended.
    last = pc.replace_substring_regex(lists, r"^(?:.*,\s*|[\x00\x{FEFF}]+)", "")
    return pc.replace_substring_regex(last, _WITH_PORT, r"\1\2")


def forwarded_host(word: str) -> str:
    """The last host of a list as `last_hosts` takes it, but whatever its port: what a trusted proxy appended is an address."""
    word = word.rpartition(",")[2].strip("\0\ufeff \\")  # in logs of IIS a backslash may stand before an address
    if word.startswith("["):
        return word[1:].partition("]")[0]
    return word.partition(":")[0] if word.count(":") == 1 else word


def address_of(text: str) -> Address | None:
    """The IP address that a text is, perhaps with a zone (fe80::1%eth0)."""
    try:
        return ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None


def is_address(value: str) -> bool:
    """Whether a text is an IP address, perhaps with brackets or a port.

    >>> is_address("192.0.2.7:443"), is_address("[2001:db8::1]"), is_address("www.example.org")
    (True, True, False)
    """
    return address_of(without_port(value)) is not None


def is_private(value: str) -> bool:
    """Whether a text is an address of a private network, which a proxy may have and a client does not.

    >>> is_private("10.0.0.7"), is_private("8.8.8.8"), is_private("www.example.org")
    (True, False, False)
    """
    address = address_of(without_port(value))
    return address is not None and any(address in network for network in _PRIVATE)


def site_name(logged: str) -> str:
    """The host name of a site as logged, lower case, without port and trailing dot; one label is enough; "" if it is none."""
    host = _SITE_PORT.sub("", logged).lower().removesuffix(".")
    return host if len(host) <= _MAX_NAME and _NAME.fullmatch(host) and not _ENDS_IN_NUMBER.fullmatch(host) else ""


def dns_name(host: str) -> str:
    """The host name as the public DNS has it: below a top-level domain, and in Punycode; "" if it cannot be one."""
    host = host.lower().removesuffix(".")
    if len(host) <= _MAX_NAME and not host.isascii():
        try:
            host = host.encode("idna").decode()
        except UnicodeError:
            return ""
    return host if len(host) <= _MAX_NAME and _BELOW_TOP_LEVEL.fullmatch(host) else ""


@remembered
def site_domain(host: str) -> str:
    """The registrable domain of a host name by the whole list, so that two people's pages at one host are two; "" for none."""
    return _registrable(host, _suffixes(private=True))


@remembered
def network_domain(host: str) -> str:
    """The registrable domain of a host name by the list's ICANN section; "" for none."""
    return _registrable(host, _suffixes(private=False))


def public_suffix(host: str) -> str:
    """The public suffix of a host name, by the list's ICANN section; "" for none."""
    return _suffixes(private=False).publicsuffix(host) or ""


def _registrable(host: str, suffixes: PublicSuffixList) -> str:
    host = dns_name(host)
    domain = (suffixes.privatesuffix(host) if host else None) or ""
    return "" if "_" in domain else domain  # names of hosts and apps may have it, but nobody can register it


@lru_cache(maxsize=2)
def _suffixes(private: bool) -> PublicSuffixList:
    return PublicSuffixList(accept_unknown=False, only_icann=not private)
