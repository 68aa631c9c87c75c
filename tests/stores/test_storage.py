"""One contract for all storages; publishing and locking on stores that can stop at any request."""

from __future__ import annotations

import threading

import pytest

from pipeline import stores
from pipeline.dataset import dataset, object_store, publish
from pipeline.dataset.lock import output_lock
from pipeline.dataset.publish import recover
from pipeline.dataset.storage import BeamStorage, LocalStorage, open_storage
from pipeline.errors import JobError
from tests.pipeline.dataset.test_publish import NEW, OLD, Crash, Failing, globbed, publish_day, seen

pytestmark = [pytest.mark.long, pytest.mark.filterwarnings("ignore")]


@pytest.fixture
def output(store, folder):
    stores.use(store.options)
    return f"{store.root}/{folder}"


@pytest.fixture(params=["s3", "gcs", LocalStorage, BeamStorage])
def storage(request, folder, tmp_path):
    if not isinstance(request.param, str):
        return request.param(str(tmp_path))
    store = request.getfixturevalue(request.param)
    stores.use(store.options)
    return open_storage(f"{store.root}/{folder}")


def test_what_is_written_is_read_listed_copied_and_deleted(storage):
    assert storage.read("a/x") is None
    assert storage.list("a") == storage.list("") == []
    storage.write("a/x", b"1")
    storage.write("a/b/y", b"2")
    storage.write("ab/z", b"")
    assert storage.read("ab/z") == b""
    assert storage.list("a") == ["a/b/y", "a/x"]
    assert storage.list("ab", "a", "none", "c", "d") == ["a/b/y", "a/x", "ab/z"]
    assert storage.list("") == ["a/b/y", "a/x", "ab/z"]
    storage.write("a/x", b"3")
    storage.copy("a/x", "ab/z")
    storage.copy("a/x", "new/z")
    assert (storage.read("a/x"), storage.read("ab/z"), storage.read("new/z")) == (b"3",) * 3
    assert storage.read_all("a") == {"a/x": b"3", "a/b/y": b"2"}
    storage.write("a/b/y", b"4")
    assert storage.read_all("a")["a/b/y"] == b"4"
    storage.delete("a/x", "none", "new/z")
    storage.delete()
    assert storage.list("") == ["a/b/y", "ab/z"]
    storage.clear("a")
    storage.clear("none")
    assert storage.list("") == ["ab/z"]


def test_a_file_is_created_once(storage):
    assert storage.create("a/x", b"1")
    assert not storage.create("a/x", b"2")
    assert storage.read("a/x") == b"1"


def test_of_many_who_create_at_once_one_succeeds(output):
    made = []
    threads = [
        threading.Thread(target=lambda number=number: made.append(open_storage(output).create("x", b"%d" % number)))
        for number in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(made) == [False] * 11 + [True]


def test_the_lock_is_one_runs_and_goes_with_it(output):
    refused = pytest.raises(JobError, match=f"is publishing there. If it is surely dead, remove {output}/_lock")
    with output_lock(output), refused, output_lock(output):
        pass
    with output_lock(output):
        open_storage(output).write("_lock", b"of a run that took this one for dead")
    assert open_storage(output).read("_lock") == b"of a run that took this one for dead"


def test_a_store_without_conditional_writes_has_a_lock_that_is_a_hint(s3, folder, monkeypatch):
    stores.use(s3.options)
    client = stores.client("s3")
    put = client.put_object

    def old(**options):
        if "IfNoneMatch" in options:
            raise client.exceptions.ClientError({"Error": {"Code": "NotImplemented"}}, "PutObject")
        return put(**options)

    monkeypatch.setattr(client, "put_object", old)
    with output_lock(f"{s3.root}/{folder}"), pytest.raises(JobError, match="is publishing"), output_lock(f"{s3.root}/{folder}"):
        pass


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("before", [None, OLD])
def test_a_crash_at_any_operation_leaves_the_old_day_or_the_new(output, monkeypatch, before, after):
    for at in range(1, 100):
        root = f"{output}/{at}"
        if before:
            publish_day(root, "run1", before)
        failing = Failing(open_storage(root), at, after)
        with monkeypatch.context() as patched:
            for module in (publish, dataset):
                patched.setattr(module, "open_storage", lambda _: failing)  # noqa: B023
            crashed = False
            try:
                publish_day(root, "run2", NEW, replace=True)
            except Crash:
                crashed = True
        assert seen(root, open_storage) in (before, NEW)
        assert globbed(root, before, open_storage)
        recover(root)
        assert seen(root, open_storage) in (before, NEW)
        assert not open_storage(root).list("_staging")
        if not crashed:
            assert seen(root, open_storage) == NEW
            return
    raise AssertionError("the storage never stopped failing")


def test_more_objects_than_one_request_removes(output, monkeypatch):
    monkeypatch.setattr(object_store, "_LARGEST_BATCH", dict.fromkeys(object_store._LARGEST_BATCH, 3))
    storage = open_storage(output)
    for number in range(8):
        storage.write(f"a/{number}", b"")
    storage.clear("a")
    assert storage.list("") == []
