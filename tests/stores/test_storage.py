"""One contract for all storages; publishing and locking on stores that can stop at any request."""

from __future__ import annotations

import hashlib
import threading

import pytest
from google.cloud.storage import batch

from pipeline import stores
from pipeline.dataset import dataset, layout, object_store, publish
from pipeline.dataset.lock import output_lock
from pipeline.dataset.publish import commit_day, recover, stage_file
from pipeline.dataset.storage import BeamStorage, LocalStorage, open_storage
from pipeline.errors import JobError
from tests.pipeline.dataset.test_publish import DAY, NEW, OLD, Crash, Failing, globbed, publish_day, seen
from tests.stores.servers import NumberedPart

pytestmark = [pytest.mark.long, pytest.mark.filterwarnings("ignore")]


REMOVE = {"s3": "aws s3 rm", "gs": "gcloud storage rm"}


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


def test_hashes_are_those_of_what_is_there(storage, monkeypatch):
    def sha256(data):
        return hashlib.sha256(data).hexdigest()

    assert storage.hashes() == storage.hashes("a/x", "y") == {}
    storage.write("a/x", b"1")
    storage.write("a/b/z", b"2")
    storage.copy("a/x", "y")
    assert storage.hashes("a/x", "none", "y", "a/b/z") == {"a/x": sha256(b"1"), "y": sha256(b"1"), "a/b/z": sha256(b"2")}
    with monkeypatch.context() as elsewhere:  # another process, of whose changes this one knows nothing
        elsewhere.setattr(object_store, "_written", {})
        storage.write("a/x", b"3")
        storage.delete("a/b/z")
    assert storage.hashes("a/x", "y", "a/b/z") == {"a/x": sha256(b"3"), "y": sha256(b"1")}


def test_what_this_process_wrote_is_hashed_without_reading_it(store, output):
    storage = open_storage(output)
    paths = [f"a/{number}" for number in range(5)]
    for path in paths:
        storage.write(path, path.encode())
    before = len(store.requests())
    assert len(storage.hashes(*paths)) == 5
    assert len(store.requests()) - before == 1


def test_a_store_is_listed_once_until_this_process_changes_something(store, output):
    storage = open_storage(output)
    storage.write("a/x", b"1")
    with storage.listed_once(), open_storage(output).listed_once():
        before = len(store.requests())
        assert storage.list("") == ["a/x"]
        assert storage.list("a") == open_storage(output).list("a") == ["a/x"]
        assert storage.list("b") == []
        assert len(store.requests()) - before == 1
        storage.write("b/y", b"2")
        assert storage.list("b") == ["b/y"]
        storage.delete("b/y")
        assert storage.list("b") == []
    storage.write("b/y", b"2")
    assert storage.list("b") == ["b/y"]


def test_a_server_without_batches_deletes_one_by_one(gcs, folder, monkeypatch):
    monkeypatch.setattr(batch, "MIMEApplicationHTTP", NumberedPart.__base__)
    stores.use(gcs.options)
    storage = open_storage(f"{gcs.root}/{folder}")
    storage.write("a/x", b"1")
    storage.write("a/y", b"1")
    storage.delete("a/x", "none", "a/y")
    assert storage.list("") == []


def test_a_staged_object_that_another_process_changed_is_not_published(output, monkeypatch):
    staged = [stage_file(output, "run1", name, DAY, data) for name, data in OLD.items()]
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(object_store, "_written", {})
        open_storage(output).write(staged[0].path, b"changed")
    manifest = {"date": DAY, "mode": "threshold", "layout": layout.VERSION, "reports": {}}
    with pytest.raises(JobError, match="not as it was written"):
        commit_day(output, "run1", manifest, staged, replace=False)
    assert not open_storage(output).list("_manifest", "daily")


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
    command = f"{REMOVE[stores.scheme_of(output)]} {output}/_lock"
    refused = pytest.raises(JobError, match=f"surely dead.* remove its lock with `{command}`, then run again")
    with output_lock(output), refused, output_lock(output):
        pass
    with output_lock(output):
        open_storage(output).write("_lock", b"of a run that took this one for dead")
    assert open_storage(output).read("_lock") == b"of a run that took this one for dead"


def test_a_lock_whose_first_answer_was_lost_is_the_runs_own(output, monkeypatch):
    kind = type(open_storage(output))
    create = kind.create

    def sent_twice(self, path, data):
        assert create(self, path, data)  # the client does not hear of it
        return create(self, path, data)

    monkeypatch.setattr(kind, "create", sent_twice)
    with output_lock(output):
        monkeypatch.undo()
        with pytest.raises(JobError, match="is publishing there"), output_lock(output):
            pass
    assert open_storage(output).list("") == []


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


def test_a_lock_that_was_made_before_the_store_failed_is_not_left(output, monkeypatch):
    kind = type(open_storage(output))
    create = kind.create

    def made_and_failed(self, path, data):
        assert create(self, path, data)
        raise JobError(8, "unwritable", "the answer was lost, and the client gave up")

    monkeypatch.setattr(kind, "create", made_and_failed)
    with pytest.raises(JobError, match="gave up"), output_lock(output):
        pass
    assert open_storage(output).list("") == []


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
