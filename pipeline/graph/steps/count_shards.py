"""From the pieces of each shard to (date, counts), in the way of the job's policy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import apache_beam as beam

from pipeline.config.days import to_date
from pipeline.errors import EXIT_UNEXPECTED, JobError
from pipeline.graph.parcels import handed_on, taken
from pipeline.graph.steps.guarded import guarded
from pipeline.graph.steps.pooled import Output, PooledDoFn
from transforms.counting.pieces import SecretChangedError
from transforms.privacy.policy import Counted, Policy
from transforms.reports.report import Catalogue
from transforms.wire import schema_of

KEPT = "kept"
SECRETS = "secrets"
TRAFFIC = "traffic"


class CountShards(PooledDoFn[dict[int, Counted]]):
    """Main output (date, counts). `kept` gets (date, rows for a second pass), so that the shuffle has one consumer only.

    `traffic` gets (date, (hits of people in the largest network, bytes of all hits)) for the operator, `secrets` the fingerprint
    of each shard's secret, because what two shards count adds up only under the same one.
    """

    expected = (SecretChangedError,)

    def __init__(self, policy: Policy, catalogue: Catalogue) -> None:
        self._policy = policy
        self._catalogue = catalogue

    @guarded
    def process(self, shard: tuple[int, Iterable[bytes]]) -> Iterator[Output]:
        """Start on the shard; yields the outputs of earlier shards of the bundle."""
        pieces = list(map(taken, shard[1]))
        yield beam.pvalue.TaggedOutput(SECRETS, schema_of(pieces[0], "visitors").metadata[b"secret"])
        yield from self.submit(self._policy.count, pieces, self._catalogue)

    def outputs(self, result: dict[int, Counted]) -> Iterator[Output]:
        """See `PooledDoFn`."""
        for day, counted in result.items():
            date = to_date(day)
            yield date, handed_on(counted.counts)
            if counted.kept:
                yield beam.pvalue.TaggedOutput(KEPT, (date, handed_on(counted.kept)))
            yield beam.pvalue.TaggedOutput(TRAFFIC, (date, (counted.largest_network, counted.volume)))

    def job_error(self, error: SecretChangedError) -> JobError:
        """See `PooledDoFn`."""
        return secret_changed()


def secret_changed() -> JobError:
    """The error for parts of the result that were made with different secrets."""
    return JobError(
        EXIT_UNEXPECTED,
        "secret_changed",
        "The runner computed the secret twice, so parts of the result do not fit together. Nothing was published. Run again.",
    )
