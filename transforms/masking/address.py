"""Maps remote hosts as logged to the privacy unit (an address), its network and its truncated prefix.

The unit is an IPv4 address or an IPv6 /56; the network is an IPv4 /24 or an IPv6 /32. An IPv4 address embedded in IPv6 (mapped,
NAT64, 6to4, Teredo) counts as its IPv4 address. All addresses that are not global are one address in one network, because nobody
outside can tell them apart and anybody inside can make up more. A host name is an address; all host names are one network,
because the owner of a domain or of a reverse zone can make up any number of them.
"""

from __future__ import annotations

import ipaddress
import socket
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.columns import Flags, Integers, rows_of_bytes
from transforms.hosts import last_hosts, network_domain
from transforms.reserved import UNKNOWN

# Framing: a first byte for the kind, then the kind's own bytes; kinds 4 and 6 have a fixed width, a name is the last part.
_IPV4, _IPV6, _NAME, _NOWHERE = b"4", b"6", b"n", b"-"
_QUAD = r"^(?:[0-9]|[1-9][0-9]|1[0-9][0-9]|2[0-4][0-9]|25[0-5])(?:\.(?:[0-9]|[1-9][0-9]|1[0-9][0-9]|2[0-4][0-9]|25[0-5])){3}$"
_OCTETS = pa.array(map(str, range(256)), pa.string())
_MAPPED, _NAT64, _TEREDO, _SIXTOFOUR = bytes(10) + b"\xff\xff", b"\x00\x64\xff\x9b" + bytes(8), b"\x20\x01\x00\x00", b"\x20\x02"


class Place(NamedTuple):
    """One remote host: its unit and network as framed bytes, and the prefix for geography as text ("" for none)."""

    unit: bytes
    network: bytes
    prefix: str


NOWHERE = Place(_NOWHERE, _NOWHERE, "")
"""Where everything stands that has no global address."""


class Places(NamedTuple):
    """Columns of what `Place` holds, one row a host."""

    units: pa.BinaryArray
    networks: pa.BinaryArray
    prefixes: pa.StringArray

    def are_local(self) -> pa.BooleanArray:
        """Which of them are NOWHERE."""
        return pc.equal(self.units, NOWHERE.unit)


def places(hosts: pa.Array) -> Places:
    """The place of each distinct remote host: of a list the last address, which the nearest proxy saw, without its port."""
    texts, plain, packed = quads(hosts)
    others = [_other(texts[at]) for at in np.flatnonzero(~plain).tolist()]
    inner = [other for other in others if isinstance(other, bytes)]
    numbers = np.frombuffer(packed + b"".join(inner), ">u4").astype(np.int64)
    addresses = _ipv4(numbers, _non_global(numbers))
    if not others:
        return addresses
    # First the addresses that are written as IPv4, then those inside IPv6, then the rest.
    kinds = np.zeros(len(texts), np.int8)
    kinds[~plain] = [1 if isinstance(other, bytes) else 2 for other in others]
    order = np.empty(len(texts), np.int64)
    order[np.argsort(kinds, kind="stable")] = np.arange(len(texts))
    rest = [other for other in others if isinstance(other, Place)]
    return Places(
        *(
            pa.concat_arrays([column, pa.array([place[at] for place in rest], column.type)]).take(pa.array(order))
            for at, column in enumerate(addresses)
        )
    )


def quads(hosts: pa.Array) -> tuple[list[str], Flags, bytes]:
    """Remote hosts without lists and ports, which of them are IPv4 addresses, and these with four bytes each."""
    plain = pc.match_substring_regex(hosts, _QUAD).to_numpy(zero_copy_only=False)
    if not plain.all():
        odd = pa.array(~plain)
        hosts = pc.replace_with_mask(hosts, odd, last_hosts(hosts.filter(odd)))
        plain = pc.match_substring_regex(hosts, _QUAD).to_numpy(zero_copy_only=False)
    texts = hosts.to_pylist()
    return texts, plain, b"".join(map(socket.inet_aton, (text for text, quad in zip(texts, plain, strict=True) if quad)))


