"""`run`: opens pool and lock, runs the graph, and tells what was published."""

from __future__ import annotations

import argparse
import contextlib
import datetime
import gc
import logging
import time
from dataclasses import asdict
from typing import Any

from pipeline import errors, logs
from pipeline.cli import choice
from pipeline.config.config import config_of
from pipeline.dataset.lock import check_output, output_lock
from pipeline.dataset.publish import discard, recover
from pipeline.dataset.storage import open_storage
from pipeline.errors import EXIT_UNEXPECTED, EXIT_USAGE, JobError
from pipeline.graph import detected, launch, parcels, pool, progress, sites
from pipeline.graph.allocator import give_back
from pipeline.graph.job import Job
from pipeline.graph.memory import Watch, allowed_by_default
from pipeline.graph.run_record import read_record
from pipeline.graph.unread import STDIN
from pipeline.outputs import record_file
from pipeline.signals import interruptible
from pipeline.words import plural
from transforms.errors import translated


def run(options: argparse.Namespace, beam_arguments: list[str]) -> None:
    """Publish; raises `JobError` with the exit code."""
    began = time.monotonic()
    give_back()
    watch = Watch()
    with watch.told(), interruptible(), contextlib.ExitStack() as held:
        config = config_of(options, beam_arguments)
        if config.run_record:
            record_file.check_writable(config.run_record)
        check_output(config.output)
        known = launch.refuse_other(config)
        held.enter_context(pool.workers(config.workers))
        allowed = config.max_memory or allowed_by_default()
        with watch.on(allowed):
            look = launch.look(config, known, datetime.datetime.now(datetime.timezone.utc))
        held.enter_context(output_lock(config.output))
        with open_storage(config.output).listed_once():  # the lock keeps others from changing it
            for date in recover(config.output, config.catalogue.names()):
                logs.event("recovered", f"{date}: an interrupted publication was completed.", date=date)
            prepared = launch.prepare(look)
        choice.refuse_undecided(prepared, options)
        job = prepared.job
        if prepared.zone.why:
            words = f"days and hours of {prepared.zone.name}: {prepared.zone.why}."
            logs.event("time_zone", words, time_zone=prepared.zone.name)
        stored = sum(file.size for file in job.files)
        piped = any(file.path == STDIN for file in job.files)
        size = f"{stored / 1e6:,.1f} MB{' or more' if piped else ''}"
        logs.event("started", f"reading {size}, files: {len(job.files):,}", files=len(job.files), bytes=stored)
        handed_over = False
        try:
            with contextlib.ExitStack() as here, progress.shown(None if piped else stored):
                if config.local:
                    here.enter_context(parcels.kept_here())
                    here.enter_context(watch.on(allowed))
                _execute(job, beam_arguments, config.local)
            handed_over = not job.awaited
            if not handed_over:
                record = read_record(config.output, job.run_id)
                record |= {"formats": detected.summary(prepared.found), "empty_files": list(prepared.empty)}
                record |= {"first": prepared.first, "doubtful_sites": [asdict(doubt) for doubt in prepared.sites.doubts]}
                record |= {"other_sites": sites.other_sites(config.output, record, prepared.sites.nameless)}
                record |= {"why_time_zone": prepared.zone.why}
        finally:
            if not handed_over:  # else the job is at work there
                discard(config.output, job.run_id)
    if handed_over:
        logs.event("handed_over", "the job was handed over. It publishes by itself: follow it at the runner.")
        return
    record |= {"seconds": round(time.monotonic() - began, 3), "peak_memory_bytes": watch.peak()}
    if config.run_record:
        record_file.write(config.run_record, record)
    sites.refuse_other_sites(record)
    _tell(record, config.log_format)


def _tell(record: dict[str, Any], log_format: str) -> None:
    from pipeline.cli import summary, terminal

    for date, day in record["days"].items():
        lines = day["lines"]
        logs.event("published", f"{date}: {plural(lines, 'line')}", date=date, lines=lines, coverage=day["coverage"])
    if log_format == "json":
        for name, warning in summary.warnings(record):
            logs.event(name, warning, logging.WARNING)
    facts = {name: record[name] for name in ("lines", "days_left_out", "seconds", "peak_memory_bytes")}
    logs.event("done", f"done in {record['seconds']:.1f} s", **facts)
    if log_format == "text":
        with terminal.printing() as console:
            summary.show(record, console)


def _execute(job: Job, beam_arguments: list[str], local: bool) -> None:
    import apache_beam as beam
    from apache_beam.options.pipeline_options import PipelineOptions, SetupOptions

    from pipeline.graph.flow import build

    logs.quieten()
    options = PipelineOptions(beam_arguments)
    options.view_as(SetupOptions).save_main_session = False
    runner = None
    if local:
        from pipeline.graph.memory_runner import memory_runner

        runner = memory_runner()
    try:
        root = beam.Pipeline(runner=runner, options=options)
    except ValueError as error:  # Beam checks the options of the runner that is named; it has not seen the log
        raise JobError(EXIT_USAGE, "usage", " ".join(str(error).split())) from None
    build(root, job)
    gc.freeze()
    gc.enable()
    if job.awaited:
        _finish(root.run(), local)
    else:
        _check_goes_on(options)
        root.run()


def _check_goes_on(options: Any) -> None:
    """Refuse --no-wait for a job whose server or workers are part of this process: it would end with it."""
    from apache_beam.options.pipeline_options import PortableOptions, StandardOptions

    runner = options.view_as(StandardOptions).runner
    portable = options.view_as(PortableOptions)
    elsewhere = portable.job_endpoint not in (None, "embed") and portable.environment_type != "LOOPBACK"
    if runner != "DataflowRunner" and not (runner == "PortableRunner" and elsewhere):
        raise JobError(
            EXIT_USAGE,
            "usage",
            "--no-wait: the job would end with this process. Use DataflowRunner, or PortableRunner with a --job_endpoint "
            "and workers elsewhere.",
        )


def _finish(result: Any, local: bool) -> None:
    """Wait for the job. An interrupted launcher cancels a job that runs elsewhere."""

    def lost(error: Exception) -> JobError | None:
        if local or errors.from_text(str(error)) is not None:
            return None
        return JobError(
            EXIT_UNEXPECTED,
            "runner_failed",
            "The runner ended the job early; its own log says why. No day was published that is not complete. Run again.",
        )

    try:
        with translated(Exception, lost):
            result.wait_until_finish()
    except KeyboardInterrupt:
        if not local:
            result.cancel()
        raise
