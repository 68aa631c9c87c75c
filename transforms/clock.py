"""Converts UTC to local time of a named time zone and back. A local day may have 23, 24 or 25 hours."""

from __future__ import annotations

import datetime
import zoneinfo

import numpy as np

from transforms.columns import Flags, Seconds

UTC = "UTC"
DAY_SECONDS = 86_400
HOUR_SECONDS = 3_600
HOURS = tuple(f"{hour:02}" for hour in range(24))
_QUARTER = 900  # every zone's offset changes at a full quarter of an hour, since 1970


def zone(name: str) -> zoneinfo.ZoneInfo:
    """The IANA time zone of this name; `ValueError` if it does not exist."""
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{name!r} is not a time zone of the IANA database, such as Europe/Berlin") from None


def local_seconds(seconds: Seconds, name: str) -> Seconds:
    """Local time in the zone, as seconds since 1970 on the local clock, from seconds since 1970 in UTC."""
    if name == UTC or not len(seconds):
        return seconds
    quarters, codes = np.unique(seconds // _QUARTER, return_inverse=True)
    known = zone(name)
    offsets = [_offset(quarter * _QUARTER, known) for quarter in quarters.tolist()]
    return seconds + np.array(offsets, np.int64)[codes]


def utc_seconds(local: Seconds, name: str) -> tuple[Seconds, Flags]:
    """Seconds since 1970 in UTC from local time in the zone, and which local times occur twice (in autumn).

    Of the two, the first is used. Times that clocks skip in spring are read with the offset before the change.
    """
    if name == UTC or not len(local):
        return local, np.zeros(len(local), np.bool_)
    quarters, codes = np.unique(local // _QUARTER, return_inverse=True)
    known = zone(name)
    shown = [datetime.datetime.fromtimestamp(quarter * _QUARTER, datetime.timezone.utc) for quarter in quarters.tolist()]
    first, second = (
        np.array([_seconds(time.replace(tzinfo=known, fold=fold).utcoffset()) for time in shown], np.int64) for fold in (0, 1)
    )
    return local - first[codes], (first > second)[codes]


def _offset(second: int, known: zoneinfo.ZoneInfo) -> int:
    return _seconds(datetime.datetime.fromtimestamp(second, known).utcoffset())


def _seconds(offset: datetime.timedelta | None) -> int:
    return int(offset.total_seconds()) if offset else 0
