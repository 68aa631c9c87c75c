"""Launches a job on Dataflow from the parameters of a Flex Template: calls `run`, which hands the job over and exits."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from pipeline.__main__ import main


def launch(parameters: Sequence[str]) -> int:
    """Run with `--name=value` for each parameter, as the template's launcher passes them; gives the exit code."""
    return main(["run", "--no-wait", *parameters])


if __name__ == "__main__":
    sys.exit(launch(sys.argv[1:]))
