"""What `verify` checks of rows: it must find no fault with what the program publishes."""

from __future__ import annotations

import pytest

from tests.attack.test_subtraction import days
from tests.catalogues import REPORTS
from tests.eager import release_log
from tests.logs import crowd
from transforms.privacy.release import divided
from transforms.privacy.threshold.checks import ThresholdChecks


def at(path: str, first: int, count: int) -> bytes:
    return crowd(count, first, request=f"GET {path} HTTP/1.1")


def test_a_number_that_comes_down_two_levels_is_no_fault():
    """Of 100 visitors 91 see pages, and of these 82 the section: neither lacks k of the one above, so each gives its number."""
    pages = at("/x", 1, 12) + at("/blog/a", 10, 60) + at("/blog/b", 70, 22)
    tables = release_log(pages + at("/a.css", 82, 19), k=10, shards=1)["2026-03-03"].tables
    told = {row["path"]: row["visitors"] for row in tables["pages"].to_pylist()}
    assert told == {"/x": 10, "/blog/a": 60, "/blog/b": 20}
    assert {row["section"]: row["visitors"] for row in tables["sections"].to_pylist()}["/blog/"] == 100
    checks = ThresholdChecks({"min_addresses": "10", "sites": "(all)"}, REPORTS)
    for report in REPORTS:
        parents = divided(tables[report.parent], report) if report.parent else None
        assert list(checks.rows(report, tables[report.name], parents)) == []


@pytest.mark.parametrize("k", [5, 7, 10])
def test_no_fault_is_found_with_what_is_published(k):
    checks = ThresholdChecks({"min_addresses": str(k), "sites": "(all)"}, REPORTS)
    rows = 0
    for log in days(4):
        for day in release_log(log, k=k, shards=1).values():
            for report in REPORTS:
                parents = divided(day.tables[report.parent], report) if report.parent else None
                assert list(checks.rows(report, day.tables[report.name], parents)) == []
                rows += day.tables[report.name].num_rows
    assert rows > 100
