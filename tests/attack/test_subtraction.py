"""Subtraction attacks: the difference of published rows is nothing or many people. Without the rules it is one person."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations

import pytest

from tests.attack.mutations import K, Tables, hits, published, with_reports, without_folds, without_forest
from tests.catalogues import REPORTS
from tests.logs import CHROME, FIREFOX, GOOGLEBOT, IPHONE, crowd, line
from transforms.dimensions.agent import DEVICE
from transforms.dimensions.country import CountryLookup
from transforms.dimensions.request import METHOD, PATH, PROTOCOL
from transforms.reports.report import Report

BINGBOT = "Mozilla/5.0 (Windows NT 10.0; compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)"
OPERA = CHROME + " OPR/112.0.0.0"
AGENTS = [OPERA, CHROME, CHROME, CHROME, CHROME, FIREFOX, IPHONE, GOOGLEBOT, GOOGLEBOT, BINGBOT, "-", "curl/8.0"]


def days(count: int = 20) -> Iterator[bytes]:
    """Small days in which groups are often just under or over the threshold, in every report."""
    chance = random.Random(11)
    for _ in range(count):
        # Each day has mostly one kind of hit, so that its parts differ enough.
        usual = chance.choice([("", 200), ("", 404), (".pdf", 200), (".css", 200)])
        endings = [usual[0]] * 12 + ["", ".css", ".png", ".pdf"]
        statuses = [usual[1]] * 40 + [200] * 12 + [404, 410, 301, 301, 302, 500, 500, 503]
        yield b"".join(
            line(
                host=f"{chance.choice(['20.0', '20.1', '90.1', '82.64'])}.{chance.randrange(12)}.{chance.randrange(1, 4)}",
                time=f"03/Mar/2026:{chance.randrange(8, 12):02}:{chance.randrange(60):02}:00 +0000",
                request=f"{chance.choice(['GET', 'GET', 'GET', 'POST', 'HEAD'])} "
                f"/{chance.choice('aaaaaaaaaabbbbbc')}{chance.choice(endings)} "
                f"HTTP/{chance.choice(['1.0', '1.1', '1.1', '2.0'])}",
                status=chance.choice(statuses),
                agent=chance.choice(AGENTS),
                referer=chance.choice(["-", "https://www.google.com/", "https://www.bing.com/", "https://a.example.com/"]),
            )
            for _ in range(chance.randrange(60, 300))
        )


@dataclass(frozen=True)
class Left:
    """What is left of a published row when some of its children are taken away."""

    report: str
    hits: int
    children: int


def differences(tables: Tables) -> Iterator[Left]:
    """For every published row and every report that divides it: what is left without all of its children, or without any few."""
    for report in REPORTS:
        if report.parent is None:
            continue
        names = REPORTS.columns(report.parent)
        for parent, whole in tables[report.parent].items():
            if report.where and dict(zip(names, parent, strict=True))[report.where[0]] != report.where[1]:
                continue
            children = [row[0] for key, row in tables[report.name].items() if key[: len(names)] == parent]
            yield Left(report.name, whole[0] - sum(children), len(children))
            for number in range(1, min(len(children), 3)):
                for taken in combinations(children, number):
                    yield Left(report.name, whole[0] - sum(taken), number)


def test_what_is_left_of_any_row_is_nothing_or_many():
    left = [left for log in days() for left in differences(published(log))]
    assert {one.report for one in left} == {report.name for report in REPORTS if report.parent}
    assert [one for one in left if 0 < one.hits < K or one.hits < 0] == []


def test_without_folds_something_small_is_left_at_every_edge_of_the_forest():
    with without_folds():
        left = [left for log in days() for left in differences(published(log))]
    assert {one.report for one in left if 0 < one.hits < K} == {report.name for report in REPORTS if report.parent}


def by_country(tables: Tables, country: str) -> int:
    """Hits of the published networks that a geo database, which everybody has, places in a country."""
    prefixes = [key[-1].rpartition("/")[0] for key in tables["networks"] if "(" not in key[-1]]
    codes = dict(zip(prefixes, CountryLookup.open(None).codes(prefixes), strict=True))
    return sum(row[0] for key, row in tables["networks"].items() if codes.get(key[-1].rpartition("/")[0]) == country)


JANE = 900


@dataclass(frozen=True)
class Attack:
    """A day on which Jane is alone with something, and the sum that finds her where a rule is missing."""

    log: bytes
    sum: Callable[[Tables], int]
    mutation: Callable[[], contextlib.AbstractContextManager[None]]


def frenchmen(count: int, network: str = "90.1") -> bytes:
    return b"".join(line(f"{network}.{number}.1") for number in range(count))


FLAT_PATHS = Report("static_paths", "x", PATH, "kinds", where=("kind", "static"))


@contextlib.contextmanager
def flat_paths_without_folds() -> Iterator[None]:
    with with_reports(FLAT_PATHS), without_folds():
        yield


@contextlib.contextmanager
def requests_beside_kinds() -> Iterator[None]:
    """Methods divide the day, although an invalid request is a kind and has no method."""
    with with_reports(Report("methods", "x", METHOD, "daily")):
        yield


@contextlib.contextmanager
def protocols_beside_kinds() -> Iterator[None]:
    """The same for protocols."""
    with with_reports(Report("protocols", "x", PROTOCOL, "daily")):
        yield


@contextlib.contextmanager
def devices_beside_kinds_of_robots() -> Iterator[None]:
    """Systems of robots too, although a robot without an agent is a kind and has no system."""
    with with_reports(Report("devices", "x", DEVICE, "daily")):
        yield


INVALID = crowd(11, 100, request=r"\\x16\\x03", status=400)

ATTACKS = {
    "methods - invalid requests": Attack(
        crowd(40) + INVALID + crowd(12, 200, status=404) + crowd(1, JANE, status=404, request="PUT / HTTP/1.1"),
        lambda tables: hits(tables, "daily") - hits(tables, "methods", method="GET") - hits(tables, "kinds", kind="invalid"),
        requests_beside_kinds,
    ),
    "protocols - invalid requests": Attack(
        crowd(40) + INVALID + crowd(12, 200, status=404) + crowd(1, JANE, status=404, request="GET / HTTP/3.0"),
        lambda tables: (
            hits(tables, "daily") - hits(tables, "protocols", protocol="HTTP/1.1") - hits(tables, "kinds", kind="invalid")
        ),
        protocols_beside_kinds,
    ),
    "systems of robots - robots without an agent": Attack(
        crowd(30, agent=GOOGLEBOT) + crowd(11, 100, agent="-") + crowd(1, JANE, agent=BINGBOT),
        lambda tables: (
            hits(tables, "daily")
            - hits(tables, "operating_systems", operating_system="Other")
            - hits(tables, "bot_kinds", bot_kind="no-agent")
        ),
        devices_beside_kinds_of_robots,
    ),
    "total - pages - static files": Attack(
        crowd(30) + crowd(20, 100, request="GET /a.css HTTP/1.1") + crowd(1, JANE, status=301),
        lambda tables: hits(tables, "daily") - hits(tables, "pages") - hits(tables, "file_types"),
        without_forest,
    ),
    "status codes - broken links": Attack(
        crowd(40) + crowd(11, 100, status=404, request="GET /gone HTTP/1.1") + crowd(1, JANE, status=500),
        lambda tables: hits(tables, "daily") - hits(tables, "status_codes", status="200") - hits(tables, "not_found"),
        without_forest,
    ),
    "a country - its networks": Attack(
        crowd(30) + frenchmen(11) + frenchmen(1, "82.64"),
        lambda tables: hits(tables, "countries", country="FR") - by_country(tables, "FR"),
        without_folds,
    ),
    "all other countries - networks": Attack(
        crowd(30) + frenchmen(11) + line("193.0.6.139"),
        lambda tables: hits(tables, "daily") - hits(tables, "countries", country="GB") - by_country(tables, "FR"),
        without_forest,
    ),
    "file types - paths": Attack(
        crowd(30) + crowd(11, 100, request="GET /robots.txt HTTP/1.1") + crowd(1, JANE, request="GET /jane.txt HTTP/1.1"),
        lambda tables: hits(tables, "file_types", file_type="txt") - hits(tables, "static_paths"),
        flat_paths_without_folds,
    ),
    "a page - visits that begin with it": Attack(
        crowd(30, request="GET /a HTTP/1.1")
        + crowd(20, 100, request="GET /b HTTP/1.1")
        + crowd(1, JANE, request="GET /b HTTP/1.1")
        + crowd(1, JANE, time="03/Mar/2026:10:01:00 +0000", request="GET /a HTTP/1.1"),
        lambda tables: hits(tables, "pages", path="/a") - hits(tables, "entry_pages", path="/a"),
        without_folds,
    ),
    "the day - its hours": Attack(
        crowd(30) + crowd(20, 100, time="03/Mar/2026:11:00:00 +0000") + crowd(1, JANE, time="03/Mar/2026:03:00:00 +0000"),
        lambda tables: hits(tables, "daily") - hits(tables, "hourly"),
        without_folds,
    ),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_jane_cannot_be_found_by_subtraction(name):
    attack = ATTACKS[name]
    # Also with a report that is not in the catalogue, so that it is the rules that stop the attack, not the lack of a table.
    with with_reports(FLAT_PATHS):
        left = attack.sum(published(attack.log))
    assert left == 0 or left >= K


@pytest.mark.parametrize("name", ATTACKS)
def test_without_a_rule_she_is(name):
    attack = ATTACKS[name]
    with attack.mutation():
        assert attack.sum(published(attack.log)) == 1
