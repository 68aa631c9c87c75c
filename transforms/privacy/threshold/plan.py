"""What the first pass decides: which cells pass, and which of them absorbs those that fail.

A plan holds passing cells alone, so it holds nothing confidential. It is a table of each report that has cells: its dimensions,
`parent` (the parent's row in the plan of its report; -1 in the root), and `absorbs`. All shards of a period have the same plan,
so the number of a row in it identifies the row.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.columns import Codes, Flags, Integers
from transforms.counting.measures import EVIDENCE
from transforms.privacy.release import keys_of, keys_of_parents, nameable
from transforms.privacy.threshold.gate import Gate
from transforms.reports.report import Catalogue, Report

PARENT = "parent"
ABSORBS = "absorbs"

_FEW = 2

Plan = Mapping[str, pa.Table]


def plan_release(counts: Mapping[str, pa.Table], catalogue: Catalogue, gate: Gate) -> dict[str, pa.Table]:
    """The plan of a period, from its exact counts."""
    plan: dict[str, pa.Table] = {}
    for report in catalogue:
        if report.name in counts:
            table = counts[report.name]
            parent = parents_of(table, catalogue, report, plan)
            good = passing(table, report, gate) & (parent >= 0 if report.parent else True)
            columns = list(catalogue.columns(report.name))
            planned = table.filter(pa.array(good))
            parent = parent[good]
            absorbs = np.zeros(len(parent), np.bool_)
            if report.parent:
                absorbs[_largest(planned, parent, columns[-1])] = True
            planned = planned.select(columns).append_column(PARENT, pa.array(parent))
            plan[report.name] = planned.append_column(ABSORBS, pa.array(absorbs))
    return plan


def passing(counts: pa.Table, report: Report, gate: Gate) -> Flags:
    """Which cells may be published by name: they have enough addresses, and no detector catches their value."""
    return nameable(counts, report, gate.admits(counts, report))


def parents_of(counts: pa.Table, catalogue: Catalogue, report: Report, plan: Plan) -> Codes:
    """The row of each cell's parent in the plan; -1 if it is not published by name, or the report is the root."""
    if report.parent is None:
        return np.full(counts.num_rows, -1, np.int32)
    keys = keys_of(plan[report.parent], catalogue, report.parent)
    rows: Codes = pc.index_in(keys_of_parents(counts, catalogue, report), value_set=keys).fill_null(-1).to_numpy()
    return rows


def absorbing_rows(plan: Plan, report: Report) -> Codes:
    """For each row of the parent's plan, the row in this report's plan that absorbs; -1 if no cell of it passes."""
    assert report.parent is not None
    rows = np.full(plan[report.parent].num_rows, -1, np.int32)
    if report.name in plan:
        absorbing = np.flatnonzero(plan[report.name][ABSORBS].to_numpy())
        rows[plan[report.name][PARENT].to_numpy()[absorbing]] = absorbing
    return rows


def few_left(plan: Plan, report: Report, catalogue: Catalogue) -> Flags:
    """For each row of the parent's plan: whether no more than two possible values of the report's dimension are not named.

    Were `(other)` published there, both would be known to exist, and to have fewer than k addresses each.
    """
    assert report.parent is not None
    assert report.dimension is not None
    parents = plan[report.parent]
    named = np.zeros(parents.num_rows, np.int64)
    if report.name in plan:
        named = np.bincount(plan[report.name][PARENT].to_numpy(), minlength=parents.num_rows)
    above = parents.select(list(catalogue.columns(report.parent))).to_pylist()
    possible = [report.dimension.possible(values) for values in above]
    most = np.array([np.iinfo(np.int64).max if values is None else len(values) for values in possible], np.int64)
    return most - named <= _FEW


def _largest(planned: pa.Table, parent: Codes, own: str) -> Integers:
    """Of each parent's cells the one with the most capped addresses; of ties the smallest UTF-8 bytes.

    The choice follows from counts and values, never from the secret or the order of lines.
    """
    order = pc.sort_indices(planned, [(EVIDENCE, "descending"), (own, "ascending")]).to_numpy()
    _, first = np.unique(parent[order], return_index=True)
    largest: Integers = order[first]
    return largest
