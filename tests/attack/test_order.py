"""Which row absorbs reveals nothing that the tables do not say themselves, nor that anything was absorbed.

If the secret, the order of lines or the number of shards decided between tied rows, an attacker who has two runs of the same day,
or knows the log's order, would learn something from the choice.
"""

from __future__ import annotations

import random
from unittest.mock import patch

import numpy as np
import pyarrow.compute as pc
import pytest

from tests.attack.mutations import K, published, weakest_absorbs, without_absorption
from tests.eager import files_of, release_log
from tests.logs import FIREFOX, address, crowd, line
from transforms.counting import partial
from transforms.counting.measures import EVIDENCE
from transforms.privacy.threshold import plan as planning

# Seven pages tie; one of them absorbs the rare one.
TIES = b"".join(crowd(10, 20 * at, request=f"GET /{at} HTTP/1.1") for at in range(1, 8))
TIES += crowd(2, 500, request="GET /rare HTTP/1.1")


def shuffled(log: bytes, seed: int) -> bytes:
    lines = log.splitlines(keepends=True)
    random.Random(seed).shuffle(lines)
    return b"".join(lines)


def outcomes() -> set[tuple[object, ...]]:
    """What is published by runs with other secrets, orders of lines and numbers of shards."""
    runs = (release_log(shuffled(TIES, seed), k=K, shards=1 + seed % 3) for seed in range(6))
    return {tuple(sorted(files_of(run).items())) for run in runs}


def test_nothing_published_depends_on_the_secret_the_order_or_the_shards():
    assert len(outcomes()) == 1


def by_the_secret(_cells, keeps, _report):
    """Cells in the order of keys that a secret gives, as a hash table would leave them."""
    return np.random.default_rng().permutation(np.flatnonzero(keeps))


def first_of_the_largest(planned, parent, own):
    order = pc.sort_indices(planned, [(EVIDENCE, "descending")]).to_numpy()
    _, first = np.unique(parent[order], return_index=True)
    return order[first]


def test_if_ties_were_left_to_the_order_of_rows_it_would():
    with patch.object(partial, "_by_value", by_the_secret), patch.object(planning, "_largest", first_of_the_largest):
        assert len(outcomes()) > 1


def test_the_order_of_rows_alone_decides_nothing():
    with patch.object(partial, "_by_value", by_the_secret):
        assert len(outcomes()) == 1


def rare(count: int) -> bytes:
    """So many people, each with something rare of every sort: a page, a section, a kind, a method, an hour, a browser."""
    ways = [
        {"request": "GET /rare HTTP/1.1"},
        {"request": "GET /rare/page HTTP/1.1"},
        {"status": 500},
        {"request": "POST / HTTP/1.1"},
        {"time": "03/Mar/2026:03:00:00 +0000"},
        {"agent": FIREFOX},
    ]
    return b"".join(line(host=address(900 + number), **ways[number % len(ways)]) for number in range(count))


@pytest.mark.parametrize("few", [1, 2, 5, K - 1])
def test_nobody_can_tell_none_from_few(few):
    """Who knows all rules sees the same tables whether a few did something rare, or what most did."""
    others = crowd(40) + crowd(15, 100, request="GET /b HTTP/1.1")
    assert published(others + rare(few)) == published(others + crowd(few, 900))


def test_if_nothing_absorbed_what_fails_he_could():
    others = crowd(40) + crowd(15, 100, request="GET /b HTTP/1.1")
    with without_absorption():
        assert published(others + rare(2)) != published(others + crowd(2, 900))


BAIT = "GET /!bait HTTP/1.1"  # sorts before all that people ask for


def read_by_bait() -> int:
    """What an attacker with k addresses finds in his own row, beside what he did himself."""
    jane = line(address(900), request="GET /only-jane HTTP/1.1") * 7
    tables = published(crowd(40) + crowd(K, 100, request=BAIT) + jane)
    return sum(row[0] for key, row in tables["pages"].items() if key[-1] in ("/!bait", "(other)")) - K


def test_k_addresses_that_make_a_small_row_read_nothing_beside_it():
    assert read_by_bait() == 0


def test_if_the_smallest_row_absorbed_they_would():
    with weakest_absorbs():
        assert read_by_bait() == 7
