"""What the first pass decides: which cells pass, and which of them absorbs those that fail.

A plan holds passing cells alone, so it holds nothing confidential. It is a table of each report: its dimensions and, except in
the root, `parent` (the parent's row in the plan of its report) and `absorbs`. All shards of a period have the same plan,
so the number of a row in it identifies the row.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.columns import Codes, Flags, Integers, distinct
from transforms.counting.measures import EVIDENCE, HITS
from transforms.counting.partial import PARENT, add_partial
from transforms.dimensions.agent import TRAFFIC, are_people
from transforms.dimensions.dimension import Dimension
from transforms.dimensions.site import SITE
from transforms.privacy.release import nameable
from transforms.privacy.threshold.gate import Gate
from transforms.reports.report import Catalogue, Report
from transforms.reserved import UNKNOWN
from transforms.wire import pack, pack_bytes, unpack, unpack_bytes

ABSORBS = "absorbs"

_FEW = 3
"""Two, and one that may be impossible: an hour that the clocks skip, `internal` for a site without a name."""

_MANY = 1 << 32

_NAMED, _PLAN, _LOST = "named", "plan", "lost"

Plan = Mapping[str, pa.Table]


@dataclass(frozen=True, slots=True)
class Lost:
    """What is known of the cells that fail below rows that are published by name; of the root, of all that fail.

    `under` cells have too few addresses, `caught` ones enough, but no value that may be published. `hits` are those of both, and
    `hits_of_people` those of them that people made. Of strata, `undeclared` are the hits of sites that are not declared, and
    `nameless` says whether the site of one is unknown.
    """

    under: int
    caught: int
    hits: int
    hits_of_people: int
    undeclared: int = 0
    nameless: bool = False


@dataclass(frozen=True, slots=True)
class Judged:
    """A report's cells that pass, with their exact counts, in the order of the plan; the plan; and what fails."""

    named: pa.Table
    plan: pa.Table
    lost: Lost


def judge(parts: Sequence[bytes], catalogue: Catalogue, gate: Gate) -> dict[str, Judged]:
    """What the gate says of each report of a period, from the packed partial counts of all shards."""
    judged: dict[str, Judged] = {}
    for report, cells in add_partial(parts, catalogue, lambda report, table: passing(table, report, gate)):
        columns = list(catalogue.columns(report.name))
        plan = cells.kept.select(columns)
        if report.parent is not None:
            absorbs = np.zeros(cells.kept.num_rows, np.bool_)
            absorbs[_largest(cells.kept, cells.parent, columns[-1])] = True
            plan = plan.append_column(PARENT, pa.array(cells.parent)).append_column(ABSORBS, pa.array(absorbs))
        judged[report.name] = Judged(cells.kept, plan, _lost(cells.dropped, report, gate))
    return judged


def _lost(dropped: pa.Table, report: Report, gate: Gate) -> Lost:
    under = int((~gate.admits(dropped, report)).sum())
    hits = dropped[HITS.name].to_numpy()
    lost = Lost(under, dropped.num_rows - under, int(hits.sum()), int(hits[are_people(dropped[TRAFFIC.name])].sum()))
    if report.parent is not None:
        return lost
    nameless = pc.any(pc.equal(dropped[SITE.name], UNKNOWN)).as_py() or False
    return replace(lost, undeclared=int(hits[~gate.declared(dropped)].sum()), nameless=nameless)


def pack_judged(judged: Mapping[str, Judged]) -> bytes:
    """What was judged, to travel."""
    lost = json.dumps({name: asdict(each.lost) for name, each in judged.items()})
    named = pack({name: each.named for name, each in judged.items()})
    return pack_bytes({_NAMED: named, _PLAN: pack_plan(judged), _LOST: lost.encode()})


def unpack_judged(data: bytes) -> dict[str, Judged]:
    """The inverse of `pack_judged`."""
    parts = unpack_bytes(data)
    named, plan, lost = unpack(parts[_NAMED]), unpack(parts[_PLAN]), json.loads(parts[_LOST])
    return {name: Judged(named[name], plan[name], Lost(**lost[name])) for name in named}


def pack_plan(judged: Mapping[str, Judged]) -> bytes:
    """The plan of all reports, to travel to the second pass."""
    return pack({name: each.plan for name, each in judged.items()})


def passing(counts: pa.Table, report: Report, gate: Gate) -> Flags:
    """Which cells may be published by name: they have enough addresses, and no detector catches their value."""
    return nameable(counts, report, gate.admits(counts, report))


def absorbing_rows(plan: pa.Table, parents: pa.Table) -> Codes:
    """For each row of the parent's plan, the row in this plan that absorbs; -1 if no cell of it passes."""
    rows = np.full(parents.num_rows, -1, np.int32)
    absorbing = np.flatnonzero(plan[ABSORBS].to_numpy())
    rows[plan[PARENT].to_numpy()[absorbing]] = absorbing
    return rows


def few_left(plan: pa.Table, parents: pa.Table, dimension: Dimension) -> Flags:
    """For each row of the parent's plan: whether too few possible values of the dimension are left to publish `(other)`.

    Were it published where two are left, both would be known to exist, and to have fewer than k addresses each.
    """
    named = np.bincount(plan[PARENT].to_numpy(), minlength=parents.num_rows)
    return _possible(parents, dimension) - named <= _FEW


def _possible(parents: pa.Table, dimension: Dimension) -> Integers:
    """How many values of the dimension can be below each row."""
    if dimension.within is None or dimension.within[0] not in parents.column_names:
        return np.full(parents.num_rows, _number(dimension.possible(None)))
    codes, above = distinct(parents[dimension.within[0]])
    return np.array([_number(dimension.possible(value)) for value in above.to_pylist()], np.int64)[codes]


def _number(values: Sequence[str] | None) -> int:
    return _MANY if values is None else len(values)


def _largest(planned: pa.Table, parent: Codes, own: str) -> Integers:
    """Of each parent's cells the one with the most capped addresses; of ties the smallest UTF-8 bytes.

    The choice follows from counts and values, never from the secret or the order of lines.
    """
    order = pc.sort_indices(planned, [(EVIDENCE, "descending"), (own, "ascending")]).to_numpy()
    _, first = np.unique(parent[order], return_index=True)
    largest: Integers = order[first]
    return largest
