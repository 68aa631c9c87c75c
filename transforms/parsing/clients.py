"""Tells whether the addresses that a format takes for the clients' may be others', by the lines of a sample.

Behind a proxy the server sees the proxy's address, and its owner logs the client's where a free place was: in the address's place
with quotes around it, for the ident or the user of the NCSA formats, under a second key of a JSON line. A format that took the
wrong one would count a proxy as the only visitor, so detection refuses it, and the owner says which address is meant.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from transforms.formats.values import last_of_list
from transforms.hosts import is_address, is_private, without_port

ELSEWHERE = "elsewhere"
"""What the names of further columns begin with that hold an address, or nothing that a format reads. For detection only."""

QUOTED, SEVERAL = "quoted", "several"
"""Why the clients are in doubt: the address's place holds quotes, or another place of the line holds an address, too."""

_SOME = 20  # one line of so many; a few lines are of those who send an address as their user name

_Row = Mapping[str, str | None]


def doubt(rows: Sequence[_Row]) -> str | None:
    """Why the remote hosts of lines may not be the clients: QUOTED, SEVERAL, or None."""
    quoted = sum('"' in (row.get("remote_host") or "") for row in rows)
    if quoted and 2 * quoted >= len(rows):
        return QUOTED
    names = {name for row in rows for name in row if name.startswith(ELSEWHERE)}
    return SEVERAL if any(_are_clients(rows, name) for name in names) else None


def _are_clients(rows: Sequence[_Row], name: str) -> bool:
    """Whether the public addresses of a column may be the clients: those of a server are few, those of visitors many."""
    pairs = [(row.get("remote_host") or "", last_of_list(row.get(name) or "")) for row in rows]
    pairs = [(without_port(host), without_port(other)) for host, other in pairs if is_address(other) and not is_private(other)]
    pairs = [(host, other) for host, other in pairs if host != other]
    if not pairs or _SOME * len(pairs) < len(rows):
        return False
    hosts, others = ({pair[place] for pair in pairs} for place in (0, 1))
    if any(map(is_private, hosts)):
        return True
    # One client alone can send anything.
    spread = _SOME * len(hosts) >= len({row.get("remote_host") for row in rows}) or 2 * len(pairs) >= len(rows)
    return len(others) >= len(hosts) and spread
