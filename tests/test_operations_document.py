"""docs/operations.md and the README's systemd unit work: following them has the result that they state."""

from __future__ import annotations

import itertools
import json
import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from pipeline.cli.dispatch import dispatch
from pipeline.errors import EXIT_ALREADY_PUBLISHED, EXIT_OUTPUT
from tests.logs import crowd
from tests.test_documents import PAGES, README, fenced, table

PAGE = PAGES["docs/operations.md"]
SITE = "www.example.org"
DP = ["--privacy", "dp", "--declare-site", SITE, "--date", "2025-11-30..2025-12-01"]
(MAKE, DELETE) = fenced(PAGE, "sh")
(UNITS,) = fenced(README, "ini")


def run(log: Path, output: Path, *more: str) -> int:
    return dispatch(["run", "--workers", "0", "--input", str(log), "--output", str(output), "--site", SITE, *more])


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "access.log"
    path.write_bytes(b"".join(crowd(30, time=f"{day}:10:00:00 +0000") for day in ("30/Nov/2025", "01/Dec/2025")))
    return path


def delete(output: Path) -> None:
    assert "/srv/statistics" in DELETE
    subprocess.run(DELETE.replace("/srv/statistics", shlex.quote(str(output))), shell=True, check=True)


def test_deleted_days_leave_a_good_data_set_and_are_published_again_if_their_lines_are_found(log, tmp_path):
    output = tmp_path / "out"
    assert run(log, output) == 0
    delete(output)
    assert [path.stem for path in (output / "_manifest").iterdir()] == ["2025-12-01"]
    assert {path.stem for path in output.rglob("*.parquet")} == {"2025-12-01"}
    assert dispatch(["verify", str(output)]) == 0
    assert run(log, output) == 0
    assert json.loads((output / "_manifest" / "2025-11-30.json").read_text())["revision"] == 1


def test_a_deletion_that_stopped_in_the_middle_is_refused(log, tmp_path):
    output = tmp_path / "out"
    assert run(log, output) == 0
    (output / "_manifest" / "2025-11-30.json").unlink()
    assert run(log, output) == EXIT_OUTPUT
    delete(output)
    assert dispatch(["verify", str(output)]) == 0
    shutil.rmtree(output / "pages")
    before = sorted(output.rglob("*"))
    assert run(log, output, "--date", "2025-12-01") == EXIT_ALREADY_PUBLISHED
    assert sorted(output.rglob("*")) == before
    assert dispatch(["verify", str(output)]) == 5


def test_a_deleted_day_with_noise_stays_unpublished(log, tmp_path):
    output = tmp_path / "out"
    assert run(log, output, *DP) == 0
    delete(output)
    assert run(log, output, *DP[:-1], "2025-11-30") == EXIT_ALREADY_PUBLISHED
    assert json.loads((output / "_ledger" / "2025-11-30.json").read_text())["unpublished"] is True
    assert dispatch(["verify", str(output)]) == 0


def test_the_folders_are_made_and_the_user_can_be(tmp_path):
    useradd, *install = MAKE.splitlines()
    for line in install:
        here = line.replace(" /", f" {tmp_path}/").replace("weblog --", f"{os.getuid()} --", 1).replace("--group weblog", "")
        subprocess.run(shlex.split(here), check=True)
    assert (tmp_path / "srv" / "statistics").is_dir()
    assert (tmp_path / "var" / "lib" / "weblog").stat().st_mode & 0o777 == 0o750
    if shutil.which("useradd"):
        known = subprocess.run(["useradd", "--help"], capture_output=True, text=True, check=True).stdout
        assert set(re.findall(r"--[a-z-]+", useradd)) <= set(re.findall(r"--[a-z-]+", known))


def test_cron_and_systemd_run_the_same_in_folders_that_are_made():
    (cron,) = fenced(README, "crontab")
    words = [
        shlex.split(text.partition("weblog-anonymizer run ")[2].partition("\n")[0]) for text in (cron, UNITS.partition("Exec")[2])
    ]
    assert [word for word in words[1] if word not in ("--log-format", "json")] == words[0]
    options = dict(itertools.pairwise(words[0]))
    assert f"{options['--output']}\n" in MAKE
    assert f"StateDirectory={Path(options['--run-record']).parent.relative_to('/var/lib')}\n" in UNITS
    assert f"{Path(options['--run-record']).parent}\n" in MAKE


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd")
def test_systemd_takes_the_units(tmp_path):
    parts = re.split(r"^# /etc/systemd/system/(\S+)\n", UNITS, flags=re.MULTILINE)[1:]
    for name, text in zip(parts[::2], parts[1::2], strict=True):
        (tmp_path / name).write_text(re.sub(r"ExecStart=\S+", "ExecStart=/bin/true", text))
    units = sorted(map(str, tmp_path.iterdir()))
    assert len(units) == 2
    done = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True)
    assert not [line for line in done.stderr.splitlines() if "weblog-anonymizer" in line]


def test_each_exit_code_but_0_says_what_to_do():
    told = [code for row in table(PAGE, "exit code | what to do") for code in row[0].split(", ")]
    assert sorted(["0", *told]) == sorted(row[0] for row in table(README, "exit code | meaning"))
