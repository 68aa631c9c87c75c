"""What `verify` checks of a period of the threshold mode: rows with too few visitors, and numbers that say more than they should.

That every row has enough addresses cannot be seen from outside, because addresses are not published. What can be seen is that it
has enough visitors, which is necessary and no more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.columns import Flags, Integers, cell_keys
from transforms.counting.measures import HITS, VISITORS, Measure
from transforms.counting.partial import PARENT
from transforms.dimensions.agent import CRAWLER
from transforms.dimensions.site import SITE
from transforms.privacy.policy import ALL_SITES, MIN_ADDRESSES, Checks
from transforms.privacy.threshold.measures import is_exact, measures_of, nearest
from transforms.privacy.threshold.plan import few_left
from transforms.reports.report import Catalogue, Report
from transforms.reserved import OTHER, UNKNOWN


class ThresholdChecks(Checks):
    """See `Checks`."""

    facts = ("mode", "min_addresses", "network_cap", "sites")
    checked = "every row has enough hits and visitors"
    unseen = "that every row has enough addresses of enough networks"

    def __init__(self, manifest: Mapping[str, Any], catalogue: Catalogue) -> None:
        given = str(manifest.get("min_addresses", ""))
        self._threshold = int(given) if given.isascii() and given.isdigit() else 0
        self._sites = str(manifest.get("sites", ""))
        self._catalogue = catalogue

    def stated(self) -> Iterator[str]:
        """See `Checks`."""
        if self._threshold < MIN_ADDRESSES:
            yield f"a threshold under {MIN_ADDRESSES}"

    def measures(self, report: Report) -> tuple[Measure, ...]:
        """See `Checks`."""
        return measures_of(report, self._catalogue, self._threshold)

    def rows(self, report: Report, table: pa.Table, parents: pa.Table | None) -> Iterator[str]:
        """See `Checks`."""
        machines = report.dimension is not None and report.dimension.names_machines
        exempt = machines & pc.equal(table["traffic"], CRAWLER).to_numpy()
        hits = table[HITS.name].to_numpy()
        wrong = (hits < 1) | ((hits < self._threshold) & ~exempt)
        visitors = table[VISITORS.name].to_numpy()
        wrong |= (visitors < 1) | ((visitors < self._threshold) & ~exempt)
        wrong |= self._contradicts(report, table, visitors, parents)
        yield from self._impossible(report, table)
        if self._sites != ALL_SITES and not set(table[SITE.name].to_pylist()) <= set(self._sites.split(",")):
            yield "a site that is not declared"
        if parents is not None and report.parent is not None and self._too_few_left(report, table, parents):
            yield "(other) is beside named rows, although it could be of too few values"
        for number in np.flatnonzero(wrong).tolist():
            yield f"row {number}: fewer hits or visitors than the threshold, or measures that cannot be"

    def _impossible(self, report: Report, table: pa.Table) -> Iterator[str]:
        """Values that cannot be below the row's other values."""
        for dimension in report.own:
            if dimension.within is not None and dimension.within[0] in table.column_names:
                pairs = zip(table[dimension.within[0]].to_pylist(), table[dimension.name].to_pylist(), strict=True)
                # Where no list has it, `(unknown)` says that a log lacks the field.
                excused = {OTHER, UNKNOWN}.difference(*(set(values) - {OTHER} for values in dimension.within[1].values()))
                for number, (above, value) in enumerate(pairs):
                    if value not in excused and value not in (dimension.possible(above) or (value,)):
                        yield f"row {number}, column {dimension.name}: a value that cannot be in this row"

    def _too_few_left(self, report: Report, table: pa.Table, parents: pa.Table) -> bool:
        """Whether `(other)` is beside named rows although too few values are left for it."""
        assert report.parent is not None
        assert report.dimension is not None
        names = list(self._catalogue.columns(report.parent))
        is_other = pc.equal(table[report.dimension.name], OTHER)
        above = cell_keys([parents[name] for name in names])
        rows = pc.index_in(cell_keys([table[name] for name in names]), value_set=above).fill_null(0)
        others, named = rows.filter(is_other), rows.filter(pc.invert(is_other))
        beside = np.isin(np.arange(parents.num_rows), np.intersect1d(others.to_numpy(), named.to_numpy()))
        plan = pa.table({PARENT: named.cast(pa.int32())})
        return bool((beside & few_left(plan, parents.select(names), report.dimension)).any())

    def _contradicts(self, report: Report, table: pa.Table, visitors: Integers, parents: pa.Table | None) -> Flags:
        """Which rows have visitors that do not go with their hits, or are not rounded as they must be."""
        hits, k = table[HITS.name].to_numpy(), self._threshold
        if is_exact(report, self._catalogue):
            return np.asarray(visitors > hits, np.bool_)
        if parents is None or report.parent is None or not k:
            return np.zeros(table.num_rows, np.bool_)
        names = self._catalogue.columns(report.parent)
        at = pc.index_in(cell_keys([table[name] for name in names]), value_set=cell_keys([parents[name] for name in names]))
        above = parents[VISITORS.name].take(at).fill_null(0).to_numpy()
        rounded = visitors != above
        wrong = (visitors > above) | (rounded & (visitors % k != 0))
        # At least k are missing from the parent's, of which at most so many were rounded away.
        wrong |= rounded & (visitors > np.minimum(nearest(above - k, k), nearest(hits, k)))
        if is_exact(self._catalogue[report.parent], self._catalogue):
            wrong |= ~rounded & (above > hits + k - 1)
        # Each visitor of the parent's is in a row at least. An ancestor's number exceeds the parent's by less than k a level.
        parts, codes = np.unique(at.fill_null(-1).to_numpy(), return_inverse=True)
        most = np.bincount(codes, np.where(rounded, visitors + (k - 1) // 2, np.inf), minlength=len(parts))
        return np.asarray(wrong | (most[codes] < above - (k - 1) * self._inexact_levels(report)), np.bool_)

    def _inexact_levels(self, report: Report) -> int:
        """How many reports above this one have visitors that are not exact."""
        above = self._catalogue[report.parent] if report.parent else None
        return 0 if above is None or is_exact(above, self._catalogue) else 1 + self._inexact_levels(above)
