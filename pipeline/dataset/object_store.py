"""Storage on S3 and on GCS, by their own clients: one request for each operation, and objects made only where none is.

Objects appear whole, and there are no folders. What is read right after it was written is what was written.
"""

from __future__ import annotations

import abc
import contextlib
import errno
import posixpath
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from pipeline import stores
from pipeline.dataset.operations import Storage, is_unfinished, reported, sha256_of
from pipeline.errors import EXIT_OUTPUT, JobError

_READERS = 8
_FEW = 3
_LARGEST_BATCH = {stores.S3: 1_000, stores.GCS: 100}

_read_before: dict[str, tuple[str, bytes]] = {}
"""By URL what was read of many small files, and of which version: each run looks at all manifests several times."""

_written: dict[str, tuple[str, str]] = {}
"""By URL of which version an object is that this process wrote last, and its SHA-256. So it need not be read to be checked."""

_listed: dict[str, dict[str, dict[str, str]]] = {}
"""By root what was listed of each folder, while it may be remembered: the version of each object by path."""


class ObjectStorage(Storage):
    """Objects of a bucket whose names begin with a prefix."""

    def __init__(self, root: str) -> None:
        scheme = stores.scheme_of(root)
        name, prefix = stores.parts(root.rstrip("/"))
        if not name:
            raise JobError(EXIT_OUTPUT, "unwritable", f"{root}: it names no bucket. Write {scheme}://BUCKET/FOLDER.")
        self._root = root.rstrip("/")
        self._prefix = f"{prefix}/" if prefix else ""
        self._name = name
        with self._reported(""):
            self._client = stores.client(scheme)

    def list(self, *folders: str) -> list[str]:
        """See `Storage`. Many folders take no more requests than all objects."""
        found = self._versions("") if len(folders) > _FEW else {}
        if len(folders) <= _FEW:
            for folder in folders:
                found |= self._versions(folder)
        return sorted(path for path in found if any(not folder or path.startswith(f"{folder}/") for folder in folders))

    def read_all(self, folder: str) -> dict[str, bytes]:
        """See `Storage`. What has not changed since this process read it is not read again."""
        found, changed = {}, {}
        for path, version in self._versions(folder).items():
            known, data = _read_before.get(self._at(path), ("", b""))
            if known == version:
                found[path] = data
            elif not is_unfinished(path):
                changed[path] = version
        read = self._read_many(changed)
        _read_before.update({self._at(path): (changed[path], data) for path, data in read.items()})
        return found | read

    def hashes(self, *paths: str) -> dict[str, str]:
        """See `Storage`. What this process wrote and nobody changed is not read: one request lists the versions of all."""
        own = {path: _written[self._at(path)] for path in paths if self._at(path) in _written}
        versions = self._versions(posixpath.commonpath([posixpath.dirname(path) for path in own])) if own else {}
        known = {path: sha256 for path, (version, sha256) in own.items() if versions.get(path) == version}
        read = self._read_many(path for path in paths if path not in known)
        return known | {path: sha256_of(data) for path, data in read.items()}

    @contextlib.contextmanager
    def listed_once(self) -> Iterator[None]:
        """See `Storage`. What this process changes is seen: then it is listed again."""
        if self._root in _listed:
            yield
            return
        _listed[self._root] = {}
        try:
            yield
        finally:
            del _listed[self._root]

    def write(self, path: str, data: bytes, private: bool = False) -> None:
        """See `Storage`."""
        with self._changing(path):
            _written[self._at(path)] = (self._put(path, data), sha256_of(data))

    def copy(self, source: str, target: str) -> None:
        """See `Storage`."""
        with self._changing(target):
            self._copy(source, target)

    def delete(self, *paths: str) -> None:
        """See `Storage`. One request removes many objects."""
        size = _LARGEST_BATCH[stores.scheme_of(self._root)]
        for start in range(0, len(paths), size):
            with self._changing(*paths[start : start + size]):
                self._delete(paths[start : start + size])

    def _read_many(self, paths: Iterable[str]) -> dict[str, bytes]:
        wanted = [*paths]
        with ThreadPoolExecutor(_READERS) as readers:
            found = zip(wanted, readers.map(self.read, wanted), strict=True)
            return {path: data for path, data in found if data is not None}

    def _versions(self, folder: str) -> dict[str, str]:
        """The version of each object of a folder, by path. A console makes objects that look like folders."""
        remembered = _listed.get(self._root, {})
        if "" in remembered:
            return {path: version for path, version in remembered[""].items() if path.startswith(f"{folder}/") or not folder}
        if folder not in remembered:
            with self._reported(folder):
                listed = self._list(f"{self._prefix}{folder}/" if folder else self._prefix)
                remembered[folder] = {
                    name.removeprefix(self._prefix): version for name, version in listed if not name.endswith("/")
                }
        return remembered[folder]

    @contextlib.contextmanager
    def _changing(self, *paths: str) -> Iterator[None]:
        """While these are changed: nothing that was known of them holds afterwards, even if this fails."""
        _listed.get(self._root, {}).clear()
        for path in paths:
            _written.pop(self._at(path), None)
        with self._reported(paths[0]):
            yield

    @abc.abstractmethod
    def _put(self, path: str, data: bytes) -> str:
        """Make or replace an object; returns its version."""

    @abc.abstractmethod
    def _copy(self, source: str, target: str) -> None:
        """Copy an object within the store."""

    @abc.abstractmethod
    def _delete(self, paths: Sequence[str]) -> None:
        """Remove objects, at least one and no more than fit into one request; a missing one is fine."""

    @abc.abstractmethod
    def _list(self, prefix: str) -> Iterator[tuple[str, str]]:
        """Names that begin with the prefix, and a mark of each one's version."""

    def _at(self, path: str) -> str:
        return f"{self._root}/{path}" if path else self._root

    def _reported(self, path: str) -> contextlib.AbstractContextManager[None]:
        return reported(self._at(path))


