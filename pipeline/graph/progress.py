"""Shows one progress bar on a terminal, and nothing elsewhere.

The local runner's steps call `consumed` and `counted` in the parent process. On a remote runner these do nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress

_shown: list[Progress] = []


_WIDE = 80


@contextmanager
def shown(total_bytes: int | None) -> Iterator[None]:
    """Show progress on standard error while the input, `total_bytes` as stored, is read; None if the total is unknown."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, ProgressColumn, TextColumn, TimeRemainingColumn
    from rich.table import Column

    console = Console(stderr=True)
    columns: list[ProgressColumn] = [
        TextColumn("{task.description}", table_column=Column(no_wrap=True)),
        DownloadColumn(table_column=Column(no_wrap=True)),
        TextColumn("{task.fields[speed]:,} lines/s", table_column=Column(no_wrap=True)),
        TimeRemainingColumn(table_column=Column(no_wrap=True)),
    ]
    if console.width >= _WIDE:
        columns[1:1] = [BarColumn()]
        columns[3:3] = [TextColumn("{task.fields[lines]:,} lines", table_column=Column(no_wrap=True))]
    # Rich would draw in a thread of its own, and it hides the cursor for good where the machine gives no thread.
    with Progress(*columns, console=console, transient=True, auto_refresh=False) as bar:
        bar.add_task("Reading", total=total_bytes, lines=0, speed=0)
        bar.refresh()
        _shown.append(bar)
        try:
            yield
        finally:
            _shown.pop()


def consumed(stored_bytes: int) -> None:
    """Report that so many more bytes of the input, as stored, have been read."""
    for bar in _shown:
        bar.advance(bar.task_ids[0], stored_bytes)


def counted(lines: int) -> None:
    """Report that so many more lines have been processed."""
    for bar in _shown:
        task = bar.tasks[0]
        total = task.fields["lines"] + lines
        speed = int(total / task.elapsed) if task.elapsed else 0
        finished = task.total is not None and task.completed >= task.total
        bar.update(task.id, lines=total, speed=speed, description="Counting" if finished else "Reading", refresh=True)
