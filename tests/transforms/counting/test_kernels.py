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
    grouping, cells = divided(rows)
    # Cells of one first code are counted together, and those of code 0 not at all.
    numbers = codes(cell[0] - 1 for cell in cells)
    for group, groups in ((grouping, len(cells)), (grouping.renumbered(numbers, 2), 2)):
        counts = kernels.units_of(prepared).counts(group, np.full(groups, cap, np.int32))
        hits, visitors, addresses = Counter(), defaultdict(set), defaultdict(Counter)
        for (network, address, visitor), cell in zip((unit for unit, _ in rows), group.of_row().tolist(), strict=True):
            if cell >= 0:
                hits[cell] += 1
                visitors[cell].add((network, address, visitor))
                addresses[cell][network, address] += 1
        networks = {cell: Counter(network for network, _ in own) for cell, own in addresses.items()}
        expected = [
            [hits[cell] for cell in range(groups)],
            [len(visitors[cell]) for cell in range(groups)],
            [sum(min(cap, number) for number in networks.get(cell, {}).values()) for cell in range(groups)],
            [max(addresses[cell].values(), default=0) for cell in range(groups)],
        ]
        assert [column.tolist() for column in counts] == expected
