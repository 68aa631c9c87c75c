"""Takes the numbers in force, gives the guarantee and its limits in plain words."""

from __future__ import annotations

import argparse
import math

from pipeline.cli import terminal
from pipeline.config.guarantee import explained_policy
from pipeline.words import reflowed
from transforms.privacy.differential.policy import BOUNDS, UNIT_BYTES, UNIT_HITS, Differential, spent
from transforms.privacy.threshold.policy import NETWORK_CAP

WIDTH = 115
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
- Two releases of one {period} (--replace) show what changed between them.
- Whoever knows something from elsewhere may combine it with the tables.
- Many {period}s say more about a regular visitor than one. Each keeps the promise by itself.
- Until a runner elsewhere deletes its storage, it holds personal data. See docs/engines.md.
"""

NOISY_TEXT = """\
What is published about visitors with differential privacy, and what never is

Published are tables of noisy counts: hits, addresses and bytes, by {period}, site, and one thing more, such as a
page or a country.

1. Whatever is published of a {period} would be published with nearly the same probability if one address had never
   come: by a factor of at most e^{epsilon} = {factor} (epsilon = {epsilon}), but for a chance of 1 in {odds} (delta = {delta}).
   All reports, measures and sites of the {period} are in that. They cost epsilon = {cost}; the ledger lists each part.
2. This holds whatever anybody knows from elsewhere, and however many others work together.
3. Of one address (IPv4, IPv6 /56) at most {hits} hits and {size} bytes of a {period} are counted, and in each report
   at most so many rows. What is beyond that is left out, by lot.
4. Every count has noise: a discrete Gaussian, drawn by OpenDP from the system's random numbers.

  report      rows   visitors ±   hits ±      bytes ±      (of 20 numbers, about 19 are no further off)
{rows}

5. Which rows there are is known beforehand: the sites that were declared, and all hours, kinds, channels, countries
   and device classes, whether anybody was there or not. Numbers may be negative. Rows in which nobody was are noise.
6. Pages and referring domains come from the log. One is named only if at least {k} addresses asked for it and if its
   noisy count reaches {pages} (pages) or {sources} (domains). The rest stands together as (other).
7. (other) is what is left of the row above it: the difference of published numbers, and of no others.
8. Each {period} is published once, in this mode or the other. The ledger is written before the first file can be seen.
   If a run is interrupted, the files that were drawn are published, or none.

Addresses are cut and keyed when a line is read, as in the mode threshold, and no log content gets into messages.

Each of these claims is tested: see docs/privacy.md.

What this does not promise

- One person who uses several addresses is protected as several: epsilon adds up.
- Periods add up, too: who comes every {period} is protected for each of them, not for all together.
- That a {period} was published says that its input could be read and had few unreadable lines. Its log format is found
  out from its first lines, unless --format names it.
- The operator's own record and summary (--run-record) are exact. They are not for publication.
- Other data about the same visitors, published elsewhere, are not in this budget.
- Sites with fewer than some thousand visitors a {period} see little but noise.
- Until a runner elsewhere deletes its storage, it holds personal data. See docs/engines.md.
"""


def explain(options: argparse.Namespace) -> None:
    """Print to standard output."""
    policy = explained_policy(options)
    if isinstance(policy, Differential):
        text = _noisy(policy, options.period)
    else:
        k = policy.min_addresses
        text = TEXT.format(k=k, minus=k - 1, cap=NETWORK_CAP, period=options.period)
    with terminal.printing() as console:
        console.print(reflowed(text, min(console.width, WIDTH)), end="", soft_wrap=True)


def _noisy(policy: Differential, period: str) -> str:
    mechanisms = policy.mechanisms()
    (cost, _), budget = spent(mechanisms, policy.noise_delta()), policy.epsilon
    widths = {(each.report, each.measure): each.half_width for each in mechanisms}
    rows = [
        f"  {report:<10} {bound.cells:>5} {widths[report, 'visitors']:>12,} {widths[report, 'hits']:>8,} "
        f"{widths[report, 'bytes_sent'] / 1e6:>9,.0f} MB"
        for report, bound in BOUNDS.items()
    ]
    thresholds = {each.report: each.threshold + policy.min_addresses - 1 for each in mechanisms if each.threshold is not None}
    return NOISY_TEXT.format(
        period=period,
        epsilon=f"{budget:g}",
        cost=f"{cost:.3f}",
        delta=f"{policy.delta:g}",
        odds=f"{1 / policy.delta:,.0f}",
        factor=f"{math.exp(budget):,.1f}",
        hits=UNIT_HITS,
        size=f"{UNIT_BYTES:,}",
        rows="\n".join(rows),
        k=policy.min_addresses,
        pages=thresholds["pages"],
        sources=thresholds["sources"],
    )
