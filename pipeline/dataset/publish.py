"""Takes staged files, gives a published day, all of it or nothing, whatever happens in between.

The order: files are staged below `_staging/<run>/` · a journal of the moves is written, which is the commit point · with
--replace the old manifest goes · files are moved · files that are no longer produced go · the manifest is written, last · the
journal goes. A run that finds a journal completes it; staging without a journal is thrown away. A reader who honours the manifest
sees a whole day or none.

In the dp mode the ledger is written before anything is staged. Files with noise that are all there are published by the next run,
because drawing again would spend the budget twice.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from pipeline.config.catalogue import REPORTS
from pipeline.dataset import ledger
from pipeline.dataset.storage import Storage, is_unfinished, open_storage
from pipeline.errors import EXIT_ALREADY_PUBLISHED, EXIT_OUTPUT, EXIT_UNEXPECTED, JobError
from transforms import schema
from transforms.privacy.differential import policy as differential

STAGING = "_staging"
_FILE = r"(?P<report>[a-z_]+)/date=(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})/data\.parquet"
_DATA = re.compile(_FILE)
_NOISE = re.compile(f"{STAGING}/[^/]+/noise/{_FILE}")
MANIFESTS = "_manifest"
NOT_TOLD = "not_told"
"""Coverage in the dp mode: whether the input begins or ends in a period follows from lines, which may be one person's."""


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
    """The manifest of each published day, by date; also of a day whose publication the next run will complete."""
    storage = open_storage(output)
    days = {journal["date"]: journal["manifest"] for journal in _journals(storage)}
    for path in storage.list(MANIFESTS):
        if is_unfinished(path):
            continue
        manifest = _load(storage, path)
        if manifest is None:
            continue  # gone in the meantime
        days[manifest["date"]] = manifest
    return days


def refuse_unknown(output: str, known: Collection[str]) -> None:
    """Refuse an output with files of a period that neither manifest nor ledger speaks of (exit 8): it may have been published."""
    storage = open_storage(output)
    # Only in the folders of reports: others are not the program's, and it may not be allowed to look into them.
    for path in (path for report in REPORTS.names() for path in storage.list(report)):
        found = _DATA.fullmatch(path)
        if found and found["date"] not in known:
            message = (
                f"{output}/{path}: a report of a day without a manifest. Restore {output}/{MANIFESTS} and, for noise, "
                f"{output}/{ledger.LEDGER} from where this was copied. Or remove the day's files: then a run may publish the day "
                "again as if for the first time, and who has both releases can compare them."
            )
            raise JobError(EXIT_OUTPUT, "unknown_release", message)
    _refuse_noise_not_entered(output)


def _refuse_noise_not_entered(output: str) -> None:
    """Refuse noise that is staged for a period of which the ledger has lost its entry: drawing again would spend it twice."""
    entered = ledger.entries(output)
    for path in open_storage(output).list(STAGING):
        found = _NOISE.fullmatch(path)
        if found and found["date"] not in entered:
            message = (
                f"{output}/{path}: noise that was drawn for {found['date']}, of which the ledger says nothing. Restore "
                f"{output}/{ledger.LEDGER}. Drawing again would spend the period's privacy budget twice."
            )
            raise JobError(EXIT_OUTPUT, "unknown_release", message)


def manifest_of(
    date: str, facts: Mapping[str, str], coverage: str, staged: Mapping[str, str], rows: Mapping[str, int]
) -> dict[str, Any]:
    """What a day's manifest says but for `run_id` and `revision`; `staged`: hashes of the files by report, `rows`: how many
    rows they have.
    """
    reports = {report: {"rows": rows[report], "sha256": sha256} for report, sha256 in staged.items()}
    return {"date": date, **facts, "schema_version": schema.VERSION, "coverage": coverage, "reports": reports}


def staged_file(run_id: str, report: str, date: str, sha256: str, noisy: bool) -> StagedFile:
    """A file of this content in its place in staging, whether it is there or not. That of noise tells what it is."""
    folder = f"{STAGING}/{run_id}/noise" if noisy else f"{STAGING}/{run_id}"
    return StagedFile(report, date, f"{folder}/{_data_path(report, date)}", sha256)


