"""Declares and checks the command line options. Unknown options are refused, Beam's own options included."""

from __future__ import annotations

import argparse
import os
import sys
import textwrap
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from pipeline import __version__
from pipeline.config.zone import AUTO
from pipeline.dataset.manifest import OPT_OUT
from pipeline.errors import EXIT_CODES, EXIT_USAGE, JobError
from pipeline.words import encodable, shown
from transforms.period import Period
from transforms.privacy.differential.budget import DEFAULT_DELTA, DEFAULT_EPSILON, MAX_DELTA, WEAK_EPSILON
from transforms.privacy.policy import DEFAULT_ADDRESSES, MIN_ADDRESSES

_MIB = 1 << 20
MAX_BLOCK_MIB = 512
_DECADE = 3_650 * 24 * 60  # minutes
_KEYS = ("--s3_access_key_id", "--s3_secret_access_key", "--s3_session_token")
_UNITS = {"M": _MIB, "G": 1 << 30, "T": 1 << 40}


def _exit_codes() -> str:
    rows = (f"{code:>5} {meaning.replace('`', '')}" for code, meaning in EXIT_CODES.items())
    return "\n".join(textwrap.fill(row, 79, subsequent_indent=" " * 6, break_on_hyphens=False) for row in rows)


_EPILOG = f"""\
Any option of Apache Beam may be added; --runner=FlinkRunner or
--runner=DataflowRunner run the same job elsewhere, --s3_endpoint_url
and others say how s3:// paths are reached.

exit codes:
{_exit_codes()}
"""


class _Parser(argparse.ArgumentParser):
    """Reports errors in one line, as the rest of the program does, and prints help in any locale."""

    def error(self, message: str) -> NoReturn:
        self.exit(EXIT_USAGE, f"weblog-anonymizer: error: {shown(message)}. See `{self.prog} --help`.\n")

    def _print_message(self, message: str, file: Any = None) -> None:
        file = file or sys.stderr
        super()._print_message(encodable(message, getattr(file, "encoding", None)), file)


def parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    top: argparse.ArgumentParser = _Parser(
        prog="weblog-anonymizer",
        description="Turns web server access logs into traffic statistics that cannot be tied to a person.",
        allow_abbrev=False,
    )
    top.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_run(commands)
    _add_formats(commands)
    verify = commands.add_parser(
        "verify",
        help="check a published data set",
        description="Check a published data set from outside, without the logs: each file must be, byte for byte, what this "
        "program writes, and there must be no other. Exit code 5 if something is wrong.",
        allow_abbrev=False,
    )
    verify.add_argument("output", metavar="DIR", help="the data set")
    withdraw = commands.add_parser(
        "withdraw",
        help="take back a data set, to begin it anew",
        description="Say what a data set has published; with --yes remove it, so that the next run may publish these days with "
        "another setting, such as --period month.",
        allow_abbrev=False,
    )
    withdraw.add_argument("output", metavar="DIR", help="the data set")
    withdraw.add_argument("--yes", action="store_true", help="remove it")
    explain = commands.add_parser(
        "explain",
        help="tell the guarantee in plain words",
        description="Tell what is promised to visitors, and what is not, with the numbers of the options, or those that a data "
        "set states.",
        allow_abbrev=False,
    )
    explain.add_argument("output", nargs="?", metavar="DIR", help="a data set, instead of options")
    _add_guarantee(explain.add_argument)
    return top


