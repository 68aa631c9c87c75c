"""Format detection from the first lines of a log."""

from __future__ import annotations

import pytest

from tests.logs import line
from tests.writers import Request, write
from transforms.formats.registry import FORMATS, format_of
from transforms.parsing.detect import as_in, detect
from transforms.parsing.parse import parse_block

COMMON = b'8.8.8.8 - frank [10/Oct/2025:13:55:36 -0700] "GET /x HTTP/1.0" 200 2326\n'
SAMPLES = {
    "combined": line(),
    "common": COMMON,
    "vhost_combined": b"www.example.org:443 " + line(),
    "vhost_common": b"www.example.org:443 " + COMMON,
    "site_combined": b"www.example.org " + line(),
    "site_common": b"www.example.org " + COMMON,
}


@pytest.mark.parametrize("name", SAMPLES)
def test_each_format_is_recognised(name):
    found = detect(SAMPLES[name] * 3, FORMATS, complete=True)
    assert found.format == name
    assert found.confidence == 1.0


@pytest.mark.parametrize("name", SAMPLES)
def test_comments_blank_lines_and_some_junk_do_not_hide_it(name):
    sample = b"# comment\n\n" + SAMPLES[name] * 6 + b"junk\n" * 5
    found = detect(sample + b"8.8.8.8 - - [10/Oct/2025:13:5", FORMATS)
    assert (found.format, found.lines) == (name, 11)


@pytest.mark.parametrize("sample", [b"", b"\n", b"junk\n" * 10, bytes(1000), line() + b"www.example.org:80 " + line()])
def test_without_a_clear_winner_there_is_none(sample):
    assert detect(sample, FORMATS, complete=True).format is None


def test_a_user_name_with_a_space_does_not_make_it_another_format():
    assert detect(line() * 5 + line(user="Jane Doe"), FORMATS, complete=True).format == "combined"


def test_a_site_or_a_name_of_two_words_is_no_address_behind_another():
    line = '20.1.3.%d %s - - [03/Mar/2026:10:00:00 +0000] "GET /a HTTP/1.1" 200 5 "-" "agent"\n'
    with_site = "".join(line % (n, "www.example.org") for n in range(100)).encode()
    assert detect(with_site, FORMATS, complete=True).format is None
    named = "".join(line.replace(" - -", "", 1) % (n, "- jane doe") for n in range(100)).encode()
    assert detect(named, FORMATS, complete=True).format != "forwarded_combined"


def test_headers_that_the_first_lines_lack_are_no_reason_to_drop_a_column():
    head = write("traefik_json", [Request("a.example", "8.8.8.8", 1_772_497_093, "GET", "/", "HTTP/1.1", 200, 5, "-", "a")] * 20)
    kept = format_of(as_in("traefik_json", head.splitlines()))
    assert all(map(kept.has, ("dnt", "gpc", "forwarded_for", "referer", "user_agent")))
    line = b'{"remote_addr":"8.8.8.8","time":"2026-03-03T10:00:00Z","request":"GET / HTTP/1.1"}'
    assert not format_of(as_in("nginx_json", [line])).has("dnt")  # nginx writes the same keys always


def test_where_no_format_wins_the_nearest_is_told_with_what_is_around_it():
    stamp = b"<134>Mar  3 10:00:00 web1 "
    log = b"".join(stamp + b"nginx: " + line() for _ in range(40)) + (stamp + b"sshd[7]: session opened\n") * 60
    found = detect(log, FORMATS, complete=True)
    assert found.format is None
    assert dict(found.ranked())["syslog:combined"] == 40


JSON = '{"remote_addr":"8.8.8.8","time":"%s","request":"GET / HTTP/1.1","status":200}\n'
UTC_TIMES = ("2026-03-03 08:00:00 UTC", "2026-03-03 08:00:00 +0000", "2026-03-03T08:00:00+00", "2026-03-03T10:00:00 +02:00")
NO_TIMES = ("2026-03-03 08:00:00 CET", "2026-03-03 08:00", "2026-13-03T08:00:00Z", "2026-03-03T08:00:00+0", "123456789x", "0.012")


@pytest.mark.parametrize("wrapped", ["", "Mar  3 10:00:00 web1 nginx: "])
@pytest.mark.parametrize("time", [*UTC_TIMES, *NO_TIMES])
def test_detection_takes_the_times_that_the_reader_reads_and_no_others(time, wrapped):
    log = (wrapped + JSON % time).encode() * 10
    found = detect(log, FORMATS, complete=True)
    if time in NO_TIMES:
        assert found.format is None
        return
    parsed = parse_block(log, format_of(found.format))
    assert parsed.entries["request_time"].to_pylist() == [1_772_524_800] * 10


@pytest.mark.parametrize("time", ["31/Feb/2026:10:00:00 +0000", "03/Mar/2026:25:00:00 +0000", "03/Mar/2026:10:00:00 +9900"])
@pytest.mark.parametrize("site", [b"", b"www.example.org "])
def test_a_log_whose_times_are_of_no_calendar_has_no_format(time, site):
    found = detect((site + line(time=time)) * 10, FORMATS, complete=True)
    assert (found.format, max(found.reads.values())) == (None, 10)
    assert detect((site + line()) * 10 + (site + line(time=time)) * 5, FORMATS, complete=True).format is not None


def test_the_times_of_a_log_with_a_header_are_looked_at_as_well():
    log = b"#Fields: date time c-ip cs-method cs-uri-stem\n" + b"03.03.2026 08:00:00 8.8.8.8 GET /\n" * 10
    assert detect(log, FORMATS, complete=True).format is None
