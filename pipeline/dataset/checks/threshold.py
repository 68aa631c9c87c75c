"""Takes a period of the threshold mode, gives what is wrong with it: rows with too few visitors.

That every row has enough addresses cannot be seen from outside, because addresses are not published. What can be seen is that it
has enough visitors, which is necessary and no more.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from pipeline.config.catalogue import REPORTS
from pipeline.dataset.checks import COMMON_FACTS
from transforms.privacy.threshold.policy import MIN_ADDRESSES
from transforms.reports.report import Report

CHECKED = "every row has enough visitors"
UNSEEN = "that every row has enough addresses of enough networks"


class ThresholdMode:
    """See `Mode`."""

    facts = ("mode", "min_addresses", "network_cap", *COMMON_FACTS)
    reports = REPORTS
    overlapping = ("visitors", "visits")

    def __init__(self, manifest: dict[str, Any]) -> None:
        given = str(manifest.get("min_addresses", ""))
        self._threshold = int(given) if given.isascii() and given.isdigit() else 0

    def stated(self) -> Iterator[str]:
        """See `Mode`."""
        if self._threshold < MIN_ADDRESSES:
            yield f"a threshold under {MIN_ADDRESSES}"

    def noise(self, report: Report) -> None:
        """See `Mode`."""

    def rows(self, report: Report, table: pa.Table, parents: pa.Table | None) -> Iterator[str]:
        """See `Mode`."""
        for number, (visitors, visits, hits, size) in enumerate(
            zip(*(table[name].to_pylist() for name in ("visitors", "visits", "hits", "bytes_sent")), strict=True)
        ):
            if visitors < self._threshold or not visitors <= visits <= hits or size < 0:
                yield f"row {number}: fewer visitors than the threshold, or measures that cannot be"

    def period(self) -> Iterator[str]:
        """See `Mode`."""
        return iter(())
