"""The second pass of a policy that plans one: over what was kept of each period and shard."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.graph.parcels import taken
from pipeline.graph.steps.guarded import guarded
from pipeline.graph.steps.pooled import Output, PooledDoFn
from transforms.privacy.policy import Policy
from transforms.reports.report import Catalogue


class Recount(PooledDoFn[tuple[str, bytes]]):
    """Output (date, counts of the second pass)."""

    def __init__(self, policy: Policy, catalogue: Catalogue) -> None:
        self._policy = policy
        self._catalogue = catalogue

    @guarded
    def process(self, kept: tuple[str, bytes], plans: dict[str, bytes]) -> Iterator[Output]:
        """Start on the rows; yields the outputs of earlier ones of the bundle."""
        date, rows = kept
        yield from self.submit(self._policy.recount, date, taken(rows), self._catalogue, plans[date])

    def outputs(self, result: tuple[str, bytes]) -> Iterator[Output]:
        """See `PooledDoFn`."""
        yield result
