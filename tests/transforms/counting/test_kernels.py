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


KEYS = st.sampled_from([0, 1, 2**63, 2**64 - 1])
VISITORS = st.lists(
    st.tuples(st.tuples(st.integers(-1, 1), KEYS, KEYS, KEYS), st.lists(st.integers(-2, 2), max_size=4)), max_size=9
)
"""The date, network, address and visitor of each row, and the seconds of its hits."""


@given(VISITORS)
def test_hits_are_ordered_by_date_network_address_visitor_and_second(visitors):
    names = ("date", "network_key", "address_key", "visitor_key")
    types = (pa.int32(), pa.uint64(), pa.uint64(), pa.uint64())
    columns = {name: pa.array([row[at] for row, _ in visitors], types[at]) for at, name in enumerate(names)}
    table = pa.table({**columns, "hits": pa.array([len(hits) for _, hits in visitors], pa.int32())})
    seconds = pa.chunked_array([pa.array([second for _, hits in visitors for second in hits], pa.int32())])
    owners = [number for number, (_, hits) in enumerate(visitors) for _ in hits]
    order = kernels.ordered(table, seconds)
    assert order.visitors.tolist() == sorted(range(len(visitors)), key=lambda number: visitors[number][0])
    assert order.hits.tolist() == sorted(
        range(len(seconds)), key=lambda hit: (visitors[owners[hit]][0], seconds[hit].as_py(), owners[hit])
    )
    assert [order.visitors[place] for place in order.owners] == [owners[hit] for hit in order.hits]
    dates = [visitors[owners[hit]][0][0] for hit in order.hits]
    assert list(order.starts) == [(date, dates.index(date)) for date in sorted(set(dates))]
    for depth, numbers in enumerate(order.numbers, 2):
        units = sorted({row[:depth] for row, _ in visitors})
        assert numbers.tolist() == [1 + units.index(visitors[owners[hit]][0][:depth]) for hit in order.hits]


@given(st.lists(KEYS, min_size=1, max_size=9), st.lists(st.integers(0, 8), max_size=30), st.integers(1, 5))
def test_visitors_and_hits_are_partitioned_by_network(networks, owners, shards):
    owners = [owner % len(networks) for owner in owners]
    parts = kernels.partition(np.array(networks, np.uint64), codes(owners), shards)
    visitors = sorted(range(len(networks)), key=lambda visitor: networks[visitor] % shards)
    assert parts.visitors.tolist() == visitors
    assert parts.lengths.tolist() == [owners.count(visitor) for visitor in visitors]
    assert parts.hits.tolist() == sorted(range(len(owners)), key=lambda hit: visitors.index(owners[hit]))
    assert parts.sizes.tolist() == [sum(key % shards == shard for key in networks) for shard in range(shards)]


def test_a_date_without_hits_has_no_rows():
    """Of such visitors every hit was left out."""
    table = pa.table({name: pa.array([], pa.int32()) for name in ("date", "hits")})
    table = table.append_column("network_key", pa.array([], pa.uint64()))
    for name in ("address_key", "visitor_key"):
        table = table.append_column(name, table["network_key"])
    assert not kernels.ordered(table, pa.chunked_array([], pa.int32())).starts
