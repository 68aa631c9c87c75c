"""Where what is in a data set: the one place that knows its paths. All are relative to its root and use `/`.

    <report>/YYYY-MM-DD.parquet                      a published table of one period, named by its first day
    0_read_one_report_at_a_time/YYYY-MM-DD.parquet   no Parquet, but a sentence: the guard (below)
    _manifest/YYYY-MM-DD.json                        what is published of the period; written last
    _ledger/YYYY-MM-DD.json                          what the period spent, of a policy that draws
    _staging/<run>/…                                 files on their way; a journal is the commit point
    _lock                                            who is at work

Reports overlap: each divides the rows of its parent, so a program that reads the root as one table counts every hit some sixteen
times. Readers differ in whether they notice. So each period has a file that none of them can read, whose name says what to do,
and which sorts before the reports. docs/design/layout.md has the measurements.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Collection

MANIFESTS, LEDGER, STAGING, LOCK = "_manifest", "_ledger", "_staging", "_lock"
GUARDS = "0_read_one_report_at_a_time"
OF_THE_DISK = "lost+found"
"""A folder that is no data set's: a disk has it where it is mounted, for its administrator alone."""

WRITTEN = (MANIFESTS, LEDGER, GUARDS)
"""Folders in which a killed run may leave a half written file. Tables are moved to their folders whole."""

VERSION = 2
"""Version of this layout, in each manifest. Version 1 named a day `date=…`, and had no version, no catalogue and no guard."""

GUARD = b"Read one report at a time, such as pages/. The folders are different tables, which hold the same hits.\n"

RUN_ID = "[0-9]{8}T[0-9]{6}Z-[0-9a-f]{6}"
"""What a run is called: when it began, in UTC, and a random number."""

_DATE = r"(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})"
_DATA = rf"(?P<report>[a-z_]+)/{_DATE}\.parquet"
_DATA_FILE = re.compile(_DATA)
_DRAWN_FILE = re.compile(rf"{STAGING}/[^/]+/noise/{_DATA}")
_STAGING_FOLDER = re.compile(rf"{STAGING}(?:/{RUN_ID}(?:/noise)?(?:/(?P<report>[a-z_]+))?)?")
_VERSION_1 = re.compile(r"/date=[0-9]{4}-[0-9]{2}-[0-9]{2}(?:/|\.json$)")
_REPORT = re.compile("[a-z][a-z_]{0,59}")
_MANIFEST_FILE = re.compile(rf"{MANIFESTS}/{_DATE}\.json")
_LEDGER_FILE = re.compile(rf"{LEDGER}/{_DATE}\.json")


def data_path(report: str, date: str) -> str:
    """A published table."""
    return f"{report}/{date}.parquet"


def date_of_data(path: str) -> str | None:
    """The date of a published table, or None for another file."""
    found = _DATA_FILE.fullmatch(path)
    return found["date"] if found else None


def guard_path(date: str) -> str:
    """The file that keeps a period's tables from being read as one."""
    return f"{GUARDS}/{date}.parquet"


def manifest_path(date: str) -> str:
    """A period's manifest."""
    return f"{MANIFESTS}/{date}.json"


def is_manifest(path: str) -> bool:
    """Whether a file's name is that of a manifest."""
    return _names_date(_MANIFEST_FILE, path)


def _names_date(pattern: re.Pattern[str], path: str) -> bool:
    found = pattern.fullmatch(path)
    if found is None:
        return False
    try:
        datetime.date.fromisoformat(found["date"])
    except ValueError:
        return False
    return True


def is_records(path: str) -> bool:
    """Whether a path is that of the manifests or the ledger, or below: a data set begins with one of them."""
    return path.partition("/")[0] in (MANIFESTS, LEDGER)


def is_report(name: str) -> bool:
    """Whether a report may have this name, and so its folder."""
    return _REPORT.fullmatch(name) is not None


def is_of_version_1(path: str) -> bool:
    """Whether a file was published, entered or staged by a version whose layout was the first."""
    return _VERSION_1.search(path) is not None


def stem(path: str) -> str:
    """The date that the name of a manifest or of an entry in the ledger says."""
    return path.rpartition("/")[2].removesuffix(".json")


def ledger_path(date: str) -> str:
    """A period's entry in the ledger."""
    return f"{LEDGER}/{date}.json"


def is_ledger_entry(path: str) -> bool:
    """Whether a file's name is that of an entry; others are half written, by a run that was killed."""
    return _names_date(_LEDGER_FILE, path)


def staging_path(run_id: str) -> str:
    """The staging folder of a run."""
    return f"{STAGING}/{run_id}"


def staged_path(run_id: str, report: str, date: str, drawn: bool) -> str:
    """A staged table. The path marks tables with noise, which must not be discarded and drawn again."""
    return f"{staging_path(run_id)}/{'noise/' if drawn else ''}{data_path(report, date)}"


def is_staging_folder(path: str, reports: Collection[str]) -> bool:
    """Whether a folder is one in which a run stages tables of these reports, or their journal."""
    found = _STAGING_FOLDER.fullmatch(path)
    return found is not None and found["report"] in (None, "noise", *reports)


def date_of_drawn(path: str) -> str | None:
    """The date of a staged table with noise, or None for another file."""
    found = _DRAWN_FILE.fullmatch(path)
    return found["date"] if found else None


def journal_path(run_id: str, date: str) -> str:
    """The journal of a period's publication."""
    return f"{staging_path(run_id)}/journal-{date}.json"


def is_journal(path: str) -> bool:
    """Whether a file's name is that of a journal."""
    return path.rpartition("/")[2].startswith("journal-")


def record_path(run_id: str) -> str:
    """The run record, which the last step leaves for the launcher."""
    return f"{staging_path(run_id)}/record.json"
