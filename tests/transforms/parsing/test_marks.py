"""The bitmap over bytes finds the next set bit and counts those before a position."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.parsing.marks import Marks


@given(st.lists(st.integers(0, 700), max_size=12), st.integers(0, 700))
def test_next_and_number_of_marks_are_those_of_a_look_at_each(places, size):
    marked = np.zeros(size, np.bool_)
    marked[[place for place in places if place < size]] = True
    marks, at = Marks(marked), np.arange(size + 1)
    found = marks.after(at)
    for place in at.tolist():
        nexts = np.flatnonzero(marked[place:])
        assert found[place] == place + nexts[0] if len(nexts) else found[place] >= size
    assert marks.before(at).tolist() == [int(marked[:place].sum()) for place in at.tolist()]


@pytest.mark.parametrize("distance", [1, 56, 57, 58, 63, 64, 65, 900, 1_000, 100_000])
def test_far_marks_are_found_from_any_place_in_a_byte(distance):
    marked = np.zeros(distance + 20, np.bool_)
    marked[distance + 8] = True
    assert Marks(marked).after(np.arange(9)).tolist() == [distance + 8] * 9


def test_behind_the_bytes_nothing_is_found_among_them():
    assert (Marks(np.ones(100, np.bool_)).after(np.array([100, 105, 10_000])) >= 100).all()
    assert Marks(np.zeros(0, np.bool_)).before(np.array([0])).tolist() == [0]
