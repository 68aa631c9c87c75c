"""The threshold mode: a row is published if enough addresses are in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from transforms.counting.count import add_counts
from transforms.privacy.policy import DEFAULT_ADDRESSES, Counted, Figures, Planned, Policy, Settings
from transforms.privacy.release import Released
from transforms.privacy.threshold import counting, explanation, release
from transforms.privacy.threshold.checks import ThresholdChecks
from transforms.privacy.threshold.gate import NETWORK_CAP, Gate
from transforms.reports.report import Catalogue
from transforms.reserved import UNKNOWN
from transforms.wire import pack, unpack


@dataclass(frozen=True, slots=True)
class Threshold(Policy):
    """k-anonymity by suppression: a row has at least `min_addresses` (k) capped addresses."""

    mode: ClassVar[str] = "threshold"
    draws: ClassVar[bool] = False
    announced: ClassVar[bool] = False

    min_addresses: int = DEFAULT_ADDRESSES

    def __post_init__(self) -> None:
        Gate(self.min_addresses)

    @property
    def gate(self) -> Gate:
        """Rule 1."""
        return Gate(self.min_addresses)

    @classmethod
    def from_settings(cls, settings: Settings) -> Threshold:
        """See `Policy`."""
        return cls(settings.min_addresses)

    @classmethod
    def explained(cls, settings: Settings) -> Threshold:
        """See `Policy`."""
        return cls.from_settings(settings)

    @classmethod
    def from_facts(cls, facts: Mapping[str, str]) -> Threshold:
        """See `Policy`."""
        return cls(int(facts["min_addresses"]))

    @classmethod
    def checks(cls, manifest: Mapping[str, Any], catalogue: Catalogue, entry: Any) -> ThresholdChecks:
        """See `Policy`."""
        return ThresholdChecks(manifest)

    def facts(self) -> dict[str, str]:
        """See `Policy`."""
        return {"mode": self.mode, "min_addresses": str(self.min_addresses), "network_cap": str(NETWORK_CAP)}

    def published(self, catalogue: Catalogue) -> Catalogue:
        """See `Policy`: all of them."""
        return catalogue

    def count(self, pieces: Sequence[bytes], catalogue: Catalogue) -> dict[int, Counted]:
        """See `Policy`."""
        return counting.count_shard(pieces, catalogue, self.gate.caps())

    def plan(self, parts: Iterable[bytes], catalogue: Catalogue) -> Planned:
        """See `Policy`."""
        counts = add_counts(map(unpack, parts))
        return Planned(pack(counts), pack(release.plan_release(counts, catalogue, self.gate)))

    def recount(self, date: str, kept: bytes, catalogue: Catalogue, plan: bytes) -> tuple[str, bytes]:
        """See `Policy`."""
        return date, counting.recount(kept, catalogue, self.gate.caps(), plan)

    def release(self, counts: bytes, recounts: Iterable[bytes], catalogue: Catalogue) -> tuple[Released, dict[str, Any]]:
        """See `Policy`."""
        counted = unpack(counts)
        released = release.release(counted, add_counts(map(unpack, recounts)), catalogue, self.gate)
        return released, {"unknown_site": UNKNOWN in counted[catalogue.root().name]["site"].to_pylist()}

    def explanation(self, period: str) -> str:
        """See `Policy`."""
        return explanation.explanation(self.gate, period)

    def in_short(self, period: str) -> list[str]:
        """See `Policy`."""
        return [f"A published row has at least {self.min_addresses} addresses."]

    def figures(self, days: Sequence[Mapping[str, Any]]) -> Figures:
        """See `Policy`."""
        totals: dict[str, dict[str, int]] = {}
        for day in days:
            for name, figures in day["reports"].items():
                total = totals.setdefault(name, dict.fromkeys(figures, 0))
                for figure, value in figures.items():
                    total[figure] += value
        rows = []
        for at, (name, total) in enumerate(totals.items()):
            of = total["hits"] if at else total["hits"] + total["hits_other"]  # of the root its own are left out
            share = f"{100 * total['hits_other'] / of:.1f} %" if of else "–"
            rows.append((name, *(f"{total[figure]:,}" for figure in ("rows", "rows_under", "rows_caught", "rows_joined")), share))
        k = self.min_addresses
        return Figures(
            ("rows", f"under {k}", "caught", "joined", "hits in (other)"),
            tuple(rows),
            ("Rows not shown by name stand together as (other); in daily they are left out of everything:",),
            (
                (f"under {k}", f"fewer than {k} addresses; at most {NETWORK_CAP} of one network count (of bots {k})"),
                ("caught", "the value looks like a person's: an address, an e-mail, a number"),
                ("joined", "had enough, but (other) beside it had not: the smallest row joins it"),
            ),
        )

    def warnings(self, days: Sequence[Mapping[str, Any]], site: str | None) -> list[tuple[str, str]]:
        """See `Policy`."""
        text = "The log names no site for some requests, or all, which are (unknown): --site www.example.org names it."
        if site:
            text = (
                "For some requests, or all, the log has no name of a host where the site stands: they are (unknown), not --site."
            )
        return [("unknown_site", text)] if any(day["unknown_site"] for day in days) else []


POLICY = Threshold
