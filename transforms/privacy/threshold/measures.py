"""What is published about a row besides its hits.

`hits` partition: every row is exact. `visitors` do not: two rows share visitors, so exact numbers of several rows would leave
small groups. They are exact only where each visitor is in one row. Visits and bytes are not published: the first are tied to hits
by what a visit is, the second by the sizes of files, which are public. See ARCHITECTURE.md, "Why so few measures".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.columns import Integers
from transforms.counting.measures import HITS, VISITORS, Kind, Measure
from transforms.privacy.release import keys_of, keys_of_parents
from transforms.reports.report import Catalogue, Report

_EXACT = replace(VISITORS, description="Distinct visitors (address and user agent within the day)", kind=Kind.ADDITIVE)


def measures_of(report: Report, catalogue: Catalogue, k: int) -> tuple[Measure, ...]:
    """The measures of a report's table, as they are described there."""
    if is_exact(report, catalogue):
        return (HITS, _EXACT)
    return (HITS, _rounded(k))


def published_measures(catalogue: Catalogue, k: int) -> dict[str, tuple[Measure, ...]]:
    """The measures of each report."""
    return {report.name: measures_of(report, catalogue, k) for report in catalogue}


def is_exact(report: Report, catalogue: Catalogue) -> bool:
    """Whether visitors of the report's rows are exact: each visitor of the stratum is in one of them."""
    below = catalogue.dimensions(report.name)[len(catalogue.columns(catalogue.root().name)) :]
    return VISITORS.adds_up_over(each.scope for each in below)


def _rounded(k: int) -> Measure:
    description = f"Distinct visitors, to the nearest {k}, or the parent row's number if fewer than {k} are missing; never sum"
    return replace(VISITORS, description=description, notes=(("rounded_to", str(k)),))


def with_published(tables: Mapping[str, pa.Table], catalogue: Catalogue, k: int) -> dict[str, pa.Table]:
    """The same rows with dimensions and published measures, from exact counts."""
    published: dict[str, pa.Table] = {}
    told: dict[str, Integers] = {}
    for report in catalogue:
        table = tables[report.name]
        visitors = table[VISITORS.name].to_numpy()
        if report.parent is not None and not is_exact(report, catalogue):
            keys = keys_of(tables[report.parent], catalogue, report.parent)
            at = pc.index_in(keys_of_parents(table, catalogue, report), value_set=keys).to_numpy()
            of_parents = tables[report.parent][VISITORS.name].to_numpy()[at]
            visitors = rounded_visitors(visitors, of_parents, told[report.parent][at], k)
        told[report.name] = visitors
        columns = {name: table[name] for name in (*catalogue.columns(report.name), HITS.name)}
        published[report.name] = pa.table({**columns, VISITORS.name: pa.array(visitors, pa.int64())})
    return published


def rounded_visitors(visitors: Integers, of_parents: Integers, told_of_parents: Integers, k: int) -> Integers:
    """Visitors to the nearest multiple of k, halves up, at least k; if fewer than k of the parent's are missing, what it tells.

    Without the exception, a row's number below its parent's could say that one visitor is missing from the row.

    >>> rounded_visitors(np.array([10, 14, 15, 91, 100]), np.array([100] * 5), np.array([100] * 5), 10).tolist()
    [10, 10, 20, 100, 100]
    >>> rounded_visitors(np.array([34, 35]), np.array([44, 44]), np.array([40, 40]), 10).tolist()
    [30, 40]
    """
    return np.where(of_parents - visitors < k, told_of_parents, nearest(visitors, k))


def nearest(visitors: Integers, k: int) -> Integers:
    """The nearest multiple of k, halves up, at least k."""
    return np.maximum((2 * visitors + k) // (2 * k) * k, k)
