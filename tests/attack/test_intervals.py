"""Disclosure by linear programming: how narrowly all tables of small days bound a row that is not published.

The attacker knows every table, every value that may occur (also those that no table names), and what follows from the
documents: an invalid request has no method, a page is requested by GET or POST, a visit without a page has no hit on one. Only
the hits of each joint cell are unknown to him. A joint cell is a combination of values that these facts allow. Each published
row is an equation over joint cells. The least and the greatest sum that a hidden row can have under all equations bound it.

If all partitions are independent, the answer is known: no interval is narrower than the smallest row. The facts relate reports to
each other, and then only solving gives the answer.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from itertools import product

import numpy as np
import pytest
from scipy.optimize import linprog
from scipy.sparse import csr_array

from tests.attack import mutations
from tests.attack.mutations import K, Tables, published, with_reports, without_folds, without_gate
from tests.logs import GOOGLEBOT, line
from transforms.dimensions.agent import DEVICE
from transforms.dimensions.request import METHOD, PROTOCOL
from transforms.reports.report import Report

Cell = dict[str, str]

REQUESTS = ("kind", "status", "path", "file_type", "entry", "method", "protocol")
TIED = {"human": (*REQUESTS, "visit_depth"), "bot": ("bot_kind", "bot", "device", "operating_system", "browser")}
"""Dimensions that facts tie to each other; of all others any combination may be."""

FREE = "hour"
"""One that is tied to none, for all that are."""


def days(traffic: str, count: int) -> Iterator[bytes]:
    """Small days in which a part of each report is just under or over the threshold, of people or of robots."""
    chance = random.Random(5)
    for _ in range(count):
        lines = []
        for number in range(chance.randrange(60, 130)):
            one = {"host": f"20.{number % 60}.{chance.randrange(3)}.1", "time": f"03/Mar/2026:1{chance.randrange(2)}:00:00 +0000"}
            if traffic == "bot":
                one["agent"] = chance.choice([GOOGLEBOT] * 9 + ["-", "-", BINGBOT, AHREFS, "curl/8.0"])
            else:
                one |= chance.choice([PAGE] * 8 + [MISSING, MISSING, MISSING, STYLE, STYLE, INVALID, INVALID, MOVED])
                if "request" not in one:
                    methods, versions = ["GET"] * 9 + ["POST", "HEAD"], ["1.1"] * 9 + ["1.0", "2.0"]
                    path = chance.choice("aaaabc") + one.pop("ending", "")
                    one["request"] = f"{chance.choice(methods)} /{path} HTTP/{chance.choice(versions)}"
            one.pop("ending", None)
            lines.append(line(**one))
        yield b"".join(lines)


BINGBOT = "Mozilla/5.0 (Windows NT 10.0; compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)"
AHREFS = "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)"
PAGE: dict[str, object] = {}
MISSING: dict[str, object] = {"status": 404}
STYLE: dict[str, object] = {"ending": ".css"}
INVALID: dict[str, object] = {"request": r"\\x16\\x03", "status": 400}
MOVED: dict[str, object] = {"status": 301}


def cells(truth: Tables, traffic: str) -> list[Cell]:
    """Every joint cell that the facts allow, of the values that occur."""
    names = (*TIED[traffic], FREE)
    values: dict[str, dict[str, set[tuple[str, ...]]]] = {}
    for report in mutations.REPORTS:
        if report.dimension and report.dimension.name in names:
            for key in truth[report.name]:
                values.setdefault(report.dimension.name, {}).setdefault(report.name, set()).add(key)
    found = [{"site": mutations.SITE, "traffic": traffic}]
    for name in names:
        known = {key[-1] for keys in values.get(name, {}).values() for key in keys} or {""}
        found = [one for cell, value in product(found, sorted(known | unsaid(name))) if possible(one := {**cell, name: value})]
    return found


def unsaid(name: str) -> set[str]:
    """A value for hits that no report divides by this dimension: a page has no file type, a style sheet no path."""
    return {""} if name in ("path", "file_type", "entry") else set()


def possible(cell: Cell) -> bool:
    """What the documents say about values that go together; also of cells whose last dimensions are not chosen yet."""
    kind, status, method = cell.get("kind"), cell.get("status"), cell.get("method")
    if kind is not None and status is not None:
        if (status in ("404", "410")) != (kind == "not_found") and kind != "invalid":
            return False
        if (status[0] == "3") != (kind == "redirect") and kind != "invalid":
            return False
        if (status[0] in "45") != (kind in ("not_found", "error")) and kind != "invalid":
            return False
    if kind is not None:
        if ("path" in cell and (cell["path"] != "") != (kind in ("page", "not_found"))) or (
            "file_type" in cell and (cell["file_type"] != "") != (kind == "static")
        ):
            return False
        if "entry" in cell and (cell["entry"] != "") != (kind == "page"):
            return False
        if kind == "page" and (method not in (None, "GET", "POST") or cell.get("visit_depth") == "00"):
            return False
        for name in ("method", "protocol"):
            if name in cell and (cell[name] == "(unknown)") != (kind == "invalid"):
                return False
    if cell.get("entry") == "later" and cell.get("visit_depth") == "01":
        return False
    if "bot_kind" in cell:
        nameless = cell["bot_kind"] == "no-agent"
        return all((cell[name] == "(none)") == nameless for name in ("bot", "operating_system", "browser") if cell.get(name))
    return True


def place(cell: Cell, report: Report, tables: Tables) -> tuple[str, ...] | None:
    """The published row that a joint cell is in."""
    reports = mutations.REPORTS
    names = reports.columns(report.name)
    if report.parent is None:
        return tuple(cell[name] for name in names)
    parent = place(cell, reports[report.parent], tables)
    if parent is None or (report.where and dict(zip(names, parent, strict=False))[report.where[0]] != report.where[1]):
        return None
    for value in ("(other)",) if "(other)" in parent else (cell[report.dimension.name], "(other)"):
        if (*parent, value) in tables[report.name]:
            return (*parent, value)
    return None


class Equations:
    """What is published about the joint cells, as one equation a row."""

    def __init__(self, joint: list[Cell], tables: Tables, reports: Iterable[Report]) -> None:
        self.joint = joint
        rows: dict[tuple[str, tuple[str, ...]], list[int]] = {}
        for report in reports:
            for at, cell in enumerate(joint):
                row = place(cell, report, tables)
                if row is not None:
                    rows.setdefault((report.name, row), []).append(at)
        self.sums = [tables[report][row][0] for report, row in rows]
        which = [number for number, cells_of in enumerate(rows.values()) for _ in cells_of]
        columns = [at for cells_of in rows.values() for at in cells_of]
        self.matrix = csr_array((np.ones(len(which)), (which, columns)), shape=(len(rows), len(joint)))

    def bounds(self, wanted: Cell) -> tuple[float, float]:
        """The least and the greatest number of hits with these values."""
        target = np.array([float(wanted.items() <= cell.items()) for cell in self.joint])
        ends = [linprog(sign * target, A_eq=self.matrix, b_eq=self.sums, method="highs") for sign in (1, -1)]
        assert all(end.status == 0 for end in ends)
        return ends[0].fun, -ends[1].fun


def narrowest(traffic: str, count: int) -> dict[str, float]:
    """By report: the width of the narrowest interval of a row that fails the gate, over all days."""
    found: dict[str, float] = {}
    for log in days(traffic, count):
        with without_gate():
            truth = published(log)
        tables = published(log)
        reports = [
            report for report in mutations.REPORTS if set(mutations.REPORTS.columns(report.name)[2:]) <= {*TIED[traffic], FREE}
        ]
        equations = Equations(cells(truth, traffic), tables, reports)
        for report in reports:
            names = mutations.REPORTS.columns(report.name)
            for key in truth[report.name].keys() - tables[report.name].keys():
                low, high = equations.bounds(dict(zip(names, key, strict=True)))
                assert low - 1e-6 <= truth[report.name][key][0] <= high + 1e-6
                found[report.name] = min(found.get(report.name, 1e9), high - low)
    return found


DAYS = {"human": 5, "bot": 6}


@pytest.mark.parametrize("traffic", DAYS)
def test_no_row_can_be_bounded_more_narrowly_than_the_gate_allows(traffic):
    found = narrowest(traffic, DAYS[traffic])
    assert found
    assert min(found.values()) >= K - 1e-6


def test_without_folds_rows_are_known_exactly():
    with without_folds():
        assert min(narrowest("human", 1).values()) < 1


BESIDE = {
    "human": [Report("methods", "x", METHOD, "daily"), Report("protocols", "x", PROTOCOL, "daily")],
    "bot": [Report("devices", "x", DEVICE, "daily")],
}


@pytest.mark.parametrize("traffic", DAYS)
def test_two_reports_that_name_the_same_group_beside_each_other_give_rows_away(traffic):
    with with_reports(*BESIDE[traffic]):
        assert min(narrowest(traffic, DAYS[traffic]).values()) < 1
