"""What `verify` checks of rows: it must find no fault with what the program publishes."""

from __future__ import annotations

import pytest

from tests.attack.test_subtraction import days
from tests.catalogues import REPORTS
from tests.eager import release_log
from transforms.privacy.release import divided
from transforms.privacy.threshold.checks import ThresholdChecks


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
