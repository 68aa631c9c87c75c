"""The run's secret cannot be found outside its workers: not in the graph, in processes, files or messages."""

from __future__ import annotations

import base64
import datetime
import hashlib
import os
import pickle
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import apache_beam as beam
import pytest

from pipeline.cli import options
from pipeline.config.config import config_of
from pipeline.graph import flow, launch
from pipeline.graph.steps import make_secret
from tests.graph import payloads
from tests.logs import crowd
from transforms.masking.secret import derive

ROOT = Path(__file__).parents[2]


def made() -> bytes:
    """Computed where it is called: else it would be in the graph as a constant of this function."""
    return hashlib.sha256(b"known to the test").digest()


SECRET = made()
PART = "a-part-that-only-the-workers-know-0123456789"
NOW = datetime.datetime(2026, 3, 10, tzinfo=datetime.timezone.utc)


def forms(secret: bytes) -> set[bytes]:
    """How a secret could stand in a text or in bytes."""
    encoded = base64.b64encode(secret)
    return {
        secret,
        secret.hex().encode(),
        secret.hex().upper().encode(),
        encoded,
        base64.urlsafe_b64encode(secret),
        repr(secret).encode()[2:-1],
    }


def holds(data: bytes, secret: bytes = SECRET) -> bool:
    return any(form in data for form in forms(secret))


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "in" / "access.log"
    path.parent.mkdir()
    path.write_bytes(crowd(60, time="03/Mar/2026:00:00:00 +0000") * 20)
    return path


def arguments(source: Path, *more: str) -> list[str]:
    output = source.parents[1] / "out" / "data"
    output.parent.mkdir(exist_ok=True)
    given = ["run", "--input", str(source), "--output", str(output), "--site", "www.example.org", "--format", "combined"]
    return [*given, "--run-record", str(output.parent / "record.json"), *more]


def graph(source: Path, *more: str) -> bytes:
    """All that would be sent to a runner elsewhere, and the pickled job."""
    known, rest = options.parse(arguments(source, *more))
    job = launch.prepare(launch.look(config_of(known, ()), {}, NOW)).job
    root = beam.Pipeline(options=beam.options.pipeline_options.PipelineOptions(rest))
    flow.build(root, job)
    proto = root.to_runner_api()
    return b"\0".join([*payloads(proto), pickle.dumps(job)])


class Planted(beam.PTransform):
    """What looks as good: a secret made by the launcher, as the one element of the graph."""

    def expand(self, root):
        return root | beam.Create([make_secret.new_secret()])


@pytest.fixture
def known(monkeypatch):
    monkeypatch.setattr(make_secret, "new_secret", made)


def test_the_graph_holds_no_secret(source, known):
    sent = graph(source)
    assert b"access.log" in sent  # so the search looks into what is pickled
    assert not holds(sent)


def test_a_secret_made_by_the_launcher_would_be_in_it(source, known, monkeypatch):
    monkeypatch.setattr(flow, "MakeSecret", Planted)
    assert holds(graph(source))


def test_of_a_part_from_outside_the_graph_holds_the_name_only(source, monkeypatch):
    monkeypatch.setenv("WEBLOG_PART", PART)
    sent = graph(source, "--secret-from", "env:WEBLOG_PART")
    assert b"WEBLOG_PART" in sent
    assert PART.encode() not in sent
    assert not holds(sent, PART.encode())


RUN = """\
import hashlib, os, sys
from pipeline.__main__ import main
from pipeline.graph.steps import make_secret

def made():
    secret = hashlib.sha256(b"known to the test").digest()
    {leak}
    return secret

if __name__ == "__main__":
    make_secret.new_secret = made
    sys.exit(main(sys.argv[1:]))
"""


def watched(source: Path, *more: str, leak: str = "") -> tuple[dict[int, bytes], bytes]:
    """Command line and environment of every process of a run with two workers, and all that it wrote or said."""
    temporary = Path(tempfile.mkdtemp())  # where names of sockets are short enough
    environment = {**os.environ, "TMPDIR": str(temporary), "PYTHONPATH": str(ROOT)}
    program = source.parent / "run.py"
    program.write_text(RUN.format(leak=leak))
    command = [sys.executable, str(program), *arguments(source, "--workers", "2", *more)]
    process = subprocess.Popen(command, cwd=source.parent, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    seen: dict[int, set[bytes]] = {}
    written: set[bytes] = set()
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(0.02):
            for pid in family(process.pid):
                # Both are those that the process began with, but a process may still be about to begin.
                seen[pid] = seen.get(pid, set()) | {read(Path(f"/proc/{pid}/{name}")) for name in ("cmdline", "environ")}
            for folder in (temporary, source.parents[1] / "out"):
                for where, _, names in os.walk(folder):
                    written.update(read(Path(where, name)) for name in names)

    watcher = threading.Thread(target=watch)
    watcher.start()
    said = b"".join(process.communicate())
    ended.set()
    watcher.join()
    shutil.rmtree(temporary)
    assert process.returncode == 0, said
    return {pid: b"\0".join(shown) for pid, shown in seen.items()}, said + b"".join(written)


def family(pid: int) -> list[int]:
    found = [pid]
    for task in Path("/proc").glob("[0-9]*/stat"):
        fields = read(task).rpartition(b")")[2].split()
        if len(fields) > 1 and int(fields[1]) in found:
            found.append(int(task.parent.name))
    return found


def read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # gone by now, or a folder
        return b""


needs_proc = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc, to look at other processes")


@needs_proc
def test_no_process_shows_the_secret_and_no_file_holds_it(source):
    processes, written = watched(source)
    assert len(processes) >= 4  # parent, forkserver and two workers
    assert b"PAR1" in written  # so the search saw what was written
    assert not any(map(holds, processes.values()))
    assert not holds(written)


LEAK = """
    import subprocess
    waits = [sys.executable, "-c", "import time; time.sleep(0.5)"]
    subprocess.run([*waits, secret.hex()])
    os.environ["WEBLOG_SECRET"] = secret.hex()
    subprocess.run(waits)
    print(secret.hex())
"""


@needs_proc
@pytest.mark.long
def test_the_search_finds_one_that_is_handed_to_a_process_or_said(source):
    processes, written = watched(source, leak=LEAK)
    assert sum(map(holds, processes.values())) == 2
    assert holds(written)


@needs_proc
@pytest.mark.long
def test_a_part_from_outside_stays_in_the_environment(source, monkeypatch):
    monkeypatch.setenv("WEBLOG_PART", PART)
    processes, written = watched(source, "--secret-from", "env:WEBLOG_PART")
    assert all(PART.encode() in shown for shown in processes.values() if shown)  # where it was given
    for secret in (PART.encode(), derive(SECRET, PART.encode())):
        assert not holds(written, secret)
    assert not any(holds(shown, derive(SECRET, PART.encode())) for shown in processes.values())
