"""The choice of the row that joins `(other)` reveals nothing that the tables do not say themselves.

If the secret, the order of lines or the number of shards decided between tied rows, an attacker who has two runs of the same day,
or knows the log's order, would learn something from the choice.
"""

from __future__ import annotations

import random
from unittest.mock import patch

import numpy as np
import pyarrow as pa
import pytest

from tests.attack.mutations import K, published, without_folds
from tests.eager import files_of, release_log
from tests.logs import crowd
from transforms.counting import count
from transforms.counting.measures import EVIDENCE
from transforms.privacy.threshold import release as suppression

# Seven pages tie; one of them must join the rare one.
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


def by_the_secret(parts):
    """Counts in the order of keys that a secret gives, as a hash table would leave them."""
    added = count.add_counts(parts)
    numbers = np.random.default_rng()
    return {name: table.take(pa.array(numbers.permutation(table.num_rows))) for name, table in added.items()}


def test_if_ties_were_left_to_the_order_of_rows_it_would():
    with (
        patch("tests.eager.add_counts", by_the_secret),
        patch.object(suppression, "_by_weakness", lambda _: [(EVIDENCE, "ascending")]),
    ):
        assert len(outcomes()) > 1


def test_the_order_of_rows_alone_decides_nothing():
    with patch("tests.eager.add_counts", by_the_secret):
        assert len(outcomes()) == 1


def test_the_smallest_row_joins_so_that_most_is_named():
    log = (
        crowd(30, request="GET /a HTTP/1.1")
        + crowd(11, 100, request="GET /b HTTP/1.1")
        + crowd(2, 200, request="GET /c HTTP/1.1")
    )
    assert {key[-1] for key in published(log)["pages"]} == {"/a", "(other)"}


TOTALS = [K, K + 1, 2 * K - 1]


def possible_parts(total: int) -> list[list[int]]:
    """Two hours are not named, and have `total` hits together: how many are in the first?

    The attacker knows which hours they are, for all others are named, and every rule. So he tries each answer, and sees whether
    the same would be published. Gives the answers that he cannot tell apart.
    """
    alike: dict[object, list[int]] = {}
    for first in range(1, total):
        log = crowd(60, 300)
        for hour, people in (("11", crowd(first)), ("12", crowd(total - first, 1 + first))):
            log += people.replace(b"2026:10", f"2026:{hour}".encode())
        tables = published(log)
        if not {"11", "12"} <= {key[-1] for key in tables["hourly"]}:
            alike.setdefault(tuple((name, tuple(sorted(rows.items()))) for name, rows in tables.items()), []).append(first)
    return list(alike.values())


@pytest.mark.parametrize("total", TOTALS)
def test_who_knows_all_rules_cannot_tell_the_parts_of_a_fold(total):
    assert min(map(len, possible_parts(total))) >= K - 1


def test_if_nothing_joined_what_fails_he_could():
    with without_folds():
        assert min(map(len, possible_parts(K + 1))) == 1
