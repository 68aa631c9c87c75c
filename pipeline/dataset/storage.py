"""The few file operations that publishing needs: durable on a local disk, available on every file system of Beam.

Local files are written under a temporary name that only this user can read, synced and renamed, and the folder is synced too:
what has returned survives a power cut. On an object store a file appears whole when it is closed.
"""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path
from typing import Protocol

from pipeline.atomic import unfinished_name, write_atomically
from pipeline.errors import EXIT_OUTPUT, JobError
from transforms.errors import translated


class Storage(Protocol):
    """Files below one root; paths are relative and use `/`. Failures are `JobError` with exit code 8."""

    def read(self, path: str) -> bytes | None:
        """The file's bytes, or None if there is none."""

    def write(self, path: str, data: bytes, private: bool = False) -> None:
        """Make or replace the file, whole or not at all; on a local disk a private one is for this user alone."""

    def copy(self, source: str, target: str) -> None:
        """Put the file at the target too, in place of what is there: at every moment the target is whole, old or new."""

    def delete(self, *paths: str) -> None:
        """Remove the files; a missing one is fine."""

    def clear(self, folder: str) -> None:
        """Remove the folder with all that is below it."""

    def list(self, folder: str) -> list[str]:
        """Paths of all files below the folder, sorted; none for a missing folder, an error for one that cannot be read."""


def open_storage(root: str) -> Storage:
    """Storage for a local folder, or for any of Beam's file systems if `root` names a scheme (gs://, s3://, hdfs://)."""
    return BeamStorage(root) if "://" in root else LocalStorage(root)


class LocalStorage:
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

    def list(self, folder: str) -> list[str]:
        """See `Storage`."""
        with self._reported(folder):
            found = []
            for place, _, names in os.walk(self._root / folder, onerror=_unreadable):
                found += [path for path in (Path(place, name) for name in names) if path.is_file()]
            return sorted(path.relative_to(self._root).as_posix() for path in found)

    def _reported(self, path: str) -> contextlib.AbstractContextManager[None]:
        return translated(OSError, lambda error: output_error(str(self._root / path), error))


class BeamStorage:
    """A folder on one of Beam's file systems."""

    def __init__(self, root: str) -> None:
        self._root = root.rstrip("/")

    def read(self, path: str) -> bytes | None:
        """See `Storage`."""
        from apache_beam.io.filesystem import CompressionTypes
        from apache_beam.io.filesystems import FileSystems

        with self._reported(path):
            if not FileSystems.exists(self._at(path)):
                return None
            with FileSystems.open(self._at(path), compression_type=CompressionTypes.UNCOMPRESSED) as file:
                return bytes(file.read())

    def write(self, path: str, data: bytes, private: bool = False) -> None:
        """See `Storage`."""
        from apache_beam.io.filesystem import CompressionTypes
        from apache_beam.io.filesystems import FileSystems

        with self._reported(path):
            self._make_folder(path)
            with FileSystems.create(self._at(path), compression_type=CompressionTypes.UNCOMPRESSED) as file:
                file.write(data)

    def copy(self, source: str, target: str) -> None:
        """See `Storage`."""
        from apache_beam.io.filesystems import FileSystems

        with self._reported(target):
            self._make_folder(target)
            FileSystems.copy([self._at(source)], [self._at(target)])

    def delete(self, *paths: str) -> None:
        """See `Storage`."""
        from apache_beam.io.filesystems import FileSystems

        for path in paths:
            with self._reported(path):
                if FileSystems.exists(self._at(path)):
                    FileSystems.delete([self._at(path)])

    def clear(self, folder: str) -> None:
        """See `Storage`."""
        self.delete(*self.list(folder))

    def list(self, folder: str) -> list[str]:
        """See `Storage`."""
        from apache_beam.io.filesystems import FileSystems

        with self._reported(folder):
            (result,) = FileSystems.match([f"{self._at(folder).rstrip('/')}/**"])
            return sorted(match.path.removeprefix(self._root + "/") for match in result.metadata_list)

    def _at(self, path: str) -> str:
        return f"{self._root}/{path}"

    def _make_folder(self, path: str) -> None:
        """Object stores have no folders; HDFS wants them made."""
        from apache_beam.io.filesystems import FileSystems

        folder = self._at(path).rpartition("/")[0]
        if not self._root.startswith(("gs://", "s3://", "azfs://")) and not FileSystems.exists(folder):
            FileSystems.mkdirs(folder)

    def _reported(self, path: str) -> contextlib.AbstractContextManager[None]:
        from apache_beam.io.filesystem import BeamIOError

        return translated((OSError, BeamIOError, ValueError), lambda error: output_error(self._at(path), error))


_WAYS_OUT = {
    errno.ENOSPC: ("full", "no space is left. Free some, then run again."),
    errno.EDQUOT: ("full", "the quota is used up. Free some space, then run again."),
    errno.EFBIG: ("full", "files may not grow that large. Raise the limit (ulimit -f), or choose another --output."),
    errno.EACCES: ("unwritable", "permission denied. Run as a user who may write there, or choose another --output."),
    errno.EPERM: ("unwritable", "permission denied. Run as a user who may write there, or choose another --output."),
    errno.EROFS: ("unwritable", "the file system is read-only. Choose another --output."),
    errno.ENOENT: ("unwritable", "it cannot be made there. Choose another --output."),
    errno.ENOTDIR: ("unwritable", "a part of this path is a file, not a folder. Choose another --output."),
    errno.EEXIST: ("unwritable", "a file is where a folder must be. Choose another --output."),
    errno.EISDIR: ("unwritable", "a folder is where a file must be. Choose another --output."),
}


def output_error(path: str, error: Exception) -> JobError:
    """The error for a failed file operation on the output."""
    number = error.errno if isinstance(error, OSError) else None
    unknown = ("unwritable", f"the storage failed ({errno.errorcode.get(number or 0, type(error).__name__)}).")
    reason, way_out = _WAYS_OUT.get(number or 0, unknown)
    return JobError(EXIT_OUTPUT, reason, f"{path}: {way_out}")


def _unreadable(error: OSError) -> None:
    """A missing folder has no files. An unreadable folder may have some, so it must not count as empty."""
    if isinstance(error, FileNotFoundError):
        return
    problem = f"{(error.strerror or 'unreadable').lower()}. Run as a user who may read there: it says what is published."
    if isinstance(error, NotADirectoryError):
        problem = "a file is where a folder of the data set must be. Restore it."
    raise JobError(EXIT_OUTPUT, "unreadable", f"{error.filename}: {problem}")


def is_unfinished(path: str) -> bool:
    """Whether a file is the remainder of an interrupted write."""
    return path.rpartition("/")[2].startswith(".")


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
