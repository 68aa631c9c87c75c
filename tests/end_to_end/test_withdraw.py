"""A data set that began with the wrong setting can begin anew; what it has published is said, and nothing else is touched."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pipeline.__main__ import main
from pipeline.dataset import publish
from pipeline.dataset.storage import LocalStorage
from tests.logs import crowd

DAY, NEXT, SITE = "2026-03-03", "2026-03-04", "www.example.org"
DP = ("--privacy", "dp", "--declare-site", SITE, "--date", DAY)


def run(folder: Path, output: Path, *words: str) -> int:
    return main(["run", "--workers", "0", "--input", str(folder / "log"), "--site", SITE, "--output", str(output), *words])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("withdrawn")
    (folder / "log").write_bytes(crowd(30) + crowd(30, time="04/Mar/2026:10:00:00 +0000"))
    assert run(folder, folder / "out") == 0
    return folder


@pytest.fixture
def output(folder, tmp_path):
    return Path(shutil.copytree(folder / "out", tmp_path / "out"))


def test_it_says_what_is_published_and_removes_nothing(output, capsys):
    before = sorted(output.rglob("*"))
    assert main(["withdraw", str(output)]) == 0
    said = capsys.readouterr().out
    assert f"holds 2 days, {DAY} to {NEXT}, 44 files. Nothing was removed." in said
    assert "add --yes" in said
    assert sorted(output.rglob("*")) == before


def test_what_was_withdrawn_may_be_published_with_another_setting(folder, output, capsys):
    (output / "notes.txt").write_text("mine")
    assert run(folder, output, "--period", "month") == 2
    assert main(["withdraw", str(output), "--yes"]) == 0
    assert f"2 days, {DAY} to {NEXT}, 44 files" in capsys.readouterr().out
    assert {path.name for path in output.rglob("*") if path.is_file()} == {"notes.txt", "_lock"}
    assert run(folder, output, "--period", "month") == 0
    assert [path.name for path in (output / "_manifest").iterdir()] == ["2026-03-01.json"]


def test_one_that_was_interrupted_can_be_done_again(output, monkeypatch, capsys):
    deleted: list[str] = []

    def interrupted(storage: LocalStorage, *paths: str) -> None:
        for path in paths:
            if len(deleted) == 30:
                raise KeyboardInterrupt
            deleted.append(path)
            (output / path).unlink(missing_ok=True)

    with monkeypatch.context() as patched:
        patched.setattr(LocalStorage, "delete", interrupted)
        assert main(["withdraw", str(output), "--yes"]) == 130
    capsys.readouterr()
    assert main(["withdraw", str(output), "--yes"]) == 0
    assert not list(output.rglob("*.*"))


def test_a_publication_that_was_interrupted_is_completed_and_taken_back(folder, tmp_path, monkeypatch, capsys):
    output = tmp_path / "out"
    with monkeypatch.context() as killed:
        killed.setattr(publish, "_roll_forward", raises)
        assert run(folder, output) == 1
    assert not list((output / "_manifest").glob("*"))
    assert run(folder, output, "--period", "month") == 2
    assert "weblog-anonymizer withdraw" in capsys.readouterr().err
    assert main(["withdraw", str(output), "--yes"]) == 0
    assert run(folder, output, "--period", "month") == 0


def raises(*_: object) -> None:
    raise RuntimeError


def test_noise_is_not_taken_back(folder, tmp_path, capsys):
    output = tmp_path / "noisy"
    assert run(folder, output, *DP) == 0
    before = sorted(output.rglob("*"))
    assert main(["withdraw", str(output), "--yes"]) == 2
    assert "its privacy budget is spent. Removing it gives nothing back" in capsys.readouterr().err
    assert sorted(output.rglob("*")) == before


def test_where_nothing_is_published_that_is_said(tmp_path, capsys):
    assert main(["withdraw", str(tmp_path / "none"), "--yes"]) == 6
    assert "no published day is there" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()
