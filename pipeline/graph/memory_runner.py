"""Beam's runner for this machine: in memory, without open ports, downloads or waiting."""

from __future__ import annotations

from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.runners.worker.statesampler import StateSampler

SAMPLING_MILLISECONDS = 10


def memory_runner() -> FnApiRunner:
    """`DirectRunner` would try to download another runner first, and leave a port open; this one opens none."""
    # At the end of each step Beam waits for a thread that watches it asleep, by default up to 200 ms: a tenth of a run.
    StateSampler.__init__.__defaults__ = (SAMPLING_MILLISECONDS,)
    return FnApiRunner()
