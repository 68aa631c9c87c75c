"""Visitors, visits and bytes: exact where they partition, else rounded so that no small group is left."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.catalogues import REPORTS
from tests.eager import release_log
from tests.logs import IPHONE, address, crowd, line
from transforms.privacy.threshold.measures import is_exact, measures_of, nearest, rounded_visitors

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


@given(
    st.integers(5, 50).flatmap(
        lambda k: st.tuples(
            st.just(k),
            st.integers(k, 10_000).flatmap(lambda whole: st.tuples(st.just(whole), st.integers(k, whole), st.integers(k, whole))),
        )
    )
)
def test_rounding_hides_fewer_than_k_and_keeps_the_order(values):
    k, (whole, one, another) = values
    told, further = rounded_visitors(np.array([one, another]), np.array([whole, whole]), k).tolist()
    assert told == whole or (told % k == 0 and abs(told - one) * 2 <= k)
    assert k <= told <= whole
    assert (whole - told == 0) == (whole - one < k) or told == whole
    if one <= another:
        assert told <= further


def visits(*minutes, host, size):
    return b"".join(line(host, time=f"03/Mar/2026:{minute // 60:02}:{minute % 60:02}:00 +0000", size=size) for minute in minutes)


def test_visits_and_bytes_are_told_of_a_day_alone():
    for report in REPORTS:
        names = [measure.name for measure in measures_of(report, REPORTS, K)]
        assert names == ["hits", "visitors", *(("visits", "bytes_sent") if report.parent is None else ())]


def test_of_an_address_three_visits_and_ten_million_bytes_count():
    # 220 addresses with five visits each, of which three count: 660, which is nearest to 660. Of bytes, 11 MB are 10 MB: 2.2 GB.
    log = b"".join(visits(0, 60, 120, 180, 240, host=address(number), size=2_200_000) for number in range(1, 221))
    (day,) = rows(log, "daily")
    assert (day["hits"], day["visitors"], day["visits"], day["bytes_sent"]) == (1_100, 220, 660, 2_200_000_000)


def test_visits_are_rounded_to_what_2k_addresses_can_make():
    log = b"".join(visits(0, 60, 120, host=address(number), size=0) for number in range(1, 210))
    (day,) = rows(log, "daily")
    assert day["visits"] == 600  # 627, and 60 is the step
    (more,) = rows(log + b"".join(visits(0, host=address(number), size=0) for number in range(300, 303)), "daily")
    assert more["visits"] == 660  # 630: halves round up


def test_a_sum_below_ten_steps_is_missing():
    log = b"".join(visits(0, 60, 120, host=address(number), size=9_000_000) for number in range(1, 190))
    (day,) = rows(log, "daily")
    assert day["visits"] is None  # 567, which is nearest to 540
    assert day["bytes_sent"] is None  # 1.89 GB


def test_bytes_do_not_overflow():
    log = b"".join(line(address(number), size=999_999_999_999_999_999) for number in range(1, 301))
    (day,) = rows(log * 3, "daily")
    assert day["bytes_sent"] == 3_000_000_000


def test_halves_round_up():
    assert nearest(np.array([4, 5, 14, 15]), 10).tolist() == [0, 10, 10, 20]
    assert nearest(np.array([2, 3, 7, 8]), 5).tolist() == [0, 5, 5, 10]
