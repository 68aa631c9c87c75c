"""Counts with numpy: the reference for the native kernel, and what runs where that was not built."""

from __future__ import annotations

import numpy as np

from transforms.columns import Codes, Flags, Integers, Numbers, changes


class Grouping:
    """See `kernels.Grouping`."""

    def __init__(self, rows: int) -> None:
        self._of_row: Codes = np.zeros(rows, np.int32)
        self._cells = 1

    @classmethod
    def _of(cls, of_row: Codes, cells: int) -> Grouping:
        grouping = cls.__new__(cls)
        grouping._of_row, grouping._cells = of_row.astype(np.int32, copy=False), cells
        return grouping

    def __len__(self) -> int:
        return self._cells

    def of_row(self) -> Codes:
        """See `kernels.Grouping`."""
        return self._of_row

    def divided(self, codes: Codes, width: int, admitted: Flags | None = None) -> tuple[Grouping, Codes, Codes]:
        """See `kernels.Grouping`."""
        inside = self._of_row >= 0
        if admitted is not None:
            inside &= np.append(admitted, False).take(self._of_row)  # position -1 is no cell
        cells, number = np.unique(self._of_row[inside].astype(np.int64) * width + codes[inside], return_inverse=True)
        of_row = np.full(len(codes), -1, np.int32)
        of_row[inside] = number
        above, own = np.divmod(cells, max(width, 1))
        return self._of(of_row, len(cells)), above.astype(np.int32), own.astype(np.int32)

    def renumbered(self, numbers: Codes, cells: int) -> Grouping:
        """See `kernels.Grouping`."""
        return self._of(np.append(numbers, np.int32(-1)).take(self._of_row), cells)  # position -1 is no cell


class Units:
    """See `kernels.Units`. After a stable sort by cell, each distinct thing of a cell is a run: counting finds its beginning."""

    def __init__(self, networks: Numbers, addresses: Numbers, visitors: Numbers) -> None:
        self._columns = (networks, addresses, visitors)

    def counts(self, grouping: Grouping, caps: Codes) -> tuple[Integers, ...]:
        """See `kernels.Units`."""
        cell, cells = grouping.of_row(), len(grouping)
        inside = np.flatnonzero(cell >= 0)
        order = inside[np.argsort(cell[inside], kind="stable")]
        ordered = cell[order]
        new = changes(ordered)
        networks, addresses, visitors = (new | changes(column[order]) for column in self._columns)
        hits = np.diff(np.flatnonzero(np.append(addresses, True)))
        of_network = np.add.reduceat(addresses, np.flatnonzero(networks), dtype=np.int64) if len(order) else hits
        capped, largest = np.zeros(cells, np.int64), np.zeros(cells, np.int64)
        np.add.at(capped, ordered[networks], np.minimum(of_network, caps[ordered[networks]]))
        np.maximum.at(largest, ordered[addresses], hits)
        return np.bincount(ordered, minlength=cells), np.bincount(ordered[visitors], minlength=cells), capped, largest
