"""The errors for input that cannot be read: each names the file, and says what to do."""

from __future__ import annotations

import contextlib
import errno
import os
import re

from pipeline import limits, stores
from pipeline.errors import EXIT_INPUT, EXIT_REJECTED, JobError
from pipeline.words import plural
from transforms.errors import translated
from transforms.formats import w3c
from transforms.parsing import clients, read
from transforms.parsing.detect import SAMPLE_BYTES, Detection

STDIN = "-"
"""The path of the standard input."""

NOTHING = " Nothing was published."
NAME_IT = " If you know the format, name it with --format."
"""How errors end where something would have been published."""

_WAYS_OUT = {
    os.strerror(errno.EACCES): "permission denied. Run as a user who may read it; on Debian those of the group adm may.",
    os.strerror(errno.ENOENT): "it vanished, or is a link to nothing. Run again, or leave it out.",
    "expands": "it holds more than 300 times its own size, as no log does. If it is genuine, decompress it first.",
    w3c.LACKING: "a line #Fields in it does not name date, time, c-ip and cs-uri-stem. Log these as well.",
    w3c.TOO_LONG: "a line #Fields in it is longer than 64 KiB, as no server writes it. Is the file damaged?",
    "changed_while_read": "it was replaced while it was read, as log rotation does. Run again on the rotated file.",
    "cut_off": "it ends within a line: the command before the pipe was cut off, and lines are missing. Copy the log into a file "
    "first, let the shell stop where that fails (`&&`, `set -o pipefail`), and give that file to --input.",
    "truncated": "it ends too early, or something follows its end. Is it still being written or copied?",
    **{name: f"{name} is not read. Unpack it, or pack it as gz, bz2 or zst." for name in read.NOT_READ},
    read.TAR: "it is a tar archive, which holds several files. Unpack it (tar -xf), and give the logs to --input.",
    read.UTF_16: "its text is UTF-16. Convert it: iconv -f UTF-16 -t UTF-8 FILE > NEW (UTF-16LE if its first bytes do not say "
    "which).",
    "corrupt": "it is not what its first bytes say, or damaged. Check the archive.",
}


def reading(path: str) -> contextlib.AbstractContextManager[None]:
    """While a file is opened and read, turns each failure into a `JobError` that names the file."""

    def unread(error: Exception) -> JobError | None:
        if limits.missing(error):  # this says nothing of the file
            return None
        known = isinstance(error, (read.UnreadableError, w3c.HeaderError, OSError))
        known = known or ("://" in path and stores.is_failure(error))
        return input_error(path, _problem(error)) if known else None

    return translated(Exception, unread)


def _problem(error: Exception) -> str:
    if isinstance(error, (read.UnreadableError, w3c.HeaderError)):
        return error.reason
    return (error.strerror if isinstance(error, OSError) else stores.described(error).rstrip(".")) or "unreadable"


def input_error(path: str, problem: str) -> JobError:
    """The error for a file that cannot be read; `problem` is a reason code or the operating system's word for it."""
    reason = problem if re.fullmatch("[a-z_]+", problem) else "unreadable"
    name = "The standard input" if path == STDIN else path
    return JobError(EXIT_INPUT, reason, f"{name}: {_WAYS_OUT.get(problem, f'{problem}.')}{NOTHING}")


def unknown_format(path: str, detection: Detection, head: bytes) -> JobError:
    """The error for a file whose format cannot be told."""
    name_it = NAME_IT if detection.doubt is None else ""  # else the words say how
    return JobError(EXIT_REJECTED, "unknown_format", f"{path}: no log format fits. {_tried(detection, head)}.{NOTHING}{name_it}")


_DOUBTS = {
    clients.QUOTED: "the address is in quotes, as X-Forwarded-For may be. Describe the lines with --format as the server's "
    "configuration does: a LogFormat that begins with '\"%{X-Forwarded-For}i\"' takes the last address of the list",
    clients.SEVERAL: "two addresses may be the client's, and one of them is perhaps a proxy's. Describe the lines with --format: "
    "%h stands for the client's and %{c}a for the proxy's address, and in JSON json:remote_host=KEY,… names the client's key",
}


def _tried(detection: Detection, head: bytes) -> str:
    """Why none of the lines that were tried shows a format."""
    if len(head) >= SAMPLE_BYTES and b"\n" not in head:
        return "Its first line is longer than 256 KiB, as no server writes it"
    if detection.doubt is not None:
        return f"In {plural(detection.lines, 'line')} tried {_DOUBTS[detection.doubt]}"
    if not detection.lines:
        return f"Its first {len(head):,} bytes hold no request"
    fitting, readable = (
        sorted((item for item in counts.items() if item[1]), key=lambda item: -item[1])[:3]
        for counts in (detection.fits, detection.reads)
    )
    tried = ", ".join(f"{name} fits {count:,}" for name, count in fitting) or "none is of a known format"
    if readable and not fitting:
        tried = f"{readable[0][0]} could read {readable[0][1]:,}, but they hold other values than its lines do"
    return f"Of {plural(detection.lines, 'line')} tried, {tried}"
