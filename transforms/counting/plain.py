"""Counts with numpy: the reference for the native kernel, and what runs where that was not built."""

from __future__ import annotations

import numpy as np

from transforms.columns import Codes, Flags, Integers, Keys, Numbers, changes


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

    def placed(self, codes: Codes, width: int, above: Codes, own: Codes) -> Grouping:
        """See `kernels.Grouping`."""
        place = {(cell, code): number for number, (cell, code) in enumerate(zip(above.tolist(), own.tolist(), strict=True))}
        divided, *cells = self.divided(codes, width)
        numbers = [place.get(cell, -1) for cell in zip(*(column.tolist() for column in cells), strict=True)]
        return self._of(np.array([*numbers, -1], np.int32).take(divided.of_row()), len(own))  # position -1 is no cell

    def outside(self, other: Grouping, chosen: Flags) -> Grouping:
        """See `kernels.Grouping`."""
        left = (other.of_row() < 0) & np.append(chosen, False).take(self._of_row)
        return self._of(np.where(left, self._of_row, np.int32(-1)), self._cells)


class Units:
    """See `kernels.Units`. After a stable sort by cell, each distinct thing of a cell is a run: counting finds its beginning."""

    def __init__(self, networks: Numbers, addresses: Numbers, visitors: Numbers) -> None:
        self.columns = (networks, addresses, visitors)

    def counts(self, grouping: Grouping, caps: Codes) -> tuple[Integers, ...]:
        """See `kernels.Units`."""
        cell, cells = grouping.of_row(), len(grouping)
        inside = np.flatnonzero(cell >= 0)
        order = inside[np.argsort(cell[inside], kind="stable")]
        ordered = cell[order]
        new = changes(ordered)
        networks, addresses, visitors = (new | changes(column[order]) for column in self.columns)
        hits = np.diff(np.flatnonzero(np.append(addresses, True)))
        of_network = np.add.reduceat(addresses, np.flatnonzero(networks), dtype=np.int64) if len(order) else hits
        capped, largest = np.zeros(cells, np.int64), np.zeros(cells, np.int64)
        np.add.at(capped, ordered[networks], np.minimum(of_network, caps[ordered[networks]]))
        np.maximum.at(largest, ordered[addresses], hits)
        return np.bincount(ordered, minlength=cells), np.bincount(ordered[visitors], minlength=cells), capped, largest


class Absorbed:
    """See `kernels.Absorbed`."""

    def __init__(self, failing: Grouping, own: Codes, before: Absorbed | None, passed: Codes) -> None:
        cell = failing.of_row()
        nowhere, nothing = np.full(len(cell), -1, np.int32), np.zeros(len(cell), np.int32)
        by, part = (before.by, before.part) if before else (nowhere, nothing)
        new = np.append(own, np.int32(-1)).take(cell)  # position -1 is no cell
        self.by: Codes = np.where(cell >= 0, new, np.append(passed, np.int32(-1)).take(by))
        self.part: Codes = np.where(cell >= 0, np.int32(1), part << 1)

    def visitors(self, units: Units, own: Grouping) -> tuple[Codes, ...]:
        """See `kernels.Absorbed`."""
        visitors = units.columns[-1].astype(np.int64)
        width = int(visitors.max(initial=0)) + 1
        rows, (own_rows,) = np.flatnonzero(self.by >= 0), np.nonzero(own.of_row() >= 0)
        pairs, number = np.unique(self.by[rows] * width + visitors[rows], return_inverse=True)
        parts = np.zeros(len(pairs), np.int64)
        np.bitwise_or.at(parts, number, self.part[rows])
        alone = ~np.isin(pairs, own.of_row()[own_rows] * width + visitors[own_rows])
        sets, counts = np.unique((pairs[alone] // width) << 32 | parts[alone], return_counts=True)
        return (sets >> 32).astype(np.int32), (sets & 0xFFFFFFFF).astype(np.int32), counts.astype(np.int32)


def ordered(dates: Codes, networks: Keys, addresses: Keys, visitors: Keys, lengths: Codes, seconds: Codes) -> tuple[object, ...]:
    """See `kernels.Ordered`."""
    order = np.lexsort((visitors, addresses, networks, dates))
    new = np.zeros(len(order), np.bool_)
    numbers: list[Codes] = []
    for keys in (dates, networks, addresses, visitors):
        new |= changes(keys[order])
        numbers.append(np.cumsum(new, dtype=np.int32))
    place = np.empty(len(order), np.int32)
    place[order] = np.arange(len(order), dtype=np.int32)
    owners = np.repeat(place, lengths)
    hits = np.lexsort((owners, seconds, numbers[-1][owners]))
    owners = owners[hits]
    dates = dates[order][owners]
    starts = np.flatnonzero(changes(dates))
    first = list(zip(dates[starts].tolist(), starts.tolist(), strict=True))
    return order.astype(np.int32), owners, hits.astype(np.int32), [own[owners] for own in numbers[1:]], first


def partition(networks: Keys, owners: Codes, shards: int) -> tuple[Codes, ...]:
    """See `kernels.Partition`."""
    shard = networks % np.uint64(shards)
    visitors = np.argsort(shard, kind="stable").astype(np.int32)
    place = np.empty(len(visitors), np.int32)
    place[visitors] = np.arange(len(visitors), dtype=np.int32)
    by_visitor = place[owners]
    lengths = np.bincount(by_visitor, minlength=len(visitors)).astype(np.int32)
    sizes = np.bincount(shard.astype(np.int64), minlength=shards).astype(np.int32)
    return visitors, lengths, np.argsort(by_visitor, kind="stable").astype(np.int32), sizes
