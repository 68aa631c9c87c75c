"""The proof: no group of fewer than k addresses is proven to exist by all tables of a day together, for one who knows all rules.

Days are random, of 40 and of 150 visitors, in settings that make other groups rare. What is published of them is simulated, and
the simulation publishes what the program does. An integer programme then looks for a world in which a group is empty, and
everything else is as it was published. Each rule is replaced by a worse one: then groups are proven.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest

from tests.attack.mutations import published
from tests.attack.programme import HIDDEN, LACKING, OVERLAP, SEVERAL, Programme
from tests.attack.rules import Report, Rules, publish, rows_by_stratum
from tests.attack.synthetic import SETTINGS, Hit, Setting, day, lines, with_visits
from tests.logs import CHROME

VISITORS = (40, 150)
DAYS = [pytest.param(name, visitors, id=f"{name}-{visitors}") for name in SETTINGS for visitors in VISITORS]


def hits_of(setting: str, visitors: int, seed: int, rules: Rules) -> list[Hit]:
    return with_visits(day(SETTINGS[setting], visitors, seed), dict(rules.depths), rules.page_durations)


def attacked(hits: list[Hit], rules: Rules) -> Programme:
    programme = Programme(hits, rules, publish(hits, rules))
    programme.check()
    return programme


def proven(setting: str, visitors: int, seed: int, rules: Rules, *kinds: str) -> list[str]:
    """Names of the groups that are proven on one day."""
    programme = attacked(hits_of(setting, visitors, seed, rules), rules)
    return [group.name for group in programme.proven(*kinds, whole=True)]


def simulated(setting: str, visitors: int, seed: int) -> bool:
    """Whether the program publishes what is simulated."""
    hits = hits_of(setting, visitors, seed, Rules())
    tables = publish(hits, Rules()).tables
    return rows_by_stratum(published(lines(hits)), SETTINGS[setting].traffic) == {
        name: rows for name, rows in tables.items() if rows
    }


@pytest.mark.parametrize("setting", SETTINGS)
def test_the_simulation_publishes_what_the_program_does(setting):
    assert simulated(setting, 40, 0)


@pytest.mark.long
@pytest.mark.parametrize(("setting", "visitors"), DAYS)
def test_the_simulation_publishes_what_the_program_does_on_many_days(setting, visitors):
    assert all(simulated(setting, visitors, seed) for seed in range(1, 11))


def assert_nothing_is_proven(setting: str, visitors: int, seeds: range) -> None:
    looked_for = 0
    for seed in seeds:
        programme = attacked(hits_of(setting, visitors, seed, Rules()), Rules())
        looked_for += sum(group.kind == HIDDEN for group in programme.groups)
        assert [group.name for group in programme.proven(HIDDEN, whole=True)] == [], seed
    assert looked_for >= 5 * len(seeds)


@pytest.mark.parametrize(("setting", "visitors"), DAYS)
def test_no_small_group_is_proven(setting, visitors):
    assert_nothing_is_proven(setting, visitors, range(1))


@pytest.mark.long
@pytest.mark.parametrize(("setting", "visitors"), DAYS)
def test_no_small_group_is_proven_on_many_days(setting, visitors):
    assert_nothing_is_proven(setting, visitors, range(1, 51))


OF_PAGES = ("kind", "page")
DEPTHS = Report("visit_depths", "visit_depth", "kinds", OF_PAGES)
VISITS = Rules().having(DEPTHS, Report("visit_durations", "visit_duration", "visit_depths"))
"""Page hits by the depth of their visit, and these by its duration: of all that could be told of visits it proves least."""

MUTATIONS = {
    "what a row absorbed joins the other row of its children": ("rare", 40, replace(VISITS, absorbs="children")),
    "the weakest row joins what fails": ("rare", 40, replace(Rules(), absorbs="weakest joins")),
    "other rows of two values": ("bare", 40, replace(Rules(), least_left=0)),
    "exact bytes of paths": ("wide", 40, replace(Rules(), bytes_sent="exact")),
    "exact visits": ("bounces", 40, replace(VISITS, visits="exact")),
    "depths": ("rare", 15, VISITS),
    "more depths": ("wide", 40, replace(VISITS, depths=((1, "01"), (2, "02"), (3, "03-05"), (6, "06-10"), (11, "11+")))),
    "depths of all hits": ("bot", 150, Rules().having(Report("visit_depths", "visit_depth", "daily"))),
    "durations with other hits": ("icons", 40, replace(VISITS, page_durations=False)),
    "durations of all hits": (
        "icons",
        40,
        replace(Rules(), page_durations=False).having(DEPTHS, Report("visit_durations", "visit_duration", "daily")),
    ),
    "first pages": ("bare", 40, Rules().having(Report("entry_pages", "entry_page", "kinds", OF_PAGES))),
    "last pages": ("bare", 40, Rules().having(Report("exit_pages", "exit_page", "kinds", OF_PAGES))),
    "first and later pages of a path": ("wide", 40, Rules().having(Report("entries", "entry", "pages"))),
}


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_without_a_rule_small_groups_are_proven(mutation):
    setting, visitors, rules = MUTATIONS[mutation]
    assert any(proven(setting, visitors, seed, rules, HIDDEN) for seed in range(12))


@pytest.mark.parametrize("visitors", ["exact", "daily"])
def test_with_other_numbers_of_visitors_more_is_known_of_who_lacks_something(visitors):
    found = [
        sum(len(proven("reading", 40, seed, replace(Rules(), visitors=rule), LACKING)) for seed in range(4))
        for rule in (visitors, Rules.visitors)
    ]
    assert found[0] > found[1]


def crowd(visits: Iterable[tuple[int, int, str]], rules: Rules) -> list[Hit]:
    """Hits of people who are equal but for this: number of the visitor, second, and path."""
    hits = [
        Hit((f"20.{number // 250}.{number % 250}.7", CHROME), second, ("GET", path, "", 200), "-")
        for number, second, path in visits
    ]
    (usual,) = day(Setting(further=0, again=0, rare=0), 1, 0)
    for hit in hits:
        is_page = "." not in hit.request[1]
        own = {"kind": "page", "file_type": "(none)"} if is_page else {"kind": "static", "file_type": "css"}
        hit.values = {**usual.values, **own, "path": hit.request[1], "section": "/"}
    return with_visits(hits, dict(rules.depths), rules.page_durations)


@pytest.mark.parametrize(("depths", "whole", "found"), [("02", True, True), ("02", False, False), ("02-04", True, False)])
def test_hits_of_visits_of_two_pages_would_tell_by_their_parity_that_others_are_among_them(depths, whole, found):
    """Twenty visits of two pages, and three of these visitors come again for one."""
    visits = [
        *((number, second, "/") for number in range(20) for second in (0, 1)),
        *((number, 6_000, "/") for number in range(3)),
    ]
    rules = VISITS if depths == "02-04" else replace(VISITS, depths=((1, "01"), (2, "02"), (3, "03+")))
    assert bool(attacked(crowd(visits, rules), rules).proven(HIDDEN, whole=whole)) == found


@pytest.mark.parametrize("visits", ["bounded", "none"])
def test_bounded_and_rounded_visits_would_tell_where_they_are_just_over_a_boundary(visits):
    """630 visits, which are rounded to 660 and so at least 630; 625 hits of pages. Five visits have no page."""
    once = [(number, 0, "/") for number in range(615)]
    again = [(number, 6_000, "/") for number in range(10)]
    files = [*((number, 1, "/a.css") for number in range(20)), *((number, 0, "/a.css") for number in range(615, 620))]
    rules = replace(Rules(), visits=visits)
    found = [group.name for group in attacked(crowd([*once, *again, *files], rules), rules).proven(LACKING, whole=True)]
    assert found == (["visits without a page"] if visits == "bounded" else [])


@pytest.mark.parametrize("bytes_sent", ["bounded", "none"])
def test_bounded_and_rounded_bytes_would_tell_where_they_are_just_over_a_boundary(bytes_sent):
    """Rounded to 2,000,000, so at least 1,900,000 bytes; 1,831 pages of 1,037 bytes are less. Four hits are of a larger file."""
    pages = [(number, second, "/") for number in range(203) for second in range(9)]
    large = [(number, 0, f"/{'a' * 235}.css") for number in range(300, 304)]
    rules = replace(Rules(), bytes_sent=bytes_sent)
    found = [group.name for group in attacked(crowd([*pages, *large], rules), rules).proven(HIDDEN, whole=True)]
    assert ("absorbed by kinds ('page',)" in found) == (bytes_sent == "bounded")
    assert bool(found) == (bytes_sent == "bounded")


@pytest.mark.parametrize(("setting", "visitors"), DAYS)
def test_a_small_site_would_have_neither(setting, visitors):
    """Ten steps are 600 visits, and the bytes of 190 addresses that reach their bound."""
    rules = replace(Rules(), visits="bounded", bytes_sent="bounded")
    (row,) = publish(hits_of(setting, visitors, 1, rules), rules).tables["daily"].values()
    assert (row.visits, row.bytes_sent) == (None, None)


def test_depths_would_be_told_by_hits_that_are_hardly_more_than_addresses():
    """Eleven hits of at least ten addresses: nine visits of one page."""
    visits = [*((number, 0, "/") for number in range(10)), (9, 1, "/")]
    assert [group.name for group in attacked(crowd(visits, VISITS), VISITS).proven(HIDDEN)] == ["visit_depths ('page', '01')"]


@pytest.mark.parametrize(("kind", "setting"), [(LACKING, "bounces"), (OVERLAP, "bare"), (SEVERAL, "bare")])
def test_stated_limits(kind, setting):
    """Who lacks something shows where visitors are more than hits, what two rows have in common where they are nearly everything.

    And `(other)` tells that two of the values that are not named were there.
    """
    assert any(proven(setting, 40, seed, Rules(), kind) for seed in range(12))
