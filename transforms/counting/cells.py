"""Groups rows into the cells of each report: the cell of each row, and the dimension values of each cell."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from transforms.columns import Codes, distinct
from transforms.reports.report import STRATUM, Catalogue, Report


@dataclass(frozen=True, slots=True)
class Cells:
    """The cells of a report on one day of a shard: the cell of each row (-1: none), and each cell's dimension codes."""

    of_row: Codes
    codes: dict[str, Codes]
    parent: Codes  # each cell's cell in the parent report

    def __len__(self) -> int:
        return len(self.parent)


def cells_of(rows: pa.Table, catalogue: Catalogue) -> Iterator[tuple[Report, Cells]]:
    """The cells of each report: its parent's, divided by its own dimension."""
    codes = {dimension.name: distinct(rows[dimension.name]) for dimension in catalogue.all_dimensions()}
    known: dict[str, Cells] = {}
    for report in catalogue:
        if report.parent is None:
            cells = Cells(np.zeros(rows.num_rows, np.int32), {}, np.zeros(1, np.int32))
            for name in STRATUM:
                cells = _divide(cells, name, codes[name])
        else:
            cells = known[report.parent]
            if report.where:
                name, *values = report.where
                admitted = np.array([text in values for text in codes[name][1].to_pylist()], np.bool_)[cells.codes[name]]
                inside = np.append(admitted, False)  # position -1 stands for rows outside
                cells = Cells(np.where(inside.take(cells.of_row), cells.of_row, np.int32(-1)), cells.codes, cells.parent)
            (own,) = report.own
            cells = _divide(cells, own.name, codes[own.name])
        known[report.name] = cells
        yield report, cells


def _divide(cells: Cells, name: str, dimension: tuple[Codes, pa.Array]) -> Cells:
    """Divides cells by one more dimension."""
    codes, values = dimension
    width = max(len(values), 1)
    size = len(cells) * width
    # A row outside (-1) becomes one of -width to -1: these are the last places of a table, where nothing is.
    combined = np.multiply(cells.of_row, width, dtype=np.intp)
    combined += codes
    if size <= 4 * len(combined) + 65_536:
        present = np.zeros(size + width, np.bool_)
        present[combined] = True
        new = np.flatnonzero(present[:size])
        number = np.full(size + width, -1, np.int32)
        number[new] = np.arange(len(new), dtype=np.int32)
        of_row = number.take(combined)
    else:
        new, inverse = np.unique(np.maximum(combined, -1), return_inverse=True)
        outside = int(len(new) > 0 and new[0] == -1)
        new, of_row = new[outside:], (inverse - outside).astype(np.int32)
    parent = (new // width).astype(np.int32)
    inherited = {known: known_codes[parent] for known, known_codes in cells.codes.items()}
    return Cells(of_row, {**inherited, name: (new % width).astype(np.int32)}, parent)
