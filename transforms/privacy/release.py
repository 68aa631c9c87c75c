"""Takes counts, gives released tables: the one place where it is decided what may be published.

The rules, by the numbers of the guarantee (ARCHITECTURE.md, "The guarantee"):

    1 gate     a row passes if its capped addresses reach k
    2 forest   a report divides published rows of its parent; what is not published has no children
    3 fold     failing rows of a parent become its row `(other)`; if that fails, one passing sibling joins it
    4 stratum  a (date, site, traffic) that fails is omitted from everything
    6 values   a row whose value looks like a person's fails, however many addresses it has

In the dp mode (`release_noisy`) counts are bounded and get noise, every row that can be known beforehand is published, and a
value from the log is named if its noisy count reaches a threshold. Of the rules only 6 is there, too: it reads no count.

Only this file makes a `Released`, and only a `Released` can be written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.columns import Flags, Integers, cell_keys, distinct
from transforms.dimensions.vocabulary import TRAFFIC
from transforms.privacy.detectors import OPEN_DIMENSIONS, is_caught
from transforms.privacy.differential.noise import with_noise
from transforms.privacy.differential.policy import BOUNDS, Differential, Mechanism
from transforms.privacy.threshold.policy import Threshold
from transforms.reports.report import STRATUM, Catalogue, Report
from transforms.reserved import OTHER
from transforms.schema import EVIDENCE, MEASURES, NOISY_MEASURES, bounded_schema, count_schema

_DOOR = object()


class ReleaseError(Exception):
    """What would be released breaks a rule. Carries the report's name only."""


@dataclass(frozen=True, slots=True)
class Folded:
    """Why rows of one report are not published by name, for the operator.

    `under` fail the gate (rule 1); `caught` pass it, but their value looks like a person's (rule 6); `joined` pass both, but had
    to join an `(other)` that failed alone (rule 3); `hits` are those of the rows `(other)`. For the stratum itself: strata that
    fail and are left out (rule 4), and their hits.
    """

    under: int
    caught: int
    joined: int
    hits: int


class Released:
    """Published tables of one day, by report, each sorted by its dimensions; made by `release` alone."""

    __slots__ = ("folded", "noise", "tables")

    def __init__(
        self, door: object, tables: dict[str, pa.Table], folded: dict[str, Folded], noise: Sequence[Mechanism] | None = None
    ) -> None:
        if door is not _DOOR:
            raise TypeError("only transforms.privacy.release makes released tables")
        self.tables = tables
        self.folded = folded
        self.noise = noise


def gate(counts: pa.Table, policy: Threshold) -> Flags:
    """Rule 1: which rows have enough capped addresses."""
    return np.asarray(counts[EVIDENCE].to_numpy() >= policy.min_addresses, np.bool_)


def passes(counts: pa.Table, report: Report, policy: Threshold) -> Flags:
    """Rules 1 and 6: which rows may be published by name."""
    return _without_caught(counts, report, gate(counts, policy))


def _without_caught(counts: pa.Table, report: Report, good: Flags) -> Flags:
    """Rule 6: the good rows whose `own` values, if they come from the log, do not look like a person's."""
    for name in {*report.own, *(STRATUM if report.parent is None else ())} & OPEN_DIMENSIONS:
        codes, values = distinct(counts[name])
        # Most paths of a log fail the gate already, and need no second look.
        looked_at = np.unique(codes[good])
        caught = np.zeros(len(values), np.bool_)
        caught[looked_at] = [is_caught(value) for value in values.take(pa.array(looked_at)).to_pylist()]
        good = good & ~caught[codes]
    return good


def plan_release(counts: Mapping[str, pa.Table], catalogue: Catalogue, policy: Threshold) -> dict[str, pa.Table]:
    """What passes, by report: dimensions and whether the row is its parent's `candidate` to be folded with the failing ones.

    Rows that fail do not appear, so the plan holds nothing that may not be known. Rows under a parent that fails are left out;
    rows under a candidate are planned as if it stays.
    """
    plan: dict[str, pa.Table] = {}
    for report in catalogue:
        if report.name not in counts:
            continue
        table = counts[report.name]
        good = passes(table, report, policy)
        if report.parent is not None:
            good &= _is_in(_parent_keys(table, catalogue, report), _keys(plan[report.parent], catalogue, report.parent))
        passing = table.filter(pa.array(good))
        candidates = np.zeros(passing.num_rows, np.bool_)
        if report.parent is not None:
            parent_keys = _parent_keys(passing, catalogue, report)
            order = np.asarray(pc.sort_indices(passing, _by_weakness(catalogue.columns(report.name))).to_numpy())
            _, first = np.unique(parent_keys.dictionary_encode().indices.to_numpy()[order], return_index=True)
            candidates[order[first]] = True
            # Where nothing fails there is no fold to join.
            candidates &= _is_in(parent_keys, _parent_keys(table.filter(pa.array(~good)), catalogue, report))
        plan[report.name] = passing.select(list(catalogue.columns(report.name))).append_column("candidate", pa.array(candidates))
    return plan


