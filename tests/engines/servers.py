"""Starts an engine on this machine, or skips the test with the reason why it is not available."""

from __future__ import annotations

import contextlib
import os
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

from scripts.get_job_server import OPENED
from tests.engines.outcome import ROOT

FETCHED = ROOT / "build" / "engines"
START_SECONDS = 90
CLUSTER = """\
rest.address: localhost
rest.port: {rest}
jobmanager.rpc.address: localhost
jobmanager.rpc.port: {rpc}
taskmanager.host: localhost
taskmanager.numberOfTaskSlots: 2
taskmanager.cpu.cores: 2
taskmanager.memory.framework.heap.size: 128m
taskmanager.memory.framework.off-heap.size: 128m
taskmanager.memory.task.heap.size: 512m
taskmanager.memory.task.off-heap.size: 0m
taskmanager.memory.network.min: 512m
taskmanager.memory.network.max: 512m
taskmanager.memory.managed.size: 256m
taskmanager.memory.jvm-metaspace.size: 256m
taskmanager.memory.jvm-overhead.min: 192m
taskmanager.memory.jvm-overhead.max: 192m
"""
MASTERS = {"flink": "--flink-master=[local]", "spark": "--spark-master-url=local[2]"}


class Server(NamedTuple):
    """A job server: the port where it takes jobs, options of `run` that lead there, and the file of what it says."""

    port: int
    options: list[str]
    log: Path


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


def job_server_jar(engine: str) -> str:
    """The jar of an engine's job server: FLINK_JOB_SERVER_JAR or SPARK_JOB_SERVER_JAR names one, else the script fetches it."""
    if shutil.which("java") is None:
        pytest.skip(f"{engine}: java was not found. Install Java 11 or 17 (Debian: apt-get install default-jre-headless)")
    named = os.environ.get(f"{engine.upper()}_JOB_SERVER_JAR")
    if named:
        return named
    script = [sys.executable, str(ROOT / "scripts" / "get_job_server.py"), engine]
    done = subprocess.run(script, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"{engine}: {done.stderr.strip()}")
    return done.stdout.strip()


@contextlib.contextmanager
def job_server(engine: str, folder: Path, configuration: str = "") -> Iterator[Server]:
    """Flink or Spark inside its job server, with two slots."""
    port, log = free_port(), folder / "server.log"
    command = ["java", "-jar", job_server_jar(engine), "--job-port", str(port), "--artifact-port", "0", "--expansion-port", "0"]
    command += [MASTERS[engine], "--artifacts-dir", str(folder / "artifacts")]
    if engine == "flink":
        (folder / "flink-conf.yaml").write_text(configuration)
        command += ["--flink-conf-dir", str(folder)]
    with serving(command, port, log):
        yield Server(port, [*at(port), "--parallelism=2"], log)


@contextlib.contextmanager
def flink_cluster(folder: Path) -> Iterator[str]:
    """A job manager and a task manager with two slots, each a process of its own; gives where jobs are taken."""
    jars = Path(job_server_jar("flink")).parent
    rest, rpc = free_port(), free_port()
    folder.mkdir()
    (folder / "flink-conf.yaml").write_text(CLUSTER.format(rest=rest, rpc=rpc))
    java = ["java", *(f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in OPENED), "-cp", f"{jars}/*"]
    with contextlib.ExitStack() as running:
        for name in ("entrypoint.StandaloneSessionClusterEntrypoint", "taskexecutor.TaskManagerRunner"):
            command = [*java, f"org.apache.flink.runtime.{name}", "--configDir", str(folder)]
            running.enter_context(serving(command, rest, folder / f"{name}.log"))
        yield f"localhost:{rest}"


@contextlib.contextmanager
def prism_server(folder: Path) -> Iterator[Server]:
    """Beam's own local server."""
    port, log = free_port(), folder / "server.log"
    with serving([prism(), "--job_port", str(port), "--serve_http=false"], port, log):
        yield Server(port, at(port), log)


def at(port: int) -> list[str]:
    """Options that lead to a job server on this machine."""
    return ["--runner=PortableRunner", f"--job_endpoint=localhost:{port}"]


def prism() -> str:
    """Prism's program: PRISM names one, else Go builds it."""
    named = os.environ.get("PRISM")
    if named:
        return named
    program = FETCHED / f"prism-{apache_beam.__version__}"
    if not program.exists():
        if shutil.which("go") is None:
            pytest.skip("prism: go was not found. Install Go, or name a prism program in PRISM")
        module = f"github.com/apache/beam/sdks/v2/go/cmd/prism@v{apache_beam.__version__}"
        FETCHED.mkdir(parents=True, exist_ok=True)
        environment = {**os.environ, "GOBIN": str(FETCHED)}
        done = subprocess.run(["go", "install", module], env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"prism: go install failed: {done.stderr.strip().splitlines()[-1]}")
        (FETCHED / "prism").rename(program)
    return str(program)
