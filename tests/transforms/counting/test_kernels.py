"""Each kernel groups and counts rows as dictionaries and sets do."""

from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.counting import kernels

pytestmark = pytest.mark.usefixtures("each_kernel")

WIDTHS = (3, 2, 1_000_000)
"""Values that columns have; few of the last one's are used."""

ROWS = st.lists(
    st.tuples(st.tuples(st.integers(1, 3), st.integers(1, 4), st.integers(1, 3)), st.tuples(*(st.integers(0, 4),) * 3)),
    max_size=40,
)
"""The network, address and visitor of each row, and its codes."""


def codes(numbers):
    return np.array(list(numbers), np.int32)


def divided(rows, admitted=None):
    """The rows by all of their codes, and the codes of each cell. `admitted` says which codes of the first column are."""
    grouping, known = kernels.whole(len(rows)), np.zeros((1, 0), np.int32)
    for place, width in enumerate(WIDTHS):
        flags = None if admitted is None or place != 1 else np.isin(known[:, 0], list(admitted))
        column = codes(own[place] % width for _, own in rows)
        grouping, above, own = grouping.divided(column, width, flags)
        assert len(grouping) == len(above) == len(own)
        known = np.column_stack([known[above], own])
    return grouping, [tuple(cell) for cell in known.tolist()]


@given(ROWS)
def test_cells_are_the_different_codes_in_their_order(rows):
    grouping, cells = divided(rows)
    of_row = [tuple(code % width for code, width in zip(own, WIDTHS, strict=True)) for _, own in rows]
    assert cells == sorted(set(of_row))
    assert [cells[number] for number in grouping.of_row().tolist()] == of_row


@given(ROWS, st.sets(st.integers(0, 2)))
def test_rows_outside_the_admitted_cells_are_in_no_cell(rows, admitted):
    grouping, cells = divided(rows, admitted)
    assert {cell[0] for cell in cells} <= admitted
    inside = [cells[number][0] if number >= 0 else None for number in grouping.of_row().tolist()]
    assert inside == [own[0] % WIDTHS[0] if own[0] % WIDTHS[0] in admitted else None for _, own in rows]


@given(ROWS, st.integers(1, 3))
def test_everything_distinct_is_counted_exactly(rows, cap):
    rows = sorted(rows)
    prepared = pa.table(
        {
            name: pa.array([units.index(unit[: depth + 1]) for unit, _ in rows], pa.int32())
            for depth, name in enumerate(kernels.NUMBERS)
            for units in [sorted({unit[: depth + 1] for unit, _ in rows})]
        }
    )
    group, cells = divided(rows, {1, 2})
    counts = kernels.units_of(prepared).counts(group, np.full(len(cells), cap, np.int32))
    hits, visitors, addresses = Counter(), defaultdict(set), defaultdict(Counter)
    for (network, address, visitor), cell in zip((unit for unit, _ in rows), group.of_row().tolist(), strict=True):
        if cell >= 0:
            hits[cell] += 1
            visitors[cell].add((network, address, visitor))
            addresses[cell][network, address] += 1
    networks = {cell: Counter(network for network, _ in own) for cell, own in addresses.items()}
    expected = [
        [hits[cell] for cell in range(len(cells))],
        [len(visitors[cell]) for cell in range(len(cells))],
        [sum(min(cap, number) for number in networks.get(cell, {}).values()) for cell in range(len(cells))],
        [max(addresses[cell].values(), default=0) for cell in range(len(cells))],
    ]
    assert [column.tolist() for column in counts] == expected


@given(ROWS, st.lists(st.tuples(st.integers(-1, 2), st.integers(-1, 4)), unique=True, max_size=9), st.sets(st.integers(0, 2)))
def test_rows_are_in_known_cells_or_outside_them(rows, known, chosen):
    sites, others = codes(own[0] % 3 for _, own in rows), codes(own[1] for _, own in rows)
    above = kernels.whole(len(rows)).placed(sites, 3, codes([0] * 3), codes(range(3)))
    assert above.of_row().tolist() == sites.tolist()
    pairs = list(zip(sites.tolist(), others.tolist(), strict=True))
    for width in (5, 1_000_000):
        placed = above.placed(others, width, codes(cell for cell, _ in known), codes(own for _, own in known))
        assert len(placed) == len(known)
        assert placed.of_row().tolist() == [known.index(pair) if pair in known else -1 for pair in pairs]
        outside = above.outside(placed, np.isin(np.arange(3), list(chosen)))
        expected = [pair[0] if pair not in known and pair[0] in chosen else -1 for pair in pairs]
        assert outside.of_row().tolist() == expected


@given(ROWS, st.lists(st.integers(-1, 2), min_size=3, max_size=3), st.lists(st.integers(-1, 2), min_size=3, max_size=3))
def test_visitors_of_absorbed_rows_alone_are_counted_by_the_parts_that_they_are_in(rows, by, passed):
    rows = sorted(rows)
    units = sorted({unit for unit, _ in rows})
    visitors = [units.index(unit) for unit, _ in rows]
    prepared = pa.table({name: pa.array(visitors, pa.int32()) for name in kernels.NUMBERS})
    # Rows of code 0 fail above, those of code 1 here; the others are in the cells 0 to 2.
    sizes = [(own[0], own[1] % 3) for _, own in rows]

    def grouping(code):
        chosen = codes(size if kind == code or (code == 2 and kind >= code) else 3 for kind, size in sizes)
        return kernels.whole(len(rows)).placed(chosen, 4, codes([0] * 3), codes(range(3)))

    before = kernels.absorbed_by(grouping(0), codes(by), None, codes(by))
    absorbed = kernels.absorbed_by(grouping(1), codes(by), before, codes(passed))
    sets, own = defaultdict(int), set()
    for visitor, (kind, size) in zip(visitors, sizes, strict=True):
        if kind >= 2:
            own.add((size, visitor))
        elif by[size] >= 0 and (kind == 1 or passed[by[size]] >= 0):
            sets[by[size] if kind else passed[by[size]], visitor] |= 1 if kind else 2
    expected = Counter((cell, parts) for (cell, visitor), parts in sets.items() if (cell, visitor) not in own)
    found = absorbed.visitors(kernels.units_of(prepared), grouping(2))
    assert list(zip(*(column.tolist() for column in found), strict=True)) == [(*key, expected[key]) for key in sorted(expected)]
