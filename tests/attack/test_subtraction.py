"""Takes many small days, checks what an attacker learns from what is published, and from what would be without a rule.

Each attack is made twice: on the program, where it must learn nothing, and on the program without the rule that stops it, where
it must succeed. An attack that never succeeds would prove nothing.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from unittest.mock import patch

import numpy as np
import pytest

from pipeline.catalogue import REPORTS
from tests.eager import files_of, release_log, tables_of
from tests.logs import CHROME, FIREFOX, GOOGLEBOT, IPHONE, address, crowd, line
from transforms import release as door
from transforms.policies.threshold import Threshold

DAY, SITE, K = "2026-03-03", "www.example.org", 10

Tables = dict[str, dict[tuple[str, ...], tuple[int, ...]]]


def published(log: bytes, **options: object) -> Tables:
    return tables_of(release_log(log, k=K, **options)).get(DAY, {})


def days(count: int = 40) -> Iterator[bytes]:
    """Small days in which groups are often just under or over the threshold."""
    chance = random.Random(11)
    for _ in range(count):
        yield b"".join(
            line(
                host=f"20.{chance.randrange(2)}.{chance.randrange(12)}.{chance.randrange(1, 4)}",
                time=f"03/Mar/2026:{chance.randrange(8, 12):02}:{chance.randrange(60):02}:00 +0000",
                request=f"GET /{chance.choice('aaabbcdef')}{chance.choice(['', '', '.css', '.pdf'])} HTTP/1.1",
                status=chance.choice([200, 200, 200, 404, 301, 500]),
                agent=chance.choice([CHROME, CHROME, FIREFOX, IPHONE, GOOGLEBOT]),
                referer=chance.choice(["-", "https://www.google.com/", "https://a.example.com/"]),
            )
            for _ in range(chance.randrange(40, 160))
        )


def differences(tables: Tables) -> Iterator[tuple[str, int, int]]:
    """For each published parent row: what is left of its visitors and hits when the report's named rows are taken away."""
    for report in REPORTS:
        if report.parent is None:
            continue
        width = len(REPORTS.columns(report.parent))
        for parent, whole in tables[report.parent].items():
            named = dict(zip(REPORTS.columns(report.parent), parent, strict=True))
            if report.where and named[report.where[0]] != report.where[1]:
                continue
            children = [row for key, row in tables[report.name].items() if key[:width] == parent]
            yield report.name, whole[0] - sum(row[0] for row in children), len(children)


def without_folds(counts, folds, catalogue, policy):
    """The flat way: failing rows are simply left out, and nobody checks that tables add up."""
    with patch.object(door, "_fold", leave_out), patch.object(door, "_check", lambda *_: None):
        return RELEASE(counts, folds, catalogue, policy)


def leave_out(report, table, folds, parents, plan, catalogue, policy):
    keep = door._is_in(door._keys(table, catalogue, report.name), door._keys(plan, catalogue, report.name))
    return table.filter(keep)


RELEASE = door.release


def test_no_parent_can_be_told_apart_by_subtraction():
    leaks = [found for log in days() for found in differences(published(log)) if found[1]]
    assert leaks == []


def test_without_folds_subtraction_gives_small_groups_away():
    with patch("tests.eager.release", without_folds):
        left = [hits for log in days() for _, hits, _ in differences(published(log)) if hits]
    assert left
    assert min(left) < K


def evidence_free(policy):
    """A gate that counts all addresses, whatever their network."""
    return {"human": 10**6, "unknown": 10**6, "bot": 10**6}


ONE_NETWORK = b"".join(line(f"20.1.1.{last}") for last in range(1, 9)) + line("20.7.7.7") + line("20.8.8.8")


def test_one_network_and_two_people_are_not_published():
    assert not published(ONE_NETWORK)["daily"]


def test_without_the_cap_they_are():
    with patch.object(Threshold, "caps", evidence_free):
        assert published(ONE_NETWORK)["daily"]


