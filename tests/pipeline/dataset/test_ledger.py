"""The ledger: no period's noise is ever drawn twice, even if the storage fails at any operation."""

from __future__ import annotations

import contextlib
import json

import pytest

from pipeline.dataset import ledger
from pipeline.dataset.manifest import manifest_of
from pipeline.dataset.operations import sha256_of
from pipeline.dataset.publish import commit_day, discard, recover, stage_file
from pipeline.dataset.storage import BeamStorage, LocalStorage
from pipeline.errors import JobError
from tests.catalogues import NOISY_REPORTS
from tests.pipeline.dataset import test_publish
from tests.pipeline.dataset.test_publish import DAY, Crash, Failing, seen
from transforms.privacy.differential.budget import Budget
from transforms.privacy.differential.policy import Differential

POLICY = Differential(Budget(("www.example.org",)))
DRAWN = {"daily": b"first draw", "pages": b"first draw of pages"}
AGAIN = {"daily": b"second draw", "pages": b"second draw of pages"}


@pytest.fixture(params=[LocalStorage, BeamStorage])
def storage(request, monkeypatch):
    """Both storages, on a local folder."""
    use(monkeypatch, request.param)
    return request.param


def use(monkeypatch, opened):
    test_publish.use(monkeypatch, opened)
    monkeypatch.setattr(ledger, "open_storage", opened)


def entry(run_id, reports):
    hashes = {name: sha256_of(data) for name, data in reports.items()}
    manifest = manifest_of(DAY, POLICY.facts(), NOISY_REPORTS, hashes, dict.fromkeys(reports, 1))
    return POLICY.budget_entry(manifest | {"run_id": run_id})


def publish_noisy(output, run_id, reports):
    """What the job does: the ledger first, then staging, then publishing."""
    made = entry(run_id, reports)
    ledger.spend(output, made)
    staged = [stage_file(output, run_id, name, DAY, data, drawn=True) for name, data in reports.items()]
    commit_day(output, run_id, made["manifest"], staged, replace=False)


def test_a_period_is_entered_and_published(tmp_path, storage):
    publish_noisy(str(tmp_path), "run1", DRAWN)
    assert seen(tmp_path) == DRAWN
    assert ledger.entries(str(tmp_path))[DAY] == json.loads(json.dumps(entry("run1", DRAWN)))
    publish_noisy(str(tmp_path), "run1", DRAWN)  # a retry


def test_another_run_is_refused_and_so_is_other_noise_of_the_same(tmp_path, storage):
    ledger.spend(str(tmp_path), entry("run1", DRAWN))
    with pytest.raises(JobError, match="another run") as caught:
        publish_noisy(str(tmp_path), "run2", AGAIN)
    assert caught.value.exit_code == 4
    with pytest.raises(JobError, match="drew noise twice"):
        publish_noisy(str(tmp_path), "run1", AGAIN)
    assert not LocalStorage(tmp_path).list("_staging")


class Watched(Failing):
    """Notes whether a file with noise could be seen."""

    def __init__(self, inner, at, after):
        super().__init__(inner, at, after)
        self.visible = False

    def _change(self, name, *arguments):
        try:
            return super()._change(name, *arguments)
        finally:
            self.visible |= any(path.endswith(".parquet") for path in self.inner.list("_staging"))


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("again", [False, True])
def test_a_crash_at_any_operation_never_lets_a_period_be_drawn_twice(tmp_path, monkeypatch, after, again):
    for at in range(1, 100):
        output = tmp_path / f"{at}"
        failing = Watched(LocalStorage(output), at, after)
        use(monkeypatch, lambda _: failing)  # noqa: B023
        crashed = False
        try:
            publish_noisy(str(output), "run1", DRAWN)
        except Crash:
            crashed = True
        if again:  # the next run crashes in its recovery, too
            other = Watched(LocalStorage(output), at, after)
            use(monkeypatch, lambda _: other)  # noqa: B023
            with contextlib.suppress(Crash):
                recover(str(output))
            failing.visible |= other.visible
        use(monkeypatch, LocalStorage)
        recover(str(output))
        assert not LocalStorage(output).list("_staging")
        assert seen(output) in (None, DRAWN)
        entered = ledger.entries(str(output)).get(DAY)
        if entered is None:  # nothing was seen: the period is free
            assert seen(output) is None
            assert not failing.visible
            publish_noisy(str(output), "run2", AGAIN)
        else:
            assert bool(entered.get("unpublished")) is (seen(output) is None)
            with pytest.raises(JobError):
                ledger.spend(str(output), entry("run2", AGAIN))
        if not crashed:
            return
    raise AssertionError("the storage never stopped failing")


def test_a_run_that_fails_with_all_files_drawn_leaves_them_to_the_next(tmp_path, storage):
    ledger.spend(str(tmp_path), entry("run1", DRAWN))
    for name, data in DRAWN.items():
        stage_file(str(tmp_path), "run1", name, DAY, data, drawn=True)
    discard(str(tmp_path), "run1")
    assert recover(str(tmp_path)) == [DAY]
    assert seen(tmp_path) == DRAWN
    assert recover(str(tmp_path)) == []


def test_an_entry_that_cannot_be_read_stops_everything(tmp_path, storage):
    (tmp_path / "_ledger").mkdir()
    (tmp_path / "_ledger" / f"{DAY}.json").write_text('{"date": "2026-03-03"')
    with pytest.raises(JobError, match="not an entry of the ledger") as caught:
        recover(str(tmp_path))
    assert caught.value.exit_code == 8


def test_a_release_that_was_removed_is_not_drawn_again(tmp_path, storage):
    publish_noisy(str(tmp_path), "run1", DRAWN)
    (tmp_path / "_manifest" / f"{DAY}.json").unlink()
    recover(str(tmp_path))
    with pytest.raises(JobError, match="another run"):
        publish_noisy(str(tmp_path), "run2", AGAIN)


def test_what_the_ledger_does_not_name_is_not_published(tmp_path, storage):
    ledger.spend(str(tmp_path), entry("run2", AGAIN))
    made = entry("run1", DRAWN)
    staged = [stage_file(str(tmp_path), "run1", name, DAY, data, drawn=True) for name, data in DRAWN.items()]
    with pytest.raises(JobError, match="the ledger names another release"):
        commit_day(str(tmp_path), "run1", made["manifest"], staged, replace=False)


def test_an_entry_that_was_half_written_is_none(tmp_path, storage):
    (tmp_path / "_ledger").mkdir()
    (tmp_path / "_ledger" / f".{DAY}.json.17").write_text('{"date": "2026')
    assert ledger.entries(str(tmp_path)) == {}
