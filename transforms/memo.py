"""Remembers what was made of a text, within bounds that clients cannot move."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TypeVar

Key = TypeVar("Key", str, str | None)
Result = TypeVar("Result")

MAX_TEXTS = 16_384
MAX_LENGTH = 512
"""Few agents or referrers are longer, and a client may send one of a megabyte: such a text is not remembered."""


def remembered(function: Callable[[Key], Result]) -> Callable[[Key], Result]:
    """The same function, which remembers its results for the latest texts."""
    cached = functools.lru_cache(MAX_TEXTS)(function)

    @functools.wraps(function)
    def of(text: Key) -> Result:
        return function(text) if text is not None and len(text) > MAX_LENGTH else cached(text)

    of.cache_clear = cached.cache_clear  # type: ignore[attr-defined]  # for tests that replace what it calls
    return of
