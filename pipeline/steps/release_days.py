"""Takes the counts and fold counts of each day, gives (date, Parquet files): the door, then the writer, at once.

No released table travels between steps; only finished files do.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

import apache_beam as beam

from pipeline.catalogue import REPORTS
from pipeline.steps.guarded import guarded
from transforms.count import add_counts
from transforms.policies.threshold import Threshold
from transforms.release import release
from transforms.report import UNKNOWN
from transforms.wire import pack_bytes, unpack
from transforms.write import parquet_files

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
        files = parquet_files(released, REPORTS, self._facts)
        figures = {
            name: {
                "rows": released.tables[name].num_rows,
                "hits": sum(released.tables[name]["hits"].to_pylist()),
                "rows_under": folded.under,
                "rows_caught": folded.caught,
                "rows_joined": folded.joined,
                "hits_other": folded.hits,
            }
            for name, folded in released.folded.items()
        }
        unknown_site = UNKNOWN in counts[REPORTS.root().name]["site"].to_pylist()
        told = {"reports": figures, "unknown_site": unknown_site}
        yield date, pack_bytes({**files, FIGURES: json.dumps(told).encode()})
