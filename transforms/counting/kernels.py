"""What the kernel counts with: columns of codes, of which it knows no dimension by name. Here either kernel is chosen."""

from __future__ import annotations

from types import ModuleType
from typing import Protocol

import pyarrow as pa

from transforms import kernel
from transforms.columns import Codes, Flags, Numbers
from transforms.counting import native, plain

NUMBERS = ("network_number", "address_number", "visitor_number")
"""Columns of prepared rows that tell networks, addresses and visitors apart, from wide to narrow."""


class Grouping(Protocol):
    """Which cell each row is in, -1 for none; its length is the number of cells."""

    def __len__(self) -> int: ...

    def of_row(self) -> Codes:
        """The cell of each row."""

    def divided(self, codes: Codes, width: int, admitted: Flags | None = None) -> tuple[Grouping, Codes, Codes]:
        """The cells divided by codes (one a row, below `width`), and of each new cell the one above and its code.

        They are in the order of these two. Rows of cells that are not `admitted` are left out.
        """

    def renumbered(self, numbers: Codes, cells: int) -> Grouping:
        """The rows by other numbers of their cells (-1: none), below `cells`."""


class Units(Protocol):
    """The networks, addresses and visitors of rows in their order."""

    def counts(self, grouping: Grouping, caps: Codes) -> tuple[Numbers, Numbers, Numbers, Numbers]:
        """Of each cell: rows, visitors, addresses (of each network at most the cell's cap), and rows of its largest address."""


def whole(rows: int) -> Grouping:
    """All rows in one cell."""
    grouping: Grouping = _chosen().Grouping(rows)
    return grouping


def units_of(rows: pa.Table) -> Units:
    """The units of prepared rows."""
    units: Units = _chosen().Units(*(rows[name].to_numpy() for name in NUMBERS))
    return units


def _chosen() -> ModuleType:
    return plain if kernel.native is None else native
