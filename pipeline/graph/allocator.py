"""How memory is allocated in this process: what is freed goes back to the system at once.

Tables of a megabyte and more come and go with each block. By default both Arrow's allocator and the C library's keep what was
freed, in each process by itself: half of a run's memory at its peak.
"""

from __future__ import annotations

import contextlib
import ctypes

import pyarrow as pa

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
"""Parameters of `mallopt`, from glibc's malloc.h."""

_LARGE = 1 << 20


def give_back() -> None:
    """Have Arrow use the C library's allocator, and glibc map large pieces by themselves. Other C libraries stay as they are."""
    pa.set_memory_pool(pa.system_memory_pool())
    with contextlib.suppress(OSError, AttributeError, TypeError):
        library = ctypes.CDLL(None)
        library.mallopt(_MMAP_THRESHOLD, _LARGE)
        library.mallopt(_TRIM_THRESHOLD, _LARGE)
