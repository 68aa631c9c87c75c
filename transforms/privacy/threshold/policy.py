"""Takes k, gives the numbers of the threshold mode: how many addresses a row must have, and how many of one network count."""

from __future__ import annotations

from dataclasses import dataclass

MODE = "threshold"
MIN_ADDRESSES = 5
DEFAULT_ADDRESSES = 10
NETWORK_CAP = 3


@dataclass(frozen=True, slots=True)
class Threshold:
    """A row passes the gate if the sum over networks of min(cap, its addresses) is at least `min_addresses` (k)."""

    min_addresses: int = DEFAULT_ADDRESSES

    def __post_init__(self) -> None:
        if self.min_addresses < MIN_ADDRESSES:
            raise ValueError(f"min_addresses is {self.min_addresses}, but must be at least {MIN_ADDRESSES}")

    def facts(self) -> dict[str, str]:
        """What is public about the policy, for manifest and metadata."""
        return {"mode": MODE, "min_addresses": str(self.min_addresses), "network_cap": str(NETWORK_CAP)}

    def caps(self) -> dict[str, int]:
        """How many addresses of one network count, by traffic.

        Listed crawlers come from few networks and are not persons: in the stratum `bot` the cap is k. No other exception.
        """
        return {"human": NETWORK_CAP, "unknown": NETWORK_CAP, "bot": self.min_addresses}
