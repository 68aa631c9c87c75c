"""The memory of a command with all processes that descend from it."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

from pipeline.graph.memory import family, proportional_memory

ROOT = Path(__file__).parents[1]
SAMPLE_SECONDS = 0.05


def peak_memory(command: list[str], environment: dict[str, str] | None = None) -> tuple[int, int, str]:
    """The highest memory of the process and its descendants together, in bytes, shared pages counted once; its exit code; and
    what it wrote to stderr.

    In a run of its own: looking at a process slows it down.
    """
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment, errors="replace"
    )
    peak = 0
    while process.poll() is None:
        peak = max(peak, sum(map(proportional_memory, family(process.pid))))
        time.sleep(SAMPLE_SECONDS)
    assert process.stderr is not None
    with process.stderr:
        return peak, process.returncode, process.stderr.read()
