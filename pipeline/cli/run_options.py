"""The options of `run` and `plan`, in sections by importance, and those that say a guarantee."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable

from pipeline.config.zone import AUTO
from pipeline.dataset.manifest import OPT_OUT
from transforms.period import Period
from transforms.privacy.differential.budget import DEFAULT_DELTA, DEFAULT_EPSILON, MAX_DELTA, WEAK_EPSILON
from transforms.privacy.policy import DEFAULT_ADDRESSES, MIN_ADDRESSES

_MIB = 1 << 20
MAX_BLOCK_MIB = 512
_DECADE = 3_650 * 24 * 60  # minutes
_UNITS = {"M": _MIB, "G": 1 << 30, "T": 1 << 40}

Add = Callable[..., object]


def add_run_options(command: argparse.ArgumentParser) -> None:
    """All options of a run."""
    for title, add_options in (
        ("what to read and publish", _add_what),
        ("who is counted, and as what", _add_who),
        ("the guarantee", add_guarantee),
        ("what the log is like", _add_log),
        ("how the run works", _add_how),
    ):
        add_options(command.add_argument_group(title).add_argument)


def _add_what(add: Add) -> None:
    add(
        "--input",
        action="extend",
        nargs="+",
        required=True,
        metavar="[SITE=]PATTERN",
        help="log files, plain or compressed, and perhaps the name of their site, where the log does not say it",
    )
    add("--output", required=True, metavar="DIR", help="where the data set is, or will be")
    add("--site", metavar="NAME", help="name of the site, where neither the log nor --input says it")
    add(
        "--declare-site",
        action="append",
        metavar="NAME",
        help="a site to publish, others are left out; with --privacy dp it is published without lines too; may be repeated",
    )
    add("--date", metavar="DAY", help="publish this day only: YYYY-MM-DD, yesterday, or a range FIRST..LAST")
    add(
        "--timezone",
        dest="time_zone",
        default=AUTO,
        metavar="ZONE",
        help="days and hours of this time zone, such as Europe/Berlin (default: that of the data set, else this machine's if the "
        "log states no other)",
    )
    add_period(add)
    add("--replace", action="store_true", help="withdraw what is published for --date and publish it anew")
    add(
        "--grace",
        type=_at_least(0, _DECADE),
        default=0,
        metavar="MINUTES",
        help="minutes after midnight before a day counts as over",
    )


def _add_who(add: Add) -> None:
    add(
        "--trusted-proxies",
        dest="proxies",
        metavar="PROXIES",
        help="take the visitor's address from X-Forwarded-For, as these have written it: their networks, such as "
        "10.0.0.0/8,192.0.2.7, or how many of them every request passes",
    )
    for name, metavar, what in (
        ("path", "PATH", "requests for this path, or with a final * for all paths that begin so"),
        ("network", "NETWORK", "visitors from this network, such as 192.0.2.0/24, or address"),
        ("agent", "TEXT", "user agents that hold this text, in capitals or not"),
    ):
        add(f"--ignore-{name}", action="append", default=[], metavar=metavar, help=f"leave out {what}; may be repeated")
    add(
        "--opt-out",
        choices=OPT_OUT,
        default=OPT_OUT[0],
        help="what to do with requests that said DNT: 1 or Sec-GPC: 1, where the log holds it (default ignore)",
    )
    add(
        "--one-network",
        choices=("refuse", "publish"),
        default="refuse",
        help="what to do if nearly all hits of people come from one network, or from no public address (default refuse)",
    )
    add("--routes", metavar="FILE", help="templates such as /users/:user/photos, one a line, that stand for the paths that fit")


def add_guarantee(add: Add) -> None:
    """What is promised."""
    add(
        "--privacy",
        choices=("threshold", "dp"),
        default="threshold",
        help="the guarantee: exact rows of many addresses, or differential privacy, which adds noise (default threshold)",
    )
    add(
        "--min-addresses",
        type=_at_least(MIN_ADDRESSES),
        default=DEFAULT_ADDRESSES,
        metavar="K",
        help=f"addresses that every published row must have (default {DEFAULT_ADDRESSES}, at least {MIN_ADDRESSES})",
    )
    add(
        "--epsilon",
        type=float,
        metavar="E",
        help=f"with --privacy dp: privacy budget ε, smaller is safer (default {DEFAULT_EPSILON:g})",
    )
    add(
        "--delta",
        type=float,
        metavar="D",
        help=f"with --privacy dp: the probability of more than that (default {DEFAULT_DELTA:g}, at most {MAX_DELTA:g})",
    )
    add(
        "--accept-weak-epsilon",
        action="store_true",
        help=f"with --privacy dp: allow an epsilon above {WEAK_EPSILON:g}, which promises little",
    )


def add_period(add: Add) -> None:
    """The unit of publication."""
    add(
        "--period",
        choices=tuple(period.value for period in Period),
        help="publish by day, by week from Monday, or by month; longer ones are for small sites (default: as the data set does; "
        "a new one by day, unless that would leave most page hits without a name)",
    )


def _add_log(add: Add) -> None:
    add(
        "--format",
        default="auto",
        metavar="FORMAT",
        help="log format of all input: a name, a LogFormat of Apache, a log_format of nginx, or json:column=key,… (default: each "
        "file's is detected)",
    )
    add(
        "--log-timezone",
        dest="log_time_zone",
        default="UTC",
        metavar="ZONE",
        help="zone of times that say none, as IIS may log them (default UTC)",
    )
    add(
        "--max-reject-ratio",
        type=_ratio,
        default=0.01,
        metavar="R",
        help="share of lines, of the run and each file, that may be unreadable (default 0.01; one line always, unless it is 0)",
    )
    add(
        "--geoip-country",
        dest="country_database",
        metavar="FILE",
        help="MaxMind country or city database (default: the built-in one)",
    )


def _add_how(add: Add) -> None:
    add(
        "--workers",
        type=_at_least(0),
        default=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        metavar="N",
        help="worker processes (default: all cores; 0 works in this process)",
    )
    add(
        "--max-memory",
        type=_bytes,
        metavar="SIZE",
        help="end a run that takes more, and refuse one that surely would, as 4G (default: 3/4 of the machine's or container's)",
    )
    add("--block-mib", type=_block_mib, default=None, metavar="MIB", help="bytes processed at once (default 16, remotely 64)")
    add("--run-record", metavar="FILE", help="write the run's exact account as JSON; it is for the operator, not for publication")
    add("--log-format", choices=("text", "json"), default="text", help="how events are written to standard error (default text)")
    add(
        "--no-wait",
        action="store_true",
        help="hand the job to a runner elsewhere and end; the job publishes by itself, and keeps no account of the run",
    )
    add(
        "--secret-from",
        dest="secret_part",
        metavar="env:NAME",
        help="mix the value of this environment variable of the workers into the run's secret; for runners elsewhere",
    )


def _at_least(minimum: int, most: int | None = None):  # type: ignore[no-untyped-def]
    def number(word: str) -> int:
        value = _whole(word)
        if value < minimum:
            raise argparse.ArgumentTypeError(f"{value} is less than {minimum}")
        if most is not None and value > most:
            raise argparse.ArgumentTypeError(f"{value} is more than {most}")
        return value

    return number


def _whole(word: str) -> int:
    try:
        return int(word)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{word} is not a whole number") from None


def _block_mib(word: str) -> int:
    value = _whole(word)
    if not 1 <= value <= MAX_BLOCK_MIB:
        raise argparse.ArgumentTypeError(f"{value} is not between 1 and {MAX_BLOCK_MIB}")
    return value


def _bytes(word: str) -> int:
    number, unit = word[:-1], word[-1:].upper()
    if unit not in _UNITS or not number.isdigit():
        raise argparse.ArgumentTypeError(f"{word} is not a size such as 800M or 4G")
    return int(number) * _UNITS[unit]


def _ratio(word: str) -> float:
    try:
        value = float(word)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{word} is not a number between 0 and 1")
    return value
