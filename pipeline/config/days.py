"""Resolves --date against the clock: the days, weeks or months that a run may publish."""

from __future__ import annotations

import datetime

from pipeline.errors import EXIT_ALREADY_PUBLISHED, EXIT_USAGE, JobError
from transforms import clock
from transforms.period import Period, Window

EPOCH = datetime.date(1970, 1, 1)


def to_day(date: str) -> int:
    """Days since 1970 of an ISO date."""
    return (datetime.date.fromisoformat(date) - EPOCH).days


def to_date(day: int) -> str:
    """The ISO date of a day since 1970."""
    return (EPOCH + datetime.timedelta(day)).isoformat()


def asked_periods(words: str | None, today: datetime.date, period: Period) -> tuple[str, ...]:
    """First days of the periods of `--date`: a date, `yesterday`, or a range `A..B` of either, both included; none for None."""
    if words is None:
        return ()
    first, dots, last = words.partition("..")
    start, end = _one(first, today), _one(last if dots else first, today)
    if end < start:
        raise JobError(EXIT_USAGE, "usage", f"--date {words}: the range ends before it begins.")
    first_days = (period.first_day(day) for day in range((start - EPOCH).days, (end - EPOCH).days + 1))
    return tuple(map(to_date, dict.fromkeys(first_days)))


def _one(word: str, today: datetime.date) -> datetime.date:
    if word == "yesterday":
        return today - datetime.timedelta(1)
    try:
        if len(word) == len("YYYY-MM-DD"):
            return datetime.date.fromisoformat(word)
    except ValueError:
        pass
    raise JobError(EXIT_USAGE, "usage", f"--date {word}: write a day as YYYY-MM-DD or yesterday, a range as FIRST..LAST.")


def today_in(time_zone: str, grace_minutes: int, now: datetime.datetime) -> datetime.date:
    """The current day in the zone's calendar, and still the day before until the grace period is over."""
    return (now - datetime.timedelta(minutes=grace_minutes)).astimezone(clock.zone(time_zone)).date()


def window(asked: tuple[str, ...], published: frozenset[str], today: datetime.date, replace: bool, period: Period) -> Window:
    """The periods to count; all dates are first days. Refuses a requested one that is published (exit 4, unless it is replaced)
    or has not ended (exit 2).
    """
    counted = Window(
        end=(today - EPOCH).days,
        asked=frozenset(map(to_day, asked)) if asked else None,
        published=frozenset() if replace else frozenset(map(to_day, published)),
        period=period,
    )
    for date in asked:
        name = date if period is Period.DAY else f"The {period.value} from {date}"
        if not counted.ended(to_day(date)):
            message = f"{name} has not ended yet: it can be published after its last midnight in --timezone, and --grace."
            raise JobError(EXIT_USAGE, "not_ended", message)
        if date in published and not replace:
            message = f"{name} is published already, and is published once. --replace withdraws the first release for a new one."
            raise JobError(EXIT_ALREADY_PUBLISHED, "already_published", message)
    if replace and not asked:
        raise JobError(EXIT_USAGE, "usage", "--replace needs --date: say which release is withdrawn.")
    return counted
