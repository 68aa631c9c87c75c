"""docs/privacy.md and the tests agree: each claim and limit names a test that exists, and each attack is listed."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from dp_accounting import GaussianDpEvent
from dp_accounting.pld import PLDAccountant
from dp_accounting.rdp import RdpAccountant

from tests.catalogues import NOISY_REPORTS, REPORTS
from transforms.privacy.differential.budget import BOUNDS, SHARES, UNIT_BYTES, UNIT_HITS, Budget
from transforms.privacy.threshold.explanation import TEXT

ROOT = Path(__file__).parents[1]
DOCUMENT = (ROOT / "docs" / "privacy.md").read_text()
CLAIMS = re.findall(r"^\| (\d+) \| (.+?) \| (.+) \| (.+) \|$", DOCUMENT, re.MULTILINE)
LIMITS = re.findall(r"^\| ([^|]+) \| (`tests/attack/test_limits.+) \|$", DOCUMENT, re.MULTILINE)
NAMED = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", DOCUMENT)


def test_claims_are_numbered_and_each_names_a_test():
    assert [int(number) for number, *_ in CLAIMS] == list(range(1, len(CLAIMS) + 1))
    assert len(CLAIMS) >= 25
    for _, claim, tests, without in CLAIMS:
        assert re.fullmatch(r"`tests/[^`]+`(, `tests/[^`]+`)*", tests), claim
        assert re.fullmatch(r"–|`tests/[^`]+`(, `tests/[^`]+`)*", without), claim


@pytest.mark.parametrize("file", sorted({file for file, _ in NAMED}))
def test_each_named_test_exists(file):
    tree = ast.parse((ROOT / file).read_text())
    there = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert {name for other, name in NAMED if other == file} <= there


def test_every_limit_has_a_test_and_every_test_of_a_limit_a_limit():
    shown = {name for _, tests in LIMITS for name in re.findall(r"test_limits\.py::(\w+)", tests)}
    tree = ast.parse((ROOT / "tests" / "attack" / "test_limits.py").read_text())
    assert shown == {node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}


def test_every_file_of_attacks_is_named():
    assert {path.name for path in (ROOT / "tests" / "attack").glob("test_*.py")} == {
        Path(file).name for file, _ in NAMED if file.startswith("tests/attack/")
    }


def test_explain_names_every_limit_that_the_document_shows():
    promised, _, limits = TEXT.partition("What this does not promise")
    for words in (
        "people who work together",
        "many networks",
        "in its path",
        "share a property",
        "overlap",
        "crawler's user agent",
        "--replace",
        "two data sets of one log",
    ):
        assert words in limits, words
    assert "--replace" in promised


def test_the_tables_of_what_it_costs_have_every_report():
    of_threshold, _, of_noise = DOCUMENT.partition("## What it costs")[2].partition("### What noise costs")
    for costs, reports, tables in ((of_threshold, REPORTS, 3), (of_noise, NOISY_REPORTS, 2)):
        assert re.findall(r"^\| `(\w+)` \|", costs, re.MULTILINE) == list(reports.names()) * tables


def test_the_bounds_in_the_document_are_those_in_force():
    said = " ".join(DOCUMENT.partition("## Differential privacy")[2].split())
    assert f"at most {UNIT_HITS} hits and {UNIT_BYTES:,} bytes are counted" in said
    for bounds in ("`daily` 2", "`hourly` 3", "`kinds` 3", "`pages` 10 with at most 3 hits in each"):
        report, cells = re.findall(r"`(\w+)` (\d+)", bounds)[0]
        assert bounds in said
        assert BOUNDS[report].cells == int(cells)
    assert "`channels`, `sources`, `countries` and `devices` 2" in said
    assert {BOUNDS[report].cells for report in ("channels", "sources", "countries", "devices")} == {2}
    assert BOUNDS["pages"].hits_in_cell == 3
    assert len(BOUNDS) * len(SHARES) == 24


def test_the_noise_that_the_readme_and_the_query_name_is_that_of_the_defaults():
    mechanisms = {(each.report, each.measure): each for each in Budget(("www.example.org",)).mechanisms()}
    readme, dictionary = ((ROOT / name).read_text() for name in ("README.md", "docs/parquet.md"))
    widths = {mechanisms[report, "visitors"].half_width for report in BOUNDS}
    assert f"hits is about ± {mechanisms['daily', 'hits'].half_width} with ε = 2" in readme
    assert f"visitors ± {min(widths)} to ± {max(widths)}" in readme
    (least,) = re.findall(r"AND hits > (\d+)", dictionary)
    assert int(least) == pytest.approx(4 * mechanisms["countries", "hits"].scale, abs=2)


def test_what_other_accountants_say_is_as_the_architecture_tells():
    policy = Budget(("www.example.org",))
    (told,) = re.findall(r"Rényi accounting ([\d.]+), loss distributions ([\d.]+)\.", (ROOT / "ARCHITECTURE.md").read_text())
    for accountant, figure in zip((RdpAccountant(), PLDAccountant()), told, strict=True):
        for each in policy.mechanisms():
            accountant.compose(GaussianDpEvent(each.scale / each.sensitivity))
        assert accountant.get_epsilon(policy.noise_delta()) == pytest.approx(float(figure), abs=0.006)
