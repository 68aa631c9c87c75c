"""Atomic publication: a reader sees the whole old day or the whole new one, even if the storage fails at any operation."""

from __future__ import annotations

import errno
import hashlib
import json

import pytest

from pipeline.dataset import dataset, layout, publish
from pipeline.dataset.operations import is_unfinished
from pipeline.dataset.publish import commit_day, discard, published_days, recover, stage_file
from pipeline.dataset.storage import BeamStorage, LocalStorage
from pipeline.errors import JobError

DAY = "2026-03-03"


class Crash(BaseException):
    """The machine is gone."""


class Failing:
    """A storage that crashes before or after its n-th change."""

    def __init__(self, inner, at, after):
        self.inner, self.left, self.after = inner, at, after

    def _change(self, name, *arguments):
        self.left -= 1
        if self.left == 0 and not self.after:
            raise Crash
        result = getattr(self.inner, name)(*arguments)
        if self.left == 0:
            raise Crash
        return result

    def write(self, *arguments):
        self._change("write", *arguments)

    def create(self, path, data):
        return self._change("create", path, data)

    def copy(self, source, target):
        self._change("copy", source, target)

    def delete(self, *paths):
        for path in paths:  # a store may stop between any two
            self._change("delete", path)

    def clear(self, folder):
        for path in self.inner.list(folder):
            self._change("delete", path)
        self._change("clear", folder)

    def read(self, path):
        return self.inner.read(path)

    def read_all(self, folder):
        return self.inner.read_all(folder)

    def list(self, *folders):
        return self.inner.list(*folders)

    def hashes(self, *paths):
        return self.inner.hashes(*paths)

    def listed_once(self):
        return self.inner.listed_once()


@pytest.fixture(params=[LocalStorage, BeamStorage])
def storage(request, monkeypatch):
    """Both storages, on a local folder."""
    use(monkeypatch, request.param)
    return request.param


def use(monkeypatch, opened):
    for module in (publish, dataset):
        monkeypatch.setattr(module, "open_storage", opened)


def publish_day(output, run_id, reports, replace=False):
    staged = [stage_file(output, run_id, name, DAY, data) for name, data in reports.items()]
    manifest = {
        "date": DAY,
        "mode": "threshold",
        "layout": layout.VERSION,
        "reports": {file.report: {"sha256": file.sha256} for file in staged},
    }
    return commit_day(output, run_id, manifest, staged, replace)


def seen(output, opened=LocalStorage):
    """What a reader who honours the manifest sees: each report's bytes, or None for no day; fails on a mixture."""
    storage = opened(output)
    found = storage.read(f"_manifest/{DAY}.json")
    if found is None:
        return None
    manifest, reports = json.loads(found), {}
    folder = f"_staging/{manifest['run_id']}/" if manifest.get("staged") else ""
    for name, described in manifest["reports"].items():
        data = storage.read(f"{folder}{name}/{DAY}.parquet")
        assert hashlib.sha256(data).hexdigest() == described["sha256"]
        reports[name] = data
    return reports


def globbed(output, before, opened=LocalStorage):
    """Whether a reader of one folder finds the day once, old or new, also while its publication is interrupted."""
    storage = opened(output)
    for name in {*(before or {}), *NEW}:
        found = [storage.read(path) for path in storage.list(name)]
        if found not in [[data] if data else [] for data in ((before or {}).get(name), NEW.get(name))]:
            return False
    return True


OLD = {"daily": b"old", "pages": b"old pages", "gone": b"no longer produced"}
NEW = {"daily": b"new", "pages": b"new pages", "fresh": b"a new report"}


def test_a_day_is_published_and_staging_is_gone(tmp_path, storage):
    assert publish_day(str(tmp_path), "run1", OLD)
    assert seen(tmp_path) == OLD
    assert published_days(str(tmp_path))[DAY]["revision"] == 1
    assert not LocalStorage(tmp_path).list("_staging")


def test_a_retry_of_the_same_run_changes_nothing(tmp_path, storage):
    publish_day(str(tmp_path), "run1", OLD)
    assert not publish_day(str(tmp_path), "run1", OLD)
    assert seen(tmp_path) == OLD


