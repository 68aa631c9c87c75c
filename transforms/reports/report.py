"""What a report is: a published table that partitions rows of its parent; and the catalogue of one job's reports.

The root is the stratum (date, site, traffic); every other report divides the hits of *one published row* of its parent. So a
child's rows always add up to a row that anybody can see, and nothing can be found by subtracting one table from another
(ARCHITECTURE.md, "Why reports form a tree").
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from transforms.dimensions import known_dimensions
from transforms.dimensions.agent import TRAFFIC
from transforms.dimensions.dimension import Dimension
from transforms.dimensions.site import SITE

_ROOT = (SITE, TRAFFIC)
STRATUM = tuple(dimension.name for dimension in _ROOT)
"""Columns that every report begins with; with the date they name the stratum."""


class CatalogueError(ValueError):
    """Reports that must not be published together, or whose declaration is invalid. Names reports and dimensions only."""


@dataclass(frozen=True, slots=True)
class Report:
    """One published table. The root has neither dimension nor parent; every other report has both.

    `dimension` divides the rows of `parent`; `where` pins one dimension of the parent's, or `traffic`, to one or more values, by
    its name and these: the report divides only those rows. `title` is its description in the Parquet metadata.
    """

    name: str
    title: str
    dimension: Dimension | None = None
    parent: str | None = None
    where: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        if not re.fullmatch("[a-z][a-z_]{0,59}", self.name):
            raise CatalogueError(f"report {self.name[:60]!r}: a name has small letters and underscores, 60 at most")
        pin = self.where is None or (
            isinstance(self.where, tuple)
            and {type(each) for each in self.where} == {str}
            and len(set(self.where[1:])) == len(self.where) - 1 > 0
        )
        if not (pin and isinstance(self.dimension, Dimension | None) and isinstance(self.parent, str | None)):
            raise CatalogueError(
                f"report {self.name!r}: it has a Dimension, the name of its parent, and a pin (a name and values), or None"
            )
        if (self.dimension is None) != (self.parent is None):
            raise CatalogueError(f"report {self.name!r} needs a dimension and a parent, or neither if it is the root")

    @property
    def own(self) -> tuple[Dimension, ...]:
        """The dimensions whose values the report adds to those of its parent."""
        return _ROOT if self.dimension is None else (self.dimension,)


class Catalogue:
    """The reports of one job, parents first, and what follows from their declarations.

    Raises `CatalogueError` if a report's declaration is invalid, or if two reports would undo each other's suppression.
    """

    def __init__(self, reports: Iterable[Report]) -> None:
        self._determined = {name: determined_by(dimension) for name, dimension in known_dimensions().items()}
        self._reports: dict[str, Report] = {}
        self._dimensions: dict[str, tuple[Dimension, ...]] = {}
        for report in reports:
            self._check(report)
            above = () if report.parent is None else self._dimensions[report.parent]
            self._reports[report.name] = report
            self._dimensions[report.name] = above + report.own
        if not self._reports:
            raise CatalogueError("a catalogue needs at least its root")

    def _check(self, report: Report) -> None:
        if report.name in self._reports:
            raise CatalogueError(f"report {report.name!r} is declared twice")
        if (report.parent is None) != (not self._reports):
            raise CatalogueError(f"report {report.name!r}: the first report, and no other, is the root")
        if report.parent is None:
            if report.where:
                raise CatalogueError(f"report {report.name!r} is the root and pins nothing")
            return
        if report.parent not in self._reports:
            raise CatalogueError(f"report {report.name!r} comes before its parent {report.parent!r}")
        above = {dimension.name: dimension for dimension in self._dimensions[report.parent]}
        assert report.dimension is not None
        if report.dimension.name in above:
            raise CatalogueError(f"report {report.name!r} divides by {report.dimension.name!r}, as a report above it does")
        if report.where:
            name, *values = report.where
            if name not in above:
                raise CatalogueError(f"report {report.name!r} pins {name!r}, which its parent does not have")
            vocabulary = above[name].values
            if vocabulary is None or not all(value in vocabulary for value in values):
                raise CatalogueError(f"report {report.name!r} pins {name!r} to a value that it does not have")
            if _contradicts(self._chain(report.parent), [report]):
                raise CatalogueError(f"report {report.name!r} pins {name!r} to other values than a report above it")
        self._refuse_relatives(report)

    def _refuse_relatives(self, report: Report) -> None:
        """The sibling rule: below one row, no two branches may divide by dimensions of which one determines the other.

        The rows that one of them merges could be found by subtraction in the other. So could they where a third one, such as the
        path, determines both: who knows the files of a site knows which values of one exclude which of the other.
        """
        assert report.parent is not None
        assert report.dimension is not None
        own_chain = [*self._chain(report.parent), report]
        for other in self._reports.values():
            chain = self._chain(other.name)
            if other in own_chain or other.dimension is None or _contradicts(own_chain, chain):
                continue
            common = [above for above, beside in zip(own_chain, chain, strict=False) if above is beside]
            # Not what these determine as well: they may do so for some of their values only.
            divided = {dimension.name for above in common for dimension in above.own}
            both = determined_by(report.dimension, divided) & determined_by(other.dimension, divided)
            pair = {report.dimension.name, other.dimension.name}
            thirds = (third for third in known_dimensions().values() if pair < self._determined[third.name])
            if both or any(pair < determined_by(third, divided) for third in thirds):
                raise CatalogueError(
                    f"reports {other.name!r} and {report.name!r} would both reveal {', '.join(sorted(both or pair))} below "
                    f"{common[-1].name!r}: what one merges could be found by subtraction in the other. Put one below the other, "
                    "or leave one out"
                )

    def _chain(self, name: str) -> list[Report]:
        """The reports from the root down to this one."""
        report = self._reports[name]
        return [*(self._chain(report.parent) if report.parent else []), report]

    def __iter__(self) -> Iterator[Report]:
        return iter(self._reports.values())

    def __getitem__(self, name: str) -> Report:
        return self._reports[name]

    def __contains__(self, name: str) -> bool:
        return name in self._reports

    def __len__(self) -> int:
        return len(self._reports)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Catalogue) and list(self) == list(other)

    def __hash__(self) -> int:
        return hash(tuple(self))

    def names(self) -> tuple[str, ...]:
        """Names of all reports, parents first."""
        return tuple(self._reports)

    def root(self) -> Report:
        """The report whose rows are the strata."""
        return next(iter(self))

    def dimensions(self, name: str) -> tuple[Dimension, ...]:
        """The dimensions of a report's table, in the order of its columns: those of its parent, then its own."""
        return self._dimensions[name]

    def columns(self, name: str) -> tuple[str, ...]:
        """The same by name: `site` and `traffic` first."""
        return tuple(dimension.name for dimension in self._dimensions[name])

    def all_dimensions(self) -> tuple[Dimension, ...]:
        """Every dimension of some report, once, those of the stratum first."""
        return tuple(dict.fromkeys(dimension for own in self._dimensions.values() for dimension in own))

    def of(self, names: Iterable[str]) -> Catalogue:
        """The catalogue of some of the reports; raises `CatalogueError` if one lacks its parent."""
        wanted = set(names)
        return Catalogue(report for report in self if report.name in wanted)

    def described(self) -> dict[str, dict[str, Any]]:
        """The catalogue as JSON, for a manifest: of each report what it divides, and by what."""
        return {
            report.name: {
                "parent": report.parent,
                "dimension": report.dimension.name if report.dimension else None,
                "where": {report.where[0]: list(report.where[1:])} if report.where else None,
            }
            for report in self
        }

    @classmethod
    def from_described(cls, described: Mapping[str, Mapping[str, Any]]) -> Catalogue:
        """The catalogue that a manifest describes, with reports without titles; `CatalogueError` if it is invalid."""
        return cls(_report(name, about) for name, about in _parents_first(described))


