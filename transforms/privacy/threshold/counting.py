"""The two passes over a shard: exact counts of every cell, and then of what the planned folds hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.columns import Codes, cell_keys, distinct
from transforms.counting.cells import Cells, cells_of
from transforms.counting.count import NUMBERS, Measured, cap_of_cell, count_day, counts_table, merge_pieces
from transforms.counting.visits import is_of_visits
from transforms.counting.volume import volume_of
from transforms.privacy.policy import Counted
from transforms.reports.report import Catalogue
from transforms.wire import pack, unpack


def count_shard(pieces: Iterable[bytes], catalogue: Catalogue, caps: Mapping[str, int]) -> dict[int, Counted]:
    """The first pass over a shard, by day (since 1970)."""
    of_visits = list(filter(is_of_visits, catalogue.all_dimensions()))
    return {
        day: Counted(
            counts=pack(count_day(rows, catalogue, caps)),
            kept=pack({"rows": rows}),
            largest_network=int(np.bincount(rows[NUMBERS[0]].to_numpy()).max()),
            volume=volume_of(rows["bytes_sent"].to_numpy()),
        )
        for day, rows in merge_pieces(pieces, of_visits).items()
    }


def recount(kept: bytes, catalogue: Catalogue, caps: Mapping[str, int], plan: bytes) -> bytes:
    """The second pass over a day of a shard: packed counts of what folds."""
    return pack(count_folds(unpack(kept)["rows"], catalogue, caps, unpack(plan)))


def count_folds(
    rows: pa.Table, catalogue: Catalogue, caps: Mapping[str, int], plan: Mapping[str, pa.Table]
) -> dict[str, pa.Table]:
    """Counts of what folds (`counts_schema`), one row for each parent row and extent.

    `plan` holds for each report its passing cells with a boolean `candidate`; every other cell folds. The table has the parent's
    dimensions, `with_candidate` (false: the failing cells; true: with the candidate among them) and the counts.
    """
    measured = Measured(rows)
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
        cap = cap_of_cell(codes["traffic"], rows, caps)
        parent_number = np.searchsorted(parents, cells.parent).astype(np.int32)
        extents = []
        for with_candidate, folds in ((False, fails), (True, fails | candidate)):
            target = np.append(np.where(folds, parent_number, -1), -1).astype(np.int32)  # position -1 stands for rows outside
            table = counts_table(rows, names, codes, measured.of(target.take(cells.of_row), len(parents), cap))
            extents.append(table.append_column("with_candidate", pa.array(np.full(len(parents), with_candidate))))
        tables[report.name] = pa.concat_tables(extents)
    return tables


def _lookup(rows: pa.Table, names: tuple[str, ...], cells: Cells, passing: pa.Table) -> Codes:
    """The row of each cell in `passing`, or -1."""
    columns = [distinct(rows[name])[1].take(pa.array(cells.codes[name])) for name in names]
    places = pc.index_in(cell_keys(columns), value_set=cell_keys([passing[name] for name in names]))
    found: Codes = places.fill_null(-1).to_numpy()
    return found
