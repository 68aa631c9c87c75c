"""Round trip: what each format's server writes about a request is read back as the same values."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.writers import HEADERS, WRITERS, Request, write
from transforms.formats import Format
from transforms.formats.registry import FORMATS, format_of
from transforms.formats.w3c import header_in
from transforms.parsing.detect import detect
from transforms.parsing.parse import parse_block

pytestmark = pytest.mark.usefixtures("each_kernel")

SITES = ("www.example.org", "shop.example.com")
# Some servers do not escape, or lose what they replace: for these only values that they can say.
UNESCAPED = {"envoy", "istio", "iis", "cloudfront", "squid", "google_storage"}
UNSITED = {"haproxy", "syslog:haproxy"}  # HAProxy's captured headers have no names
OTHERWISE_UNANSWERED = {"haproxy", "syslog:haproxy", "squid"}  # they write -1 and 000

LETTERS = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=20)
TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=20)
UNSPACED = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Z"]), max_size=20)


def requests(name: str) -> st.SearchStrategy[Request]:
    """Built once for a test: strategies that are made anew for each value take as long as reading what they give."""
    text, rest = (LETTERS, LETTERS) if name in UNESCAPED else (TEXT, UNSPACED)
    return st.builds(
        Request,
        site=st.sampled_from(SITES),
        host=st.ip_addresses().map(str),
        time=st.integers(946_684_800, 4_102_444_799),
        method=st.sampled_from(["GET", "POST", "PROPFIND"]),
        target=rest.map("/{}".format),
        protocol=st.sampled_from(["HTTP/1.0", "HTTP/1.1", "HTTP/2.0"]),
        status=st.integers(100, 599),
        size=st.integers(0, 10**15),
        referer=st.just("-") | text.map("https://www.example.com/{}".format),
        agent=st.just("-") | text,
    )


def read(name: str, log: bytes) -> tuple[Format, list[dict[str, object]]]:
    known = format_of(header_in(log) or name)
    parsed = parse_block(log, known)
    assert not parsed.rejects
    return known, parsed.entries.to_pylist()


def expected(request: Request, known: Format, name: str) -> dict[str, object]:
    row: dict[str, object] = {
        "remote_host": request.host,
        "request_time": request.time,
        "method": request.method,
        "target": request.target,
        "status": str(request.status),
        "bytes_sent": request.size,
    }
    row |= {column: value for column, value in (("referer", request.referer), ("user_agent", request.agent)) if known.has(column)}
    if name not in UNSITED and (known.has("site") or known.site_in_request):
        row["site"] = request.site
    return row


@pytest.mark.parametrize("examples", [20, pytest.param(100, marks=pytest.mark.long)])
@pytest.mark.parametrize("name", WRITERS)
def test_what_a_server_writes_is_read_back(name, examples):
    @given(st.lists(requests(name), min_size=1, max_size=5))
    @settings(max_examples=examples)
    def read_back(made):
        known, rows = read(name, write(name, made))
        wanted = [expected(request, known, name) for request in made]
        found = [{column: row[column] for column in wanted[0]} for row in rows]
        for row in found:
            if "site" in row:
                row["site"] = row["site"].removesuffix(":443")  # anonymize takes the port off
        assert sorted(map(repr, found)) == sorted(map(repr, wanted))

    read_back()


@pytest.mark.parametrize("name", sorted(set(WRITERS) - OTHERWISE_UNANSWERED))
def test_a_status_of_0_is_read(name):
    made = Request("www.example.org", "8.8.8.8", 1_772_532_000, "GET", "/socket", "HTTP/1.1", 0, 0, "-", "agent")
    _, rows = read(name, write(name, [made] * 2))
    assert [row["status"] for row in rows] == ["0", "0"]
    assert (row := rows[0])["target"] == "/socket"
    assert row["remote_host"] == "8.8.8.8"


@pytest.mark.parametrize("name", [name for name in WRITERS if name not in HEADERS])
def test_what_a_server_writes_is_recognised(name):
    @given(st.lists(requests(name), min_size=10, max_size=10))
    @settings(max_examples=8)
    def recognise(made):
        assert detect(write(name, made), FORMATS, complete=True).format == name

    recognise()


def test_each_format_has_a_writer():
    assert set(FORMATS) <= set(WRITERS)
