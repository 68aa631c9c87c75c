"""The threshold mode: a row is published if enough addresses are in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import pyarrow.compute as pc

from transforms.counting.count import add_counts
from transforms.counting.measures import LARGEST
from transforms.dimensions.agent import HUMAN
from transforms.dimensions.dimension import Scope
from transforms.privacy.policy import (
    ALL_SITES,
    DEFAULT_ADDRESSES,
    NETWORK_CAP,
    Counted,
    Figures,
    Planned,
    Policy,
    Settings,
    declared_sites,
    may_be_declared,
    undeclared_hits,
)
from transforms.privacy.release import Released
from transforms.privacy.threshold import counting, explanation, release
from transforms.privacy.threshold.checks import ThresholdChecks
from transforms.privacy.threshold.gate import Gate
from transforms.privacy.threshold.plan import judge, pack_judged, pack_plan, unpack_judged
from transforms.reports.report import Catalogue
from transforms.reserved import UNKNOWN
from transforms.wire import unpack


@dataclass(frozen=True, slots=True)
class Threshold(Policy):
    """k-anonymity by suppression: a row has at least `min_addresses` (k) capped addresses."""

    mode: ClassVar[str] = "threshold"
    draws: ClassVar[bool] = False
    announced: ClassVar[bool] = False

    own_settings: ClassVar[tuple[str, ...]] = ("declare_site",)

    min_addresses: int = DEFAULT_ADDRESSES
    sites: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        Gate(self.min_addresses)
        if not may_be_declared(self.sites):
            raise ValueError("a site is declared that cannot be published")

    @property
    def gate(self) -> Gate:
        """Rule 1."""
        return Gate(self.min_addresses, self.sites)

    @classmethod
    def from_settings(cls, settings: Settings) -> Threshold:
        """See `Policy`."""
        return cls(settings.min_addresses, declared_sites(settings))

    @classmethod
    def explained(cls, settings: Settings) -> Threshold:
        """See `Policy`."""
        return cls.from_settings(settings)

    @classmethod
    def from_facts(cls, facts: Mapping[str, str]) -> Threshold:
        """See `Policy`."""
        return cls(int(facts["min_addresses"]), () if facts["sites"] == ALL_SITES else tuple(facts["sites"].split(",")))

    @classmethod
    def checks(cls, manifest: Mapping[str, Any], catalogue: Catalogue, entry: Any) -> ThresholdChecks:
        """See `Policy`."""
        return ThresholdChecks(manifest, catalogue)

    def facts(self) -> dict[str, str]:
        """See `Policy`."""
        return {
            "mode": self.mode,
            "min_addresses": str(self.min_addresses),
            "network_cap": str(NETWORK_CAP),
            "sites": ",".join(self.sites) or ALL_SITES,
        }

    @classmethod
    def published(cls, catalogue: Catalogue) -> Catalogue:
        """See `Policy`: those without a dimension of visits, which have a least or a greatest number of hits by definition."""
        return catalogue.of(
            report.name
            for report in catalogue
            if all(dimension.scope is not Scope.VISIT for dimension in catalogue.dimensions(report.name))
        )

    def count(self, pieces: Sequence[bytes], catalogue: Catalogue) -> dict[int, Counted]:
        """See `Policy`."""
        return counting.count_shard(pieces, catalogue, self.gate.caps())

    def plan(self, parts: Iterable[bytes], catalogue: Catalogue) -> Planned:
        """See `Policy`."""
        judged = judge(list(parts), catalogue, self.gate)
        return Planned(pack_judged(judged), pack_plan(judged))

    def recount(self, date: str, kept: bytes, catalogue: Catalogue, plan: bytes) -> tuple[str, bytes]:
        """See `Policy`."""
        return date, counting.recount(kept, catalogue, self.gate, plan)

    def release(self, counts: bytes, recounts: Iterable[bytes], catalogue: Catalogue) -> tuple[Released, dict[str, Any]]:
        """See `Policy`."""
        judged = unpack_judged(counts)
        released = release.release(judged, add_counts(map(unpack, recounts)), catalogue, self.gate)
        strata = judged[catalogue.root().name]
        people = strata.named.filter(pc.equal(strata.named["traffic"], HUMAN))
        return released, {
            "unknown_site": strata.lost.nameless or UNKNOWN in strata.named["site"].to_pylist(),
            "undeclared_hits": strata.lost.undeclared,
            "one_address_dominates": pc.any(pc.greater(pc.multiply(people[LARGEST], 2), people["hits"])).as_py() or False,
        }

    def explanation(self, period: str) -> str:
        """See `Policy`."""
        return explanation.explanation(self.gate, period)

    def in_short(self, period: str) -> list[str]:
        """See `Policy`."""
        return [f"A published row has at least {self.min_addresses} addresses."]

    def figures(self, days: Sequence[Mapping[str, Any]]) -> Figures:
        """See `Policy`."""
        totals: dict[str, Counter[str]] = {}
        for day in days:
            for name, figures in day["reports"].items():
                totals.setdefault(name, Counter()).update(figures)
        rows = []
        for at, (name, total) in enumerate(totals.items()):
            (hidden, of), (all_hidden, of_all) = (_hidden(total, who, is_root=not at) for who in ("_of_people", ""))
            robots = all_hidden - hidden, of_all - of
            if 100 * hidden >= max(of, 1) or (not of and 100 * robots[0] >= max(robots[1], 1)):
                rows.append((name, _share(hidden, of), _share(*robots)))
        notes = []
        if rows:
            few = f"fewer than {self.min_addresses} addresses"
            notes.append(f"Hits (%) of values with {few}: in (other) or the largest row.")
        if len(rows) < len(totals):
            others = f"{len(totals) - len(rows)} of {len(totals)} reports"
            notes.append(f"In {others} more than 99 % of people's hits have their value.")
        caught = sum(total["caught"] for total in totals.values())
        if caught:
            looks = "value that looks" if caught == 1 else "values that look"
            notes.append(f"Not named either: {caught:,} {looks} like a person's.")
        return Figures(("people", "robots"), tuple(rows), tuple(notes))

    def warnings(self, days: Sequence[Mapping[str, Any]], sites: Collection[str]) -> list[tuple[str, str]]:
        """See `Policy`."""
        found = undeclared_hits(days, self.sites)
        if UNKNOWN not in sites and any(day["unknown_site"] for day in days):
            text = "The log names no site for some requests, or all, which are (unknown): --site www.example.org names it."
            if sites:
                text = (
                    "For some requests, or all, the log has no name of a host where it should name the site: they are (unknown), "
                    "not --site."
                )
            found.append(("unknown_site", text))
        if any(day["one_address_dominates"] and not day["local_addresses_dominate"] for day in days):
            text = (
                "One address makes more than half of people's hits, and its habits show in the tables. If it is a monitor, "
                "or your own, leave its lines out: see --ignore-network, --ignore-agent and --ignore-path."
            )
            found.append(("one_address_dominates", text))
        return found


def _hidden(total: Counter[str], who: str, is_root: bool) -> tuple[int, int]:
    """Hits that are not named, or misnamed, and of how many; of the root, what is left out is in no row."""
    unnamed = total[f"unnamed{who}"]
    return unnamed + total[f"misnamed{who}"], total[f"hits{who}"] + (unnamed if is_root else 0)


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f}" if whole else "–"


POLICY = Threshold
