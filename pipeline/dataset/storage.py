"""Storage on a local disk, where it is durable, and on every file system of Beam; and which of all storages a path is for.

Local files are written under a temporary name that only this user can read, synced and renamed, and the folder is synced too:
what has returned survives a power cut. On an object store a file appears whole when it is closed.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from pipeline import limits, stores
from pipeline.atomic import unfinished_name, write_atomically
from pipeline.dataset.object_store import GcsStorage, S3Storage
from pipeline.dataset.operations import Storage, output_error, reported
from pipeline.errors import EXIT_OUTPUT, JobError
from transforms.errors import translated


def open_storage(root: str) -> Storage:
    """Storage for a local folder, or for any of Beam's file systems if `root` names a scheme (gs://, s3://, hdfs://)."""
    if "://" not in root:
        return LocalStorage(root)
    missing = stores.missing_extra(root)
    if missing:
        raise JobError(EXIT_OUTPUT, "unwritable", f"{root}: {missing}")
    return {stores.S3: S3Storage, stores.GCS: GcsStorage}.get(stores.scheme_of(root), BeamStorage)(root)


class LocalStorage(Storage):
    """A folder on this machine."""

    def __init__(self, root: str) -> None:
        self._root = Path(root)

    def read(self, path: str) -> bytes | None:
        """See `Storage`."""
        with self._reported(path):
            try:
                return (self._root / path).read_bytes()
            except FileNotFoundError:
                return None

    def write(self, path: str, data: bytes, private: bool = False) -> None:
        """See `Storage`."""
        target = self._root / path
        with self._reported(path):
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                write_atomically(target, data, mode=0o600 if private else None)
            except BaseException:
                self._remove_empty(target.parent)
                raise
            _sync_folder(target.parent)

    def copy(self, source: str, target: str) -> None:
        """See `Storage`. Both are one file with two names, where the file system has such."""
        start, end = self._root / source, self._root / target
        unfinished = start.with_name(unfinished_name())  # beside the source: what a kill leaves goes with it
        with self._reported(target):
            end.parent.mkdir(parents=True, exist_ok=True)
            try:
                os.link(start, unfinished)
            except OSError:
                write_atomically(unfinished, start.read_bytes())
            os.replace(unfinished, end)
            unfinished.unlink(missing_ok=True)  # two names of one file are not replaced by each other
            _sync_folder(end.parent)

    def delete(self, *paths: str) -> None:
        """See `Storage`. Folders that become empty go too."""
        for path in paths:
            with self._reported(path):
                (self._root / path).unlink(missing_ok=True)
                self._remove_empty((self._root / path).parent)

    def clear(self, folder: str) -> None:
        """See `Storage`."""
        if not (self._root / folder).is_dir():
            return
        with self._reported(folder):
            for place, folders, names in os.walk(self._root / folder, topdown=False, onerror=_unreadable):
                for name in (*names, *(each for each in folders if os.path.islink(os.path.join(place, each)))):
                    os.unlink(os.path.join(place, name))
                os.rmdir(place)
            self._remove_empty((self._root / folder).parent)

    def _remove_empty(self, folder: Path) -> None:
        while folder != self._root and not (folder.is_dir() and any(folder.iterdir())):
            if folder.is_dir():
                folder.rmdir()
            folder = folder.parent
        _sync_folder(folder)

    def list(self, *folders: str) -> list[str]:
        """See `Storage`."""
        found = []
        for folder in folders:
            with self._reported(folder):
                for place, _, names in os.walk(self._root / folder, onerror=_unreadable):
                    found += [path for path in (Path(place, name) for name in names) if path.is_file()]
        return sorted(path.relative_to(self._root).as_posix() for path in found)

    def _reported(self, path: str) -> contextlib.AbstractContextManager[None]:
        return translated(OSError, lambda error: output_error(str(self._root / path), error))


class BeamStorage(Storage):
    """A folder on one of Beam's file systems, such as HDFS. They have no way to `create` in one step: there it is only likely."""

    def __init__(self, root: str) -> None:
        self._root = root.rstrip("/")
        self._systems = stores.file_systems()

    def read(self, path: str) -> bytes | None:
        """See `Storage`."""
        from apache_beam.io.filesystem import CompressionTypes

        with self._reported(path):
            if not self._systems.exists(self._at(path)):
                return None
            with self._systems.open(self._at(path), compression_type=CompressionTypes.UNCOMPRESSED) as file:
                return bytes(file.read())

    def write(self, path: str, data: bytes, private: bool = False) -> None:
        """See `Storage`."""
        from apache_beam.io.filesystem import CompressionTypes

        with self._reported(path):
            self._make_folder(path)
            with self._systems.create(self._at(path), compression_type=CompressionTypes.UNCOMPRESSED) as file:
                file.write(data)

    def copy(self, source: str, target: str) -> None:
        """See `Storage`."""
        with self._reported(target):
            self._make_folder(target)
            self._systems.copy([self._at(source)], [self._at(target)])

    def delete(self, *paths: str) -> None:
        """See `Storage`."""
        for path in paths:
            with self._reported(path):
                if self._systems.exists(self._at(path)):
                    self._systems.delete([self._at(path)])

    def list(self, *folders: str) -> list[str]:
        """See `Storage`."""
        found = []
        for folder in folders:
            with self._reported(folder):
                (result,) = self._systems.match([f"{self._at(folder).rstrip('/')}/**"])
                found += [match.path.removeprefix(self._root + "/") for match in result.metadata_list]
        return sorted(found)

    def _at(self, path: str) -> str:
        return f"{self._root}/{path}"

    def _make_folder(self, path: str) -> None:
        """An object store has no folders; HDFS wants them made."""
        folder = self._at(path).rpartition("/")[0]
        if stores.scheme_of(self._root) != "azfs" and not self._systems.exists(folder):
            self._systems.mkdirs(folder)

    def _reported(self, path: str) -> contextlib.AbstractContextManager[None]:
        return reported(self._at(path))


def _unreadable(error: OSError) -> None:
    """A missing folder has no files. An unreadable folder may have some, so it must not count as empty."""
    if isinstance(error, FileNotFoundError):
        return
    short = limits.missing(error)
    if short:
        raise limits.job_error(short)
    problem = f"{(error.strerror or 'unreadable').lower()}. Run as a user who may read there: it says what is published."
    if isinstance(error, NotADirectoryError):
        problem = "a file is where a folder of the data set must be. Restore it."
    raise JobError(EXIT_OUTPUT, "unreadable", f"{error.filename}: {problem}")


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
