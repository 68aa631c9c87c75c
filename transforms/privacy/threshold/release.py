"""Primary and complementary suppression: from counts to the rows that may be published.

    1 gate     a row passes if its capped addresses reach k
    2 forest   a report divides published rows of its parent; what is not published has no children
    3 fold     failing rows of a parent become its row `(other)`; if that fails, one passing sibling joins it
    4 stratum  a (date, site, traffic) that fails is omitted from everything

Rule 6, that a value must not look like a person's, is the door's (`transforms.privacy.release`).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.columns import Flags
from transforms.counting.measures import EVIDENCE, MEASURES, counts_schema, measure_names
from transforms.privacy.release import (
    Folded,
    Released,
    ReleaseError,
    divided,
    is_in,
    keys_of,
    keys_of_parents,
    let_out,
    nameable,
    total_hits,
)
from transforms.privacy.threshold.gate import Gate
from transforms.reports.report import Catalogue, Report
from transforms.reserved import OTHER

_NUMBERS = (*measure_names(MEASURES), EVIDENCE)


def passes(counts: pa.Table, report: Report, gate: Gate) -> Flags:
    """Rules 1 and 6: which rows may be published by name."""
    return nameable(counts, report, gate.admits(counts))


def plan_release(counts: Mapping[str, pa.Table], catalogue: Catalogue, gate: Gate) -> dict[str, pa.Table]:
    """What passes, by report: dimensions and whether the row is its parent's `candidate` to be folded with the failing ones.

    Rows that fail do not appear, so the plan holds nothing confidential. Rows under a parent that fails are left out; rows under
    a candidate are planned as if it stays.
    """
    plan: dict[str, pa.Table] = {}
    for report in catalogue:
        if report.name not in counts:
            continue
        table = counts[report.name]
        good = passes(table, report, gate)
        if report.parent is not None:
            good &= is_in(keys_of_parents(table, catalogue, report), keys_of(plan[report.parent], catalogue, report.parent))
        passing = table.filter(pa.array(good))
        candidates = np.zeros(passing.num_rows, np.bool_)
        if report.parent is not None:
            parent_keys = keys_of_parents(passing, catalogue, report)
            order = np.asarray(pc.sort_indices(passing, _by_weakness(catalogue.columns(report.name))).to_numpy())
            _, first = np.unique(parent_keys.dictionary_encode().indices.to_numpy()[order], return_index=True)
            candidates[order[first]] = True
            # Where nothing fails there is no fold to join.
            candidates &= is_in(parent_keys, keys_of_parents(table.filter(pa.array(~good)), catalogue, report))
        plan[report.name] = passing.select(list(catalogue.columns(report.name))).append_column("candidate", pa.array(candidates))
    return plan


def _by_weakness(columns: tuple[str, ...]) -> list[tuple[str, str]]:
    """Fewest capped addresses first, ties by value: the choice must follow from published values, never from the secret."""
    return [(EVIDENCE, "ascending"), *((name, "ascending") for name in columns)]


def release(counts: Mapping[str, pa.Table], folds: Mapping[str, pa.Table], catalogue: Catalogue, gate: Gate) -> Released:
    """The published tables of one day, from exact counts of cells and of what folds (`count_folds`, added over shards)."""
    plan = plan_release(counts, catalogue, gate)
    rows: dict[str, pa.Table] = {}
    folded: dict[str, Folded] = {}
    for report in catalogue:
        columns = catalogue.columns(report.name)
        if report.name not in counts:
            rows[report.name] = counts_schema(columns).empty_table()
            folded[report.name] = Folded(0, 0, 0, 0)
        elif report.parent is None:
            table = counts[report.name]
            good = passes(table, report, gate)
            rows[report.name] = table.filter(pa.array(good))
            omitted = table.filter(pa.array(~good))
            under = int((~gate.admits(omitted)).sum())
            folded[report.name] = Folded(under, omitted.num_rows - under, 0, total_hits(omitted))
        else:
            parents = divided(rows[report.parent], report)
            table = counts[report.name]
            rows[report.name] = _fold(report, table, folds.get(report.name), parents, plan[report.name], catalogue, gate)
            below = table.filter(
                pa.array(is_in(keys_of_parents(table, catalogue, report), keys_of(parents, catalogue, report.parent)))
            )
            named = is_in(keys_of(below, catalogue, report.name), keys_of(rows[report.name], catalogue, report.name))
            lost = below.filter(pa.array(~named))
            others = rows[report.name].filter(pc.equal(rows[report.name][columns[-1]], OTHER))
            under, joined = int((~gate.admits(lost)).sum()), int(passes(lost, report, gate).sum())
            folded[report.name] = Folded(under, lost.num_rows - under - joined, joined, total_hits(others))
        if not gate.admits(rows[report.name]).all():
            raise ReleaseError(f"{report.name}: a row is under the threshold")
    tables = {name: table.drop_columns([EVIDENCE]) for name, table in rows.items()}
    return let_out(tables, folded, catalogue, dict.fromkeys(tables, MEASURES))


def _fold(
    report: Report,
    table: pa.Table,
    folds: pa.Table | None,
    parents: pa.Table,
    plan: pa.Table,
    catalogue: Catalogue,
    gate: Gate,
) -> pa.Table:
    """Rule 3: the rows that divide each published parent row, `(other)` among them."""
    assert report.parent is not None
    own, parent_names = catalogue.columns(report.name)[-1], catalogue.columns(report.parent)
    whole = pa.array(np.zeros(parents.num_rows, np.bool_))
    for name in parent_names:
        whole = pc.or_(whole, pc.equal(parents[name], OTHER))
    # Under a folded row there is nothing to tell apart: its one child is `(other)`, with the parent's measures.
    pieces = [_as_other(parents.filter(whole), own, catalogue.columns(report.name))]
    parents = parents.filter(pc.invert(whole))
    parent_keys = keys_of(parents, catalogue, report.parent)
    joined: pa.Array = pa.array([], pa.string())
    if folds is not None:
        folds = folds.filter(pa.array(is_in(keys_of(folds, catalogue, report.parent), parent_keys)))
        with_candidate = folds["with_candidate"].combine_chunks()
        folds = folds.drop_columns(["with_candidate"])
        alone, together = folds.filter(pc.invert(with_candidate)), folds.filter(with_candidate)
        alone = alone.filter(pc.greater(alone["hits"], 0))
        enough = gate.admits(alone)
        weak = keys_of(alone.filter(pa.array(~enough)), catalogue, report.parent)
        joining = is_in(keys_of(together, catalogue, report.parent), weak)
        joined = weak
        for part in (alone.filter(pa.array(enough)), together.filter(pa.array(joining))):
            pieces.append(_as_other(part.select([*parent_names, *_NUMBERS]), own, catalogue.columns(report.name)))
    keep = is_in(keys_of(table, catalogue, report.name), keys_of(plan, catalogue, report.name))
    keep &= is_in(keys_of_parents(table, catalogue, report), parent_keys)
    candidates = plan.filter(plan["candidate"])
    gone = candidates.filter(pa.array(is_in(keys_of_parents(candidates, catalogue, report), joined)))
    keep &= ~is_in(keys_of(table, catalogue, report.name), keys_of(gone, catalogue, report.name))
    return pa.concat_tables([table.filter(pa.array(keep)), *pieces]).combine_chunks()


def _as_other(parents: pa.Table, own: str, names: tuple[str, ...]) -> pa.Table:
    other = pa.array([OTHER] * parents.num_rows, pa.string())
    return parents.append_column(own, other).select([*names, *_NUMBERS]).cast(counts_schema(names))
