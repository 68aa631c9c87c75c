"""Takes the same logs to each engine, checks that it publishes the same bytes, or nothing: also when it fails in between.

The engines: in memory (what `run` uses by itself) · Beam's portable runner in this process · Prism · a real Flink. Those that are
fetched first (scripts/get_flink_job_server.py, `go install`) skip, with the reason, where they cannot be had.
"""

from __future__ import annotations

import bz2
import contextlib
import datetime
import gzip
import hashlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import apache_beam
import pytest

from examples.generate import generate
from tests.engines.job import POOL
from tests.logs import crowd, line

ROOT = Path(__file__).parents[2]
FETCHED = ROOT / "build" / "engines"
FIRST = datetime.date(2026, 3, 3)
DAYS = [(FIRST + datetime.timedelta(offset)).isoformat() for offset in range(2)]
LINES = 20_000
START_SECONDS = 60
JOB_SECONDS = 240
PART = "what the storage of the runner never sees"
RESTARTING = (
    "restart-strategy.type: fixed-delay\nrestart-strategy.fixed-delay.attempts: 3\nrestart-strategy.fixed-delay.delay: 100 ms\n"
)

pytestmark = pytest.mark.long


class Done:
    """What a job left: its exit code, what it said, and the files it published."""

    def __init__(self, code: int, said: str, output: Path) -> None:
        self.code = code
        self.said = said
        self.output = output

    @property
    def files(self) -> dict[str, str]:
        """SHA-256 of each Parquet file, by its path below the output."""
        found = sorted(self.output.rglob("*.parquet"))
        return {path.relative_to(self.output).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in found}

    @property
    def manifests(self) -> dict[str, dict[str, object]]:
        """Each day's manifest without the run's own number."""
        found = {path.stem.removeprefix("date="): json.loads(path.read_text()) for path in (self.output / "_manifest").glob("*")}
        return {day: {name: fact for name, fact in manifest.items() if name != "run_id"} for day, manifest in found.items()}

    @property
    def remains(self) -> list[str]:
        """What should not be there: all but published files, manifests and the lock."""
        paths = {path.relative_to(self.output).as_posix() for path in self.output.rglob("*") if path.is_file()}
        return sorted(path for path in paths - set(self.files) if path != "_lock" and not path.startswith("_manifest/"))


def execute(
    inputs: Path, output: Path, engine: list[str], fault: str = "none", marker: Path = ROOT, options: tuple[str, ...] = ()
) -> Done:
    command = [sys.executable, "-m", "tests.engines.job", fault, str(marker), "run"]
    command += ["--input", f"{inputs}/*", "--output", str(output), "--site", "www.example.org", "--format", "combined"]
    done = subprocess.run(
        [*command, "--block-mib", "1", "--workers", "2", *options, *engine],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=JOB_SECONDS,
        check=False,
        env={**os.environ, "WEBLOG_PART": PART},
    )
    return Done(done.returncode, done.stdout + done.stderr, output)


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("localhost", 0))
        port: int = listening.getsockname()[1]
        return port


@contextlib.contextmanager
def serving(command: list[str], port: int, log: Path) -> Iterator[None]:
    """A server process that answers at a port of this machine; its output goes to `log`."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # the worker pool starts `python`
    with (
        log.open("wb") as said,
        subprocess.Popen(
            command, stdout=said, stderr=subprocess.STDOUT, cwd=ROOT, env={**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)}
        ) as server,
    ):
        try:
            until = time.monotonic() + START_SECONDS
            while True:
                with contextlib.suppress(OSError), socket.create_connection(("localhost", port), 1):
                    break
                assert server.poll() is None, log.read_text()[-2000:]
                assert time.monotonic() < until, log.read_text()[-2000:]
                time.sleep(0.1)
            yield
        finally:
            server.terminate()
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                server.kill()


def job_server_jar() -> str:
    """The jar of Flink's job server: FLINK_JOB_SERVER_JAR names one, else the script fetches it."""
    if shutil.which("java") is None:
        pytest.skip("Flink: java was not found. Install Java 11 or 17 (Debian: apt-get install default-jre-headless)")
    named = os.environ.get("FLINK_JOB_SERVER_JAR")
    if named:
        return named
    script = [sys.executable, str(ROOT / "scripts" / "get_flink_job_server.py")]
    done = subprocess.run(script, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"Flink: {done.stderr.strip()}")
    return done.stdout.strip()


