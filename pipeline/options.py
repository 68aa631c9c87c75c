"""Takes the command line, gives checked options. What is not known is refused, Beam's own options included."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence

from pipeline import __version__
from pipeline.errors import EXIT_USAGE, JobError
from transforms.policies.threshold import DEFAULT_ADDRESSES, MIN_ADDRESSES

MIB = 1 << 20
LOCAL = "local"

_EPILOG = """\
Any option of Apache Beam may be added; --runner=FlinkRunner or --runner=DataflowRunner run the same job elsewhere.

exit codes: 0 done, 1 unexpected, 2 usage, 3 too many rejected lines or unknown format, 4 already published,
6 input missing, unreadable or truncated, 7 no line of the asked day, 8 output locked, full or unwritable, 130 interrupted
"""


def parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    top = argparse.ArgumentParser(
        prog="weblog-anonymizer",
        description="Turns web server access logs into traffic statistics that cannot be tied to a person.",
        allow_abbrev=False,
    )
    top.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_run(commands)
    _add_formats(commands)
    return top


def _add_run(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    run = commands.add_parser(
        "run",
        help="read logs, publish Parquet",
        description="Read access logs and publish the statistics of each ended day as Parquet, once.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = run.add_argument
    add("--input", action="append", required=True, metavar="PATTERN", help="log files, plain or compressed; may be repeated")
    add("--output", required=True, metavar="DIR", help="where the data set is, or will be")
    add("--date", metavar="DAY", help="publish this day only: YYYY-MM-DD, yesterday, or a range FIRST..LAST")
    add("--replace", action="store_true", help="withdraw what is published for --date and publish it anew")
    add("--format", default="auto", metavar="NAME", help="log format of all input (default: each file's is detected)")
    add("--site", metavar="NAME", help="name of the site, where the log format has none")
    add(
        "--min-addresses",
        type=_at_least(MIN_ADDRESSES),
        default=DEFAULT_ADDRESSES,
        metavar="K",
        help=f"addresses that every published row must have (default {DEFAULT_ADDRESSES}, at least {MIN_ADDRESSES})",
    )
    add("--geoip-country", metavar="FILE", help="MaxMind country or city database (default: the built-in one)")
    add(
        "--max-reject-ratio",
        type=_ratio,
        default=0.01,
        metavar="R",
        help="share of lines, of the run and of each file of 100 lines or more, that may be unreadable (default 0.01)",
    )
    add(
        "--workers",
        type=_at_least(0),
        default=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        metavar="N",
        help="worker processes (default: all cores; 0 works in this process)",
    )
    add("--block-mib", type=_at_least(1), default=None, metavar="MIB", help="bytes processed at once (default 16, remotely 64)")
    add("--run-record", metavar="FILE", help="write the run's exact account as JSON; it is for the operator, not for publication")


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
        if options.command != "run":
            parser().error(f"unrecognized arguments: {' '.join(rest)}")
        _check_beam_options(rest)
    return options, rest


def _check_beam_options(arguments: list[str]) -> None:
    from apache_beam.options.pipeline_options import PipelineOptions

    beam = argparse.ArgumentParser(allow_abbrev=False, add_help=False, prog="weblog-anonymizer run", usage=argparse.SUPPRESS)
    for known in PipelineOptions.__subclasses__():
        if hasattr(known, "_add_argparse_args"):
            known._add_argparse_args(beam)
    _, unknown = beam.parse_known_args(arguments)
    if unknown:
        names = " ".join(word.partition("=")[0] for word in unknown)
        raise JobError(EXIT_USAGE, "usage", f"unknown option: {names}. See `weblog-anonymizer run --help`.")


def _at_least(minimum: int):  # type: ignore[no-untyped-def]
    def number(word: str) -> int:
        value = int(word)
        if value < minimum:
            raise argparse.ArgumentTypeError(f"{value} is less than {minimum}")
        return value

    return number


def _ratio(word: str) -> float:
    value = float(word)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{word} is not between 0 and 1")
    return value
