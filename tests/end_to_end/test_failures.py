"""Failures around a run: each has its exit code and one message, and the next run catches up."""

from __future__ import annotations

import ctypes
import errno
import json
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline.__main__ import main
from pipeline.dataset.lock import output_lock
from tests.catalogues import REPORTS
from tests.logs import UNNAMED, crowd

ROOT = Path(__file__).parents[2]
DAY = "2026-03-03"
LOG = crowd(12)
DROP_FROM_BOUNDING_SET, OVERRIDE_PERMISSIONS = 24, (1, 2)  # prctl; CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "access.log"
    path.write_bytes(LOG)
    return path


def run(*arguments: object) -> int:
    return main(["run", "--workers", "0", *UNNAMED, *map(str, arguments)])


def as_a_user(*commands: tuple[object, ...]) -> list[tuple[int, str]]:
    """Exit code and messages of each command in a process that permissions hold back, also where the tests run as root."""

    def give_up_rights() -> None:
        if os.geteuid() == 0:
            for capability in OVERRIDE_PERMISSIONS:
                assert ctypes.CDLL(None).prctl(DROP_FROM_BOUNDING_SET, capability, 0, 0, 0) == 0

    code = "import json, sys; from pipeline.__main__ import main\n"
    code += "for words in json.loads(sys.argv[1]): print('exit code', main(words), file=sys.stderr, flush=True)"
    words = json.dumps([[str(word) for word in command] for command in commands])
    done = subprocess.run(
        [sys.executable, "-c", code, words], cwd=ROOT, capture_output=True, text=True, preexec_fn=give_up_rights
    )
    parts = re.split(r"^exit code (\d+)\n", done.stderr, flags=re.MULTILINE)
    assert len(parts) == 2 * len(commands) + 1, done.stderr
    return [(int(code), said) for said, code in zip(parts[0:-1:2], parts[1::2], strict=True)]


def files_in(output: Path) -> list[str]:
    return [path.name for path in output.rglob("*") if path.is_file() and path.name != "_lock"]


def test_what_may_not_be_read_or_written_is_named_with_a_way_out(log, tmp_path):
    closed, folder, fixed = tmp_path / "closed.log", tmp_path / "folder", tmp_path / "fixed"
    closed.write_bytes(LOG)
    closed.chmod(0)
    folder.mkdir()
    (folder / "access.log").write_bytes(LOG)
    folder.chmod(0)
    fixed.mkdir(mode=0o555)
    out = tmp_path / "out"
    cases = (
        (("--input", closed, "--output", out), 6, f"{closed}: permission denied. Run as a user who may read it"),
        (("--input", folder / "*.log", "--output", out), 6, "may this user look into the folder?"),
        (("--input", log, "--output", fixed / "out"), 8, f"{fixed}/out: permission denied"),
        (("--input", log, "--output", fixed), 8, f"{fixed}: permission denied"),
        (("--input", log, "--output", out, "--run-record", fixed / "record.json"), 8, f"--run-record {fixed}/record.json"),
        (("--input", log, "--output", out, "--geoip-country", closed), 2, "Permission denied"),
    )
    results = as_a_user(*(("run", "--workers", "0", *UNNAMED, *arguments) for arguments, _, _ in cases))
    for (_, code, words), (exit_code, said) in zip(cases, results, strict=True):
        assert (exit_code, len(said.splitlines())) == (code, 1), said
        assert words in said
    assert not out.exists()
    folder.chmod(0o755)


def test_a_folder_of_the_data_set_that_may_not_be_read_does_not_pass_for_empty(log, tmp_path):
    """Else a day would be published as if for the first time, or its files be removed on the program's advice."""
    output = tmp_path / "out"
    assert run("--input", log, "--output", output) == 0
    cases = []
    for closed in ("_manifest", "pages"):
        folder = shutil.copytree(output, tmp_path / f"closed{closed}") / closed
        folder.chmod(0o300)
        for command, code in ((("plan", "--input", log, "--output", folder.parent), 8), (("verify", folder.parent), 6)):
            cases.append((command, code, f"{folder}: permission denied."))
    (output / "lost+found").mkdir(mode=0)
    cases.append((("verify", output), 0, ""))
    (private := tmp_path / "with others" / "private").mkdir(parents=True)
    private.chmod(0)
    cases.append((("plan", "--input", log, "--output", private.parent, *UNNAMED), 0, ""))
    for (_, code, words), (exit_code, said) in zip(cases, as_a_user(*(case[0] for case in cases)), strict=True):
        assert exit_code == code, said
        assert words in said.replace("Permission", "permission")


def test_a_file_in_the_place_of_the_manifests_is_said(log, tmp_path, capfd):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "_manifest").touch()
    assert main(["plan", "--input", str(log), "--output", str(tmp_path / "out")]) == 8
    assert "/_manifest: a file is where a folder of the data set must be. Restore it." in capfd.readouterr().err


def test_a_link_to_nothing_is_named(tmp_path, capfd):
    (tmp_path / "link.log").symlink_to("nowhere")
    assert run("--input", tmp_path / "*.log", "--output", tmp_path / "out") == 6
    assert f"{tmp_path}/link.log: it vanished, or is a link to nothing." in capfd.readouterr().err


