"""The gate: how many addresses a row must have, and how many of one network count."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from transforms.columns import Flags
from transforms.counting.measures import EVIDENCE
from transforms.privacy.policy import DEFAULT_ADDRESSES, MIN_ADDRESSES

NETWORK_CAP = 3


@dataclass(frozen=True, slots=True)
class Gate:
    """Rule 1. A row passes if the sum over networks of min(cap, its addresses) is at least `min_addresses` (k)."""

    min_addresses: int = DEFAULT_ADDRESSES

    def __post_init__(self) -> None:
        if self.min_addresses < MIN_ADDRESSES:
            raise ValueError(f"min_addresses is {self.min_addresses}, but must be at least {MIN_ADDRESSES}")

    def admits(self, counts: pa.Table) -> Flags:
        """Which rows have enough capped addresses."""
        return np.asarray(counts[EVIDENCE].to_numpy() >= self.min_addresses, np.bool_)

    def caps(self) -> dict[str, int]:
        """How many addresses of one network count, by traffic.

        Robots of organisations come from few networks and are not persons: in the stratum `crawler` the cap is k. No other
        exception.
        """
        return {"human": NETWORK_CAP, "unknown": NETWORK_CAP, "bot": NETWORK_CAP, "crawler": self.min_addresses}
