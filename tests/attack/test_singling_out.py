"""A visitor who differs from a crowd in one field has no row of her own in any table. Without the gate she has one."""

from __future__ import annotations

import contextlib
from functools import cache

import pytest

from tests.attack.mutations import K, Tables, exact_visitors, published, without_gate
from tests.catalogues import REPORTS
from tests.logs import FIREFOX, GOOGLEBOT, IPHONE, address, crowd, line

JANE = address(900)
ANDROID = "Mozilla/5.0 (Linux; Android 14; SM-X710) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"
BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36 Vivaldi/6.7"

# By dimension: what Jane does that nobody else does.
ALONE: dict[str, list[dict[str, object]]] = {
    "site": [{}],
    "traffic": [{"agent": GOOGLEBOT}],
    "day_part": [{"time": "03/Mar/2026:23:00:00 +0000"}],
    "hour": [{"time": "03/Mar/2026:11:00:00 +0000"}],
    "kind": [{"status": 301}],
    "status": [{"status": 206}],
    "section": [{"request": "GET /only/jane HTTP/1.1"}],
    "path": [{"request": "GET /only-jane HTTP/1.1"}],
    "path of a broken link": [{"request": "GET /only-jane HTTP/1.1", "status": 404}],
    "path of an error": [{"request": "GET /only-jane HTTP/1.1", "status": 500}],
    "path of a download": [{"request": "GET /only-jane.pdf HTTP/1.1"}],
    "file_type": [{"request": "GET /a.woff2 HTTP/1.1"}],
    "method": [{"request": "POST / HTTP/1.1"}],
    "protocol": [{"request": "GET / HTTP/3.0"}],
    "channel": [{"referer": "https://www.facebook.com/"}],
    "source": [{"referer": "https://only-jane.example.com/"}],
    "country": [{"host": "193.0.6.139"}],
    "network": [{"host": "20.200.7.7"}],
    "device": [{"agent": ANDROID}],
    "operating_system": [{"agent": FIREFOX}],
    "browser": [{"agent": BROWSER}],
    "bot_kind": [{"agent": "-"}],
    "bot": [{"agent": "Wget/1.21"}],
}


def days(field: str) -> tuple[bytes, bytes]:
    """A day with a crowd that fills every table, and the same with Jane."""
    links, downloads, styles = ({"request": f"GET /a{ending} HTTP/1.1"} for ending in ("", ".pdf", ".css"))
    common = crowd(40) + crowd(30, 100, request="GET /b HTTP/1.1") + crowd(20, 200, status=404, **links)
    common += crowd(20, 300, agent=IPHONE, **downloads) + crowd(20, 400, **styles) + crowd(20, 500, status=500, **links)
    if field.startswith("bot"):
        common += crowd(40, agent="curl/8.0")
    jane = b"".join(line(**{"host": JANE, **values}) for values in ALONE[field])
    site = "only-jane.example.org" if field == "site" else "www.example.org"
    return at_site("www.example.org", common), at_site("www.example.org", common) + at_site(site, jane)


def at_site(site: str, log: bytes) -> bytes:
    return b"".join(f"{site}:443 ".encode() + one for one in log.splitlines(keepends=True))


def tables(log: bytes, gated: bool) -> Tables:
    with contextlib.ExitStack() as rules:
        if not gated:
            rules.enter_context(without_gate())
            rules.enter_context(exact_visitors())
        return published(log, log_format="vhost_combined")


# Most fields have the same crowd.
of_crowd = cache(tables)


def test_every_dimension_is_tried():
    assert {field.partition(" ")[0] for field in ALONE} == {dimension.name for dimension in REPORTS.all_dimensions()}


@pytest.mark.parametrize("field", ALONE)
def test_one_visitor_is_not_singled_out_in_any_field(field):
    common, and_jane = days(field)
    without_jane, with_jane = of_crowd(common, True), tables(and_jane, True)
    for report, rows in with_jane.items():
        # No row that is not there without her, and none of fewer than k.
        assert {key for key in rows if "(other)" not in key} <= set(without_jane[report])
        assert min((number for row in rows.values() for number in row), default=K) >= K


@pytest.mark.parametrize("field", ALONE)
def test_without_the_gate_she_is(field):
    common, and_jane = days(field)
    without_jane, with_jane = of_crowd(common, False), tables(and_jane, False)
    own = [report.name for report in REPORTS if field.partition(" ")[0] in [own.name for own in report.own]]
    alone = [row for report in own for key, row in with_jane[report].items() if key not in without_jane[report]]
    assert alone
    assert {row[1] for row in alone} == {1}
