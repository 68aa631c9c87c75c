"""Dimensions of when a request came."""

from __future__ import annotations

from transforms.dimensions.dimension import Dimension, Read, Scope

HOURS = tuple(f"{hour:02}" for hour in range(24))

HOUR = Dimension(
    "hour", "Hour of the day, 00 to 23, in the report's time zone", Scope.HIT, (Read("hour"),), of=HOURS.__getitem__, values=HOURS
)