def stage_file(output: str, run_id: str, report: str, date: str, data: bytes, noisy: bool = False) -> StagedFile:
    """Write a file to staging; the same again is the same."""
    staged = staged_file(run_id, report, date, sha256_of(data), noisy)
    open_storage(output).write(staged.path, data)
    return staged


def commit_day(output: str, run_id: str, manifest: dict[str, Any], files: Sequence[StagedFile], replace: bool) -> bool:
    """Publish a day whose files are staged; False if this run has done so before. `manifest` has `date` and public facts."""
    storage = open_storage(output)
    date = manifest["date"]
    before = _load(storage, _manifest_path(date))
    if before is not None and before["run_id"] == run_id:
        return False
    if before is not None and not replace:
        raise JobError(EXIT_ALREADY_PUBLISHED, "already_published", f"{date} was published by another run in the meantime.")
    if manifest.get("mode") == differential.MODE:
        ledger.check_own(output, date, run_id)
    moves = {file.path: {"to": _data_path(file.report, date), "sha256": file.sha256} for file in files}
    lost = _lost(storage, moves)
    if lost:
        raise JobError(EXIT_UNEXPECTED, "staging_changed", f"{output}/{lost[0]}: not as it was written. Nothing was published.")
    produced = {move["to"] for move in moves.values()}
    old = {_data_path(report, date) for report in (*REPORTS.names(), *(before or {}).get("reports", ()))} - produced
    journal = {
        "date": date,
        "replaces": before is not None,
        "moves": moves,
        "deletions": sorted(path for path in old if _DATA.fullmatch(path) and storage.read(path) is not None),
        "manifest": {**manifest, "run_id": run_id, "revision": before["revision"] + 1 if before else 1},
    }
    body = json.dumps(journal, sort_keys=True)
    path = _journal_path(run_id, date)
    storage.write(path, json.dumps({"sha256": sha256_of(body.encode()), "journal": body}).encode())
    _roll_forward(storage, journal)
    storage.delete(path)
    return True


def recover(output: str) -> list[str]:
    """Complete every journal that an earlier run left, and every period of the ledger that can be; throw away all other staging.

    Gives the dates completed.
    """
    storage = open_storage(output)
    dates = []
    staged = storage.list(STAGING)
    for journal in _journals(storage):
        if _complete(output, storage, journal):
            dates.append(journal["date"])
    dates += _settle(output)
    _refuse_noise_not_entered(output)
    unfinished = filter(is_unfinished, storage.list(MANIFESTS) + storage.list(ledger.LEDGER))
    for path in (*staged, *unfinished):
        storage.delete(path)
    return dates


def _complete(output: str, storage: Storage, journal: dict[str, Any]) -> bool:
    """Complete a publication. Where a file of it is gone, a period with noise is given up, and nothing else is decided here."""
    date, run_id = journal["date"], journal["manifest"]["run_id"]
    noisy = journal["manifest"].get("mode") == differential.MODE
    if noisy:
        entry = ledger.entries(output).get(date, {})
        if entry.get("unpublished") and entry["manifest"]["run_id"] == run_id:  # given up by a run that was killed right then
            return False
        ledger.check_own(output, date, run_id)
    lost = _lost(storage, journal["moves"])
    if lost and not _is_published(storage, journal):
        if not noisy:
            message = (
                f"{output}/{lost[0]}: gone, and the publication of {date} that was interrupted needs it. Restore it; or remove "
                f"{output}/{STAGING}/{run_id} and all files of {date}, and publish it anew."
            )
            raise JobError(EXIT_OUTPUT, "staging_changed", message)
        for move in journal["moves"].values():
            storage.delete(move["to"])
        ledger.give_up(output, ledger.entries(output)[date])
        return False
    _roll_forward(storage, journal)
    return True


def _lost(storage: Storage, moves: Mapping[str, Mapping[str, str]]) -> list[str]:
    """The files that are whole neither where they were staged nor where they belong."""
    return [
        source
        for source, move in moves.items()
        if move["sha256"] not in (sha256_of(storage.read(path) or b"") for path in (source, move["to"]))
    ]


