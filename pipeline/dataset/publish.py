"""From staged files to a published period, all of it or nothing, whatever happens in between.

The order: files are staged below `_staging/<run>/` · a journal of the moves is written, which is the commit point · the guard
is written · with --replace a manifest that names the staged files takes the old one's place · files are put in their places, each
over the old one · files that are no longer produced go · the manifest is written · staged files and the journal go. A run that
finds a journal completes it; staging without a journal is thrown away. A reader who honours the manifest sees a day whole, old or
new. A day that is new to the data set is there when its manifest is.

The ledger of a policy that draws is written before anything is staged. Files that were drawn and are all there are published by
the next run, because drawing again would spend the budget twice.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from pipeline.dataset import layout, ledger
from pipeline.dataset.dataset import DataSet
from pipeline.dataset.document import to_bytes
from pipeline.dataset.manifest import STAGED, Manifest, other_layout, policy_class_of
from pipeline.dataset.operations import Storage, is_unfinished, sha256_of
from pipeline.dataset.storage import open_storage
from pipeline.errors import EXIT_ALREADY_PUBLISHED, EXIT_OUTPUT, EXIT_UNEXPECTED, JobError
from pipeline.signals import held_back

Journal = dict[str, Any]


@dataclass(frozen=True, slots=True)
class StagedFile:
    """A report's file of one day in staging, and its SHA-256 (hex)."""

    report: str
    date: str
    path: str
    sha256: str

    def to_dict(self) -> dict[str, str]:
        """As keyword arguments of the class."""
        return asdict(self)


def published_days(output: str) -> dict[str, dict[str, Any]]:
    """The manifest of each published period, by date; also of one whose publication the next run will complete."""
    data = DataSet(output)
    return {journal["date"]: journal["manifest"] for journal in _journals(data.storage)} | data.manifests()


def refuse_other_layout(output: str, reports: Iterable[str] = ()) -> None:
    """Refuse an output that a version of another layout has published to, has spent a budget in, or was interrupted in (exit 8).

    What is published there does not show in this layout. `reports` are folders where tables may be, too.
    """
    storage = open_storage(output)
    folders = (layout.MANIFESTS, layout.LEDGER, layout.STAGING, *reports)
    for path in storage.list(*folders):
        if layout.is_of_version_1(path):
            raise other_layout(f"{output}/{path}")
        journal = _complete_journal(storage, path) if layout.is_journal(path) else None
        if journal is not None and journal["manifest"].get("layout") != layout.VERSION:
            raise other_layout(f"{output}/{path}")


def refuse_unknown(output: str, known: Collection[str], reports: Iterable[str]) -> None:
    """Refuse an output with files of a period that neither manifest nor ledger lists (exit 8): it may have been published."""
    storage = open_storage(output)
    # Only in the folders of reports: others are not the program's, and it may not be allowed to look into them.
    for path in storage.list(*reports):
        date = layout.date_of_data(path)
        if date is not None and date not in known:
            message = (
                f"{output}/{path}: a report of a day without a manifest. Restore {output}/{layout.MANIFESTS} and, for noise, "
                f"{output}/{layout.LEDGER} from where this was copied. Or remove the day's files: then a run may publish the day "
                "again as if for the first time, and who has both releases can compare them."
            )
            raise JobError(EXIT_OUTPUT, "unknown_release", message)
    _refuse_noise_not_entered(output)


def _refuse_noise_not_entered(output: str) -> None:
    """Refuse staged noise of a period whose ledger entry is lost: drawing again would spend its budget twice."""
    entered = ledger.entries(output)
    for path in open_storage(output).list(layout.STAGING):
        date = layout.date_of_drawn(path)
        if date is not None and date not in entered:
            message = (
                f"{output}/{path}: noise that was drawn for {date}, of which the ledger says nothing. Restore "
                f"{output}/{layout.LEDGER}. Drawing again would spend the period's privacy budget twice."
            )
            raise JobError(EXIT_OUTPUT, "unknown_release", message)


def staged_file(run_id: str, report: str, date: str, sha256: str, drawn: bool) -> StagedFile:
    """A file of this content in its place in staging, whether it is there or not."""
    return StagedFile(report, date, layout.staged_path(run_id, report, date, drawn), sha256)


def stage_file(output: str, run_id: str, report: str, date: str, data: bytes, drawn: bool = False) -> StagedFile:
    """Write a file to staging. Idempotent."""
    staged = staged_file(run_id, report, date, sha256_of(data), drawn)
    open_storage(output).write(staged.path, data)
    return staged


