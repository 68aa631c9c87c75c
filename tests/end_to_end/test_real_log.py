"""A real log from the command line: every line is accounted for, and every cell equals the reference's."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from pipeline.__main__ import main
from tests import reference
from tests.catalogues import REPORTS
from tests.eager import rows_of
from tests.logs import UNNAMED

REAL_LOG = Path(__file__).parents[3] / "shared" / "data" / "logs" / "apache_combined_2015.log"
DAYS = ["2015-05-17", "2015-05-18", "2015-05-19", "2015-05-20"]


@pytest.mark.long
def test_four_days_of_a_real_log(tmp_path):
    if not REAL_LOG.exists():
        pytest.skip("no real log is shipped, and none lies beside this checkout, in ../shared/data/logs")
    output, record_path = tmp_path / "out", tmp_path / "record.json"
    arguments = ["--input", str(REAL_LOG), "--output", str(output), "--workers", "2", "--run-record", str(record_path)]
    arguments += UNNAMED
    # Of the first day the log has no morning.
    arguments += ["--period", "day", "--date", f"{DAYS[0]}..{DAYS[-1]}"]
    assert main(["run", *arguments]) == 0

    hits, rejected = reference.hits_of(REAL_LOG.read_bytes().split(b"\n"), "combined", None)
    record = json.loads(record_path.read_text())
    counted = record["lines"]["counted"]
    assert record["lines"]["read"] == 10_000
    assert record["lines"]["rejected"] == {"fields": rejected}
    assert counted == len(hits) == 10_000 - rejected
    assert counted == sum(day["lines"] for day in record["days"].values())

    expected = reference.publish(hits)
    assert sorted(expected) == list(record["days"]) == DAYS
    folded = set()
    for name in REPORTS.names():
        for day in DAYS:
            table = pq.read_table(output / name / f"{day}.parquet", partitioning=None)
            assert rows_of(table, name) == expected[day][name], (day, name)
            folded |= {name for key in expected[day][name] if "(other)" in key}
        query = f"FROM '{output}/{name}/*.parquet'"
        rows = sum(len(expected[day][name]) for day in DAYS)
        assert duckdb.sql(f"SELECT count(*) {query}").fetchall() == [(rows,)]
    assert len(folded) > 10
