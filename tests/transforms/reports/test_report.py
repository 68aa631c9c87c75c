"""The catalogue of a job: which reports may be published together, and that a manifest gives it back."""

from __future__ import annotations

import json
import pickle

import pytest

from tests.catalogues import NOISY_REPORTS, REPORTS
from transforms.dimensions.agent import BOT_KIND, BROWSER, DEVICE, OPERATING_SYSTEM
from transforms.dimensions.dimension import Dimension, Read, Scope
from transforms.dimensions.place import COUNTRY, NETWORK
from transforms.dimensions.referrer import SOURCE
from transforms.dimensions.request import FILE_TYPE, KIND, METHOD, PATH, PROTOCOL, SECTION, STATUS
from transforms.dimensions.timing import HOUR
from transforms.dimensions.tls import TLS_VERSION
from transforms.dimensions.visit import ENTRY_PAGE, EXIT_PAGE, VISIT_DEPTH
from transforms.reports.report import Catalogue, CatalogueError, Report, determined_by

ROOT = {"parent": None, "dimension": None, "where": None}
RELATIVES = {
    "methods beside kinds": (Report("x", "", METHOD, "daily"), "'kinds' and 'x' would both reveal kind, section below 'daily'"),
    "protocols beside kinds": (Report("x", "", PROTOCOL, "daily"), "'kinds' and 'x' would both reveal kind"),
    "status codes beside kinds": (Report("x", "", STATUS, "daily"), "'kinds' and 'x' would both reveal kind"),
    "systems of robots beside their kinds": (
        Report("x", "", OPERATING_SYSTEM, "daily", where=("traffic", "bot")),
        "'bot_kinds' and 'x' would both reveal device, operating_system",
    ),
    "browsers beside devices": (Report("x", "", BROWSER, "daily"), "'devices' and 'x' would both reveal device"),
    "networks beside countries": (Report("x", "", NETWORK, "daily"), "'countries' and 'x' would both reveal country"),
    "sources beside channels": (Report("x", "", SOURCE, "daily"), "'channels' and 'x' would both reveal channel"),
    "paths of all kinds beside pages": (Report("x", "", PATH, "kinds"), "'sections' and 'x' would both reveal section"),
    "paths of pages beside pages": (
        Report("x", "", PATH, "sections", where=("kind", "static", "page")),
        "'pages' and 'x' would both reveal file_type, path below 'sections'",
    ),
    "sections beside kinds": (Report("x", "", SECTION, "daily"), "'kinds' and 'x' would both reveal section below 'daily'"),
    "types of files beside sections": (
        Report("x", "", FILE_TYPE, "kinds", where=("kind", "static")),
        "'sections' and 'x' would both reveal file_type, section below 'kinds'",
    ),
    "methods beside status codes": (Report("x", "", METHOD, "kinds"), "'status_codes' and 'x' would both reveal method"),
    "types of files below hours": (Report("x", "", FILE_TYPE, "hourly"), "'kinds' and 'x' would both reveal kind"),
    "hours beside parts of the day": (Report("x", "", HOUR, "daily"), "'day_parts' and 'x' would both reveal day_part"),
    "countries by the hour beside countries": (
        Report("x", "", COUNTRY, "hourly"),
        "'countries' and 'x' would both reveal country",
    ),
    "hours of pages beside hours": (
        Report("x", "", HOUR, "kinds", where=("kind", "page")),
        "'day_parts' and 'x' would both reveal day_part",
    ),
    "hits by entry page beside kinds": (Report("x", "", ENTRY_PAGE, "daily"), "'kinds' and 'x' would both reveal kind"),
    "entry pages beside pages": (
        Report("x", "", ENTRY_PAGE, "kinds", where=("kind", "page")),
        "'sections' and 'x' would both reveal section below 'kinds'",
    ),
    "exit pages beside pages": (
        Report("x", "", EXIT_PAGE, "sections", where=("kind", "page")),
        "'pages' and 'x' would both reveal file_type, path below 'sections'",
    ),
    "hits by depth of the visit beside kinds": (Report("x", "", VISIT_DEPTH, "daily"), "'kinds' and 'x' would both reveal kind"),
    "kinds of some of the robots again": (
        Report("x", "", BOT_KIND, "daily", where=("traffic", "unknown", "crawler")),
        "'bot_kinds' and 'x' would both reveal bot_kind",
    ),
    "pins that contradict each other": (
        Report("x", "", HOUR, "pages", where=("kind", "static", "download")),
        "report 'x' pins 'kind' to other values than a report above it",
    ),
}
# Below a report that determines another dimension for some of its values only.
PARTIALLY = {
    "below methods": [Report("a", "", METHOD, "daily"), Report("b", "", KIND, "a"), Report("c", "", STATUS, "a")],
    "below paths": [Report("a", "", PATH, "daily"), Report("b", "", KIND, "a"), Report("c", "", FILE_TYPE, "a")],
    "below kinds of bots": [
        Report("a", "", BOT_KIND, "daily"),
        Report("b", "", OPERATING_SYSTEM, "a"),
        Report("c", "", BROWSER, "a"),
    ],
    "of protocols": [Report("a", "", PROTOCOL, "daily"), Report("b", "", TLS_VERSION, "daily")],
}


