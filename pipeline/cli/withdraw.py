"""`withdraw`: takes back all that a data set has published, after saying what that is."""

from __future__ import annotations

import argparse

from pipeline.cli import terminal
from pipeline.config.config import reports_of_this_version
from pipeline.dataset.lock import check_output, output_lock
from pipeline.dataset.publish import published_days, recover
from pipeline.dataset.withdraw import withdraw as remove
from pipeline.dataset.withdraw import withdrawable
from pipeline.errors import EXIT_INPUT, JobError
from pipeline.words import plural, shown


def withdraw(options: argparse.Namespace, _: list[str]) -> None:
    """Say what is published; with --yes remove it. Raises `JobError` where nothing is, or where noise was drawn."""
    output = options.output
    check_output(output)
    manifests = published_days(output)  # also those that an interrupted run will complete
    if not manifests:
        raise JobError(EXIT_INPUT, "missing", f"{output}: no published day is there (no _manifest/YYYY-MM-DD.json).")
    if options.yes:
        with output_lock(output):
            recover(output, reports_of_this_version().names())
            manifests = withdrawable(output)
            remove(output)
    dates = [*manifests]
    files = sum(len(manifest["reports"]) for manifest in manifests.values())
    span = dates[0] if len(dates) == 1 else f"{dates[0]} to {dates[-1]}"
    what = f"{plural(len(dates), manifests[dates[0]]['period'])}, {span}, {plural(files, 'file')}"
    with terminal.printing() as console:
        if options.yes:
            console.print(f"Withdrawn from {shown(output)}: {what}. The next run begins anew, with any setting.")
            console.print("Remove every copy too: someone who has both releases can subtract one from the other.")
        else:
            console.print(f"{shown(output)} holds {what}. Nothing was removed.")
            console.print("To withdraw all of it, so that the next run may publish these days anew, add --yes.")
