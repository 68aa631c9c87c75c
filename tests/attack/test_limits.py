"""Stated limits: each attack that the documents say succeeds does succeed, exactly as far as they say."""

from __future__ import annotations

from tests.attack.mutations import DAY, SITE, K, hits, published
from tests.eager import release_log, rows_of
from tests.logs import FIREFOX, GOOGLEBOT, address, crowd, line
from transforms.masking.routes import Routes
from transforms.period import Period, Window

JANE = 900
YANDEX = "Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)"


def test_k_minus_one_who_work_together_find_out_about_one_more():
    bait = crowd(K - 1, 500, request="GET /bait HTTP/1.1")
    common = crowd(40) + crowd(20, 100, request="GET /b HTTP/1.1")
    jane = line(address(JANE), request="GET /bait HTTP/1.1")
    assert hits(published(common + bait), "pages", path="/bait") == 0
    assert hits(published(common + bait + jane), "pages", path="/bait") == K


def test_one_person_on_many_networks_counts_as_many():
    moving = b"".join(line(address(500 + number), request="GET /only-jane HTTP/1.1") for number in range(K))
    assert hits(published(crowd(40) + moving), "pages", path="/only-jane") == K


def test_a_person_named_in_a_path_is_published_if_k_ask_for_it():
    named = crowd(K, 500, request="GET /people/jane-doe HTTP/1.1")
    assert hits(published(crowd(40) + named), "pages", path="/people/jane-doe") == K


def test_a_row_that_is_all_of_its_parent_describes_everybody_in_it():
    french = b"".join(line(f"90.1.{number}.1", agent=FIREFOX) for number in range(K))
    tables = published(french)
    assert set(tables["countries"]) == {(SITE, "human", "FR")}
    assert [key[-1] for key in tables["browsers"]] == ["Firefox"]


def test_how_far_two_rows_overlap_can_be_bounded():
    """Forty visitors, of whom 20 saw pages only, 10 other files only, and 10 both."""
    log = crowd(30) + crowd(20, 21, request="GET /a.css HTTP/1.1")
    tables = published(log)
    whole = tables["daily"][SITE, "human"][1]
    page, static = (tables["kinds"][SITE, "human", kind][1] for kind in ("page", "static"))
    assert (whole, page, static) == (40, 30, 20)
    assert page + static - whole == 10


def test_that_somebody_lacks_a_kind_shows_where_visitors_are_more_than_its_hits():
    tables = published(crowd(40) + crowd(12, 100, request="GET /a.css HTTP/1.1"))
    assert tables["daily"][SITE, "human"][1] - hits(tables, "kinds", kind="page") == 12


def test_k_who_fill_the_largest_row_learn_what_is_absorbed():
    """They know what they did themselves, and that theirs is the row with most addresses."""
    sybils = crowd(60, 500, request="GET /bait HTTP/1.1")
    jane = line(address(JANE), request="GET /only-jane HTTP/1.1") * 3
    assert hits(published(crowd(40) + sybils + jane), "pages", path="/bait") == 60 + 3


def test_k_who_fill_a_row_learn_the_total_of_all_others_in_it():
    sybils = crowd(K, 500, request="GET /b HTTP/1.1")
    jane = line(address(JANE), request="GET /b HTTP/1.1") * 3
    assert hits(published(crowd(40) + sybils + jane), "pages", path="/b") == K + 3


def test_one_address_may_make_most_hits_of_a_row():
    jane = line(address(JANE), request="GET /b HTTP/1.1") * 500
    assert hits(published(crowd(40) + crowd(K, 500, request="GET /b HTTP/1.1") + jane), "pages", path="/b") == K + 500


def test_who_knows_how_a_server_answers_can_tell_what_a_row_absorbed():
    """Everything below /admin/ is answered with 403, and nothing else is."""
    denied = crowd(40, request="GET /admin/x HTTP/1.1", status=403)
    failed = crowd(30, 100, request="GET /x HTTP/1.1", status=500) + crowd(20, 200, request="GET /b/x HTTP/1.1", status=500)
    jane = line(address(JANE), request="GET /jane/x HTTP/1.1", status=500)
    tables = published(denied + failed + jane)
    assert hits(tables, "sections", section="/admin/") - hits(tables, "status_codes", status="403") == 1


def test_a_spoofed_crawler_is_named_whatever_its_number():
    jane = line(address(JANE), agent=YANDEX)
    tables = published(crowd(K, agent=GOOGLEBOT) + jane)
    assert hits(tables, "bots", bot="yandex.com bots") == 1


