"""Groups rows into the cells of each report: the cell of each row, and the dimension values of each cell."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from transforms.columns import Codes, Flags, distinct
from transforms.counting.kernels import Grouping, whole
from transforms.reports.report import STRATUM, Catalogue, Report


@dataclass(frozen=True, slots=True)
class Cells:
    """The cells of a report on one day of a shard: those above it, divided by one more dimension."""

    grouping: Grouping
    above: Cells | None
    parent: Codes
    """Each cell's cell in the parent report."""
    dimension: str
    own: Codes

    def __len__(self) -> int:
        return len(self.grouping)

    def codes(self, name: str) -> Codes:
        """Each cell's code of one of its dimensions."""
        if name == self.dimension:
            return self.own
        assert self.above is not None, "the report does not have this dimension"
        return self.above.codes(name)[self.parent]


def cells_of(rows: pa.Table, catalogue: Catalogue) -> Iterator[tuple[Report, Cells]]:
    """The cells of each report: its parent's, divided by its own dimension."""
    columns = {dimension.name: distinct(rows[dimension.name]) for dimension in catalogue.all_dimensions()}
    parents = {report.parent for report in catalogue}
    known: dict[str, Cells] = {}
    for report in catalogue:
        if report.parent is None:
            cells = None
            for name in STRATUM:
                cells = _divided(cells, name, columns[name])
        else:
            above = known[report.parent]
            (own,) = report.own
            cells = _divided(above, own.name, columns[own.name], _admitted(report, above, columns))
        assert cells is not None
        if report.name in parents:
            known[report.name] = cells
        yield report, cells


def _admitted(report: Report, above: Cells, columns: dict[str, tuple[Codes, pa.Array]]) -> Flags | None:
    """Which cells above a report it divides; None means all."""
    if report.where is None:
        return None
    name, *wanted = report.where
    flags: Flags = np.array([value in wanted for value in columns[name][1].to_pylist()], np.bool_)[above.codes(name)]
    return flags


def _divided(above: Cells | None, name: str, column: tuple[Codes, pa.Array], admitted: Flags | None = None) -> Cells:
    codes, values = column
    grouping = whole(len(codes)) if above is None else above.grouping
    grouping, parent, own = grouping.divided(codes, len(values), admitted)
    return Cells(grouping, above, parent, name, own)
