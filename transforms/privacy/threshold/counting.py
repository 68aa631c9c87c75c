"""The two passes over a shard: exact counts of every cell, and then of the cells that fail.

The failing cells below one published row are a *part* of its hits. A part that passes the gate becomes `(other)`. One that fails
is absorbed by a row, and in the reports below by a row of that row, and so on: along this chain the parts of several reports come
together. Which parts fail is known only when all shards are added up, and a visitor may be in several. So the second pass counts
visitors by the set of parts that they are in, one bit a part: from these counts follow those of every union of parts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.columns import Codes, Integers, cell_keys, distinct
from transforms.counting.cells import Cells, cells_of
from transforms.counting.count import caps_of, count_day, merge_pieces
from transforms.counting.kernels import NUMBERS, units_of
from transforms.counting.measures import BYTES_SENT, COUNTED, EVIDENCE, VISITORS
from transforms.counting.partial import PARENT
from transforms.counting.visits import is_of_visits
from transforms.counting.volume import volume_of
from transforms.dimensions.agent import TRAFFIC, are_people
from transforms.privacy.policy import Counted
from transforms.privacy.threshold.gate import Gate
from transforms.privacy.threshold.plan import Plan, absorbing_rows, few_left
from transforms.reports.report import Catalogue
from transforms.wire import pack, pack_each, unpack

PARTS = "parts"
"""Column of second counts: 0 in the row that counts a part itself, else the set of parts whose visitors it counts."""

OWN_PART = 1
"""The bit of the part below the absorbing row's parent; that of a part further up is shifted by one for each report between."""

_SECOND = pa.schema(
    [pa.field(name, pa.int32(), nullable=False) for name in (PARENT, PARTS)]
    + [pa.field(name, pa.int64(), nullable=False) for name in COUNTED]
)
_VISITOR = NUMBERS[-1]


def count_shard(pieces: Iterable[bytes], catalogue: Catalogue, caps: Mapping[str, int]) -> dict[int, Counted]:
    """The first pass over a shard, by day (since 1970)."""
    of_visits = list(filter(is_of_visits, catalogue.all_dimensions()))
    return {
        day: Counted(
            counts=pack_each(count_day(rows, catalogue, caps)),
            kept=pack({"rows": rows.drop_columns([BYTES_SENT.name])}),
            largest_network=int(np.bincount(rows[NUMBERS[0]].to_numpy()[are_people(rows["traffic"])]).max(initial=0)),
            volume=volume_of(rows["bytes_sent"].to_numpy()),
        )
        for day, rows in merge_pieces(pieces, of_visits).items()
    }


def recount(kept: bytes, catalogue: Catalogue, gate: Gate, plan: bytes) -> bytes:
    """The second pass over a day of a shard: packed counts of the parts that fail."""
    return pack(count_parts(unpack(kept)["rows"], catalogue, gate, unpack(plan)))


class _Absorbed(NamedTuple):
    """Rows (numbers) in parts that a row of the plan may absorb, that row, and the bit of their part."""

    rows: Integers
    absorbing: Codes
    part: Codes


