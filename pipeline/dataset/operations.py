"""The few file operations that publishing needs, on whatever file system the data set is, and what is said when one fails."""

from __future__ import annotations

import abc
import contextlib
import errno
import hashlib
from collections.abc import Iterator

from pipeline import limits, stores
from pipeline.errors import EXIT_OUTPUT, JobError
from transforms.errors import translated


class Storage(abc.ABC):
    """Files below one root; paths are relative and use `/`. Failures are `JobError` with exit code 8."""

    @abc.abstractmethod
    def read(self, path: str) -> bytes | None:
        """The file's bytes, or None if there is none."""

    @abc.abstractmethod
    def write(self, path: str, data: bytes, private: bool = False) -> None:
        """Make or replace the file, whole or not at all; on a local disk a private one is for this user alone."""

    @abc.abstractmethod
    def copy(self, source: str, target: str) -> None:
        """Put the file at the target too, in place of what is there: at every moment the target is whole, old or new."""

    @abc.abstractmethod
    def delete(self, *paths: str) -> None:
        """Remove the files; a missing one is fine."""

    @abc.abstractmethod
    def list(self, *folders: str) -> list[str]:
        """Paths of all files below the folders, sorted; none for a missing folder, an error for one that cannot be read."""

    def create(self, path: str, data: bytes) -> bool:
        """Make the file; False, and nothing is done, if there is one. On S3 and GCS one of two that try at once succeeds."""
        if self.read(path) is not None:
            return False
        self.write(path, data)
        return True

    def read_all(self, folder: str) -> dict[str, bytes]:
        """The files below a folder by path; what is no finished file is left out."""
        found = ((path, self.read(path)) for path in self.list(folder) if not is_unfinished(path))
        return {path: data for path, data in found if data is not None}

    def hashes(self, *paths: str) -> dict[str, str]:
        """The SHA-256 (hex) of each of the files that is there, by path."""
        found = ((path, self.read(path)) for path in paths)
        return {path: sha256_of(data) for path, data in found if data is not None}

    @contextlib.contextmanager
    def listed_once(self) -> Iterator[None]:
        """Meanwhile what others make or remove need not be seen, so that a store is asked once for what is there."""
        yield

    def clear(self, folder: str) -> None:
        """Remove the folder with all that is below it."""
        self.delete(*self.list(folder))


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
    short = limits.missing(error)
    if short:
        return limits.job_error(short)
    number = error.errno if isinstance(error, OSError) else None
    unknown = (
        "unwritable",
        f"the storage failed ({errno.errorcode.get(number, number)})." if number else stores.described(error),
    )
    reason, way_out = _WAYS_OUT.get(number or 0, unknown)
    return JobError(EXIT_OUTPUT, reason, f"{path}: {way_out}")


def reported(path: str) -> contextlib.AbstractContextManager[None]:
    """While a file on one of Beam's file systems is worked on, turns each failure into a `JobError` that names the file."""
    return translated(Exception, lambda error: output_error(path, error) if stores.is_failure(error) else None)


def sha256_of(data: bytes) -> str:
    """The SHA-256 of a file's bytes, hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def is_unfinished(path: str) -> bool:
    """Whether a file is the remainder of an interrupted write."""
    return path.rpartition("/")[2].startswith(".")
