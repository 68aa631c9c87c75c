"""Dimensions of when a request came."""

from __future__ import annotations

from transforms.clock import HOURS
from transforms.dimensions.dimension import Dimension, Read, Scope, listed

_PART_HOURS = 6
DAY_PARTS = tuple(f"{HOURS[first]}-{HOURS[first + _PART_HOURS - 1]}" for first in range(0, len(HOURS), _PART_HOURS))


def day_part_of(hour: int) -> str:
    """The part of the day in which an hour lies, by its first and last hour.

    >>> day_part_of(0), day_part_of(11), day_part_of(23)
    ('00-05', '06-11', '18-23')
    """
    return DAY_PARTS[hour // _PART_HOURS]


_HOUR = Read("hour")

DAY_PART = Dimension(
    "day_part",
    f"Part of the day by its first and last hour, {listed(DAY_PARTS).replace('`', '')}, in the report's time zone",
    f"part of the day by its first and last hour: {listed(DAY_PARTS)}, in the time zone of the manifest",
    Scope.HIT,
    (_HOUR,),
    of=day_part_of,
    values=DAY_PARTS,
)
HOUR = Dimension(
    "hour",
    f"Hour of the day, {HOURS[0]} to {HOURS[-1]}, in the report's time zone",
    f"hour of the day, `{HOURS[0]}` to `{HOURS[-1]}`, in the time zone of the manifest",
    Scope.HIT,
    (_HOUR,),
    of=HOURS.__getitem__,
    values=HOURS,
    determines=("day_part",),
    within=("day_part", {part: HOURS[_PART_HOURS * at :][:_PART_HOURS] for at, part in enumerate(DAY_PARTS)}),
)
