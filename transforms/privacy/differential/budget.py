"""The privacy budget: what one unit may add to each report, how much noise hides it, and what that costs of ε and δ.

The unit is one address in one publishing period. Its hits are bounded before anything is counted
(`transforms.privacy.differential.bound`), so that adding or removing one moves the counts of a report by no more than a known
ℓ2 distance. Discrete Gaussian noise of scale σ on counts of ℓ2 sensitivity Δ is ρ-zCDP with ρ = Δ²/2σ², and zCDP adds up:
Canonne, Kamath, Steinke, "The Discrete Gaussian for Differential Privacy" (2020), Theorem 14. ρ-zCDP is (ρ + 2√(ρ ln 1/δ),
δ)-DP for every δ: Bun, Steinke, "Concentrated Differential Privacy" (2016), Proposition 1.3.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from transforms.clock import HOURS
from transforms.counting.measures import BYTES_SENT, HITS, VISITORS, Measure
from transforms.dimensions.agent import DEVICES
from transforms.dimensions.place import COUNTRIES
from transforms.dimensions.referrer import CHANNELS
from transforms.dimensions.request import KINDS
from transforms.privacy.policy import DEFAULT_ADDRESSES, MIN_ADDRESSES
from transforms.reports.report import Catalogue, Report, determined_by

DEFAULT_EPSILON = 2.0
DEFAULT_DELTA = 1e-7
MIN_EPSILON = 0.01
MAX_EPSILON = 100.0
MIN_DELTA = 1e-100
MAX_DELTA = 1e-5
WEAK_EPSILON = 8.0

UNIT_HITS = 20
"""Hits of one unit that are counted, in all reports and sites together."""

UNIT_BYTES = 2_000_000
"""Bytes of one unit that are counted."""

NOISY: dict[str, Measure] = {
    each.name: each
    for each in (
        replace(HITS, description=f"Requests, at most {UNIT_HITS} of an address; with noise, so it may be negative"),
        replace(
            VISITORS,
            description="Distinct addresses; with noise, so it may be negative; missing in (other)",
            unit="addresses",
        ),
        replace(
            BYTES_SENT,
            description=f"Bytes sent to clients, at most {UNIT_BYTES:,} of an address; with noise, so it may be negative",
        ),
    )
}
"""The measures that this mode publishes, in the order of the columns. All have noise."""

SHARES = {"visitors": 0.5, "hits": 0.35, "bytes_sent": 0.15}
"""How a report's budget is divided among its measures."""


@dataclass(frozen=True, slots=True)
class Bound:
    """The contribution bound of a unit in a report: the number of cells, and the most hits in each.

    `values` are those of the report's own dimension, known beforehand. None means that they come from the log, and must pass a
    noisy threshold. The bound holds for a report that divides these rows of this parent by this dimension, and for no other.
    """

    cells: int
    hits_in_cell: int = UNIT_HITS
    values: tuple[str, ...] | None = ()
    dimension: str | None = None
    parent: str | None = None
    where: tuple[str, ...] | None = None

    def holds_for(self, report: Report) -> bool:
        """Whether the report divides what the bound is declared for."""
        dimension = report.dimension.name if report.dimension else None
        return (self.dimension, self.parent, self.where) == (dimension, report.parent, report.where)

    def sensitivity(self, measure: str) -> float:
        """The greatest ℓ2 distance that one unit can move the measure over all cells of the report."""
        if measure == "visitors":
            return math.sqrt(self.cells)
        if measure == "bytes_sent":
            return float(UNIT_BYTES)
        most = min(self.hits_in_cell, UNIT_HITS)
        return math.sqrt(min(self.cells * most * most, most * UNIT_HITS))


BOUNDS = {
    "daily": Bound(2),
    "hourly": Bound(3, UNIT_HITS, HOURS, "hour", "daily"),
    "kinds": Bound(3, UNIT_HITS, KINDS, "kind", "daily"),
    "pages": Bound(10, 3, None, "path", "kinds", ("kind", "page")),
    "channels": Bound(2, UNIT_HITS, CHANNELS, "channel", "daily"),
    "sources": Bound(2, UNIT_HITS, None, "source", "channels"),
    "countries": Bound(2, UNIT_HITS, COUNTRIES, "country", "daily"),
    "devices": Bound(2, UNIT_HITS, DEVICES, "device", "daily", ("traffic", "human")),
}
"""The reports that have a dp mechanism."""


def bounded(catalogue: Catalogue) -> Catalogue:
    """The reports of a catalogue for which a bound holds, each below the nearest report above it for which one does.

    Levels between are skipped: this mode needs no coarser level to fall back on. A report whose rows would be others without the
    skipped levels, because its own dimension does not determine theirs or because they divide some rows only, is left out.
    """
    found: dict[str, Report] = {}
    for report in catalogue:
        skipped, parent = [], report.parent
        while parent is not None and parent not in found:
            skipped.append(catalogue[parent])
            parent = catalogue[parent].parent
        if parent is None and report.parent is not None:
            continue
        moved = replace(report, parent=parent)
        if report.name in BOUNDS and BOUNDS[report.name].holds_for(moved) and all(_is_coarser(each, report) for each in skipped):
            found[report.name] = moved
    return Catalogue(found.values())


def _is_coarser(level: Report, report: Report) -> bool:
    """Whether a report below this level has the same rows without it."""
    assert report.dimension is not None
    return level.where is None and all(own.name in determined_by(report.dimension) for own in level.own)


