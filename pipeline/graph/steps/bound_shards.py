"""Takes the pieces of each shard, gives (date, bounded counts) of the reports of the dp mode."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.config.catalogue import NOISY_REPORTS
from pipeline.graph.steps.each_shard import EachShard, Output
from transforms.privacy.differential.bound import BoundedDay, count_bounded
from transforms.wire import pack_bytes

BOUNDED = "bounded"
UNDECLARED = "undeclared"
NO_LINES = pack_bytes({BOUNDED: b"", UNDECLARED: b"0"})
"""What is counted in a period without lines."""


class BoundShards(EachShard):
    """Main output (date, counts and undeclared hits); and what `EachShard` gives."""

    def __init__(self, sites: tuple[str, ...]) -> None:
        self._sites = sites

    def submit(self, pieces: list[bytes]) -> Iterator[dict[int, BoundedDay]]:
        """See `EachShard`."""
        return self._tasks.submit(count_bounded, pieces, NOISY_REPORTS, self._sites)

    def outputs(self, date: str, counted: BoundedDay) -> Iterator[Output]:
        """See `EachShard`."""
        yield date, pack_bytes({BOUNDED: counted.counts, UNDECLARED: str(counted.undeclared).encode()})
