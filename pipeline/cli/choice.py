"""What only the operator knows, asked before anything is published: time zone and period, with the command for each choice.

A data set keeps to both. So a first run asks if the log does not tell the zone, or if its days would say little, and shows what
each period would name of the people's hits in the input.
"""

from __future__ import annotations

import argparse
import contextlib
import shlex
from collections.abc import Iterable, Mapping

from rich.console import Console
from rich.table import Table

from pipeline.cli import terminal
from pipeline.errors import EXIT_USAGE, JobError
from pipeline.graph.launch import Launch
from pipeline.graph.preview import SHOWN, Preview, preview
from pipeline.graph.unread import NOTHING
from pipeline.words import plural
from transforms.block import BlockError
from transforms.clock import UTC
from transforms.period import Period


def previews(prepared: Launch, periods: Iterable[Period] = Period) -> dict[Period, Preview]:
    """A preview by each period; none if a block cannot be read. Then it is for the run to say so."""
    with contextlib.suppress(BlockError):
        return {period: preview(prepared.job, prepared.found, period) for period in periods}
    return {}


def refuse_undecided(prepared: Launch, options: argparse.Namespace) -> None:
    """Where a choice is the operator's, print the command for each and raise `JobError` (exit 2)."""
    found = previews(prepared, [Period.DAY]) if prepared.undecided else {}
    is_poor = any(each.is_poor for each in found.values())
    if not is_poor and prepared.zone.question is None:
        return
    found = found | previews(prepared, [Period.WEEK, Period.MONTH]) if is_poor else {}
    with terminal.printing() as console:
        if found:
            show(found, console)
        show_commands(prepared, found, options, console)
    raise_undecided(prepared, found)


def raise_undecided(prepared: Launch, found: Mapping[Period, Preview]) -> None:
    """Say why nothing is published, if there is a choice: of the zone, or of the period by what was `found`."""
    questions = [*([prepared.zone.question] if prepared.zone.question else ()), *([_which_period(found)] if found else ())]
    if questions:
        message = " ".join(question.message.removesuffix(NOTHING) for question in questions)
        raise JobError(EXIT_USAGE, questions[0].reason, f"{message}{NOTHING}")


def _which_period(found: Mapping[Period, Preview]) -> JobError:
    shares = ", ".join(f"--period {period.value} ({_share(each.named['pages'])})" for period, each in found.items())
    message = (
        "By day most page hits would go unnamed, and a data set keeps to its period. Choose, by the share of page hits "
        f"that are named: {shares}.{NOTHING}"
    )
    return JobError(EXIT_USAGE, "which_period", message)


def show(found: Mapping[Period, Preview], console: Console) -> None:
    """The table."""
    day = found[Period.DAY]
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("named, of people's hits")
    for period in found:
        table.add_column(f"by {period.value}", justify="right")
    for name in SHOWN:
        table.add_row(name, *(_share(each.named[name]) for each in found.values()))
    table.add_row("visitors in one, on average", *(f"{each.people:,}" for each in found.values()))
    part = "the first " if day.is_part else ""
    console.print(f"\nOf {part}{plural(day.lines, 'line')}, which are of {plural(day.periods, 'day')}:")
    console.print(table)


def show_commands(prepared: Launch, found: Mapping[Period, Preview], options: argparse.Namespace, console: Console) -> None:
    """The command for each choice; the shortest period that names most page hits comes with a remark."""
    best = next((period for period, each in found.items() if not each.is_poor), Period.MONTH)
    zones = dict.fromkeys([prepared.zone.name] if found else [prepared.zone.name, UTC]) if prepared.zone.question else [""]
    if prepared.zone.question and prepared.zone.name != UTC:
        console.print(f"\n{prepared.zone.name} has no summer time: if the site's clocks change, name its zone instead.")
    console.print()
    for zone in zones:
        for period in found or [None]:
            further = [*(["--timezone", zone] if zone else ()), *(["--period", period.value] if period else ())]
            command = shlex.join(["weblog-anonymizer", "run", *options.arguments, *further])
            console.print(f"{command}{'   # suggested' if found and period is best else ''}", soft_wrap=True)


def _share(share: float | None) -> str:
    return "–" if share is None else f"{share:.0%}"
