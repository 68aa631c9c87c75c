"""Prints a command's output to standard output: wrapped between words on a terminal, never wrapped in a pipe or a file."""

from __future__ import annotations

import contextlib
import io
import logging
import os
from collections.abc import Iterator

from rich.console import Console
from rich.padding import Padding

from pipeline import logs
from pipeline.words import encodable

_NEVER_CUT = 100_000


def indented(text: str) -> Padding:
    """Text about the line above; if it is wrapped, each part is indented."""
    return Padding(text, (0, 0, 0, 4), expand=False)


@contextlib.contextmanager
def printing() -> Iterator[Console]:
    """A console whose text is written when the block ends.

    A closed pipe, or a full disk behind standard output, does not make the command fail.
    """
    output = Console()
    text = io.StringIO()
    width = output.width if output.is_terminal else _NEVER_CUT
    yield Console(file=text, force_terminal=output.is_terminal, width=width, highlight=False, markup=False, emoji=False)
    try:
        lines = "".join(f"{line.rstrip(' ')}\n" for line in text.getvalue().splitlines())
        output.file.write(encodable(lines, getattr(output.file, "encoding", None)))
        output.file.flush()
    except OSError as error:
        # What is still in the buffer must not fail again when the interpreter ends.
        with open(os.devnull, "w") as nowhere:
            os.dup2(nowhere.fileno(), output.file.fileno())
        if not isinstance(error, BrokenPipeError):
            logs.event("not_shown", f"standard output cannot be written: {error.strerror}.", logging.WARNING)
