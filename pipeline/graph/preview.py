"""What the periods to choose from would publish of the input, before a data set has one.

A data set keeps to its period, and which one suits a site depends on how many people visit it. So the beginning of the input is
counted as a run would count it, in this process and without a file.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from pipeline.graph.inputs import Found
from pipeline.graph.job import Job
from pipeline.graph.read_blocks import read_blocks
from transforms.block import process_block
from transforms.columns import Flags
from transforms.counting.measures import VISITORS
from transforms.counting.partial import hits_below
from transforms.dimensions.agent import TRAFFIC, are_people
from transforms.dimensions.site import SITE
from transforms.masking.secret import new_secret
from transforms.period import Period, Window
from transforms.privacy.policy import ALL_SITES, Policy
from transforms.reports.report import Catalogue

MAX_BYTES = 32 << 20
"""So many bytes are looked at: a day of some 10,000 visitors."""

SHOWN = ("pages", "sections", "sources", "countries", "browsers", "hourly")
_ALWAYS = 1 << 30  # days since 1970: every period has ended
_BLOCK_BYTES = 4 << 20


@dataclass(frozen=True, slots=True)
class Preview:
    """What one period would name: of how many `lines`, and in how many `periods`.

    `people` is the mean number of people's visitors in a period; `named` is by report the share (0 to 1) of people's hits that
    keep their value, None if there is none. `is_part` says that the input has more.
    """

    lines: int
    periods: int
    people: int
    named: dict[str, float | None]
    is_part: bool

    @property
    def is_poor(self) -> bool:
        """Whether most page hits would not be named."""
        share = self.named["pages"]
        return share is not None and share < 0.5


def preview(job: Job, found: Iterable[Found], period: Period) -> Preview:
    """Count the beginning of the input by a period. It depends on the job's rules and policy, not on what is published."""
    rules = replace(job.rules, shards=1, window=Window(end=_ALWAYS, period=period))
    secret, pieces, lines, size = new_secret(), list[bytes](), 0, 0
    for block in (block for each in found for block in read_blocks(each.file, _BLOCK_BYTES)):
        if size >= MAX_BYTES:
            return _previewed(pieces, lines, job.policy, job.catalogue, is_part=True)
        made, account = process_block(block, rules, secret)
        pieces += made.values()
        lines += account.read
        size += block.size
    return _previewed(pieces, lines, job.policy, job.catalogue, is_part=False)


def _previewed(pieces: list[bytes], lines: int, policy: Policy, catalogue: Catalogue, is_part: bool) -> Preview:
    people = periods = 0
    totals = {name: [0, 0] for name in SHOWN}
    for counted in policy.count(pieces, catalogue).values() if pieces else ():
        planned = policy.plan([counted.counts], catalogue)
        _, second = policy.recount("", counted.kept, catalogue, planned.plan or b"")
        released, _ = policy.release(planned.counts, [second], catalogue)
        periods += 1
        root = released.tables[catalogue.root().name]
        people += int(root[VISITORS.name].to_numpy()[are_people(root[TRAFFIC.name])].sum())
        # Of all that was counted, also in strata that are left out.
        hits = hits_below(counted.counts, catalogue, lambda strata: _may_be_named(strata, policy))
        for name in SHOWN:
            folded = released.folded[name]
            shown = folded.hits_of_people - folded.unnamed_of_people - folded.misnamed_of_people
            totals[name][0] += hits[name]
            totals[name][1] += hits[name] - shown
    named = {name: 1 - hidden / hits if hits else None for name, (hits, hidden) in totals.items()}
    return Preview(lines, periods, round(people / max(periods, 1)), named, is_part)


def _may_be_named(strata: pa.Table, policy: Policy) -> Flags:
    """Strata of people, at sites that are not left out by the operator's own wish."""
    sites, own = policy.facts()["sites"], strata[SITE.name].to_pylist()
    declared = np.isin(own, own if sites == ALL_SITES else sites.split(","))
    return np.asarray(declared & are_people(strata[TRAFFIC.name]), np.bool_)
