"""Subtraction attacks: the difference of published rows is nothing or many people. Without the rules it is one person."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache, partial
from itertools import combinations
from unittest.mock import patch

import pytest

from tests.attack.mutations import K, Tables, exact_visitors, hits, other_of_two, published, with_reports, without_absorption
from tests.catalogues import REPORTS
from tests.eager import release_log, tables_of
from tests.logs import CHROME, FIREFOX, GOOGLEBOT, IPHONE, crowd, line
from transforms.dimensions.agent import DEVICE
from transforms.dimensions.country import CountryLookup
from transforms.dimensions.request import FILE_TYPE, METHOD, PATH, PROTOCOL
from transforms.dimensions.visit import ENTRY_PAGE, VISIT_DEPTH, VISIT_DURATION
from transforms.masking import anonymize
from transforms.reports.report import Report
from transforms.reserved import NONE

BINGBOT = "Mozilla/5.0 (Windows NT 10.0; compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)"
OPERA = CHROME + " OPR/112.0.0.0"
HOURS = [3, 8, 9, 9, 9, 9, 10, 10, 14, 15, 15, 15]
AGENTS = [OPERA, CHROME, CHROME, CHROME, CHROME, FIREFOX, IPHONE, GOOGLEBOT, BINGBOT, "-", *["curl/8.0"] * 3, "Wget/1.21"]


def days(count: int = 30) -> Iterator[bytes]:
    """Small days in which groups are often just under or over the threshold, in every report."""
    chance = random.Random(3)
    for _ in range(count):
        # Each day has mostly one kind of hit, so that its parts differ enough.
        usual = chance.choice([("", 200), ("", 404), ("", 500), (".pdf", 200), (".css", 200)])
        endings = [usual[0]] * 12 + ["", ".css", ".png", ".pdf"]
        statuses = [usual[1]] * 40 + [200] * 12 + [404, 410, 301, 301, 302, 500, 500, 503]
        yield b"".join(
            line(
                host=f"{chance.choice(['20.0', '20.1', '90.1', '82.64'])}.{chance.randrange(12)}.{chance.randrange(1, 4)}",
                time=f"03/Mar/2026:{chance.choice(HOURS):02}:{chance.randrange(60):02}:00 +0000",
                request=f"{chance.choice(['GET', 'GET', 'GET', 'POST', 'HEAD'])} "
                f"/{chance.choice(['', '', '', '', 's/', 't/'])}{chance.choice('aaaaaaaabbbbcc')}{chance.choice(endings)} "
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


def is_of_machines(report: Report, parent: tuple[str, ...]) -> bool:
    """Whether rows name crawlers, which are named whatever their number."""
    return parent[1] == "crawler" and report.dimension is not None and report.dimension.names_machines


def differences(tables: Tables) -> Iterator[Left]:
    """For every published row and every report that divides it: what is left without all of its children, or without any few."""
    for report in REPORTS:
        if report.parent is None:
            continue
        names = REPORTS.columns(report.parent)
        for parent, whole in tables[report.parent].items():
            if is_of_machines(report, parent):
                continue
            if report.where and dict(zip(names, parent, strict=True))[report.where[0]] not in report.where[1:]:
                continue
            children = [row[0] for key, row in tables[report.name].items() if key[: len(names)] == parent]
            yield Left(report.name, whole[0] - sum(children), len(children))
            for number in range(1, min(len(children), 3)):
                for taken in combinations(children, number):
                    yield Left(report.name, whole[0] - sum(taken), number)


intact = cache(published)


def test_what_is_left_of_any_row_is_nothing_or_many():
    left = [left for log in days() for left in differences(intact(log))]
    assert {one.report for one in left} == {report.name for report in REPORTS if report.parent}
    assert [one for one in left if 0 < one.hits < K or one.hits < 0] == []


@pytest.mark.long
def test_without_absorption_something_small_is_left_at_every_edge_of_the_tree():
    with without_absorption():
        left = [left for log in days() for left in differences(published(log))]
    assert {one.report for one in left if 0 < one.hits < K} == {report.name for report in REPORTS if report.parent}


def lacking(tables: Tables, truth: Tables) -> Iterator[tuple[int, int]]:
    """For every published row of a parent and of a child below it: how many visitors the child lacks, as told and in truth."""
    for report in REPORTS:
        if report.parent:
            width = len(REPORTS.columns(report.parent))
            for key, row in tables[report.name].items():
                parent = key[:width]
                if is_of_machines(report, parent):
                    continue
                yield tables[report.parent][parent][1] - row[1], truth[report.parent][parent][1] - truth[report.name][key][1]


@cache
def exact(log: bytes) -> Tables:
    with exact_visitors():
        return published(log)


def test_a_row_with_visitors_that_another_lacks_differs_only_if_many_lack_it():
    pairs = []
    for log in days():
        truth = exact(log)
        pairs += lacking(intact(log), truth)
    assert any(0 < lack < K for _, lack in pairs)
    assert [pair for pair in pairs if pair[0] < 0 or (0 < pair[1] < K and pair[0])] == []


def test_exact_visitors_would_tell_that_few_lack_something():
    told = [told for log in days() for told, _ in lacking(exact(log), exact(log))]
    assert any(0 < lack < K for lack in told)


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
    found: int = 1


MINUTE = "03/Mar/2026:10:01:00 +0000"
TUNNEL = {"request": "CONNECT a.example:443 HTTP/1.1", "status": 404}
ASTERISK = {"request": "OPTIONS * HTTP/1.1", "status": 404}


def at(path: str) -> dict[str, object]:
    return {"request": f"GET {path} HTTP/1.1"}


def frenchmen(count: int, network: str = "90.1") -> bytes:
    return b"".join(line(f"{network}.{number}.1") for number in range(count))


FLAT_PATHS = Report("static_paths", "x", PATH, "kinds", where=("kind", "static"))
ENTRY_PAGES = Report("entry_pages", "x", ENTRY_PAGE, "kinds", where=("kind", "page"))
ALL_DEPTHS = Report("visit_depths", "x", replace(VISIT_DEPTH, values=(*VISIT_DEPTH.values, NONE)), "daily")
DEPTHS = Report("visit_depths", "x", VISIT_DEPTH, "kinds", where=("kind", "page"))
ALL_DURATIONS = Report("visit_durations", "x", VISIT_DURATION, "daily")


def reports(*instead: Report) -> Callable[[], contextlib.AbstractContextManager[None]]:
    """Other reports, which the catalogue would refuse."""
    return partial(with_reports, *instead)


@contextlib.contextmanager
def flat_paths_without_absorption() -> Iterator[None]:
    with with_reports(FLAT_PATHS), without_absorption():
        yield


def methods_of_what_has_no_path() -> contextlib.AbstractContextManager[None]:
    """CONNECT and OPTIONS keep their names where they name no path."""
    return patch.object(anonymize, "_without", lambda column, _: column)


INVALID = crowd(60, 100, request=r"\\x16\\x03", status=400)
BROKEN = crowd(12, 200, status=404)

ATTACKS = {
    "invalid requests by method and by kind": Attack(
        crowd(40) + INVALID + BROKEN + crowd(1, JANE, status=404, request="PUT / HTTP/1.1"),
        lambda tables: hits(tables, "methods", method="(unknown)") - hits(tables, "kinds", kind="invalid"),
        reports(Report("methods", "x", METHOD, "daily")),
    ),
    "invalid requests by protocol and by kind": Attack(
        crowd(40) + INVALID + BROKEN + crowd(1, JANE, status=404, request="GET / HTTP/3.0"),
        lambda tables: hits(tables, "protocols", protocol="(unknown)") - hits(tables, "kinds", kind="invalid"),
        reports(Report("protocols", "x", PROTOCOL, "daily")),
    ),
    "robots without an agent by system and by kind": Attack(
        crowd(30, agent="curl/8.0") + crowd(40, 100, agent="-") + crowd(1, JANE, agent="curl/8.0 (Windows NT 10.0)"),
        lambda tables: (
            hits(tables, "operating_systems", operating_system="(none)") - hits(tables, "bot_kinds", bot_kind="no-agent")
        ),
        reports(Report("devices", "x", DEVICE, "daily")),
    ),
    "total - pages - static files": Attack(
        crowd(30) + crowd(20, 100, request="GET /a.css HTTP/1.1") + crowd(1, JANE, status=301),
        lambda tables: hits(tables, "daily") - hits(tables, "pages") - hits(tables, "file_types"),
        without_absorption,
    ),
    "status codes - broken links": Attack(
        crowd(40) + crowd(11, 100, status=404, request="GET /gone HTTP/1.1") + crowd(1, JANE, status=500),
        lambda tables: hits(tables, "daily") - hits(tables, "status_codes", status="200") - hits(tables, "not_found"),
        without_absorption,
    ),
    "a country - its networks": Attack(
        crowd(30) + frenchmen(11) + frenchmen(1, "82.64"),
        lambda tables: hits(tables, "countries", country="FR") - by_country(tables, "FR"),
        without_absorption,
    ),
    "all other countries - networks": Attack(
        crowd(30) + frenchmen(11) + line("193.0.6.139"),
        lambda tables: hits(tables, "daily") - hits(tables, "countries", country="GB") - by_country(tables, "FR"),
        without_absorption,
    ),
    "file types - paths": Attack(
        crowd(30) + crowd(11, 100, request="GET /robots.txt HTTP/1.1") + crowd(1, JANE, request="GET /jane.txt HTTP/1.1"),
        lambda tables: hits(tables, "file_types", file_type="txt") - hits(tables, "static_paths"),
        flat_paths_without_absorption,
    ),
    "images - the section of images": Attack(
        # Who knows the site knows that all images but her one are in that section.
        crowd(40, **at("/css/a.css")) + crowd(30, 100, **at("/img/a.png")) + crowd(1, JANE, **at("/admin/logo.png")),
        lambda tables: hits(tables, "file_types", file_type="png") - hits(tables, "sections", section="/img/"),
        reports(Report("file_types", "x", FILE_TYPE, "kinds", where=("kind", "static"))),
    ),
    "methods that are not allowed - the frequent one": Attack(
        # A GET is not answered so, but she is counted with those that are answered otherwise.
        crowd(50, status=403)
        + crowd(20, 100, status=405, request="POST / HTTP/1.1")
        + crowd(1, JANE, status=405, request="PUT / HTTP/1.1"),
        lambda tables: hits(tables, "status_codes", status="405") - hits(tables, "methods", method="POST"),
        reports(Report("methods", "x", METHOD, "kinds")),
    ),
    "a page - visits that begin with it": Attack(
        crowd(20) + crowd(18, 100, **at("/a")) + crowd(1, JANE) + crowd(1, JANE, time=MINUTE, **at("/a")),
        lambda tables: hits(tables, "pages", path="/a") - hits(tables, "entry_pages", entry_page="/a"),
        reports(ENTRY_PAGES),
    ),
    "other hits - visits without a page": Attack(
        crowd(40) + crowd(20, 100, **at("/a.css")) + crowd(1, JANE) + crowd(1, JANE, **at("/a.css")),
        lambda tables: (
            hits(tables, "daily") - hits(tables, "kinds", kind="page") - hits(tables, "visit_depths", visit_depth="(none)")
        ),
        reports(ALL_DEPTHS),
    ),
    "page hits - what visits of one page can be": Attack(
        # In 30 minutes a visit ends, so in a day a visitor has 48 at most: what is above that was absorbed.
        crowd(12) + crowd(1) * 700,
        lambda tables: max(0, hits(tables, "visit_depths", visit_depth="01") - 48 * 12),
        reports(DEPTHS),
        found=712 - 576,
    ),
    "visits of one page - visits that do not last": Attack(
        # A site of pages alone: who stays has seen several. Jane has seen six, and no one else more than two.
        crowd(40) + crowd(15, 100) + crowd(15, 100, time=MINUTE) + crowd(1, JANE) * 5 + crowd(1, JANE, time=MINUTE),
        lambda tables: hits(tables, "visit_depths", visit_depth="01") - hits(tables, "visit_durations", visit_duration="00:00"),
        reports(DEPTHS, ALL_DURATIONS),
        found=6,
    ),
    "broken links without a path - tunnels": Attack(
        crowd(40) + crowd(20, 100, **TUNNEL) + crowd(25, 200, status=404, **at("/x")) + crowd(1, JANE, **ASTERISK),
        lambda tables: hits(tables, "not_found", path="(none)") - hits(tables, "methods", kind="not_found", method="CONNECT"),
        methods_of_what_has_no_path,
    ),
    "the day - its hours": Attack(
        crowd(30) + crowd(20, 100, time="03/Mar/2026:11:00:00 +0000") + crowd(1, JANE, time="03/Mar/2026:03:00:00 +0000"),
        lambda tables: hits(tables, "daily") - hits(tables, "hourly"),
        without_absorption,
    ),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_jane_cannot_be_found_by_subtraction(name):
    attack = ATTACKS[name]
    # Also with a report that is not in the catalogue, so that it is the rules that stop the attack, not the lack of a table.
    with with_reports(FLAT_PATHS):
        left = attack.sum(published(attack.log))
    assert left == 0 or abs(left) >= K


@pytest.mark.parametrize("name", ATTACKS)
def test_without_a_rule_she_is(name):
    attack = ATTACKS[name]
    with attack.mutation():
        assert attack.sum(published(attack.log)) == attack.found


def test_a_night_without_its_third_hour_hides_the_other_two():
    """In Berlin it has no hour 02, so whoever sees 00, 01 and 03 named knows that `(other)` is 04 and 05, fewer than k each."""
    night = {"28/Mar/2026:23:30:00": 12, "29/Mar/2026:00:30:00": 14, "29/Mar/2026:01:30:00": 16}
    night |= {"29/Mar/2026:02:30:00": 6, "29/Mar/2026:03:30:00": 6}
    log = b"".join(crowd(count, 100 * number, time=f"{time} +0000") for number, (time, count) in enumerate(night.items(), 1))

    def hours() -> dict[str, int]:
        table = tables_of(release_log(log, k=K, time_zone="Europe/Berlin"))["2026-03-29"]["hourly"]
        return {key[-1]: row[0] for key, row in table.items()}

    assert hours() == {"00": 12, "01": 14, "03": 16 + 12}
    with other_of_two():
        assert hours() == {"00": 12, "01": 14, "03": 16, "(other)": 12}
