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
from transforms.dimensions.agent import CRAWLER
from transforms.privacy.policy import MIN_ADDRESSES, Checks
from transforms.privacy.threshold.measures import is_exact, measures_of
from transforms.reports.report import Catalogue, Report


class ThresholdChecks(Checks):
    """See `Checks`."""

    facts = ("mode", "min_addresses", "network_cap", "sites")
    checked = "every row has enough hits and visitors"
    unseen = "that every row has enough addresses of enough networks"

    def __init__(self, manifest: Mapping[str, Any], catalogue: Catalogue) -> None:
        given = str(manifest.get("min_addresses", ""))
        self._threshold = int(given) if given.isascii() and given.isdigit() else 0
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
        for number in np.flatnonzero(wrong).tolist():
            yield f"row {number}: fewer hits or visitors than the threshold, or measures that cannot be"

    def _contradicts(self, report: Report, table: pa.Table, visitors: Integers, parents: pa.Table | None) -> Flags:
        """Which rows have visitors that do not go with their hits, or are not rounded as they must be."""
        if is_exact(report, self._catalogue):
            return np.asarray(visitors > table[HITS.name].to_numpy(), np.bool_)
        if parents is None or report.parent is None or not self._threshold:
            return np.zeros(table.num_rows, np.bool_)
        names = self._catalogue.columns(report.parent)
        at = pc.index_in(cell_keys([table[name] for name in names]), value_set=cell_keys([parents[name] for name in names]))
        above = parents[VISITORS.name].take(at).fill_null(0).to_numpy()
        return np.asarray((visitors > above) | ((visitors % self._threshold != 0) & (visitors != above)), np.bool_)
