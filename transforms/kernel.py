"""Chooses the kernel for the byte work: the native one where it was built, else plain Python. Both give the same results."""

from __future__ import annotations

import os
from types import ModuleType

NATIVE, PYTHON = "native", "python"
VARIABLE = "WEBLOG_KERNEL"
"""The environment variable that forces one of the two."""


def _chosen() -> ModuleType | None:
    wanted = os.environ.get(VARIABLE, "")
    if wanted not in ("", NATIVE, PYTHON):
        raise ImportError(f"{VARIABLE} must be {NATIVE} or {PYTHON}; unset it to use {NATIVE} where it was built")
    if wanted == PYTHON:
        return None
    try:
        from transforms import _kernel
    except ImportError:
        if wanted == NATIVE:
            message = f"{VARIABLE} is {NATIVE}, but no native kernel was built: install Rust (cargo), then this program again"
            raise ImportError(message) from None
        return None
    return _kernel


native: ModuleType | None = _chosen()
"""The compiled module `transforms._kernel`, or None if plain Python does its work."""


def name() -> str:
    """Which kernel runs: NATIVE or PYTHON."""
    return PYTHON if native is None else NATIVE


def reason_of(error: Exception) -> str:
    """What may be said of an error that is nobody's fault: its type, or the place in the kernel's source where it was found."""
    return str(error) if native is not None and isinstance(error, native.KernelError) else type(error).__name__
