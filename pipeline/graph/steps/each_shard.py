"""Takes the pieces of each shard, gives what a way of counting makes of each of its days: what all such ways have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import Any

import apache_beam as beam

from pipeline.config.days import to_date
from pipeline.errors import EXIT_UNEXPECTED, JobError
from pipeline.graph.pool import Tasks
from pipeline.graph.steps.guarded import guarded
from pipeline.graph.steps.map_blocks import windowed
from transforms.counting.pieces import SecretChangedError
from transforms.wire import schema_of

LARGEST = "largest"
SECRETS = "secrets"

Output = Any
"""(date, bytes), or such in one of the other outputs (`TaggedOutput`)."""


class EachShard(beam.DoFn, ABC):
    """`largest` gets (date, hits of the largest network); the rest of a day is the counting's own (`outputs`).

    `secrets` gets the fingerprint of each shard's secret, because what two shards count adds up only under the same one.
    """

    def start_bundle(self) -> None:
        """A bundle has its own tasks in flight."""
        self._tasks: Tasks[dict[int, Any]] = Tasks()

    @abstractmethod
    def submit(self, pieces: list[bytes]) -> Iterator[dict[int, Any]]:
        """Start counting a shard; gives the days of earlier ones that are done."""

    @abstractmethod
    def outputs(self, date: str, counted: Any) -> Iterator[Output]:
        """What is given of one day."""

    @guarded
    def process(self, shard: tuple[int, Iterable[bytes]]) -> Iterator[Output]:
        """Start on the shard; gives what earlier shards of the bundle became."""
        pieces = list(shard[1])
        yield beam.pvalue.TaggedOutput(SECRETS, schema_of(pieces[0], "visitors").metadata[b"secret"])
        yield from self._outputs(self.submit(pieces))

    @guarded
    def finish_bundle(self) -> Iterator[object]:
        """What is still in flight."""
        yield from windowed(self._outputs(self._tasks.drain()))

    def _outputs(self, results: Iterator[dict[int, Any]]) -> Iterator[Output]:
        changed = False
        try:
            for days in results:
                for day, counted in days.items():
                    yield from self.outputs(to_date(day), counted)
                    yield beam.pvalue.TaggedOutput(LARGEST, (to_date(day), counted.largest_network))
        except SecretChangedError:
            changed = True
        if changed:
            raise secret_changed()


def secret_changed() -> JobError:
    """The error for parts of the result that were made with different secrets."""
    return JobError(
        EXIT_UNEXPECTED,
        "secret_changed",
        "The runner computed the secret twice, so parts of the result do not fit together. Nothing was published. Run again.",
    )
