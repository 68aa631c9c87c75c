"""Finds the client behind trusted proxies, from remote hosts and X-Forwarded-For as logged.

Each proxy appends the address that called it. So only the end of the header can be trusted, and it is read from there: past
every trusted proxy, to the first address that is not one. Anybody can write what precedes it.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

import pyarrow as pa

from transforms.columns import distinct, distinct_pairs, recode
from transforms.hosts import Address, address_of, forwarded_host

_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Proxies:
    """Trusted proxies: their networks, or how many of them every request passes (`hops`, at least 1)."""

    networks: tuple[_Network, ...] = ()
    hops: int = 0

    @classmethod
    def parse(cls, words: str) -> Proxies:
        """A number of hops, or networks and addresses separated by commas. `ValueError` names the word that is neither.

        >>> Proxies.parse("2").hops, Proxies.parse("10.0.0.0/8, 2001:db8::1").networks[0].prefixlen
        (2, 8)
        >>> Proxies.parse("::ffff:10.0.0.0/104") == Proxies.parse("10.0.0.0/8")
        True
        """
        if words.isascii() and words.isdigit() and 1 <= int(words) <= 20:
            return cls(hops=int(words))
        networks = []
        for word in words.split(","):
            try:
                networks.append(network_of(word))
            except ValueError:
                raise ValueError(f"{word.strip()!r} is neither a network such as 10.0.0.0/8 nor a number of proxies") from None
        return cls(networks=tuple(networks))

    def client(self, remote_host: str, forwarded_for: str) -> str:
        """The client of one request; `forwarded_for` is "" or "-" if there was no such header."""
        chain = [word.strip() for word in forwarded_for.split(",")] if forwarded_for not in ("", "-") else []
        if self.hops:
            hops = chain[-self.hops :]
            return forwarded_host(hops[0]) if hops and _address(hops[0]) is not None else remote_host
        client = remote_host
        while chain and self._trusts(client):
            before = chain.pop()
            if _address(before) is None:
                break  # a trusted proxy was called from somewhere unnamed: it is the last that is known
            client = forwarded_host(before)
        return client

    def _trusts(self, host: str) -> bool:
        address = _address(host)
        return address is not None and any(address.version == known.version and address in known for known in self.networks)


def network_of(word: str) -> _Network:
    """The network or address that a word is, or `ValueError`.

    IPv4 networks embedded in IPv6 (::ffff:10.0.0.0/104) become IPv4 networks, like the addresses of the log.
    """
    network = ipaddress.ip_network(word.strip())
    mapped = getattr(network.network_address, "ipv4_mapped", None)
    return network if mapped is None or network.prefixlen < 96 else ipaddress.ip_network((mapped, network.prefixlen - 96))


def clients(remote_hosts: pa.ChunkedArray, forwarded_for: pa.ChunkedArray, proxies: Proxies) -> pa.DictionaryArray:
    """The client of each request, computed once for each pair that occurs."""
    host_codes, hosts = distinct(remote_hosts)
    chain_codes, chains = distinct(forwarded_for)
    codes, hosts_of, chains_of = distinct_pairs(host_codes, chain_codes)
    hosts, chains = hosts.take(pa.array(hosts_of)), chains.take(pa.array(chains_of))
    return recode(codes, list(map(proxies.client, hosts.to_pylist(), chains.to_pylist())))


def hosts_of(entries: pa.Table, proxies: Proxies | None) -> pa.ChunkedArray | pa.DictionaryArray:
    """The host of each entry's visitor: behind proxies that are trusted, where the log holds X-Forwarded-For."""
    hosts, forwarded_for = entries["remote_host"], entries["forwarded_for"]
    return hosts if proxies is None or forwarded_for.null_count else clients(hosts, forwarded_for, proxies)


def _address(word: str) -> Address | None:
    address = address_of(forwarded_host(word))
    return getattr(address, "ipv4_mapped", None) or address
