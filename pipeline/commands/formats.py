"""Takes files, gives the log format that each is taken for and why; without files, the list of formats."""

from __future__ import annotations

import argparse

from pipeline import detected, terminal
from pipeline.inputs import find_inputs
from transforms.formats.registry import FORMATS


def formats(options: argparse.Namespace) -> None:
    """Print to standard output."""
    for pattern in options.file or ():
        # Each is told at once: an error of a later one hides nothing.
        with terminal.printing() as console:
            for found in find_inputs([pattern]):
                console.print(f"{found.file.path}: {detected.name_of(found.file.format)} ({found.file.compression})")
                for sentence in detected.why(found):
                    console.print(f"    {sentence}")
    if options.file:
        return
    with terminal.printing() as console:
        width = max(map(len, FORMATS))
        for known in FORMATS.values():
            console.print(f"{known.name:{width}}  {known.title}\n{'':{width}}  {known.notation}")
        console.print(f"{detected.W3C:{width}}  W3C extended, by its own #Fields line (IIS, CloudFront and others)")
        console.print("syslog:NAME: any of them behind the prefix of a log daemon, Kubernetes or Docker Compose.")
        console.print("docker:NAME: any of them as Docker's driver json-file stores it.")
