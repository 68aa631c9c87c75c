"""Takes files, gives the log format that each is taken for and why; without files, the list of formats."""

from __future__ import annotations

import argparse

from rich.console import Console
from rich.table import Table

from pipeline.inputs import AUTO, find_inputs
from transforms.formats.registry import FORMATS


def formats(options: argparse.Namespace) -> None:
    """Print to standard output."""
    console = Console(soft_wrap=True, highlight=False)
    if not options.file:
        table = Table(box=None, padding=(0, 2, 0, 0))
        for title in ("name", "what it is", "as the server writes it"):
            table.add_column(title, no_wrap=True)
        for known in FORMATS.values():
            table.add_row(known.name, known.title, known.notation, style=None)
        console.print(table)
        return
    for found in find_inputs(options.file, AUTO):
        if found.detection is None:
            continue
        ranked = sorted(found.detection.fits.items(), key=lambda item: (-item[1], item[0]))
        others = ", ".join(f"{name} {count:,}" for name, count in ranked[1:3])
        console.print(
            f"{found.file.path}: {found.file.format}, fits {ranked[0][1]:,} of {found.detection.lines:,} lines tried "
            f"({found.file.compression}; the next best fit {others})"
        )