def _add_run(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    for name, what, description in (
        ("run", "read logs, publish Parquet", "Read access logs and publish the statistics of each ended day as Parquet, once."),
        ("plan", "tell what a run would do", "Tell what `run` with the same options would read and publish. Publishes nothing."),
    ):
        command = commands.add_parser(
            name,
            help=what,
            description=description,
            epilog=_EPILOG,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        _add_run_options(command.add_argument)


def _add_run_options(add: Callable[..., object]) -> None:
    add(
        "--input",
        action="extend",
        nargs="+",
        required=True,
        metavar="[SITE=]PATTERN",
        help="log files, plain or compressed, and perhaps the name of their site, where the log does not say it",
    )
    add("--output", required=True, metavar="DIR", help="where the data set is, or will be")
    add("--date", metavar="DAY", help="publish this day only: YYYY-MM-DD, yesterday, or a range FIRST..LAST")
    add(
        "--timezone",
        dest="time_zone",
        default=AUTO,
        metavar="ZONE",
        help="days and hours of this time zone, such as Europe/Berlin (default: that of the data set, else this machine's if the "
        "log states no other)",
    )
    add(
        "--grace",
        type=_at_least(0, _DECADE),
        default=0,
        metavar="MINUTES",
        help="wait so long after midnight before a day has ended",
    )
    add("--replace", action="store_true", help="withdraw what is published for --date and publish it anew")
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
    add("--site", metavar="NAME", help="name of the site, where neither the log nor --input says it")
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
    add("--routes", metavar="FILE", help="templates such as /users/:user/photos, one a line, that stand for the paths that fit")
    add(
        "--opt-out",
        choices=OPT_OUT,
        default=OPT_OUT[0],
        help="what to do with requests that said DNT: 1 or Sec-GPC: 1, where the log holds it (default ignore)",
    )
    _add_guarantee(add)
    add(
        "--declare-site",
        action="append",
        metavar="NAME",
        help="a site to publish, others are left out; with --privacy dp it is published without lines too; may be repeated",
    )
    add(
        "--geoip-country",
        dest="country_database",
        metavar="FILE",
        help="MaxMind country or city database (default: the built-in one)",
    )
    add(
        "--max-reject-ratio",
        type=_ratio,
        default=0.01,
        metavar="R",
        help="share of lines, of the run and each file, that may be unreadable (default 0.01; one line always, unless it is 0)",
    )
    add(
        "--workers",
        type=_at_least(0),
        default=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        metavar="N",
        help="worker processes (default: all cores; 0 works in this process)",
    )
    add("--block-mib", type=_block_mib, default=None, metavar="MIB", help="bytes processed at once (default 16, remotely 64)")
    add(
        "--secret-from",
        dest="secret_part",
        metavar="env:NAME",
        help="mix the value of this environment variable of the workers into the run's secret; for runners elsewhere",
    )
    add(
        "--max-memory",
        type=_bytes,
        metavar="SIZE",
        help="refuse a run that would take more, as 4G (default: 3/4 of the machine's)",
    )
    add("--run-record", metavar="FILE", help="write the run's exact account as JSON; it is for the operator, not for publication")
    add(
        "--no-wait",
        action="store_true",
        help="hand the job to a runner elsewhere and end; the job publishes by itself, and keeps no account of the run",
    )
    add("--log-format", choices=("text", "json"), default="text", help="how events are written to standard error (default text)")


def _add_guarantee(add: Callable[..., object]) -> None:
    add(
        "--privacy",
        choices=("threshold", "dp"),
        default="threshold",
        help="the guarantee: exact rows of many addresses, or differential privacy, which adds noise (default threshold)",
    )
    add(
        "--epsilon",
        type=float,
        metavar="E",
        help=f"with --privacy dp: what an address may change at most, smaller is safer (default {DEFAULT_EPSILON:g})",
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
    add(
        "--period",
        choices=tuple(period.value for period in Period),
        help="publish by day, by week from Monday, or by month; longer ones are for small sites (default: as the data set does; "
        "a new one by day, unless that would leave most page hits without a name)",
    )
    add(
        "--min-addresses",
        type=_at_least(MIN_ADDRESSES),
        default=DEFAULT_ADDRESSES,
        metavar="K",
        help=f"addresses that every published row must have (default {DEFAULT_ADDRESSES}, at least {MIN_ADDRESSES})",
    )


def _add_formats(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    formats = commands.add_parser(
        "formats",
        help="list the log formats, or tell which one a file has",
        description="List the log formats; with files, tell what each is taken for and why.",
        allow_abbrev=False,
    )
    formats.add_argument("file", nargs="*", metavar="FILE", help="log files, plain or compressed")


def parse(arguments: Sequence[str]) -> tuple[argparse.Namespace, list[str]]:
    """The options, and those that are Beam's. Raises `SystemExit(2)` as argparse does, with its message."""
    options, rest = parser().parse_known_args(arguments)
    if rest:
        _check_beam_options(rest, options.command)
    if options.command in ("run", "plan"):
        options.arguments = _without_keys(arguments[1:])
    return options, rest


def _without_keys(arguments: Sequence[str]) -> list[str]:
    """The arguments as they may be printed: what gives access to a store is not repeated."""
    found = []
    for before, word in zip(("", *arguments), arguments, strict=False):
        name, sign, _ = word.partition("=")
        found.append("..." if before in _KEYS else f"{name}=..." if sign and name in _KEYS else word)
    return found


def _check_beam_options(arguments: list[str], command: str) -> None:
    """Refuse what Beam does not know either. Each command may read a data set or a log on a file system of Beam."""
    from apache_beam.options.pipeline_options import PipelineOptions

    program = f"weblog-anonymizer {command}"
    beam = argparse.ArgumentParser(allow_abbrev=False, add_help=False, prog=program, usage=argparse.SUPPRESS)
    for known in PipelineOptions.__subclasses__():
        if hasattr(known, "_add_argparse_args"):
            known._add_argparse_args(beam)
    _, unknown = beam.parse_known_args(arguments)
    if unknown:
        # Not their values: of a misspelt option that may be a key.
        names = " ".join(word.partition("=")[0] for word in unknown if word.startswith("-")) or "(a word without an option)"
        raise JobError(EXIT_USAGE, "usage", f"unknown option: {names}. See `{program} --help`.")


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
