"""Line accounting: merges the accounts of blocks per file and run, and checks the gates that must pass before publication.

An account is a dictionary of numbers, so that it can travel as JSON: for each file its format, bytes, lines read and counted,
readable lines by day and the minute in which they begin, counted lines of people by day, and those of them with a private
address, lines of visitors who opted out by day, ignored and rejected lines by
reason, and the positions of its first rejects.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from typing import Any

from pipeline.config.days import to_date
from pipeline.errors import EXIT_NO_COUNTED_LINE, EXIT_REJECTED, EXIT_UNEXPECTED, JobError
from transforms.block import MAX_EXAMPLES, Account
from transforms.parsing.rows import REJECT_REASONS

ALLOWED_REJECTS = 1
"""So many lines may be rejected however few there are: one is cut off where a log is rotated or copied."""

_ENOUGH = 100
"""Of fewer hits of people nothing is told: a short log may well be of one visitor."""

_NEARLY_ALL = 0.95

_NUMBERS = ("bytes", "read", "counted", "ambiguous")
_ADDED = ("days", "people", "local", "opted_out", "ignored", "rejected")


def to_json(account: Account) -> bytes:
    """One block's account, as it leaves the worker."""
    return json.dumps(
        {
            "format": account.format,
            "bytes": account.bytes,
            "read": account.read,
            "counted": account.counted,
            "ambiguous": account.ambiguous,
            "days": _by_date(account.period_lines),
            "people": _by_date(account.people),
            "local": _by_date(account.local),
            "first": _by_date(account.period_first),
            "opted_out": _by_date(account.period_opted_out),
            "ignored": account.ignored,
            "rejected": account.rejected,
            "examples": [[reject.offset, reject.reason] for reject in account.examples],
        }
    ).encode()


def _by_date(numbers: dict[int, int]) -> dict[str, int]:
    return {to_date(day): number for day, number in numbers.items()}


def merge(accounts: Iterable[tuple[str, bytes]]) -> dict[str, Any]:
    """The run's account: `files` by path, and the totals of all."""
    files: dict[str, dict[str, Any]] = {}
    for path, data in accounts:
        block = json.loads(data)
        file = files.setdefault(path, {"format": block["format"], **_nothing()})
        _add(file, block)
    total = _nothing()
    for _, file in sorted(files.items()):
        _add(total, {**file, "examples": []})
    del total["examples"]
    return {"files": dict(sorted(files.items())), **total}


def _nothing() -> dict[str, Any]:
    numbers = dict.fromkeys(_NUMBERS, 0)
    return {**numbers, **{name: {} for name in (*_ADDED, "first")}, "examples": []}


def _add(total: dict[str, Any], part: dict[str, Any]) -> None:
    for name in _NUMBERS:
        total[name] += part[name]
    for name in _ADDED:
        total[name] = dict(sorted((Counter(total[name]) + Counter(part[name])).items()))
    total["first"] |= {date: min(minutes, total["first"].get(date, minutes)) for date, minutes in part["first"].items()}
    total["examples"] = sorted(total["examples"] + part["examples"])[:MAX_EXAMPLES]


def closed(account: dict[str, Any], left_out: str | None) -> dict[str, Any]:
    """The account as the run record states it. Lines of a period that is `left_out` do not count, though they were counted."""
    files = {path: _closed(file, left_out) for path, file in account["files"].items()}
    return {**_closed(account, left_out), "opted_out_days": account["opted_out"], "files": files}


def _closed(lines: dict[str, Any], left_out: str | None) -> dict[str, Any]:
    opted_out = {date: number for date, number in lines["opted_out"].items() if date != left_out}
    gone = lines["days"].get(left_out, 0) - lines["opted_out"].get(left_out, 0)
    rest = {name: value for name, value in lines.items() if name != "first"}
    return {**rest, "counted": lines["counted"] - gone, "opted_out": sum(opted_out.values())}


def check(account: dict[str, Any], expected_bytes: dict[str, int], max_reject_ratio: float, asked: Iterable[str]) -> None:
    """Raise `JobError` unless all is read, every line accounted for, few enough rejected, and a requested day has lines."""
    for path, size in expected_bytes.items():
        if account["files"].get(path, {"bytes": 0})["bytes"] != size:
            raise JobError(EXIT_UNEXPECTED, "incomplete", f"{path}: not all that was read was processed. Nothing was published.")
    for path, lines in account["files"].items():
        known = sum(lines["days"].values()) + sum(lines["ignored"].values()) + sum(lines["rejected"].values())
        if known != lines["read"]:
            raise JobError(EXIT_UNEXPECTED, "unaccounted", f"{path}: lines are unaccounted for. Nothing was published.")
        _check_ratio(path, lines, max_reject_ratio)
    _check_ratio("all input", account, max_reject_ratio)
    asked = tuple(asked)
    if asked and not any(account["days"].get(day) for day in asked):
        raise JobError(
            EXIT_NO_COUNTED_LINE,
            "no_counted_line",
            f"No line of {asked[0] if len(asked) == 1 else f'{asked[0]} to {asked[-1]}'} was found in the input. "
            "Is it in another file, or in another time zone? Nothing was published.",
        )


def largest_networks(traffic: Iterable[tuple[str, tuple[int, int]]]) -> dict[str, int]:
    """Hits of people in the largest network of each period, out of `CountShards`'s `traffic`: a network is in one shard."""
    peaks: dict[str, int] = {}
    for date, (hits, _) in traffic:
        peaks[date] = max(hits, peaks.get(date, 0))
    return peaks


def check_networks(account: dict[str, Any], peaks: dict[str, int]) -> None:
    """Raise `JobError` if nearly all hits of people are of one network; see `largest_networks`.

    All private addresses are one network, and so are all addresses that cannot be read, and all host names.
    """
    people, largest = sum(account["people"].values()), sum(peaks.values())
    if people < _ENOUGH or largest < _NEARLY_ALL * people:
        return
    nowhere = sum(account["local"].values()) >= _NEARLY_ALL * people
    raise JobError(
        EXIT_REJECTED,
        "one_network",
        f"{largest:,} of {people:,} hits of people come from {'no public address' if nowhere else 'one network'}: this looks "
        "like a proxy, and hides your visitors. Nothing was published. If the log holds X-Forwarded-For, see --trusted-proxies, "
        "and if another field holds the visitor's address, --format. If it is right as it is, say --one-network publish.",
    )


def _check_ratio(name: str, lines: dict[str, Any], allowed: float) -> None:
    rejected = sum(lines["rejected"].values())
    if rejected > max(allowed * lines["read"], ALLOWED_REJECTS if allowed else 0):
        reasons = "; ".join(f"{REJECT_REASONS[reason]}: {count:,}" for reason, count in lines["rejected"].items())
        raise JobError(
            EXIT_REJECTED,
            "too_many_rejects",
            f"{name}: {rejected:,} of {lines['read']:,} lines were rejected ({reasons}), more than --max-reject-ratio "
            f"{allowed:g}. Nothing was published. Is the log format right?",
        )
