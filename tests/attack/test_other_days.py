"""A published day does not depend on lines of days that are not published, of which one line may be one person's."""

from __future__ import annotations

import json
from unittest.mock import patch

import pytest

from pipeline.__main__ import main
from pipeline.graph.steps import publish_days
from tests.logs import UNNAMED, address, crowd, line

DAY = "2026-03-03"
LOG = crowd(30, time="02/Mar/2026:10:00:00 +0000") + crowd(30, time="03/Mar/2026:10:00:00 +0000")
LOG += crowd(19, time="04/Mar/2026:10:00:00 +0000")  # with one line more the input is said to go on
JANE = line(address(900), time="04/Mar/2026:10:00:00 +0000")


@pytest.fixture
def folders(tmp_path):
    (tmp_path / "without").mkdir()
    (tmp_path / "with").mkdir()
    return tmp_path / "without", tmp_path / "with"


def published(folder, log: bytes) -> dict[str, bytes]:
    """Every file of the data set, with the one name in it that differs between any two runs taken out."""
    (folder / "log").write_bytes(log)
    output = folder / "out"
    assert main(["run", "--workers", "0", "--input", str(folder / "log"), "--output", str(output), "--date", DAY, *UNNAMED]) == 0
    run_id = json.loads((output / "_manifest" / f"{DAY}.json").read_text())["run_id"].encode()
    files = (path for path in output.rglob("*") if path.is_file() and path.name != "_lock")
    return {path.relative_to(output).as_posix(): path.read_bytes().replace(run_id, b"") for path in files}


def with_coverage():
    """A manifest that states whether the input goes on after the day, as it did once."""
    told = []
    manifest_of, coverage_of = publish_days.manifest_of, publish_days.coverage_of

    def remembered(*arguments):
        told.append(coverage_of(*arguments))
        return told[-1]

    return patch.multiple(
        publish_days,
        coverage_of=remembered,
        manifest_of=lambda *arguments: {**manifest_of(*arguments), "coverage": told[-1]},
    )


def test_one_line_of_an_unpublished_day_changes_no_byte(folders):
    without = published(folders[0], LOG)
    assert f"_manifest/{DAY}.json" in without
    assert published(folders[1], LOG + JANE) == without


def test_if_coverage_were_told_it_would(folders):
    with with_coverage():
        assert published(folders[1], LOG + JANE) != published(folders[0], LOG)
