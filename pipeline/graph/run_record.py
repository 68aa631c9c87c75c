"""The run record: the operator's exact account of one run, as a file that is never public.

The last step of the graph leaves it in the output's staging folder, where the launcher picks it up.
"""

from __future__ import annotations

import json
from typing import Any

from pipeline.config.days import to_day
from pipeline.dataset import layout
from pipeline.dataset.storage import open_storage
from pipeline.errors import EXIT_UNEXPECTED, JobError
from pipeline.graph.job import Job
from transforms import kernel
from transforms.period import Window

VERSION = 1

PUBLISHED_BEFORE = "published_before"
NOT_ENDED = "not_ended"
NOT_ASKED = "not_asked"
BEGINS_INSIDE = "begins_inside"

OUT_OF_WINDOW = {
    PUBLISHED_BEFORE: "the {period} is published already",
    NOT_ENDED: "the {period} has not ended",
    NOT_ASKED: "not the {period} asked for with --date",
    BEGINS_INSIDE: "the input begins inside it",
}


def write_record(job: Job, account: dict[str, Any], published: dict[str, Any]) -> None:
    """Write the record of a run whose days are all published; `published` describes each by date."""
    skipped = {}
    for date, lines in account["days"].items():
        # A day may have no other lines than those of visitors who opted out.
        if date not in published and (date == account["cut_period"] or lines > account["opted_out_days"].get(date, 0)):
            reason = BEGINS_INSIDE if date == account["cut_period"] else _reason(job.rules.window, date)
            skipped[date] = {"lines": lines, "reason": reason}
    out_of_window = sum(day["lines"] for day in skipped.values())
    lines = {
        "read": account["read"],
        "counted": account["counted"],
        "out_of_window": out_of_window,
        "opted_out": account["opted_out"],
        "ignored": account["ignored"],
        "rejected": account["rejected"],
    }
    if lines["read"] != sum(
        (lines["counted"], out_of_window, lines["opted_out"], *lines["ignored"].values(), *lines["rejected"].values())
    ):
        raise JobError(EXIT_UNEXPECTED, "unaccounted", "Lines are unaccounted for.")
    sites = {file.path: file.site for file in job.files}
    record = {
        "version": VERSION,
        "run_id": job.run_id,
        "output": job.output,
        "kernel": kernel.name(),
        "asked": list(job.asked),
        "lines": lines,
        "ambiguous_times": account["ambiguous"],
        "days": published,
        "days_left_out": skipped,
        "days_without_lines": [date for date in job.asked if date not in account["days"]],
        "files": {path: {**file, "site": sites.get(path)} for path, file in account["files"].items()},
        "facts": dict(job.facts),
    }
    open_storage(job.output).write(layout.record_path(job.run_id), json.dumps(record).encode(), private=True)


def read_record(output: str, run_id: str) -> dict[str, Any]:
    """The record that a run's last step left."""
    data = open_storage(output).read(layout.record_path(run_id))
    if data is None:
        message = "The runner ended the job without publishing: it was cancelled, or only planned."
        raise JobError(EXIT_UNEXPECTED, "not_run", message)
    record: dict[str, Any] = json.loads(data)
    return record


def _reason(window: Window, date: str) -> str:
    day = to_day(date)
    if day in window.published:
        return PUBLISHED_BEFORE
    return NOT_ASKED if window.ended(day) else NOT_ENDED
