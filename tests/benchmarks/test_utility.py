"""The utility benchmark reports what was published by name, and more visitors mean more named rows."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.catalogues import NOISY_REPORTS, REPORTS

ROOT = Path(__file__).parents[2]


def test_it_tells_what_is_named(tmp_path):
    figures = tmp_path / "figures.json"
    command = [sys.executable, "benchmarks/utility.py", "--visitors", "20", "300", "--k", "5", "20", "--json", str(figures)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    rows = [line.split("|")[1].strip() for line in done.stdout.splitlines() if line.startswith("| `")]
    assert rows == [f"`{name}`" for name in REPORTS.names()] * 2
    found = {(one["visitors"], one["period"], one["k"], one["report"]): one for one in json.loads(figures.read_text())}
    assert len(found) == 2 * 2 * 2 * len(REPORTS)
    for one in found.values():
        assert 0 <= one["named_rows"] <= one["rows"]
        assert 0 <= one["named_hits"] <= one["hits"]
    # The same day or week is counted, whatever k.
    for visitors, period, _, report in found:
        low, high = found[visitors, period, 5, report], found[visitors, period, 20, report]
        assert (low["rows"], low["hits"]) == (high["rows"], high["hits"])
    assert found[300, "day", 5, "pages"]["named_hits"] > found[300, "day", 20, "pages"]["named_hits"] > 0
    # A day of twenty people has no row of twenty addresses but itself, if that; a week of three hundred a day names nearly all.
    assert found[20, "day", 20, "pages"]["named_rows"] == 0
    assert found[300, "week", 5, "daily"]["named_hits"] == found[300, "week", 5, "daily"]["hits"] > 20_000
    assert found[300, "week", 5, "pages"]["named_hits"] > 0.9 * found[300, "week", 5, "pages"]["hits"]


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
