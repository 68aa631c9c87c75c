"""Raises this program's errors in place of a library's, with nothing of the library's words left in them.

A library's message may quote a line of the log. A runner keeps and shows what a step raises, together with its cause and context,
so neither may be the library's error.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

NO_MEMORY, NO_FILE = "no_memory", "no_file"
"""Reasons of errors: the machine gave no more memory, or no more open files."""


@contextlib.contextmanager
def translated(
    kinds: type[BaseException] | tuple[type[BaseException], ...], to: Callable[[Any], BaseException | None]
) -> Iterator[None]:
    """Raise what `to` makes of an error of these kinds, without cause and context. If it makes None, the error itself goes on."""
    try:
        yield
        return
    except kinds as error:
        translation = to(error)
        if translation is None:
            raise
    try:
        raise translation from None
    finally:
        translation.__context__ = None  # Python sets it, because the caller's `with` is still handling the library's error
