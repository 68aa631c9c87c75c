"""The utility benchmark reports what was published by name, and more visitors mean more named rows."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.catalogues import NOISY_REPORTS, REPORTS
from tests.logs import crowd

ROOT = Path(__file__).parents[2]


def measured(tmp_path, *options):
    """The reports of the printed tables, and the figures by visitors, period, k and report."""
    figures = tmp_path / "figures.json"
    command = [sys.executable, "benchmarks/utility.py", *options, "--json", str(figures)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    printed = [line.split("|")[1].strip(" `") for line in done.stdout.splitlines() if line.startswith("| `")]
    return printed, {(one["visitors"], one["period"], one["k"], one["report"]): one for one in json.loads(figures.read_text())}


def test_it_tells_what_is_hidden(tmp_path):
    printed, found = measured(tmp_path, "--visitors", "20", "300", "--k", "5", "20")
    assert printed == [*REPORTS.names()] * 2
    for one in found.values():
        assert 0 <= one["unnamed"] + one["misnamed"] <= one["hits"]
    small, large = found["300", "day", 5, "pages"], found["300", "day", 20, "pages"]
    assert small["unnamed"] < large["unnamed"] < large["hits"]
    # A day of twenty people has no row of twenty addresses but itself, if that; a week of three hundred a day names nearly all.
    twenty = found["20", "day", 20, "pages"]
    assert twenty["unnamed"] == twenty["hits"]
    week = found["300", "week", 5, "pages"]
    assert week["hits"] > 2_000
    assert week["unnamed"] + week["misnamed"] < 0.1 * week["hits"]


def test_it_measures_a_log(tmp_path):
    """Twelve people on one page, three on another: a fifth of the page hits are in the row of the first."""
    log = tmp_path / "access.log"
    log.write_bytes(crowd(12) + crowd(3, 100, request="GET /rare HTTP/1.1"))
    _, found = measured(tmp_path, "--log", str(log), "--periods", "day", "month")
    for period in ("day", "month"):
        pages = found["access.log", period, 10, "pages"]
        assert (pages["hits"], pages["unnamed"], pages["misnamed"]) == (15, 0, 3)


def test_a_threshold_under_five_is_refused():
    command = [sys.executable, "benchmarks/utility.py", "--visitors", "20", "--k", "4"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode
    assert "min_addresses is 4" in done.stderr


def test_it_tells_what_can_be_heard_above_the_noise(tmp_path):
    figures = tmp_path / "figures.json"
    command = [sys.executable, "benchmarks/utility.py", "--visitors", "300", "--epsilon", "0.05", "8", "--json", str(figures)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    rows = [line.split("|")[1].strip() for line in done.stdout.splitlines() if line.startswith("| `")]
    assert rows == [f"`{name}`" for name in NOISY_REPORTS.names()] * 2
    found = {(one["period"], one["ε"], one["report"]): one for one in json.loads(figures.read_text())}
    assert len(found) == 2 * 2 * len(NOISY_REPORTS)
    for one in found.values():
        assert 0 <= one["named_rows"] <= one["rows"]
        assert 0 <= one["named_hits"] <= one["hits"]
    # Noise of ε = 0.05 is greater than all that 300 visitors do; with 8 the day's total is heard, but for what bounds cut off.
    assert found["day", 0.05, "kinds"]["named_hits"] == 0
    assert 0.7 < found["day", 8, "daily"]["named_hits"] / found["day", 8, "daily"]["hits"] < 1
