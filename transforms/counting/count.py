"""Exact counts of every report's cells in one shard.

All hits of a visitor, an address and a network lie in one shard. So within it everything distinct is counted exactly, and counts
of different shards simply add up. Rows are sorted once by network, address, visitor and time; after a stable sort by a report's
cell, each distinct thing of a cell is a run, and counting is finding where runs begin.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pyarrow as pa

from transforms.columns import Codes, Integers, Keys, changes, distinct
from transforms.counting.cells import cells_of
from transforms.counting.measures import BYTES_SENT, EVIDENCE, MEASURES, counts_schema, measure_names
from transforms.counting.pieces import gather
from transforms.counting.visits import measure_visits, number_visits, order_by_time
from transforms.dimensions.describe import describe, dimension_columns
from transforms.dimensions.dimension import Dimension
from transforms.reports.report import Catalogue
from transforms.wire import compact

NUMBERS = ("network_number", "address_number", "visitor_number", "visit_number")
"""Columns of prepared rows that tell networks, addresses, visitors and visits apart, from wide to narrow."""


def merge_pieces(pieces: Iterable[bytes], of_visits: Sequence[Dimension]) -> dict[int, pa.Table]:
    """One table of prepared rows for each day (since 1970) of a shard.

    Prepared rows are hits in the order of network, address, visitor and time, with dense numbers (columns NUMBERS) in
    place of keys, the dimensions that travelled, and those of visits.
    """
    visitors, hits = gather(pieces)
    keys = [visitors[name].to_numpy() for name in ("visitor_key", "address_key", "network_key", "date")]
    order = np.lexsort(keys)
    numbers = _dense_numbers(keys, order)
    dates = keys[3][order]
    visitor_rows = visitors.take(pa.array(order)).select(dimension_columns(visitors))
    # A visitor's hits lie together in each piece, so that putting visitors in their order moves whole stretches.
    lengths = visitors["hits"].to_numpy()
    starts = (np.cumsum(lengths) - lengths)[order]
    lengths = lengths[order]
    owner = np.repeat(np.arange(len(order)), lengths)
    hit_order = np.arange(len(owner)) + np.repeat(starts - (np.cumsum(lengths) - lengths), lengths)
    by_time = order_by_time(numbers["visitor_number"][owner], hits["second"].to_numpy()[hit_order])
    owner, hit_order = owner[by_time], hit_order[by_time]
    hits = hits.take(pa.array(hit_order))
    hit_dates = dates[owner]
    prepared = {}
    starts = np.flatnonzero(changes(hit_dates))
    for start, end in zip(starts.tolist(), [*starts[1:].tolist(), len(hit_dates)], strict=True):
        rows = owner[start:end]
        day = hits.slice(start, end - start)
        columns: dict[str, object] = {name: values[rows] for name, values in numbers.items()}
        visit = number_visits(numbers["visitor_number"][rows], day["second"].to_numpy())
        columns |= {"visit_number": visit}
        if of_visits:
            wanted = {read.column for dimension in of_visits for read in dimension.reads}
            columns |= describe(measure_visits(visit, day, wanted), of_visits)
        columns |= {name: day[name] for name in (*dimension_columns(day), BYTES_SENT.name)}
        columns |= {name: visitor_rows[name].take(pa.array(rows)) for name in visitor_rows.column_names}
        prepared[int(hit_dates[start])] = pa.table(columns) if len(starts) == 1 else compact(pa.table(columns))
    return prepared


def _dense_numbers(keys: list[Keys], order: Integers) -> dict[str, Codes]:
    """Numbers of the sorted visitor rows' networks, addresses and visitors: equal exactly where all keys so far are equal."""
    visitor, address, network, date = (key[order] for key in keys)
    numbers = {}
    new = changes(date)
    for name, ordered in zip(NUMBERS[:3], (network, address, visitor), strict=True):
        new = new | changes(ordered)
        numbers[name] = np.cumsum(new, dtype=np.int32)
    return numbers


