"""Fixtures of the engine tests: logs, their tables as published in memory, and running engines."""

from __future__ import annotations

import bz2
import datetime
import gzip
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from examples.generate import generate
from tests.engines.outcome import ROOT, Done, in_memory
from tests.engines.servers import Server, free_port, job_server, prism_server, serving

REAL_LOG = ROOT.parent / "shared" / "data" / "logs" / "apache_combined_2015.log"
FIRST = datetime.date(2026, 3, 3)
RESTARTING = (
    "restart-strategy.type: fixed-delay\nrestart-strategy.fixed-delay.attempts: 3\nrestart-strategy.fixed-delay.delay: 100 ms\n"
)


class Engine(NamedTuple):
    """Options of `run` that lead to an engine, and its job server, if it has one."""

    options: list[str]
    server: Server | None


class Published(NamedTuple):
    """A folder of logs, and what the engine in memory publishes of them."""

    logs: Path
    expected: Done


@pytest.fixture(scope="session")
def example(tmp_path_factory) -> Published:
    """Two days in four files: the day of `make run`, and one that goes over several files, one of each kind."""
    logs = tmp_path_factory.mktemp("example")
    first = b"".join(generate(60_000, day=FIRST))
    second = b"".join(generate(20_000, day=FIRST + datetime.timedelta(1)))
    middle = second.index(b"\n", len(second) // 2) + 1
    late = second.index(b"\n", len(second) * 9 // 10) + 1
    (logs / "1.log.gz").write_bytes(gzip.compress(first))
    (logs / "2.log").write_bytes(second[:middle])
    (logs / "3.log").write_bytes(second[middle:late])
    (logs / "4.log.bz2").write_bytes(bz2.compress(second[late:]))
    return Published(logs, in_memory(logs, tmp_path_factory.mktemp("expected")))


@pytest.fixture(scope="session")
def real(tmp_path_factory) -> Published:
    """A log of a real site, in two files that divide a day."""
    if not REAL_LOG.exists():
        pytest.skip("no real log is shipped, and none lies beside this checkout, in ../shared/data/logs")
    log = REAL_LOG.read_bytes()
    logs = tmp_path_factory.mktemp("real")
    middle = log.index(b"\n", len(log) // 2) + 1
    (logs / "1.log").write_bytes(log[:middle])
    (logs / "2.log").write_bytes(log[middle:])
    return Published(logs, in_memory(logs, tmp_path_factory.mktemp("expected")))


@pytest.fixture(params=["example", "real"])
def published(request) -> Published:
    """The example's days, and a real log."""
    named: Published = request.getfixturevalue(request.param)
    return named


@pytest.fixture(scope="session")
def flink(tmp_path_factory) -> Iterator[Server]:
    """A Flink that gives a job up at its first failure."""
    with job_server("flink", tmp_path_factory.mktemp("flink")) as server:
        yield server


@pytest.fixture(scope="session")
def restarting_flink(tmp_path_factory) -> Iterator[Server]:
    """A Flink that begins a failed job again, up to three times."""
    with job_server("flink", tmp_path_factory.mktemp("restarting"), RESTARTING) as server:
        yield server


@pytest.fixture(scope="session")
def spark(tmp_path_factory) -> Iterator[Server]:
    """A Spark with two threads."""
    with job_server("spark", tmp_path_factory.mktemp("spark")) as server:
        yield server


@pytest.fixture(scope="session")
def prism(tmp_path_factory) -> Iterator[Server]:
    """Beam's own local server."""
    with prism_server(tmp_path_factory.mktemp("prism")) as server:
        yield server


@pytest.fixture(params=["embed", "prism", "flink", "spark"])
def engine(request) -> Engine:
    """Each engine; workers are threads of the launcher."""
    loopback = "--environment_type=LOOPBACK"
    if request.param == "embed":
        return Engine(["--runner=PortableRunner", "--job_endpoint=embed", loopback], None)
    server: Server = request.getfixturevalue(request.param)
    return Engine([*server.options, loopback], server)


@pytest.fixture
def worker_processes(tmp_path) -> Iterator[list[str]]:
    """Options for workers in processes of their own, as on a cluster, instead of threads of the launcher."""
    port = free_port()
    command = [sys.executable, "-m", "apache_beam.runners.worker.worker_pool_main", "--service_port", str(port)]
    with serving(command, port, tmp_path / "workers.log"):
        yield ["--environment_type=EXTERNAL", f"--environment_config=localhost:{port}"]
