"""Takes the options of `run`, gives a published data set and a summary: finds the input, opens pool and lock, runs the graph."""

from __future__ import annotations

import argparse
import contextlib
import datetime
import json
import secrets
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

from pipeline import days, inputs, logs, pool, progress
from pipeline.errors import EXIT_OUTPUT, EXIT_USAGE, JobError
from pipeline.job import InputFile, Job
from pipeline.lock import output_lock
from pipeline.options import MIB
from pipeline.publish import discard, published_days, recover
from pipeline.run_record import read_record
from transforms import schema
from transforms.block import Rules
from transforms.lookups.agents import RULES_VERSION
from transforms.lookups.country import CountryLookup
from transforms.masks.site import publishable_site
from transforms.policies.threshold import NETWORK_CAP, Threshold
from transforms.report import UNKNOWN

SHARD_BYTES = 256 * MIB


def run(options: argparse.Namespace, beam_arguments: list[str]) -> None:
    """Publish; raises `JobError` with the exit code."""
    began = time.monotonic()
    local = not any(argument.split("=")[0] == "--runner" for argument in beam_arguments)
    workers = options.workers if local else 0
    with _terminated_like_interrupted(), pool.workers(workers):
        today = datetime.datetime.now(datetime.timezone.utc).date()
        asked = days.asked_days(options.date, today)
        found = inputs.find_inputs(options.input, options.format)
        with output_lock(options.output):
            recover(options.output)
            job = _job(options, [each.file for each in found], asked, today, local, workers)
            try:
                with progress.shown(sum(file.size for file in job.files)):
                    _execute(job, beam_arguments, local)
                record = read_record(options.output, job.run_id)
            finally:
                discard(options.output, job.run_id)
        peak = pool.peak_memory()
    record |= {"seconds": round(time.monotonic() - began, 3), "peak_memory_bytes": peak}
    if options.run_record:
        _write_record(options.run_record, record)
    from rich.console import Console

    from pipeline import summary

    summary.show(record, Console(highlight=False))


def _job(
    options: argparse.Namespace,
    files: list[InputFile],
    asked: tuple[str, ...],
    today: datetime.date,
    local: bool,
    workers: int,
) -> Job:
    if options.site is not None and publishable_site(options.site) == UNKNOWN:
        raise JobError(EXIT_USAGE, "usage", f"--site {options.site}: not the name of a host.")
    try:
        countries = CountryLookup.open(options.geoip_country)
    except ValueError as error:
        raise JobError(EXIT_USAGE, "usage", f"--geoip-country: {error}") from None
    policy = Threshold(options.min_addresses)
    window = days.window(asked, frozenset(published_days(options.output)), today, options.replace)
    stored = sum(file.size * (1 if file.compression == "plain" else 8) for file in files)
    shards = max(2 * workers, -(-stored // SHARD_BYTES), 1)
    return Job(
        run_id=f"{datetime.datetime.now(datetime.timezone.utc):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}",
        files=tuple(files),
        output=options.output,
        rules=Rules(shards, window, options.site, options.geoip_country),
        policy=policy,
        block_bytes=(options.block_mib or (16 if local else 64)) * MIB,
        max_reject_ratio=options.max_reject_ratio,
        asked=asked,
        replace=options.replace,
        facts=tuple(
            {
                "mode": "threshold",
                "min_addresses": str(policy.min_addresses),
                "network_cap": str(NETWORK_CAP),
                "time_zone": "UTC",
                "period": "day",
                "schema": str(schema.VERSION),
                "country_database": countries.version,
                "rules": RULES_VERSION,
            }.items()
        ),
    )


def _execute(job: Job, beam_arguments: list[str], local: bool) -> None:
    import apache_beam as beam
    from apache_beam.options.pipeline_options import PipelineOptions, SetupOptions

    from pipeline.flow import build

    logs.quieten()
    options = PipelineOptions(beam_arguments)
    options.view_as(SetupOptions).save_main_session = False
    runner = None
    if local:
        # `DirectRunner` would try to download another runner first, and leave a port open; this one opens none.
        from apache_beam.runners.portability.fn_api_runner import FnApiRunner

        runner = FnApiRunner()
    root = beam.Pipeline(runner=runner, options=options)
    build(root, job)
    root.run().wait_until_finish()


def _write_record(path: str, record: dict[str, Any]) -> None:
    try:
        Path(path).write_text(json.dumps(record, indent=2) + "\n")
    except OSError as error:
        raise JobError(EXIT_OUTPUT, "unwritable", f"--run-record {path}: {error.strerror}. The days are published.") from None


@contextlib.contextmanager
def _terminated_like_interrupted() -> Iterator[None]:
    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
