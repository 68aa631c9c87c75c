"""A data set with lost files, or with leftovers of a killed run: no run makes it worse."""

from __future__ import annotations

import json
import os
import shutil
import stat

import pytest

from pipeline.__main__ import main
from pipeline.dataset import layout, ledger, publish
from pipeline.dataset.storage import LocalStorage
from tests.end_to_end.test_verify import verify
from tests.logs import crowd
from tests.published import tables

pytestmark = pytest.mark.long

DAY, SITE = "2026-03-03", "www.example.org"
DP = ("--privacy", "dp", "--declare-site", SITE)
MODES = pytest.mark.parametrize("mode", [DP, ()], ids=["dp", "threshold"])


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "access.log"
    path.write_bytes(crowd(400) + crowd(400, time="04/Mar/2026:10:00:00 +0000"))
    return path


def run(log, output, *more: str, date: str = DAY) -> int:
    words = ["--input", str(log), "--output", str(output), "--workers", "0", "--site", SITE, "--date", date]
    return main(["run", *words, *more])


def plan(log, output, *more: str) -> int:
    return main(["plan", "--input", str(log), "--output", str(output), "--site", SITE, "--date", DAY, *more])


def interrupted(log, output, mode, monkeypatch, moves: int) -> None:
    """A run that dies after so many of a day's files are in their places."""
    copy, copied = LocalStorage.copy, []

    def crash(self, source, target):
        copied.append(source)
        if len(copied) > moves:
            raise RuntimeError
        copy(self, source, target)

    monkeypatch.setattr(LocalStorage, "copy", crash)
    assert run(log, output, *mode) == 1
    monkeypatch.undo()


def staged_only(output):
    """A staged file that is not in its place yet."""
    return next(path for path in (output / "_staging").rglob("*.parquet") if not (output / path.parent.name / path.name).exists())


def snapshot(output):
    return {path: path.read_bytes() for path in output.rglob("*") if path.is_file() and path.name != "_lock"}


@MODES
def test_a_file_that_is_not_whole_is_its_writers_alone(log, tmp_path, monkeypatch, mode):
    rights, sync = [], os.fsync

    def look(descriptor):
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            rights.append(os.fstat(descriptor).st_mode & 0o777)
        sync(descriptor)

    monkeypatch.setattr("pipeline.dataset.storage.os.fsync", look)
    assert run(log, tmp_path / "out", *mode) == 0
    assert set(rights) == {0o600}
    published = [path for path in (tmp_path / "out").rglob("*") if path.is_file() and path.name != "_lock"]
    plain = tmp_path / "plain"
    plain.touch()
    assert {path.stat().st_mode & 0o777 for path in published} == {plain.stat().st_mode & 0o777}


@MODES
def test_what_a_killed_write_left_is_removed(log, tmp_path, capfd, mode):
    output = tmp_path / "out"
    assert run(log, output, *mode) == 0
    left = [output / folder / f".2026-03-04.json.{pid}" for folder in ("_manifest", "_ledger") for pid in (7, 8)]
    for path in left:
        path.parent.mkdir(exist_ok=True)
        path.write_text('{"date": "2026-03')
    code, violations, _ = verify(output, capfd)
    assert code == 5
    assert violations.count("the next run completes or removes it") == 4
    assert run(log, output, *mode, date="2026-03-04") == 0
    assert not [path for path in left if path.exists()]
    assert verify(output, capfd)[0] == 0


@MODES
def test_files_without_manifest_and_ledger_are_not_published_over(log, tmp_path, capfd, mode):
    output = tmp_path / "out"
    assert run(log, output, *mode) == 0
    for folder in ("_manifest", "_ledger"):
        shutil.rmtree(output / folder, ignore_errors=True)
    before = snapshot(output)
    for date in (DAY, "2026-03-04"):
        assert run(log, output, *mode, date=date) == 8
        said = capfd.readouterr().err
        assert "a report of a day without a manifest" in said
        assert "then a run may publish the day again as if for the first time" in said
    assert snapshot(output) == before


@pytest.mark.parametrize("moves", [0, 3])
def test_what_the_ledger_does_not_name_is_not_completed(log, tmp_path, capfd, monkeypatch, moves):
    output = tmp_path / "out"
    interrupted(log, output, DP, monkeypatch, moves)
    shutil.rmtree(output / "_ledger")
    before = snapshot(output)
    assert run(log, output, *DP) == 4
    said = " ".join(capfd.readouterr().err.split())
    assert f"If the entry _ledger/{DAY}.json was lost, restore it." in said
    assert snapshot(output) == before


