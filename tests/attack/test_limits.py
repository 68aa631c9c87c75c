"""Stated limits: each attack that the documents say succeeds does succeed, exactly as far as they say."""

from __future__ import annotations

from tests.attack.mutations import DAY, SITE, K, hits, published
from tests.eager import release_log, rows_of
from tests.logs import FIREFOX, GOOGLEBOT, address, crowd, line

JANE = 900


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


def test_how_far_two_rows_overlap_follows_where_there_are_two():
    """One who saw pages only, one who did not, and many who did both."""
    both = crowd(20) + crowd(20, request="GET /a.css HTTP/1.1")
    tables = published(both + crowd(1, JANE) + crowd(12, 500, request="GET /a.css HTTP/1.1"))
    whole = tables["daily"][SITE, "human"][1]
    page, static = (tables["kinds"][SITE, "human", kind][1] for kind in ("page", "static"))
    assert whole - static == 1  # visitors without any static file: Jane
    assert page + static - whole == 20
    # Of hits, which cannot be in two rows, nothing like it follows.
    assert hits(tables, "daily") - hits(tables, "kinds", kind="static") == hits(tables, "kinds", kind="page") == 21


def test_a_visit_without_a_page_has_no_hit_on_one_which_two_reports_tell_together():
    """Jane alone saw a page and something else. The rows that she is in are large, and none is hers."""
    others = crowd(40) + crowd(20, 100, request="GET /a.css HTTP/1.1")
    jane = line(address(JANE)) + line(address(JANE), request="GET /a.css HTTP/1.1") * 7
    for log, hers in ((others, 0), (others + jane, 7)):
        tables = published(log)
        not_pages = hits(tables, "daily") - hits(tables, "kinds", kind="page")
        assert not_pages - hits(tables, "visit_depths", visit_depth="00") == hers


def test_a_method_without_paths_tells_other_requests_without_one():
    """CONNECT never has a path, so what `not_found` has besides under `(none)` is somebody else's."""
    tunnels = crowd(20, 100, request="CONNECT a.example:443 HTTP/1.1", status=404)
    others = crowd(40) + tunnels + crowd(15, 200, request="GET /x HTTP/1.1", status=404)
    jane = line(address(JANE), request="OPTIONS * HTTP/1.1", status=404) * 3
    for log, hers in ((others, 0), (others + jane, 3)):
        tables = published(log)
        without_path = hits(tables, "not_found", path="(none)")
        assert without_path - hits(tables, "methods", kind="not_found", method="CONNECT") == hers


def test_whoever_sends_no_agent_is_protected_by_k_addresses_of_any_network():
    one_network = b"".join(line(f"20.1.1.{last}", agent="-") for last in range(1, K + 1))
    assert hits(published(one_network), "daily", traffic="bot") == K
    assert not published(one_network.replace(b'"-"\n', f'"{FIREFOX}"\n'.encode()))["daily"]
    assert hits(published(one_network.replace(b'"-"\n', f'"{GOOGLEBOT}"\n'.encode())), "daily", traffic="bot") == K


def test_a_company_with_four_networks_fills_a_row():
    company = b"".join(line(f"20.1.{network}.{last}") for network in range(4) for last in range(1, 4))
    assert hits(published(company), "daily") == 12


def test_two_releases_of_one_day_give_away_what_came_between():
    first = crowd(20) + crowd(20, 100, request="GET /b HTTP/1.1")
    second = first + line(address(JANE), request="GET /b HTTP/1.1")
    before, after = (rows_of(release_log(log, k=K)[DAY].tables["pages"], "pages") for log in (first, second))
    changed = {key: after[key][0] - before[key][0] for key in before if after[key] != before[key]}
    assert changed == {(SITE, "human", "page", "/b"): 1}


def test_two_data_sets_of_one_log_can_be_subtracted():
    """Two groups of six, and one person. With k = 10 they are one row; with k = 5 the groups are named beside each other."""
    log = crowd(50, 100, request="GET /common HTTP/1.1", agent=GOOGLEBOT)
    log += b"".join(line(f"90.1.1.{last}", request="GET /one-network HTTP/1.1", agent=GOOGLEBOT) for last in range(1, 11))
    log += crowd(6, 200, request="GET /a HTTP/1.1", agent=GOOGLEBOT) + crowd(6, 300, request="GET /b HTTP/1.1", agent=GOOGLEBOT)
    log += line(address(JANE), request="GET /jane HTTP/1.1", agent=GOOGLEBOT)
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
