"""The entry point of the command line. Worker processes import this file too, so it imports nothing heavy by itself."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; every failure becomes one message and one exit code."""
    from pipeline.cli.dispatch import dispatch

    return dispatch(sys.argv[1:] if arguments is None else arguments)


if __name__ == "__main__":
    sys.exit(main())
