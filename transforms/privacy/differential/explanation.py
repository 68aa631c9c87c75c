"""The guarantee of the dp mode in plain words."""

from __future__ import annotations

import math

from transforms.privacy.differential.budget import BOUNDS, UNIT_BYTES, UNIT_HITS, Budget, spent

TEXT = """\
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


def explanation(budget: Budget, period: str) -> str:
    """The text with the numbers in force."""
    mechanisms = budget.mechanisms()
    (cost, _) = spent(mechanisms, budget.noise_delta())
    widths = {(each.report, each.measure): each.half_width for each in mechanisms}
    rows = [
        f"  {report:<10} {bound.cells:>5} {widths[report, 'visitors']:>12,} {widths[report, 'hits']:>8,} "
        f"{widths[report, 'bytes_sent'] / 1e6:>9,.0f} MB"
        for report, bound in BOUNDS.items()
    ]
    thresholds = {each.report: each.threshold + budget.min_addresses - 1 for each in mechanisms if each.threshold is not None}
    return TEXT.format(
        period=period,
        epsilon=f"{budget.epsilon:g}",
        cost=f"{cost:.3f}",
        delta=f"{budget.delta:g}",
        odds=f"{1 / budget.delta:,.0f}",
        factor=f"{math.exp(budget.epsilon):,.1f}",
        hits=UNIT_HITS,
        size=f"{UNIT_BYTES:,}",
        rows="\n".join(rows),
        k=budget.min_addresses,
        pages=thresholds["pages"],
        sources=thresholds["sources"],
    )
