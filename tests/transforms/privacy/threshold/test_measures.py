"""Visitors: exact where they partition, else rounded so that no small group is left. Visits and bytes: not at all."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.catalogues import REPORTS
from tests.eager import release_log
from tests.logs import IPHONE, crowd
from transforms.dimensions.timing import DAY_PART
from transforms.dimensions.visit import VISIT_DEPTH
from transforms.privacy.threshold.measures import is_exact, measures_of, rounded_visitors
from transforms.privacy.threshold.policy import Threshold
from transforms.reports.report import Catalogue, Report

DAY, K = "2026-03-03", 10


def rows(log, report, k=K):
    return release_log(log, k=k)[DAY].tables[report].to_pylist()


def by_value(log, report):
    return {row[REPORTS.columns(report)[-1]]: row["visitors"] for row in rows(log, report)}


def test_reports_of_visitors_are_exact_and_all_others_rounded():
    exact = {report.name for report in REPORTS if is_exact(report, REPORTS)}
    assert exact == {
        *("daily", "countries", "networks", "devices", "operating_systems", "browsers", "bot_kinds", "bots"),
    }
    assert by_value(crowd(33) + crowd(14, 100, agent=IPHONE), "devices") == {"Desktop": 33, "Mobile": 14}


def test_visitors_of_other_reports_are_rounded():
    log = crowd(34) + crowd(16, 100, request="GET /a HTTP/1.1")
    assert by_value(log, "pages") == {"/": 30, "/a": 20}
    # Twelve come to 10, though that is fewer than there are; fewer than k are never told.
    assert by_value(crowd(34) + crowd(12, 100, request="GET /a HTTP/1.1"), "pages") == {"/": 30, "/a": 10}


@pytest.mark.parametrize(("lack", "told"), [(0, 40), (1, 40), (9, 40), (10, 30)])
def test_that_a_few_lack_something_is_not_told(lack, told):
    everybody = crowd(40)
    others = crowd(40 - lack, request="GET /a.css HTTP/1.1")
    assert by_value(everybody + others, "kinds") == {"page": 40, "static": told}


def numbers_of(k):
    """k, and visitors of a row, of its parent and of its grandparent."""
    return st.integers(k, 9_999).flatmap(
        lambda top: st.integers(k, top).flatmap(lambda middle: st.tuples(*map(st.just, (k, top, middle)), st.integers(k, middle)))
    )


@given(st.integers(5, 50).flatmap(numbers_of))
def test_two_rows_of_which_one_holds_the_other_are_told_apart_only_if_k_are_between_them(numbers):
    k, top, middle, low = numbers
    told_top = top
    (told_middle,) = rounded_visitors(np.array([middle]), np.array([top]), np.array([told_top]), k).tolist()
    (told_low,) = rounded_visitors(np.array([low]), np.array([middle]), np.array([told_middle]), k).tolist()
    for (wide, told_wide), (narrow, told_narrow) in (
        ((top, told_top), (middle, told_middle)),
        ((middle, told_middle), (low, told_low)),
    ):
        assert told_narrow == told_wide or wide - narrow >= k
        assert told_narrow <= told_wide
    assert told_low >= k


def test_visits_and_bytes_are_published_nowhere_and_nothing_about_visits():
    assert {tuple(measure.name for measure in measures_of(report, REPORTS, K)) for report in REPORTS} == {("hits", "visitors")}
    of_visits = Report("visit_depths", "x", VISIT_DEPTH, "kinds", where=("kind", "page"))
    below = Report("parts", "x", DAY_PART, "visit_depths")
    asked = Catalogue([REPORTS["daily"], REPORTS["kinds"], of_visits, below])
    assert Threshold(K).published(asked).names() == ("daily", "kinds")
    assert Threshold(K).published(REPORTS) == REPORTS


def test_a_parent_that_tells_a_rounded_number_tells_the_same_of_a_child():
    # 34 of 50 see a page, 30 of these in one section: fewer than ten are missing, so the section tells what the kind does.
    log = crowd(50, request="GET /a.css HTTP/1.1") + crowd(34) + crowd(10, 25, request="GET /b/x HTTP/1.1")
    assert by_value(log, "kinds") == {"page": 30, "static": 50}
    assert by_value(log, "sections")["/b/"] == 10
    assert {row["section"]: row["visitors"] for row in rows(log, "sections") if row["kind"] == "page"} == {"/": 30, "/b/": 10}