def _report(name: str, about: Mapping[str, Any]) -> Report:
    dimension, where = about.get("dimension"), about.get("where")
    if dimension is not None and (not isinstance(dimension, str) or dimension not in known_dimensions()):
        raise CatalogueError(f"report {name!r} has a dimension that this version does not know")
    if where is not None and not (isinstance(where, dict) and [type(values) for values in where.values()] == [list]):
        raise CatalogueError(f"report {name!r} pins something else than one dimension to a list of values")
    pinned = None if where is None else next((dimension, *values) for dimension, values in where.items())
    return Report(name, "", None if dimension is None else known_dimensions()[dimension], about.get("parent"), pinned)


def _parents_first(described: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Orders reports so that each follows its parent: JSON may be sorted by name."""
    if not all(isinstance(about, dict) and isinstance(about.get("parent"), (str, type(None))) for about in described.values()):
        raise CatalogueError("a report is not described by its parent, its dimension and what it pins")
    waiting = dict(described)
    known: set[str | None] = {None}
    while waiting:
        ready = [name for name, about in waiting.items() if about.get("parent") in known]
        if not ready:
            raise CatalogueError("a report has a parent that is not there")
        for name in ready:
            yield name, waiting.pop(name)
        known |= set(ready)


def determined_by(dimension: Dimension, fixed: Collection[str] = ()) -> set[str]:
    """The names of a dimension and of all that it determines, directly or not, except through and including `fixed` ones.

    What a fixed dimension determines follows from it, whatever the others are.
    """
    found: set[str] = set()
    new, known = {dimension.name, *_directly(dimension)} - set(fixed), known_dimensions()
    if new - known.keys() - {dimension.name}:
        raise CatalogueError(f"dimension {dimension.name!r} determines one that is not declared")
    while new:
        found |= new
        new = {name for each in new if each in known for name in _directly(known[each])} - found - set(fixed)
    return found


def _directly(dimension: Dimension) -> set[str]:
    return {*dimension.determines, *(name for name, each in known_dimensions().items() if dimension.name in each.follows_from)}


def _contradicts(one: list[Report], another: list[Report]) -> bool:
    """Whether no row is in two branches, because they pin one dimension to different values."""
    pins, others = _pins(one), _pins(another)
    return any(pins[name].isdisjoint(others[name]) for name in pins.keys() & others.keys())


def _pins(chain: list[Report]) -> dict[str, set[str]]:
    """By dimension the values to which a branch pins it."""
    pins: dict[str, set[str]] = {}
    for name, *values in (report.where for report in chain if report.where):
        pins[name] = pins.get(name, set(values)) & set(values)
    return pins
