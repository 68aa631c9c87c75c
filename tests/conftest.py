"""Shared test settings: Hypothesis without deadlines, because a machine may be slow, and a folder with a short name."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """A folder whose path is short enough for the sockets that multiprocessing makes in TMPDIR."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)
