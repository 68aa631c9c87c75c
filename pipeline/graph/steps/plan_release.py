"""From the counts of each period and shard to their sum, and the policy's plan of a second pass."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import apache_beam as beam

from pipeline.graph.parcels import taken
from pipeline.graph.steps.guarded import guarded
from transforms.privacy.policy import Policy
from transforms.reports.report import Catalogue

PLANS = "plans"


class PlanRelease(beam.DoFn):
    """Main output (date, counts); the output `plans` gets (date, plan)."""

    def __init__(self, policy: Policy, catalogue: Catalogue) -> None:
        self._policy = policy
        self._catalogue = catalogue

    @guarded
    def process(self, day: tuple[str, Iterable[bytes]]) -> Iterator[tuple[str, bytes] | beam.pvalue.TaggedOutput]:
        """One period."""
        date, parts = day
        planned = self._policy.plan(map(taken, parts), self._catalogue)
        yield date, planned.counts
        if planned.plan is not None:
            yield beam.pvalue.TaggedOutput(PLANS, (date, planned.plan))
