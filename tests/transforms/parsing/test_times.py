"""Times are read as servers write them, and text that is not a valid time is never read as one."""

from __future__ import annotations

import datetime
import re

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.formats import Clock
from transforms.parsing.times import read_times


def read(text: str, clock: Clock, zone: str = "+0000", log_time_zone: str = "UTC") -> int | None:
    found = read_times(pa.array([text, text]), pa.array([zone or ""] * 2), clock, log_time_zone)
    assert found.seconds[0] == found.seconds[1]
    return int(found.seconds[0]) if found.valid.all() else None


@pytest.mark.parametrize(
    ("text", "clock", "second"),
    [
        ("10/Oct/2025:20:55:36", Clock.CLF, 1760129736),
        ("2025-10-10T20:55:36Z", Clock.ISO, 1760129736),
        ("2025-10-10T13:55:36-07:00", Clock.ISO, 1760129736),
        ("2025-10-10T13:55:36-0700", Clock.ISO, 1760129736),
        ("[2025-10-10T20:55:36.123456789Z]", Clock.ISO, 1760129736),
        ("2025-10-10 20:55:36,5+00:00", Clock.ISO, 1760129736),
        ("2025/10/10 20:55:36.123", Clock.ISO, 1760129736),
        ("1760129736", Clock.EPOCH, 1760129736),
        ("1760129736.999", Clock.EPOCH, 1760129736),
        ("1760129736123", Clock.EPOCH, 1760129736),
        ("1760129736123456", Clock.EPOCH, 1760129736),
        ("1760129736123456789", Clock.EPOCH, 1760129736),
        ("2025-02-30T20:55:36Z", Clock.ISO, None),
        ("2025-10-10T20:55:36", Clock.ISO, 1760129736),
        ("2025-10-10T20:55:36.5x", Clock.ISO, None),
        ("2025-10-10T13:55:36 -07:00", Clock.ISO, 1760129736),
        ("2025-10-10 20:55:36 UTC", Clock.ISO, 1760129736),
        ("2025-10-10 22:55:36.123 +0200", Clock.ISO, 1760129736),
        ("2025-10-10T20:55:36+00", Clock.ISO, 1760129736),
        ("2025-10-10T13:55:36-07", Clock.ISO, 1760129736),
        ("2025-10-10T20:55:36 ", Clock.ISO, None),
        ("2025-10-10T20:55:36  UTC", Clock.ISO, None),
        ("2025-10-10T20:55:36 CET", Clock.ISO, None),
        ("2025-10-10T20:55:36+0", Clock.ISO, None),
        ("2025-10-10T20:55:36+99:00", Clock.ISO, None),
        ("2025-13-10T20:55:36Z", Clock.ISO, None),
        ("2025/10-10 20:55:36", Clock.ISO, None),
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


# 26 October 2025 in Berlin: clocks showed 02:00 to 02:59 twice, first in summer time. 30 March: 02:00 to 02:59 not at all.
@pytest.mark.parametrize(
    ("written", "first_in_utc", "twice"),
    [
        ("2025-07-01T12:00:00", "2025-07-01T10:00:00", False),
        ("2025-01-01T12:00:00", "2025-01-01T11:00:00", False),
        ("2025-10-26T01:59:59", "2025-10-25T23:59:59", False),
        ("2025-10-26T02:00:00", "2025-10-26T00:00:00", True),
        ("2025-10-26T02:59:59", "2025-10-26T00:59:59", True),
        ("2025-10-26T03:00:00", "2025-10-26T02:00:00", False),
        ("2025-03-30T02:30:00", "2025-03-30T01:30:00", False),
    ],
)
@pytest.mark.parametrize("clock", [Clock.ISO, Clock.CLF])
def test_times_without_zone_are_of_the_logs_zone(written, first_in_utc, twice, clock):
    expected = int(datetime.datetime.fromisoformat(first_in_utc + "+00:00").timestamp())
    text = written if clock is Clock.ISO else datetime.datetime.fromisoformat(written).strftime("%d/%b/%Y:%H:%M:%S")
    found = read_times(pa.array([text]), pa.array([""]), clock, "Europe/Berlin")
    assert (found.seconds.tolist(), found.valid.tolist(), found.ambiguous.tolist()) == ([expected], [True], [twice])
    # A zone that is written wins.
    utc = read(text + ("Z" if clock is Clock.ISO else ""), clock, log_time_zone="Europe/Berlin")
    assert utc == int(datetime.datetime.fromisoformat(written + "+00:00").timestamp())


@given(st.integers(0, 26), st.integers(0, 62), st.integers(0, 62), st.integers(0, 8), st.sampled_from("/:;09 -\x7fG"))
def test_clocks_of_any_bytes(hour, minute, second, at, other):
    clock = f"{hour:02}:{minute:02}:{second:02}"
    clock = clock[:at] + other + clock[at + 1 :] if at < 8 else clock
    match = re.fullmatch(r"([01][0-9]|2[0-3]):([0-5][0-9]):([0-5][0-9]|60)", clock)
    expected = match and int(match[1]) * 3_600 + int(match[2]) * 60 + min(int(match[3]), 59)
    assert read(f"1970-01-01T{clock}Z", Clock.ISO) == expected
    assert read(f"01/Jan/1970:{clock}", Clock.CLF) == expected
