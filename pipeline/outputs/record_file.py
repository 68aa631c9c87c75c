"""Writes the run record to the path of --run-record, atomically where possible: monitoring may read it at any time.

A file that is a mount of its own, or whose folder is not writable, is written in place. To a pipe, a device or an open
descriptor, such as /dev/stdout, the record is appended.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import re
import stat
from pathlib import Path
from typing import Any

from pipeline.atomic import write_atomically
from pipeline.errors import EXIT_OUTPUT, JobError

_DESCRIPTORS = re.compile(r"/proc/[^/]+(/task/[^/]+)?/fd|/dev/fd")
_OWNER_ONLY = 0o600
_LINKS = 40
"""As many links behind each other as Linux follows."""
_NOT_REPLACED = (errno.EACCES, errno.EPERM, errno.EROFS, errno.EBUSY, errno.EXDEV)
"""Its folder is closed, or it is mounted by itself, or its group cannot be kept."""


def check_writable(path: str) -> None:
    """Check before the run: later the record's figures would be lost."""
    reason = ""
    try:
        good = _is_writable(path)
    except OSError as error:
        good, reason = False, f" ({error.strerror})"
    if not good:
        message = f"--run-record {path}: it cannot be written there{reason}. Nothing was published."
        raise JobError(EXIT_OUTPUT, "unwritable", message)


def write(path: str, record: dict[str, Any]) -> None:
    """Write the record. If the disk is full, the previous run's record stays, unless it had to be written in place."""
    text = json.dumps(record, indent=2) + "\n"
    try:
        stream = _open_stream(path)
        if stream is None:
            _write_file(os.path.realpath(path), text)
        else:
            _write_to(stream, text)
    except OSError as error:
        problem = "no program reads this pipe" if error.errno in (errno.ENXIO, errno.EPIPE) else error.strerror
        message = f"--run-record {path}: {problem}.{' The days are published.' if record['days'] else ''}"
        raise JobError(EXIT_OUTPUT, "unwritable", message) from None


def _is_writable(path: str) -> bool:
    own = _own_descriptor(path)
    if own is not None:
        return fcntl.fcntl(own, fcntl.F_GETFL) & os.O_ACCMODE != os.O_RDONLY
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        return os.access(os.path.dirname(os.path.realpath(path)), os.W_OK | os.X_OK)
    return not stat.S_ISDIR(mode) and not stat.S_ISSOCK(mode) and os.access(path, os.W_OK)


def _open_stream(path: str) -> int | None:
    """The stream to write to if the path must not be replaced; None for a file, existing or not."""
    own = _own_descriptor(path)
    if own is not None:
        return os.dup(own)  # opened anew it might lose what is there, and a socket cannot be opened
    if _descriptor(path) or (os.path.exists(path) and not os.path.isfile(path)):
        stream = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_NONBLOCK)  # a pipe that nobody reads would be waited for
        os.set_blocking(stream, True)
        return stream
    return None


def _own_descriptor(path: str) -> int | None:
    folder, number = _descriptor(path) or ("", 0)
    return number if folder == "/dev/fd" or folder.startswith(f"/proc/{os.getpid()}/") else None


def _descriptor(path: str) -> tuple[str, int] | None:
    """Folder and number of the open descriptor that the path names, perhaps through links."""
    for _ in range(_LINKS):
        folder, name = os.path.realpath(os.path.dirname(path)), os.path.basename(path)
        if _DESCRIPTORS.fullmatch(folder) and name.isdecimal():
            return folder, int(name)
        if not os.path.islink(path):
            break
        path = os.path.join(folder, os.readlink(path))
    return None


def _write_file(path: str, text: str) -> None:
    """Replace the file. Exact figures are confidential: only its owner may read it, and a group that it was given to."""
    before = os.stat(path) if os.path.exists(path) else None
    mode = _confidential(stat.S_IMODE(before.st_mode)) if before else _OWNER_ONLY
    try:
        write_atomically(Path(path), text.encode(), mode, before.st_gid if before else None)
    except OSError as error:
        if error.errno not in _NOT_REPLACED or not os.path.exists(path):
            raise
        descriptor = os.open(path, os.O_WRONLY | os.O_TRUNC)
        with contextlib.suppress(OSError):  # a file of another user, or a file system without rights
            os.fchmod(descriptor, mode)
        _write_to(descriptor, text)


def _confidential(mode: int) -> int:
    """The rights of an existing record. A file that everybody may read was not given to its group on purpose."""
    return _OWNER_ONLY if mode & 0o007 else mode


def _write_to(descriptor: int, text: str) -> None:
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