class S3Storage(ObjectStorage):
    """Objects of S3, or of a store that speaks its language."""

    def read(self, path: str) -> bytes | None:
        """See `Storage`."""
        with self._reported(path):
            try:
                return bytes(self._client.get_object(**self._object(path))["Body"].read())
            except self._client.exceptions.NoSuchKey:
                return None

    def create(self, path: str, data: bytes) -> bool:
        """See `Storage`."""
        with self._changing(path):
            try:
                self._client.put_object(**self._object(path), Body=data, IfNoneMatch="*")
            except self._client.exceptions.ClientError as error:
                code = error.response["Error"]["Code"]
                if code == "NotImplemented":  # a store that has no conditional writes
                    return super().create(path, data)
                if code in ("PreconditionFailed", "ConditionalRequestConflict"):
                    return False
                raise
        return True

    def _put(self, path: str, data: bytes) -> str:
        return str(self._client.put_object(**self._object(path), Body=data)["ETag"])

    def _copy(self, source: str, target: str) -> None:
        self._client.copy_object(**self._object(target), CopySource=self._object(source))

    def _delete(self, paths: Sequence[str]) -> None:
        objects = [{"Key": f"{self._prefix}{path}"} for path in paths]
        answer = self._client.delete_objects(Bucket=self._name, Delete={"Objects": objects, "Quiet": True})
        if answer.get("Errors"):
            raise PermissionError(errno.EACCES, "")

    def _list(self, prefix: str) -> Iterator[tuple[str, str]]:
        for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=self._name, Prefix=prefix):
            yield from ((found["Key"], found["ETag"]) for found in page.get("Contents", ()))

    def _object(self, path: str) -> dict[str, str]:
        return {"Bucket": self._name, "Key": f"{self._prefix}{path}"}


class GcsStorage(ObjectStorage):
    """Objects of Google Cloud Storage."""

    def read(self, path: str) -> bytes | None:
        """See `Storage`."""
        from google.api_core.exceptions import NotFound

        with self._reported(path):
            try:
                return bytes(self._blob(path).download_as_bytes())
            except NotFound:
                return None

    def create(self, path: str, data: bytes) -> bool:
        """See `Storage`."""
        from google.api_core.exceptions import PreconditionFailed

        with self._changing(path):
            try:
                self._blob(path).upload_from_string(data, "application/octet-stream", if_generation_match=0)
            except PreconditionFailed:
                return False
        return True

    def _put(self, path: str, data: bytes) -> str:
        from google.cloud.storage.retry import DEFAULT_RETRY

        blob = self._blob(path)
        blob.upload_from_string(data, "application/octet-stream", retry=DEFAULT_RETRY)
        return str(blob.generation)

    def _copy(self, source: str, target: str) -> None:
        from google.cloud.storage.retry import DEFAULT_RETRY

        bucket = self._client.bucket(self._name)
        bucket.copy_blob(self._blob(source), bucket, f"{self._prefix}{target}", retry=DEFAULT_RETRY)

    def _delete(self, paths: Sequence[str]) -> None:
        from google.api_core.exceptions import NotFound
        from google.cloud.storage.retry import DEFAULT_RETRY

        if len(paths) > 1:
            paths = DEFAULT_RETRY(self._not_deleted_together)(paths)
        for path in paths:
            with contextlib.suppress(NotFound):
                self._blob(path).delete(retry=DEFAULT_RETRY)

    def _not_deleted_together(self, paths: Sequence[str]) -> list[str]:
        """Delete all in one request; returns those that were not deleted, because the store was busy, or knows no batches."""
        try:
            with self._client.batch(raise_exception=False) as batch:
                for path in paths:
                    self._blob(path).delete()
        except ValueError:  # there is no answer for each
            return [*paths]
        statuses = [answer.status_code for answer in batch._responses]
        return [path for path, status in zip(paths, statuses, strict=True) if status not in (200, 204, 404)]

    def _list(self, prefix: str) -> Iterator[tuple[str, str]]:
        yield from ((found.name, str(found.generation)) for found in self._client.list_blobs(self._name, prefix=prefix))

    def _blob(self, path: str) -> Any:
        return self._client.bucket(self._name).blob(f"{self._prefix}{path}")
