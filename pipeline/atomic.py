"""Writes a file whole or not at all, for its writer alone until it is whole."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from pathlib import Path


def write_atomically(path: Path, data: bytes, mode: int | None = None, group: int | None = None) -> None:
    """Make or replace the file, synced; its folder is not. Without a mode or group it gets the defaults of its folder.

    `OSError` if it fails: then the previous file is intact, and nothing else is left.
    """
    unfinished = path.with_name(unfinished_name())
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666 if mode is None else 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            usual = os.fstat(descriptor)
            if group not in (None, usual.st_gid):
                os.fchown(descriptor, -1, group)
            _permit(descriptor, 0o600)
            file.write(data)
            file.flush()
            os.fsync(descriptor)
            _permit(descriptor, stat.S_IMODE(usual.st_mode) if mode is None else mode)
        os.replace(unfinished, path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


def unfinished_name() -> str:
    """A name for a file that is not whole yet. It is short, because the path may be as long as paths get."""
    return f".{secrets.token_hex(4)}"


def _permit(descriptor: int, mode: int) -> None:
    with contextlib.suppress(PermissionError):  # a file system without rights, such as FAT
        os.fchmod(descriptor, mode)