def commit_day(output: str, run_id: str, manifest: dict[str, Any], files: Sequence[StagedFile], replace: bool) -> bool:
    """Publish a day whose files are staged; False if this run has done so before. `manifest` has `date` and public facts."""
    data = DataSet(output)
    storage, date = data.storage, manifest["date"]
    before = data.manifest(date)
    if before is not None and before["run_id"] == run_id:
        if STAGED not in before:
            return False
    elif before is not None and not replace:
        raise JobError(EXIT_ALREADY_PUBLISHED, "already_published", f"{date} was published by another run in the meantime.")
    if policy_class_of(manifest).draws:
        ledger.check_own(output, date, run_id)
    moves = _moves_of(files)
    whole = _whole(storage, moves)
    lost = _lost(whole)
    if lost:
        raise JobError(EXIT_UNEXPECTED, "staging_changed", f"{output}/{lost[0]}: not as it was written. Nothing was published.")
    path = layout.journal_path(run_id, date)
    journal = _journal_of(storage, {**manifest, "run_id": run_id}, moves, before)
    body = json.dumps(journal, sort_keys=True)
    document = json.dumps({"sha256": sha256_of(body.encode()), "journal": body}).encode()
    if not storage.create(path, document):  # an attempt failed after it, or while it was written
        earlier = _complete_journal(storage, path)
        if earlier is None:
            storage.write(path, document)
        journal = earlier or journal
    with held_back():
        _roll_forward(storage, journal, whole)
        storage.delete(*moves, path)
    return True


def _journal_of(storage: Storage, manifest: Manifest, moves: dict[str, dict[str, str]], before: Manifest | None) -> Journal:
    """All that publishing a day moves, deletes and writes."""
    date = manifest["date"]
    produced = {move["to"] for move in moves.values()}
    old = {layout.data_path(report, date) for report in (before or {}).get("reports", ())} - produced
    return {
        "date": date,
        "replaces": before is not None,
        "moves": moves,
        "deletions": sorted(path for path in old if layout.date_of_data(path) and storage.read(path) is not None),
        "manifest": {**manifest, "revision": before["revision"] + 1 if before else 1},
    }


def recover(output: str, reports: Iterable[str] = ()) -> list[str]:
    """Complete all journals and all periods of the ledger that can be completed; discard all other staging; restore guards.

    Returns the dates completed. `reports` are folders in which nothing of another layout may be.
    """
    data = DataSet(output)
    with data.storage.listed_once():
        return _recover(data, reports)


def _recover(data: DataSet, reports: Iterable[str]) -> list[str]:
    output, storage = data.root, data.storage
    refuse_other_layout(output, reports)
    dates = []
    for journal in _journals(storage):
        if _complete(data, journal):
            dates.append(journal["date"])
    dates += _settle(output)
    _refuse_noise_not_entered(output)
    guards = storage.list(layout.GUARDS)
    for date, manifest in data.manifests().items():
        if STAGED in manifest:
            message = (
                f"{output}/{layout.manifest_path(date)}: of a release that was being put in its place, and its journal is gone. "
                f"Restore {output}/{layout.staging_path(manifest['run_id'])}; or remove all files of {date}, and publish it anew."
            )
            raise JobError(EXIT_OUTPUT, "unknown_release", message)
        if layout.guard_path(date) not in guards:
            storage.write(layout.guard_path(date), layout.GUARD)
    storage.clear(layout.STAGING)
    storage.delete(*(path for path in storage.list(*layout.WRITTEN) if is_unfinished(path)))
    return dates


def _complete(data: DataSet, journal: Journal) -> bool:
    """Complete a publication. Where a file of it is gone, a period with noise is given up, and nothing else is decided here."""
    output, storage = data.root, data.storage
    date, run_id = journal["date"], journal["manifest"]["run_id"]
    drawn = policy_class_of(journal["manifest"]).draws
    if drawn:
        entry = ledger.entries(output).get(date, {})
        if entry.get("unpublished") and entry["manifest"]["run_id"] == run_id:  # given up by a run that was killed right then
            return False
        ledger.check_own(output, date, run_id)
    if _is_published(data, journal):
        return True
    whole = _whole(storage, journal["moves"])
    lost = _lost(whole)
    if lost:
        if not drawn:
            message = (
                f"{output}/{lost[0]}: gone, and the publication of {date} that was interrupted needs it. Restore it; or remove "
                f"{output}/{layout.staging_path(run_id)} and all files of {date}, and publish it anew."
            )
            raise JobError(EXIT_OUTPUT, "staging_changed", message)
        storage.delete(*(move["to"] for move in journal["moves"].values()), layout.guard_path(date))
        ledger.give_up(output, ledger.entries(output)[date])
        return False
    with held_back():
        _roll_forward(storage, journal, whole)
    return True


