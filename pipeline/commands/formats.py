"""Takes files, gives the log format that each is taken for and why; without files, the list of formats."""

from __future__ import annotations

import argparse

from pipeline import detected, terminal
from pipeline.inputs import find_inputs
from transforms.formats.registry import FORMATS


def formats(options: argparse.Namespace) -> None:
    """Print to standard output."""
    with terminal.printing() as console:
        if options.file:
            for found in find_inputs(options.file):
                console.print(f"{found.file.path}: {detected.name_of(found.file.format)} ({found.file.compression})")
                for sentence in detected.why(found):
                    console.print(f"    {sentence}")
            return
        width = max(map(len, FORMATS))
        for known in FORMATS.values():
            console.print(f"{known.name:{width}}  {known.title}\n{'':{width}}  {known.notation}")
        console.print(f"{detected.W3C:{width}}  W3C extended, by its own #Fields line (IIS, CloudFront and others)")
        console.print("syslog:NAME: any of them behind the prefix of a log daemon, Kubernetes or Docker Compose.")
        console.print("docker:NAME: any of them as Docker's driver json-file stores it.")
