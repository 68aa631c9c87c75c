"""The kernels that were built, and how a test runs with one of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

from transforms import kernel

_MODULES = {kernel.PYTHON: None, kernel.name(): kernel.native}
BUILT = tuple(_MODULES)


@contextmanager
def running(name: str) -> Iterator[None]:
    """Run with the kernel of this name, in this process."""
    with mock.patch.object(kernel, "native", _MODULES[name]):
        yield
