"""From bounded counts to published rows: noise, a threshold for values that come from the log, and what is left as `(other)`.

Every row that can be told beforehand is published, and a value from the log is named if its noisy count reaches a threshold.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.columns import Integers, cell_keys
from transforms.counting.measures import Kind
from transforms.dimensions.agent import TRAFFIC_KINDS
from transforms.privacy.differential.bound import bounded_schema
from transforms.privacy.differential.budget import BOUNDS, NOISY, Budget, Mechanism, published_measures
from transforms.privacy.differential.noise import with_noise
from transforms.privacy.release import Folded, Released, divided, let_out, nameable, total_hits
from transforms.reports.report import Catalogue, Report
from transforms.reserved import OTHER


def release_noisy(counts: Mapping[str, pa.Table], catalogue: Catalogue, budget: Budget) -> Released:
    """The published tables of one period in the dp mode, from bounded counts added over shards; reports may be missing.

    Each call draws noise. Two results for the same counts cost the privacy budget twice.
    """
    mechanisms = budget.mechanisms()
    noise = {(each.report, each.measure): each for each in mechanisms}
    rows: dict[str, pa.Table] = {}
    folded: dict[str, Folded] = {}
    for report in catalogue:
        names = catalogue.columns(report.name)
        table = counts.get(report.name, bounded_schema(names).empty_table())
        by_measure = {measure: noise[report.name, measure] for measure in NOISY}
        values = BOUNDS[report.name].values
        if report.parent is None:
            named = _noisy(_grid(budget.sites, TRAFFIC_KINDS, names), table, by_measure)
            others = named.slice(0, 0)
        else:
            parents = divided(rows[report.parent], report)
            whole = pc.equal(parents[catalogue.columns(report.parent)[-1]], OTHER)
            if values is None:
                named = _over_threshold(table, report, by_measure, budget.min_addresses)
            else:
                named = _noisy(_below(parents.filter(pc.invert(whole)), report, values, names), table, by_measure)
            others = _rest(parents, named, report, catalogue)
        rows[report.name] = pa.concat_tables([named, others]).sort_by([(name, "ascending") for name in names]).combine_chunks()
        unnamed = table.num_rows - named.num_rows if values is None else 0
        folded[report.name] = Folded(under=unnamed, unnamed=total_hits(others))
    measures = {report.name: published_measures(report.name, mechanisms) for report in catalogue}
    return let_out(rows, folded, catalogue, measures)


def _grid(sites: Sequence[str], traffic: Sequence[str], names: tuple[str, ...]) -> pa.Table:
    """Every stratum, with lines or without."""
    pairs = [(site, kind) for site in sites for kind in traffic]
    return pa.table([pa.array(column, pa.string()) for column in zip(*pairs, strict=True)], names=list(names))


def _below(parents: pa.Table, report: Report, values: Sequence[str], names: tuple[str, ...]) -> pa.Table:
    """Every value of the report below each parent row."""
    each = parents.take(pa.array(np.repeat(np.arange(parents.num_rows), len(values))))
    return each.append_column(names[-1], pa.array([*values] * parents.num_rows, pa.string())).select(names)


def _noisy(grid: pa.Table, table: pa.Table, noise: Mapping[str, Mechanism]) -> pa.Table:
    """The cells of a grid with noisy measures. A cell without hits counts 0."""
    at = pc.index_in(cell_keys(grid.columns), value_set=cell_keys([table[name] for name in grid.column_names]))
    exact = {measure: table[measure].take(at).fill_null(0).to_numpy() for measure in noise}
    return _as_released(grid, {measure: with_noise(exact[measure], noise[measure]) for measure in noise})


def _over_threshold(table: pa.Table, report: Report, noise: Mapping[str, Mechanism], at_least: int) -> pa.Table:
    """The cells of an open report whose noisy visitors reach the threshold.

    Cells below `at_least` count as empty, and the count starts at 1 in a cell that reaches it. So one unit more or less changes
    the compared number by 1 at most. Noise on the whole count of a cell that reaches `at_least` would reveal that step.
    """
    own = table[report.own[0].name]
    candidates = np.asarray(table["visitors"].to_numpy() >= at_least, np.bool_) & ~np.asarray(pc.equal(own, OTHER), np.bool_)
    table = table.filter(pa.array(nameable(table, report, candidates)))
    threshold = noise["visitors"].threshold
    assert threshold is not None
    visitors = with_noise(table["visitors"].to_numpy() - (at_least - 1), noise["visitors"])
    table, visitors = table.filter(pa.array(visitors >= threshold)), visitors[visitors >= threshold]
    measures = {name: with_noise(table[name].to_numpy(), noise[name]) for name in noise if name != "visitors"}
    return _as_released(table.drop_columns(list(noise)), {**measures, "visitors": visitors + (at_least - 1)})


def _rest(parents: pa.Table, named: pa.Table, report: Report, catalogue: Catalogue) -> pa.Table:
    """The remainder of each parent row, as its row `(other)`, from published numbers only. Visitors do not add up."""
    assert report.parent is not None
    names = list(catalogue.columns(report.parent))
    additive = [measure.name for measure in NOISY.values() if measure.kind is Kind.ADDITIVE]
    parts = named.group_by(names, use_threads=False).aggregate([(name, "sum") for name in additive])
    at = pc.index_in(cell_keys([parents[name] for name in names]), value_set=cell_keys([parts[name] for name in names]))
    left = {name: pc.subtract(parents[name], parts[f"{name}_sum"].take(at).fill_null(0)) for name in additive}
    others = parents.select(names).append_column(report.own[0].name, pa.array([OTHER] * parents.num_rows, pa.string()))
    return _as_released(others, {**left, "visitors": pa.nulls(parents.num_rows, pa.int64())})


def _as_released(dimensions: pa.Table, measures: Mapping[str, Integers | pa.Array]) -> pa.Table:
    """Rows of a released table of the dp mode."""
    columns = {name: dimensions[name] for name in dimensions.column_names}
    return pa.table({**columns, **{name: measures[name] for name in NOISY}})
