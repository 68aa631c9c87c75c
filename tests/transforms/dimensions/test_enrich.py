"""Enrichment of single lines: kind, channel and traffic."""

from __future__ import annotations

import pytest

from tests.catalogues import TRAVELLING
from tests.logs import CHROME, line
from transforms.dimensions.country import CountryLookup
from transforms.dimensions.dimension import Scope
from transforms.dimensions.enrich import enrich
from transforms.dimensions.lookups import Lookups
from transforms.formats.registry import FORMATS
from transforms.masking.anonymize import anonymize
from transforms.parsing.parse import parse_block
from transforms.period import Window


def enriched(*lines, name="combined", site="www.example.org"):
    entries = parse_block(b"".join(lines), FORMATS[name]).entries
    masked = anonymize(entries, bytes(32), Window(end=1_000_000), site)
    return enrich(masked.visitors, masked.hits, TRAVELLING, Lookups(CountryLookup.open()))


def hit(*lines, **options):
    _, hits = enriched(*lines, **options)
    (row,) = hits.to_pylist()
    return row


@pytest.mark.parametrize(
    ("request_line", "status", "kind"),
    [
        ("GET / HTTP/1.1", 200, "page"),
        ("POST /form HTTP/1.1", 200, "other"),
        ("GET /a.php?x=1 HTTP/1.1", 304, "page"),
        ("GET /v1.2 HTTP/1.1", 200, "page"),
        ("HEAD / HTTP/1.1", 200, "other"),
        ("PUT /a HTTP/1.1", 201, "other"),
        ("GET /a HTTP/1.1", "-", "other"),
        ("GET /a.unknown HTTP/1.1", 200, "other"),
        ("GET /a.css HTTP/1.1", 200, "static"),
        ("GET /a.JPG?x HTTP/1.1", 304, "static"),
        ("GET /a.pdf HTTP/1.1", 206, "download"),
        ("GET /a.css HTTP/1.1", 301, "redirect"),
        ("GET /a.css HTTP/1.1", 404, "not_found"),
        ("GET /gone HTTP/1.1", 410, "error"),
        ("GET /a.pdf HTTP/1.1", 403, "error"),
        ("GET / HTTP/1.1", 500, "error"),
        ("-", 404, "invalid"),
        (r"\x16\x03\x01", 400, "invalid"),
        ("CONNECT example.org:443 HTTP/1.1", 405, "invalid"),
        ("OPTIONS * HTTP/1.1", 200, "invalid"),
        ("GET * HTTP/1.1", 404, "invalid"),
        ("OPTIONS / HTTP/1.1", 200, "other"),
    ],
)
def test_the_first_matching_kind_is_taken(request_line, status, kind):
    row = hit(line(request=request_line, status=status))
    assert row["kind"] == kind
    for dimension, value in (("path", "(none)"), ("method", "(unknown)"), ("protocol", "(unknown)")):
        assert (row[dimension] == value) == (kind == "invalid")


@pytest.mark.parametrize(
    ("target", "section"),
    [
        ("/", "/"),
        ("/x", "/"),
        ("/x?a=/b/", "/"),
        ("/blog/", "/blog/"),
        ("/blog/2026/x.css", "/blog/"),
        ("//x", "//"),
        ("/jane@example.org/x", "/:email/"),
        ("*", "/"),
    ],
)
def test_a_section_is_what_a_published_path_begins_with(target, section):
    row = hit(line(request=f"GET {target} HTTP/1.1"))
    assert row["section"] == section
    assert row["path"].startswith(section) or row["path"] == "(none)"


@pytest.mark.parametrize(("hour", "part"), [("00", "00-05"), ("05", "00-05"), ("06", "06-11"), ("17", "12-17"), ("23", "18-23")])
def test_an_hour_determines_the_part_of_the_day(hour, part):
    row = hit(line(time=f"03/Mar/2026:{hour}:59:59 +0000"))
    assert (row["hour"], row["day_part"]) == (hour, part)


@pytest.mark.parametrize(
    ("referer", "channel", "source"),
    [
        ("-", "direct", "(none)"),
        ("https://blog.example.org/x", "internal", "(none)"),
        ("https://www.google.com/", "search", "google.com"),
        ("https://example.com/", "referral", "example.com"),
        ("http://192.0.2.1/", "referral", "(unknown)"),
    ],
)
def test_channels(referer, channel, source):
    row = hit(line(referer=referer))
    assert (row["channel"], row["source"]) == (channel, source)


def test_without_a_site_no_referrer_is_internal():
    row = hit(line(referer="https://www.example.org/"), site=None)
    assert (row["site"], row["channel"], row["source"]) == ("(unknown)", "referral", "example.org")


def test_a_log_without_agent_and_referrer():
    visitors, hits = enriched(b'8.8.8.8 - - [03/Mar/2026:10:00:00 +0000] "GET / HTTP/1.0" 200 5\n', name="common")
    (visitor,) = visitors.to_pylist()
    assert (visitor["traffic"], visitor["device"], visitor["bot_kind"], visitor["country"]) == (
        "unknown",
        "(unknown)",
        "(none)",
        "US",
    )
    assert hits["channel"].to_pylist() == hits["source"].to_pylist() == ["(unknown)"]


def test_the_schemas_hold_keys_dimensions_and_measures_only():
    visitors, hits = enriched(line(agent=CHROME))
    names = {scope: {each.name for each in TRAVELLING if each.scope is scope} for scope in Scope}
    assert set(visitors.column_names) == {"date", "network_key", "address_key", "visitor_key", *names[Scope.VISITOR]}
    assert set(hits.column_names) == {"visitor", "second", "bytes_sent", *names[Scope.HIT]}
    assert not any(field.nullable for field in (*visitors.schema, *hits.schema))
    assert CHROME not in repr(visitors.to_pylist()) + repr(hits.to_pylist())


def test_no_hits():
    visitors, hits = enriched(b"")
    assert visitors.num_rows == hits.num_rows == 0
