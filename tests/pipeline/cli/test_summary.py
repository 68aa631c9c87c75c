"""The summary of a run: what the operator is warned about, and that following the advice helps."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from pipeline.cli import summary
from transforms.privacy.threshold.policy import Threshold

NOTHING = {"unknown_site": False, "undeclared_hits": 0}
NOTHING |= dict.fromkeys(("one_network_dominates", "local_addresses_dominate", "one_address_dominates"), False)


def warned(**changed: object) -> dict[str, str]:
    """What is warned of after a run that published three days, the first and last of which may lack lines."""
    day = {**NOTHING, "coverage": "edge"}
    days = {"2026-03-03": day, "2026-03-04": {**day, "coverage": "full"}, "2026-03-06": day}
    record = {
        "days": days,
        "ambiguous_times": 0,
        "asked": [],
        "days_left_out": {},
        "days_without_lines": [],
        "lines": {"read": 1},
    }
    record |= {"files": {}, "days_left_out": {}, "doubtful_sites": [], "other_sites": {}, "first": True}
    return dict(summary.warnings({**record, "facts": {**Threshold().facts(), "period": "day"}, **changed}))


def test_a_day_that_may_lack_lines_is_warned_of_unless_it_was_asked_for():
    said = warned()["edge_published"]
    assert said.startswith("2026-03-03 and 2026-03-06 may lack lines")
    assert "Next time give the files around it, or name the day with --date." in said
    assert warned(asked=["2026-03-03"]) == {}


def test_a_site_that_was_given_is_not_advised():
    days = {"2026-03-04": {**NOTHING, "coverage": "full", "unknown_site": True}}
    assert "--site www.example.org names it" in warned(days=days)["unknown_site"]
    files = {name: {"a.log": {"site": name}} for name in ("www.example.net", "(unknown)")}
    assert "www.example.org" not in warned(days=days, files=files["www.example.net"])["unknown_site"]
    assert "unknown_site" not in warned(days=days, files=files["(unknown)"])


def test_an_address_that_makes_most_hits_is_warned_of():
    days = {"2026-03-04": {**NOTHING, "coverage": "full", "one_address_dominates": True}}
    assert "One address makes more than half of people's hits" in warned(days=days)["one_address_dominates"]
    both = {"2026-03-04": {**days["2026-03-04"], "one_network_dominates": True}}
    assert "one_network_dominates" not in warned(days=both)
    local = {"2026-03-04": {**both["2026-03-04"], "local_addresses_dominate": True}}
    assert list(warned(days=local)) == ["one_network_dominates"]


def test_a_proxy_is_warned_of_by_the_first_run_only():
    days = {"2026-03-04": {**NOTHING, "coverage": "full", "one_network_dominates": True}}
    assert "More than half of people's hits of 2026-03-04 come from one network" in warned(days=days)["one_network_dominates"]
    assert warned(days=days, first=False) == {}


def test_weeks_are_called_weeks():
    days = {"2026-03-02": {**NOTHING, "coverage": "full", "one_network_dominates": True}}
    facts = {**Threshold().facts(), "period": "week"}
    assert "hits of the week from 2026-03-02 come from one network" in warned(days=days, facts=facts)["one_network_dominates"]


def test_hits_of_sites_that_are_not_declared_are_warned_of():
    days = {"2026-03-04": {**NOTHING, "coverage": "full", "undeclared_hits": 7}}
    facts = {**Threshold(10, ("www.example.org",)).facts(), "period": "day"}
    assert "7 hits of other sites than those declared (www.example.org)" in warned(days=days, facts=facts)["undeclared_hits"]


@pytest.mark.parametrize(("width", "as_table"), [(80, True), (40, True), (30, False)])
def test_no_figure_is_cut(width, as_table):
    console = Console(file=io.StringIO(), width=width)
    summary._figures(("rows", "hits in (other)"), [("visit_durations", "1,234,567", "98.7%")], console)
    lines = console.file.getvalue().splitlines()
    assert all(len(text) <= width for text in lines)
    row = next(text.split() for text in lines if "visit_durations" in text)
    assert row == (["visit_durations", "1,234,567", "98.7%"] if as_table else ["visit_durations"])
    assert as_table or "rows: 1,234,567, hits in (other): 98.7%" in " ".join(" ".join(lines).split())


@pytest.mark.parametrize(("width", "lines"), [(80, 12), (60, 23), (24, 66)])
def test_many_reports_are_two_halves_where_they_fit(width, lines):
    console = Console(file=io.StringIO(), width=width)
    names = [f"operating_syste{letter}" for letter in "abcdefghijklmnopqrstuv"]
    summary._figures(("people", "robots"), [(name, "100.0", "–") for name in names], console)
    said = console.file.getvalue()
    assert len(said.splitlines()) == lines
    assert sorted(word for word in said.split() if "_" in word) == names
