"""Takes the words of --date and the clock, gives the days that a run may publish."""

from __future__ import annotations

import datetime

from pipeline.errors import EXIT_ALREADY_PUBLISHED, EXIT_USAGE, JobError
from transforms import clock
from transforms.anonymize import Window

EPOCH = datetime.date(1970, 1, 1)


def to_day(date: str) -> int:
    """Days since 1970 of an ISO date."""
    return (datetime.date.fromisoformat(date) - EPOCH).days


def to_date(day: int) -> str:
    """The ISO date of a day since 1970."""
    return (EPOCH + datetime.timedelta(day)).isoformat()


def asked_days(words: str | None, today: datetime.date) -> tuple[str, ...]:
    """The days of `--date`: a date, `yesterday`, or a range `A..B` of either, both included; none for None."""
    if words is None:
        return ()
    first, dots, last = words.partition("..")
    start, end = _one(first, today), _one(last if dots else first, today)
    if end < start:
        raise JobError(EXIT_USAGE, "usage", f"--date {words}: the range ends before it begins.")
    return tuple((start + datetime.timedelta(n)).isoformat() for n in range((end - start).days + 1))


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
    """The day that has not ended yet: of the zone's calendar, and still the day before until the grace is over."""
    return (now - datetime.timedelta(minutes=grace_minutes)).astimezone(clock.zone(time_zone)).date()


def window(asked: tuple[str, ...], published: frozenset[str], today: datetime.date, replace: bool) -> Window:
    """The days to count. Refuses an asked day that is published (exit 4, unless it is replaced) or has not ended (exit 2)."""
    for date in asked:
        if date >= today.isoformat():
            raise JobError(
                EXIT_USAGE,
                "not_ended",
                f"{date} has not ended yet: it can be published after midnight in --timezone, and --grace.",
            )
        if date in published and not replace:
            raise JobError(
                EXIT_ALREADY_PUBLISHED,
                "already_published",
                f"{date} is published already, and a day is published once. --replace withdraws the first release for a new one.",
            )
    if replace and not asked:
        raise JobError(EXIT_USAGE, "usage", "--replace needs --date: say which release is withdrawn.")
    return Window(
        end=(today - EPOCH).days,
        asked=frozenset(map(to_day, asked)) if asked else None,
        published=frozenset() if replace else frozenset(map(to_day, published)),
    )
