"""What a measure is: a number beside the dimensions of each row, declared once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

import pyarrow as pa

from transforms.dimensions.dimension import Scope


class Kind(Enum):
    """Whether a measure of rows adds up to the measure of the row that they divide."""

    ADDITIVE = "additive"
    DISTINCT = "distinct"


@dataclass(frozen=True, slots=True)
class Measure:
    """A number of each row: what it counts, its unit, and its kind.

    `scope` is what it counts: each counted thing lies in one row wherever all dimensions are of this scope or a wider one.
    `details` is its text in the data dictionary. `notes` are further facts for the metadata of its column; `nullable` says
    whether rows may lack it.
    """

    name: str
    description: str
    unit: str
    kind: Kind
    scope: Scope
    details: str
    notes: tuple[tuple[str, str], ...] = ()
    nullable: bool = False

    def adds_up_over(self, scopes: Iterable[Scope]) -> bool:
        """Whether it adds up over the rows of a report whose dimensions below the stratum have these scopes."""
        return all(scope >= self.scope for scope in scopes)


HITS = Measure("hits", "Requests", "requests", Kind.ADDITIVE, Scope.HIT, "log lines of the row")
VISITORS = Measure(
    "visitors",
    "Distinct visitors (address and user agent within the day); do not add over rows",
    "visitors",
    Kind.DISTINCT,
    Scope.VISITOR,
    "distinct pairs of address and user agent within the day",
)
BYTES_SENT = Measure(
    "bytes_sent",
    "Bytes sent to clients, as logged",
    "bytes",
    Kind.ADDITIVE,
    Scope.HIT,
    "bytes sent to clients, as the server logged them",
)

MEASURES = (HITS, VISITORS, BYTES_SENT)
"""What tables may publish, in the order of the columns. Each policy publishes those that its guarantee covers."""

EVIDENCE = "capped_addresses"
"""Column beside the measures: the sum over networks of min(cap, distinct addresses). It is never published."""

LARGEST = "largest_address"
"""Column beside the measures: the hits of the address that has most. It is never published."""

COUNTED = (HITS.name, VISITORS.name, EVIDENCE, LARGEST)
"""What a shard counts of every cell."""


def measure_names(measures: Iterable[Measure]) -> tuple[str, ...]:
    """The measures' columns."""
    return tuple(measure.name for measure in measures)


def counts_schema(columns: Iterable[str], counts: Iterable[str] = COUNTED) -> pa.Schema:
    """Schema of counts of a report's cells: dimension columns, and whole numbers."""
    return pa.schema(
        [pa.field(name, pa.string(), nullable=False) for name in columns]
        + [pa.field(name, pa.int64(), nullable=False) for name in counts]
    )
