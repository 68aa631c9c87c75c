"""What the first pass decides: which cells pass, and which of them absorbs those that fail.

A plan holds passing cells alone, so it holds nothing confidential. It is a table of each report: its dimensions and, except in
the root, `parent` (the parent's row in the plan of its report) and `absorbs`. All shards of a period have the same plan,
so the number of a row in it identifies the row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.columns import Codes, Flags, Integers, distinct
from transforms.counting.measures import EVIDENCE, counts_schema
from transforms.dimensions.dimension import Dimension
from transforms.privacy.release import keys_of, keys_of_parents, nameable
from transforms.privacy.threshold.gate import Gate
from transforms.reports.report import Catalogue, Report

PARENT = "parent"
ABSORBS = "absorbs"

_FEW = 3
"""Two, and one that may be impossible: an hour that the clocks skip, `internal` for a site without a name."""

_MANY = 1 << 32

Plan = Mapping[str, pa.Table]


@dataclass(frozen=True, slots=True)
class Judged:
    """The cells of a report, the row of each cell's parent in the plan, which cells pass, and the plan.

    The row is -1 if the parent is not published by name, and in the root.
    """

    counts: pa.Table
    parent: Codes
    passes: Flags
    plan: pa.Table

    def named(self) -> pa.Table:
        """Counts of the cells that pass, in the order of the plan."""
        return self.counts.filter(pa.array(self.passes))

    def lost(self) -> pa.Table:
        """Counts of the cells that fail below rows that are published by name; of the root, all that fail."""
        is_root = PARENT not in self.plan.column_names
        return self.counts.filter(pa.array(~self.passes & (is_root | (self.parent >= 0))))


def judge(counts: Mapping[str, pa.Table], catalogue: Catalogue, gate: Gate) -> dict[str, Judged]:
    """What the gate says of each report of a period, from its exact counts."""
    judged: dict[str, Judged] = {}
    for report in catalogue:
        columns = list(catalogue.columns(report.name))
        table = counts.get(report.name, counts_schema(columns).empty_table())
        if report.parent is None:
            passes, parent = passing(table, report, gate), np.full(table.num_rows, -1, np.int32)
            plan = table.filter(pa.array(passes)).select(columns)
        else:
            keys = keys_of(judged[report.parent].plan, catalogue, report.parent)
            at = pc.index_in(keys_of_parents(table, catalogue, report), value_set=keys)
            parent = at.fill_null(-1).to_numpy()
            passes = passing(table, report, gate) & (parent >= 0)
            named = table.filter(pa.array(passes))
            absorbs = np.zeros(named.num_rows, np.bool_)
            absorbs[_largest(named, parent[passes], columns[-1])] = True
            plan = named.select(columns).append_column(PARENT, pa.array(parent[passes])).append_column(ABSORBS, pa.array(absorbs))
        judged[report.name] = Judged(table, parent, passes, plan)
    return judged


def plan_release(counts: Mapping[str, pa.Table], catalogue: Catalogue, gate: Gate) -> dict[str, pa.Table]:
    """The plan of a period, from its exact counts."""
    return {name: judged.plan for name, judged in judge(counts, catalogue, gate).items()}


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
