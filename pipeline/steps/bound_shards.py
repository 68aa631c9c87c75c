"""Takes the pieces of each shard, gives (date, bounded counts) of the reports of the dp mode."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import apache_beam as beam

from pipeline.catalogue import NOISY_REPORTS
from pipeline.days import to_date
from pipeline.pool import Tasks
from pipeline.steps.count_shards import LARGEST, SECRETS, secret_changed
from pipeline.steps.guarded import guarded
from pipeline.steps.map_blocks import windowed
from transforms.bound import BoundedDay, count_bounded
from transforms.pieces import SecretChangedError
from transforms.wire import pack_bytes, schema_of

BOUNDED = "bounded"
UNDECLARED = "undeclared"
NO_LINES = pack_bytes({BOUNDED: b"", UNDECLARED: b"0"})
"""What is counted in a period without lines."""

Days = dict[int, BoundedDay]


class BoundShards(beam.DoFn):
    """Main output (date, counts and undeclared hits); `largest` and `secrets` as of `CountShards`."""

    def __init__(self, sites: tuple[str, ...]) -> None:
        self._sites = sites

    def start_bundle(self) -> None:
        """A bundle has its own tasks in flight."""
        self._tasks: Tasks[Days] = Tasks()

    @guarded
    def process(self, shard: tuple[int, Iterable[bytes]]) -> Iterator[tuple[str, bytes] | beam.pvalue.TaggedOutput]:
        """Start on the shard; gives what earlier shards of the bundle became."""
        pieces = list(shard[1])
        yield beam.pvalue.TaggedOutput(SECRETS, schema_of(pieces[0], "visitors").metadata[b"secret"])
        yield from _outputs(self._tasks.submit(count_bounded, pieces, NOISY_REPORTS, self._sites))

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
                yield date, pack_bytes({BOUNDED: counted.counts, UNDECLARED: str(counted.undeclared).encode()})
                yield beam.pvalue.TaggedOutput(LARGEST, (date, counted.largest_network))
    except SecretChangedError:
        changed = True
    if changed:
        raise secret_changed()
