"""A process that is killed between two calls of the operating system: a reader sees a day whole, the next run cleans up."""

from __future__ import annotations

import os

import pytest

from pipeline.dataset.publish import recover
from pipeline.dataset.storage import LocalStorage
from tests.pipeline.dataset.test_publish import NEW, OLD, Crash, globbed, publish_day, seen

CHANGING = ("open", "mkdir", "link", "replace", "unlink", "rmdir")


class Killed:
    """From its n-th change on, no call of the operating system is carried out: the process is gone, its `finally` blocks too."""

    def __init__(self, monkeypatch, at):
        self.left = at
        for name in CHANGING:
            monkeypatch.setattr(os, name, self._dying(name, getattr(os, name)))

    def _dying(self, name, call):
        def change(*arguments, **options):
            if name == "open" and not arguments[1] & os.O_CREAT:
                return call(*arguments, **options)
            self.left -= 1
            if self.left <= 0:
                raise Crash
            return call(*arguments, **options)

        return change


def tree(output):
    return {path.relative_to(output).as_posix(): path.read_bytes() for path in output.rglob("*") if path.is_file()}


def folders(output):
    return {path.relative_to(output).as_posix() for path in output.rglob("*") if path.is_dir()}


def without_links(*_):
    raise PermissionError


@pytest.mark.parametrize("links", [True, False])
@pytest.mark.parametrize("before", [None, OLD])
def test_whatever_call_is_the_last_one(tmp_path, monkeypatch, before, links):
    if not links:  # as on FAT
        monkeypatch.setattr(os, "link", without_links)
    monkeypatch.setattr(os, "fsync", lambda _: None)  # only a power cut shows what it is for
    expected = tmp_path / "expected"
    if before:
        publish_day(str(expected), "run1", before)
    without = (tree(expected), folders(expected))
    publish_day(str(expected), "run2", NEW, replace=True)
    done = (tree(expected), folders(expected))
    for at in range(1, 400):
        output = tmp_path / f"{at}"
        output.mkdir()
        if before:
            publish_day(str(output), "run1", before)
        crashed = False
        with monkeypatch.context() as patched:
            Killed(patched, at)
            try:
                publish_day(str(output), "run2", NEW, replace=True)
            except Crash:
                crashed = True
        assert seen(output) in (before, NEW)
        assert globbed(output, before)
        recover(str(output))
        assert (tree(output), folders(output)) in (without, done)
        if not crashed:
            assert seen(output) == NEW
            return
    raise AssertionError("the process was never killed late enough")


def test_folders_that_a_killed_run_made_and_did_not_fill_go(tmp_path):
    publish_day(str(tmp_path), "run1", OLD)
    before = folders(tmp_path)
    (tmp_path / "_staging" / "run2" / "daily").mkdir(parents=True)
    (tmp_path / "_staging" / "run2" / "link").symlink_to(tmp_path / "daily")
    recover(str(tmp_path))
    assert folders(tmp_path) == before
    assert seen(tmp_path) == OLD


def test_a_copy_is_one_file_until_one_of_its_names_is_written_to(tmp_path):
    storage = LocalStorage(tmp_path)
    storage.write("a/x", b"old")
    storage.copy("a/x", "b/x")
    storage.copy("a/x", "b/x")
    storage.write("a/x", b"new")
    assert tree(tmp_path) == {"a/x": b"new", "b/x": b"old"}
