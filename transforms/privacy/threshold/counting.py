"""The two passes over a shard: exact counts of every cell, and then of the cells that fail.

The failing cells below one published row are a *part* of its hits. A part that passes the gate becomes `(other)`. One that fails
is absorbed by a row, and in the reports below by a row of that row, and so on: along this chain the parts of several reports come
together. Which parts fail is known only when all shards are added up, and a visitor may be in several. So the second pass counts
visitors by the set of parts that they are in, one bit a part: from these counts follow those of every union of parts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.columns import Codes, as_one, distinct
from transforms.counting.count import count_day, merge_pieces
from transforms.counting.kernels import NUMBERS, Absorbed, Grouping, absorbed_by, units_of, whole
from transforms.counting.measures import BYTES_SENT, COUNTED, EVIDENCE, HITS, VISITORS
from transforms.counting.partial import PARENT
from transforms.counting.visits import is_of_visits
from transforms.counting.volume import volume_of
from transforms.dimensions.agent import TRAFFIC, are_people
from transforms.privacy.policy import Counted
from transforms.privacy.threshold.gate import Gate
from transforms.privacy.threshold.plan import Plan, absorbing_rows, few_left
from transforms.reports.report import STRATUM, Catalogue
from transforms.wire import pack, pack_each, unpack

PARTS = "parts"
"""Column of second counts: 0 in the row that counts a part itself, else the set of parts whose visitors it counts."""

OWN_PART = 1
"""The bit of the part below the absorbing row's parent; that of a part further up is shifted by one for each report between."""

_SECOND = pa.schema(
    [pa.field(name, pa.int32(), nullable=False) for name in (PARENT, PARTS)]
    + [pa.field(name, pa.int64(), nullable=False) for name in COUNTED]
)


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


def count_parts(rows: pa.Table, catalogue: Catalogue, gate: Gate, plan: Plan) -> dict[str, pa.Table]:
    """Second counts of each report: PARENT (row in the parent's plan), PARTS, and counts.

    With PARTS = 0: COUNTED of the failing cells of a parent, if there are some and others pass. Else: visitors that are in
    exactly this set of parts and not in the absorbing row's own cell; other counts are 0.
    """
    units, caps = units_of(rows), gate.caps()
    parents = {report.parent for report in catalogue}
    tables: dict[str, pa.Table] = {}
    planned: dict[str, Grouping] = {}
    absorbed: dict[str, Absorbed] = {}
    for report in catalogue:
        own_plan = plan[report.name]
        if report.parent is None:
            planned[report.name] = _strata(rows, own_plan)
            continue
        assert report.dimension is not None
        above = plan[report.parent]
        codes, width, own_codes = _codes(rows, report.dimension.name, own_plan)
        planned[report.name] = planned[report.parent].placed(codes, width, own_plan[PARENT].to_numpy(), own_codes)
        absorbing = absorbing_rows(own_plan, above)
        # The parts have the numbers of the rows above that they are parts of.
        failing = planned[report.parent].outside(planned[report.name], absorbing >= 0)
        traffic, kinds = distinct(above[TRAFFIC.name])
        own_caps = np.array([caps[kind] for kind in kinds.to_pylist()], np.int32)[traffic]
        counts = dict(zip(COUNTED, units.counts(failing, own_caps), strict=True))
        present = np.flatnonzero(counts[HITS.name]).astype(np.int32)
        # A part that passes in this shard passes in all, and is absorbed nowhere.
        may_fail = (counts[EVIDENCE] < gate.min_addresses) | few_left(own_plan, above, report.dimension)
        own = np.where(may_fail, absorbing, np.int32(-1))
        absorbed[report.name] = absorbed_by(failing, own, absorbed.get(report.parent), absorbing)
        by, sets, visitors = absorbed[report.name].visitors(units, planned[report.name])
        parts = {PARENT: present, PARTS: np.zeros_like(present), **{name: counts[name][present] for name in COUNTED}}
        of_visitors = {**dict.fromkeys(COUNTED, np.zeros_like(by)), VISITORS.name: visitors}
        of_visitors |= {PARENT: own_plan[PARENT].to_numpy()[by], PARTS: sets}
        both = {name: np.concatenate([parts[name], of_visitors[name]]) for name in _SECOND.names}
        tables[report.name] = pa.table(both, schema=_SECOND)
        if report.name not in parents:
            del planned[report.name], absorbed[report.name]
    return tables


def _strata(rows: pa.Table, plan: pa.Table) -> Grouping:
    """The rows by the strata of the plan."""
    (sites, width, own_site), (traffic, kinds, own_traffic) = (_codes(rows, name, plan) for name in STRATUM)
    by_site = whole(rows.num_rows).placed(sites, width, np.zeros(width, np.int32), np.arange(width, dtype=np.int32))
    return by_site.placed(traffic, kinds, own_site, own_traffic)


def _codes(rows: pa.Table, name: str, plan: pa.Table) -> tuple[Codes, int, Codes]:
    """The codes of a dimension, how many values it has, and the code of each row of the plan (-1: no row has it)."""
    codes, values = distinct(rows[name])
    return codes, len(values), pc.index_in(as_one(plan[name]), value_set=values).fill_null(-1).to_numpy()
