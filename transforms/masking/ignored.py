"""Leaves out requests that the operator does not want counted: by path, by the visitor's network, or by words of the user agent.

Such as a monitor that asks for a page every minute. Its lines are left out before anything is counted, so that the tables are
those of a log without them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.columns import Flags, distinct
from transforms.hosts import address_of
from transforms.masking.address import embedded_ipv4, quads
from transforms.masking.client import Proxies, hosts_of, network_of
from transforms.masking.fingerprint import fingerprint

PATH, NETWORK, AGENT = "path", "network", "agent"
RULE_REASONS = {PATH: "--ignore-path", NETWORK: "--ignore-network", AGENT: "--ignore-agent"}
"""Reasons of ignored lines that are the operator's, in the order in which they are tried."""

_BEFORE_QUERY = r"[?#;](?s:.*)$"


@dataclass(frozen=True, slots=True)
class Ignored:
    """Which requests are left out: of one of the paths, networks or agents.

    A path is a whole one, or with a final `*` the beginning of one. An agent is a part of one, in capitals or not.
    """

    paths: tuple[str, ...] = ()
    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    agents: tuple[str, ...] = ()

    def fingerprint(self) -> str:
        """Says in public whether two periods had the same rules; their order does not matter.

        Networks enter by their number only: an address can be found by trying all of them.
        """
        networks = (f"{NETWORK} {number}" for number in range(len(set(self.networks))))
        paths = (f"{PATH} {path}" for path in sorted(set(self.paths)))
        agents = (f"{AGENT} {agent}" for agent in sorted({agent.lower() for agent in self.agents}))
        return fingerprint([*paths, *networks, *agents])

    def left(self, entries: pa.Table, proxies: Proxies | None) -> tuple[pa.Table, dict[str, int]]:
        """The other entries (schema ENTRY), and how many were left out, by reason."""
        keep, counts = np.ones(entries.num_rows, np.bool_), {}
        for reason, found in self._found(entries, proxies):
            found &= keep
            keep &= ~found
            counts[reason] = int(np.count_nonzero(found))
        counts = {reason: count for reason, count in counts.items() if count}
        return (entries.filter(pa.array(keep)) if counts else entries), counts

    def _found(self, entries: pa.Table, proxies: Proxies | None) -> Iterator[tuple[str, Flags]]:
        """The entries that each kind of rule fits, found once for each distinct value."""
        if self.paths:
            codes, targets = distinct(entries["target"])
            yield PATH, self._have_path(targets)[codes]
        if self.networks:
            codes, hosts = distinct(hosts_of(entries, proxies))
            yield NETWORK, self._are_inside(hosts)[codes]
        if self.agents and not entries["user_agent"].null_count:  # else the format has none
            codes, agents = distinct(entries["user_agent"])
            yield AGENT, _any(pc.match_substring(agents, agent, ignore_case=True) for agent in self.agents)[codes]

    def _have_path(self, targets: pa.Array) -> Flags:
        paths = pc.replace_substring_regex(targets, _BEFORE_QUERY, "")
        begins = (pc.starts_with(paths, path[:-1]) for path in self.paths if path.endswith("*"))
        return _any([pc.is_in(paths, value_set=pa.array(self.paths)), *begins])

    def _are_inside(self, hosts: pa.Array) -> Flags:
        texts, plain, packed = quads(hosts)
        numbers = np.frombuffer(packed, ">u4").astype(np.int64)
        inside = np.zeros(len(numbers), np.bool_)
        for network in self.networks:
            if isinstance(network, IPv4Network):
                inside |= (numbers & int(network.netmask)) == int(network.network_address)
        found = np.zeros(len(texts), np.bool_)
        found[plain] = inside
        for at in np.flatnonzero(~plain).tolist():
            found[at] = self._is_inside(texts[at])
        return found

    def _is_inside(self, host: str) -> bool:
        address = address_of(host.strip("[]"))
        inner = embedded_ipv4(address.packed) if isinstance(address, IPv6Address) else None
        client = IPv4Address(inner) if inner is not None else address
        return client is not None and any(client in network for network in self.networks)


NOTHING_IGNORED = Ignored()


def path_rule(word: str) -> str:
    """A path as it is ignored; `ValueError` if it is none.

    >>> path_rule("/health"), path_rule("/monitoring/*")
    ('/health', '/monitoring/*')
    """
    if not word.startswith("/") or "*" in word[:-1] or set(word) & set("?#; ") or not word.isprintable():
        raise ValueError(f"{word!r} is not a path such as /health, or /monitoring/* for all that begin with /monitoring/")
    return word


def network_rule(word: str) -> IPv4Network | IPv6Network:
    """A network as it is ignored; `ValueError` if it is none."""
    try:
        return network_of(word)
    except ValueError:
        raise ValueError(f"{word!r} is neither a network such as 192.0.2.0/24 nor an address") from None


def agent_rule(word: str) -> str:
    """Words of an agent as they are ignored; `ValueError` if there are none: all agents hold them."""
    if not word.strip():
        raise ValueError(f"{word!r} is in every user agent. Say words of one, such as UptimeRobot")
    return word


def _any(flags: Iterable[pa.Array]) -> Flags:
    found: Flags = np.any([each.to_numpy(zero_copy_only=False) for each in flags], axis=0)
    return found
