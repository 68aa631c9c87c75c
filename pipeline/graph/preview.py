"""What the periods to choose from would publish of the input, before a data set has one.

A data set keeps to its period, and which one suits a site depends on how many people visit it. So the beginning of the input is
counted as a run would count it, in this process and without a file.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from pipeline.graph.inputs import Found
from pipeline.graph.job import Job
from pipeline.graph.read_blocks import read_blocks
from transforms.block import process_block
from transforms.counting.measures import VISITORS
from transforms.dimensions.agent import HUMAN, TRAFFIC
from transforms.masking.secret import new_secret
from transforms.period import Period, Window
from transforms.privacy.policy import Policy
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
        for row in released.tables[catalogue.root().name].to_pylist():
            people += row[VISITORS.name] if row[TRAFFIC.name] == HUMAN else 0
        left_out = released.folded[catalogue.root().name].unnamed_of_people
        for name in SHOWN:
            folded = released.folded[name]
            totals[name][0] += folded.hits_of_people + left_out
            totals[name][1] += folded.unnamed_of_people + folded.misnamed_of_people + left_out
    named = {name: 1 - hidden / hits if hits else None for name, (hits, hidden) in totals.items()}
    return Preview(lines, periods, round(people / max(periods, 1)), named, is_part)