@dataclass(frozen=True, slots=True)
class Mechanism:
    """Noise on one measure of one report: ℓ2 sensitivity, scale σ, and what it costs (ρ of zCDP).

    `threshold`: the least noisy number of visitors above `min_addresses` − 1 with which a row of an open report is named, and
    `delta` the probability that it names one that a single unit brought.
    """

    report: str
    measure: str
    sensitivity: float
    scale: float
    rho: float
    threshold: int | None = None
    delta: float = 0.0

    @property
    def half_width(self) -> int:
        """Half width of the interval around a published number that holds the bounded count with about 95 % probability."""
        return math.ceil(1.96 * self.scale)


@dataclass(frozen=True, slots=True)
class Budget:
    """(ε, δ) for a unit, over everything published of one period. `sites` are declared: known before any log is read.

    `min_addresses`: a value from the log with fewer units is never named, whatever the noise.
    """

    sites: tuple[str, ...]
    epsilon: float = DEFAULT_EPSILON
    delta: float = DEFAULT_DELTA
    min_addresses: int = DEFAULT_ADDRESSES

    def __post_init__(self) -> None:
        if not self.sites:
            raise ValueError("no site is declared")
        if not MIN_EPSILON <= self.epsilon <= MAX_EPSILON:
            raise ValueError(f"epsilon is {self.epsilon:g}, but must be from {MIN_EPSILON:g} to {MAX_EPSILON:g}")
        if not MIN_DELTA <= self.delta <= MAX_DELTA:
            raise ValueError(f"delta is {self.delta:g}, but must be from {MIN_DELTA:g} to {MAX_DELTA:g}")
        if self.min_addresses < MIN_ADDRESSES:
            raise ValueError(f"min_addresses is {self.min_addresses}, but must be at least {MIN_ADDRESSES}")

    def noise_delta(self) -> float:
        """The share of δ that is spent on noise; the thresholds spend the rest."""
        return self.delta / 2

    def mechanisms(self) -> tuple[Mechanism, ...]:
        """All mechanisms of one period. The budget is divided evenly among reports."""
        rho = rho_of(self.epsilon, self.noise_delta()) / len(BOUNDS)
        opened = sum(bound.values is None for bound in BOUNDS.values())
        made = []
        for report, bound in BOUNDS.items():
            for measure, share in SHARES.items():
                sensitivity = bound.sensitivity(measure)
                scale = _rounded_up(sensitivity / math.sqrt(2 * rho * share))
                threshold, delta = None, 0.0
                if bound.values is None and measure == "visitors":
                    threshold, delta = threshold_of(bound.cells, scale, (self.delta - self.noise_delta()) / opened)
                made.append(Mechanism(report, measure, sensitivity, scale, rho_spent(sensitivity, scale), threshold, delta))
        return tuple(made)


def spent(mechanisms: Iterable[Mechanism], noise_delta: float) -> tuple[float, float]:
    """(ε, δ) of all mechanisms together."""
    mechanisms = tuple(mechanisms)
    rho = math.fsum(each.rho for each in mechanisms)
    return epsilon_of(rho, noise_delta), noise_delta + math.fsum(each.delta for each in mechanisms)


def rho_spent(sensitivity: float, scale: float) -> float:
    """ρ of zCDP of discrete Gaussian noise."""
    return (sensitivity / scale) ** 2 / 2


def epsilon_of(rho: float, delta: float) -> float:
    """ε for which ρ-zCDP is (ε, δ)-DP, by the closed form."""
    return rho + 2 * math.sqrt(rho * math.log(1 / delta))


def rho_of(epsilon: float, delta: float) -> float:
    """ρ for which the closed form gives this ε."""
    log = math.log(1 / delta)
    # √(log + ε) − √log, without the cancellation.
    return (epsilon / (math.sqrt(log + epsilon) + math.sqrt(log))) ** 2


def threshold_of(cells: int, scale: float, delta: float) -> tuple[int, float]:
    """The least noisy count that is named, and the δ that it costs.

    A unit can bring at most `cells` cells from 0 to 1. The probability that noise lifts any of them over the threshold is the δ
    that is spent.
    """
    chances = cells * _tails(scale)
    threshold = int(np.argmax(chances <= delta)) + 1
    return threshold, float(chances[threshold - 1])


def delta_of(cells: int, scale: float, threshold: int) -> float:
    """The δ that a threshold (at least 1) costs."""
    chances = _tails(scale)
    return float(cells * chances[min(threshold, len(chances)) - 1])


def _tails(scale: float) -> npt.NDArray[np.float64]:
    """The probabilities that discrete Gaussian noise is at least 0, 1, 2 …, as far as floating point represents it."""
    weights = np.exp(-((np.arange(math.ceil(40 * scale) + 1) / scale) ** 2) / 2)
    tails: npt.NDArray[np.float64] = np.cumsum(weights[::-1])[::-1]
    tails /= 2 * tails[0] - 1
    return tails


def _rounded_up(scale: float) -> float:
    """Rounds up to four digits, so that the published scale is exactly the one in use."""
    unit = 10.0 ** (math.floor(math.log10(scale)) - 3)
    return float(f"{math.ceil(scale / unit) * unit:.4g}")


def published_measures(report: str, mechanisms: Iterable[Mechanism]) -> tuple[Measure, ...]:
    """The measures of a report's table, each with a description of its noise.

    `half_width_95` is the half width of the interval around a number that holds the bounded count with about 95 % probability.
    """
    notes = {
        each.measure: (("noise_scale", f"{each.scale:g}"), ("half_width_95", str(each.half_width)))
        for each in mechanisms
        if each.report == report
    }
    return tuple(replace(each, notes=notes.get(each.name, ()), nullable=True) for each in NOISY.values())
