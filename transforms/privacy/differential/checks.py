"""What `verify` checks of a period of the dp mode: noise that costs more than was promised.

The ledger is added up from its numbers: what each mechanism costs follows from sensitivity and scale, what all cost together from
the closed form. That the noise was drawn as it should be cannot be seen from outside.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.counting.measures import Measure
from transforms.dimensions.agent import TRAFFIC_KINDS
from transforms.privacy.differential.budget import (
    BOUNDS,
    NOISY,
    Budget,
    Mechanism,
    bounded,
    delta_of,
    published_measures,
    rho_spent,
    spent,
)
from transforms.privacy.differential.entry import UNIT, budget_of, described, entry_of
from transforms.privacy.policy import Checks, may_be_declared
from transforms.reports.report import Catalogue, Report
from transforms.reserved import OTHER

_CLOSE = 1e-9
_MOST, _WIDEST = 1e12, 1e6
"""No number of a mechanism is greater; noise on visitors, whose tail is added up, is far smaller."""


class DifferentialChecks(Checks):
    """See `Checks`. `entry` is the period's entry in the ledger, or None."""

    facts = ("mode", "epsilon", "delta", "min_addresses", "sites")
    checked = "every row that must be there is, and names from the log reach their threshold; the ledger adds up"
    unseen = "that contributions were bounded and noise drawn as the ledger says"

    def __init__(self, manifest: Mapping[str, Any], catalogue: Catalogue, entry: Any) -> None:
        self._manifest = manifest
        self._catalogue = catalogue
        self._entry = entry if isinstance(entry, dict) else None
        try:
            self._budget: Budget | None = budget_of({name: str(value) for name, value in manifest.items()})
        except (KeyError, ValueError, AttributeError):
            self._budget = None
        try:
            listed = (self._entry or {})["mechanisms"]
            self._mechanisms: tuple[Mechanism, ...] | None = tuple(map(_mechanism, listed))
        except (KeyError, TypeError, ValueError):
            self._mechanisms = None

    def stated(self) -> Iterator[str]:
        """See `Checks`."""
        if self._budget is None:
            yield "does not state ε, δ, addresses and sites as this mode allows them"
        elif not may_be_declared(self._budget.sites):
            yield "does not state its sites as they are declared"
        if not set(self._catalogue.names()) == set(BOUNDS) == set(bounded(self._catalogue).names()):
            yield "does not list exactly the reports that this mode publishes"

    def measures(self, report: Report) -> tuple[Measure, ...]:
        """See `Checks`."""
        return published_measures(report.name, self._mechanisms or ())

    def rows(self, report: Report, table: pa.Table, parents: pa.Table | None) -> Iterator[str]:
        """See `Checks`."""
        if report.name not in BOUNDS:
            return  # `stated` says so
        own = report.dimension
        other = pc.equal(table[own.name], OTHER) if own else pa.chunked_array([np.zeros(table.num_rows, np.bool_)])
        if table["hits"].null_count or table["bytes_sent"].null_count:
            yield "a measure is missing that must be there"
        if not pc.is_null(table["visitors"]).equals(other):
            yield "visitors are missing in another row than (other)"
        named = table.filter(pc.invert(other))
        values = BOUNDS[report.name].values
        if values is None:
            yield from self._named(report, named)
        elif self._budget is not None and not _same_cells(named, self._expected(report, parents)):
            yield "not exactly the rows that can be known beforehand"

    def _named(self, report: Report, named: pa.Table) -> Iterator[str]:
        if self._mechanisms is None or self._budget is None:
            return
        own = [each.threshold for each in self._mechanisms if (each.report, each.measure) == (report.name, "visitors")]
        threshold = own[0] if len(own) == 1 else None
        least = None if threshold is None else threshold + self._budget.min_addresses - 1
        if least is None or any(visitors is None or visitors < least for visitors in named["visitors"].to_pylist()):
            yield "a row is named under the threshold"

    def _expected(self, report: Report, parents: pa.Table | None) -> list[tuple[str, ...]]:
        assert self._budget is not None
        if parents is None:
            return [(site, traffic) for site in self._budget.sites for traffic in TRAFFIC_KINDS]
        assert report.parent is not None
        above = zip(*(parents[name].to_pylist() for name in self._catalogue.columns(report.parent)), strict=True)
        return [(*key, value) for key in above if key[-1] != OTHER for value in BOUNDS[report.name].values or ()]

    def period(self) -> Iterator[str]:
        """See `Checks`: whether the ledger has the period, names this release, and adds up."""
        if self._entry is None or self._mechanisms is None:
            yield "the ledger has no entry of this period, or none that can be read"
            return
        if self._entry.get("manifest") != {name: value for name, value in self._manifest.items() if name != "revision"}:
            yield "the ledger's entry is of another release"
        if (self._entry.get("date"), self._entry.get("unit")) != (self._manifest.get("date"), UNIT):
            yield "the ledger's entry is of another period, or protects somebody else"
        if self._manifest.get("revision") != 1:
            yield "published more than once, which spends the budget more than once"
        if self._budget is None or "date" not in self._manifest:
            return
        if set(self._entry) != set(entry_of(self._manifest, self._budget)):
            yield "the ledger's entry says more, or less, than it should"
            return
        parts = [(each.report, each.measure) for each in self._mechanisms]
        if self._entry["mechanisms"] != list(map(described, self._mechanisms)):
            yield "the ledger describes a mechanism in other words than this program does"
        if sorted(parts) != sorted((report, measure) for report in BOUNDS for measure in NOISY):
            yield "the ledger does not list each measure of each report once"
            return
        for each in self._mechanisms:
            bound = BOUNDS[each.report]
            needed = bound.sensitivity(each.measure)
            if not math.isclose(each.sensitivity, needed, rel_tol=_CLOSE) or needed / each.scale > _MOST:
                yield f"the ledger, {each.report}, {each.measure}: another sensitivity than that of the report's bounds"
            elif not math.isclose(each.rho, rho_spent(needed, each.scale), rel_tol=_CLOSE):
                yield f"the ledger, {each.report}, {each.measure}: another cost than that of its noise"
            elif not _covers(each, bound.cells if bound.values is None and each.measure == "visitors" else 0):
                yield f"the ledger, {each.report}: another cost than that of its threshold"
        noise_delta = self._entry.get("noise_delta")
        if not isinstance(noise_delta, float) or not 0 < noise_delta < 1:
            yield "the ledger does not say which part of δ the noise has"
            return
        epsilon, delta = spent(self._mechanisms, noise_delta)
        if epsilon > self._budget.epsilon or delta > self._budget.delta:
            yield "the ledger adds up to more than the ε and δ of the manifest"
        if (self._entry["epsilon_spent"], self._entry["delta_spent"]) != (epsilon, delta):
            yield "the ledger adds up to something else than it says"


