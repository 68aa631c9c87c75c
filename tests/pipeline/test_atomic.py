"""A file is there whole or as it was before, whether a write ends well or badly, and with the right mode."""

from __future__ import annotations

import os
import stat

import pytest

from pipeline.atomic import write_atomically


@pytest.mark.parametrize("mode", [None, 0o600, 0o644])
def test_a_file_is_its_writers_alone_until_it_is_whole(tmp_path, monkeypatch, mode):
    path, seen, sync = tmp_path / "file", [], os.fsync
    path.write_bytes(b"before")

    def look(descriptor):
        seen.append((stat.S_IMODE(os.fstat(descriptor).st_mode), path.read_bytes()))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", look)
    usual = os.umask(0o027)
    try:
        write_atomically(path, b"after", mode)
    finally:
        os.umask(usual)
    assert seen == [(0o600, b"before")]
    assert path.read_bytes() == b"after"
    assert stat.S_IMODE(path.stat().st_mode) == (0o640 if mode is None else mode)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("call", ["fsync", "replace"])
@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_a_write_that_fails_leaves_what_was_there(tmp_path, monkeypatch, call, error):
    path = tmp_path / "file"
    path.write_bytes(b"before")

    def fail(*_):
        raise error

    monkeypatch.setattr(os, call, fail)
    with pytest.raises(error):
        write_atomically(path, b"after")
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_system_without_rights_is_written_to(tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError

    monkeypatch.setattr(os, "fchmod", refuse)
    write_atomically(tmp_path / "file", b"after", 0o600)
    assert (tmp_path / "file").read_bytes() == b"after"
