"""Offsets from UTC are read from lines of each kind of format; lines that state none say nothing."""

from __future__ import annotations

import pytest

from tests.logs import line
from transforms.formats.registry import format_of
from transforms.parsing.offsets import stated_offsets

TEN = 1_772_532_000  # 2026-03-03 10:00:00 UTC
COMBINED = line(time="03/Mar/2026:11:00:00 +0100")
JSON = b'{"remote_addr": "192.0.2.7", "request": "GET / HTTP/1.1", "status": 200, "time": "%s"}'
KEYS = "json:remote_host=remote_addr,request=request,status=status,time=time"


@pytest.mark.parametrize(
    ("log_format", "text", "offset"),
    [
        ("combined", COMBINED, 3_600),
        ("combined", COMBINED.replace(b"11:00:00 +0100", b"05:30:00 -0430"), -16_200),
        ("combined", line(time="03/Mar/2026:11:00:00 +0100", request='GET /\\"a HTTP/1.1'), 3_600),
        ("syslog:combined", b"Mar  3 11:00:00 web nginx: " + COMBINED, 3_600),
        (KEYS, JSON % b"2026-03-03T11:00:00+01:00", 3_600),
        (KEYS, JSON % b"2026-03-03T10:00:00.123Z", 0),
        (KEYS, JSON % b"03/Mar/2026:11:00:00 +0100", 3_600),
        (KEYS, JSON % b"1772532000.5", None),
        (KEYS, JSON % b"2026-03-03 10:00:00", None),
        ("combined", COMBINED.replace(b"+0100", b"+9900"), None),
        ("combined", COMBINED.replace(b"Mar", b"Foo"), None),
        ("combined", b"no line of it\n", None),
    ],
)
def test_what_a_line_states(log_format, text, offset):
    seconds, offsets = stated_offsets([text, text], format_of(log_format))
    assert seconds.tolist() == ([] if offset is None else [TEN, TEN])
    assert offsets.tolist() == ([] if offset is None else [offset, offset])


def test_lines_of_several_clocks_are_read_each_by_its_own():
    lines = [JSON % b"2026-03-03T11:00:00+01:00", JSON % b"1772532000", JSON % b"03/Mar/2026:08:00:00 -0200"]
    assert sorted(stated_offsets(lines, format_of(KEYS))[1].tolist()) == [-7_200, 3_600]


def test_no_line_says_nothing():
    assert [column.tolist() for column in stated_offsets([], format_of("combined"))] == [[], []]