MANY_AGENTS = b"".join(line("20.1.1.1", agent=f"{CHROME} {number}") for number in range(30))


def test_many_agents_of_one_person_are_not_published():
    assert not published(MANY_AGENTS)["daily"]


def test_if_visitors_were_counted_instead_of_addresses_they_would_be():
    def by_visitors(counts, policy):
        return np.asarray(counts["visitors"].to_numpy() >= policy.min_addresses)

    with patch.object(door, "gate", by_visitors):
        assert published(MANY_AGENTS)["daily"]


def test_many_prefixes_of_one_provider_in_ipv6_are_not_published():
    log = b"".join(line(f"2a00:1450:{number:x}:{number:x}00::1") for number in range(1, 60))
    assert not published(log)["daily"]


def test_if_every_56_were_a_network_they_would_be():
    from transforms.masks import address as mask

    log = b"".join(line(f"2a00:1450:{number:x}:{number:x}00::1") for number in range(1, 60))
    ipv6 = mask._ipv6
    with patch.object(mask, "_ipv6", lambda packed: mask.Place(ipv6(packed).unit, ipv6(packed).unit, ipv6(packed).prefix)):
        assert published(log)["daily"]


SINGLED_OUT = {
    "path": {"request": "GET /only-jane HTTP/1.1"},
    "status": {"status": 418},
    "method": {"request": "PATCH / HTTP/1.1"},
    "protocol": {"request": "GET / HTTP/1.0"},
    "source": {"referer": "https://only-jane.example.com/"},
    "browser": {"agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36 Vivaldi/6.7"},
    "hour": {"time": "03/Mar/2026:23:00:00 +0000"},
    "country": {"host": "193.0.6.139"},
}


@pytest.mark.parametrize("field", SINGLED_OUT)
def test_one_visitor_is_not_singled_out_in_any_field(field):
    common = crowd(40)
    with_jane = published(common + line(**{"host": address(900), **SINGLED_OUT[field]}))
    others = published(common + line(host=address(900)))
    # What is published with her is what is published with anybody, but for one row that takes her in.
    for name, rows in with_jane.items():
        for measures in rows.values():
            assert measures[1] >= K, name
    values = {value for rows in with_jane.values() for key in rows for value in key}
    assert values <= {value for rows in others.values() for key in rows for value in key} | {"(other)"}


@pytest.mark.parametrize("field", SINGLED_OUT)
def test_without_the_gate_she_is(field):
    with patch.object(door, "gate", lambda counts, _: np.ones(counts.num_rows, np.bool_)):
        rows = published(crowd(40) + line(**{"host": address(900), **SINGLED_OUT[field]}))
    assert any(measures[1] == 1 for table in rows.values() for measures in table.values())


def test_nothing_published_depends_on_the_secret():
    log = next(days(1))
    assert len({tuple(sorted(files_of(release_log(log, k=K)).items())) for _ in range(5)}) == 1


def test_if_ties_were_broken_by_the_secret_it_would():
    # Seven pages tie; which of them joins the rare one would then tell something about the secret.
    log = b"".join(crowd(10, first=20 * at, request=f"GET /{at} HTTP/1.1") for at in range(1, 8))
    log += crowd(2, first=500, request="GET /rare HTTP/1.1")
    seen = set()
    for order in ("ascending", "descending"):
        with patch.object(door, "_by_weakness", lambda columns, order=order: [(columns[-1], order)]):
            seen.add(tuple(sorted(published(log)["pages"])))
    assert len(seen) == 2


def test_a_row_that_imitates_other_does_not_exist():
    rows = published(
        crowd(30) + crowd(12, first=50, request="GET (other) HTTP/1.1") + crowd(12, first=70, request="GET /(other) HTTP/1.1")
    )
    assert [key for key in rows["pages"] if key[-1] == "(other)"] == []
    assert any(key[-1] == "/(other)" for key in rows["pages"])
    assert (SITE, "human", "invalid") in rows["kinds"]
