"""Dimensions of when a request came."""

from __future__ import annotations

from transforms.clock import HOURS
from transforms.dimensions.dimension import Dimension, Read, Scope

HOUR = Dimension(
    "hour",
    f"Hour of the day, {HOURS[0]} to {HOURS[-1]}, in the report's time zone",
    f"hour of the day, `{HOURS[0]}` to `{HOURS[-1]}`, in the time zone of the manifest",
    Scope.HIT,
    (Read("hour"),),
    of=HOURS.__getitem__,
    values=HOURS,
)
