"""The last step of the graph: publishes all staged periods, then leaves the run record."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import apache_beam as beam

from pipeline.dataset.manifest import manifest_of
from pipeline.dataset.publish import StagedFile, commit_day, discard
from pipeline.graph import accounts
from pipeline.graph.coverage import coverage_of
from pipeline.graph.job import Job
from pipeline.graph.run_record import write_record
from pipeline.graph.steps.guarded import guarded


class PublishDays(beam.DoFn):
    """One call for the run, because days are published in their order. Idempotent: a retry finds its own manifests."""

    def __init__(self, job: Job) -> None:
        self._job = job

    @guarded
    def process(
        self,
        _: bytes,
        days: Iterable[tuple[str, bytes]],
        traffic: Iterable[tuple[str, tuple[int, int]]],
        checked: dict[str, Any],
    ) -> None:
        """Publish, then write the record if the launcher waits.

        `traffic`: hits of people in the largest network and bytes of all hits, by day and shard.
        """
        job = self._job
        seen = checked["days"]
        published = {}
        traffic = tuple(traffic)
        peaks = accounts.largest_networks(traffic)
        volumes: dict[str, int] = {}
        for date, (_hits, volume) in traffic:
            volumes[date] = volumes.get(date, 0) + volume
        for date, data in sorted(days):
            described = json.loads(data)
            staged = [StagedFile(**file) for file in described["staged"]]
            figures = described["figures"]["reports"]
            coverage = coverage_of(date, seen, job.policy.announced)
            hashes = {file.report: file.sha256 for file in staged}
            rows = {name: report["rows"] for name, report in figures.items()}
            manifest = manifest_of(date, dict(job.facts), job.catalogue, hashes, rows)
            commit_day(job.output, job.run_id, manifest, staged, job.replace)
            published[date] = {
                "lines": seen.get(date, 0),
                "bytes_sent": volumes.get(date, 0),
                "coverage": coverage,
                "one_network_dominates": 2 * peaks.get(date, 0) > checked["people"].get(date, 0),
                "local_addresses_dominate": 2 * checked["local"].get(date, 0) > checked["people"].get(date, 0),
                **described["figures"],
            }
        if job.awaited:
            write_record(job, checked, published)
        else:
            discard(job.output, job.run_id)
