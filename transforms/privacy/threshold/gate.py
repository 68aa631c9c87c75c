"""Primary suppression: how many addresses a cell must have, and how many of one network count."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.columns import Flags, distinct
from transforms.counting.measures import EVIDENCE
from transforms.dimensions.agent import CRAWLER, TRAFFIC_KINDS
from transforms.privacy.policy import DEFAULT_ADDRESSES, MIN_ADDRESSES, NETWORK_CAP
from transforms.reports.report import Report


@dataclass(frozen=True, slots=True)
class Gate:
    """Rule 1. A cell passes if the sum over networks of min(cap, its addresses) is at least `min_addresses` (k).

    `sites` are those that may be published; empty: all.
    """

    min_addresses: int = DEFAULT_ADDRESSES
    sites: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.min_addresses < MIN_ADDRESSES:
            raise ValueError(f"min_addresses is {self.min_addresses}, but must be at least {MIN_ADDRESSES}")

    def admits(self, counts: pa.Table, report: Report) -> Flags:
        """Which cells of a report have enough capped addresses. Listed crawlers are named whatever their number."""
        enough = np.asarray(counts[EVIDENCE].to_numpy() >= self.min_addresses, np.bool_)
        if report.dimension is not None and report.dimension.names_machines:
            enough |= np.asarray(pc.equal(counts["traffic"], CRAWLER).to_numpy(), np.bool_)
        if report.dimension is None and self.sites:
            enough &= self.declared(counts)
        return enough

    def declared(self, counts: pa.Table) -> Flags:
        """Which cells are of declared sites."""
        if not self.sites:
            return np.ones(counts.num_rows, np.bool_)
        codes, names = distinct(counts["site"])
        return np.asarray(pc.is_in(names, value_set=pa.array(self.sites, pa.string())), np.bool_)[codes]

    def caps(self) -> dict[str, int]:
        """How many addresses of one network count, by traffic.

        Listed crawlers are machines of organisations, which have few networks: of theirs k count. No other exception.
        """
        return {kind: self.min_addresses if kind == CRAWLER else NETWORK_CAP for kind in TRAFFIC_KINDS}
