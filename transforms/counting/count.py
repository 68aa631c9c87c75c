"""Takes the pieces of one shard, gives exact counts of every report's cells, and in a second pass those of the planned folds.

All hits of a visitor, an address and a network lie in one shard. So within it everything distinct is counted exactly, and counts
of different shards simply add up. Rows are sorted once by network, address, visitor and time; after a stable sort by a report's
cell, each distinct thing of a cell is a run, and counting is finding where runs begin.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.columns import Codes, Integers, Keys, cell_keys, changes, distinct
from transforms.counting.cells import Cells, cells_of
from transforms.counting.pieces import gather
from transforms.counting.visits import describe_visits, number_visits, order_by_time
from transforms.reports.report import Catalogue
from transforms.schema import EVIDENCE, HIT_DIMENSIONS, MEASURES, VISITOR_DIMENSIONS, count_schema
from transforms.wire import compact, pack, unpack

NUMBERS = ("network_number", "address_number", "visitor_number", "visit_number")
"""Columns of prepared rows that tell networks, addresses, visitors and visits apart, from wide to narrow."""


@dataclass(frozen=True, slots=True)
class ShardDay:
    """One day of a shard: packed COUNT tables, packed prepared rows, and the hits of the network that has most."""

    counts: bytes
    prepared: bytes
    largest_network: int


def merge_pieces(pieces: Iterable[bytes]) -> dict[int, pa.Table]:
    """One table of prepared rows for each day (since 1970) of a shard.

    Prepared rows are hits in the order of network, address, visitor and time, with dense numbers (columns NUMBERS) in
    place of keys, and all dimensions.
    """
    visitors, hits = gather(pieces)
    keys = [visitors[name].to_numpy() for name in ("visitor_key", "address_key", "network_key", "date")]
    order = np.lexsort(keys)
    numbers = _dense_numbers(keys, order)
    dates = keys[3][order]
    visitor_rows = visitors.take(pa.array(order)).select(list(VISITOR_DIMENSIONS))
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
        columns |= {"visit_number": visit, **describe_visits(visit, day)}
        columns |= {name: day[name] for name in (*HIT_DIMENSIONS, "bytes_sent")}
        columns |= {name: visitor_rows[name].take(pa.array(rows)) for name in VISITOR_DIMENSIONS}
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


def count_shard(pieces: Iterable[bytes], catalogue: Catalogue, caps: Mapping[str, int]) -> dict[int, ShardDay]:
    """The first pass over a shard, by day (since 1970)."""
    return {
        day: ShardDay(
            counts=pack(count_day(rows, catalogue, caps)),
            prepared=pack({"rows": rows}),
            largest_network=int(np.bincount(rows[NUMBERS[0]].to_numpy()).max()),
        )
        for day, rows in merge_pieces(pieces).items()
    }


def count_rolled_up(date: str, prepared: bytes, catalogue: Catalogue, caps: Mapping[str, int], plan: bytes) -> tuple[str, bytes]:
    """The second pass over a day of a shard: packed counts of what folds."""
    return date, pack(count_folds(unpack(prepared)["rows"], catalogue, caps, unpack(plan)))


def count_day(rows: pa.Table, catalogue: Catalogue, caps: Mapping[str, int]) -> dict[str, pa.Table]:
    """COUNT tables of every report, from prepared rows; `caps`: how many addresses of a network count, by traffic."""
    measured = _Measured(rows)
    tables = {}
    for report, cells in cells_of(rows, catalogue):
        names = catalogue.columns(report.name)
        cap = _cap_of_cell(cells.codes["traffic"], rows, caps)
        tables[report.name] = _table(rows, names, cells.codes, measured.of(cells.of_row, len(cells), cap))
    return tables


def count_folds(
    rows: pa.Table, catalogue: Catalogue, caps: Mapping[str, int], plan: Mapping[str, pa.Table]
) -> dict[str, pa.Table]:
    """COUNT tables of what folds, one row for each parent row and extent.

    `plan` holds for each report its passing cells with a boolean `candidate`; every other cell folds. The table has the parent's
    dimensions, `with_candidate` (false: the failing cells; true: with the candidate among them) and the counts.
    """
    measured = _Measured(rows)
    tables = {}
    for report, cells in cells_of(rows, catalogue):
        if report.name not in plan or report.parent is None or not len(cells):
            continue
        passing = plan[report.name]
        found = _lookup(rows, catalogue.columns(report.name), cells, passing)
        fails = found < 0
        candidate = np.append(passing["candidate"].to_numpy(), False)[found]  # position -1 is no row of the plan
        involved = np.flatnonzero(fails | candidate)
        if not len(involved):
            continue
        parents, first = np.unique(cells.parent[involved], return_index=True)
        first = involved[first]
        names = catalogue.columns(report.parent)
        codes = {name: cells.codes[name][first] for name in names}
        cap = _cap_of_cell(codes["traffic"], rows, caps)
        parent_number = np.searchsorted(parents, cells.parent).astype(np.int32)
        extents = []
        for with_candidate, folds in ((False, fails), (True, fails | candidate)):
            target = np.append(np.where(folds, parent_number, -1), -1).astype(np.int32)  # position -1 stands for rows outside
            table = _table(rows, names, codes, measured.of(target.take(cells.of_row), len(parents), cap))
            extents.append(table.append_column("with_candidate", pa.array(np.full(len(parents), with_candidate))))
        tables[report.name] = pa.concat_tables(extents)
    return tables


class _Measured:
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
            return {name: np.zeros(groups, np.int64) for name in (*MEASURES, EVIDENCE)}
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


def _cap_of_cell(traffic: Codes, rows: pa.Table, caps: Mapping[str, int]) -> Integers:
    by_code = np.array([caps[value] for value in distinct(rows["traffic"])[1].to_pylist()], np.int64)
    caps_of_cells: Integers = by_code[traffic]
    return caps_of_cells


def _table(rows: pa.Table, names: Iterable[str], codes: Mapping[str, Codes], measures: Mapping[str, Integers]) -> pa.Table:
    names = tuple(names)
    columns = {name: distinct(rows[name])[1].take(pa.array(codes[name])) for name in names}
    return pa.table({**columns, **measures}, schema=count_schema(names))


def _lookup(rows: pa.Table, names: tuple[str, ...], cells: Cells, passing: pa.Table) -> Codes:
    """The row of each cell in `passing`, or -1."""
    columns = [distinct(rows[name])[1].take(pa.array(cells.codes[name])) for name in names]
    places = pc.index_in(cell_keys(columns), value_set=cell_keys([passing[name] for name in names]))
    found: Codes = places.fill_null(-1).to_numpy()
    return found


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
