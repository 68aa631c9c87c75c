"""Storage on S3 and on GCS, by their own clients: one request for each operation, and objects made only where none is.

Objects appear whole, and there are no folders. What is read right after it was written is what was written.
"""

from __future__ import annotations

import abc
import contextlib
import errno
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from pipeline import stores
from pipeline.dataset.operations import Storage, is_unfinished, reported
from pipeline.errors import EXIT_OUTPUT, JobError

_READERS = 8
_FEW = 3
_LARGEST_BATCH = 1_000

_read_before: dict[str, tuple[str, bytes]] = {}
"""By URL what was read of many small files, and of which version: each run looks at all manifests several times."""


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
        versions = {path: version for path, version in self._versions(folder).items() if not is_unfinished(path)}

        def read(path: str) -> bytes | None:
            known, data = _read_before.get(self._at(path), ("", b""))
            return data if known == versions[path] else self.read(path)

        with ThreadPoolExecutor(_READERS) as readers:
            found = {path: data for path, data in zip(versions, readers.map(read, versions), strict=True) if data is not None}
        _read_before.update({self._at(path): (versions[path], data) for path, data in found.items()})
        return found

    def _versions(self, folder: str) -> dict[str, str]:
        """The version of each object of a folder, by path. A console makes objects that look like folders."""
        with self._reported(folder):
            listed = self._listed(f"{self._prefix}{folder}/" if folder else self._prefix)
            return {name.removeprefix(self._prefix): version for name, version in listed if not name.endswith("/")}

    @abc.abstractmethod
    def _listed(self, prefix: str) -> Iterator[tuple[str, str]]:
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

    def write(self, path: str, data: bytes, private: bool = False) -> None:
        """See `Storage`."""
        with self._reported(path):
            self._client.put_object(**self._object(path), Body=data)

    def create(self, path: str, data: bytes) -> bool:
        """See `Storage`."""
        with self._reported(path):
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

    def copy(self, source: str, target: str) -> None:
        """See `Storage`."""
        with self._reported(target):
            self._client.copy_object(**self._object(target), CopySource=self._object(source))

    def delete(self, *paths: str) -> None:
        """See `Storage`. One request removes up to a thousand objects."""
        for start in range(0, len(paths), _LARGEST_BATCH):
            batch = paths[start : start + _LARGEST_BATCH]
            with self._reported(batch[0]):
                objects = [{"Key": f"{self._prefix}{path}"} for path in batch]
                answer = self._client.delete_objects(Bucket=self._name, Delete={"Objects": objects, "Quiet": True})
                if answer.get("Errors"):
                    raise PermissionError(errno.EACCES, "")

    def _listed(self, prefix: str) -> Iterator[tuple[str, str]]:
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

    def write(self, path: str, data: bytes, private: bool = False) -> None:
        """See `Storage`."""
        from google.cloud.storage.retry import DEFAULT_RETRY

        with self._reported(path):
            self._blob(path).upload_from_string(data, "application/octet-stream", retry=DEFAULT_RETRY)

    def create(self, path: str, data: bytes) -> bool:
        """See `Storage`."""
        from google.api_core.exceptions import PreconditionFailed

        with self._reported(path):
            try:
                self._blob(path).upload_from_string(data, "application/octet-stream", if_generation_match=0)
            except PreconditionFailed:
                return False
        return True

    def copy(self, source: str, target: str) -> None:
        """See `Storage`."""
        from google.cloud.storage.retry import DEFAULT_RETRY

        with self._reported(target):
            bucket = self._client.bucket(self._name)
            bucket.copy_blob(self._blob(source), bucket, f"{self._prefix}{target}", retry=DEFAULT_RETRY)

    def delete(self, *paths: str) -> None:
        """See `Storage`."""
        from google.api_core.exceptions import NotFound
        from google.cloud.storage.retry import DEFAULT_RETRY

        for path in paths:
            with self._reported(path), contextlib.suppress(NotFound):
                self._blob(path).delete(retry=DEFAULT_RETRY)

    def _listed(self, prefix: str) -> Iterator[tuple[str, str]]:
        yield from ((found.name, str(found.generation)) for found in self._client.list_blobs(self._name, prefix=prefix))

    def _blob(self, path: str) -> Any:
        return self._client.bucket(self._name).blob(f"{self._prefix}{path}")
