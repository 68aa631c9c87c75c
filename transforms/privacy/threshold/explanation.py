"""The guarantee of the threshold mode in plain words."""

from __future__ import annotations

from transforms.privacy.threshold.gate import NETWORK_CAP, Gate

TEXT = """\
What is published about visitors, and what never is

Published are tables of counts: hits, visitors, visits and bytes, by {period}, site, and one thing more, such as a
page or a country.

1. A row is published only if it counts at least {k} addresses. Of one network (IPv4 /24, IPv6 /32) at most {cap} are
   counted, so one network or one person with many agents cannot fill a row. Known robots come from few networks
   and are no persons: of theirs {k} of one network count.
2. Each report divides rows of another report that are published themselves. So no hits of a small group can be
   found by taking one table away from another.
3. Rows with fewer addresses stand together as (other). If (other) has too few itself, the smallest other row
   joins it.
4. A site's {period} with fewer than {k} addresses is left out of everything.
5. Each {period} is published once. Later lines are counted and dropped. --replace withdraws a release, and the
   manifest says how often.
6. Paths lose queries; numbers of five digits or more, e-mail addresses, UUIDs and tokens in them are replaced, but
   for dates. Of referrers the domain is kept; names of browsers, systems and robots are those of shipped lists. What
   still looks like a person's at the end, as an IP address in a path does, is folded.

Addresses are cut and keyed when a line is read. The key is random for each run and gone when it ends. User names,
cookies, whole user agents, whole referrers and queries are read past. Of a log line nothing but what these rules
publish gets into a result, and nothing into a message, a record or the graph of the job.

Each of these claims is tested, also by attacks: see docs/privacy.md.

What this does not promise

- {minus} people who work together, on several networks, can find out about one more.
- One person who uses many networks (Tor, relays, a phone on the move) counts as many. So does a company.
- A page that names a person in its path is published if {k} addresses ask for it: by a word, a date, a number of up
  to four digits, or groups of such numbers with up to eight digits together, also behind a date. See --routes.
- If all visitors of a row share a property, the tables show it: nobody is named, but the group is described.
- Two rows may count the same visitors and visits. How far they overlap can be bounded, or, where a row has two
  parts only, be known: how many are in both, and how many in one only, which may be one.
- Whoever sends no user agent counts as a robot: {k} addresses, but perhaps of one network.
- Two releases of one {period} (--replace) show what changed between them. Two data sets of one log, with another k,
  time zone, period, opt-out or set of routes, can be subtracted from each other.
- Whoever knows something from elsewhere may combine it with the tables.
- Many {period}s say more about a regular visitor than one. Each keeps the promise by itself.
- Until a runner elsewhere deletes its storage, it holds personal data. See docs/engines.md.
"""


def explanation(gate: Gate, period: str) -> str:
    """The text with the numbers in force."""
    k = gate.min_addresses
    return TEXT.format(k=k, minus=k - 1, cap=NETWORK_CAP, period=period)
