"""How far the input covers a period: whether it goes on before and after it, or begins or ends inside.

A period is published once, so what the input lacks of it is lacking for good. Coverage is not public: it depends on lines of
other periods.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping

from pipeline.config.days import to_day
from transforms.clock import DAY_SECONDS
from transforms.period import Window

FULL, EDGE, NOT_TOLD = "full", "edge", "not_told"
"""Coverage: whether the input goes on before and after the period, or begins or ends in it."""

ENOUGH_LINES = 20
"""Fewer lines do not show that the input goes on: a clock that was wrong writes a line of 1970 or 2036."""

_SLOWEST = 4
"""Nights are quiet: before its first line a period may have had a quarter of the lines an hour that it has from there on."""

_NEAR_DAYS = 7
_DAY_MINUTES = DAY_SECONDS // 60


def coverage_of(date: str, lines: Mapping[str, int], announced: bool) -> str:
    """The coverage of a period, given the lines of all periods of the input.

    With announced periods it is not told: that a period has lines may be one person's secret.
    """
    if announced:
        return NOT_TOLD
    before = sum(count for other, count in lines.items() if other < date)
    after = sum(count for other, count in lines.items() if other > date)
    return FULL if min(before, after) >= ENOUGH_LINES else EDGE


def cut_period(lines: Mapping[str, int], first: Mapping[str, int], window: Window) -> str | None:
    """The period inside which the input surely begins, if this run would publish it. `first` are minutes up to the first line.

    From its first line to its end a period has so many lines an hour. If at a quarter of that rate enough lines would have come
    before the first one, they are elsewhere.
    """
    date = _first_period(lines, window)
    if date is None or not window.includes(to_day(date)):
        return None
    start = to_day(date)
    missed, seen = first[date], (window.period.next(start) - start) * _DAY_MINUTES - first[date]
    return date if lines[date] * missed >= ENOUGH_LINES * _SLOWEST * seen else None


def _first_period(lines: Mapping[str, int], window: Window) -> str | None:
    """The period with which the input begins: the first one, apart from stray lines a week or more before all others."""
    dates = sorted(lines)
    strays = 0
    for date, following in itertools.pairwise(dates):
        strays += lines[date]
        if strays >= ENOUGH_LINES or to_day(following) - window.period.next(to_day(date)) < _NEAR_DAYS:
            return date
    return dates[-1] if dates else None
