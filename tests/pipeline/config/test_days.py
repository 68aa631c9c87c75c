"""Which periods `--date` asks for, and which of them have ended. Each day here is given: nothing depends on the calendar."""

from __future__ import annotations

import datetime

import pytest

from pipeline.config.days import asked_periods, window
from pipeline.errors import JobError
from transforms.period import Period

MONDAY = datetime.date(2026, 3, 9)
WEEK_BEFORE = "2026-03-02"


def test_yesterday_names_the_week_that_it_lies_in():
    assert asked_periods("yesterday", MONDAY, Period.WEEK) == (WEEK_BEFORE,)
    assert window((WEEK_BEFORE,), frozenset(), MONDAY, False, Period.WEEK).asked


@pytest.mark.parametrize("days", range(1, 7))
def test_a_week_that_has_not_ended_is_refused(days):
    today = MONDAY - datetime.timedelta(days)
    asked = asked_periods("yesterday", today, Period.WEEK)
    assert asked == (WEEK_BEFORE,)
    with pytest.raises(JobError, match=f"The week from {WEEK_BEFORE} has not ended yet") as caught:
        window(asked, frozenset(), today, False, Period.WEEK)
    assert caught.value.exit_code == 2


def test_a_range_holds_both_of_its_ends():
    assert asked_periods("2026-03-06..yesterday", MONDAY, Period.DAY) == ("2026-03-06", "2026-03-07", "2026-03-08")
    assert asked_periods("2026-03-01..2026-03-02", MONDAY, Period.WEEK) == ("2026-02-23", WEEK_BEFORE)


def test_a_month_ends_with_its_last_day():
    april = datetime.date(2024, 3, 1)
    assert asked_periods("yesterday", april, Period.MONTH) == ("2024-02-01",)
    assert window(("2024-02-01",), frozenset(), april, False, Period.MONTH).asked
    with pytest.raises(JobError, match="The month from 2024-02-01 has not ended yet"):
        window(("2024-02-01",), frozenset(), april - datetime.timedelta(1), False, Period.MONTH)
    assert asked_periods("2023-12-31..2024-02-01", april, Period.MONTH) == ("2023-12-01", "2024-01-01", "2024-02-01")
