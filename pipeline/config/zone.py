"""Decides by which time zone's calendar a run publishes where --timezone does not say it.

Days of another zone would be cut at another hour of the night, for good: a day is published once, and a data set keeps to one
zone. So nothing is guessed. The zone follows from what is published, or from the machine if the log does not contradict it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from pipeline.errors import EXIT_OUTPUT, EXIT_USAGE, JobError
from transforms import clock
from transforms.clock import UTC
from transforms.columns import Seconds
from transforms.errors import translated

AUTO = "auto"
"""The value of --timezone for a zone that is to be found out."""

LOCALTIME = "/etc/localtime"
_ZONE_FILES = "zoneinfo/"
_EXAMPLE = "Europe/Berlin"
_SHOWN = 4
_NAMES_OF_UTC = ("Etc/UTC", "Etc/UCT", "Etc/Universal", "Etc/Zulu", "UCT", "Universal", "Zulu", "UTC0")


@dataclass(frozen=True, slots=True)
class Zone:
    """The time zone of days and hours, and why it is that one; "" if the operator named it.

    Where only the operator knows, there is a `question` (exit 2), and the name is that of a calendar that the log's lines fit.
    """

    name: str
    why: str = ""
    question: JobError | None = None


def find_zone(said: str, published: Iterable[str], stated: Iterable[tuple[Seconds, Seconds]]) -> Zone:
    """The zone of a run: `said` by --timezone, or else that of the published periods, or else the machine's.

    `stated` are, for each input file, the times of sampled lines that state an offset from UTC (seconds since 1970), and the
    offsets (seconds ahead of it). They are read only if needed. If the machine's zone does not have these offsets at these
    times, only the operator knows.
    """
    if said != AUTO:
        return Zone(said)
    for name in published:
        with translated(ValueError, lambda error: JobError(EXIT_OUTPUT, "bad_manifest", f"A manifest of --output: {error}.")):
            return Zone(clock.zone(str(name)).key, "as in the periods that are published there")
    seconds, offsets = np.concatenate([np.zeros((2, 0), np.int64), *stated], axis=1)
    machine = machine_zone()
    if machine is None or (clock.local_seconds(seconds, machine) - seconds != offsets).any():
        return Zone(_fitting(offsets), question=_which_zone(machine, offsets))
    if not len(offsets):
        return Zone(machine, "this machine's zone, because the log states no offset from UTC; --timezone names another")
    return Zone(machine, f"this machine's zone, which the log agrees with ({_listed(offsets)}); --timezone names another")


def machine_zone() -> str | None:
    """The IANA name of this machine's time zone, by TZ or /etc/localtime as the C library reads them; None if it has none."""
    said = os.environ.get("TZ")
    if said is None:
        name = _name_of_file(LOCALTIME) if os.path.lexists(LOCALTIME) else UTC
    else:
        said = said.removeprefix(":")
        name = _name_of_file(said) if said.startswith("/") else said or UTC
    if name in _NAMES_OF_UTC:
        return UTC
    try:
        return clock.zone(name).key
    except ValueError:
        return None


def _name_of_file(path: str) -> str:
    """The zone whose file of the database this is. Where links follow each other, the first has the name that was chosen."""
    target = os.readlink(path) if os.path.islink(path) else path
    for place in (target, os.path.realpath(path)):
        _, found, name = place.partition(_ZONE_FILES)
        if found:
            return name.removeprefix("posix/").removeprefix("right/")
    return ""


def _fitting(offsets: Seconds) -> str:
    """The zone whose clock always shows the offset that all lines state, if it is of whole hours; else UTC."""
    hours, rest = divmod(int(offsets[0]), 3_600) if len(np.unique(offsets)) == 1 else (0, 0)
    return UTC if rest or not hours else f"Etc/GMT{-hours:+d}"  # its sign is that of POSIX


def _which_zone(machine: str | None, offsets: Seconds) -> JobError:
    if len(offsets):
        stated = f"The lines of the input state the offset {_listed(offsets)} from UTC"
        other = f", which is not what this machine's time zone {machine} has then" if machine else ""
    else:
        stated, other = "The lines of the input state no offset from UTC", ""
    unnamed = "" if machine else ", and this machine's time zone has no name of the IANA database"
    hours = sorted({_clock(offset) for offset in np.unique(offsets).tolist() if offset % clock.DAY_SECONDS})
    cut = f"Days of UTC would be cut at {' or '.join(hours[:_SHOWN])} of that clock" if hours else ""
    cut = cut or "Days of UTC are cut at another hour of the night than those of other zones"
    own = f"--timezone {machine} for this machine's days, " if machine not in (None, UTC) else ""
    return JobError(
        EXIT_USAGE,
        "which_zone",
        f"{stated}{other}{unnamed}: by which zone's calendar are days meant? {cut}, and a data set keeps to one zone. "
        f"Say --timezone UTC for days of UTC, {own}or name the site's zone, as in --timezone {_EXAMPLE}. Nothing was published.",
    )


def _listed(offsets: Seconds) -> str:
    """The different offsets, as logs write them."""
    each = [_offset(offset) for offset in np.unique(offsets).tolist()]
    more = f" and {len(each) - _SHOWN} others" if len(each) > _SHOWN else ""
    return f"{', '.join(each[:_SHOWN])}{more}"


def _offset(seconds: int) -> str:
    hours, minutes = divmod(abs(seconds) // 60, 60)
    return f"{'-' if seconds < 0 else '+'}{hours:02}{minutes:02}"


def _clock(offset: int) -> str:
    """What a clock that is so far ahead of UTC shows at midnight there."""
    hours, minutes = divmod(offset % clock.DAY_SECONDS // 60, 60)
    return f"{hours:02}:{minutes:02}"
