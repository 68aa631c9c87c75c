"""The choice of a period: what each would name of the people's hits in the input, and the command for each.

A data set keeps to its period, so a first run whose days would say little asks before it publishes anything.
"""

from __future__ import annotations

import argparse
import contextlib
import shlex
from collections.abc import Mapping

from rich.console import Console
from rich.table import Table

from pipeline.cli import terminal
from pipeline.errors import EXIT_USAGE, JobError
from pipeline.graph.launch import Launch
from pipeline.graph.preview import SHOWN, Preview, preview
from pipeline.words import plural
from transforms.block import BlockError
from transforms.period import Period


def previews(prepared: Launch) -> dict[Period, Preview]:
    """A preview by each period; none if a block cannot be read. Then it is for the run to say so."""
    with contextlib.suppress(BlockError):
        return {period: preview(prepared.job, prepared.found, period) for period in Period}
    return {}


def refuse_poor(prepared: Launch, options: argparse.Namespace) -> None:
    """Where the operator may still choose, and days would name few page hits, print the choice and raise `JobError` (exit 2)."""
    if prepared.undecided and _is_poor_by_day(prepared) and (found := previews(prepared)):
        with terminal.printing() as console:
            show(found, console)
            show_commands(found, options, console)
        raise undecided(found)


def _is_poor_by_day(prepared: Launch) -> bool:
    with contextlib.suppress(BlockError):
        return preview(prepared.job, prepared.found, Period.DAY).is_poor
    return False


def undecided(found: Mapping[Period, Preview]) -> JobError:
    """Why nothing is published."""
    shares = ", ".join(f"--period {period.value} ({_share(each.named['pages'])})" for period, each in found.items())
    message = (
        "By day most page hits would go unnamed, and a data set keeps to its period. Nothing was published. Choose, by the share "
        f"of page hits that are named: {shares}."
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


def show_commands(found: Mapping[Period, Preview], options: argparse.Namespace, console: Console) -> None:
    """The command for each choice; the shortest period that names most page hits comes with a remark."""
    best = next((period for period, each in found.items() if not each.is_poor), Period.MONTH)
    console.print()
    for period in found:
        command = shlex.join(["weblog-anonymizer", "run", *options.arguments, "--period", period.value])
        console.print(f"{command}{'   # suggested' if period is best else ''}", soft_wrap=True)


def _share(share: float | None) -> str:
    return "–" if share is None else f"{share:.0%}"
