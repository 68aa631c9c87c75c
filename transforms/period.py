"""Publishing periods: a day, or a week from Monday, identified by its first day; and the periods that a run counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from transforms.columns import Integers

PERIODS = {"day": 1, "week": 7}
"""Lengths of the publishing periods, in days."""

_MONDAY = 4  # 5 January 1970, in days since 1970

Days = TypeVar("Days", int, Integers)


def first_day(day: Days, length: int) -> Days:
    """The first day of the period in which a day lies; days are counted from 1970.

    >>> first_day(20515, 1), first_day(20515, 7)
    (20515, 20514)
    """
    return day - (day - _MONDAY) % length


@dataclass(frozen=True, slots=True)
class Window:
    """The periods that this run counts, by their first days: the requested ones, or every ended one that is not yet published.

    `end` is the first day that has not ended; `asked` None means "all before"; `published` ones are left out of either.
    """

    end: int
    asked: frozenset[int] | None = None
    published: frozenset[int] = frozenset()
    length: int = 1

    def ended(self, start: int) -> bool:
        """Whether the period that begins then is over."""
        return start + self.length <= self.end

    def includes(self, start: int) -> bool:
        """Whether lines of the period that begins then are counted."""
        return self.ended(start) and start not in self.published and (self.asked is None or start in self.asked)
