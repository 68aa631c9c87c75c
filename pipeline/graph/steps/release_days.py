"""Takes the counts and fold counts of each day, gives (date, Parquet files): the door, then the writer, at once.

No released table travels between steps; only finished files do.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

import apache_beam as beam

from pipeline.config.catalogue import REPORTS
from pipeline.graph.steps.guarded import guarded
from pipeline.outputs.parquet import parquet_files
from transforms.counting.count import add_counts
from transforms.privacy.release import Released, release
from transforms.privacy.threshold.policy import Threshold
from transforms.reports.report import Catalogue
from transforms.reserved import UNKNOWN
from transforms.wire import pack_bytes, unpack

COUNTS = "counts"
FOLDS = "folds"
FIGURES = "figures"


class ReleaseDays(beam.DoFn):
    """Output (date, packed files by report, and under `figures` what the operator is told about them)."""

    def __init__(self, policy: Threshold, facts: tuple[tuple[str, str], ...]) -> None:
        self._policy = policy
        self._facts = dict(facts)

    @guarded
    def process(self, day: tuple[str, dict[str, Iterable[bytes]]]) -> Iterator[tuple[str, bytes]]:
        """One day."""
        date, parts = day
        (counts,) = (unpack(part) for part in parts[COUNTS])
        folds = add_counts(unpack(part) for part in parts[FOLDS])
        released = release(counts, folds, REPORTS, self._policy)
        unknown_site = UNKNOWN in counts[REPORTS.root().name]["site"].to_pylist()
        yield date, packed(released, REPORTS, self._facts, {"unknown_site": unknown_site})


def packed(released: Released, catalogue: Catalogue, facts: dict[str, str], told: dict[str, Any]) -> bytes:
    """The Parquet files by report, and under `figures` what the operator is told: of each report, and `told`."""
    reports = {
        name: {
            "rows": table.num_rows,
            "hits": sum(table["hits"].to_pylist()),
            "rows_under": released.folded[name].under,
            "rows_caught": released.folded[name].caught,
            "rows_joined": released.folded[name].joined,
            "hits_other": released.folded[name].hits,
        }
        for name, table in released.tables.items()
    }
    figures = json.dumps({"reports": reports, **told}).encode()
    return pack_bytes({**parquet_files(released, catalogue, facts), FIGURES: figures})
