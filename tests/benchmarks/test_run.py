"""The run benchmark works end to end, also without GoAccess to compare with."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.long
@pytest.mark.parametrize("compared", [False, True])
def test_it_measures_and_prints(tmp_path, compared):
    path = os.environ["PATH"]
    if compared and not shutil.which("goaccess"):
        pytest.skip("goaccess is not installed: apt-get install goaccess")
    if not compared:
        (tmp_path / "bin").mkdir()
        (tmp_path / "bin" / "wc").symlink_to(shutil.which("wc"))
        path = str(tmp_path / "bin")
    figures = tmp_path / "figures.json"
    command = [
        sys.executable,
        "benchmarks/run.py",
        "--lines",
        "2000",
        "--pairs",
        "1",
        "--work",
        str(tmp_path),
        "--json",
        str(figures),
    ]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=True)
    assert "2,000 lines (realistic)" in done.stdout
    assert ("goaccess is not installed" in done.stdout) != compared
    programs = json.loads(figures.read_text())["programs"]
    assert set(programs) == {"weblog-anonymizer", "wc -l"} | ({"goaccess", "goaccess, countries"} if compared else set())
    assert programs["weblog-anonymizer"]["peak_memory_bytes"] > 1e6
