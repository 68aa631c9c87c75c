"""Takes the counts of each day from all shards, gives them added up, and the plan: which rows pass, and which may join a fold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import apache_beam as beam

from pipeline.config.catalogue import REPORTS
from pipeline.graph.steps.guarded import guarded
from transforms.counting.count import add_counts
from transforms.privacy.release import plan_release
from transforms.privacy.threshold.policy import Threshold
from transforms.wire import pack, unpack

PLANS = "plans"


class PlanRelease(beam.DoFn):
    """Main output (date, counts); the output `plans` gets (date, plan)."""

    def __init__(self, policy: Threshold) -> None:
        self._policy = policy

    @guarded
    def process(self, day: tuple[str, Iterable[bytes]]) -> Iterator[tuple[str, bytes] | beam.pvalue.TaggedOutput]:
        """One day."""
        date, parts = day
        counts = add_counts(unpack(part) for part in parts)
        yield date, pack(counts)
        yield beam.pvalue.TaggedOutput(PLANS, (date, pack(plan_release(counts, REPORTS, self._policy))))
