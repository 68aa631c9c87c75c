"""The dp mode: (ε, δ)-differential privacy for one address in one period."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from transforms.dimensions.dimension import Dimension
from transforms.privacy.differential import bound, explanation, noise
from transforms.privacy.differential.budget import BOUNDS, DEFAULT_DELTA, DEFAULT_EPSILON, WEAK_EPSILON, Budget, bounded, spent
from transforms.privacy.differential.checks import DifferentialChecks
from transforms.privacy.differential.entry import budget_of, entry_of
from transforms.privacy.differential.release import release_noisy
from transforms.privacy.policy import Counted, Figures, Planned, Policy, Settings, declared_sites, undeclared_hits
from transforms.privacy.release import Released
from transforms.reports.report import Catalogue


@dataclass(frozen=True, slots=True)
class Differential(Policy):
    """Noise on bounded counts, by a budget."""

    mode: ClassVar[str] = "dp"
    draws: ClassVar[bool] = True
    announced: ClassVar[bool] = True
    own_settings: ClassVar[tuple[str, ...]] = ("epsilon", "delta", "accept_weak_epsilon", "declare_site")
    may_differ: ClassVar[tuple[str, ...]] = ("min_addresses", "opt_out", "routes")

    budget: Budget

    @classmethod
    def from_settings(cls, settings: Settings) -> Differential:
        """See `Policy`."""
        option = f"--privacy {cls.mode}"
        if not settings.date:
            raise ValueError(f"{option} needs --date: periods are published whether they have lines or not, so say which")
        if settings.replace:
            raise ValueError(f"--replace: with {option} a period is published once. A second time would spend its budget twice")
        if settings.no_wait:
            raise ValueError(f"--no-wait: with {option} the launcher waits and holds the output, so that noise is drawn once")
        if not settings.declare_site:
            raise ValueError(f"{option} needs --declare-site: that a site is named must not depend on who asks for it")
        sites = declared_sites(settings)
        if not noise.is_available():
            raise ValueError(f"{option} needs OpenDP: pip install '.[dp]' in the checkout")
        return cls(_budget(settings, sites))

    @classmethod
    def explained(cls, settings: Settings) -> Differential:
        """See `Policy`: of no site in particular."""
        return cls(_budget(settings, ("declared",)))

    @classmethod
    def from_facts(cls, facts: Mapping[str, str]) -> Differential:
        """See `Policy`."""
        return cls(budget_of(facts))

    @classmethod
    def checks(cls, manifest: Mapping[str, Any], catalogue: Catalogue, entry: Any) -> DifferentialChecks:
        """See `Policy`."""
        return DifferentialChecks(manifest, catalogue, entry)

    def facts(self) -> dict[str, str]:
        """See `Policy`."""
        return {
            "mode": self.mode,
            "epsilon": repr(self.budget.epsilon),
            "delta": repr(self.budget.delta),
            "min_addresses": str(self.budget.min_addresses),
            "sites": ",".join(self.budget.sites),
        }

    @classmethod
    def published(cls, catalogue: Catalogue) -> Catalogue:
        """See `Policy`: those for which a bound holds, without the levels between them."""
        return bounded(catalogue)

    def travelling(self, catalogue: Catalogue) -> tuple[Dimension, ...]:
        """See `Policy`: also the dimensions that the sampling of hits reads."""
        return tuple(dict.fromkeys((*Policy.travelling(self, catalogue), *bound.LOT_DIMENSIONS)))

    def count(self, pieces: Sequence[bytes], catalogue: Catalogue) -> dict[int, Counted]:
        """See `Policy`."""
        return bound.count_bounded(pieces, catalogue, self.budget.sites)

    def plan(self, parts: Iterable[bytes], catalogue: Catalogue) -> Planned:
        """See `Policy`: there is no second pass."""
        return Planned(bound.add_packed(parts))

    def release(self, counts: bytes, recounts: Iterable[bytes], catalogue: Catalogue) -> tuple[Released, dict[str, Any]]:
        """See `Policy`. The result is drawn anew each time: it must be kept before it is written."""
        counted, undeclared = bound.unpacked(counts)
        return release_noisy(counted, catalogue, self.budget), {"undeclared_hits": undeclared}

    def without_lines(self) -> bytes:
        """See `Policy`."""
        return bound.NO_LINES

    def budget_entry(self, manifest: Mapping[str, Any]) -> dict[str, Any]:
        """See `Policy`."""
        return entry_of(manifest, self.budget)

    def explanation(self, period: str) -> str:
        """See `Policy`."""
        return explanation.explanation(self.budget, period)

    def in_short(self, period: str) -> list[str]:
        """See `Policy`."""
        return [
            f"Differential privacy: ε = {self.budget.epsilon:g}, δ = {self.budget.delta:g} for one address in one {period}. "
            "Each is published once, with lines or without.",
            f"Sites: {', '.join(self.budget.sites)}.",
        ]

    def figures(self, days: Sequence[Mapping[str, Any]]) -> Figures:
        """See `Policy`."""
        width = {(each.report, each.measure): f"± {each.half_width:,}" for each in self.budget.mechanisms()}
        rows = []
        for name, bounds in BOUNDS.items():
            own = [day["reports"][name] for day in days]
            unnamed = f"{sum(each['under'] for each in own):,}" if bounds.values is None else ""
            widths = (width[name, measure] for measure in ("visitors", "hits", "bytes_sent"))
            rows.append((name, f"{sum(each['rows'] for each in own):,}", unnamed, *widths))
        return Figures(
            ("rows", "not named", "visitors", "hits", "bytes"),
            tuple(rows),
            (
                f"Differential privacy, ε = {self.budget.epsilon:g} and δ = {self.budget.delta:g} for one address in one period. "
                "Numbers have noise: of 20 about 19 are no further off than ±. What an address did beyond its bounds is not in "
                "them. Not named: values of the log with too few visitors for the noise. This summary is exact and for you "
                "alone, do not publish it.",
            ),
        )

    def warnings(self, days: Sequence[Mapping[str, Any]], sites: Collection[str]) -> list[tuple[str, str]]:
        """See `Policy`."""
        return undeclared_hits(days, self.budget.sites)


def _budget(settings: Settings, sites: tuple[str, ...]) -> Budget:
    epsilon = DEFAULT_EPSILON if settings.epsilon is None else settings.epsilon
    delta = DEFAULT_DELTA if settings.delta is None else settings.delta
    try:
        budget = Budget(sites, epsilon, delta, settings.min_addresses)
    except ValueError as error:
        raise ValueError(f"--{str(error).replace('_', '-')}") from None
    if epsilon > WEAK_EPSILON and not settings.accept_weak_epsilon:
        raise ValueError(f"--epsilon {epsilon:g} promises little. If that is meant, add --accept-weak-epsilon")
    for cost, most in zip(spent(budget.mechanisms(), budget.noise_delta()), (epsilon, delta), strict=True):
        if cost > most:
            raise ValueError(f"--epsilon {epsilon:g}, --delta {delta:g}: the reports cost more than that")
    return budget


POLICY = Differential
