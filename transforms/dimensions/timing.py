"""Dimensions of when a request came."""

from __future__ import annotations

from transforms.clock import HOURS
from transforms.dimensions.dimension import Dimension, Read, Scope

HOUR = Dimension(
    "hour",
    "Hour of the day, 00 to 23, in the report's time zone",
    "hour of the day, `00` to `23`, in the time zone of the manifest",
    Scope.HIT,
    (Read("hour"),),
    of=HOURS.__getitem__,
    values=HOURS,
)
