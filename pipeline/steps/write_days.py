"""Takes the files of each day and the checked account of the run, gives (date, description of the staged files).

The account is a side input: nothing is staged before all input was read and every gate has passed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

import apache_beam as beam

from pipeline.publish import stage_file
from pipeline.steps.count_shards import secret_changed
from pipeline.steps.guarded import guarded
from pipeline.steps.release_days import FIGURES
from transforms.wire import unpack_bytes


class WriteDays(beam.DoFn):
    """Output (date, staged files and figures as JSON)."""

    def __init__(self, output: str, run_id: str) -> None:
        self._output = output
        self._run_id = run_id

    @guarded
    def process(self, day: tuple[str, bytes], checked: dict[str, Any], secrets: Iterable[bytes]) -> Iterator[tuple[str, bytes]]:
        """One day; a retry writes the same bytes to the same places. All shards must have been made with one secret."""
        if len(set(secrets)) > 1:
            raise secret_changed()
        date, packed = day
        files = unpack_bytes(packed)
        figures = json.loads(files.pop(FIGURES))
        staged = [stage_file(self._output, self._run_id, report, date, data) for report, data in files.items()]
        yield date, json.dumps({"figures": figures, "staged": [file.to_dict() for file in staged]}).encode()
