"""Suppression on small logs, computed by hand: what passes the gate, what stands as `(other)`, and who absorbs the rest."""

from __future__ import annotations

import pytest

from tests.catalogues import REPORTS
from tests.eager import pieces_of, release_log, rows_of
from tests.logs import CHROME, FIREFOX, GOOGLEBOT, IPHONE, crowd, line
from transforms.privacy.threshold.policy import Threshold

DAY = "2026-03-03"
SITE = "www.example.org"
BINGBOT = "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)"
CURL = "curl/8.0"


def tables(log, k=10):
    released = release_log(log, k=k)[DAY]
    return {name: rows_of(table, name) for name, table in released.tables.items()}


def hits(rows, report):
    """Hits by the report's own value."""
    return {key[-1]: measures[0] for key, measures in rows[report].items()}


def pages(log, k=10):
    return hits(tables(log, k), "pages")


def asking(path, **values):
    return {"request": f"GET {path} HTTP/1.1", **values}


def test_a_row_needs_k_addresses():
    assert not tables(crowd(9))["daily"]
    assert tables(crowd(10))["daily"]


def test_many_agents_of_one_address_do_not_fill_a_row():
    assert not tables(b"".join(line("20.1.1.1", agent=f"{CHROME} {number}") for number in range(50)))["daily"]


@pytest.mark.parametrize("agent", [CHROME, CURL, "-"])
def test_of_one_network_three_addresses_count(agent):
    network = b"".join(line(f"20.1.1.{last}", agent=agent) for last in range(1, 200))
    assert not tables(network + crowd(6, first=1000, agent=agent))["daily"]
    assert tables(network + crowd(7, first=1000, agent=agent))["daily"]


def test_of_one_network_of_crawlers_k_addresses_count():
    network = b"".join(line(f"20.1.1.{last}", agent=GOOGLEBOT) for last in range(1, 11))
    assert hits(tables(network), "daily") == {"crawler": 10}
    assert not tables(network[: network.rindex(b"20.1")])["daily"]


def test_all_local_addresses_are_one():
    local = b"".join(line(f"10.0.{a}.{b}") for a in range(9) for b in range(9))
    assert not tables(crowd(8) + local)["daily"]
    assert tables(crowd(9) + local)["daily"]


def test_failing_rows_that_pass_together_are_other():
    rare = b"".join(crowd(5, first=20 * number, **asking(f"/rare{number}")) for number in range(1, 4))
    assert pages(crowd(12) + rare) == {"/": 12, "(other)": 15}


def test_failing_rows_that_do_not_are_absorbed_by_the_largest():
    log = crowd(20) + crowd(11, first=50, **asking("/b")) + crowd(12, first=80, **asking("/c"))
    assert pages(log + crowd(2, first=120, **asking("/rare"))) == {"/": 22, "/b": 11, "/c": 12}


def test_the_largest_has_most_addresses_not_most_hits():
    log = crowd(11, **asking("/busy")) * 9 + crowd(12, first=50, **asking("/visited"))
    assert pages(log + crowd(1, first=120, **asking("/rare"))) == {"/busy": 99, "/visited": 13}


def test_ties_are_broken_by_value():
    log = crowd(20, **asking("/b")) + crowd(20, first=50, **asking("/a")) + crowd(11, first=80)
    assert pages(log + crowd(1, first=120, **asking("/z"))) == {"/": 11, "/a": 21, "/b": 20}


def test_without_a_passing_sibling_other_is_the_only_row():
    log = b"".join(crowd(4, first=10 * number, **asking(f"/{number}")) for number in range(4))
    assert pages(log) == {"(other)": 16}


def test_people_who_are_in_several_failing_rows_count_once():
    both = crowd(5, **asking("/a")) + crowd(5, **asking("/b"))
    # Five people on two rare pages are five, not ten.
    assert pages(crowd(20, first=100) + both) == {"/": 30}


def test_visitors_of_an_absorbing_row_count_once():
    # Of the three on the rare page two also saw the large one: 20 + 1 visitors, to the nearest ten.
    log = crowd(20) + crowd(3, first=19, **asking("/rare")) + crowd(40, first=200, **asking("/other"))
    assert tables(log)["pages"][SITE, "human", "page", "/", "/"] == (20, 20)
    assert tables(log)["pages"][SITE, "human", "page", "/", "/other"] == (43, 40)
    apart = crowd(24) + crowd(3, first=24, **asking("/rare")) + crowd(12, first=200, **asking("/other"))
    # 24 visitors, of whom one is also among the three: 26, which rounds up where 24 would not.
    assert tables(apart)["pages"][SITE, "human", "page", "/", "/"] == (27, 30)


