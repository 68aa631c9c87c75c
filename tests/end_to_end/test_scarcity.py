"""A machine that gives no more memory, threads, processes or open files: one message, an exit code, and nothing published."""

from __future__ import annotations

import errno
import itertools
import os
import resource
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.__main__ import main
from pipeline.dataset.operations import output_error
from tests.logs import UNNAMED, crowd

ROOT = Path(__file__).parents[2]
DAY = "2026-03-03"
MB = 1_000_000
SOMEBODY = itertools.count(54_321)  # limits of processes do not hold for root, and each run is to be alone with its own
OF_PROCESSES = pytest.mark.skipif(
    os.geteuid() == 0 and shutil.which("setpriv") is None, reason="root has no limit of processes, and setpriv is not installed"
)


@pytest.fixture
def log(short_folder):
    """A log in a folder that is in nobody else's."""
    path = short_folder / "access.log"
    path.write_bytes(crowd(12))
    return path


def words(log: Path, workers: int) -> list[str]:
    output = log.parent / "out"
    return ["run", *f"--input {log} --output {output} --date {DAY} --timezone UTC --workers {workers}".split(), *UNNAMED]


def limited(log: Path, workers: int, limit: str, value: int, command: list[str] | None = None) -> tuple[int, list[str]]:
    """Exit code and messages of a run under one of prlimit's limits. It is killed after a minute, which no run may take."""
    number = getattr(resource, f"RLIMIT_{limit.upper()}")

    def limit_process() -> None:
        resource.setrlimit(number, (value, value))

    arguments = [sys.executable, "-m", "pipeline", *(command or words(log, workers))]
    if limit == "nproc" and os.geteuid() == 0:
        if not all(folder.stat().st_mode & stat.S_IXOTH for folder in ROOT.parents):
            pytest.skip("root has no limit of processes, and this checkout is in a folder that others may not enter")
        user = next(SOMEBODY)
        for path in (log.parent, *log.parent.rglob("*")):
            os.chown(path, user, -1)
        # The interpreter may be in a folder of root.
        rights = "--clear-groups --inh-caps +dac_override --ambient-caps +dac_override".split()
        arguments = ["setpriv", "--reuid", str(user), *rights, *arguments]
    done = subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, timeout=60, preexec_fn=limit_process)
    return done.returncode, done.stderr.splitlines()


def check_ending(log: Path, code: int, said: list[str]) -> None:
    """Either the day is published whole, or there is one error, which says what was short and what helps."""
    files = [path.name for path in (log.parent / "out").rglob("*") if path.is_file()]
    if code == 0:
        assert f"{DAY}.json" in files
        return
    assert set(files) <= {"_lock"}
    assert code in (1, 2)
    *before, error = said
    assert all(line.startswith(("weblog-anonymizer: reading", "<jemalloc>")) for line in before), said
    assert error.startswith("weblog-anonymizer: error: ")
    assert "--workers 0" in error or "sets that" in error
    assert "20.0." not in error  # an address of the log


@pytest.mark.parametrize(
    ("limit", "value", "workers", "code", "expected"),
    [
        ("data", 204_800 * 1024, 2, 2, "The limit of memory (ulimit -d) is 210 MB, and a process needs 280 MB"),
        ("as", 500 * MB, 0, 2, "The limit of memory (ulimit -v) is 500 MB"),
        ("nofile", 12, 2, 1, "No more files can be opened"),
        pytest.param("nproc", 1, 2, 1, "A process could not be started", marks=OF_PROCESSES),
        pytest.param("nproc", 1, 0, 1, "A thread could not be started", marks=OF_PROCESSES),
    ],
)
def test_what_is_short_is_named_with_a_way_out(log, limit, value, workers, code, expected):
    ended, said = limited(log, workers, limit, value)
    assert ended == code, said
    assert expected in said[-1]
    check_ending(log, ended, said)


