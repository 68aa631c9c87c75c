"""Takes the pieces of each shard, gives (date, counts) of all reports, and the shard prepared for the second pass.

The counts are the first pass. The second pass (`CountFolds`) reads the same prepared rows, so the shuffle has one consumer only.
"""

from __future__ import annotations

from collections.abc import Iterator

import apache_beam as beam

from pipeline.config.catalogue import REPORTS
from pipeline.graph.steps.each_shard import EachShard, Output
from transforms.counting.count import ShardDay, count_shard

PREPARED = "prepared"


class CountShards(EachShard):
    """Main output (date, counts); `prepared` gets (date, prepared rows); and what `EachShard` gives."""

    def __init__(self, caps: dict[str, int]) -> None:
        self._caps = caps

    def submit(self, pieces: list[bytes]) -> Iterator[dict[int, ShardDay]]:
        """See `EachShard`."""
        return self._tasks.submit(count_shard, pieces, REPORTS, self._caps)

    def outputs(self, date: str, counted: ShardDay) -> Iterator[Output]:
        """See `EachShard`."""
        yield date, counted.counts
        yield beam.pvalue.TaggedOutput(PREPARED, (date, counted.prepared))