def _settle(output: str) -> list[str]:
    """Publish the periods of the ledger whose files are all there, staged or in their places; gives their dates.

    Any other period is given up: its noise, or the number of rows that it made, may have been seen. Files of one that are in
    their places were published, perhaps, so they are not touched.
    """
    storage = open_storage(output)
    dates = []
    for date, entry in _unsettled(output).items():
        files = _files_of(entry)
        moves = _moves_of(files)
        lost = _lost(storage, moves)
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
        ledger.give_up(output, entry)
    return dates


def _files_of(entry: dict[str, Any]) -> list[StagedFile]:
    """The files that the ledger names for a period."""
    manifest = entry["manifest"]
    reports = manifest["reports"].items()
    return [staged_file(manifest["run_id"], report, entry["date"], about["sha256"], noisy=True) for report, about in reports]


def _moves_of(files: Iterable[StagedFile]) -> dict[str, dict[str, str]]:
    return {file.path: {"to": _data_path(file.report, file.date), "sha256": file.sha256} for file in files}


def _unsettled(output: str) -> dict[str, dict[str, Any]]:
    """Entries of the ledger that wait for their release."""
    storage = open_storage(output)
    return {
        date: entry
        for date, entry in ledger.entries(output).items()
        if not entry.get("unpublished") and storage.read(_manifest_path(date)) is None
    }


def discard(output: str, run_id: str) -> None:
    """Remove a run's staging, unless it holds a journal or noise that was paid for: these must be completed."""
    storage = open_storage(output)
    staged = storage.list(f"{STAGING}/{run_id}")
    if any(entry["manifest"]["run_id"] == run_id for entry in _unsettled(output).values()):
        return
    if not any(path.rpartition("/")[2].startswith("journal-") for path in staged):
        for path in staged:
            storage.delete(path)


def _roll_forward(storage: Storage, journal: dict[str, Any]) -> None:
    """Each operation may be done again, so a run that stops in between is completed by doing all of them again."""
    manifest_path = _manifest_path(journal["date"])
    if _is_published(storage, journal):
        return
    if journal["replaces"]:
        storage.delete(manifest_path)
    for source, move in journal["moves"].items():
        if sha256_of(storage.read(source) or b"") == move["sha256"]:
            storage.move(source, move["to"])
        else:
            storage.delete(source)  # it is in its place already; what is staged is not whole
    for path in journal["deletions"]:
        storage.delete(path)
    storage.write(manifest_path, (json.dumps(journal["manifest"], indent=2, sort_keys=True) + "\n").encode())


def _is_published(storage: Storage, journal: dict[str, Any]) -> bool:
    current = _load(storage, _manifest_path(journal["date"]))
    return current is not None and current["run_id"] == journal["manifest"]["run_id"]


def _journals(storage: Storage) -> list[dict[str, Any]]:
    """The journals that were written to their ends."""
    paths = [path for path in storage.list(STAGING) if path.rpartition("/")[2].startswith("journal-")]
    return [journal for path in paths if (journal := _complete_journal(storage, path)) is not None]


def _complete_journal(storage: Storage, path: str) -> dict[str, Any] | None:
    """The journal if it was written to its end. An object store may have kept a part of it."""
    try:
        envelope = json.loads(storage.read(path) or b"")
        body = envelope["journal"]
        if sha256_of(body.encode()) != envelope["sha256"]:
            return None
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    journal: dict[str, Any] = json.loads(body)
    return journal


def _load(storage: Storage, path: str) -> dict[str, Any] | None:
    data = storage.read(path)
    if data is None:
        return None
    try:
        manifest = json.loads(data)
    except ValueError:
        manifest = None
    names = {"date": str, "run_id": str, "revision": int, "reports": dict}
    if not isinstance(manifest, dict) or not all(isinstance(manifest.get(name), kind) for name, kind in names.items()):
        raise JobError(EXIT_OUTPUT, "bad_manifest", f"{path} in the output: not a manifest. Restore or remove it.")
    return manifest


def _data_path(report: str, date: str) -> str:
    return f"{report}/date={date}/data.parquet"


def _manifest_path(date: str) -> str:
    return f"{MANIFESTS}/date={date}.json"


def _journal_path(run_id: str, date: str) -> str:
    return f"{STAGING}/{run_id}/journal-{date}.json"


def sha256_of(data: bytes) -> str:
    """The SHA-256 of a file's bytes, hexadecimal."""
    return hashlib.sha256(data).hexdigest()