@pytest.mark.parametrize("case", PARTIALLY)
def test_that_a_parent_determines_some_values_does_not_make_relatives_safe(case):
    with pytest.raises(CatalogueError, match="would both reveal"):
        Catalogue([REPORTS.root(), *PARTIALLY[case]])
    Catalogue([REPORTS.root(), *PARTIALLY[case][:-1]])


@pytest.mark.parametrize("case", RELATIVES)
def test_reports_that_would_undo_each_others_suppression_are_refused(case):
    report, says = RELATIVES[case]
    with pytest.raises(CatalogueError, match=says):
        Catalogue([*REPORTS, report])


@pytest.mark.parametrize(
    "report",
    [
        Report("other_paths", "", PATH, "sections", where=("kind", "other", "invalid")),  # other rows than those of pages
        Report("devices_unknown", "", DEVICE, "daily", where=("traffic", "unknown")),
        Report("crawlers", "", OPERATING_SYSTEM, "bots", where=("traffic", "crawler")),  # of those that are divided already
        Report("tls_versions", "", TLS_VERSION, "protocols"),
    ],
    ids=lambda report: report.name,
)
def test_reports_that_divide_other_rows_or_by_something_else_are_not(report):
    assert report.name in Catalogue([*REPORTS, report])


@pytest.mark.parametrize(
    "declared",
    [
        *[(HOUR, "kinds", where) for where in ((), ("kind",), ("kind", 5), ("kind", "page", "page"), ["kind", "page"], "ab", 5)],
        ("hour", "kinds"),
        (HOUR, 5),
    ],
    ids=lambda declared: str(declared[1:]),
)
def test_what_is_no_declaration_of_a_report_is_refused(declared):
    with pytest.raises(CatalogueError, match="report 'x': it has a Dimension, the name of its parent, and a pin"):
        Report("x", "", *declared)


def test_a_relative_that_nobody_declares_is_refused():
    stray = Dimension("stray", "x", "x", Scope.HIT, (Read("path"),), determines=("knid",))
    with pytest.raises(CatalogueError, match="dimension 'stray' determines one that is not declared"):
        Catalogue([*REPORTS, Report("x", "", stray, "kinds")])


def test_the_order_of_declaration_does_not_matter_to_the_rule():
    daily, kinds = REPORTS["daily"], REPORTS["kinds"]
    with pytest.raises(CatalogueError, match="'x' and 'kinds' would both reveal kind"):
        Catalogue([daily, Report("x", "", METHOD, "daily"), kinds])


@pytest.mark.parametrize("catalogue", [REPORTS, NOISY_REPORTS], ids=["all", "noisy"])
def test_a_manifest_gives_the_catalogue_back(catalogue):
    told = json.loads(json.dumps(catalogue.described(), sort_keys=True))
    back = Catalogue.from_described(told)
    assert set(back.names()) == set(catalogue.names())
    for report in catalogue:
        assert back.columns(report.name) == catalogue.columns(report.name)
        assert back[report.name].where == report.where


@pytest.mark.parametrize(
    "spoiled",
    [
        {"daily": {"parent": "daily", "dimension": None, "where": None}},
        {
            "daily": {"parent": None, "dimension": None, "where": None},
            "pages": {"parent": "daily", "dimension": "x", "where": None},
        },
        {
            "daily": {"parent": None, "dimension": None, "where": None},
            "pages": {"parent": "x", "dimension": "path", "where": None},
        },
        {"daily": {"parent": None, "dimension": None, "where": {"traffic": "human"}}},
        {"daily": {"parent": None, "dimension": ["path"], "where": None}},
        {"daily": {"parent": {}, "dimension": None, "where": None}},
        {"jane.doe@example.org": {"parent": None, "dimension": None, "where": None}},
        *[
            {"daily": {"parent": None}, "x": {"parent": "daily", "dimension": "hour", "where": where}}
            for where in (
                *({"traffic": value} for value in ("human", [], [5], [["human"]], ["human", "human"], ["jane"], ["bot", "jane"])),
                *({}, {"traffic": ["human"], "site": ["x"]}, {"site": ["x"]}, {"kind": ["page"]}, ["traffic", "human"]),
            )
        ],
        {"daily": 5},
        {},
    ],
)
def test_what_is_no_catalogue_is_refused(spoiled):
    with pytest.raises(CatalogueError):
        Catalogue.from_described(spoiled)


def test_a_manifest_lists_the_values_of_a_pin():
    told = REPORTS.described()
    assert told["pages"]["where"] == {"kind": ["page"]}
    assert told["bot_kinds"]["where"] == {"traffic": ["bot", "crawler"]}
    assert Catalogue.from_described({"daily": told["daily"], "x": {**told["channels"], "where": {"traffic": ["human"]}}})


def test_what_a_dimension_determines_ends_where_that_is_fixed():
    assert determined_by(STATUS) == {"status", "method", "kind", "section"}
    assert determined_by(STATUS, {"kind"}) == {"status", "method"}
    assert determined_by(PATH) == {"path", "kind", "section", "file_type"}


def test_a_catalogue_travels_to_workers():
    assert pickle.loads(pickle.dumps(REPORTS)) == REPORTS
