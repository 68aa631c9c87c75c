"""The reference implementation follows the rules: small days whose published rows were worked out by hand."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from tests import reference
from tests.logs import CHROME, GOOGLEBOT, crowd, line
from tests.reference_hits import Hit, hits_of
from transforms.reserved import NONE, OTHER, UNKNOWN

DAY = "2026-03-03"
SITE = "www.example.org"
PEOPLE = (SITE, "human")
_USUAL = """site=www.example.org traffic=human day_part=06-11 hour=10 kind=page status=200 section=/ path=/ file_type=(none)
    entry_page=/ exit_page=/ visit_depth=01 visit_duration=00:00 method=GET protocol=HTTP/1.1 channel=direct source=(none)
    country=NL network=20.1.0.0/16 device=Desktop operating_system=Windows browser=Chrome bot_kind=(none) bot=(none)"""
USUAL = dict(pair.split("=") for pair in _USUAL.split())


def one(number: int, block: str = "", **values: str) -> Hit:
    """A hit of the address with this number, in a network (block) of its own unless another is given."""
    unit = f"address {number}"
    return Hit(DAY, 0, unit, block or f"block {number}", unit, 0, USUAL | values, unit)


def some(count: int, first: int = 0, **values: str) -> list[Hit]:
    """One hit each of `count` addresses in as many networks; equal numbers mean equal addresses."""
    return [one(number, **values) for number in range(first, first + count)]


def row(own: list[Hit], absorbed: Iterable[Hit] = ()) -> reference.Row:
    return reference.Row(frozenset(own), frozenset(absorbed))


def rows(hits: list[Hit], report: str, k: int = 10) -> dict[tuple[str, ...], reference.Row]:
    """The hits behind each row, by the values below the stratum."""
    return {key[2:]: behind for key, behind in reference.rows_behind(hits, k)[DAY][report].items()}


def published(hits: list[Hit], report: str, k: int = 10, traffic: str = "human") -> dict[tuple[str, ...], tuple]:
    return {key[2:]: row for key, row in reference.publish(hits, k)[DAY][report].items() if key[1] == traffic}


def test_the_largest_row_absorbs_failing_siblings():
    nl, de = some(20, country="NL"), some(12, 20, country="DE")
    rare = some(5, 32, country="FR") + some(4, 37, country="BE")
    assert rows(nl + de + rare, "countries") == {("NL",): row(nl, rare), ("DE",): row(de)}
    assert published(nl + de + rare, "countries") == {("NL",): (29, 29), ("DE",): (12, 12)}


def test_failing_siblings_that_pass_together_are_other():
    nl, rare = some(20, country="NL"), some(6, 20, country="FR") + some(4, 26, country="BE")
    assert rows(nl + rare, "countries") == {("NL",): row(nl), (OTHER,): row(rare)}


def test_failing_siblings_pass_by_their_addresses_together_and_not_by_the_sum_of_each():
    get, rare = some(20), some(9, 0, method="HEAD") + some(9, 0, method="POST")
    assert rows(get + rare, "methods") == {("page", "200", "GET"): row(get, rare)}


def test_without_failing_siblings_every_row_is_its_own_cell():
    nl, de = some(20, country="NL"), some(10, 20, country="DE")
    assert rows(nl + de, "countries") == {("NL",): row(nl), ("DE",): row(de)}


def test_at_most_three_addresses_of_a_network_count():
    # 30 addresses in three networks count nine. Four in one network and seven others count ten.
    assert published([one(n, f"block {n % 3}") for n in range(30)], "daily") == {}
    assert list(published([one(n, f"block {max(n - 3, 0)}") for n in range(11)], "daily")) == [()]
    assert published([one(n, f"block {max(n - 3, 0)}") for n in range(10)], "daily") == {}


def test_what_a_parent_absorbed_goes_on_to_the_largest_row_and_never_into_other():
    absorbed = some(9, 100, country="FR", network="30.1.0.0/16")
    first = some(15, 0, network="20.1.0.0/16")
    second = some(10, 15, network="20.2.0.0/16")
    rare = some(6, 25, network="20.3.0.0/16") + some(5, 31, network="20.4.0.0/16")
    assert rows(absorbed + first + second + rare, "networks") == {
        ("NL", "20.1.0.0/16"): row(first, absorbed),
        ("NL", "20.2.0.0/16"): row(second),
        ("NL", OTHER): row(rare),
    }
    few = rare[:6]  # they fail, so that they are absorbed beside what the parent brings
    assert rows(absorbed + first + second + few, "networks") == {
        ("NL", "20.1.0.0/16"): row(first, absorbed + few),
        ("NL", "20.2.0.0/16"): row(second),
    }


def test_absorbed_hits_are_in_no_cell_even_if_they_would_fit_one():
    # The nine with status 200 would lift its cell of nine pages over the gate, but they are of a kind that was absorbed.
    moved, ok, redirected = some(9, 100, kind="other"), some(9), some(12, 20, status="304")
    assert rows(moved + ok + redirected, "status_codes") == {("page", "304"): row(redirected, ok + moved)}


def test_absorbed_hits_reach_the_pages_by_way_of_the_sections():
    kind = some(3, 100, kind="error")
    section = some(4, 110, section="/rare/", path="/rare/a")
    path = some(5, 120, section="/blog/", path="/blog/rare")
    own = some(20, 0, section="/blog/", path="/blog/a")
    day = kind + section + path + own
    assert rows(day, "kinds") == {("page",): row(section + path + own, kind)}
    assert rows(day, "sections") == {("page", "/blog/"): row(path + own, kind + section)}
    assert rows(day, "pages") == {("page", "/blog/", "/blog/a"): row(own, kind + section + path)}
    assert rows(day, "error_pages") == {}


def test_the_only_child_of_other_is_other():
    usual = some(20)
    rare = some(6, 20, section="/a/", path="/a/") + some(6, 26, section="/b/", path="/b/")
    assert rows(usual + rare, "pages") == {("page", "/", "/"): row(usual), ("page", OTHER, OTHER): row(rare)}


def test_if_no_cell_passes_the_only_child_is_other_and_equals_its_parent():
    absorbed = some(5, 100, country="FR")
    nl = [hit for n in range(5) for hit in some(5, 5 * n, network=f"20.{n}.0.0/16")]
    assert rows(absorbed + nl, "networks") == {("NL", OTHER): row(nl, absorbed)}
    assert published(absorbed + nl, "networks") == {("NL", OTHER): (30, 30)}


def test_a_row_that_a_report_does_not_pin_has_no_child_there():
    pages, rare = some(20), some(6, 20, kind="static", file_type="css") + some(6, 26, kind="error")
    assert rows(pages + rare, "kinds") == {("page",): row(pages), (OTHER,): row(rare)}
    assert rows(pages + rare, "file_types") == rows(pages + rare, "error_pages") == {}
    assert rows(pages + rare, "methods").keys() == {("page", "200", "GET"), (OTHER, OTHER, OTHER)}
    assert rows(pages, "bot_kinds") == {}


@pytest.mark.parametrize(("smaller", "greater"), [("/B", "/b"), ("/z", "/é"), ("/a", "/a-")])
def test_of_equal_rows_the_one_of_the_smallest_bytes_absorbs(smaller, greater):
    rare = some(1, 100, path="/rare")
    for first, second in ((smaller, greater), (greater, smaller)):
        day = some(10, 0, path=first) + some(10, 20, path=second) + rare
        absorbing = [key for key, found in rows(day, "pages").items() if found.absorbed]
        assert absorbing == [("page", "/", smaller)]


def test_the_largest_row_has_the_most_capped_addresses_of_its_own():
    # DE has 40 hits of 20 addresses, of which 12 count. NL has 13 hits of 13 addresses.
    de = [one(n, f"block {n % 4}", country="DE") for n in range(20) for _ in range(2)]
    nl, rare = some(13, 100, country="NL"), some(2, 200, country="FR")
    assert rows(de + nl + rare, "countries") == {("DE",): row(de), ("NL",): row(nl, rare)}


def test_a_stratum_that_fails_is_left_out_of_everything():
    human, bot = some(10), some(9, 100, traffic="bot")
    day = reference.publish(human + bot)[DAY]
    assert {key[:2] for rows_of_report in day.values() for key in rows_of_report} == {PEOPLE}
    caught = reference.publish(some(50, site="ip-192-0-2-7.example.org"))[DAY]
    assert set(map(len, caught.values())) == {0}


def test_a_detected_value_fails_and_is_absorbed_unless_it_passes_by_itself():
    person, pages = "/call/0170-123-4567", some(30, 100, path="/a")
    many, few = some(30, path=person), some(8, path=person)
    assert rows(many + pages, "pages") == {("page", "/", "/a"): row(pages), ("page", "/", OTHER): row(many)}
    assert rows(few + pages, "pages") == {("page", "/", "/a"): row(pages, few)}
    assert rows(many, "pages") == {("page", "/", OTHER): row(many)}


def test_every_listed_crawler_is_named_whatever_its_number():
    google = [one(n, "machines", traffic="crawler", bot_kind="search-engine", bot="Googlebot") for n in range(9)]
    ahrefs = [one(9, "machines", traffic="crawler", bot_kind="seo", bot="AhrefsBot", country="FR", kind="error")]
    day = google + ahrefs
    assert published(day, "daily", traffic="crawler") == {(): (10, 10)}  # ten machines of one network
    assert published(day, "bot_kinds", traffic="crawler") == {("search-engine",): (9, 9), ("seo",): (1, 1)}
    assert published(day, "bots", traffic="crawler") == {("search-engine", "Googlebot"): (9, 9), ("seo", "AhrefsBot"): (1, 1)}
    # All other dimensions are gated. No country passes here.
    assert published(day, "countries", traffic="crawler") == {(OTHER,): (10, 10)}
    assert published(day, "kinds", traffic="crawler") == {(OTHER,): (10, 10)}


def test_other_robots_are_gated_as_people_are():
    tools = [one(n, "machines", traffic="bot", bot_kind="http-library", bot="curl") for n in range(10)]
    assert published(tools, "daily", traffic="bot") == {}
    spread = some(10, traffic="bot", bot_kind="http-library", bot="curl")
    rare = some(4, 10, traffic="bot", bot_kind="feed-reader", bot="FreshRSS")
    assert published(spread + rare, "bots", traffic="bot") == {("http-library", "curl"): (14, 14)}


@pytest.mark.parametrize(
    ("visitors", "shown"),
    [
        (10, 10),
        (14, 10),
        (15, 20),  # halves up, also above the hits
        (24, 20),
        (34, 30),  # ten of the 44 are missing
        (35, 44),  # nine are
        (43, 44),
        (44, 44),  # none is
    ],
)
def test_visitors_of_a_part_by_hits_are_rounded_or_those_of_its_parent(visitors, shown):
    day = some(44, kind="static") + some(visitors)
    assert published(day, "daily")[()] == (44 + visitors, 44)
    assert published(day, "kinds") == {("static",): (44, 44), ("page",): (visitors, shown)}


def test_visitors_of_other_are_rounded_as_well():
    day = some(40, kind="error") + some(9, 0, kind="error", method="HEAD") + some(6, 9, kind="error", method="POST")
    assert published(day, "methods") == {("error", "200", "GET"): (40, 40), ("error", "200", OTHER): (15, 20)}


def test_visitors_missing_from_a_part_are_missing_from_its_parent_and_not_from_the_day():
    # 60 visitors, of whom 41 see pages (published as 40), of whom 33 see `/`: the eight that are missing must not show.
    day = some(60, kind="static") + some(33) + some(8, 33, path="/rare/a", section="/rare/")
    assert published(day, "kinds") == {("static",): (60, 60), ("page",): (41, 40)}
    assert published(day, "sections")[("page", "/")] == (41, 40)  # it has absorbed the other section
    day = some(60, kind="static") + some(41, section="/a/", path="/a/") + some(33, section="/b/", path="/b/")
    assert published(day, "kinds")[("page",)] == (74, 40)
    sections = {("page", "/a/"): (41, 40), ("page", "/b/"): (33, 40)}
    assert {key: row for key, row in published(day, "sections").items() if key[0] == "page"} == sections
    day = some(60, kind="static") + some(41, section="/a/", path="/a/") + some(31, section="/b/", path="/b/")
    assert published(day, "sections")[("page", "/b/")] == (31, 30)  # ten are missing


def test_visitors_of_a_part_of_a_part_may_be_those_of_the_day():
    # The pages lack eight of the day's 44 visitors. Section `/b/` lacks nine of the pages', and 17 of the day's.
    day = some(44, kind="static") + some(36, section="/a/", path="/a/") + some(27, section="/b/", path="/b/")
    assert published(day, "kinds")[("page",)] == (63, 44)
    assert published(day, "sections")[("page", "/b/")] == (27, 44)
    assert published(day, "pages")[("page", "/b/", "/b/")] == (27, 44)


def test_an_odd_threshold_rounds_to_its_multiples():
    day = some(44, kind="static") + some(12) + some(13, 0, kind="error")
    assert published(day, "kinds", k=5) == {("static",): (44, 44), ("page",): (12, 10), ("error",): (13, 15)}


def test_visitors_are_exact_where_all_dimensions_are_of_visitors():
    hits = some(31) + some(13, 31, country="DE", device="Mobile")
    assert published(hits, "countries") == {("NL",): (31, 31), ("DE",): (13, 13)}
    assert published(hits, "networks") == {("NL", "20.1.0.0/16"): (31, 31), ("DE", "20.1.0.0/16"): (13, 13)}
    assert published(hits, "devices") == {("Desktop",): (31, 31), ("Mobile",): (13, 13)}


def test_no_report_is_of_visits():
    assert not {"entry_pages", "exit_pages", "visit_depths", "visit_durations"} & reference.publish(some(40))[DAY].keys()


@pytest.mark.parametrize(
    ("report", "named", "rare", "left"),
    [
        # (values of the rows that pass, and of two that fail and pass together), and how many of all are not named
        ("day_parts", [{"day_part": "06-11"}], [{"day_part": "12-17"}, {"day_part": "18-23"}], 3),
        ("hourly", [{"hour": hour} for hour in ("06", "07")], [{"hour": "09"}, {"hour": "10"}], 4),
        ("hourly", [{"hour": hour} for hour in ("06", "07", "08")], [{"hour": "09"}, {"hour": "10"}], 3),
        ("devices", [{"device": "Desktop"}], [{"device": "Mobile"}, {"device": "Tablet"}], 3),
        (
            "kinds",
            [{"kind": kind} for kind in "page static redirect not_found".split()],
            [{"kind": "other"}, {"kind": "download"}],
            4,  # also `invalid` and `error`
        ),
        (
            "kinds",
            [{"kind": kind} for kind in "page static redirect not_found error".split()],
            [{"kind": "other"}, {"kind": "download"}],
            3,
        ),
        ("channels", [{"channel": each} for each in ("direct", "internal")], [{"channel": "ai"}, {"channel": "social"}], 4),
        (
            "channels",  # `(unknown)` is no channel of a log with referrers
            [{"channel": each} for each in "direct internal search".split()],
            [{"channel": "ai"}, {"channel": "social"}],
            3,
        ),
        (
            "protocols",  # of six: HTTP/1.0 to HTTP/3.0, `Other` and `(none)`
            [{"protocol": each} for each in "HTTP/1.1 HTTP/2.0".split()],
            [{"protocol": "Other"}, {"protocol": NONE}],
            4,
        ),
        (
            "protocols",
            [{"protocol": each} for each in "HTTP/1.0 HTTP/1.1 HTTP/2.0".split()],
            [{"protocol": "Other"}, {"protocol": NONE}],
            3,
        ),
        ("methods", [{"kind": "other", "method": "GET"}], [{"kind": "other", "method": each} for each in ("HEAD", "POST")], 24),
        ("status_codes", [{}], [{"status": "206"}, {"status": "304"}], 99),
        (
            "file_types",
            [{"kind": "static", "file_type": "css"}],
            [{"kind": "static", "file_type": each} for each in ("js", "png")],
            99,
        ),
        ("sections", [{}], [{"section": "/a/"}, {"section": "/b/"}], 99),
        ("countries", [{}], [{"country": "DE"}, {"country": "FR"}], 99),
    ],
)
def test_other_is_of_more_than_three_values_that_may_be_possible(report, named, rare, left):
    groups = [some(20 if n == 0 else 12, 100 * n, **values) for n, values in enumerate(named)]
    folded = [hit for n, values in enumerate(rare) for hit in some(6, 5_000 + 100 * n, **values)]
    found = {key[-1]: behind for key, behind in rows([hit for group in [*groups, folded] for hit in group], report).items()}
    name = reference.dimensions(report)[-1]
    expected = {group[0].values[name]: row(group) for group in groups}
    if left > 3:
        expected[OTHER] = row(folded)
    else:
        expected[groups[0][0].values[name]] = row(groups[0], folded)
    assert found == expected


def test_of_equal_rows_the_first_absorbs_the_two_that_are_left():
    nights, mornings = some(20, day_part="00-05"), some(20, 100, day_part="06-11")
    rare = some(9, 900, day_part="12-17") + some(9, 950, day_part="18-23")
    assert rows(mornings + nights + rare, "day_parts") == {("00-05",): row(nights, rare), ("06-11",): row(mornings)}


def test_if_no_cell_passes_the_only_child_is_other_however_few_values_are_possible():
    invalid = {"kind": "invalid", "method": UNKNOWN, "protocol": UNKNOWN, "path": NONE}
    machines = [
        one(n, f"block {n % 4}", device=("Mobile", "Tablet")[n % 2]) for n in range(12)
    ]  # all twelve count, six of each device
    assert rows(machines, "devices") == {(OTHER,): row(machines)}
    half = some(20, **invalid)
    assert rows(half, "methods") == {("invalid", "200", UNKNOWN): row(half)}
    assert rows(half, "protocols") == {("invalid", UNKNOWN): row(half)}


def test_each_report_counts_its_misnamed_and_unnamed_hits():
    rare = some(6, 25, section="/a/", path="/a/") + some(6, 31, section="/b/", path="/b/")
    day = some(20) + some(5, 20, country="FR") + rare
    counts = reference.misnamed_and_unnamed(reference.rows_behind(day)[DAY])
    assert counts["daily"] == (0, 0)
    assert counts["countries"] == counts["networks"] == (5, 0)
    assert counts["sections"] == counts["pages"] == (0, 12)
    spread = some(5, 100, country="FR") + [hit for n in range(5) for hit in some(5, 5 * n, network=f"20.{n}.0.0/16")]
    counts = reference.misnamed_and_unnamed(reference.rows_behind(spread)[DAY])
    assert (counts["countries"], counts["networks"]) == ((5, 0), (0, 30))  # no hit counts twice


def values_of(*lines: bytes) -> list[dict[str, str]]:
    hits, rejected = hits_of(list(lines), "combined", SITE)
    assert not rejected
    return [hit.values for hit in hits]


@pytest.mark.parametrize(
    ("request_line", "status", "kind", "section", "path"),
    [
        ("-", 400, "invalid", "/", NONE),
        ("CONNECT www.example.com:443 HTTP/1.1", 404, "invalid", "/", NONE),
        ("OPTIONS * HTTP/1.1", 200, "invalid", "/", NONE),
        ("GET /x HTTP/1.1", 404, "not_found", "/", "/x"),
        ("GET /x HTTP/1.1", 410, "error", "/", "/x"),
        ("POST /x HTTP/1.1", 200, "other", "/", "/x"),
        ("HEAD /x HTTP/1.1", 200, "other", "/", "/x"),
        ("POST /x.css HTTP/1.1", 200, "static", "/", "/x.css"),
        ("GET http://www.example.org HTTP/1.1", 200, "page", "/", "/"),
        ("GET / HTTP/1.1", 404, "not_found", "/", "/"),
        ("GET /x HTTP/1.1", 200, "page", "/", "/x"),
        ("GET /blog/ HTTP/1.1", 200, "page", "/blog/", "/blog/"),
        ("GET /blog/2026/x?a=/b/ HTTP/1.1", 500, "error", "/blog/", "/blog/2026/x"),
        ("GET /orders;a=/1048577/x.css HTTP/1.1", 200, "static", "/orders/", "/orders/:id/x.css"),
    ],
)
def test_kinds_and_sections(request_line, status, kind, section, path):
    (values,) = values_of(line(request=request_line, status=status))
    assert (values["kind"], values["section"], values["path"]) == (kind, section, path)


@pytest.mark.parametrize(
    ("request_line", "method", "protocol"),
    [
        ("-", UNKNOWN, UNKNOWN),
        ("CONNECT www.example.com:443 HTTP/1.1", UNKNOWN, UNKNOWN),
        ("OPTIONS * HTTP/1.1", UNKNOWN, UNKNOWN),
        ("GET http://www.example.org HTTP/1.1", "GET", "HTTP/1.1"),
        ("GET /", "GET", NONE),
        ("JANE / HTTP/2", "Other", "HTTP/2.0"),
    ],
)
def test_a_request_without_a_path_has_no_method_and_no_protocol(request_line, method, protocol):
    (values,) = values_of(line(request=request_line))
    assert (values["method"], values["protocol"]) == (method, protocol)


@pytest.mark.parametrize(
    ("pages", "depth"),
    [(1, "01"), (2, "02-04"), (3, "02-04"), (4, "02-04"), (5, "05+"), (21, "05+")],
)
def test_the_depth_of_a_visit_is_one_of_three(pages, depth):
    found = values_of(*(line(time=f"03/Mar/2026:10:{n:02}:00 +0000") for n in range(pages)), line(request="POST / HTTP/1.1"))
    assert {values["visit_depth"] for values in found} == {depth}


def test_parts_of_the_day():
    times = [f"03/Mar/2026:{hour}:59:59 +0000" for hour in ("00", "05", "06", "11", "12", "17", "18", "23")]
    parts = ["00-05", "00-05", "06-11", "06-11", "12-17", "12-17", "18-23", "18-23"]
    assert [values["day_part"] for values in values_of(*(line(time=time) for time in times))] == parts


def test_every_hit_of_a_visit_has_its_entry_page_its_exit_page_and_its_depth():
    visit = [
        ("00:00", "/x.css"),
        ("00:01", "/b"),
        ("00:01", "/a"),
        ("20:00", "/m"),
        ("40:00", "/y"),
        ("40:00", "/z"),
        ("40:01", "/w.css"),
    ]
    lines = [line(time=f"03/Mar/2026:10:{time} +0000", request=f"GET {path} HTTP/1.1") for time, path in visit]
    found = {(values["entry_page"], values["exit_page"], values["visit_depth"]) for values in values_of(*lines)}
    assert found == {("/a", "/z", "05+")}
    other = line("8.8.4.4", request="GET /x.css HTTP/1.1")
    assert values_of(other)[0]["entry_page"] == values_of(other)[0]["exit_page"] == NONE


def test_crawlers_are_robots_of_organisations():
    agents = {
        GOOGLEBOT: "crawler",
        "GPTBot/1.0": "crawler",
        "AhrefsBot/7.0": "crawler",
        "curl/8.5.0": "bot",
        "-": "bot",
        CHROME: "human",
    }
    assert {agent: values_of(line(agent=agent))[0]["traffic"] for agent in agents} == agents


def test_host_names_are_one_network():
    names = [line(f"host{n}.example{n}.com") for n in range(40)]
    numbered, _ = hits_of(names, "combined", SITE)
    assert (len({hit.address for hit in numbered}), len({hit.network for hit in numbered})) == (40, 1)
    six = crowd(6).splitlines()
    assert published(hits_of(names + six, "combined", SITE)[0], "daily") == {}
    seven = crowd(7).splitlines()
    assert published(hits_of(names + seven, "combined", SITE)[0], "daily") == {(): (47, 47)}
