"""`formats`: the detected log format of each file and the reasons for it; without files, the list of formats."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Iterable, Iterator

from rich.table import Table

from pipeline import logs
from pipeline.cli import terminal
from pipeline.config.patterns import Pattern
from pipeline.errors import JobError
from pipeline.graph import detected
from pipeline.graph.inputs import Found, look_into, match
from pipeline.graph.job import InputFile
from pipeline.graph.unread import NAME_IT, NOTHING
from pipeline.words import shown
from transforms.formats.registry import FORMATS


def formats(options: argparse.Namespace, _: list[str]) -> None:
    """Print to standard output."""
    if options.file:
        _of_files(options.file)
        return
    with terminal.printing() as console:
        table = Table.grid(padding=(0, 2, 0, 0))
        table.add_column(no_wrap=True)
        for known in FORMATS.values():
            table.add_row(known.name, f"{known.title}\n{known.notation}")
        table.add_row(detected.W3C, "W3C extended, by its own #Fields line (IIS, CloudFront and others)")
        console.print(table)
        console.print("syslog:NAME: any of them behind the prefix of a log daemon, Kubernetes or Docker Compose.")
        console.print("docker:NAME: any of them as Docker's driver json-file stores it.")


def _of_files(patterns: Iterable[str]) -> None:
    """Print each file's format at once, also after a file that fails. The last error is raised, earlier ones are logged."""
    problem: JobError | None = None
    for file in _each(patterns):
        try:
            if isinstance(file, JobError):
                raise file
            _tell(look_into(file))
        except JobError as error:
            message = error.message.removesuffix(NAME_IT).removesuffix(NOTHING)  # here nothing is published anyway
            if problem is not None:
                logs.event(
                    "failed", f"error: {problem.message}", logging.ERROR, reason=problem.reason, exit_code=problem.exit_code
                )
            problem = JobError(error.exit_code, error.reason, message)
    if problem is not None:
        raise problem


def _each(patterns: Iterable[str]) -> Iterator[InputFile | JobError]:
    """The files of each pattern, none twice, or why there are none."""
    told = set()
    for pattern in patterns:
        try:
            files = match([Pattern(pattern)])
        except JobError as error:
            yield error
            continue
        yield from (file for file in files if file.path not in told)
        told |= {file.path for file in files}


def _tell(found: Found) -> None:
    with terminal.printing() as console:
        name = shown(found.file.path)
        if found.empty:
            console.print(f"{name}: empty")
        elif not detected.is_told(found):
            console.print(f"{name}: {detected.UNTOLD} ({found.file.compression})")
        else:
            console.print(f"{name}: {detected.name_of(found.file.format)} ({found.file.compression})")
            for sentence in detected.why(found):
                console.print(terminal.indented(sentence))
