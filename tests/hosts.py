"""Where hosts are, for tests that name them one by one."""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa

from transforms.masking.address import Place, places


def describe(hosts: Iterable[str]) -> list[Place]:
    """The places of hosts given as text."""
    columns = places(pa.array(list(hosts), pa.string()))
    return [Place(*place) for place in zip(*(column.to_pylist() for column in columns), strict=True)]