def test_what_a_row_absorbed_goes_on_to_its_largest_child():
    # `page` absorbs three broken links. Its rare pages pass together, and the three are not among them.
    rare = crowd(5, 100, **asking("/r1")) + crowd(5, 110, **asking("/r2"))
    rows = tables(crowd(30) + rare + crowd(3, 200, status=404, **asking("/x/gone")))
    assert hits(rows, "kinds") == {"page": 43}
    assert hits(rows, "status_codes") == {"200": 43}
    assert hits(rows, "sections") == {"/": 43}
    assert hits(rows, "pages") == {"/": 33, "(other)": 10}
    assert not rows["not_found"]


def test_what_is_absorbed_at_several_levels_adds_up():
    # 3 of another kind, 2 of a rare section, 1 rare page: all come together in the largest page.
    log = crowd(30) + crowd(3, 200, status=404) + crowd(2, 300, **asking("/s/x")) + crowd(1, 400, **asking("/rare"))
    rows = tables(log)
    assert hits(rows, "kinds") == {"page": 36}
    assert hits(rows, "sections") == {"/": 36}
    assert hits(rows, "pages") == {"/": 36}
    assert rows["pages"][SITE, "human", "page", "/", "/"][1] == 36  # of 36 visitors none is missing


@pytest.mark.parametrize("shards", [1, 2, 50, 999])
def test_what_is_absorbed_counts_whatever_shard_it_is_in(shards):
    """Most shards have no page at all, and what they absorb into pages is in none of their cells."""
    log = crowd(11, **asking("/a")) + crowd(8, 100, **asking("/b")) + crowd(2, 200, **asking("/s.css"))
    released = release_log(log + crowd(10, 300, **asking("/d.zip")), k=5, shards=shards)[DAY]
    # Eleven and two are 13 visitors of the 31 of the day, to the nearest five.
    assert rows_of(released.tables["pages"], "pages")[SITE, "human", "page", "/", "/a"] == (13, 15)


def test_a_part_that_passes_does_not_reach_the_reports_below():
    # Sections /a/ and /b/ pass together as `(other)`; only the broken link goes on.
    sections = crowd(6, 100, **asking("/a/x")) + crowd(6, 110, **asking("/b/x"))
    rows = tables(crowd(30) + sections + crowd(1, 200, status=404))
    assert hits(rows, "sections") == {"/": 31, "(other)": 12}
    assert rows["pages"].keys() == {(SITE, "human", "page", "/", "/"), (SITE, "human", "page", "(other)", "(other)")}
    assert hits(rows, "pages") == {"/": 31, "(other)": 12}


@pytest.mark.parametrize("part", ["00", "06", "12"])
def test_of_two_values_that_could_be_other_both_would_be_known_to_exist(part):
    """Two parts of the day have enough people together, and are the only ones that are not named."""

    def at(hour, count, first):
        return crowd(count, first, time=f"03/Mar/2026:{hour}:00:00 +0000")

    few = [hour for hour in ("00", "06", "12", "18") if hour != part][:2]
    (other,) = {"00", "06", "12", "18"} - {part, *few}
    log = at(part, 30, 1) + at(other, 20, 100) + at(few[0], 6, 200) + at(few[1], 6, 300)
    assert sorted(hits(tables(log), "day_parts").values()) == [20, 42]
    # Of four hours that are not named nobody can tell which were there, even if clocks skip one. Of three he could.
    log = at("06", 30, 1) + at("07", 20, 100) + at("08", 6, 200) + at("09", 6, 300)
    assert hits(tables(log), "hourly") == {"06": 30, "07": 20, "(other)": 12}
    assert hits(tables(log + at("10", 15, 400)), "hourly") == {"06": 42, "07": 20, "10": 15}


def test_a_site_without_a_domain_has_no_internal_channel():
    """So of channels that are not named there is one less than the vocabulary has."""
    log = crowd(10) + crowd(10, 100, referer="https://www.google.com/") + crowd(10, 200, referer="https://blog.example.net/")
    log += crowd(6, 300, referer="https://www.facebook.com/") + crowd(6, 400, referer="https://chatgpt.com/")
    rows = {key[-1]: row[0] for key, row in tables_at(None, log)["channels"].items()}
    assert rows == {"direct": 22, "referral": 10, "search": 10}


def tables_at(site, log):
    released = release_log(log, k=10, site=site)[DAY]
    return {name: rows_of(table, name) for name, table in released.tables.items()}


