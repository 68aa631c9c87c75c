"""Declares and checks the command line options. Unknown options are refused, Beam's own options included."""

from __future__ import annotations

import argparse
import sys
import textwrap
from collections.abc import Sequence
from typing import Any, NoReturn

from pipeline import __version__
from pipeline.cli.run_options import add_guarantee, add_period, add_run_options
from pipeline.errors import EXIT_CODES, EXIT_USAGE, JobError
from pipeline.words import encodable, shown

_KEYS = ("--s3_access_key_id", "--s3_secret_access_key", "--s3_session_token")


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
    add_guarantee(explain.add_argument)
    add_period(explain.add_argument)
    return top


def _add_run(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    for name, what, description in (
        ("run", "read logs, publish Parquet", "Read access logs and publish the statistics of each ended day as Parquet, once."),
        ("plan", "tell what a run would do", "Tell what `run` with the same options would read and publish. Publishes nothing."),
    ):
        command = commands.add_parser(
            name,
            help=what,
            usage=f"weblog-anonymizer {name} --input [SITE=]PATTERN … --output DIR [options]",
            description=description,
            epilog=_EPILOG,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        add_run_options(command)


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
