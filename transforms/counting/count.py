"""Exact counts of every report's cells in one shard.

All hits of a visitor, an address and a network lie in one shard. So within it everything distinct is counted exactly, and counts
of different shards simply add up. Rows are sorted once by network, address, visitor and time; after a stable sort by a report's
cell, each distinct thing of a cell is a run, and counting is finding where runs begin.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
import pyarrow as pa

from transforms.columns import Codes, Flags, Integers, Keys, changes, distinct
from transforms.counting.cells import cells_of
from transforms.counting.measures import BYTES_SENT, EVIDENCE, HITS, LARGEST, VISITORS
from transforms.counting.partial import partial_counts
from transforms.counting.pieces import gather
from transforms.counting.visits import measure_visits, number_visits, order_by_time
from transforms.dimensions.describe import describe, dimension_columns
from transforms.dimensions.dimension import Dimension
from transforms.reports.report import Catalogue
from transforms.wire import compact

NUMBERS = ("network_number", "address_number", "visitor_number")
"""Columns of prepared rows that tell networks, addresses and visitors apart, from wide to narrow."""


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
        if of_visits:
            visit = number_visits(numbers["visitor_number"][rows], day["second"].to_numpy())
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
    for name, ordered in zip(NUMBERS, (network, address, visitor), strict=True):
        new = new | changes(ordered)
        numbers[name] = np.cumsum(new, dtype=np.int32)
    return numbers


def count_day(rows: pa.Table, catalogue: Catalogue, caps: Mapping[str, int]) -> Iterator[tuple[str, pa.Table]]:
    """Partial counts of each report's cells (`partial_counts`), by its name, from prepared rows.

    `caps` says how many addresses of a network count, by traffic.
    """
    measured = Measured(rows)
    for report, cells in cells_of(rows, catalogue):
        cap = cap_of_cell(cells.codes["traffic"], rows, caps)
        yield report.name, partial_counts(rows, report, cells, measured.of(cells.of_row, len(cells), cap))


class Measured:
    """What can be counted of any grouping of the same rows."""

    def __init__(self, rows: pa.Table) -> None:
        self._units = [rows[name].to_numpy() for name in NUMBERS]
        self._visitor_begins = changes(self._units[-1])

    def of(self, group: Codes, groups: int, cap: Integers) -> dict[str, Integers]:
        """COUNTED of each group; rows of group -1 are left out; `cap` has one number a group."""
        # What follows one another of a visitor and a group is counted as one run: a page's assets are one, and sorting is dear.
        rows = np.flatnonzero(group >= 0)
        if len(rows) == len(group):
            begins = np.flatnonzero(self._visitor_begins | changes(group))
            ends = np.append(begins[1:], len(group))[: len(begins)]
        else:
            first = np.flatnonzero(self._visitor_begins[rows] | changes(group[rows]) | changes(rows - np.arange(len(rows))))
            begins, ends = rows[first], np.append(rows[first[1:] - 1], rows[-1:])[: len(first)] + 1
        run_group = group[begins]
        # Radix sort, which numpy has for 16 bits, is several times faster than merging.
        order = np.argsort(run_group.astype(np.uint16 if groups <= 65_536 else np.int32), kind="stable")
        begins, ends, ordered = begins[order], ends[order], run_group[order]
        new = changes(ordered)
        networks, addresses, visitors = (np.flatnonzero(new | changes(unit[begins])) for unit in self._units)
        is_address = np.zeros(len(begins), np.bool_)
        is_address[addresses] = True
        of_address, of_network = _sums(ends - begins, addresses), _sums(is_address, networks)
        network_group = ordered[networks]
        return {
            HITS.name: _by_group(np.add, ordered[addresses], of_address, groups),
            VISITORS.name: np.bincount(ordered[visitors], minlength=groups),
            EVIDENCE: _by_group(np.add, network_group, np.minimum(of_network, cap[network_group]), groups),
            LARGEST: _by_group(np.maximum, ordered[addresses], of_address, groups),
        }


def _by_group(added: np.ufunc, group: Codes, amounts: Integers, groups: int) -> Integers:
    """Amounts, ordered by group, as one of each group."""
    totals: Integers = np.zeros(groups, np.int64)
    starts = np.flatnonzero(changes(group))
    if len(starts):
        totals[group[starts]] = added.reduceat(amounts, starts)
    return totals


def _sums(amounts: Integers | Flags, starts: Integers) -> Integers:
    """Sums of the stretches that begin at `starts`."""
    sums: Integers = np.add.reduceat(amounts, starts, dtype=np.int64) if len(starts) else np.zeros(0, np.int64)
    return sums


def cap_of_cell(traffic: Codes, rows: pa.Table, caps: Mapping[str, int]) -> Integers:
    """How many addresses of a network count in each cell, by the code of its traffic."""
    by_code = np.array([caps[value] for value in distinct(rows["traffic"])[1].to_pylist()], np.int64)
    caps_of_cells: Integers = by_code[traffic]
    return caps_of_cells


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
