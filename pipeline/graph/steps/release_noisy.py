"""Takes bounded counts of each period from all shards, gives (date, Parquet files): the door of the dp mode, then the writer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import apache_beam as beam

from pipeline.config.catalogue import NOISY_REPORTS
from pipeline.graph.steps.bound_shards import BOUNDED, UNDECLARED
from pipeline.graph.steps.guarded import guarded
from pipeline.graph.steps.release_days import packed
from transforms.counting.count import add_counts
from transforms.privacy.differential.policy import Differential
from transforms.privacy.release import release_noisy
from transforms.wire import unpack, unpack_bytes


class ReleaseNoisy(beam.DoFn):
    """Output as of `ReleaseDays`. What it gives is drawn anew each time: it must be kept before it is written."""

    def __init__(self, policy: Differential, facts: tuple[tuple[str, str], ...]) -> None:
        self._policy = policy
        self._facts = dict(facts)

    @guarded
    def process(self, day: tuple[str, Iterable[bytes]]) -> Iterator[tuple[str, bytes]]:
        """One period."""
        date, data = day
        parts = list(map(unpack_bytes, data))
        counts = add_counts(unpack(part[BOUNDED]) for part in parts)
        undeclared = sum(int(part[UNDECLARED]) for part in parts)
        released = release_noisy(counts, NOISY_REPORTS, self._policy)
        yield date, packed(released, NOISY_REPORTS, self._facts, {"undeclared_hits": undeclared})
