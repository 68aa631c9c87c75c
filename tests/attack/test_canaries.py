"""No secret in any field of a log leaves a run: not in published or temporary files, the graph or messages."""

from __future__ import annotations

import base64
import datetime
import hashlib
import json
import os
import pickle
import subprocess
import sys
import threading
from pathlib import Path
from urllib.parse import quote

import apache_beam as beam
import pyarrow.parquet as pq
import pytest

from pipeline.__main__ import main
from pipeline.cli import options
from pipeline.config.config import config_of
from pipeline.graph import flow, launch
from tests.attack import canaries
from tests.attack.canaries import CANARIES, LOGS, NOISY, WIDE, arguments, everything_in, leaks
from tests.published import tables
from transforms.masking.secret import new_secret

ROOT = Path(__file__).parents[2]
FORMATS = pytest.mark.parametrize("log_format", LOGS, ids=["vhosts", "everything", "JSON"])


@pytest.fixture
def result(tmp_path):
    """Where all output goes: outside the log's folder."""
    (tmp_path / "result").mkdir()
    return tmp_path / "result"


def write(log_format: str, tmp_path: Path) -> Path:
    path = tmp_path / "in" / "access.log"
    path.parent.mkdir()
    path.write_bytes(canaries.log(log_format))
    return path


def test_the_search_finds_what_it_is_looking_for():
    for name, text in CANARIES.items():
        for form in (text, quote(text, safe=""), text.encode().hex(), base64.b64encode(b"xy" + text.encode() + b"zz").decode()):
            assert name in leaks(f"before {form} after".encode()), (name, form)
        assert name in leaks(hashlib.sha256(text.encode()).digest())
    assert leaks(str(int.from_bytes(bytes([20, 177, 188, 199]), "big")).encode()) == ["host"]
    # What a format has no field for stands in a log of another one.
    assert {name for log_format in LOGS for name in leaks(canaries.log(log_format))} == {*CANARIES, "truncated"}
    assert len(leaks(canaries.log(WIDE))) == len(CANARIES) + 1


@pytest.mark.parametrize(
    ("log_format", "workers", "mode"),
    [
        ("vhost_combined", "2", ()),
        pytest.param(WIDE, "0", (), marks=pytest.mark.long),
        pytest.param("nginx_json", "2", (), marks=pytest.mark.long),
        pytest.param(WIDE, "2", NOISY, marks=pytest.mark.long),
    ],
)
def test_no_byte_comes_out_of_a_run(tmp_path, result, short_folder, log_format, workers, mode):
    source, temporary = write(log_format, tmp_path), short_folder
    given = [*arguments(source, result, log_format), "--workers", workers, *mode]
    command = [sys.executable, "-X", "dev", "-W", "ignore", "-m", "pipeline", *given]
    seen, ended = [], threading.Event()

    def watch() -> None:
        while not ended.wait(0.01):
            seen.append(everything_in(temporary) + everything_in(result))

    watcher = threading.Thread(target=watch)
    watcher.start()
    finished = subprocess.run(command, cwd=ROOT, env={**os.environ, "TMPDIR": str(temporary)}, capture_output=True)
    ended.set()
    watcher.join()
    assert finished.returncode == 0, finished.stderr
    record = json.loads((result / "record.json").read_text())
    whole, broken = LOGS[log_format]()
    assert record["lines"]["counted"] == len(whole)
    assert sum(record["lines"]["rejected"].values()) == len(broken)
    assert leaks(finished.stdout) == leaks(finished.stderr) == []
    assert leaks(b"".join(set(seen))) == []
    assert leaks(everything_in(result)) == []
    assert any(b".parquet" in state for state in seen)


@FORMATS
@pytest.mark.parametrize("mode", [(), NOISY], ids=["threshold", "dp"])
def test_no_value_statistic_or_metadata_holds_one(tmp_path, result, log_format, mode, monkeypatch):
    secret = new_secret()
    monkeypatch.setattr("pipeline.graph.steps.make_secret.new_secret", lambda: secret)
    assert main([*arguments(write(log_format, tmp_path), result, log_format), "--workers", "0", *mode]) == 0
    files = tables(result / "data")
    assert files
    for path in files:
        file = pq.ParquetFile(path)
        shown = [repr(file.read().to_pylist()), repr(file.schema_arrow.metadata), repr(file.metadata)]
        shown += [repr(field.metadata) for field in file.schema_arrow]
        for group in range(file.metadata.num_row_groups):
            row_group = file.metadata.row_group(group)
            shown += [repr(row_group.column(column).statistics) for column in range(row_group.num_columns)]
        assert leaks("".join(shown).encode()) == []
    written = everything_in(result)
    for form in (secret, secret.hex().encode(), base64.b64encode(secret)[:40], base64.urlsafe_b64encode(secret)[:40]):
        assert form not in written


@pytest.mark.parametrize("mode", [(), NOISY], ids=["threshold", "dp"])
def test_the_graph_holds_no_content_and_no_secret(tmp_path, result, mode, monkeypatch):
    known, _ = options.parse([*arguments(write(WIDE, tmp_path), result, WIDE), *mode])
    job = launch.prepare(launch.look(config_of(known, ()), {}, datetime.datetime.now(datetime.timezone.utc))).job
    made = []
    monkeypatch.setattr("pipeline.graph.steps.make_secret.new_secret", lambda: made.append(new_secret()) or made[-1])
    root = beam.Pipeline()
    flow.build(root, job)
    graph = root.to_runner_api().SerializeToString() + pickle.dumps(job)
    assert leaks(graph) == []
    assert made == []  # the secret is made by a worker, when the graph is finished and gone


def test_plan_and_formats_hold_no_byte_either(tmp_path, result, capfd):
    source = write("vhost_combined", tmp_path)
    assert main(["plan", "--input", str(source), "--output", str(result / "data")]) == 0
    assert main(["formats", str(source)]) == 0
    poem = tmp_path / "poem.log"
    poem.write_bytes(b"".join(canaries.lines_of_vhosts()[1] * 30))
    for command in (["formats", str(poem)], ["run", "--input", str(poem), "--output", str(result / "data")]):
        assert main(command) == 3
    said = capfd.readouterr()
    assert leaks(said.out.encode()) == leaks(said.err.encode()) == []


@FORMATS
def test_the_crowd_is_published_all_the_same(tmp_path, result, log_format):
    source = write(log_format, tmp_path)
    assert main([*arguments(source, result, log_format), "--workers", "0"]) == 0
    table = pq.read_table(result / "data" / "daily" / "2026-03-03.parquet", partitioning=None)
    sites = {row["site"] for row in table.to_pylist()}
    assert sites == {"(unknown)" if log_format == "nginx_json" else "www.example.org"}
