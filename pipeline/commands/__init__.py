"""Takes the command line, gives an exit code: each command is one file of this folder."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence

from pipeline import errors
from pipeline.errors import JobError


def dispatch(arguments: Sequence[str]) -> int:
    """Run the command that is asked for. Never lets a message of a library out: it may quote a log line."""
    from pipeline import logs, options

    logs.quieten()
    try:
        known, beam_arguments = options.parse(arguments)
        if known.command == "run":
            from pipeline.commands import run

            run.run(known, beam_arguments)
        else:
            from pipeline.commands import formats

            formats.formats(known)
    except KeyboardInterrupt:
        return _say("interrupted", "Interrupted. Nothing was published that was not complete.", errors.EXIT_INTERRUPTED)
    except JobError as error:
        return _say("error", error.message, error.exit_code)
    except Exception as error:  # noqa: BLE001
        carried = errors.from_text(str(error))
        if carried is not None:
            return _say("error", carried.message, carried.exit_code)
        where = "".join(traceback.format_list(traceback.extract_tb(error.__traceback__)))
        print(where, file=sys.stderr, end="")
        return _say("error", f"unexpected {type(error).__name__}. Nothing more was published.", errors.EXIT_UNEXPECTED)
    return 0


def _say(kind: str, message: str, code: int) -> int:
    print(f"weblog-anonymizer: {kind}: {message}", file=sys.stderr)
    return code
