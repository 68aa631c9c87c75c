"""The allow-list of places: which files and folders a data set may have. What is not on it is not named: it may name somebody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pipeline.audit.tree import Tree
from pipeline.dataset import layout, lock
from pipeline.dataset.operations import is_unfinished
from pipeline.words import plural

AT_WORK = "of the run that is at work"
_LEFT_OVER = "left over from a run that was interrupted; the next run completes or removes it"
_KILLED = "names a run and its machine. If it is not at work, the next run empties this file; on a store, remove it"


class Places:
    """The places of a tree that the program knows: those of its manifests by date, and of `reports`, those of this version.

    `at_work` is the run that holds the output.
    """

    def __init__(self, tree: Tree, manifests: Mapping[str, Any], reports: Iterable[str], at_work: str | None) -> None:
        self._tree = tree
        self._at_work = at_work
        self._reports = {*reports, *(name for manifest in manifests.values() for name in _reports(manifest))}
        self._folders = {*layout.WRITTEN, layout.STAGING, layout.OF_THE_DISK, *self._reports}
        self._known = {layout.LOCK, *filter(layout.is_ledger_entry, tree.files)}
        for date, manifest in manifests.items():
            self._known |= {layout.manifest_path(date), layout.guard_path(date)}
            self._known |= {layout.data_path(report, date) for report in _reports(manifest)}

    def violations(self) -> Iterator[str]:
        """What is there and should not be."""
        tree = self._tree
        yield from self._lock()
        folders = {path for path in tree.folders if not layout.is_staging_folder(path, self._reports)}
        if any(map(_is_staged, (*tree.files, *folders, *tree.links, *tree.special))):
            yield f"{layout.STAGING}: {AT_WORK if self._at_work else _LEFT_OVER}"
        unknown: Counter[tuple[str, str]] = Counter()
        for path in sorted(tree.files - self._known):
            folder, _, name = path.rpartition("/")
            if folder in layout.WRITTEN and is_unfinished(name):
                yield f"{folder}: an unfinished file {AT_WORK if self._at_work else _LEFT_OVER}"
            elif folder in self._folders and layout.date_of_data(path):
                yield f"{path}: no manifest lists this file"
            else:
                unknown[folder, "file"] += 1
        others = ((tree.folders - self._folders, "folder"), (tree.links, "symbolic link"), (tree.special, "special file"))
        unknown.update((path.rpartition("/")[0], kind) for paths, kind in others for path in paths if not _is_staged(path))
        for (folder, kind), count in sorted(unknown.items()):
            if not folder or folder in self._folders - {layout.STAGING}:  # what is below an unknown folder goes with it
                yield f"{folder or 'the folder itself'}: {plural(count, kind)} that this program did not make"

    def _lock(self) -> Iterator[str]:
        data = self._tree.read(layout.LOCK)
        if data and not lock.is_description(data):
            yield f"{layout.LOCK}: not what this program writes there"
        elif data and not self._at_work:
            yield f"{layout.LOCK}: {_KILLED}"


def _is_staged(path: str) -> bool:
    return path == layout.STAGING or path.startswith(layout.STAGING + "/")


def _reports(manifest: Any) -> Iterable[str]:
    reports = manifest.get("reports") if isinstance(manifest, dict) else None
    return filter(layout.is_report, reports) if isinstance(reports, dict) else ()