def test_another_run_is_refused_and_a_replacement_counts_its_revision(tmp_path, storage):
    publish_day(str(tmp_path), "run1", OLD)
    with pytest.raises(JobError) as caught:
        publish_day(str(tmp_path), "run2", NEW)
    assert caught.value.exit_code == 4
    assert seen(tmp_path) == OLD
    assert publish_day(str(tmp_path), "run3", NEW, replace=True)
    assert seen(tmp_path) == NEW
    assert published_days(str(tmp_path))[DAY]["revision"] == 2
    assert not (tmp_path / "gone" / f"{DAY}.parquet").exists()


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("before", [None, OLD])
def test_a_crash_at_any_operation_leaves_the_old_day_or_the_new(tmp_path, monkeypatch, before, after):
    for at in range(1, 100):
        output = tmp_path / f"{at}"
        if before:
            publish_day(str(output), "run1", before)
        failing = Failing(LocalStorage(output), at, after)
        use(monkeypatch, lambda _: failing)  # noqa: B023
        crashed = False
        try:
            publish_day(str(output), "run2", NEW, replace=True)
        except Crash:
            crashed = True
        assert seen(output) in (before, NEW)
        assert globbed(output, before)
        # The next run may crash in its recovery too, at every operation, and the one after it completes the work.
        use(monkeypatch, lambda _: Failing(LocalStorage(output), at, after))  # noqa: B023
        try:
            recover(str(output))
        except Crash:
            assert seen(output) in (before, NEW)
            assert globbed(output, before)
        monkeypatch.undo()
        recover(str(output))
        assert seen(output) in (before, NEW)
        assert not LocalStorage(output).list("_staging")
        if not crashed:
            assert seen(output) == NEW
            return
    raise AssertionError("the storage never stopped failing")


def test_a_journal_that_was_not_written_to_its_end_is_thrown_away(tmp_path, storage):
    publish_day(str(tmp_path), "run1", OLD)
    stage_file(str(tmp_path), "run2", "daily", DAY, b"new")
    journal = tmp_path / "_staging" / "run2" / f"journal-{DAY}.json"
    journal.write_bytes(b'{"sha256": "00", "journal": "{\\"date\\"')
    assert recover(str(tmp_path)) == []
    assert seen(tmp_path) == OLD
    assert not LocalStorage(tmp_path).list("_staging")


def test_a_run_that_fails_leaves_no_staging(tmp_path, storage):
    stage_file(str(tmp_path), "run1", "daily", DAY, b"x")
    discard(str(tmp_path), "run1")
    assert not LocalStorage(tmp_path).list("_staging")


def test_a_staged_file_that_changed_is_not_published(tmp_path, storage):
    staged = [stage_file(str(tmp_path), "run1", "daily", DAY, b"x")]
    (tmp_path / staged[0].path).write_bytes(b"y")
    with pytest.raises(JobError, match="not as it was written"):
        commit_day(
            str(tmp_path),
            "run1",
            {"date": DAY, "mode": "threshold", "layout": layout.VERSION, "reports": {}},
            staged,
            replace=False,
        )
    assert seen(tmp_path) is None


def test_a_manifest_that_is_none_is_named(tmp_path, storage):
    (tmp_path / "_manifest").mkdir()
    (tmp_path / "_manifest" / f"{DAY}.json").write_text("{")
    with pytest.raises(JobError, match=f"_manifest/{DAY}.json"):
        published_days(str(tmp_path))


@pytest.mark.parametrize("folder", ["_manifest", "_ledger", "0_read_one_report_at_a_time"])
def test_what_a_killed_run_has_half_written_goes(tmp_path, folder):
    publish_day(str(tmp_path), "run1", OLD)
    (tmp_path / folder).mkdir(exist_ok=True)
    half = tmp_path / folder / ".deadbeef"
    half.write_bytes(b"Read one")
    assert is_unfinished(f"{folder}/.deadbeef")
    recover(str(tmp_path))
    assert not half.exists()
    assert seen(tmp_path) == OLD


def test_a_full_disk_is_reported_with_the_way_out(tmp_path, monkeypatch):
    def full(_descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("pipeline.dataset.storage.os.fsync", full)
    with pytest.raises(JobError) as caught:
        stage_file(str(tmp_path), "run1", "daily", DAY, b"x")
    assert (caught.value.exit_code, caught.value.reason) == (8, "full")
    assert "Free some" in caught.value.message
    monkeypatch.undo()
    assert LocalStorage(tmp_path).list("") == []
