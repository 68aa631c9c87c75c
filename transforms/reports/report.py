"""Takes the words of a report's declaration, gives a checked `Report`: a table that partitions its parent.

Reports form a forest. The root is the stratum (date, site, traffic); every other report divides the hits of *one published row*
of its parent. So a child's rows always add up to a row that anybody can see, and nothing can be found by subtracting one table
from another (docs in ARCHITECTURE.md, "Why reports form a forest").
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

STRATUM = ("site", "traffic")
"""Columns that every report begins with; with the date they name the stratum."""


@dataclass(frozen=True, slots=True)
class Report:
    """One published table.

    `own` are the dimensions that it adds to its parent's; `where` pins one dimension that the table takes over from its parent,
    or `traffic`, to a value: the report divides that row only. `title` is its description in the Parquet metadata.
    """

    name: str
    title: str
    own: tuple[str, ...] = ()
    parent: str | None = None
    where: tuple[str, str] | None = None


class Catalogue:
    """Reports in the order parents first, with what follows from their declarations."""

    def __init__(self, reports: Iterable[Report]) -> None:
        self._reports: dict[str, Report] = {}
        self._dimensions: dict[str, tuple[str, ...]] = {}
        for report in reports:
            if report.name in self._reports:
                raise ValueError(f"report {report.name!r} is declared twice")
            if report.parent is None:
                if self._reports or report.own or report.where:
                    raise ValueError("the first report, and no other, is the stratum itself, without dimensions")
                inherited: tuple[str, ...] = ()
            elif report.parent not in self._reports:
                raise ValueError(f"report {report.name!r} stands before its parent {report.parent!r}")
            else:
                inherited = self._dimensions[report.parent]
                if len(report.own) != 1:
                    raise ValueError(f"report {report.name!r} must add exactly one dimension to its parent's")
            if report.where and report.where[0] not in (*inherited, "traffic"):
                raise ValueError(f"report {report.name!r} pins {report.where[0]!r}, which its parent does not have")
            self._reports[report.name] = report
            self._dimensions[report.name] = inherited + report.own

    def __iter__(self) -> Iterator[Report]:
        return iter(self._reports.values())

    def __getitem__(self, name: str) -> Report:
        return self._reports[name]

    def __len__(self) -> int:
        return len(self._reports)

    def names(self) -> tuple[str, ...]:
        """Names of all reports, parents first."""
        return tuple(self._reports)

    def dimensions(self, name: str) -> tuple[str, ...]:
        """The report's dimensions after `site` and `traffic`: its parent's, then its own."""
        return self._dimensions[name]

    def columns(self, name: str) -> tuple[str, ...]:
        """All dimension columns of the table, `site` and `traffic` first."""
        return STRATUM + self._dimensions[name]

    def root(self) -> Report:
        """The report whose rows are the strata."""
        return next(iter(self._reports.values()))

    def needed_dimensions(self) -> tuple[str, ...]:
        """Every dimension that some report uses, once."""
        return tuple(dict.fromkeys(d for dims in self._dimensions.values() for d in dims))
