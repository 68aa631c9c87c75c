"""`plan`: what `run` with the same options would do: files and formats, days, reports, memory. It writes nothing."""

from __future__ import annotations

import argparse
import datetime

from pipeline.cli import terminal
from pipeline.config.config import config_of
from pipeline.config.days import to_date
from pipeline.dataset.lock import check_output
from pipeline.graph import detected, launch
from pipeline.words import plural, shown
from transforms.formats.registry import format_of
from transforms.period import Window


def plan(options: argparse.Namespace, beam_arguments: list[str]) -> None:
    """Print to standard output; raises `JobError` where `run` would refuse to start."""
    check_output(options.output)
    config = config_of(options, beam_arguments)
    launch.refuse_other(config)
    prepared = launch.prepare(launch.look(config, datetime.datetime.now(datetime.timezone.utc)))
    with terminal.printing() as console:
        for found in prepared.found:
            file, lines = found.file, plural(found.lines(), "line")
            console.print(f"{shown(file.path)}: {file.size / 1e6:,.1f} MB, {file.compression}, about {lines}")
            if detected.is_told(found):
                console.print(terminal.indented(f"{detected.name_of(file.format)}: {format_of(file.format).title}"))
            for sentence in detected.why(found):
                console.print(terminal.indented(sentence))
            if file.site is not None and file.path in prepared.sites.nameless:
                console.print(terminal.indented(f"of the site {file.site}"))
        for path in prepared.empty:
            console.print(f"{shown(path)}: empty")
        for doubt in prepared.sites.doubts:
            console.print(f"\n{doubt.sentence()}", style="yellow")
        job = prepared.job
        window = job.rules.window
        console.print(f"\nDays: {_days(window, job.asked)}, by the calendar of {job.rules.time_zone}.")
        if not job.asked and window.published:
            count = plural(len(window.published), config.period.value)
            console.print(f"Published already: {count}, of the input or not. What was published is not published again.")
        console.print(f"Reports: {', '.join(job.catalogue.names())}.")
        for sentence in job.policy.in_short(config.period.value):
            console.print(sentence)
        console.print(f"Memory: about {prepared.memory / 1e9:.1f} GB at most, in {job.rules.shards} shards.")
        console.print(f"Output: {shown(job.output)}. Nothing was written.")


def _days(window: Window, asked: tuple[str, ...]) -> str:
    if asked:
        return asked[0] if len(asked) == 1 else f"{asked[0]} to {asked[-1]}"
    return f"every one of the input before {to_date(window.end)}"
