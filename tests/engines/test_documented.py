"""The scripts of docs/engines.md run as printed, except for paths and addresses, and publish the same bytes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import apache_beam
import pytest

from pipeline.cli import options
from tests.engines import servers
from tests.engines.documented import PAGE, placed, scripts, words
from tests.engines.outcome import PART, ROOT, Done, in_memory, same
from tests.engines.servers import flink_cluster, free_port, job_server_jar, serving

pytestmark = pytest.mark.long


@pytest.fixture
def folder(example, tmp_path) -> Path:
    """Where a reader stands: in the checkout, with logs, and this program on the path."""
    for name in ("scripts", "build"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "1.log.gz").symlink_to(example.logs / "1.log.gz")
    return tmp_path


@pytest.fixture(scope="module")
def expected(example, tmp_path_factory) -> Done:
    """What a run in memory publishes of those logs."""
    logs = tmp_path_factory.mktemp("documented")
    (logs / "1.log.gz").symlink_to(example.logs / "1.log.gz")
    return in_memory(logs, tmp_path_factory.mktemp("expected"))


def environment() -> dict[str, str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), "WEBLOG_PART": PART}


def followed(script: str, folder: Path) -> Done:
    shell = ["bash", "-euo", "pipefail", "-c", script]
    done = subprocess.run(shell, cwd=folder, capture_output=True, text=True, timeout=400, check=False, env=environment())
    return Done(done.returncode, done.stdout + done.stderr, folder / "out")


def check(done: Done, expected: Done) -> None:
    assert done.code == 0, done.said
    assert same(done, expected)


def test_embedded(folder, expected):
    (script,) = scripts("Portable runner, embedded")
    check(followed(script, folder), expected)


def test_prism(folder, expected):
    servers.prism()  # or skip
    start, run = scripts("Prism")
    install, serve, _ = start.split("\n")
    assert install.endswith(f"@v{apache_beam.__version__}")
    built = followed(install, folder)
    assert built.code == 0, built.said
    port = free_port()
    with serving([str(folder / "prism"), *placed(serve, {"8073": str(port)}).split()[1:]], port, folder / "prism.log"):
        check(followed(placed(run, {"8073": str(port)}), folder), expected)


@pytest.mark.parametrize("engine", ["flink", "spark"])
def test_job_servers_that_the_launcher_starts(engine, folder, expected):
    job_server_jar(engine)  # or skip
    check(followed(scripts(engine.capitalize())[0], folder), expected)


def test_a_flink_cluster(folder, expected, monkeypatch):
    monkeypatch.setenv("WEBLOG_PART", PART)  # also for the pool of workers
    _, pool, run = scripts("Flink")
    port = free_port()
    command = placed(pool, {"50000": str(port)}).split()
    with flink_cluster(folder / "cluster") as master, serving([sys.executable, *command[1:]], port, folder / "pool.log"):
        places = {
            "s3://logs/2026-03-0[2-4]/": "logs/",
            "s3://statistics/": "out/",
            "flink.internal:8081": master,
            "50000": str(port),
        }
        places |= {"logs/": f"{folder}/logs/", " out/": f" {folder}/out/"}  # task managers stand elsewhere
        check(followed(placed(run, places), folder), expected)


def test_the_script_of_object_stores_is_understood():
    """Such commands run against servers of stores in tests/stores."""
    (script,) = scripts("Object stores")
    known = [options.parse(words(text)[1:])[0] for text in script.splitlines() if text.startswith("weblog-anonymizer")]
    assert [one.command for one in known] == ["run", "verify"]
    assert {one.output for one in known} == {"s3://statistics/web"}


def test_no_script_is_left_out():
    followed_here = {heading: len(scripts(heading)) for heading in ("Portable runner, embedded", "Prism", "Flink", "Spark")}
    elsewhere = {heading: len(scripts(heading)) for heading in ("Dataflow", "As a Flex Template")}  # test_dataflow.py
    assert PAGE.count("```bash") == sum((followed_here | elsewhere).values()) + len(scripts("Object stores"))
