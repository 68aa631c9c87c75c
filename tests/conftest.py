"""Shared test settings: UTC, Hypothesis without deadlines, because a machine may be slow, and a folder with a short name."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.kernels import BUILT, running

# The zone of a run follows from the machine's where --timezone does not say it.
os.environ["TZ"] = "UTC"
time.tzset()

settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """A folder whose path is short enough for the sockets that multiprocessing makes in TMPDIR."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


@pytest.fixture(scope="module", params=BUILT)
def each_kernel(request: pytest.FixtureRequest) -> Iterator[None]:
    """All tests of a module, with each kernel that was built."""
    with running(request.param):
        yield
