"""Periods divide the calendar: each day lies in one, which begins on or before it and ends after it."""

from __future__ import annotations

import datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.period import Period, Window

EPOCH = datetime.date(1970, 1, 1)


@given(st.sampled_from(Period), st.dates(datetime.date(1900, 1, 1), datetime.date(2900, 1, 1)))
def test_each_day_lies_in_one_period(period, date):
    day = (date - EPOCH).days
    start = period.first_day(day)
    assert start <= day < period.next(start)
    assert period.first_day(start) == start == period.first_day(period.next(start) - 1)
    assert period.first_day(period.next(start)) == period.next(start)
    assert period.first_days(np.array([day, start])).tolist() == [start, start]


@pytest.mark.parametrize(("period", "first"), [("day", "2024-02-29"), ("week", "2024-02-26"), ("month", "2024-02-01")])
def test_the_day_that_comes_every_four_years(period, first):
    day = (datetime.date(2024, 2, 29) - EPOCH).days
    assert Period(period).first_day(day) == (datetime.date.fromisoformat(first) - EPOCH).days


def test_a_month_has_ended_when_the_next_begins():
    march, april = ((datetime.date(2026, month, 1) - EPOCH).days for month in (3, 4))
    assert Window(end=april, period=Period.MONTH).includes(march)
    assert not Window(end=april - 1, period=Period.MONTH).includes(march)
