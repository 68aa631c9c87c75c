"""Takes the options of `run`, gives what it would do: files and formats, days, reports, memory. Writes nothing."""

from __future__ import annotations

import argparse
import datetime

from rich.console import Console

from pipeline import launch
from pipeline.catalogue import REPORTS
from pipeline.days import to_date
from pipeline.inputs import Found
from transforms.formats.registry import format_of
from transforms.period import Window


def plan(options: argparse.Namespace, beam_arguments: list[str]) -> None:
    """Print to standard output; raises `JobError` where `run` would refuse to start."""
    console = Console(highlight=False, soft_wrap=True)
    prepared = launch.prepare(launch.look(options, launch.is_local(beam_arguments), datetime.datetime.now(datetime.timezone.utc)))
    for found in prepared.found:
        file = found.file
        console.print(f"{file.path}: {file.size / 1e6:,.1f} MB, {file.compression}, about {found.lines():,} lines")
        console.print(f"    {format_of(file.format).title}: {_why(found)}", markup=False)
    job = prepared.job
    console.print(f"\nDays: {_days(job.rules.window, job.asked)}, by the calendar of {job.rules.time_zone}.")
    console.print(f"Reports: {', '.join(REPORTS.names())}.")
    console.print(f"A published row has at least {job.policy.min_addresses} addresses.")
    console.print(f"Memory: about {prepared.memory / 1e9:.1f} GB at most, in {job.rules.shards} shards.")
    console.print(f"Output: {job.output}. Nothing was written.")


def _why(found: Found) -> str:
    if found.detection is None:
        columnar = format_of(found.file.format).expression is None
        return f"said by --format, read {'by columns' if columnar else 'line by line, which is slower'}"
    ranked = sorted(found.detection.fits.items(), key=lambda item: (-item[1], item[0]))
    others = f", next {ranked[1][0]} {ranked[1][1]:,}" if len(ranked) > 1 else ", as its header says"
    return f"{ranked[0][0].partition(':')[0]} fits {ranked[0][1]:,} of {found.detection.lines:,} lines tried{others}"


def _days(window: Window, asked: tuple[str, ...]) -> str:
    if asked:
        return asked[0] if len(asked) == 1 else f"{asked[0]} to {asked[-1]}"
    published = f", but for {len(window.published):,} that are published" if window.published else ""
    return f"every one of the input before {to_date(window.end)}{published}"
