"""The output lock: a second run is told who holds it, and a killed holder no longer holds it."""

from __future__ import annotations

import errno
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.dataset import lock
from pipeline.dataset.lock import output_lock
from pipeline.dataset.operations import output_error
from pipeline.dataset.storage import BeamStorage
from pipeline.errors import JobError

ROOT = Path(__file__).parents[3]


@pytest.fixture
def holder(tmp_path):
    """Another process that holds the output."""
    code = "import sys; from pipeline.dataset.lock import output_lock\n"
    code += "with output_lock(sys.argv[1]): print('held', flush=True); sys.stdin.read()"
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_the_second_run_is_told_who_publishes(tmp_path, holder):
    with pytest.raises(JobError) as caught, output_lock(str(tmp_path)):
        pass
    assert caught.value.exit_code == 8
    assert f"process {holder.pid} on " in caught.value.message


def test_the_lock_of_a_killed_run_is_taken_over(tmp_path, holder):
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    with output_lock(str(tmp_path)):
        pass


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP])
def test_a_file_system_without_locks_is_said(tmp_path, monkeypatch, number):
    def refuse(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(lock.fcntl, "flock", refuse)
    with (
        pytest.raises(JobError, match=r"its file system gives no locks .* choose another --output") as caught,
        output_lock(str(tmp_path)),
    ):
        pass
    assert caught.value.exit_code == 8


def test_files_that_may_not_grow_so_large_are_said_with_a_way_out(tmp_path):
    assert "ulimit -f" in output_error(str(tmp_path), OSError(errno.EFBIG, "")).message


def test_on_an_object_store_the_lock_is_a_file_that_goes_with_its_run(tmp_path, monkeypatch):
    monkeypatch.setattr(lock, "open_storage", lambda _: BeamStorage(str(tmp_path)))
    with output_lock("memory://bucket"):
        with pytest.raises(JobError, match="remove memory://bucket/_lock"), output_lock("memory://bucket"):
            pass
        assert (tmp_path / "_lock").exists()
    assert not (tmp_path / "_lock").exists()


def test_a_holder_whose_name_finds_no_space_hides_no_error(tmp_path):
    """As on a full disk: a file may not grow, and what the run says of it is what the operator reads."""
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, usual[1]))
    try:
        with pytest.raises(JobError, match="no space is left"), output_lock(str(tmp_path)):
            raise output_error(str(tmp_path), OSError(errno.ENOSPC, ""))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)
    assert (tmp_path / "_lock").read_bytes() == b""
