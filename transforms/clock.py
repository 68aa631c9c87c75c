"""Takes times in UTC and the name of a time zone, gives local days and hours; a day may have 23, 24 or 25 hours."""

from __future__ import annotations

import datetime
import zoneinfo

import numpy as np
import numpy.typing as npt

Seconds = npt.NDArray[np.int64]

UTC = "UTC"
DAY_SECONDS = 86_400
HOUR_SECONDS = 3_600
_QUARTER = 900  # every zone's offset changes at a full quarter of an hour, since 1970


def zone(name: str) -> zoneinfo.ZoneInfo:
    """The zone of the IANA database; `ValueError` if there is none of this name."""
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{name!r} is not a time zone of the IANA database, such as Europe/Berlin") from None


def local_seconds(seconds: Seconds, name: str) -> Seconds:
    """What clocks in the zone show, as seconds since 1970 on that clock, for seconds since 1970 in UTC."""
    if name == UTC or not len(seconds):
        return seconds
    quarters, codes = np.unique(seconds // _QUARTER, return_inverse=True)
    known = zone(name)
    offsets = [_offset(quarter * _QUARTER, known) for quarter in quarters.tolist()]
    return seconds + np.array(offsets, np.int64)[codes]


def _offset(second: int, known: zoneinfo.ZoneInfo) -> int:
    offset = datetime.datetime.fromtimestamp(second, known).utcoffset()
    return int(offset.total_seconds()) if offset else 0