def prism() -> str:
    """Prism's program: PRISM names one, else Go builds it."""
    named = os.environ.get("PRISM")
    if named:
        return named
    program = FETCHED / f"prism-{apache_beam.__version__}"
    if not program.exists():
        if shutil.which("go") is None:
            pytest.skip("Prism: go was not found. Install Go, or name a prism program in PRISM")
        module = f"github.com/apache/beam/sdks/v2/go/cmd/prism@v{apache_beam.__version__}"
        FETCHED.mkdir(parents=True, exist_ok=True)
        environment = {**os.environ, "GOBIN": str(FETCHED)}
        done = subprocess.run(["go", "install", module], env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"Prism: go install failed: {done.stderr.strip().splitlines()[-1]}")
        (FETCHED / "prism").rename(program)
    return str(program)


@pytest.fixture(scope="module")
def logs(tmp_path_factory) -> Path:
    """Two days in four files: one of each kind, and a day that goes over several."""
    folder = tmp_path_factory.mktemp("logs")
    first, second = (b"".join(generate(LINES, day=FIRST + datetime.timedelta(offset))) for offset in range(2))
    middle = second.index(b"\n", len(second) // 2) + 1
    late = second.index(b"\n", len(second) * 9 // 10) + 1
    (folder / "1.log.gz").write_bytes(gzip.compress(first))
    (folder / "2.log").write_bytes(second[:middle])
    (folder / "3.log").write_bytes(second[middle:late])
    (folder / "4.log.bz2").write_bytes(bz2.compress(second[late:]))
    return folder


@pytest.fixture(scope="module")
def expected(logs, tmp_path_factory) -> Done:
    """What the engine in memory publishes."""
    done = execute(logs, tmp_path_factory.mktemp("expected") / "out", [])
    assert done.code == 0, done.said
    assert POOL in done.said
    assert sorted(done.manifests) == DAYS
    assert len(done.files) > 20
    return done


class Flink(NamedTuple):
    """A job server with a Flink inside: options that lead there, and what it says."""

    options: list[str]
    log: Path


@contextlib.contextmanager
def flink_server(folder: Path, configuration: str) -> Iterator[Flink]:
    jar, port = job_server_jar(), free_port()
    (folder / "flink-conf.yaml").write_text(configuration)
    command = ["java", "-jar", jar, "--job-port", str(port), "--artifact-port", "0", "--expansion-port", "-1"]
    command += ["--flink-master", "[local]", "--flink-conf-dir", str(folder), "--artifacts-dir", str(folder / "artifacts")]
    log = folder / "server.log"
    with serving(command, port, log):
        yield Flink(["--runner=PortableRunner", f"--job_endpoint=localhost:{port}", "--parallelism=2"], log)


@pytest.fixture(scope="module")
def flink(tmp_path_factory) -> Iterator[Flink]:
    """A Flink that gives a job up at its first failure."""
    with flink_server(tmp_path_factory.mktemp("flink"), "") as server:
        yield server


@pytest.fixture(scope="module")
def restarting_flink(tmp_path_factory) -> Iterator[Flink]:
    """A Flink that begins a failed job again, up to three times."""
    with flink_server(tmp_path_factory.mktemp("restarting"), RESTARTING) as server:
        yield server


@pytest.fixture
def worker_processes(tmp_path) -> Iterator[list[str]]:
    """Options for workers in processes of their own, as on a cluster, instead of threads of the launcher."""
    port = free_port()
    command = [sys.executable, "-m", "apache_beam.runners.worker.worker_pool_main", "--service_port", str(port)]
    with serving(command, port, tmp_path / "workers.log"):
        yield ["--environment_type=EXTERNAL", f"--environment_config=localhost:{port}"]


@pytest.fixture(params=["embed", "prism", "flink"])
def engine(request, tmp_path) -> Iterator[list[str]]:
    """Options for each engine; workers are threads of the launcher."""
    loopback = "--environment_type=LOOPBACK"
    if request.param == "embed":
        yield ["--runner=PortableRunner", "--job_endpoint=embed", loopback]
    elif request.param == "flink":
        yield [*request.getfixturevalue("flink").options, loopback]
    else:
        port = free_port()
        with serving([prism(), "--job_port", str(port), "--serve_http=false"], port, tmp_path / "prism.log"):
            yield ["--runner=PortableRunner", f"--job_endpoint=localhost:{port}", loopback]


def same(done: Done, expected: Done) -> bool:
    return (done.files, done.manifests, done.remains) == (expected.files, expected.manifests, [])


def nothing_published(done: Done) -> bool:
    return not done.files and not done.manifests and not done.remains


def test_every_engine_publishes_the_same_bytes(engine, logs, expected, tmp_path):
    done = execute(logs, tmp_path / "out", engine)
    assert done.code == 0, done.said
    assert same(done, expected)
    assert POOL not in done.said


def test_the_flink_runner_starts_its_job_server_itself(logs, expected, tmp_path):
    options = ["--runner=FlinkRunner", f"--flink_job_server_jar={job_server_jar()}", "--parallelism=2"]
    done = execute(logs, tmp_path / "out", options)
    assert done.code == 0, done.said
    assert same(done, expected)


def test_flink_does_the_work_in_two_slots(flink, logs, expected, tmp_path):
    before = flink.log.stat().st_size
    done = execute(logs, tmp_path / "out", [*flink.options, "--environment_type=LOOPBACK"])
    assert same(done, expected)
    said = flink.log.read_bytes()[before:].decode()
    assert "ReadBlocks" not in said  # a step of its own would hand log lines to the runner
    finished = re.findall(r"taskmanager\.Task - .*MapFiles.* \((\d)/2\).* switched from RUNNING to FINISHED", said)
    assert set(finished) == {"1", "2"}


def test_workers_in_their_own_processes_publish_the_same_bytes(flink, worker_processes, logs, expected, tmp_path):
    done = execute(logs, tmp_path / "out", [*flink.options, *worker_processes])
    assert done.code == 0, done.said
    assert same(done, expected)


def test_a_failing_gate_publishes_nothing_anywhere(engine, tmp_path):
    folder = tmp_path / "logs"
    folder.mkdir()
    (folder / "bad.log").write_bytes(crowd(30) + line(time="nonsense") * 100)
    done = execute(folder, tmp_path / "out", engine)
    assert done.code == 3
    assert "100 of 130 lines were rejected" in done.said
    assert "nonsense" not in done.said
    assert nothing_published(done)


def test_a_secret_that_is_computed_again_is_noticed(engine, logs, tmp_path):
    done = execute(logs, tmp_path / "out", engine, "other-secret")
    assert done.code == 1
    assert "The runner computed the secret twice" in done.said
    assert nothing_published(done)


def test_a_part_of_the_secret_comes_from_the_workers_environment(engine, logs, expected, tmp_path):
    done = execute(logs, tmp_path / "out", engine, options=("--secret-from", "env:WEBLOG_PART"))
    assert done.code == 0, done.said
    assert same(done, expected)
    assert PART not in done.said


def test_workers_without_that_part_publish_nothing(flink, worker_processes, logs, tmp_path):
    done = execute(logs, tmp_path / "out", [*flink.options, *worker_processes], options=("--secret-from", "env:WEBLOG_PART"))
    assert done.code not in (0, None)
    assert PART not in done.said
    assert nothing_published(done)


@pytest.mark.parametrize("fault", ["killed-in-map", "killed-in-move", "killed-in-publish"])
@pytest.mark.parametrize("server", ["flink", "restarting_flink"])
def test_a_killed_worker_publishes_nothing_twice(server, fault, request, worker_processes, logs, expected, tmp_path):
    options = [*request.getfixturevalue(server).options, *worker_processes]
    marker = tmp_path / "killed"
    done = execute(logs, tmp_path / "out", options, fault, marker)
    assert marker.exists()
    if server == "restarting_flink":
        assert done.code == 0, done.said
    else:
        assert done.code == 1
        assert set(done.manifests) == ({DAYS[0]} if fault == "killed-in-publish" else set())
        done = execute(logs, tmp_path / "out", options)
        assert done.code == 0, done.said
    assert {day: manifest["revision"] for day, manifest in done.manifests.items()} == dict.fromkeys(DAYS, 1)
    assert same(done, expected)
