"""The guarantee of the threshold mode in plain words."""

from __future__ import annotations

from transforms.privacy.policy import NETWORK_CAP
from transforms.privacy.threshold.gate import Gate

TEXT = """\
What is published about visitors, and what never is

Published are tables of counts by {period}, site, and one thing more, such as a page or a country: hits and visitors.
The guarantee is k-anonymity with primary and complementary suppression, k = {k}.

1. Primary suppression. A row has at least {k} addresses of its own. At most {cap} addresses per network (IPv4 /24, IPv6
   /32) count, so neither one network nor one person with many agents fills a row. All host names together are one
   network. Listed crawlers of organisations are machines: {k} addresses of one network count, and their names are
   published whatever their number.
2. Generalisation. Rare values are counted one level up first: a path in its section, an hour in its part of the day,
   a browser in its system.
3. A tree. Each report divides published rows of another one, exactly. No small group is left when one table is
   subtracted from another.
4. Complementary suppression. If the rare values below a row have {k} addresses together, and could be of several
   values, they are its row (other). Otherwise the largest row beside them absorbs them without a word: nobody can
   tell none from few. A row may therefore hold hits of other values, by few addresses, but as many hits as these
   make. The operator's run record says how many.
5. Visitors are exact where no visitor can be in two rows (countries, devices, browsers). Elsewhere they are rounded
   to the nearest {k}, and a row that lacks fewer than {k} visitors of the row above it shows the same number.
   Bytes and everything about visits are not published, because they are tied to hits by the sizes of files and by
   what a visit is.
6. A site's {period} with fewer than {k} addresses is left out of everything.
7. Each {period} is published once. Later lines are counted for the operator and dropped. --replace withdraws a
   release, and the manifest says how often; `withdraw` takes all of a data set back. A data set has one k, time
   zone, period, opt-out and set of routes.
8. Paths lose queries; identifiers in them are replaced. Of referrers the domain is kept. Names of browsers, systems
   and robots are those of shipped lists. A value that still looks like a person's is never published by name.

Addresses are truncated and keyed when a line is read. The key is random for each run and gone when it ends. User
names, cookies, whole user agents, whole referrers and queries are not kept. Nothing of a log line except what these
rules publish reaches a result, a message, a record or the graph of the job.

The claim: all tables of a {period} together prove of no unpublished value that anybody had it, not even to someone who
knows every rule. Each rule is tested by attacks that succeed without it: see docs/privacy.md.

What this does not promise

- {minus} people who work together, on several networks, can find out about one more.
- {k} people who fill a row learn the total of everybody else in it. If theirs is the largest row, they also learn what
  it absorbed.
- One person who uses many networks (Tor, relays, a phone on the move) counts as many. So does a company.
- A page that names a person in its path is published if {k} addresses ask for it. See --routes.
- If all visitors of a row share a property, the tables show it: nobody is named, but the group is described.
- One address may make most hits of a row. The run record counts such rows.
- How far the visitors of two rows overlap can be bounded. Where a row has more visitors than a row inside it has hits,
  somebody is in the first and not in the second.
- Someone who knows which values exclude each other may see what a row absorbed: a section, say, that the server answers
  with one status code alone.
- Someone who sends a crawler's user agent counts as one, and is then named with fewer than {k} addresses.
- Two releases of one {period} (--replace) show what changed between them, and so do two data sets of one log with other
  settings.
- Someone who knows something from elsewhere may combine it with the tables.
- Many {period}s say more about a regular visitor than one. Each keeps the promise by itself.
- Until a runner elsewhere deletes its storage, it holds personal data. See docs/engines.md.
"""


def explanation(gate: Gate, period: str) -> str:
    """The text with the numbers in force."""
    k = gate.min_addresses
    return TEXT.format(k=k, minus=k - 1, cap=NETWORK_CAP, period=period)
