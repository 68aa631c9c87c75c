"""From masked visitors and hits to what travels to a shard: keys, the job's dimensions, and measures."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from transforms.dimensions.describe import describe
from transforms.dimensions.dimension import Dimension, Scope
from transforms.dimensions.lookups import Lookups

_VISITOR_KEYS = ("date", "network_key", "address_key", "visitor_key")


def enrich(visitors: pa.Table, hits: pa.Table, dimensions: Sequence[Dimension], lookups: Lookups) -> tuple[pa.Table, pa.Table]:
    """Visitors and hits with the columns of these dimensions, and no other column that describes a visitor.

    `visitors` and `hits` are tables of MASKED_VISITOR and MASKED. Properties of a visitor are stored once per visitor and period.
    Properties of a line refer to them by row number (`visitor`). So most dimensions cost nothing per line.
    """
    of_visitors = describe(visitors, [each for each in dimensions if each.scope is Scope.VISITOR], lookups)
    of_hits = describe(hits, [each for each in dimensions if each.scope is Scope.HIT], lookups)
    return (
        _table({name: visitors[name] for name in _VISITOR_KEYS} | of_visitors),
        _table({name: hits[name] for name in ("visitor", "second")} | of_hits | {"bytes_sent": hits["bytes_sent"]}),
    )


def _table(columns: dict[str, pa.ChunkedArray | pa.Array]) -> pa.Table:
    """A table without nulls: neither dimensions nor the other columns have any."""
    table = pa.table(columns)
    return table.cast(pa.schema([field.with_nullable(False) for field in table.schema]))
