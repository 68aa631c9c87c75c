"""Takes times as servers write them, checks the seconds, and that what is no time is not taken for one."""

from __future__ import annotations

import datetime

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.formats import Clock
from transforms.formats.times import seconds


def read(text: str, clock: Clock) -> int | None:
    found, valid = seconds(pa.chunked_array([pa.array([text, text])]), pa.chunked_array([pa.array(["+0000"] * 2)]), clock)
    assert found[0] == found[1]
    return int(found[0]) if valid.all() else None


@pytest.mark.parametrize(
    ("text", "clock", "second"),
    [
        ("10/Oct/2025:20:55:36", Clock.CLF, 1760129736),
        ("2025-10-10T20:55:36Z", Clock.ISO, 1760129736),
        ("2025-10-10T13:55:36-07:00", Clock.ISO, 1760129736),
        ("2025-10-10T13:55:36-0700", Clock.ISO, 1760129736),
        ("[2025-10-10T20:55:36.123456789Z]", Clock.ISO, 1760129736),
        ("2025-10-10 20:55:36,5+00:00", Clock.ISO, 1760129736),
        ("1760129736", Clock.EPOCH, 1760129736),
        ("1760129736.999", Clock.EPOCH, 1760129736),
        ("1760129736123", Clock.EPOCH, 1760129736),
        ("1760129736123456", Clock.EPOCH, 1760129736),
        ("1760129736123456789", Clock.EPOCH, 1760129736),
        ("2025-02-30T20:55:36Z", Clock.ISO, None),
        ("2025-10-10T20:55:36", Clock.ISO, None),
        ("2025-10-10T20:55:36+99:00", Clock.ISO, None),
        ("2025-13-10T20:55:36Z", Clock.ISO, None),
        ("jane", Clock.ISO, None),
        ("", Clock.ISO, None),
        ("-5", Clock.EPOCH, None),
        ("1e9", Clock.EPOCH, None),
        ("", Clock.EPOCH, None),
    ],
)
def test_times(text, clock, second):
    assert read(text, clock) == second


@given(st.datetimes(datetime.datetime(1970, 1, 2), datetime.datetime(2900, 1, 1)), st.integers(-14 * 4, 14 * 4))
def test_iso_times_are_what_they_say(time, quarters):
    zone = datetime.timezone(datetime.timedelta(minutes=15 * quarters))
    written = time.replace(tzinfo=zone, microsecond=0)
    expected = int(written.timestamp())
    assert read(written.isoformat(), Clock.ISO) == expected
    assert read(written.isoformat(timespec="milliseconds"), Clock.ISO) == expected


@given(st.text(max_size=30), st.sampled_from(Clock))
def test_anything_else_is_no_error(text, clock):
    read(text, clock)
