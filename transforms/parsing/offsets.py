"""Reads from a sample of a log which offsets from UTC its times state: by them the log's time zone is recognised."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyarrow as pa

from transforms.clock import UTC
from transforms.columns import Seconds
from transforms.formats import Clock, Format
from transforms.parsing import exact
from transforms.parsing.times import read_times
from transforms.parsing.wrapped import BARE


def stated_offsets(lines: Iterable[bytes], log_format: Format) -> tuple[Seconds, Seconds]:
    """Seconds since 1970 UTC of the lines whose time states its zone, and by how many seconds that is ahead of UTC."""
    if log_format.wrapping:
        lines = map(BARE[log_format.wrapping], lines)
    texts: dict[Clock, list[tuple[str, str]]] = {}
    for line in lines:
        read = exact.split_line(line, log_format)
        if read is not None:
            row, clock = read
            texts.setdefault(clock, []).append((row.get("time") or "", row.get("zone") or ""))
    found = [np.zeros((2, 0), np.int64)]
    for clock, pairs in texts.items():
        written, zones = zip(*pairs, strict=True)
        times = read_times(pa.array(written), pa.array(zones), clock, UTC)
        found.append(np.stack([times.seconds, times.offsets])[:, times.stated])
    seconds, offsets = np.concatenate(found, axis=1)
    return seconds, offsets
