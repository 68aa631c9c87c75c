"""Publishing periods: a day, a week from Monday, or a month of the calendar; and the periods that a run counts.

A period is identified by its first day. Days are counted from 1970.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np

from transforms.columns import Integers

_MONDAY = 4  # 5 January 1970


class Period(Enum):
    """A unit of publication."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"

    def first_days(self, days: Integers) -> Integers:
        """The first day of the period in which each day lies.

        >>> Period.WEEK.first_days(np.array([20515])), Period.MONTH.first_days(np.array([20515]))
        (array([20514]), array([20513]))
        """
        if self is Period.MONTH:
            return days.astype("M8[D]").astype("M8[M]").astype("M8[D]").astype(np.int64)
        return days if self is Period.DAY else days - (days - _MONDAY) % 7

    def first_day(self, day: int) -> int:
        """The same of one day."""
        return int(self.first_days(np.array([day], np.int64))[0])

    def next(self, start: int) -> int:
        """The first day of the next period."""
        return self.first_day(start + {Period.DAY: 1, Period.WEEK: 7, Period.MONTH: 31}[self])


@dataclass(frozen=True, slots=True)
class Window:
    """The periods that this run counts, by their first days: the requested ones, or every ended one that is not yet published.

    `end` is the first day that has not ended; `asked` None means "all before"; `published` ones are left out of either.
    """

    end: int
    asked: frozenset[int] | None = None
    published: frozenset[int] = frozenset()
    period: Period = Period.DAY

    def ended(self, start: int) -> bool:
        """Whether the period that begins then is over."""
        return self.period.next(start) <= self.end

    def includes(self, start: int) -> bool:
        """Whether lines of the period that begins then are counted."""
        return self.ended(start) and start not in self.published and (self.asked is None or start in self.asked)
