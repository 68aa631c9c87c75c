"""The memory of a command with all processes that descend from it."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

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


def family(pid: int) -> list[int]:
    """The process and all that descend from it."""
    children: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                parent = int(Path(f"/proc/{entry}/stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, IndexError):
                continue  # it ended meanwhile
            children.setdefault(parent, []).append(int(entry))
    found, left = [], [pid]
    while left:
        found.append(left.pop())
        left += children.get(found[-1], [])
    return found


def proportional_memory(pid: int) -> int:
    """The process's share of memory in bytes: of a page that several processes have, each has a part."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in text.splitlines() if line.startswith("Pss:")), 0)
