"""Partial counts: what one shard has counted of each report's cells, as it travels, and the sum over shards.

A table of partial counts has a row for each cell: `parent` (the cell's row in the table of the report's parent), the report's own
dimensions, and the counts. What the cells above it say is not repeated. Shards are added report by report, parents first, and a
cell is dropped as soon as it fails: nothing below it is looked at. So what clients choose, such as a path for each request, is
held in full for one report at a time, by numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.columns import Codes, Flags, Integers, Numbers, changes, distinct
from transforms.counting.cells import Cells
from transforms.counting.measures import LARGEST
from transforms.reports.report import Catalogue, Report
from transforms.wire import compact, unpack_one

PARENT = "parent"


def partial_counts(rows: pa.Table, report: Report, cells: Cells, counts: Mapping[str, Numbers | Integers]) -> pa.Table:
    """The partial counts of a report. `rows` holds the dimensions of which the cells have codes."""
    own = {
        dimension.name: pa.DictionaryArray.from_arrays(
            pa.array(cells.codes(dimension.name), pa.int32()), distinct(rows[dimension.name])[1]
        )
        for dimension in report.own
    }
    parent = cells.parent if report.parent else np.zeros(len(cells), np.int32)
    return pa.table({PARENT: parent, **own, **{name: _narrow(values) for name, values in counts.items()}})


def _narrow(counts: Numbers | Integers) -> pa.Array:
    """Counts in as few bytes as they need: most cells that clients can make have one hit."""
    most = int(counts.max(initial=0))
    return pa.array(counts.astype(next(kind for kind in (np.int8, np.int16, np.int32, np.int64) if most <= np.iinfo(kind).max)))


@dataclass(frozen=True, slots=True)
class Summed:
    """The cells of a report over all shards, below kept rows of its parent.

    `kept` are the cells that are kept, sorted by their dimensions, and `parent` the row of each in the parent's `kept` (0 in the
    root). `dropped` are the others; their dimensions are dictionary columns.
    """

    kept: pa.Table
    parent: Codes
    dropped: pa.Table


def add_partial(
    parts: Sequence[bytes], catalogue: Catalogue, keep: Callable[[Report, pa.Table], Flags]
) -> Iterator[tuple[Report, Summed]]:
    """The sums of packed partial counts, by report; `keep` says which of its cells (dimensions and counts) to keep."""
    kept: dict[str, pa.Table] = {}
    row_of: dict[str, list[Codes]] = {}  # of each cell of each shard its row among the kept ones, or -1
    for report in catalogue:
        cells = _Sum([unpack_one(part, report.name) for part in parts], row_of.get(report.parent or ""), report)
        dimensions = cells.below(kept[report.parent], report.parent, catalogue) if report.parent else cells.own
        table = pa.table({**dimensions, **cells.counts})
        keeps = keep(report, table)
        order = _by_value(cells, keeps, report)
        kept[report.name], row_of[report.name] = compact(table.take(pa.array(order))), cells.rows(order)
        columns = {name: kept[report.name][name].cast(pa.string()) for name in catalogue.columns(report.name)}
        strings = pa.table({**columns, **{name: kept[report.name][name] for name in cells.counts}})
        yield report, Summed(strings, cells.parent[order], table.filter(pa.array(~keeps)))


class _Sum:
    """The cells of one report: the row of each in the parent's kept cells, its own dimensions, and its counts.

    `row_of` says for each shard and each cell of the parent's its row among those that are kept, or -1.
    """

    def __init__(self, tables: Sequence[pa.Table], row_of: Sequence[Codes] | None, report: Report) -> None:
        self._sizes = [table.num_rows for table in tables]
        above = row_of or [np.zeros(1, np.int32)] * len(tables)
        parents = np.concatenate([own.take(table[PARENT].to_numpy()) for own, table in zip(above, tables, strict=True)])
        inside = np.flatnonzero(parents >= 0).astype(np.int32)
        key = parents[inside].astype(np.int64)
        codes = {dimension.name: _codes([table[dimension.name] for table in tables], inside) for dimension in report.own}
        for own, values in codes.values():
            key *= max(len(values), 1)
            key += own
        order = np.argsort(key, kind="stable").astype(np.int32)
        begins = changes(key[order])
        del key
        rows = inside[order]
        self._number = np.full(len(parents), -1, np.int32)
        self._number[rows] = np.cumsum(begins, dtype=np.int32) - 1
        starts = np.flatnonzero(begins)
        self.parent: Codes = parents[rows[starts]]
        self.own = {
            name: pa.DictionaryArray.from_arrays(pa.array(own[order[starts]], pa.int32()), values)
            for name, (own, values) in codes.items()
        }
        names = [name for name in tables[0].column_names if name not in (PARENT, *codes)]
        self.counts = {name: _totals([table[name].to_numpy() for table in tables], rows, starts, name) for name in names}

    def below(self, parents: pa.Table, parent: str, catalogue: Catalogue) -> dict[str, pa.Array]:
        """All dimensions of the cells."""
        above = parents.select(catalogue.columns(parent)).take(pa.array(self.parent))
        return {**{name: above[name] for name in above.column_names}, **self.own}

    def rows(self, order: Integers) -> list[Codes]:
        """For each shard and each row of its partial counts the place of its cell in `order`; -1 if it is not there."""
        place = np.full(len(self.parent) + 1, -1, np.int32)  # the last place is that of no cell, -1
        place[order] = np.arange(len(order), dtype=np.int32)
        return np.split(place[self._number], np.cumsum(self._sizes)[:-1])


def _codes(columns: Sequence[pa.ChunkedArray], inside: Codes) -> tuple[Codes, pa.Array]:
    """Codes of some rows of the columns of all shards, one after the other, and their dictionary."""
    if not len(inside):  # below what failed, their values are looked at no more
        return np.zeros(0, np.int32), pa.array([], pa.string())
    codes, values = distinct(pa.chunked_array([chunk for column in columns for chunk in column.chunks]).unify_dictionaries())
    return codes[inside], values


def _totals(counts: Sequence[Integers], rows: Codes, starts: Integers, name: str) -> Integers:
    """The sum of each stretch of rows; of the largest address, which is in one shard, the largest."""
    added = np.maximum if name == LARGEST else np.add
    ordered = np.concatenate(counts)[rows]
    totals: Integers = added.reduceat(ordered, starts, dtype=np.int64) if len(starts) else np.zeros(0, np.int64)
    return totals


def _by_value(cells: _Sum, keeps: Flags, report: Report) -> Integers:
    """The numbers of the kept cells, sorted by their parents' rows and their values, as bytes of UTF-8."""
    kept = np.flatnonzero(keeps)
    ranks = [_ranks(cells.own[dimension.name].take(pa.array(kept))) for dimension in report.own]
    order: Integers = kept[np.lexsort([*reversed(ranks), cells.parent[kept]])]
    return order


def _ranks(column: pa.DictionaryArray) -> Codes:
    """The rank of each row's value among the values in use."""
    texts = column.cast(pa.string()).dictionary_encode()
    ranks = np.empty(len(texts.dictionary), np.int32)
    ranks[pc.array_sort_indices(texts.dictionary).to_numpy()] = np.arange(len(ranks), dtype=np.int32)
    own: Codes = ranks[texts.indices.to_numpy()]
    return own


def hits_below(part: bytes, catalogue: Catalogue, strata: Callable[[pa.Table], Flags]) -> dict[str, int]:
    """The hits of each report in one shard that are in these strata, whether their cells are kept or not."""
    chosen: dict[str, Flags] = {}
    hits = {}
    for report in catalogue:
        table = unpack_one(part, report.name)
        own = strata(table) if report.parent is None else chosen[report.parent].take(table[PARENT].to_numpy())
        chosen[report.name] = own
        hits[report.name] = int(table["hits"].to_numpy()[own].sum())
    return hits
