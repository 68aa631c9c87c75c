"""Parsing: lines are read as servers write them, and every line is accounted for."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.logs import CHROME, line
from transforms.formats.registry import FORMATS, format_of
from transforms.parsing.parse import parse_block, split_request

pytestmark = pytest.mark.usefixtures("each_kernel")

COMBINED = FORMATS["combined"]


def rows(block: bytes, name: str = "combined") -> list[dict[str, object]]:
    return parse_block(block, FORMATS[name]).entries.to_pylist()


def test_a_combined_line():
    log = line("203.0.113.9", request="GET /a?b=c HTTP/2.0", status=304, size="-", referer="https://example.org/x")
    (row,) = rows(log)
    assert row == {
        "site": None,
        "remote_host": "203.0.113.9",
        "request_time": 1772532000,
        "method": "GET",
        "target": "/a?b=c",
        "protocol": "HTTP/2.0",
        "forwarded_for": None,
        "status": "304",
        "bytes_sent": 0,
        "referer": "https://example.org/x",
        "user_agent": CHROME,
        "opted_out": False,
    }


@pytest.mark.parametrize(
    ("name", "head", "site"),
    [
        ("common", "", None),
        ("vhost_common", "www.example.org:443 ", "www.example.org:443"),
        ("site_common", "www.example.org ", "www.example.org"),
    ],
)
def test_the_common_family(name, head, site):
    log = f'{head}8.8.8.8 - frank [10/Oct/2025:13:55:36 -0700] "GET /x HTTP/1.0" 200 2326\n'.encode()
    (row,) = rows(log, name)
    assert (row["site"], row["remote_host"], row["target"], row["bytes_sent"]) == (site, "8.8.8.8", "/x", 2326)
    assert row["request_time"] == 1760129736
    assert row["user_agent"] is None
    assert row["referer"] is None


ODD = {
    "escaped quotes in the agent": (line(agent=r"a \"quoted\" agent"), {"user_agent": 'a "quoted" agent'}),
    "hex escapes": (line(agent=r"a \x22quoted\x22 agent"), {"user_agent": 'a "quoted" agent'}),
    "a backslash": (line(referer=r"http://x.example/a\\b"), {"referer": r"http://x.example/a\b"}),
    "TLS bytes": (line(request=r"\x16\x03\x01\x02", status=400), {"method": "", "status": "400"}),
    "no request": (line(request="-", status=408), {"method": "", "target": ""}),
    "an empty request": (line(request="", status=408), {"method": "", "target": ""}),
    "no protocol": (line(request="GET /old"), {"method": "GET", "target": "/old"}),
    "a target with spaces": (line(request="GET /a b c HTTP/1.1"), {"target": "/a b c"}),
    "an absolute target": (line(request="GET http://www.example.org/a?b HTTP/1.1"), {"target": "/a?b"}),
    "an IPv6 address": (line("2a00:1450:4001:82b::200e"), {"remote_host": "2a00:1450:4001:82b::200e"}),
    "a host name": (line("dialup-7.provider.example"), {"remote_host": "dialup-7.provider.example"}),
    "a user name with spaces": (line(user="Jane van Doe"), {"remote_host": "8.8.8.8", "status": "200"}),
    "bare quotes in the referrer": (line(referer='http://x.example/"a"'), {"referer": 'http://x.example/"a"'}),
    "bytes that are not UTF-8": (line(agent="caf\xe9").decode().encode("latin-1"), {"user_agent": "caf�"}),
    "no status": (line(status="-"), {"status": "(unknown)"}),
    "a carriage return": (line().replace(b"\n", b"\r\n"), {"user_agent": CHROME}),
    "no final newline": (line().rstrip(b"\n"), {"user_agent": CHROME}),
    "a byte order mark": (b"\xef\xbb\xbf" + line(), {"remote_host": "8.8.8.8"}),
    "a leap second": (line(time="30/Jun/2012:23:59:60 +0000"), {"request_time": 1341100799}),
}


@pytest.mark.parametrize("case", ODD)
def test_odd_lines_are_read_exactly(case):
    log, expected = ODD[case]
    (row,) = rows(log)
    assert {name: row[name] for name in expected} == expected


@pytest.mark.parametrize("case", ODD)
def test_an_odd_line_spoils_no_other(case):
    log, _ = ODD[case]
    if not log.endswith(b"\n"):
        log += b"\n"
    around = [row["remote_host"] for row in rows(line("1.1.1.1") + log.removeprefix(b"\xef\xbb\xbf") + line("9.9.9.9"))]
    assert sorted(around)[0] == "1.1.1.1"
    assert len(around) == 3
    assert "9.9.9.9" in around


def test_lines_that_are_no_entries_are_accounted_for_by_position_and_reason():
    good = line()
    block = good + b"\n" + b"# a comment\n" + b"garbage\n" + line(time="31/Feb/2026:10:00:00 +0000") + good
    parsed = parse_block(block, COMBINED, offset=1000)
    assert parsed.lines == 6
    assert parsed.entries.num_rows == 2
    assert parsed.ignored == {"blank": 1, "comment": 1}
    at = 1000 + len(good) + 1 + len(b"# a comment\n")
    assert [(reject.offset, reject.reason) for reject in parsed.rejects] == [(at, "fields"), (at + 8, "time")]


@pytest.mark.parametrize(
    "time",
    [
        "00/Mar/2026:10:00:00 +0000",
        "29/Feb/2026:10:00:00 +0000",
        "03/Mar/2026:24:00:00 +0000",
        "03/Mar/2026:10:60:00 +0000",
        "03/Mar/2026:10:00:61 +0000",
        "03/Foo/2026:10:00:00 +0000",
        "03/Mar/2026:10:00:00 +0090",
        "03/Mar/2026:1x:00:00 +0000",
    ],
)
def test_times_that_do_not_exist_are_rejected(time):
    parsed = parse_block(line(time=time) + line(), COMBINED)
    assert parsed.entries.num_rows == 1
    assert [reject.reason for reject in parsed.rejects] == ["time"]


def test_a_line_of_more_than_a_mebibyte_is_rejected_and_its_neighbours_are_not():
    parsed = parse_block(line() + line(request="GET /" + "x" * (1 << 20)) + line(), COMBINED)
    assert parsed.entries.num_rows == 2
    assert [(reject.offset, reject.reason) for reject in parsed.rejects] == [(len(line()), "too_long")]


def test_nul_bytes_and_binary_garbage():
    garbage = bytes(range(256)) * 3
    parsed = parse_block(garbage + b"\n" + line() + b"\x00\x00\n", COMBINED)
    assert parsed.entries.num_rows == 1
    assert len(parsed.rejects) == parsed.lines - 1


@given(st.lists(st.one_of(st.binary(max_size=80), st.sampled_from([case[0] for case in ODD.values()])), max_size=8))
@settings(max_examples=200)
def test_every_line_of_anything_is_accounted_for(parts):
    block = b"\n".join(parts)
    parsed = parse_block(block, COMBINED)
    lines = block.count(b"\n") + (not block.endswith(b"\n") and bool(block))
    assert parsed.entries.num_rows + sum(parsed.ignored.values()) + len(parsed.rejects) == parsed.lines == lines


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=30)


def escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


@given(st.lists(st.tuples(TEXT, TEXT, TEXT), min_size=1, max_size=5))
@settings(max_examples=200)
def test_what_a_server_writes_is_what_is_read(values):
    log = b"".join(line(request=escaped(a), referer=escaped(b), agent=escaped(c)) for a, b, c in values)
    entries = rows(log)
    read = sorted((row["method"], row["target"], row["protocol"], row["referer"], row["user_agent"]) for row in entries)
    assert read == sorted((*split_request(a), b, c) for a, b, c in values)


def test_a_line_that_is_nothing_but_a_syslog_prefix_at_the_end_of_a_block():
    block = "Mar  3 10:00:00 web nginx: \u00e9\nMar  3 10:00:00 web nginx: ".encode()
    parsed = parse_block(block, format_of("syslog:combined"))
    assert (parsed.lines, len(parsed.rejects), parsed.ignored) == (2, 1, {"blank": 1})


def test_quotes_that_could_be_read_in_very_many_ways_are_read_in_one():
    """A client chooses its agent: no line may take more time than lines take. Read in all ways, this one would take years."""
    fields = ['"1772532000250000"', '"192.0.2.1"', *['"1"'] * 9, *['"a","b"'] * 60, '"c"x']
    parsed = parse_block(",".join(fields).encode(), FORMATS["google_storage"])
    assert [reject.reason for reject in parsed.rejects] == ["fields"]


@pytest.mark.parametrize(("words", "reasons"), [(10, []), (2_000, ["fields"])])
def test_quotes_that_a_server_did_not_escape_are_read_in_short_lines_only(words, reasons):
    block = line(referer='x" y' + " y" * words)
    parsed = parse_block(block, FORMATS["combined"])
    assert [reject.reason for reject in parsed.rejects] == reasons
    assert parse_block(block.replace(b'x"', b'x\\"'), FORMATS["combined"]).rejects == ()


def test_requests_in_parts_are_joined_however_many_different_parts_there_are():
    """60,000 methods, paths, queries and protocols: more combinations than a 64-bit number tells apart."""
    words = ["".join(chr(65 + n // 26**place % 26) for place in range(4)) for n in range(60_000)]
    protocols = [*(f"HTTP/{word}" for word in words[:-1]), "HTTP/1.1"]
    keys = "json:remote_host=h,time=t,method=m,target=p,query=q,protocol=v"
    block = "".join(
        f'{{"h":"8.8.8.8","t":"2026-03-03T10:00:00Z","m":"{word}","p":"/{word}","q":"{word}","v":"{protocol}"}}\n'
        for word, protocol in zip(words, protocols, strict=True)
    )
    parsed = parse_block(block.encode(), format_of(keys))
    entries = [tuple(entry.values()) for entry in parsed.entries.select(["method", "target", "protocol"]).to_pylist()]
    assert entries[:-1] == [(word, f"/{word}?{word}", "") for word in words[:-1]]
    assert entries[-1] == (words[-1], f"/{words[-1]}?{words[-1]}", "HTTP/1.1")


@pytest.mark.parametrize(
    ("status", "is_read_as"),
    [
        ("200", "200"),
        (200, "200"),
        (0, "0"),
        ("-1", "-1"),
        ("jane.doe@example.org", "(unknown)"),
        ("200 OK", "(unknown)"),
        ("2000", "(unknown)"),
        ("", "(unknown)"),
        ("²", "(unknown)"),
    ],
)
def test_a_status_is_a_number_or_unknown(status, is_read_as):
    row = {"remote_addr": "8.8.8.8", "time": "2026-03-03T10:00:00Z", "request": "GET / HTTP/1.1", "status": status}
    for lines in (1, 100):  # alone, and together
        parsed = parse_block((json.dumps(row) + "\n").encode() * lines, FORMATS["nginx_json"])
        assert parsed.entries["status"].to_pylist() == [is_read_as] * lines


@pytest.mark.parametrize(
    ("parts", "is_read_as"),
    [
        ({"verb": "GET", "request": "/a?b=1"}, ("GET", "/a?b=1", "")),  # as Logstash's patterns call it
        ({"verb": "GET", "request": "https://www.example.org/a"}, ("GET", "/a", "")),
        ({"method": "get", "path": "/a", "protocol": "http/1.1"}, ("GET", "/a", "HTTP/1.1")),
        ({"method": "GET", "path": "/a", "protocol": "https"}, ("GET", "/a", "")),
        ({"method": "GET", "path": "/a", "proto": "h2"}, ("GET", "/a", "")),
        ({"request": "GET /a HTTP/1.1"}, ("GET", "/a", "HTTP/1.1")),
        ({"method": "GET", "request": "POST /b HTTP/1.1"}, ("POST", "/b", "HTTP/1.1")),
        ({"request": "/a"}, ("", "", "")),
    ],
)
def test_json_may_call_parts_of_a_request_by_various_names(parts, is_read_as):
    row = {"remote_addr": "8.8.8.8", "time": 0.003, "@timestamp": "2026-03-03T10:00:00Z", "status": 200, **parts}
    for lines in (1, 100):
        parsed = parse_block((json.dumps(row) + "\n").encode() * lines, FORMATS["nginx_json"])
        assert [tuple(each.values()) for each in parsed.entries.select(["method", "target", "protocol"]).to_pylist()] == [
            is_read_as
        ] * lines


@pytest.mark.parametrize(
    ("logged", "in_text", "in_json"),
    [
        ("999999999999999999", 999_999_999_999_999_999, 999_999_999_999_999_999),
        ("1000000000000000000", "fields", 999_999_999_999_999_999),
        ("9223372036854775808", "fields", 999_999_999_999_999_999),
        ("18446744073709551617", "fields", 999_999_999_999_999_999),
        ("-5", "fields", 0),
        ("1.5", "fields", 1),
        ("1e300", "fields", 0),
    ],
)
def test_a_number_of_bytes_has_up_to_18_digits_and_no_sign(logged, in_text, in_json):
    text = parse_block(line(size=logged), format_of("combined"))
    found = text.entries["bytes_sent"].to_pylist() or [reject.reason for reject in text.rejects]
    assert found == [in_text]
    row = f'{{"ip":"20.0.1.7","t":"2026-03-03T10:00:00Z","r":"GET / HTTP/1.1","s":200,"b":{logged}}}\n'.encode()
    parsed = parse_block(row, format_of("json:remote_host=ip,time=t,request=r,status=s,bytes_sent=b"))
    assert parsed.entries["bytes_sent"].to_pylist() == [in_json]