def _by_weakness(columns: tuple[str, ...]) -> list[tuple[str, str]]:
    """Fewest capped addresses first, ties by value: the choice must follow from published values, never from the secret."""
    return [(EVIDENCE, "ascending"), *((name, "ascending") for name in columns)]


def release(counts: Mapping[str, pa.Table], folds: Mapping[str, pa.Table], catalogue: Catalogue, policy: Threshold) -> Released:
    """The published tables of one day, from exact counts of cells and of what folds (`count_folds`, added over shards)."""
    plan = plan_release(counts, catalogue, policy)
    rows: dict[str, pa.Table] = {}
    folded: dict[str, Folded] = {}
    for report in catalogue:
        names = catalogue.columns(report.name)
        if report.name not in counts:
            rows[report.name] = count_schema(names).empty_table()
            folded[report.name] = Folded(0, 0, 0, 0)
        elif report.parent is None:
            table = counts[report.name]
            good = passes(table, report, policy)
            rows[report.name] = table.filter(pa.array(good))
            omitted = table.filter(pa.array(~good))
            under = int((~gate(omitted, policy)).sum())
            folded[report.name] = Folded(under, omitted.num_rows - under, 0, _total(omitted))
        else:
            parents = _divided(rows[report.parent], report)
            table = counts[report.name]
            rows[report.name] = _fold(report, table, folds.get(report.name), parents, plan[report.name], catalogue, policy)
            below = table.filter(
                pa.array(_is_in(_parent_keys(table, catalogue, report), _keys(parents, catalogue, report.parent)))
            )
            named = _is_in(_keys(below, catalogue, report.name), _keys(rows[report.name], catalogue, report.name))
            lost = below.filter(pa.array(~named))
            others = rows[report.name].filter(pc.equal(rows[report.name][report.own[0]], OTHER))
            under, joined = int((~gate(lost, policy)).sum()), int(passes(lost, report, policy).sum())
            folded[report.name] = Folded(under, lost.num_rows - under - joined, joined, _total(others))
        _check(report, rows, catalogue, policy)
    tables = {
        name: table.drop_columns([EVIDENCE]).sort_by([(column, "ascending") for column in catalogue.columns(name)])
        for name, table in rows.items()
    }
    return Released(_DOOR, tables, folded)


def release_noisy(counts: Mapping[str, pa.Table], catalogue: Catalogue, policy: Differential) -> Released:
    """The published tables of one period in the dp mode, from bounded counts added over shards; reports may be missing.

    Each call draws noise. Two results for the same counts cost the privacy budget twice.
    """
    mechanisms = policy.mechanisms()
    noise = {(each.report, each.measure): each for each in mechanisms}
    rows: dict[str, pa.Table] = {}
    folded: dict[str, Folded] = {}
    for report in catalogue:
        names = catalogue.columns(report.name)
        table = counts.get(report.name, bounded_schema(names).empty_table())
        by_measure = {measure: noise[report.name, measure] for measure in NOISY_MEASURES}
        values = BOUNDS[report.name].values
        if report.parent is None:
            named = _noisy(_grid(policy.sites, TRAFFIC, names), table, by_measure)
            others = named.slice(0, 0)
        else:
            parents = _divided(rows[report.parent], report)
            whole = pc.equal(parents[catalogue.columns(report.parent)[-1]], OTHER)
            if values is None:
                named = _over_threshold(table, report, by_measure, policy.min_addresses)
            else:
                named = _noisy(_below(parents.filter(pc.invert(whole)), report, values, names), table, by_measure)
            others = _rest(parents, named, report, catalogue)
        rows[report.name] = pa.concat_tables([named, others]).sort_by([(name, "ascending") for name in names]).combine_chunks()
        if report.parent is not None:
            _check_division(report, rows, catalogue)
        unnamed = table.num_rows - named.num_rows if values is None else 0
        folded[report.name] = Folded(unnamed, 0, 0, _total(others))
    return Released(_DOOR, rows, folded, mechanisms)


