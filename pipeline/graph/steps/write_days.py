"""From the files of each period to staging, once the whole run may be published.

The account is a side input: nothing is staged before all input was read and every gate has passed. The ledger of a policy that
draws is written first.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

import apache_beam as beam

from pipeline.dataset import ledger
from pipeline.dataset.manifest import manifest_of
from pipeline.dataset.operations import sha256_of
from pipeline.dataset.publish import stage_file
from pipeline.graph.job import Job
from pipeline.graph.steps.count_shards import secret_changed
from pipeline.graph.steps.guarded import guarded
from pipeline.graph.steps.release_days import FIGURES
from transforms.wire import unpack_bytes


class WriteDays(beam.DoFn):
    """Output (date, staged files and figures as JSON)."""

    def __init__(self, job: Job) -> None:
        self._job = job

    @guarded
    def process(self, day: tuple[str, bytes], checked: dict[str, Any], secrets: Iterable[bytes]) -> Iterator[tuple[str, bytes]]:
        """One period; a retry writes the same bytes to the same places. All shards must have been made with one secret.

        Whether the input begins inside the period is known only now, when all of it was read.
        """
        if len(set(secrets)) > 1:
            raise secret_changed()
        date, packed = day
        if date == checked["cut_period"]:
            return
        files = unpack_bytes(packed)
        figures = json.loads(files.pop(FIGURES))
        job = self._job
        hashes = {report: sha256_of(data) for report, data in files.items()}
        rows = {name: report["rows"] for name, report in figures["reports"].items()}
        manifest = manifest_of(date, dict(job.facts), job.catalogue, hashes, rows) | {"run_id": job.run_id}
        entry = job.policy.budget_entry(manifest)
        if entry is not None:
            ledger.spend(job.output, entry)
        drawn = job.policy.draws
        staged = [stage_file(job.output, job.run_id, report, date, data, drawn) for report, data in files.items()]
        yield date, json.dumps({"figures": figures, "staged": [file.to_dict() for file in staged]}).encode()
