"""What `verify` checks of a period of the threshold mode: rows with too few visitors.

That every row has enough addresses cannot be seen from outside, because addresses are not published. What can be seen is that it
has enough visitors, which is necessary and no more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa

from transforms.counting.measures import MEASURES, Measure
from transforms.privacy.policy import MIN_ADDRESSES, Checks
from transforms.reports.report import Report


class ThresholdChecks(Checks):
    """See `Checks`."""

    facts = ("mode", "min_addresses", "network_cap")
    overlapping = ("visitors", "visits")
    checked = "every row has enough visitors"
    unseen = "that every row has enough addresses of enough networks"

    def __init__(self, manifest: Mapping[str, Any]) -> None:
        given = str(manifest.get("min_addresses", ""))
        self._threshold = int(given) if given.isascii() and given.isdigit() else 0

    def stated(self) -> Iterator[str]:
        """See `Checks`."""
        if self._threshold < MIN_ADDRESSES:
            yield f"a threshold under {MIN_ADDRESSES}"

    def measures(self, report: Report) -> tuple[Measure, ...]:
        """See `Checks`."""
        return MEASURES

    def rows(self, report: Report, table: pa.Table, parents: pa.Table | None) -> Iterator[str]:
        """See `Checks`."""
        for number, (visitors, visits, hits, size) in enumerate(
            zip(*(table[name].to_pylist() for name in ("visitors", "visits", "hits", "bytes_sent")), strict=True)
        ):
            if visitors < self._threshold or not visitors <= visits <= hits or size < 0:
                yield f"row {number}: fewer visitors than the threshold, or measures that cannot be"
