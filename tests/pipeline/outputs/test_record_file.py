"""The run record reaches every kind of path that --run-record may name, and no other file is lost."""

from __future__ import annotations

import errno
import json
import os
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.errors import JobError
from pipeline.outputs import record_file

ROOT = Path(__file__).parents[3]
RECORD = {"lines": {"read": 3}}
WRITE = f"from pipeline.outputs import record_file; record_file.check_writable(P); record_file.write(P, {RECORD})"


def write(path: Path) -> None:
    record_file.check_writable(str(path))
    record_file.write(str(path), RECORD)


@pytest.mark.parametrize(("mode", "then"), [(0o600, 0o600), (0o640, 0o640), (0o660, 0o660), (0o644, 0o600), (0o664, 0o600)])
def test_a_record_keeps_its_group_and_mode_unless_everybody_may_read_it(tmp_path, mode, then):
    path = tmp_path / "record.json"
    path.write_text("of the run before")
    path.chmod(mode)
    if os.geteuid() == 0:
        os.chown(path, -1, 12345)
    before = path.stat()
    write(path)
    after = path.stat()
    assert (stat.S_IMODE(after.st_mode), after.st_gid) == (then, before.st_gid)
    assert after.st_ino != before.st_ino
    assert json.loads(path.read_text()) == RECORD


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077])
def test_a_new_record_is_for_its_owner_alone(tmp_path, mask):
    usual = os.umask(mask)
    try:
        write(tmp_path / "record.json")
    finally:
        os.umask(usual)
    assert (tmp_path / "record.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("call", "number"),
    [("replace", errno.EBUSY), ("replace", errno.EXDEV), ("open", errno.EACCES), ("fchown", errno.EPERM)],
)
def test_a_file_that_cannot_be_replaced_is_written_in_its_place(tmp_path, monkeypatch, call, number):
    """One that is mounted by itself; in a folder that is closed; of a group that the user has not."""
    path, usual = tmp_path / "record.json", getattr(os, call)
    path.write_text("of the run before, which may have been longer" * 9)
    path.chmod(0o644)
    before = path.stat()
    if call == "fchown":
        if os.geteuid() != 0:
            pytest.skip("only root may give a file to any group")
        os.chown(path, -1, 12345)

    def refuse(*arguments):
        if call == "open" and arguments[0] == str(path):
            return usual(*arguments)
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(record_file.os, call, refuse)
    write(path)
    monkeypatch.undo()
    assert json.loads(path.read_text()) == RECORD
    assert path.stat().st_ino == before.st_ino
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", "/proc/thread-self/fd/1", "link"])
def test_a_log_behind_a_descriptor_is_added_to(tmp_path, name):
    log, link = tmp_path / "run.log", tmp_path / "link"
    link.symlink_to("/dev/stdout")
    log.write_text("of the night before\n")
    before = log.stat()
    path = link if name == "link" else name
    with log.open("a") as file:
        subprocess.run([sys.executable, "-c", f"P = {str(path)!r}; {WRITE}"], cwd=ROOT, stdout=file, check=True)
    first, _, rest = log.read_text().partition("\n")
    assert first == "of the night before"
    assert json.loads(rest) == RECORD
    assert log.stat().st_ino == before.st_ino


def test_a_socket_as_standard_output_is_written_to():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        subprocess.run([sys.executable, "-c", f"P = '/dev/stdout'; {WRITE}"], cwd=ROOT, stdout=theirs, check=True)
        assert json.loads(ours.recv(4096)) == RECORD


def test_what_cannot_be_written_is_said_before_the_run(tmp_path, monkeypatch):
    (tmp_path / "loop").symlink_to("loop")
    with socket.socket(socket.AF_UNIX) as bound, open(os.devnull) as readable:
        monkeypatch.chdir(tmp_path)
        bound.bind("socket")
        for path in ("loop", "n" * 300, "socket", "missing/record.json", ".", f"/dev/fd/{readable.fileno()}", "/dev/fd/99999"):
            with pytest.raises(JobError, match=r"it cannot be written there.*Nothing was published\.") as caught:
                record_file.check_writable(path)
            assert caught.value.exit_code == 8


def test_a_name_as_long_as_names_get_and_a_link_are_kept(tmp_path):
    path, link = tmp_path / ("n" * 250), tmp_path / "link"
    link.symlink_to(path)
    write(link)
    write(path)
    assert link.is_symlink()
    assert sorted(tmp_path.iterdir()) == [link, path]
