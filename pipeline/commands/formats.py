"""Takes files, gives the log format that each is taken for and why; without files, the list of formats."""

from __future__ import annotations

import argparse

from pipeline.inputs import find_inputs
from transforms.formats.registry import FORMATS


def formats(options: argparse.Namespace) -> None:
    """Print to standard output."""
    if not options.file:
        for known in FORMATS.values():
            print(f"{known.name:20} {known.title}\n{'':20} {known.notation}")
        print(f"{'w3c':20} W3C extended, by its own #Fields line (IIS, CloudFront)")
        return
    for found in find_inputs(options.file):
        if found.detection is None:
            continue
        ranked = sorted(found.detection.fits.items(), key=lambda item: (-item[1], item[0]))
        others = ", ".join(f"{name} {count:,}" for name, count in ranked[1:3])
        why = f"the next best fit {others}" if others else "as its header says"
        print(
            f"{found.file.path}: {found.file.format.partition(':')[0]}, fits {ranked[0][1]:,} of {found.detection.lines:,} lines "
            f"tried ({found.file.compression}; {why})"
        )
