"""Takes files, gives the log format that each is taken for and why; without files, the list of formats."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Iterable

from pipeline import detected, logs, terminal
from pipeline.errors import JobError
from pipeline.inputs import NAME_IT, NOTHING, look_into, match
from pipeline.job import InputFile
from transforms.formats.registry import FORMATS


def formats(options: argparse.Namespace) -> None:
    """Print to standard output."""
    if options.file:
        _of_files(match(options.file))
        return
    with terminal.printing() as console:
        width = max(map(len, FORMATS))
        for known in FORMATS.values():
            console.print(f"{known.name:{width}}  {known.title}\n{'':{width}}  {known.notation}")
        console.print(f"{detected.W3C:{width}}  W3C extended, by its own #Fields line (IIS, CloudFront and others)")
        console.print("syslog:NAME: any of them behind the prefix of a log daemon, Kubernetes or Docker Compose.")
        console.print("docker:NAME: any of them as Docker's driver json-file stores it.")


def _of_files(files: Iterable[InputFile]) -> None:
    """Tell each at once, also those behind one that cannot be told; the last such error is raised, the others are said before."""
    problem: JobError | None = None
    for file in files:
        try:
            found = look_into(file)
        except JobError as error:
            message = error.message.removesuffix(NAME_IT).removesuffix(NOTHING)  # here nothing is published anyway
            error = JobError(error.exit_code, error.reason, message)
            if problem is not None:
                logs.event(
                    "failed", f"error: {problem.message}", logging.ERROR, reason=problem.reason, exit_code=problem.exit_code
                )
            problem = error
            continue
        with terminal.printing() as console:
            if found is None:
                console.print(f"{file.path}: empty")
                continue
            console.print(f"{file.path}: {detected.name_of(found.file.format)} ({found.file.compression})")
            for sentence in detected.why(found):
                console.print(f"    {sentence}")
    if problem is not None:
        raise problem
