"""The exact volume of hits, whose sum may be more than 64 bits hold; and that every shard tells its own."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.catalogues import NOISY_REPORTS, REPORTS
from tests.eager import pieces_of
from tests.logs import crowd, line
from transforms.counting.volume import volume_of
from transforms.privacy.differential.bound import count_bounded, unpacked
from transforms.privacy.differential.budget import UNIT_BYTES
from transforms.privacy.threshold.counting import count_shard
from transforms.privacy.threshold.gate import Gate

LARGEST = 999_999_999_999_999_999
SITE = "www.example.org"


@given(st.lists(st.integers(-(2**63), 2**63 - 1), max_size=50))
def test_the_sum_is_exact(sizes):
    assert volume_of(np.array(sizes, np.int64)) == sum(sizes)


@pytest.mark.parametrize(
    "count",
    [
        lambda pieces: count_shard(pieces, REPORTS, Gate(10).caps()),
        lambda pieces: count_bounded(pieces, NOISY_REPORTS, (SITE,)),
        lambda pieces: count_bounded(pieces, NOISY_REPORTS, ("else.example",)),
    ],
)
def test_shards_tell_the_exact_volume_of_each_day(count):
    log = crowd(12, size=LARGEST) + line(size="-") + crowd(3, size=5, time="04/Mar/2026:10:00:00 +0000")
    volumes: dict[int, int] = {}
    for pieces in pieces_of(log).values():
        for day, counted in count(pieces).items():
            volumes[day] = volumes.get(day, 0) + counted.volume
    assert sorted(volumes.values()) == [15, 12 * LARGEST]


def test_bounded_bytes_of_sizes_that_overflow_are_clipped():
    (pieces,) = pieces_of(crowd(12, size=LARGEST) + line(size=LARGEST) * 40, shards=1).values()
    ((_, counted),) = count_bounded(pieces, NOISY_REPORTS, (SITE,)).items()
    counts, _ = unpacked(counted.counts)
    assert counts["daily"]["bytes_sent"].to_pylist() == [13 * UNIT_BYTES]