def _whole(storage: Storage, moves: Mapping[str, Mapping[str, str]]) -> dict[str, str | None]:
    """Where each staged file is whole: where it was staged, else where it belongs, else nowhere."""

    staged = storage.hashes(*moves)
    others = {source: move for source, move in moves.items() if staged.get(source) != move["sha256"]}
    placed = storage.hashes(*(move["to"] for move in others.values()))
    found = {source: move["to"] if placed.get(move["to"]) == move["sha256"] else None for source, move in others.items()}
    return {source: found.get(source, source) for source in moves}


def _lost(whole: Mapping[str, str | None]) -> list[str]:
    return [source for source, path in whole.items() if path is None]


def _settle(output: str) -> list[str]:
    """Publish the periods of the ledger whose files are all there, staged or at their final paths; returns their dates.

    Any other period is given up: its noise, or its number of rows, may have been seen. Its files at their final paths may have
    been published, so they are not touched.
    """
    storage = open_storage(output)
    dates = []
    for date, entry in _unsettled(output).items():
        files = _files_of(entry)
        moves = _moves_of(files)
        lost = _lost(_whole(storage, moves))
        if not lost:
            commit_day(output, entry["manifest"]["run_id"], entry["manifest"], files, replace=False)
            dates.append(date)
            continue
        in_place = [move["to"] for move in moves.values() if storage.read(move["to"]) is not None]
        if in_place:
            message = (
                f"{output}/{in_place[0]}: of a release that has lost {moves[lost[0]]['to']} and its manifest. Restore both; or "
                f"remove all files of {date}: then it stays unpublished, because its privacy budget is spent."
            )
            raise JobError(EXIT_OUTPUT, "unknown_release", message)
        storage.delete(layout.guard_path(date))
        ledger.give_up(output, entry)
    return dates


def _files_of(entry: dict[str, Any]) -> list[StagedFile]:
    """The files that the ledger names for a period."""
    manifest = entry["manifest"]
    reports = manifest["reports"].items()
    return [staged_file(manifest["run_id"], report, entry["date"], about["sha256"], drawn=True) for report, about in reports]


def _moves_of(files: Iterable[StagedFile]) -> dict[str, dict[str, str]]:
    return {file.path: {"to": layout.data_path(file.report, file.date), "sha256": file.sha256} for file in files}


def _unsettled(output: str) -> dict[str, dict[str, Any]]:
    """Entries of the ledger that wait for their release."""
    storage = open_storage(output)
    return {
        date: entry
        for date, entry in ledger.entries(output).items()
        if not entry.get("unpublished") and storage.read(layout.manifest_path(date)) is None
    }


def discard(output: str, run_id: str) -> None:
    """Remove a run's staging, unless it holds a journal or noise that was paid for: these must be completed."""
    storage = open_storage(output)
    with storage.listed_once():
        staged = storage.list(layout.staging_path(run_id))
        drawn = any(map(layout.date_of_drawn, staged))
        if drawn and any(entry["manifest"]["run_id"] == run_id for entry in _unsettled(output).values()):
            return
        if not any(map(layout.is_journal, staged)):
            storage.clear(layout.staging_path(run_id))


def _roll_forward(storage: Storage, journal: Journal, whole: Mapping[str, str | None]) -> None:
    """Each operation is idempotent, so an interrupted publication is completed by repeating all of them.

    `whole` says where each file is whole. What is staged stays, and so does the journal: its caller removes them.
    """
    manifest, moves = journal["manifest"], journal["moves"]
    storage.write(layout.guard_path(journal["date"]), layout.GUARD)  # before any table can be seen
    if journal["replaces"]:
        # From here on the new release is seen, until then the old one, so neither may lose a file before the other is there.
        storage.write(layout.manifest_path(journal["date"]), to_bytes({**manifest, STAGED: True}))
    for source in (source for source, path in whole.items() if path == source):
        storage.copy(source, moves[source]["to"])
    storage.delete(*journal["deletions"])
    storage.write(layout.manifest_path(journal["date"]), to_bytes(manifest))


def _is_published(data: DataSet, journal: Journal) -> bool:
    current = data.manifest(journal["date"])
    return current is not None and current["run_id"] == journal["manifest"]["run_id"] and STAGED not in current


def _journals(storage: Storage) -> list[Journal]:
    """The complete journals."""
    paths = filter(layout.is_journal, storage.list(layout.STAGING))
    return [journal for path in paths if (journal := _complete_journal(storage, path)) is not None]


def _complete_journal(storage: Storage, path: str) -> Journal | None:
    """The journal if it is complete. An object store may have kept a part of it."""
    try:
        envelope = json.loads(storage.read(path) or b"")
        body = envelope["journal"]
        if sha256_of(body.encode()) != envelope["sha256"]:
            return None
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    journal: Journal = json.loads(body)
    return journal
