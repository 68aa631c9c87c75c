"""All that lies below a data set's root, as it is: no link is followed, and no file is assumed to be valid."""

from __future__ import annotations

import json
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from pipeline.dataset import layout
from pipeline.dataset.document import to_bytes
from pipeline.dataset.storage import open_storage


class Tree(Protocol):
    """Paths are relative and use `/`.

    What cannot be read raises `OSError` or `JobError`, so that it does not pass for missing.
    """

    files: frozenset[str]
    """Regular files."""

    folders: frozenset[str]
    """Folders that were looked into; where the storage has none of its own, none."""

    links: frozenset[str]
    """Symbolic links, to whatever."""

    special: frozenset[str]
    """Pipes, sockets and devices."""

    def read(self, path: str) -> bytes | None:
        """The bytes of a regular file; None for all else."""


@dataclass(frozen=True, slots=True)
class Document:
    """A JSON file: what it says or its bytes if it is not JSON, and whether it is spelt as this program spells it."""

    value: Any
    is_canonical: bool


def document(tree: Tree, path: str) -> Document | None:
    """A JSON file; None if there is no such file."""
    data = tree.read(path)
    if data is None:
        return None
    try:
        value = json.loads(data)
        return Document(data if value is None else value, to_bytes(value) == data)
    except (ValueError, RecursionError):
        return Document(data, False)


def open_tree(root: str) -> Tree:
    """The tree below a folder of this machine, or of one of Beam's file systems (gs://, s3://, hdfs://)."""
    return ObjectTree(root) if "://" in root else LocalTree(root)


class LocalTree:
    """A folder of this machine."""

    def __init__(self, root: str) -> None:
        self._root = Path(root)
        self._found: dict[str, set[str]] = {"files": set(), "folders": set(), "links": set(), "special": set()}
        self._look("")
        self.files, self.folders, self.links, self.special = map(frozenset, self._found.values())

    def _look(self, folder: str) -> None:
        try:
            with os.scandir(self._root / folder) as entries:
                found = sorted(entries, key=lambda entry: entry.name)
        except PermissionError:
            if folder != layout.OF_THE_DISK:
                raise
            return
        for entry in found:
            path = f"{folder}/{entry.name}" if folder else entry.name
            mode = entry.stat(follow_symlinks=False).st_mode
            if stat.S_ISDIR(mode):
                self._found["folders"].add(path)
                self._look(path)
            else:
                kind = "files" if stat.S_ISREG(mode) else "links" if stat.S_ISLNK(mode) else "special"
                self._found[kind].add(path)

    def read(self, path: str) -> bytes | None:
        """See `Tree`."""
        if path not in self.files:
            return None
        try:
            # It may have been exchanged since: no link is followed, and a pipe is not waited for.
            descriptor = os.open(self._root / path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except FileNotFoundError:
            return None
        with os.fdopen(descriptor, "rb") as file:
            return file.read() if stat.S_ISREG(os.fstat(descriptor).st_mode) else None


class ObjectTree:
    """Objects on one of Beam's file systems: it lists files only, so folders, links and special files do not show."""

    folders: frozenset[str] = frozenset()
    links: frozenset[str] = frozenset()
    special: frozenset[str] = frozenset()

    def __init__(self, root: str) -> None:
        self._storage = open_storage(root)
        self.files = frozenset(self._storage.list(""))

    def read(self, path: str) -> bytes | None:
        """See `Tree`."""
        return self._storage.read(path) if path in self.files else None