@pytest.mark.parametrize("moves", [0, 3])
def test_noise_of_which_a_file_is_lost_is_given_up(log, tmp_path, capfd, monkeypatch, moves):
    output = tmp_path / "out"
    interrupted(log, output, DP, monkeypatch, moves)
    staged_only(output).unlink()
    assert run(log, output, *DP) == 4
    assert "its privacy budget is spent" in " ".join(capfd.readouterr().err.split())
    assert not list(output.rglob("*.parquet"))
    assert json.loads((output / "_ledger" / f"{DAY}.json").read_text())["unpublished"] is True
    assert verify(output, capfd)[0] == 0
    assert run(log, output, *DP, date="2026-03-04") == 0
    assert verify(output, capfd)[0] == 0


def test_noise_that_was_staged_is_not_drawn_again_when_the_ledger_is_lost(log, tmp_path, capfd, monkeypatch):
    output, written = tmp_path / "out", []

    def crash_at_the_third(*arguments, **options):
        written.append(arguments)
        if len(written) == 3:
            raise RuntimeError
        return publish.stage_file(*arguments, **options)

    monkeypatch.setattr("pipeline.graph.steps.write_days.stage_file", crash_at_the_third)
    monkeypatch.setattr("pipeline.cli.run.discard", lambda *_: None)  # killed
    assert run(log, output, *DP) == 1
    monkeypatch.undo()
    shutil.move(output / "_ledger", tmp_path / "lost")
    before = snapshot(output)
    assert sum(path.suffix == ".parquet" for path in before) == 2
    for command in (run, plan):
        capfd.readouterr()
        assert command(log, output, *DP) == 8
        assert f"noise that was drawn for {DAY}, of which the ledger says nothing" in " ".join(capfd.readouterr().err.split())
        assert snapshot(output) == before
    shutil.move(tmp_path / "lost", output / "_ledger")
    assert run(log, output, *DP) == 4
    assert "its privacy budget is spent" in " ".join(capfd.readouterr().err.split())


@pytest.mark.parametrize("moves", [0, 3])
def test_a_lost_journal_is_no_loss_where_the_ledger_names_all_files(log, tmp_path, capfd, monkeypatch, moves):
    output = tmp_path / "out"
    interrupted(log, output, DP, monkeypatch, moves)
    drawn = {path.read_bytes() for path in tables(output)}
    next((output / "_staging").rglob("journal-*")).unlink()
    assert run(log, output, *DP) == 4
    assert "published already" in " ".join(capfd.readouterr().err.split())
    assert {path.read_bytes() for path in tables(output)} == drawn
    assert verify(output, capfd)[0] == 0


def test_a_lost_manifest_of_a_whole_release_is_written_again(log, tmp_path, capfd):
    output = tmp_path / "out"
    assert run(log, output, *DP) == 0
    path = output / "_manifest" / f"{DAY}.json"
    before = snapshot(output)
    path.unlink()
    assert verify(output, capfd)[0] == 5
    assert run(log, output, *DP) == 4
    assert snapshot(output) == before
    assert verify(output, capfd)[0] == 0


def test_a_staged_copy_that_is_not_whole_replaces_nothing(log, tmp_path, capfd):
    output = tmp_path / "out"
    assert run(log, output, *DP) == 0
    before = snapshot(output)
    manifest = output / "_manifest" / f"{DAY}.json"
    run_id = json.loads(manifest.read_text())["run_id"]
    copy = output / "_staging" / run_id / "noise" / "daily" / f"{DAY}.parquet"
    copy.parent.mkdir(parents=True)
    copy.write_bytes(b"PAR")
    manifest.unlink()
    assert run(log, output, *DP) == 4
    assert snapshot(output) == before
    assert verify(output, capfd)[0] == 0


def test_a_release_without_manifest_that_is_not_whole_is_left_to_the_operator(log, tmp_path, capfd):
    output = tmp_path / "out"
    assert run(log, output, *DP) == 0
    (output / "_manifest" / f"{DAY}.json").unlink()
    lost = tables(output)[0]
    lost.unlink()
    before = snapshot(output)
    assert run(log, output, *DP, date="2026-03-04") == 8
    said = " ".join(capfd.readouterr().err.split())
    assert f"has lost {lost.relative_to(output).as_posix()} and its manifest" in said
    assert snapshot(output) == before
    for path in output.glob(f"*/{DAY}.parquet"):
        path.unlink()
    assert run(log, output, *DP) == 4
    assert "its privacy budget is spent" in " ".join(capfd.readouterr().err.split())
    assert run(log, output, *DP, date="2026-03-04") == 0
    assert verify(output, capfd)[0] == 0


