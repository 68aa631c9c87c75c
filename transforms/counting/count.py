"""Exact counts of every report's cells in one shard.

All hits of a visitor, an address and a network lie in one shard. So within it everything distinct is counted exactly, and counts
of different shards simply add up. Rows are sorted once by network, address, visitor and time, so that a cell's hits of one of
these follow each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
import pyarrow as pa

from transforms.columns import distinct
from transforms.counting.cells import cells_of
from transforms.counting.kernels import NUMBERS, ordered, units_of
from transforms.counting.measures import BYTES_SENT, COUNTED, LARGEST
from transforms.counting.partial import partial_counts
from transforms.counting.pieces import gather
from transforms.counting.visits import measure_visits, number_visits
from transforms.dimensions.agent import TRAFFIC
from transforms.dimensions.describe import describe, dimension_columns
from transforms.dimensions.dimension import Dimension
from transforms.reports.report import Catalogue
from transforms.wire import compact


def merge_pieces(pieces: Iterable[bytes], of_visits: Sequence[Dimension]) -> dict[int, pa.Table]:
    """One table of prepared rows for each day (since 1970) of a shard.

    Prepared rows are hits in the order of network, address, visitor and time, with dense numbers (columns NUMBERS) in
    place of keys, the dimensions that travelled, and those of visits.
    """
    visitors, hits = gather(pieces)
    order = ordered(visitors, hits["second"])
    visitors = visitors.take(pa.array(order.visitors)).select(dimension_columns(visitors))
    hits = hits.take(pa.array(order.hits))
    ends = [start for _, start in order.starts[1:]] + [hits.num_rows]
    prepared = {}
    for (date, start), end in zip(order.starts, ends, strict=True):
        day, of_visitors = hits.slice(start, end - start), visitors.take(pa.array(order.owners[start:end]))
        columns: dict[str, object] = {name: own[start:end] for name, own in zip(NUMBERS, order.numbers, strict=True)}
        if of_visits:
            visit = number_visits(order.numbers[-1][start:end], day["second"].to_numpy())
            wanted = {read.column for dimension in of_visits for read in dimension.reads}
            columns |= describe(measure_visits(visit, day, wanted), of_visits)
        columns |= {name: day[name] for name in (*dimension_columns(day), BYTES_SENT.name)}
        columns |= {name: of_visitors[name] for name in of_visitors.column_names}
        prepared[date] = pa.table(columns) if len(ends) == 1 else compact(pa.table(columns))
    return prepared


def count_day(rows: pa.Table, catalogue: Catalogue, caps: Mapping[str, int]) -> Iterator[tuple[str, pa.Table]]:
    """Partial counts of each report's cells (`partial_counts`), by its name, from prepared rows.

    `caps` says how many addresses of a network count, by traffic.
    """
    units, kinds = units_of(rows), distinct(rows[TRAFFIC.name])[1]
    of_traffic = np.array([caps[kind] for kind in kinds.to_pylist()], np.int32)
    for report, cells in cells_of(rows, catalogue):
        counts = units.counts(cells.grouping, of_traffic[cells.codes(TRAFFIC.name)])
        yield report.name, partial_counts(rows, report, cells, dict(zip(COUNTED, counts, strict=True)))


def add_counts(parts: Iterable[Mapping[str, pa.Table]]) -> dict[str, pa.Table]:
    """Counts of several shards, added cell by cell, sorted by dimensions."""
    gathered: dict[str, list[pa.Table]] = {}
    for part in parts:
        for name, table in part.items():
            gathered.setdefault(name, []).append(table)
    return {name: _add(pa.concat_tables(tables)) for name, tables in gathered.items()}


def _add(table: pa.Table) -> pa.Table:
    names = [field.name for field in table.schema if field.type != pa.int64()]
    numbers = [name for name in table.column_names if name not in names]
    how = {LARGEST: "max"}  # an address is in one shard
    summed = table.group_by(names, use_threads=False).aggregate([(name, how.get(name, "sum")) for name in numbers])
    summed = summed.select([*names, *(f"{name}_{how.get(name, 'sum')}" for name in numbers)]).rename_columns([*names, *numbers])
    ordered = summed.select(table.column_names).cast(table.schema)
    return ordered.sort_by([(name, "ascending") for name in names]).combine_chunks()
