"""`plan`: what `run` with the same options would do: files and formats, days, reports, memory. It writes nothing."""

from __future__ import annotations

import argparse
import datetime

from rich.console import Console

from pipeline.cli import choice, terminal
from pipeline.config.config import config_of
from pipeline.config.days import to_date
from pipeline.dataset.lock import check_output
from pipeline.graph import detected, launch
from pipeline.graph.inputs import Found
from pipeline.words import in_natural_order, plural, shown
from transforms import kernel
from transforms.formats.registry import format_of
from transforms.period import Period, Window

_NAMED = 3
"""So many files are named of those that are alike."""


def plan(options: argparse.Namespace, beam_arguments: list[str]) -> None:
    """Print to standard output; raises `JobError` where `run` would refuse to start."""
    config = config_of(options, beam_arguments)
    check_output(config.output)
    known = launch.refuse_other(config)
    prepared = launch.prepare(launch.look(config, known, datetime.datetime.now(datetime.timezone.utc)))
    with terminal.printing() as console:
        _files(prepared, console)
        for doubt in prepared.sites.doubts:
            console.print(f"\n{doubt.sentence()}", style="yellow")
        job = prepared.job
        window = job.rules.window
        period = window.period.value
        why = f": {prepared.zone.why}" if prepared.zone.why else ""
        calendar = "a time zone that is to be chosen" if prepared.zone.question else f"{prepared.zone.name}{why}"
        console.print(f"\nDays: {_days(window, job.asked)}, by the calendar of {calendar}.")
        if not job.asked and window.published:
            count = plural(len(window.published), period)
            console.print(f"Published already: {count}, of the input or not. What was published is not published again.")
        console.print(f"Reports: {', '.join(job.catalogue.names())}.")
        for sentence in job.policy.in_short(period):
            console.print(sentence)
        console.print(f"Memory: about {prepared.memory / 1e6:,.0f} MB, in {plural(job.rules.shards, 'shard')}.")
        console.print(f"Kernel: {kernel.name()}.")
        found = choice.previews(prepared) if prepared.previewable else {}
        if found:
            choice.show(found, console)
        console.print(f"\nOutput: {shown(job.output)}. Nothing was written.")
        asked = found if found and prepared.undecided and found[Period.DAY].is_poor else {}
        if asked or prepared.zone.question:
            choice.show_commands(prepared, asked, options, console)
    choice.raise_undecided(prepared, asked)


def _files(prepared: launch.Launch, console: Console) -> None:
    """Files that are alike are told of together, in the order in which a person would count them."""
    alike: dict[tuple[str, str, str | None], list[Found]] = {}
    for found in sorted(prepared.found, key=lambda found: in_natural_order(found.file.path)):
        site = found.file.site if found.file.path in prepared.sites.nameless else None
        alike.setdefault((found.file.format, found.file.compression, site), []).append(found)
    for (log_format, compression, site), files in alike.items():
        names = ", ".join(shown(found.file.path) for found in (files if len(files) <= _NAMED else files[:2]))
        if len(files) > _NAMED:
            names += f" … {shown(files[-1].file.path)} ({len(files)} files)"
        size, lines = sum(found.file.size for found in files), sum(found.lines for found in files)
        console.print(f"{names}: {size / 1e6:,.1f} MB, {compression}, about {plural(lines, 'line')}")
        worst = detected.least_sure(files)
        if detected.is_told(worst):
            console.print(terminal.indented(f"{detected.name_of(log_format)}: {format_of(log_format).title}"))
        for sentence in (*detected.why(worst), *([f"of the site {site}"] if site else ())):
            console.print(terminal.indented(sentence))
    for path in prepared.empty:
        console.print(f"{shown(path)}: empty")


def _days(window: Window, asked: tuple[str, ...]) -> str:
    if asked:
        return asked[0] if len(asked) == 1 else f"{asked[0]} to {asked[-1]}"
    return f"every one of the input before {to_date(window.end)}"
