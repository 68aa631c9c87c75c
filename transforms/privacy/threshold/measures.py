"""What is published about a row besides its hits.

`hits` partition: every row is exact. `visitors` do not: two rows share visitors, so what exact numbers of several rows leave would be
small groups. They are exact only where each visitor is in one row. `visits` and `bytes_sent` are tied to hits, the first by what a
visit is, the second by the sizes of files, which are public. Of them a day tells a bounded and rounded sum, and no other row
anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.columns import Integers
from transforms.counting.measures import (
    ADDRESS_BYTES,
    ADDRESS_VISITS,
    BYTES_SENT,
    HITS,
    VISITORS,
    VISITS,
    Kind,
    Measure,
)
from transforms.privacy.release import keys_of
from transforms.reports.report import Catalogue, Report

LEAST_STEPS = 10
"""A rounded sum of fewer steps is not published: it would say little."""

_BOUNDS = {VISITS: ADDRESS_VISITS, BYTES_SENT: ADDRESS_BYTES}

_EXACT = replace(VISITORS, description="Distinct visitors (address and user agent within the day)", kind=Kind.ADDITIVE)


def measures_of(report: Report, catalogue: Catalogue, k: int) -> tuple[Measure, ...]:
    """The measures of a report's table, as they are described there."""
    if report.parent is None:
        return (HITS, VISITORS, *(_bounded(measure, k) for measure in _BOUNDS))
    return (HITS, _EXACT if is_exact(report, catalogue) else _rounded(k))


def published_measures(catalogue: Catalogue, k: int) -> dict[str, tuple[Measure, ...]]:
    """The measures of each report."""
    return {report.name: measures_of(report, catalogue, k) for report in catalogue}


def is_exact(report: Report, catalogue: Catalogue) -> bool:
    """Whether visitors of the report's rows are exact: each visitor of a parent row is in one of them."""
    below = len(catalogue.columns(catalogue.root().name))
    return VISITORS.adds_up_over(each.scope for each in catalogue.dimensions(report.name)[below:])


def _rounded(k: int) -> Measure:
    return replace(
        VISITORS,
        description=f"Distinct visitors, to the nearest {k}; that of daily, if fewer than {k} are missing; do not add over rows",
        notes=(("rounded_to", str(k)),),
    )


def step_of(measure: Measure, k: int) -> int:
    """To what the sum over addresses is rounded, so that k addresses hide in the rounding."""
    return 2 * k * _BOUNDS[measure]


def _bounded(measure: Measure, k: int) -> Measure:
    step = step_of(measure, k)
    return replace(
        measure,
        description=f"{measure.description}: at most {_BOUNDS[measure]:,} of an address, to the nearest {step:,}; "
        f"missing below {LEAST_STEPS * step:,}",
        kind=Kind.DISTINCT,
        notes=(("bounded_to", str(_BOUNDS[measure])), ("rounded_to", str(step))),
        nullable=True,
    )


def with_published(tables: Mapping[str, pa.Table], catalogue: Catalogue, k: int) -> dict[str, pa.Table]:
    """The same rows with dimensions and published measures, from exact counts."""
    root = catalogue.root()
    strata = tables[root.name]
    of_strata = keys_of(strata, catalogue, root.name)
    published = {}
    for report in catalogue:
        table = tables[report.name]
        columns = {name: table[name] for name in (*catalogue.columns(report.name), HITS.name, VISITORS.name)}
        if report is root:
            columns |= {measure.name: _bounded_sum(table[measure.name].to_numpy(), step_of(measure, k)) for measure in _BOUNDS}
        elif not is_exact(report, catalogue):
            at = pc.index_in(keys_of(table, catalogue, root.name), value_set=of_strata)
            whole = strata[VISITORS.name].take(at).to_numpy()
            columns[VISITORS.name] = pa.array(rounded_visitors(table[VISITORS.name].to_numpy(), whole, k))
        published[report.name] = pa.table(columns)
    return published


def rounded_visitors(visitors: Integers, whole: Integers, k: int) -> Integers:
    """Visitors to the nearest multiple of k, halves up, at least k; `whole` of the stratum if fewer than k of it are missing.

    >>> rounded_visitors(np.array([10, 14, 15, 91, 100]), np.array([100] * 5), 10).tolist()
    [10, 10, 20, 100, 100]
    >>> rounded_visitors(np.array([94, 95]), np.array([104, 104]), 10).tolist()
    [90, 104]
    """
    rounded: Integers = np.where(whole - visitors < k, whole, np.maximum(nearest(visitors, k), k))
    return rounded


def nearest(numbers: Integers, step: int) -> Integers:
    """The nearest multiple of a step, halves up."""
    return (2 * numbers + step) // (2 * step) * step


def _bounded_sum(sums: Integers, step: int) -> pa.Array:
    told = nearest(sums, step)
    return pa.array(told, pa.int64(), mask=told < LEAST_STEPS * step)

