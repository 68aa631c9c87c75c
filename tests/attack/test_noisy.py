"""Differential privacy against an attacker who knows everything about a log except one visitor.

He knows every line of the log except hers, every rule and every scale, and guesses on many days that differ only in her. The
share of his right guesses measures what the tables reveal about her.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from unittest.mock import patch

import numpy as np
import pytest

from tests.catalogues import NOISY_REPORTS
from tests.eager import bounded_counts_of
from tests.logs import address, crowd, line
from transforms.privacy.differential import release as door
from transforms.privacy.differential.budget import Budget
from transforms.privacy.differential.noise import with_noise
from transforms.privacy.differential.release import release_noisy
from transforms.reports.report import Catalogue

SITE = "www.example.org"
POLICY = Budget((SITE,))
K = POLICY.min_addresses
MECHANISMS = {(each.report, each.measure): each for each in POLICY.mechanisms()}
SMALL = Catalogue(report for report in NOISY_REPORTS if report.name not in ("countries", "sources"))
"""Without the reports that have very many rows, so that a day can be published a thousand times."""

OTHERS = crowd(40) + crowd(30, 100, request="GET /b HTTP/1.1", referer="https://www.google.com/")
JANE = b"".join(
    line(address(900), time=f"03/Mar/2026:{hour:02}:00:00 +0000", request=f"GET /{path} HTTP/1.1", size=400_000)
    for hour in (3, 4, 5)
    for path in ("jane", "jane.css", "b", "c", "d", "e", "f")
)
DAYS = 200
SURE_DAYS = 60
"""Enough where he is never wrong."""


def quiet(counts, mechanism):
    """Hardly any noise: the mutation that lets each attack succeed."""
    return with_noise(counts, replace(mechanism, scale=mechanism.scale / 1000, rho=mechanism.rho * 1_000_001))


def rows(table) -> Mapping[tuple[str, ...], Mapping[str, int | None]]:
    names = [name for name in table.column_names if table.schema.field(name).type == "string"]
    return {tuple(row[name] for name in names): row for row in table.to_pylist()}


def share_of_right_guesses(noise, days: int) -> float:
    """Of the best guess that there is: which world makes all numbers of the day together more probable."""
    worlds = [bounded_counts_of(log, SMALL, (SITE,)) for log in (OTHERS, OTHERS + JANE)]
    known = [{name: rows(table) for name, table in world.items()} for world in worlds]
    told = [
        (report.name, key, measure, without, with_her, MECHANISMS[report.name, measure].scale)
        for report in SMALL
        if report.name != "pages"
        for key in {*known[0][report.name], *known[1][report.name]}
        for measure in ("visitors", "hits", "bytes_sent")
        if (without := known[0][report.name].get(key, {}).get(measure, 0))
        != (with_her := known[1][report.name].get(key, {}).get(measure, 0))
    ]
    right = 0
    for day in range(days):
        truth = day % 2
        with patch.object(door, "with_noise", noise):
            seen = {name: rows(table) for name, table in release_noisy(worlds[truth], SMALL, POLICY).tables.items()}
        odds = sum(
            ((seen[report][key][measure] - without) ** 2 - (seen[report][key][measure] - with_her) ** 2) / scale**2
            for report, key, measure, without, with_her, scale in told
        )
        right += (odds > 0) == bool(truth)
    return right / days


@pytest.mark.long
def test_who_knows_everything_else_can_hardly_tell_whether_she_came():
    """Theory allows e^ε / (1 + e^ε) = 88 %; these reports are a part of what ε pays for, and 57 % is what is to be expected."""
    assert share_of_right_guesses(with_noise, DAYS) < 0.72 < math.exp(POLICY.epsilon) / (1 + math.exp(POLICY.epsilon))


def test_without_noise_he_could():
    assert share_of_right_guesses(quiet, SURE_DAYS) == 1


def pages_named(log: bytes, noise, days: int) -> int:
    """On how many days the bait was named."""
    counts = bounded_counts_of(log, SMALL, (SITE,))
    named = 0
    with patch.object(door, "with_noise", noise):
        for _ in range(days):
            named += "/bait" in release_noisy(counts, SMALL, POLICY).tables["pages"]["path"].to_pylist()
    return named


BAIT = crowd(K - 1, 500, request="GET /bait HTTP/1.1")
ON_BAIT = line(address(900), request="GET /bait HTTP/1.1")


@pytest.mark.long
def test_k_minus_one_who_work_together_do_not_find_out_about_one_more():
    assert pages_named(OTHERS + BAIT, with_noise, 100) == pages_named(OTHERS + BAIT + ON_BAIT, with_noise, 100) == 0


def test_were_every_page_named_that_k_ask_for_they_would(monkeypatch):
    low = tuple(replace(each, threshold=1) if each.threshold else each for each in POLICY.mechanisms())
    monkeypatch.setattr(Budget, "mechanisms", lambda _: low)
    assert pages_named(OTHERS + BAIT, with_noise, 60) == 0
    assert pages_named(OTHERS + BAIT + ON_BAIT, with_noise, 60) > 10


def crowd_counted(noise) -> float:
    """How much oftener the page of a known crowd is above its number when she was there, too: 1 is certainty."""
    bait = "GET /bait HTTP/1.1"
    crowds = [OTHERS + crowd(400, 500, request=bait) + jane for jane in (b"", line(address(1900), request=bait))]
    above = []
    for log in crowds:
        table = bounded_counts_of(log, SMALL, (SITE,))["pages"]
        table = table.filter(np.array(table["path"].to_pylist()) == "/bait")
        visitors = np.full(4000, table["visitors"].to_pylist()[0])
        above.append(np.mean(noise(visitors, MECHANISMS["pages", "visitors"]) > 400.5))
    return float(above[1] - above[0])


def test_who_fills_a_page_himself_can_hardly_tell_whether_she_asked_for_it_too():
    assert crowd_counted(with_noise) < 0.1


def test_without_noise_he_can():
    assert crowd_counted(quiet) > 0.99


FEW = crowd(15) + crowd(12, 100, request="GET /b HTTP/1.1", referer="https://www.google.com/")
NEW = crowd(12, 500, request="GET /new HTTP/1.1", referer="https://duckduckgo.com/")


@pytest.mark.parametrize("log", [FEW, FEW + JANE, FEW + JANE + NEW])
def test_which_rows_there_are_tells_nothing(log):
    """Nobody here comes within five standard deviations of a threshold, so the rows are those of a day without lines."""
    counts = bounded_counts_of(log, NOISY_REPORTS, (SITE,))
    empty, full = (release_noisy(each, NOISY_REPORTS, POLICY).tables for each in ({}, counts))
    for name in NOISY_REPORTS.names():
        assert rows(full[name]).keys() == rows(empty[name]).keys(), name
