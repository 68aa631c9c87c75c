"""Takes the pieces of each shard, gives (date, counts) of all reports, and the shard prepared for the second pass.

The counts are the first pass. The second pass (`CountFolds`) reads the same prepared rows, so the shuffle has one consumer only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import apache_beam as beam

from pipeline.catalogue import REPORTS
from pipeline.days import to_date
from pipeline.errors import EXIT_UNEXPECTED, JobError
from pipeline.pool import Tasks
from pipeline.steps.guarded import guarded
from pipeline.steps.map_blocks import windowed
from transforms.count import ShardDay, count_shard
from transforms.pieces import SecretChangedError
from transforms.wire import schema_of

PREPARED = "prepared"
LARGEST = "largest"
SECRETS = "secrets"

Days = dict[int, ShardDay]


class CountShards(beam.DoFn):
    """Main output (date, counts); `prepared` gets (date, prepared rows), `largest` (date, hits of the largest network).

    `secrets` gets the fingerprint of each shard's secret, because what two shards count adds up only under the same one.
    """

    def __init__(self, caps: dict[str, int]) -> None:
        self._caps = caps

    def start_bundle(self) -> None:
        """A bundle has its own tasks in flight."""
        self._tasks: Tasks[Days] = Tasks()

    @guarded
    def process(self, shard: tuple[int, Iterable[bytes]]) -> Iterator[tuple[str, bytes] | beam.pvalue.TaggedOutput]:
        """Start on the shard; gives what earlier shards of the bundle became."""
        pieces = list(shard[1])
        yield beam.pvalue.TaggedOutput(SECRETS, schema_of(pieces[0], "visitors").metadata[b"secret"])
        yield from _outputs(self._tasks.submit(count_shard, pieces, REPORTS, self._caps))

    @guarded
    def finish_bundle(self) -> Iterator[object]:
        """What is still in flight."""
        yield from windowed(_outputs(self._tasks.drain()))


def _outputs(results: Iterator[Days]) -> Iterator[tuple[str, bytes] | beam.pvalue.TaggedOutput]:
    changed = False
    try:
        for days in results:
            for day, counted in days.items():
                date = to_date(day)
                yield date, counted.counts
                yield beam.pvalue.TaggedOutput(PREPARED, (date, counted.prepared))
                yield beam.pvalue.TaggedOutput(LARGEST, (date, counted.largest_network))
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