def test_a_log_without_status_codes_has_no_kinds():
    """Else only four kinds could be, and `(other)` of two that are left would name both."""
    log = (
        crowd(12, status="-", **asking("/a.css"))
        + crowd(6, 100, status="-", **asking("/a.pdf"))
        + crowd(6, 200, request="-", status="-")
    )
    assert hits(tables(log), "kinds") == {"other": 24}


def test_below_other_the_only_child_is_other():
    # Redirects and errors pass together, and could be others: their statuses are not told apart.
    log = crowd(30) + crowd(6, first=100, status=500) + crowd(6, first=200, status=301)
    rows = tables(log)
    assert hits(rows, "kinds") == {"page": 30, "(other)": 12}
    assert {key[2:]: row[0] for key, row in rows["status_codes"].items()} == {("page", "200"): 30, ("(other)", "(other)"): 12}


def test_one_stray_agent_hides_no_device():
    log = crowd(30) + crowd(20, 100, agent=IPHONE) + crowd(1, 200, agent="Mozilla/5.0 (Unheard-of)")
    assert hits(tables(log), "devices") == {"Desktop": 31, "Mobile": 20}
    assert set(hits(tables(log), "browsers")) == {"Chrome", "Mobile Safari"}


def test_listed_crawlers_are_named_whatever_their_number():
    log = crowd(12, agent=GOOGLEBOT) + crowd(1, 100, agent=BINGBOT)
    rows = tables(log)
    assert hits(rows, "bots") == {"Googlebot": 12, "bingbot": 1}
    assert hits(rows, "pages") == {"/": 13}


def test_tools_are_gated_as_people_are():
    log = crowd(12, agent=CURL) + crowd(1, 100, agent="Wget/1.21")
    assert hits(tables(log), "bots") == {"curl": 13}


def test_only_declared_sites_are_published():
    log = at_site("www.example.org", crowd(12)) + at_site("a.example.org", crowd(12)) + at_site("junk.example", crowd(30))
    for sites, published in (((), 3), (("www.example.org",), 1), (("a.example.org", "www.example.org"), 2)):
        policy = Threshold(10, sites)
        pieces = pieces_of(log, "vhost_combined", shards=1)[0]
        (counted,) = policy.count(pieces, REPORTS).values()
        planned = policy.plan([counted.counts], REPORTS)
        recounts = [policy.recount(DAY, counted.kept, REPORTS, planned.plan)[1]]
        released, figures = policy.release(planned.counts, recounts, REPORTS)
        assert released.tables["daily"]["site"].to_pylist() == (
            list(sites) or ["a.example.org", "junk.example", "www.example.org"]
        )
        assert figures["undeclared_hits"] == 54 - sum(released.tables["daily"]["hits"].to_pylist())
        assert len(released.tables["daily"]) == published
        assert Threshold.from_facts(policy.facts()) == policy


def at_site(site, log):
    return b"".join(f"{site}:443 ".encode() + one for one in log.splitlines(keepends=True))


def test_hits_add_up_to_those_of_the_parent():
    log = b"".join(
        crowd(4 + number, first=number, agent=(CHROME, FIREFOX, IPHONE)[number % 3], **asking(f"/{number % 5}"))
        for number in range(40)
    )
    rows = tables(log)
    assert sum(measures[0] for measures in rows["daily"].values()) == log.count(b"\n")
    for report in REPORTS:
        if report.parent and not report.where:
            width = len(REPORTS.columns(report.parent))
            for key, measures in rows[report.parent].items():
                assert sum(row[0] for name, row in rows[report.name].items() if name[:width] == key) == measures[0]


def test_dominance_counts_what_was_absorbed():
    """Jane makes 500 hits on a page that nobody else asks for. They are most of the row that absorbs them."""
    log = crowd(40) + line("20.9.9.9", request="GET /only-jane HTTP/1.1") * 500
    pages = release_log(log, k=10)[DAY].folded["pages"]
    assert (pages.dominated, pages.misnamed, pages.largest_share) == (1, 500, round(500 / 540, 3))


def dominates(log):
    policy = Threshold(10)
    (counted,) = policy.count(pieces_of(log, "vhost_combined", shards=1)[0], REPORTS).values()
    planned = policy.plan([counted.counts], REPORTS)
    _, figures = policy.release(planned.counts, [policy.recount(DAY, counted.kept, REPORTS, planned.plan)[1]], REPORTS)
    return figures["one_address_dominates"]


def test_an_address_dominates_only_what_is_published():
    others = at_site("www.example.org", crowd(30))
    jane = at_site("www.example.org", line("20.9.9.9") * 31)
    stray = at_site("anything.example", line("20.9.9.9"))
    assert [dominates(log) for log in (others, others + stray, others + jane)] == [False, False, True]
