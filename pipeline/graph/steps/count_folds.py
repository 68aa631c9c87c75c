"""Takes prepared rows of each day and shard and the plans, gives (date, counts of what folds): the second pass."""

from __future__ import annotations

from collections.abc import Iterator

import apache_beam as beam

from pipeline.config.catalogue import REPORTS
from pipeline.graph.pool import Tasks
from pipeline.graph.steps.guarded import guarded
from pipeline.graph.steps.map_blocks import windowed
from transforms.counting.count import count_rolled_up


class CountFolds(beam.DoFn):
    """Output (date, fold counts)."""

    def __init__(self, caps: dict[str, int]) -> None:
        self._caps = caps

    def start_bundle(self) -> None:
        """A bundle has its own tasks in flight."""
        self._tasks: Tasks[tuple[str, bytes]] = Tasks()

    @guarded
    def process(self, rows: tuple[str, bytes], plans: dict[str, bytes]) -> Iterator[tuple[str, bytes]]:
        """Start on the rows; gives what earlier ones of the bundle became."""
        date, prepared = rows
        yield from self._tasks.submit(count_rolled_up, date, prepared, REPORTS, self._caps, plans[date])

    @guarded
    def finish_bundle(self) -> Iterator[object]:
        """What is still in flight."""
        yield from windowed(self._tasks.drain())
