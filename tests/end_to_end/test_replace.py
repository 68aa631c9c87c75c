"""A day that is replaced: a reader sees the old release or the new one, whatever ends the run, and the next run completes it."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal

import pytest

from pipeline.__main__ import main
from pipeline.dataset.dataset import DataSet
from pipeline.dataset.storage import LocalStorage
from tests.logs import crowd

DAY, SITE = "2026-03-03", "www.example.org"
OLD, NEW = 40, 70


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    """Two logs of one day, of which the first is published."""
    folder = tmp_path_factory.mktemp("first")
    (folder / "old.log").write_bytes(crowd(OLD))
    (folder / "new.log").write_bytes(crowd(NEW))
    assert run(folder, "old.log") == 0
    return folder


@pytest.fixture
def published(first, tmp_path):
    """The same, for one test."""
    return shutil.copytree(first, tmp_path / "copy")


def run(folder, log, *more):
    words = ["--input", str(folder / log), "--output", str(folder / "out"), "--site", SITE, "--workers", "0", "--date", DAY]
    return main(["run", *words, *more])


def hits(output):
    """What a reader of the manifest counts, having checked each file that it names; and whoever reads one folder only."""
    manifest = json.loads((output / "_manifest" / f"{DAY}.json").read_text())
    folder = output / "_staging" / manifest["run_id"] if manifest.get("staged") else output
    for report, about in manifest["reports"].items():
        assert hashlib.sha256((folder / report / f"{DAY}.parquet").read_bytes()).hexdigest() == about["sha256"]
    assert {path.name for path in (output / "daily").iterdir()} == {f"{DAY}.parquet"}
    return DataSet(str(output)).read("daily").column("hits").to_pylist()


def leftovers(output):
    return [path for path in output.rglob("*") if "_staging" in path.parts or path.name.startswith(".")]


def at_the(monkeypatch, count, happens):
    """Let something happen when so many of a day's files are in their places."""
    copy, copied = LocalStorage.copy, []

    def then(self, source, target):
        copy(self, source, target)
        copied.append(target)
        if len(copied) == count:
            happens()

    monkeypatch.setattr(LocalStorage, "copy", then)


@pytest.mark.parametrize("number", [signal.SIGTERM, *(pytest.param(each, marks=pytest.mark.long) for each in (2, signal.SIGHUP))])
def test_a_signal_waits_until_the_day_is_in_its_place(published, monkeypatch, capfd, number):
    monkeypatch.setattr(signal, "getsignal", lambda _: signal.SIG_DFL)  # the tests may run under nohup
    at_the(monkeypatch, 3, lambda: os.kill(os.getpid(), number))
    assert run(published, "new.log", "--replace") == 130
    assert "No day was published that is not complete." in capfd.readouterr().err
    monkeypatch.undo()
    assert hits(published / "out") == [NEW]
    assert not leftovers(published / "out")
    assert main(["verify", str(published / "out")]) == 0


@pytest.mark.parametrize("count", [1, pytest.param(12, marks=pytest.mark.long)])
def test_a_run_that_dies_among_the_files_leaves_a_day_that_can_be_read(published, monkeypatch, capfd, count):
    def die():
        raise RuntimeError

    at_the(monkeypatch, count, die)
    assert run(published, "new.log", "--replace") == 1
    monkeypatch.undo()
    output = published / "out"
    assert hits(output) == [NEW]  # of these files, some are in their places
    capfd.readouterr()
    assert main(["verify", str(output)]) == 5
    assert capfd.readouterr().out.splitlines() == [
        "_staging: left over from a run that was interrupted; the next run completes or removes it"
    ]
    assert main(["explain", str(output)]) == 0
    assert run(published, "new.log") == 4  # the next run completes it, and then it is published
    assert hits(output) == [NEW]
    assert json.loads((output / "_manifest" / f"{DAY}.json").read_text())["revision"] == 2
    assert not leftovers(output)
    assert main(["verify", str(output)]) == 0


@pytest.mark.long
def test_a_second_signal_does_not_wait(published, monkeypatch):
    def twice():
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGTERM)

    at_the(monkeypatch, 3, twice)
    assert run(published, "new.log", "--replace") == 130
    monkeypatch.undo()
    output = published / "out"
    assert "staged" in json.loads((output / "_manifest" / f"{DAY}.json").read_text())
    assert hits(output) == [NEW]
    assert run(published, "new.log") == 4
    assert not leftovers(output)


@pytest.mark.long
def test_a_run_under_nohup_survives_its_terminal(published, monkeypatch):
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        at_the(monkeypatch, 3, lambda: os.kill(os.getpid(), signal.SIGHUP))
        assert run(published, "new.log", "--replace") == 0
    finally:
        signal.signal(signal.SIGHUP, before)
    assert hits(published / "out") == [NEW]


@pytest.mark.parametrize("is_read", [False, pytest.param(True, marks=pytest.mark.long)])
def test_a_pipe_for_the_record_that_nobody_reads_is_not_waited_for(published, capfd, is_read):
    pipe = published / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK) if is_read else None
    assert run(published, "new.log", "--replace", "--run-record", str(pipe)) == (0 if is_read else 8)
    if reader is None:
        assert f"--run-record {pipe}: no program reads this pipe. The days are published." in " ".join(
            capfd.readouterr().err.split()
        )
    else:
        assert json.loads(os.read(reader, 1 << 16))["lines"]["read"] == NEW
        os.close(reader)
    assert hits(published / "out") == [NEW]