def _grid(sites: Sequence[str], traffic: Sequence[str], names: tuple[str, ...]) -> pa.Table:
    """Every stratum, with lines or without."""
    pairs = [(site, kind) for site in sites for kind in traffic]
    return pa.table([pa.array(column, pa.string()) for column in zip(*pairs, strict=True)], names=list(names))


def _below(parents: pa.Table, report: Report, values: Sequence[str], names: tuple[str, ...]) -> pa.Table:
    """Every value of the report below each parent row."""
    each = parents.take(pa.array(np.repeat(np.arange(parents.num_rows), len(values))))
    return each.append_column(report.own[0], pa.array([*values] * parents.num_rows, pa.string())).select(names)


def _noisy(grid: pa.Table, table: pa.Table, noise: Mapping[str, Mechanism]) -> pa.Table:
    """The cells of a grid with noisy measures; a cell that no hit is in counts 0."""
    at = pc.index_in(cell_keys(grid.columns), value_set=cell_keys([table[name] for name in grid.column_names]))
    exact = {measure: table[measure].take(at).fill_null(0).to_numpy() for measure in noise}
    return _as_released(grid, {measure: with_noise(exact[measure], noise[measure]) for measure in noise})


def _over_threshold(table: pa.Table, report: Report, noise: Mapping[str, Mechanism], at_least: int) -> pa.Table:
    """The cells of an open report whose noisy visitors reach the threshold.

    Cells under `at_least` are as good as empty, so that a count begins at 1 where that many are reached: what is compared moves
    by 1 at most if a unit comes or goes. Adding noise to the whole count of such a cell would give that step away.
    """
    own = table[report.own[0]]
    candidates = np.asarray(table["visitors"].to_numpy() >= at_least, np.bool_) & ~np.asarray(pc.equal(own, OTHER), np.bool_)
    table = table.filter(pa.array(_without_caught(table, report, candidates)))
    threshold = noise["visitors"].threshold
    assert threshold is not None
    visitors = with_noise(table["visitors"].to_numpy() - (at_least - 1), noise["visitors"])
    table, visitors = table.filter(pa.array(visitors >= threshold)), visitors[visitors >= threshold]
    measures = {name: with_noise(table[name].to_numpy(), noise[name]) for name in noise if name != "visitors"}
    return _as_released(table.drop_columns(list(noise)), {**measures, "visitors": visitors + (at_least - 1)})


def _rest(parents: pa.Table, named: pa.Table, report: Report, catalogue: Catalogue) -> pa.Table:
    """What is left of each parent row, as its row `(other)`: of published numbers only. Visitors do not add up."""
    assert report.parent is not None
    names = list(catalogue.columns(report.parent))
    additive = ("hits", "bytes_sent")
    parts = named.group_by(names, use_threads=False).aggregate([(name, "sum") for name in additive])
    at = pc.index_in(cell_keys([parents[name] for name in names]), value_set=cell_keys([parts[name] for name in names]))
    left = {name: pc.subtract(parents[name], parts[f"{name}_sum"].take(at).fill_null(0)) for name in additive}
    others = parents.select(names).append_column(report.own[0], pa.array([OTHER] * parents.num_rows, pa.string()))
    return _as_released(others, {**left, "visitors": pa.nulls(parents.num_rows, pa.int64())})


def _as_released(dimensions: pa.Table, measures: Mapping[str, Integers | pa.Array]) -> pa.Table:
    """Rows of a released table of the dp mode."""
    columns = {name: dimensions[name] for name in dimensions.column_names}
    missing = pa.nulls(dimensions.num_rows, pa.int64())
    return pa.table({**columns, **{name: measures.get(name, missing) for name in MEASURES}})


def _divided(parents: pa.Table, report: Report) -> pa.Table:
    """Rule 2: the published rows of the parent that this report divides."""
    if report.where is None:
        return parents
    name, value = report.where
    return parents.filter(pc.equal(parents[name], value))


