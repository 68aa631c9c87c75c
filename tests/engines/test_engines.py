"""Every engine publishes the same bytes from the same logs, or nothing.

The engines: in memory (what `run` uses by itself) · Beam's portable runner in this process · Prism · a real Flink · a real Spark.
Engines that must be downloaded first (scripts/get_job_server.py, `go install`) are skipped, with the reason, where they are not
available.
"""

from __future__ import annotations

import re
import time

import pytest

from pipeline.__main__ import main
from tests.catalogues import NOISY_REPORTS
from tests.engines.job import POOL
from tests.engines.outcome import PART, execute, nothing_published, same
from tests.engines.servers import Server

HANDED_OVER_SECONDS = 120

pytestmark = pytest.mark.long


def test_every_engine_publishes_the_same_bytes(engine, published, tmp_path):
    done = execute(published.logs, tmp_path / "out", engine.options)
    assert done.code == 0, done.said
    assert same(done, published.expected)
    assert POOL not in done.said


def test_every_engine_publishes_with_noise(engine, example, tmp_path, capsys):
    noisy = ("--privacy", "dp", "--date", "2026-03-03..2026-03-05", "--declare-site", "www.example.org")
    done = execute(example.logs, tmp_path / "out", engine.options, options=noisy)
    assert done.code == 0, done.said
    assert sorted(done.manifests) == ["2026-03-03", "2026-03-04", "2026-03-05"]
    assert len(done.files) == 3 * (len(NOISY_REPORTS) + 1)  # the guard
    assert done.remains == [f"_ledger/{day}.json" for day in sorted(done.manifests)]
    assert POOL not in done.said
    assert main(["verify", str(done.output)]) == 0
    assert "the ledger adds up" in capsys.readouterr().out


def test_the_logs_have_days_to_compare(example, real):
    assert sorted(example.expected.manifests) == ["2026-03-03", "2026-03-04"]
    # Of its first day the real log has no morning, so that one is left out.
    assert sorted(real.expected.manifests) == ["2015-05-18", "2015-05-19", "2015-05-20"]


STEPS = {
    *("MakeSecret", "Random", "Only", "Files", "Each", "MapFiles", "CountShards", "PlanRelease", "Recount", "JoinByDate"),
    *("Release", "CheckAccounts", "WriteDays", "PublishDays"),
}


def test_flink_does_the_work_in_two_slots(flink: Server, example, tmp_path):
    before = flink.log.stat().st_size
    done = execute(example.logs, tmp_path / "out", [*flink.options, "--environment_type=LOOPBACK"])
    assert same(done, example.expected)
    said = flink.log.read_bytes()[before:].decode()
    # The first shuffle comes right after MapFiles. A step of its own that reads would hand log lines to the runner.
    steps = {
        word for stage in re.findall(r"MapPartition at \[\d+\]([^)]*)", said) for word in re.findall(r"[A-Z][A-Za-z]+", stage)
    }
    assert steps - {"FlatMap", "Map", "ParDo"} == STEPS
    finished = re.findall(r"taskmanager\.Task - .*MapFiles.* \((\d)/2\).* switched from RUNNING to FINISHED", said)
    assert set(finished) == {"1", "2"}


def test_workers_in_their_own_processes_publish_the_same_bytes(flink: Server, worker_processes, published, tmp_path):
    done = execute(published.logs, tmp_path / "out", [*flink.options, *worker_processes])
    assert done.code == 0, done.said
    assert same(done, published.expected)


def test_a_job_that_is_handed_over_goes_on_without_its_launcher(flink: Server, worker_processes, example, tmp_path):
    done = execute(example.logs, tmp_path / "out", [*flink.options, *worker_processes], options=("--no-wait",))
    assert done.code == 0, done.said
    assert "the job was handed over" in done.said
    until = time.monotonic() + HANDED_OVER_SECONDS
    while set(done.manifests) != set(example.expected.manifests) or (done.output / "_staging").exists():
        assert time.monotonic() < until, sorted(done.manifests)
        time.sleep(0.2)
    assert same(done, example.expected)


@pytest.mark.parametrize("options", [["--runner=PortableRunner", "--job_endpoint=embed"], ["--runner=FlinkRunner"], []])
def test_a_job_that_would_end_with_its_launcher_is_not_handed_over(example, tmp_path, options):
    done = execute(example.logs, tmp_path / "out", options, options=("--no-wait",))
    assert done.code == 2
    assert "error: --no-wait: " in done.said
    assert nothing_published(done)


def test_a_part_of_the_secret_comes_from_the_workers_environment(engine, example, tmp_path):
    done = execute(example.logs, tmp_path / "out", engine.options, options=("--secret-from", "env:WEBLOG_PART"))
    assert done.code == 0, done.said
    assert same(done, example.expected)
    assert PART not in done.said


def test_workers_without_that_part_publish_nothing(flink: Server, worker_processes, example, tmp_path):
    engine = [*flink.options, *worker_processes]
    done = execute(example.logs, tmp_path / "out", engine, options=("--secret-from", "env:WEBLOG_PART"))
    assert done.code not in (0, None)
    assert PART not in done.said
    assert nothing_published(done)
