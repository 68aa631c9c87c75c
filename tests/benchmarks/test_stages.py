"""The stage benchmark covers the whole pipeline, names every stage, and profiles the selected one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BLOCK, SHARD = ["read", "parse", "anonymize", "enrich", "shard"], ["merge", "count", "pack"]
STAGES = [*BLOCK, *SHARD, "keep", "judge", "recount", "release", "write"]


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    path = tmp_path_factory.mktemp("log") / "access.log"
    command = [sys.executable, "examples/generate.py", "--output", str(path), "--lines", "2000"]
    subprocess.run(command, cwd=ROOT, check=True)
    return path


def stages(*arguments):
    command = [sys.executable, "benchmarks/stages.py", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


def test_every_stage_is_timed(log, tmp_path):
    figures = tmp_path / "figures.json"
    done = stages(log, "--runs", "1", "--json", figures)
    assert done.returncode == 0, done.stderr
    assert "2,000 lines" in done.stdout
    rows = [line.split("|")[1].strip() for line in done.stdout.splitlines() if line.startswith("| ")]
    assert rows == ["stage", *STAGES, "all"]
    assert "keep, judge, recount and release add " in done.stdout
    seconds = json.loads(figures.read_text())["seconds"]
    assert list(seconds) == STAGES
    assert min(seconds.values()) > 0


def test_one_stage_is_profiled(log):
    done = stages(log, "--runs", "1", "--profile", "anonymize")
    assert done.returncode == 0, done.stderr
    assert "(anonymize)" in done.stdout
    assert "(parse_block)" not in done.stdout


def test_what_is_no_log_is_refused(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("to do\n")
    done = stages(path)
    assert done.returncode == 1
    assert "the format is not clear" in done.stderr