def _fold(
    report: Report,
    table: pa.Table,
    folds: pa.Table | None,
    parents: pa.Table,
    plan: pa.Table,
    catalogue: Catalogue,
    policy: Threshold,
) -> pa.Table:
    """Rule 3: the rows that divide each published parent row, `(other)` among them."""
    assert report.parent is not None
    own, parent_names = report.own[0], catalogue.columns(report.parent)
    whole = pa.array(np.zeros(parents.num_rows, np.bool_))
    for name in catalogue.dimensions(report.parent):
        whole = pc.or_(whole, pc.equal(parents[name], OTHER))
    # Under a folded row there is nothing to tell apart: its one child is `(other)`, with the parent's measures.
    pieces = [_as_other(parents.filter(whole), own, catalogue.columns(report.name))]
    parents = parents.filter(pc.invert(whole))
    parent_keys = _keys(parents, catalogue, report.parent)
    joined: pa.Array = pa.array([], pa.string())
    if folds is not None:
        folds = folds.filter(pa.array(_is_in(_keys(folds, catalogue, report.parent), parent_keys)))
        with_candidate = folds["with_candidate"].combine_chunks()
        folds = folds.drop_columns(["with_candidate"])
        alone, together = folds.filter(pc.invert(with_candidate)), folds.filter(with_candidate)
        alone = alone.filter(pc.greater(alone["hits"], 0))
        enough = gate(alone, policy)
        weak = _keys(alone.filter(pa.array(~enough)), catalogue, report.parent)
        joining = _is_in(_keys(together, catalogue, report.parent), weak)
        joined = weak
        for part in (alone.filter(pa.array(enough)), together.filter(pa.array(joining))):
            pieces.append(_as_other(part.select([*parent_names, *MEASURES, EVIDENCE]), own, catalogue.columns(report.name)))
    keep = _is_in(_keys(table, catalogue, report.name), _keys(plan, catalogue, report.name))
    keep &= _is_in(_parent_keys(table, catalogue, report), parent_keys)
    candidates = plan.filter(plan["candidate"])
    gone = candidates.filter(pa.array(_is_in(_parent_keys(candidates, catalogue, report), joined)))
    keep &= ~_is_in(_keys(table, catalogue, report.name), _keys(gone, catalogue, report.name))
    return pa.concat_tables([table.filter(pa.array(keep)), *pieces]).combine_chunks()


def _as_other(parents: pa.Table, own: str, names: tuple[str, ...]) -> pa.Table:
    other = pa.array([OTHER] * parents.num_rows, pa.string())
    return parents.append_column(own, other).select([*names, *MEASURES, EVIDENCE]).cast(count_schema(names))


def _check(report: Report, rows: Mapping[str, pa.Table], catalogue: Catalogue, policy: Threshold) -> None:
    """The last look at what leaves: every row passes the gate, and every parent row is exactly divided."""
    table = rows[report.name]
    if not gate(table, policy).all():
        raise ReleaseError(f"{report.name}: a row is under the threshold")
    if not passes(table, report, policy).all():
        raise ReleaseError(f"{report.name}: a value looks like a person's")
    if report.parent is not None:
        _check_division(report, rows, catalogue)


def _check_division(report: Report, rows: Mapping[str, pa.Table], catalogue: Catalogue) -> None:
    assert report.parent is not None
    table, names = rows[report.name], catalogue.columns(report.parent)
    additive = [("hits", "sum"), ("bytes_sent", "sum")]
    parts = table.group_by(list(names), use_threads=False).aggregate(additive).rename_columns([*names, "hits", "bytes_sent"])
    order = [(name, "ascending") for name in names]
    expected = _divided(rows[report.parent], report).select([*names, "hits", "bytes_sent"])
    if not parts.sort_by(order).combine_chunks().equals(expected.sort_by(order).combine_chunks().cast(parts.schema)):
        raise ReleaseError(f"{report.name}: its rows do not add up to those of {report.parent}")


def _keys(table: pa.Table, catalogue: Catalogue, report: str) -> pa.Array:
    return cell_keys([table[name] for name in catalogue.columns(report)])


def _parent_keys(table: pa.Table, catalogue: Catalogue, report: Report) -> pa.Array:
    assert report.parent is not None
    return _keys(table, catalogue, report.parent)


def _is_in(keys: pa.Array, among: pa.Array) -> Flags:
    return np.asarray(pc.is_in(keys, value_set=among).to_numpy(zero_copy_only=False), np.bool_)


def _total(table: pa.Table) -> int:
    return int(pc.sum(table["hits"]).as_py() or 0)