def _mechanism(about: Any) -> Mechanism:
    """A mechanism as the ledger records it; `TypeError` or `ValueError` if it is invalid."""
    found = Mechanism(**about)
    numbers = (found.sensitivity, found.scale, found.rho, found.delta)
    if not all(type(each) in (int, float) and 0 <= each <= _MOST for each in numbers) or found.scale == 0:
        raise ValueError
    if not (isinstance(found.report, str) and isinstance(found.measure, str) and found.report in BOUNDS):
        raise ValueError
    if found.threshold is not None and not (type(found.threshold) is int and 1 <= found.threshold <= _MOST):
        raise ValueError
    return found


def _covers(mechanism: Mechanism, cells: int) -> bool:
    """Whether a mechanism's δ matches its threshold over so many cells. With 0 cells it has neither threshold nor δ."""
    if not cells or mechanism.threshold is None:
        return not cells and mechanism.threshold is None and mechanism.delta == 0
    if mechanism.scale > _WIDEST:
        return False
    return math.isclose(mechanism.delta, delta_of(cells, mechanism.scale, mechanism.threshold), rel_tol=1e-6)


def _same_cells(table: pa.Table, expected: list[tuple[str, ...]]) -> bool:
    names = [field.name for field in table.schema if field.type == pa.string()]
    return sorted(zip(*(table[name].to_pylist() for name in names), strict=True)) == sorted(expected)