def count_parts(rows: pa.Table, catalogue: Catalogue, gate: Gate, plan: Plan) -> dict[str, pa.Table]:
    """Second counts of each report: PARENT (row in the parent's plan), PARTS, and counts.

    With PARTS = 0: COUNTED of the failing cells of a parent, if there are some and others pass. Else: visitors that are in
    exactly this set of parts and not in the absorbing row's own cell; other counts are 0.
    """
    units, caps = units_of(rows), caps_of(rows, gate.caps())
    visitors = rows[_VISITOR].to_numpy()
    tables: dict[str, pa.Table] = {}
    planned: dict[str, Codes] = {}
    absorbed: dict[str, _Absorbed] = {}
    for report, cells in cells_of(rows, catalogue):
        own_plan = plan[report.name]
        planned[report.name] = _planned(rows, catalogue.columns(report.name), cells, own_plan)
        if report.parent is None:
            continue
        assert report.dimension is not None
        above = plan[report.parent]
        absorbing = np.append(absorbing_rows(own_plan, above), np.int32(-1))  # position -1 is no row of the plan
        parent = planned[report.parent].take(cells.parent)
        fails = (planned[report.name] < 0) & (absorbing[parent] >= 0)
        of_row = cells.grouping.of_row()
        failing = np.flatnonzero(np.append(fails, False).take(of_row))  # position -1 is no cell
        # The parts are the planned rows above cells that fail.
        present, first, number = np.unique(parent[fails], return_index=True, return_inverse=True)
        part = np.full(len(cells), -1, np.int32)
        part[fails] = number
        own_caps = caps[cells.codes(TRAFFIC.name)[fails][first]]
        counts = dict(zip(COUNTED, units.counts(cells.grouping.renumbered(part, len(present)), own_caps), strict=True))
        parts = pa.table({PARENT: present, PARTS: np.zeros(len(present), np.int32), **counts}, schema=_SECOND)
        # A part that passes in this shard passes in all, and is absorbed nowhere.
        may_fail = (counts[EVIDENCE] < gate.min_addresses) | few_left(own_plan, above, report.dimension)[present]
        kept = failing[may_fail[part[of_row[failing]]]]
        own = _Absorbed(kept, absorbing[parent[of_row[kept]]], np.full(len(kept), OWN_PART, np.int32))
        absorbed[report.name] = _passed_on(own, absorbed.get(report.parent), absorbing)
        joined = _outside_own_cell(absorbed[report.name], visitors, np.append(planned[report.name], np.int32(-1)), of_row)
        tables[report.name] = pa.concat_tables([parts, _of_visitors(*joined, own_plan[PARENT].to_numpy())])
    return tables


def _planned(rows: pa.Table, names: tuple[str, ...], cells: Cells, plan: pa.Table) -> Codes:
    """The row of each cell in the plan, or -1."""
    columns = [distinct(rows[name])[1].take(pa.array(cells.codes(name))) for name in names]
    places = pc.index_in(cell_keys(columns), value_set=cell_keys([plan[name] for name in names]))
    found: Codes = places.fill_null(-1).to_numpy()
    return found


def _passed_on(own: _Absorbed, above: _Absorbed | None, absorbing: Codes) -> _Absorbed:
    """The report's own failing rows, and those that its parents' rows may have absorbed."""
    if above is None:
        return own
    target = absorbing[above.absorbing]
    on = target >= 0
    return _Absorbed(
        np.concatenate([own.rows, above.rows[on]]),
        np.concatenate([own.absorbing, target[on]]),
        np.concatenate([own.part, above.part[on] << 1]),
    )


def _outside_own_cell(absorbed: _Absorbed, visitors: Codes, row_of: Codes, of_row: Codes) -> tuple[Codes, Codes]:
    """The absorbing row and the parts of each pair of absorbing row and visitor who is not in the row's own cell."""
    width = int(visitors.max(initial=0)) + 1
    pairs, number = np.unique(absorbed.absorbing.astype(np.int64) * width + visitors[absorbed.rows], return_inverse=True)
    parts = np.zeros(len(pairs), np.int32)
    np.bitwise_or.at(parts, number, absorbed.part)
    among = np.zeros(width, np.bool_)
    among[pairs % width] = True
    theirs = np.flatnonzero(among[visitors])
    own = row_of.take(of_row[theirs]).astype(np.int64) * width + visitors[theirs]
    outside = ~np.isin(pairs, own)
    return (pairs[outside] // width).astype(np.int32), parts[outside]


def _of_visitors(absorbing: Codes, parts: Codes, parent_of: Codes) -> pa.Table:
    """Second counts of visitors, by absorbing row (as its parent) and set of parts."""
    # As one number, because sorting pairs of numbers takes 40 times as long.
    pairs, counts = np.unique(parent_of[absorbing].astype(np.int64) << 32 | parts, return_counts=True)
    nothing = np.zeros(len(pairs), np.int64)
    counted = {**dict.fromkeys(COUNTED, nothing), VISITORS.name: counts}
    columns = {PARENT: (pairs >> 32).astype(np.int32), PARTS: (pairs & 0xFFFFFFFF).astype(np.int32)}
    return pa.table({**columns, **counted}, schema=_SECOND)
