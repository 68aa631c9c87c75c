"""The proof: no group of fewer than k addresses is proven to exist by all tables of a day together, for one who knows all rules.

Days are random, of 40 and of 150 visitors, in settings that make other groups rare. What is published of them is simulated, and
the simulation publishes what the program does. An integer programme then looks for a world in which a group is empty, and
everything else is as it was published. Each rule is replaced by a worse one: then groups are proven.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.attack.mutations import published
from tests.attack.programme import HIDDEN, LACKING, OVERLAP, Programme
from tests.attack.rules import Report, Rules, publish, rows_by_stratum
from tests.attack.synthetic import SETTINGS, Hit, day, lines, with_visits
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
    assert looked_for >= 10 * len(seeds)


@pytest.mark.parametrize(("setting", "visitors"), DAYS)
def test_no_small_group_is_proven(setting, visitors):
    assert_nothing_is_proven(setting, visitors, range(1))


@pytest.mark.long
@pytest.mark.parametrize(("setting", "visitors"), DAYS)
def test_no_small_group_is_proven_on_many_days(setting, visitors):
    assert_nothing_is_proven(setting, visitors, range(1, 51))


OF_PAGES = ("kind", "page")
MUTATIONS = {
    "what a row absorbed joins the other row of its children": ("rare", 40, replace(Rules(), absorbs="children")),
    "the weakest row joins what fails": ("rare", 40, replace(Rules(), absorbs="weakest joins")),
    "other rows of two values": ("bare", 40, replace(Rules(), least_left=0)),
    "exact visits": ("bounces", 40, replace(Rules(), visits="exact")),
    "exact bytes of paths": ("wide", 40, replace(Rules(), bytes_sent=True)),
    "first pages": ("bare", 40, Rules().having(Report("entry_pages", "entry_page", "kinds", OF_PAGES))),
    "last pages": ("bare", 150, Rules().having(Report("exit_pages", "exit_page", "kinds", OF_PAGES))),
    "first and later pages of a path": ("wide", 40, Rules().having(Report("entries", "entry", "pages"))),
    "depths of all hits": ("rare", 40, Rules().without("visit_durations").having(Report("visit_depths", "visit_depth", "daily"))),
    "more depths": ("wide", 40, replace(Rules(), depths=((1, "01"), (2, "02"), (3, "03-05"), (6, "06-10"), (11, "11+")))),
    "durations with other hits": ("icons", 40, replace(Rules(), page_durations=False)),
    "durations of all hits": (
        "icons",
        40,
        replace(Rules(), page_durations=False).having(Report("visit_durations", "visit_duration", "daily")),
    ),
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


def test_hits_of_visits_of_two_pages_would_tell_by_their_parity_that_others_are_among_them():
    """Twenty visits of two pages, and three of these visitors come again for one. No depth has a number of hits of its own."""
    hits = day(SETTINGS["bare"], 1, 0)[:1]
    usual = {**hits[0].values, "kind": "page", "path": "/", "section": "/", "status": "200"}
    seconds = [*((number, second) for number in range(20) for second in (0, 1)), *((number, 6_000) for number in range(3))]
    hits = [Hit((f"20.0.{number}.7", CHROME), second, ("GET", "/", "HTTP/1.1", 200), "-") for number, second in seconds]
    for depths, found in ((((1, "01"), (2, "02"), (3, "03+")), True), (Rules().depths, False)):
        for hit in hits:
            hit.values = dict(usual)
        rules = replace(Rules(), depths=depths)
        programme = attacked(with_visits(hits, dict(depths), rules.page_durations), rules)
        assert programme.proven(HIDDEN) == []
        assert bool(programme.proven(HIDDEN, whole=True)) == found


def test_stated_limits_who_lacks_something_and_what_rows_have_in_common():
    """Where nearly all visits have one hit. If visitors are more than the hits of a row, some are not in it."""
    assert any(proven("bounces", 40, seed, Rules(), LACKING) for seed in range(4))
    assert any(proven("bare", 40, seed, Rules(), OVERLAP) for seed in range(12))
