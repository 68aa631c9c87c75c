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

from transforms.counting.measures import BYTES_SENT, HITS, VISITORS, VISITS, Measure
from transforms.dimensions.agent import CRAWLER
from transforms.privacy.policy import MIN_ADDRESSES, Checks
from transforms.privacy.threshold.measures import LEAST_STEPS, is_exact, measures_of, step_of
from transforms.reports.report import Catalogue, Report


class ThresholdChecks(Checks):
    """See `Checks`."""

    facts = ("mode", "min_addresses", "network_cap")
    overlapping = ("visitors",)
    checked = "every row has enough visitors, and numbers are rounded where they must be"
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
        visitors, hits = (table[measure.name].to_numpy() for measure in (VISITORS, HITS))
        machines = pc.equal(table["traffic"], CRAWLER).to_numpy() & (report.dimension is not None and report.dimension.names_machines)
        exact = is_exact(report, self._catalogue)
        few = (visitors < self._threshold) & ~machines
        impossible = (hits < 1) | (visitors < 1) | (exact & (visitors > hits))
        for number in np.flatnonzero(few | impossible).tolist():
            yield f"row {number}: fewer visitors than the threshold, or measures that cannot be"
        if report.parent is None:
            for measure in (VISITS, BYTES_SENT):
                step = step_of(measure, self._threshold)
                told = table[measure.name].drop_null().to_numpy()
                if (told % step).any() or (told < LEAST_STEPS * step).any():
                    yield f"{measure.name}: a number that is not rounded"
