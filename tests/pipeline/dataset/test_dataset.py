"""Reading a published data set back, and refusing one of another layout."""

from __future__ import annotations

import datetime
import hashlib
import json
import shutil

import pytest

from pipeline.__main__ import main
from pipeline.dataset.dataset import DataSet
from pipeline.dataset.publish import recover
from pipeline.errors import JobError
from tests.catalogues import REPORTS
from tests.logs import crowd

FIRST, SECOND = "2026-03-03", "2026-03-04"


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """Two days of one site."""
    folder = tmp_path_factory.mktemp("published")
    log = folder / "access.log"
    log.write_bytes(crowd(30) + crowd(40, time="04/Mar/2026:10:00:00 +0000", request="GET /b HTTP/1.1"))
    output = folder / "out"
    assert run(log, output) == 0
    return output


def run(log, output, *more):
    given = ["--input", str(log), "--output", str(output), "--site", "www.example.org", "--workers", "0", *more]
    return main(["run", *given])


def test_a_report_is_read_over_all_days_with_dates(published):
    data = DataSet(str(published))
    assert data.dates() == [FIRST, SECOND]
    pages = data.read("pages")
    assert pages.column_names == ["date", "site", "traffic", "kind", "section", "path", "hits", "visitors"]
    rows = [(row["date"], row["path"], row["hits"]) for row in pages.to_pylist()]
    assert rows == [(datetime.date(2026, 3, 3), "/", 30), (datetime.date(2026, 3, 4), "/b", 40)]


@pytest.mark.parametrize(
    ("first", "last", "dates"), [(SECOND, None, [SECOND]), (None, FIRST, [FIRST]), (FIRST, SECOND, [FIRST, SECOND])]
)
def test_days_may_be_chosen(published, first, last, dates):
    data = DataSet(str(published))
    assert data.dates(first, last) == dates
    assert sorted({str(date) for date in data.read("daily", first, last)["date"].to_pylist()}) == dates


def test_the_manifest_says_what_the_reports_are(published):
    catalogue = DataSet(str(published)).catalogue(FIRST)
    assert set(catalogue.names()) == set(REPORTS.names())
    assert catalogue.columns("browsers") == REPORTS.columns("browsers")


def test_what_is_not_there_is_said(published, tmp_path):
    data = DataSet(str(published))
    assert data.manifest("2026-03-05") is None
    with pytest.raises(JobError, match="2026-03-05 is not published"):
        data.catalogue("2026-03-05")
    with pytest.raises(JobError, match="has the report shoes"):
        data.read("shoes")
    assert DataSet(str(tmp_path / "nothing")).dates() == []


def test_a_file_that_is_lost_is_named(published, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(published, copy)
    (copy / "pages" / f"{FIRST}.parquet").unlink()
    with pytest.raises(JobError, match=f"pages/{FIRST}.parquet: is missing"):
        DataSet(str(copy)).read("pages")


def of_version_1(remains):
    """What the version before left in an output: a published day, or what it left when it was killed."""
    old = {"date": "2026-03-03", "mode": "threshold", "revision": 1, "run_id": "r", "schema_version": 1, "reports": {"daily": {}}}
    moves = {f"_staging/r/daily/date={FIRST}/data.parquet": {"to": f"daily/date={FIRST}/data.parquet", "sha256": "0"}}
    body = json.dumps({"date": FIRST, "replaces": False, "moves": moves, "deletions": [], "manifest": old})
    journal = json.dumps({"sha256": hashlib.sha256(body.encode()).hexdigest(), "journal": body})
    return {
        "a published day": {
            f"_manifest/date={FIRST}.json": json.dumps(old),
            f"daily/date={FIRST}/data.parquet": "PAR1",
        },
        "an entry in the ledger": {f"_ledger/date={FIRST}.json": json.dumps({"date": FIRST, "manifest": old})},
        "an entry and staged noise": {
            f"_ledger/date={FIRST}.json": json.dumps({"date": FIRST, "manifest": old}),
            f"_staging/r/noise/daily/date={FIRST}/data.parquet": "PAR1",
        },
        "a journal and staged files": {
            f"_staging/r/journal-{FIRST}.json": journal,
            f"_staging/r/daily/date={FIRST}/data.parquet": "PAR1",
        },
        "a journal whose files are in their places": {
            f"_staging/r/journal-{FIRST}.json": journal,
            f"daily/date={FIRST}/data.parquet": "PAR1",
        },
        "tables without a manifest": {
            f"daily/date={FIRST}/data.parquet": "PAR1",
            "_manifest/.half": "{",
            "_staging/r/record.json": "{}",
        },
    }[remains]


@pytest.mark.parametrize("command", ["run", "plan"])
@pytest.mark.parametrize(
    "remains",
    [
        "a published day",
        "an entry in the ledger",
        "an entry and staged noise",
        "a journal and staged files",
        "a journal whose files are in their places",
        "tables without a manifest",
    ],
)
def test_what_a_version_of_another_layout_left_is_refused_and_not_touched(tmp_path, capfd, remains, command):
    log, output = tmp_path / "access.log", tmp_path / "out"
    log.write_bytes(crowd(30))
    planted = of_version_1(remains)
    for path, text in planted.items():
        (output / path).parent.mkdir(parents=True, exist_ok=True)
        (output / path).write_text(text)
    given = ["--input", str(log), "--output", str(output), "--site", "www.example.org"]
    assert main([command, *given]) == 8
    said = " ".join(capfd.readouterr().err.split())
    assert "written by a version of weblog-anonymizer with another layout" in said
    assert "into another --output" in said
    there = {path.relative_to(output).as_posix(): path for path in output.rglob("*") if path.is_file()}
    assert {path: file.read_text() for path, file in there.items() if path != "_lock"} == planted


@pytest.mark.parametrize("remains", ["a published day", "an entry in the ledger"])
def test_verify_says_that_a_layout_is_another_one(tmp_path, capfd, remains):
    for path, text in of_version_1(remains).items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    assert main(["verify", str(tmp_path)]) == 8
    assert f"date={FIRST}.json: written by a version of weblog-anonymizer with another layout" in capfd.readouterr().err


def test_a_manifest_with_the_date_of_another_day_is_refused(published, tmp_path):
    copy = shutil.copytree(published, tmp_path / "copy")
    path = copy / "_manifest" / f"{FIRST}.json"
    path.write_text(path.read_text().replace(f'"date": "{FIRST}"', f'"date": "{SECOND}"'))
    with pytest.raises(JobError, match="it states another date than its name"):
        DataSet(str(copy)).read("pages")


def test_the_next_run_writes_a_guard_that_is_gone(published, tmp_path):
    copy = shutil.copytree(published, tmp_path / "copy")
    for guard in (copy / "0_read_one_report_at_a_time").iterdir():
        guard.unlink()
    assert main(["verify", str(copy)]) == 5
    assert recover(str(copy)) == []
    assert main(["verify", str(copy)]) == 0


def test_a_manifest_of_a_later_version_is_named(published, tmp_path):
    copy = shutil.copytree(published, tmp_path / "copy")
    path = copy / "_manifest" / f"{FIRST}.json"
    manifest = json.loads(path.read_text())
    manifest["reports"]["bots"]["dimension"] = "shoe_size"
    path.write_text(json.dumps(manifest))
    with pytest.raises(JobError, match="a dimension that this version does not know"):
        DataSet(str(copy)).catalogue(FIRST)
