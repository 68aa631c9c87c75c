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

import re

MANIFESTS, LEDGER, STAGING, LOCK = "_manifest", "_ledger", "_staging", "_lock"
GUARDS = "0_read_one_report_at_a_time"
WRITTEN = (MANIFESTS, LEDGER, GUARDS)
"""Folders in which a killed run may leave a half written file. Tables are moved to their folders whole."""

VERSION = 2
"""Version of this layout, in each manifest. Version 1 named a day `date=…`, and had no version, no catalogue and no guard."""

GUARD = b"Read one report at a time, such as pages/. The folders are different tables, which hold the same hits.\n"

_DATE = r"(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})"
_DATA = rf"(?P<report>[a-z_]+)/{_DATE}\.parquet"
_DATA_FILE = re.compile(_DATA)
_DRAWN_FILE = re.compile(rf"{STAGING}/[^/]+/noise/{_DATA}")
_VERSION_1 = re.compile(r"/date=[0-9]{4}-[0-9]{2}-[0-9]{2}(?:/|\.json$)")
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
    return _LEDGER_FILE.fullmatch(path) is not None


def staging_path(run_id: str) -> str:
    """The staging folder of a run."""
    return f"{STAGING}/{run_id}"


def staged_path(run_id: str, report: str, date: str, drawn: bool) -> str:
    """A staged table. The path marks tables with noise, which must not be discarded and drawn again."""
    return f"{staging_path(run_id)}/{'noise/' if drawn else ''}{data_path(report, date)}"


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
