"""What the kernel counts with: columns of codes, of which it knows no dimension by name. Here either kernel is chosen."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import NamedTuple, Protocol

import pyarrow as pa

from transforms import kernel
from transforms.columns import Codes, Flags, Keys, Numbers
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

    def placed(self, codes: Codes, width: int, above: Codes, own: Codes) -> Grouping:
        """The rows by known cells alone: cell i has those of cell `above[i]` here with the code `own[i]`, if neither is -1."""

    def outside(self, other: Grouping, chosen: Flags) -> Grouping:
        """The rows of chosen cells that are in no cell of the other grouping."""


class Units(Protocol):
    """The networks, addresses and visitors of rows in their order."""

    def counts(self, grouping: Grouping, caps: Codes) -> tuple[Numbers, Numbers, Numbers, Numbers]:
        """Of each cell: rows, visitors, addresses (of each network at most the cell's cap), and rows of its largest address."""


class Absorbed(Protocol):
    """Which cell absorbs each row, and of which part the row is."""

    def visitors(self, units: Units, own: Grouping) -> tuple[Codes, Codes, Numbers]:
        """Absorbing cells, sets of parts, and how many visitors are in the cell by absorbed rows of exactly these parts alone.

        `own` are the cells' own rows. Ordered by cell and set.
        """


def whole(rows: int) -> Grouping:
    """All rows in one cell."""
    grouping: Grouping = _chosen().Grouping(rows)
    return grouping


def units_of(rows: pa.Table) -> Units:
    """The units of prepared rows."""
    units: Units = _chosen().Units(*(rows[name].to_numpy() for name in NUMBERS))
    return units


def absorbed_by(failing: Grouping, own: Codes, before: Absorbed | None, passed: Codes) -> Absorbed:
    """Rows of the failing cell i, which the cell `own[i]` absorbs (-1: none), as the part of bit 0.

    Those that a cell j has absorbed `before` go on to `passed[j]`, and the bit of their part moves up by one.
    """
    absorbed: Absorbed = _chosen().Absorbed(failing, own, before, passed)
    return absorbed


class Ordered(NamedTuple):
    """Hits by date, network, address, visitor and second; hits of one second stay as they were.

    `visitors` are the rows of visitors in that order. Each hit has the place of its visitor's row there (`owners`), its place
    before (`hits`), and the numbers of its network, address and visitor, which rise by one from 1. `starts` has the first hit of
    each date.
    """

    visitors: Codes
    owners: Codes
    hits: Codes
    numbers: Sequence[Codes]
    starts: Sequence[tuple[int, int]]


def ordered(visitors: pa.Table, seconds: pa.ChunkedArray) -> Ordered:
    """The order of hits that follow each other as their visitors' rows do. Each of these says how many `hits` it has."""
    names = ("date", "network_key", "address_key", "visitor_key", "hits")
    return Ordered(*_chosen().ordered(*(visitors[name].to_numpy() for name in names), seconds.to_numpy()))


class Partition(NamedTuple):
    """Rows by shard: visitors in their order before, with their numbers of hits (`lengths`), and hits in that of their visitors.

    `sizes` are the numbers of the shards' visitors.
    """

    visitors: Codes
    lengths: Codes
    hits: Codes
    sizes: Codes


def partition(networks: Keys, owners: Codes, shards: int) -> Partition:
    """Rows by the keys of the visitors' networks, modulo `shards`; `owners` says which visitor each hit is of."""
    return Partition(*_chosen().partition(networks, owners, shards))


def _chosen() -> ModuleType:
    return plain if kernel.native is None else native
