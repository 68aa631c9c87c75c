"""Corrupted golden logs: what a line becomes does not depend on where its block is cut."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.transforms.parsing.agreement import check
from tests.writers import HEADERS, Request, write
from transforms.formats import DOCKER, SYSLOG
from transforms.formats.registry import FORMATS, format_of
from transforms.formats.w3c import header_in
from transforms.parsing.parse import parse_block

GOLDEN = Path(__file__).parents[1] / "formats" / "golden"
NAMES = [*FORMATS, *HEADERS, SYSLOG + "haproxy", SYSLOG + "combined", SYSLOG + "nginx_json"]
NAMES += [DOCKER + "combined_forwarded", DOCKER + "caddy"]


def golden_lines(name: str) -> list[bytes]:
    """Lines of the format's golden logs, or of any that begins alike."""
    folders = [GOLDEN / name.replace(":", "_"), GOLDEN / name.removeprefix(SYSLOG), GOLDEN / "combined"]
    folder = next(folder for folder in folders if folder.exists())
    return (folder / "input.log").read_bytes().split(b"\n")


BYTES = st.sampled_from(
    [b'"', b"\\", b" ", b"\t", b",", b"\r", b"\0", b"-", b"{", b"}", b"[", b"]", b"\xff", b"\xc3\xa9", b"7", b""]
)


@st.composite
def spoiled(draw, lines):
    """A few of the lines, some with bytes put in or cut out anywhere."""
    block = b""
    for line in draw(st.lists(st.sampled_from(lines), min_size=1, max_size=8)):
        if draw(st.booleans()):
            at, end = sorted((draw(st.integers(0, len(line))), draw(st.integers(0, len(line)))))
            line = line[:at] + draw(BYTES) + (line[end:] if draw(st.booleans()) else line[at:])
        block += line + b"\n"
    return block if draw(st.booleans()) else block[:-1]


@pytest.mark.parametrize("examples", [8, pytest.param(60, marks=pytest.mark.long)])
@pytest.mark.parametrize("name", NAMES)
def test_where_a_block_is_cut_changes_nothing(name, examples):
    lines = golden_lines(name)
    declared = header_in(b"\n".join(lines))
    lines = [line for line in lines if not line.startswith(b"#Fields")]

    @given(spoiled(lines))
    @settings(max_examples=examples)  # `make fuzz` makes many more
    def cut_anywhere(block):
        check(block, format_of(declared or name))

    cut_anywhere()


@pytest.mark.parametrize("name", NAMES)
@given(data=st.binary(max_size=200))
@settings(max_examples=20)
def test_binary_garbage_is_no_error(name, data):
    known = format_of(header_in(HEADERS[name].encode()) or "") if name in HEADERS else format_of(name)
    check(data, known)


@pytest.mark.parametrize("name", ["combined", "nginx_json", "haproxy"])
def test_a_prefix_and_nothing_else(name):
    prefix = b"<134>2026-03-03T10:00:00Z cache weblogs[340276]: "
    check(prefix + b"\n" + prefix, format_of(SYSLOG + name))


OWN = {
    '"%{Referer}i %{User-Agent}i %{Host}i" %h %t "%r"': b'"- A a.example" 8.8.8.8 [10/Oct/2025:13:55:36 -0700] "GET / HTTP/1.1"',
    "$remote_addr  $uri$is_args$args $http_user_agent [$time_local]": b"8.8.8.8  /a?b=c A b [10/Oct/2025:13:55:36 -0700]",
    "%h %t %m %U%q %>s %{User-Agent}i": b"8.8.8.8 [10/Oct/2025:13:55:36 -0700] GET /a?b 200 A b",
    "$msec|$host|$remote_addr|$request_method|$request_uri|$http_user_agent": b"1760129736.1|a.example|8.8.8.8|GET|/a|A b",
}
ODD = [b"\v", b"\f", b"\t", b"\r", b"\0", b"\xff", b"\xc3\xa9", b"\xef\xbb\xbf", b"#", b"\\", b"\\x22", b'"']


@pytest.mark.parametrize("notation", OWN)
@pytest.mark.parametrize("odd", ODD)
def test_what_stands_in_other_lines_does_not_decide_how_a_line_is_read(notation, odd):
    line = OWN[notation]
    spoiled = [line[:at] + odd + line[at:] for at in range(len(line) + 1)]
    check(b"\n".join([*spoiled, line, line + b"\xff", line + b"\\", line + b"\0"]), format_of(notation))


ADDRESSES = [
    b"192.0.2.7:443",
    b"[2001:db8::1]:443",
    b"2001:db8::1:443",
    b"-",
    b"192.0.2.7:65535",
    b"unix:1",
    b"[fe80::1%eth0]:80",
]
ODD_ADDRESSES = [
    b"192.0.2.7:123456",
    b"192.0.2.7",
    b":80",
    b"[]:80",
    b"]:80",
    b"[:80",
    b"[:]:80",
    b"[[x]]:80",
    b"a]:80",
    b"443",
    b":",
    b"::1",
]


@pytest.mark.parametrize("name", ["aws_alb", "aws_elb"])
def test_an_address_with_a_port_is_cut_as_it_is_read_alone(name):
    request = Request("www.example.org", "192.0.2.9", 1_772_497_093, "GET", "/", "HTTP/1.1", 200, 5, "-", "a b")
    line, written = write(name, [request]), f"192.0.2.9:{request.port}".encode()
    assert line.count(written) == 1
    block = b"".join(line.replace(written, host) for host in ADDRESSES + ODD_ADDRESSES)
    check(block, FORMATS[name])
    read = parse_block(block, FORMATS[name]).entries["remote_host"].to_pylist()
    assert read[: len(ADDRESSES)] == ["192.0.2.7", "2001:db8::1", "2001:db8::1", "-", "192.0.2.7", "unix", "fe80::1%eth0"]


@pytest.mark.parametrize("name", NAMES)
def test_a_line_behind_separators_is_read_as_it_is_alone(name):
    lines = golden_lines(name)
    known = format_of(header_in(b"\n".join(lines)) or name)
    lines = [line for line in lines if line and not line.startswith(b"#")]
    check(b"".join(known.separator.encode() * (1 + number % 3) + line + b"\n" for number, line in enumerate(lines)), known)
