"""The error that stops the job: an exit code and one message, which survive the way through a Beam runner.

A runner passes a worker's exception on as text, wrapped in a traceback. So the error writes a marker around its own code and
message, and `from_text` finds it again, whichever runner carried it. Messages name files, options and reason codes, never a
byte of a log line.
"""

from __future__ import annotations

import re

EXIT_DONE = 0
EXIT_UNEXPECTED = 1
EXIT_USAGE = 2
EXIT_REJECTED = 3
EXIT_ALREADY_PUBLISHED = 4
EXIT_VIOLATION = 5
EXIT_INPUT = 6
EXIT_NO_COUNTED_LINE = 7
EXIT_OUTPUT = 8
EXIT_INTERRUPTED = 130

EXIT_CODES = {
    EXIT_DONE: "done, also if there was nothing new to publish",
    EXIT_UNEXPECTED: "unexpected: a defect, or the machine gave no more memory, threads, processes or open files",
    EXIT_USAGE: "an option is wrong or missing, or the run takes more memory than `--max-memory`, or needs more than a limit of "
    "the process",
    EXIT_REJECTED: "too many lines were rejected, no format fits, or nearly all hits of people come from one network",
    EXIT_ALREADY_PUBLISHED: "the day of `--date` is published already, or its privacy budget is spent; or every line is of a day "
    "that is published without the line's site",
    EXIT_VIOLATION: "`verify` found something",
    EXIT_INPUT: "input is missing, unreadable, truncated, given twice, or changed while it was read",
    EXIT_NO_COUNTED_LINE: "no line of the day of `--date` (a mode that announces its periods publishes such a day)",
    EXIT_OUTPUT: "the output is in use by another run, full, not writable, or of another layout",
    EXIT_INTERRUPTED: "interrupted",
}
"""What each means, in Markdown: `--help` and the table of README.md say it in these words."""

_MARKER = re.compile(r"\[weblog-anonymizer exit (\d+) ([a-z_]+)\] (.*?) \[/weblog-anonymizer\]", re.DOTALL)


class JobError(Exception):
    """The job stops: `exit_code` for the scheduler, `reason` (snake_case) for programs, `message` for a person."""

    def __init__(self, exit_code: int, reason: str, message: str) -> None:
        super().__init__(exit_code, reason, message)
        self.exit_code = exit_code
        self.reason = reason
        self.message = message

    def __str__(self) -> str:
        return f"[weblog-anonymizer exit {self.exit_code} {self.reason}] {self.message} [/weblog-anonymizer]"


def from_text(text: str) -> JobError | None:
    """The first `JobError` whose marker is in `text` (a runner's traceback), or None."""
    found = _MARKER.search(text)
    if found is None:
        return None
    return JobError(int(found.group(1)), found.group(2), found.group(3))