@pytest.mark.long
@pytest.mark.parametrize("workers", [0, 1, 2])
@pytest.mark.parametrize(
    ("limit", "values"),
    [
        ("data", [100 * MB, 280 * MB, 320 * MB, 400 * MB, 500 * MB, 700 * MB]),
        ("as", [300 * MB, 800 * MB, 1_000 * MB, 1_400 * MB, 1_700 * MB, 2_000 * MB, 3_000 * MB]),
        ("nofile", [5, 8, 12, 16, 20, 32]),
        pytest.param("nproc", [1, 2, 3, 4, 6, 8, 10, 12, 16], marks=OF_PROCESSES),
    ],
)
def test_every_run_under_a_limit_ends(log, limit, values, workers):
    ended = []
    for value in values:
        code, said = limited(log, workers, limit, value)
        check_ending(log, code, said)
        ended.append(code)
        shutil.rmtree(log.parent / "out", ignore_errors=True)
    assert ended[0] != 0
    assert limit == "nproc" or ended[-1] == 0  # of processes others of the same user may be counted


@pytest.mark.parametrize(("limit", "value"), [("nofile", 8), pytest.param("nproc", 1, marks=OF_PROCESSES)])
def test_verify_says_what_is_short(log, limit, value):
    assert main(words(log, 0)) == 0
    code, said = limited(log, 0, limit, value, ["verify", str(log.parent / "out")])
    assert code == 1
    assert said[-1].startswith("weblog-anonymizer: error: ")
    assert ("files can be opened" if limit == "nofile" else "process could not be started") in said[-1]
    assert not [text for text in said[:-1] if not text.startswith("<jemalloc>")]


PLANTED = """
import os, sys
if any("forkserver" in word for word in sys.orig_argv):
    def fail(*_):
        {failure}
    class Finder:
        def find_spec(self, name, *_):
            if name == "pipeline.graph.warm" and {early}:
                fail()
    sys.meta_path.insert(0, Finder())
    if not {early}:
        import pipeline.graph.processes
        pipeline.graph.processes._work = fail
"""


@pytest.mark.parametrize(
    ("early", "failure", "expected"),
    [
        (True, "os.kill(os.getpid(), 9)", "could not be started, or ended while it started"),
        (False, "os.kill(os.getpid(), 9)", "A worker process was killed"),
        *(
            pytest.param(early, failure, expected, marks=pytest.mark.long)
            for early, expected in ((True, "could not be started"), (False, "A worker process was killed"))
            for failure in ("raise MemoryError", "raise RuntimeError('20.0.1.7')", "os._exit(0)")
        ),
    ],
)
def test_a_process_that_dies_while_it_starts_ends_the_run(log, tmp_path, early, failure, expected):
    (tmp_path / "sitecustomize.py").write_text(PLANTED.format(early=early, failure=failure))
    done = subprocess.run(
        [sys.executable, "-m", "pipeline", *words(log, 2)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{tmp_path}:{ROOT}"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    said = done.stderr.splitlines()
    assert len(said) == 2, said
    assert expected in said[-1]
    check_ending(log, 1, said)


@pytest.mark.parametrize(
    ("place", "error", "expected"),
    [
        ("transforms.block.parse_block", MemoryError("20.0.1.7"), "There is no more memory"),
        ("transforms.block._read", OSError(errno.EMFILE, "", "20.0.1.7"), "No more files can be opened"),
        ("transforms.privacy.threshold.counting.count_day", MemoryError("20.0.1.7"), "There is no more memory"),
        ("pipeline.graph.read_blocks.open_input", OSError(errno.EMFILE, "", "20.0.1.7"), "No more files can be opened"),
        ("pipeline.graph.steps.write_days.stage_file", OSError(errno.ENFILE, "", "20.0.1.7"), "No more files can be opened"),
    ],
)
def test_no_step_takes_what_is_short_for_a_defect_or_for_the_fault_of_a_file(log, monkeypatch, capfd, place, error, expected):
    def fail(*_):
        raise error

    monkeypatch.setattr(place, fail)
    assert main(words(log, 0)) == 1
    said = capfd.readouterr().err.splitlines()
    assert expected in said[-1]
    check_ending(log, 1, said)


def test_no_folder_of_the_output_bears_the_blame_for_the_limit_of_open_files():
    for number in (errno.EMFILE, errno.ENFILE):
        assert output_error("/data/out", OSError(number, os.strerror(number))).reason == "no_file"
    assert output_error("/data/out", OSError(errno.ENOSPC, "")).reason == "full"
