"""Reading a published data set back, and refusing one of another layout."""

from __future__ import annotations

import datetime
import json
import shutil

import pytest

from pipeline.__main__ import main
from pipeline.dataset.dataset import DataSet
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
    assert pages.column_names == ["date", "site", "traffic", "kind", "path", "hits", "visitors", "visits", "bytes_sent"]
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


@pytest.mark.parametrize("command", ["run", "plan"])
def test_a_data_set_of_another_layout_is_refused_with_a_way_out(tmp_path, capfd, command):
    log, output = tmp_path / "access.log", tmp_path / "out"
    log.write_bytes(crowd(30))
    # As the version before wrote it.
    (output / "_manifest").mkdir(parents=True)
    old = {"date": "2026-03-02", "mode": "threshold", "revision": 1, "run_id": "r", "schema_version": 1, "reports": {"daily": {}}}
    (output / "_manifest" / "date=2026-03-02.json").write_text(json.dumps(old))
    (output / "daily" / "date=2026-03-02").mkdir(parents=True)
    (output / "daily" / "date=2026-03-02" / "data.parquet").write_bytes(b"PAR1")
    given = ["--input", str(log), "--output", str(output), "--site", "www.example.org"]
    assert main([command, *given]) == 8
    said = " ".join(capfd.readouterr().err.split())
    assert "_manifest/date=2026-03-02.json: published by another version" in said
    assert "Publish into another --output" in said
    assert not (output / "daily" / f"{FIRST}.parquet").exists()


def test_verify_says_that_a_layout_is_another_one(tmp_path, capfd):
    (tmp_path / "_manifest").mkdir()
    (tmp_path / "_manifest" / "date=2026-03-02.json").write_text("{}")
    assert main(["verify", str(tmp_path)]) == 8
    assert "date=2026-03-02.json: published by another version" in capfd.readouterr().err