def count_day(rows: pa.Table, catalogue: Catalogue, caps: Mapping[str, int]) -> dict[str, pa.Table]:
    """Counts of every report's cells (`counts_schema`), from prepared rows.

    `caps` says how many addresses of a network count, by traffic.
    """
    measured = Measured(rows)
    tables = {}
    for report, cells in cells_of(rows, catalogue):
        columns = catalogue.columns(report.name)
        cap = cap_of_cell(cells.codes["traffic"], rows, caps)
        tables[report.name] = counts_table(rows, columns, cells.codes, measured.of(cells.of_row, len(cells), cap))
    return tables


class Measured:
    """Measures and evidence of any grouping of the same rows."""

    def __init__(self, rows: pa.Table) -> None:
        self._units = [rows[name].to_numpy() for name in NUMBERS]
        self._visit_begins = changes(self._units[-1])
        self._bytes_before = np.concatenate([[0], np.cumsum(rows["bytes_sent"].to_numpy())])

    def of(self, group: Codes, groups: int, cap: Integers) -> dict[str, Integers]:
        """Each group's measures and capped addresses; rows of group -1 are left out; `cap` has one number a group."""
        # What follows one another in a visit and a group is counted as one run: a page's assets are one, and sorting is dear.
        rows = np.flatnonzero(group >= 0)
        if not len(rows):
            return {name: np.zeros(groups, np.int64) for name in (*measure_names(MEASURES), EVIDENCE)}
        if len(rows) == len(group):
            begins = np.flatnonzero(self._visit_begins | changes(group))
            ends = np.append(begins[1:], len(group))
        else:
            first = np.flatnonzero(self._visit_begins[rows] | changes(group[rows]) | changes(rows - np.arange(len(rows))))
            begins, ends = rows[first], np.append(rows[first[1:] - 1], rows[-1]) + 1
        run_group = group[begins]
        # Radix sort, which numpy has for 16 bits, is several times faster than merging.
        order = np.argsort(run_group.astype(np.uint16 if groups <= 65_536 else np.int32), kind="stable")
        begins, ends, ordered = begins[order], ends[order], run_group[order]
        new = changes(ordered)
        network_begins, address_begins, visitor_begins, visit_begins = (new | changes(unit[begins]) for unit in self._units)
        starts = np.flatnonzero(new)
        hits, sums = np.zeros(groups, np.int64), np.zeros(groups, np.int64)
        hits[ordered[starts]] = np.add.reduceat(ends - begins, starts)
        sums[ordered[starts]] = np.add.reduceat(self._bytes_before[ends] - self._bytes_before[begins], starts)
        addresses = np.add.reduceat(address_begins, np.flatnonzero(network_begins), dtype=np.int64)
        network_group = ordered[network_begins]
        evidence = np.zeros(groups, np.int64)
        np.add.at(evidence, network_group, np.minimum(addresses, cap[network_group]))
        return {
            "hits": hits,
            "visitors": np.bincount(ordered[visitor_begins], minlength=groups),
            "visits": np.bincount(ordered[visit_begins], minlength=groups),
            "bytes_sent": sums,
            EVIDENCE: evidence,
        }


def cap_of_cell(traffic: Codes, rows: pa.Table, caps: Mapping[str, int]) -> Integers:
    """How many addresses of a network count in each cell, by the code of its traffic."""
    by_code = np.array([caps[value] for value in distinct(rows["traffic"])[1].to_pylist()], np.int64)
    caps_of_cells: Integers = by_code[traffic]
    return caps_of_cells


def counts_table(
    rows: pa.Table, columns: Sequence[str], codes: Mapping[str, Codes], measures: Mapping[str, Integers]
) -> pa.Table:
    """Counts of cells. `rows` holds the codes of their dimensions."""
    dimensions = {name: distinct(rows[name])[1].take(pa.array(codes[name])) for name in columns}
    return pa.table({**dimensions, **measures}, schema=counts_schema(columns))


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
    summed = table.group_by(names, use_threads=False).aggregate([(name, "sum") for name in numbers])
    summed = summed.rename_columns([name.removesuffix("_sum") for name in summed.column_names]).select(table.column_names)
    return summed.cast(table.schema).sort_by([(name, "ascending") for name in names]).combine_chunks()
