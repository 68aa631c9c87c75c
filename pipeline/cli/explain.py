"""`explain`: the guarantee and its limits in plain words, with the numbers in force."""

from __future__ import annotations

import argparse

from pipeline.cli import terminal
from pipeline.config.policy import policy_of_options
from pipeline.words import reflowed

WIDTH = 115


def explain(options: argparse.Namespace, _: list[str]) -> None:
    """Print to standard output."""
    text = policy_of_options(options, explained=True).explanation(options.period)
    with terminal.printing() as console:
        console.print(reflowed(text, min(console.width, WIDTH)), end="", soft_wrap=True)