def test_a_company_with_four_networks_fills_a_row():
    company = b"".join(line(f"20.1.{network}.{last}") for network in range(4) for last in range(1, 4))
    assert hits(published(company), "daily") == 12


def test_two_releases_of_one_day_give_away_what_came_between():
    first = crowd(20) + crowd(20, 100, request="GET /b HTTP/1.1")
    second = first + line(address(JANE), request="GET /b HTTP/1.1")
    before, after = (rows_of(release_log(log, k=K)[DAY].tables["pages"], "pages") for log in (first, second))
    changed = {key: after[key][0] - before[key][0] for key in before if after[key] != before[key]}
    assert changed == {(SITE, "human", "page", "/", "/b"): 1}


def test_two_data_sets_of_one_log_can_be_subtracted():
    """Two groups of six, and one person. With k = 10 they are one row; with k = 5 the groups are named beside each other."""
    log = crowd(50) + crowd(6, 200, request="GET /a HTTP/1.1") + crowd(6, 300, request="GET /b HTTP/1.1")
    log += line(address(JANE), request="GET /jane HTTP/1.1")
    five, ten = (rows_of(release_log(log, k=k)[DAY].tables["pages"], "pages") for k in (5, 10))
    of_five, of_ten = ({key[-1]: row[0] for key, row in rows.items()} for rows in (five, ten))
    assert of_ten["(other)"] - of_five["/a"] - of_five["/b"] == 13 - 6 - 6 == 1
    # Each by itself tells nothing of her.
    assert "/jane" not in of_five | of_ten
    assert min(of_five.values()) > 5
    assert min(of_ten.values()) >= 10


def test_a_data_set_with_an_opt_out_beside_one_without_shows_who_opted_out():
    """The log without the lines that said so is what is counted with `--opt-out exclude`."""
    page = {"request": "GET /b HTTP/1.1"}
    excluded = crowd(20) + crowd(20, 100, **page)
    everybody, without = (hits(published(log), "pages", path="/b") for log in (excluded + line(address(JANE), **page), excluded))
    assert everybody - without == 1


def pages_of(log: bytes, day: str = DAY, **settings: object) -> dict[str, int]:
    """Hits of pages by path."""
    return {key[-1]: row[0] for key, row in rows_of(release_log(log, k=K, **settings)[day].tables["pages"], "pages").items()}


def test_days_of_two_time_zones_can_be_subtracted():
    """Jane alone comes between the ends of both days."""
    page = {"request": "GET /b HTTP/1.1"}
    log = crowd(20) + crowd(20, 100, **page) + line(address(JANE), time="03/Mar/2026:23:30:00 +0000", **page)
    utc, berlin = (pages_of(log, time_zone=zone) for zone in ("UTC", "Europe/Berlin"))
    assert utc["/b"] - berlin["/b"] == 1


def test_a_day_can_be_subtracted_from_its_week():
    """Jane alone comes on another day, which is not published."""
    page = {"request": "GET /b HTTP/1.1"}
    log = crowd(20) + crowd(20, 100, **page) + line(address(JANE), time="04/Mar/2026:10:00:00 +0000", **page)
    week = pages_of(log, "2026-03-02", window=Window(end=1_000_000, period=Period.WEEK))
    assert week["/b"] - pages_of(log)["/b"] == 1


def test_a_data_set_with_routes_beside_one_without_can_be_subtracted():
    """The page of a club is named without routes, and Jane's is not; with them both are one path."""
    club = crowd(20, 100, request="GET /club/chess HTTP/1.1") + line(address(JANE), request="GET /club/jane HTTP/1.1")
    log = crowd(40, request="GET /club/ HTTP/1.1") + club
    routed, without = pages_of(log, routes=Routes.parse("/club/:name")), pages_of(log)
    assert routed["/club/:name"] - without["/club/chess"] == 1
    assert "/club/jane" not in routed | without


def test_many_days_say_more_about_a_regular_visitor_than_one():
    """Someone who knows nine regulars of a page sees on which days a tenth came."""
    named = []
    for number, came in ((3, True), (4, False), (5, True)):
        at = {"time": f"0{number}/Mar/2026:10:00:00 +0000"}
        log = crowd(40, **at) + crowd(K - 1, 500, request="GET /club HTTP/1.1", **at)
        log += line(address(JANE), request="GET /club HTTP/1.1", **at) * came
        tables = rows_of(release_log(log, k=K)[f"2026-03-0{number}"].tables["pages"], "pages")
        named.append(any(key[-1] == "/club" for key in tables))
    assert named == [True, False, True]
