"""Locks an output location, so that one run at a time publishes there. The error names the run that holds the lock.

On a local disk the kernel holds the lock and releases it when its process ends, however it ends. Elsewhere a file is the lock and
names the holder. It remains if the holder is killed. On S3 and GCS it is made only where there is none, by one request; on other
file systems two runs that begin at once may both pass.
"""

from __future__ import annotations

import contextlib
import datetime
import errno
import fcntl
import json
import os
import re
import secrets
import shlex
import socket
from collections.abc import Iterator
from io import FileIO
from pathlib import Path

from pipeline import stores
from pipeline.dataset.layout import LOCK
from pipeline.dataset.operations import output_error
from pipeline.dataset.storage import open_storage
from pipeline.errors import EXIT_OUTPUT, JobError
from transforms.errors import translated

_REMOVE = {stores.S3: "aws s3 rm", stores.GCS: "gcloud storage rm", "hdfs": "hdfs dfs -rm"}
"""By scheme the command that removes a file there."""


@contextlib.contextmanager
def output_lock(output: str) -> Iterator[None]:
    """Hold the output; raises `JobError` (exit 8) naming the holder if another run does."""
    with _remote(output) if "://" in output else _local(output):
        yield


def check_output(output: str) -> None:
    """Raise the error that `output_lock` would raise, as far as a local output shows it, without creating anything."""
    if "://" in output:
        return
    path = Path(output).absolute()
    there = next(folder for folder in (path, *path.parents) if os.path.exists(folder))
    if not there.is_dir():
        raise output_error(output, OSError(errno.EEXIST if there == path else errno.ENOTDIR, ""))
    lock = path / LOCK
    if not os.access(lock if lock.exists() else there, os.W_OK | (0 if lock.exists() else os.X_OK)):
        raise output_error(output, PermissionError(errno.EACCES, ""))


@contextlib.contextmanager
def _local(output: str) -> Iterator[None]:
    with translated(OSError, lambda error: output_error(output, error)):
        Path(output).mkdir(parents=True, exist_ok=True)
        descriptor = os.open(Path(output) / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    # Without a buffer: what could not be written must not be tried again at the end, and fail the run.
    with os.fdopen(descriptor, "r+b", buffering=0) as file:
        problem = _refused(file, fcntl.LOCK_EX)
        if isinstance(problem, BlockingIOError):
            raise JobError(EXIT_OUTPUT, "locked", f"{output}: {_holder(file.read())} is publishing there. Wait for it to end.")
        if problem:
            message = f"{output}: its file system gives no locks ({problem.strerror}), so two runs could publish at once. "
            raise JobError(EXIT_OUTPUT, "no_locks", f"{message}Mount it with locks, or choose another --output.")
        file.truncate(0)
        with contextlib.suppress(OSError):  # the kernel holds the lock; on a full disk only the holder's name is missing
            file.write(_description())
        try:
            yield
        finally:
            file.truncate(0)  # the file stays, but what is published names no machine


def _refused(file: FileIO, kind: int) -> OSError | None:
    """Take the lock if it is free, or return why it is not."""
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except OSError as error:
        return error
    return None


def holder(output: str) -> str | None:
    """The run that is at work in this local output. A killed run leaves its name, but not the lock."""
    try:
        # What is there may be a link or a pipe of somebody else's.
        with os.fdopen(os.open(Path(output) / LOCK, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb", buffering=0) as file:
            text = file.read()
            # An empty file is not tried: a run that begins right then would find it locked.
            return _holder(text) if text and isinstance(_refused(file, fcntl.LOCK_SH), BlockingIOError) else None
    except OSError:
        return None


@contextlib.contextmanager
def _remote(output: str) -> Iterator[None]:
    storage = open_storage(output)
    own = _description()
    try:
        there = None if storage.create(LOCK, own) else storage.read(LOCK) or b""
        # Its own is there if the answer to a first request was lost, and the client sent it again.
        if there not in (None, own):
            raise _locked(output, there)
        yield
    finally:
        if storage.read(LOCK) == own:  # else it is another run's, perhaps because somebody took this one for dead
            storage.delete(LOCK)


def _locked(output: str, there: bytes) -> JobError:
    place, command = f"{output.rstrip('/')}/{LOCK}", _REMOVE.get(stores.scheme_of(output))
    way_out = f"remove its lock with `{command} {shlex.quote(place)}`" if command else f"remove {place}"
    message = (
        f"{output}: {_holder(there)} is publishing there. If that process is surely dead, and so is its job if a runner "
        f"elsewhere has it, {way_out}, then run again."
    )
    return JobError(EXIT_OUTPUT, "locked", message)


def _description() -> bytes:
    now = datetime.datetime.now(datetime.timezone.utc)
    return _described(os.getpid(), socket.gethostname(), f"{now:%Y-%m-%d %H:%M:%S} UTC", secrets.token_hex(8))


def _described(process: int, host: str, since: str, nonce: str) -> bytes:
    return json.dumps({"process": process, "host": host, "since": since, "nonce": nonce}).encode()


def is_description(data: bytes) -> bool:
    """Whether it is what a run writes into the lock, as far as its form goes."""
    try:
        known = json.loads(data)
        process, host, since, nonce = known["process"], known["host"], known["since"], known["nonce"]
        datetime.datetime.strptime(since, "%Y-%m-%d %H:%M:%S UTC")
        fits = re.fullmatch("[A-Za-z0-9._-]{1,255}", host) and re.fullmatch("[0-9a-f]{16}", nonce)
        return fits is not None and _described(int(process), host, since, nonce) == data
    except (ValueError, KeyError, TypeError, RecursionError):
        return False


def _holder(text: bytes) -> str:
    try:
        known = json.loads(text)
        return f"process {known['process']} on {known['host']}, since {known['since']},"
    except (ValueError, KeyError, TypeError):
        return "another run"