def test_a_run_killed_while_it_gives_noise_up_does_not_block_the_next(log, tmp_path, capfd, monkeypatch):
    output = tmp_path / "out"
    interrupted(log, output, DP, monkeypatch, 3)
    staged_only(output).unlink()
    give_up = ledger.give_up

    def killed(*words):
        give_up(*words)
        raise RuntimeError

    monkeypatch.setattr(ledger, "give_up", killed)
    assert run(log, output, *DP) == 1
    monkeypatch.undo()
    assert run(log, output, *DP, date="2026-03-04") == 0
    assert run(log, output, *DP) == 4  # its budget is spent
    assert not list(output.glob(f"*/{DAY}.parquet"))
    assert verify(output, capfd)[0] == 0


@MODES
@pytest.mark.long
def test_a_data_set_and_files_below_another_are_left_alone(log, tmp_path, mode):
    outer, inner = tmp_path / "out", tmp_path / "out" / "shop"
    assert run(log, inner, *mode) == 0
    own = outer / "mine" / f"{DAY}.parquet"
    own.parent.mkdir(parents=True)
    own.write_bytes(b"of the user")
    before = snapshot(inner)
    assert run(log, outer, *mode) == 0
    if not mode:
        assert run(log, outer, "--replace") == 0
    assert own.read_bytes() == b"of the user"
    assert snapshot(inner) == before


@pytest.mark.parametrize("reports", [None, 5, {"daily": 5}, {"daily": {}}])
def test_an_entry_of_the_ledger_that_tells_no_files_is_named(log, tmp_path, capfd, reports):
    output = tmp_path / "out"
    assert run(log, output, *DP) == 0
    path = output / "_ledger" / f"{DAY}.json"
    entry = json.loads(path.read_text())
    entry["manifest"]["reports"] = reports
    path.write_text(json.dumps(entry))
    capfd.readouterr()
    assert run(log, output, *DP, date="2026-03-04") == 8
    assert "not an entry of the ledger" in capfd.readouterr().err


def test_a_release_of_which_the_staged_files_are_gone_is_named(log, tmp_path, capfd, monkeypatch):
    output = tmp_path / "out"
    assert run(log, output) == 0
    interrupted(log, output, ("--replace",), monkeypatch, 3)
    shutil.move(output / "_staging", tmp_path / "lost")
    before = snapshot(output)
    assert run(log, output, date="2026-03-04") == 8
    assert "of a release that was being put in its place, and its journal is gone" in " ".join(capfd.readouterr().err.split())
    assert snapshot(output) == before
    shutil.move(tmp_path / "lost", output / "_staging")
    assert run(log, output, date="2026-03-04") == 0
    assert json.loads((output / "_manifest" / f"{DAY}.json").read_text())["revision"] == 2
    assert verify(output, capfd)[0] == 0


def test_a_lost_file_of_another_publication_is_named(log, tmp_path, capfd, monkeypatch):
    output = tmp_path / "out"
    interrupted(log, output, (), monkeypatch, 3)
    lost = staged_only(output)
    kept = lost.read_bytes()
    lost.unlink()
    assert run(log, output) == 8
    said = "".join(capfd.readouterr().err.split())
    assert str(lost).replace(" ", "") in said
    assert "Restoreit" in said
    lost.write_bytes(kept)
    assert run(log, output) == 4  # completed, so it is published
    assert verify(output, capfd)[0] == 0


def test_the_other_way_out_makes_the_day_anew(log, tmp_path, capfd, monkeypatch):
    output = tmp_path / "out"
    interrupted(log, output, (), monkeypatch, 3)
    next((output / "_staging").rglob("*.parquet")).unlink()
    for path in [*(output / "_staging").iterdir(), *(path for path in output.iterdir() if path.name[0] != "_")]:
        shutil.rmtree(path)
    assert run(log, output) == 0
    assert verify(output, capfd)[0] == 0


def test_a_lost_ledger_is_no_reason_to_replace_a_release(log, tmp_path, capfd):
    output = tmp_path / "out"
    assert run(log, output, *DP) == 0
    shutil.rmtree(output / layout.LEDGER)
    assert run(log, output, *DP) == 4
    said = " ".join(capfd.readouterr().err.split())
    assert "with noise it is published once" in said
    assert "--replace" not in said
    assert publish.published_days(str(output))


def test_a_manifest_without_its_date_is_a_violation(log, tmp_path, capfd):
    output = tmp_path / "out"
    assert run(log, output, *DP) == 0
    path = output / "_manifest" / f"{DAY}.json"
    manifest = json.loads(path.read_text())
    del manifest["date"]
    path.write_text(json.dumps(manifest))
    assert verify(output, capfd)[0] == 5