@pytest.mark.parametrize("share", [0.0, *(pytest.param(share, marks=pytest.mark.long) for share in (0.5, 0.95))])
def test_a_full_disk_ends_the_run_and_the_next_one_makes_up_for_it(log, tmp_path, monkeypatch, capfd, share):
    written, fsync = [], os.fsync

    def full(file: int) -> None:
        if stat.S_ISREG(os.fstat(file).st_mode):  # a folder has its place already
            written.append(file)
            if len(written) > room:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        fsync(file)

    room = 1000
    monkeypatch.setattr(os, "fsync", full)
    assert run("--input", log, "--output", tmp_path / "measured") == 0
    room = int(len(written) * share)
    written.clear()
    capfd.readouterr()
    output = tmp_path / "out"
    assert run("--input", log, "--output", output) == 8
    said = capfd.readouterr().err.splitlines()[-1]
    assert said.startswith(f"weblog-anonymizer: error: {output}")
    assert "no space is left. Free some, then run again." in said
    begun = any(name.startswith("journal-") for name in files_in(output))
    assert begun == (share > 0.9)  # by then only the manifest is missing
    assert begun or not list(output.rglob("_staging"))
    monkeypatch.setattr(os, "fsync", fsync)
    assert run("--input", log, "--output", output) == 0
    assert ("an interrupted publication was completed" in capfd.readouterr().err) == begun
    assert sorted(files_in(output)) == sorted([f"{DAY}.parquet"] * (1 + len(REPORTS)) + [f"{DAY}.json"])
    assert not (output / "_staging").exists()
    assert main(["verify", str(output)]) == 0


@pytest.mark.long
def test_a_record_that_finds_no_space_leaves_that_of_the_run_before(log, tmp_path, monkeypatch, capfd):
    folder = tmp_path / "monitoring"
    folder.mkdir()
    record, fsync = folder / "record.json", os.fsync
    record.write_text("of the run before")

    def full(file: int) -> None:
        if str(folder) in os.readlink(f"/proc/self/fd/{file}"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        fsync(file)

    monkeypatch.setattr(os, "fsync", full)
    assert run("--input", log, "--output", tmp_path / "out", "--run-record", record) == 8
    assert f"--run-record {record}: No space left on device. The days are published." in capfd.readouterr().err
    assert [path.read_text() for path in folder.iterdir()] == ["of the run before"]
    monkeypatch.undo()
    link = tmp_path / "link.json"
    link.symlink_to(record)
    assert run("--input", log, "--output", tmp_path / "out", "--run-record", link) == 0
    assert link.is_symlink()
    assert '"published_before"' in record.read_text()
    assert run("--input", log, "--output", tmp_path / "out", "--run-record", "/dev/null") == 0
    assert Path("/dev/null").is_char_device()


def test_an_output_in_use_is_refused_and_its_holder_named(log, tmp_path, capfd):
    with output_lock(str(tmp_path / "out")):
        assert run("--input", log, "--output", tmp_path / "out") == 8
    assert f"process {os.getpid()} on " in capfd.readouterr().err
    assert run("--input", log, "--output", tmp_path / "out") == 0


def processes_of(session: int) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
                if state != "Z" and os.getsid(int(entry.name)) == session:
                    found.append(int(entry.name))
            except (OSError, IndexError):
                continue  # ended meanwhile
    return found


def test_a_run_that_is_killed_leaves_no_process_and_the_next_one_publishes(log, tmp_path):
    output = tmp_path / "out"
    command = [sys.executable, "-m", "pipeline", "run", "--input", "-", "--output", str(output), "--workers", "2", *UNNAMED]
    process = subprocess.Popen(
        [*command, "--block-mib", "1", "--timezone", "UTC"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    process.stdin.write(LOG * 2000)  # several blocks, and then the sender falls silent
    process.stdin.flush()
    assert b"reading" in process.stderr.readline()
    deadline = time.monotonic() + 60
    while len(processes_of(process.pid)) < 5 and time.monotonic() < deadline:  # itself, two of multiprocessing's, two workers
        time.sleep(0.05)
    left = processes_of(process.pid)
    assert len(left) == 5
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    while processes_of(process.pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    left = processes_of(process.pid)
    for number in left:
        os.kill(number, signal.SIGKILL)
    assert left == []
    process.stdin.close()
    process.stderr.close()
    assert run("--input", log, "--output", output) == 0
    assert sorted(files_in(output)) == sorted([f"{DAY}.parquet"] * (1 + len(REPORTS)) + [f"{DAY}.json"])


@pytest.mark.long
@pytest.mark.parametrize("command", ["run", "formats"])
def test_a_reader_that_goes_away_is_no_failure(log, tmp_path, command):
    arguments = ["run", "--input", str(log), "--output", str(tmp_path / "out"), "--workers", "0", *UNNAMED]
    process = subprocess.Popen(
        [sys.executable, "-m", "pipeline", *(arguments if command == "run" else ["formats"])],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    process.stdout.close()
    said = process.stderr.read()
    process.stderr.close()
    assert process.wait() == 0
    assert "rror" not in said


@pytest.mark.long
def test_a_summary_that_cannot_be_written_is_no_failure_either(log, tmp_path):
    words = ["run", "--input", str(log), "--output", str(tmp_path / "out"), "--workers", "0", *UNNAMED]
    command = [sys.executable, "-m", "pipeline", *words]
    with open("/dev/full", "w") as full:
        done = subprocess.run(command, cwd=ROOT, stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 0
    assert "standard output cannot be written" in done.stderr
    assert (tmp_path / "out" / "_manifest" / f"{DAY}.json").exists()
