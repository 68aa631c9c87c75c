"""Local time around changes of the clock."""

from __future__ import annotations

import datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.clock import local_seconds, zone

ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Apia"]


@given(st.lists(st.integers(0, 2_000_000_000), max_size=20), st.sampled_from(ZONES))
def test_local_clocks(seconds, name):
    shown = local_seconds(np.array(seconds, np.int64), name)
    for second, local in zip(seconds, shown.tolist(), strict=True):
        clock = datetime.datetime.fromtimestamp(second, zone(name)).replace(tzinfo=datetime.timezone.utc)
        assert local == clock.timestamp()


@pytest.mark.parametrize("name", ["Berlin", "", "../etc/passwd", "Europe", "/usr"])
def test_a_zone_that_is_none_is_refused(name):
    with pytest.raises(ValueError, match="not a time zone"):
        zone(name)
