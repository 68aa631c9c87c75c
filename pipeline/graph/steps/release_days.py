"""From the counts of each period to finished files: the door, then the writer, at once.

No released table travels between steps; only files do.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any

import apache_beam as beam

from pipeline.graph.steps.guarded import guarded
from pipeline.outputs.parquet import parquet_files
from transforms.privacy.policy import Policy
from transforms.privacy.release import Released
from transforms.reports.report import Catalogue
from transforms.wire import pack_bytes

COUNTS = "counts"
RECOUNTS = "recounts"
FIGURES = ".figures"
"""Not a name that a report may have."""


class ReleaseDays(beam.DoFn):
    """Output (date, packed files by report, and under `FIGURES` the operator's figures about them)."""

    def __init__(self, policy: Policy, catalogue: Catalogue, facts: tuple[tuple[str, str], ...]) -> None:
        self._policy = policy
        self._catalogue = catalogue
        self._facts = dict(facts)

    @guarded
    def process(self, day: tuple[str, dict[str, Iterable[bytes]]]) -> Iterator[tuple[str, bytes]]:
        """One period."""
        date, parts = day
        (counts,) = parts[COUNTS]
        released, own = self._policy.release(counts, parts[RECOUNTS], self._catalogue)
        files = parquet_files(released, date, self._catalogue, self._facts)
        yield date, pack_bytes({**files, FIGURES: _figures(released, own)})


def _figures(released: Released, own: dict[str, Any]) -> bytes:
    reports = {
        name: {"rows": table.num_rows, "hits": sum(table["hits"].to_pylist()), **asdict(released.folded[name])}
        for name, table in released.tables.items()
    }
    return json.dumps({"reports": reports, **own}).encode()