def _ipv4(numbers: Integers, local: Flags) -> Places:
    octets = numbers.astype(">u4").view(np.uint8).reshape(-1, 4)
    framed = np.hstack([np.broadcast_to(np.frombuffer(_IPV4, np.uint8), (len(octets), len(_IPV4))), octets])
    first, second, third = (_OCTETS.take(pa.array(octets[:, at])) for at in range(3))
    columns = (rows_of_bytes(framed), rows_of_bytes(framed[:, :-1]), pc.binary_join_element_wise(first, second, third, "0", "."))
    nowhere = (pa.scalar(value, column.type) for value, column in zip(NOWHERE, columns, strict=True))
    return Places(*(pc.if_else(pa.array(local), value, column) for value, column in zip(nowhere, columns, strict=True)))


@lru_cache(maxsize=1)
def _local_ranges() -> tuple[tuple[int, int], ...]:
    """IPv4 ranges outside the global internet (IANA special-purpose registry), first and last address."""
    blocks = (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3",
    )  # fmt: skip
    networks = [ipaddress.IPv4Network(block) for block in blocks]
    return tuple((int(network[0]), int(network[-1])) for network in networks)


def _non_global(numbers: Integers) -> Flags:
    local = np.zeros(len(numbers), np.bool_)
    for first, last in _local_ranges():
        local |= (numbers >= first) & (numbers <= last)
    return local


def _other(host: str) -> Place | bytes:
    """The place of a host that is not written as an IPv4 address, or the IPv4 address inside it."""
    if ":" in host:
        try:
            address = socket.inet_pton(socket.AF_INET6, host.strip("[]").partition("%")[0])
        except (OSError, ValueError):
            return NOWHERE
        return _ipv6(address)
    if not network_domain(host):
        return NOWHERE
    return Place(_NAME + host.lower().rstrip(".").encode(), _NAME, "")


def embedded_ipv4(address: bytes) -> bytes | None:
    """The IPv4 address inside an IPv6 address (mapped, NAT64, 6to4, Teredo), or None."""
    if address[:12] in (_MAPPED, _NAT64):
        return address[12:]
    if address[:2] == _SIXTOFOUR:
        return address[2:6]
    return bytes(byte ^ 0xFF for byte in address[12:]) if address[:4] == _TEREDO else None


def _ipv6(address: bytes) -> Place | bytes:
    inner = embedded_ipv4(address)
    if inner is not None:
        return inner
    if not _is_global_unicast(address):
        return NOWHERE
    # The prefix is the unit itself: were it longer, the country would depend on which of its addresses came first.
    return Place(_IPV6 + address[:7], _IPV6 + address[:4], socket.inet_ntop(socket.AF_INET6, address[:7] + bytes(9)))


def _is_global_unicast(address: bytes) -> bool:
    """2000::/3, except protocol assignments (2001::/23) and documentation (2001:db8::/32, 3fff::/20)."""
    if address[:2] == b"\x20\x01" and (address[2] < 2 or address[2:4] == b"\x0d\xb8"):
        return False
    return address[0] >> 5 == 1 and not (address[:2] == b"\x3f\xff" and address[2] < 16)


def network_name(prefix: str) -> str:
    """The network under which a truncated address is published: IPv4 /16, IPv6 /24; `(unknown)` for none.

    >>> network_name("20.1.2.0"), network_name("2a00:1450:4001:800::"), network_name("")
    ('20.1.0.0/16', '2a00:1400::/24', '(unknown)')
    """
    if not prefix:
        return UNKNOWN
    if ":" in prefix:
        packed = socket.inet_pton(socket.AF_INET6, prefix)
        return socket.inet_ntop(socket.AF_INET6, packed[:3] + bytes(13)) + "/24"
    first, second, _ = prefix.split(".", 2)
    return f"{first}.{second}.0.0/16"
