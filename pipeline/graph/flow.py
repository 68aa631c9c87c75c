"""Takes a job, gives its graph: the whole pipeline on one screen. Between steps travel (number or word, bytes), never a line."""

from __future__ import annotations

import json
from operator import itemgetter
from typing import Any

import apache_beam as beam
from apache_beam.pvalue import AsDict, AsIter, AsSingleton

from pipeline.graph import accounts
from pipeline.graph.job import Job
from pipeline.graph.steps.bound_shards import NO_LINES, BoundShards
from pipeline.graph.steps.count_folds import CountFolds
from pipeline.graph.steps.count_shards import PREPARED, CountShards
from pipeline.graph.steps.each_shard import LARGEST, SECRETS
from pipeline.graph.steps.guarded import guarded
from pipeline.graph.steps.make_secret import MakeSecret
from pipeline.graph.steps.map_blocks import ACCOUNTS
from pipeline.graph.steps.map_files import MapFiles
from pipeline.graph.steps.plan_release import PLANS, PlanRelease
from pipeline.graph.steps.publish_days import PublishDays
from pipeline.graph.steps.read_blocks import BYTES_READ
from pipeline.graph.steps.release_days import COUNTS, FOLDS, ReleaseDays
from pipeline.graph.steps.release_noisy import ReleaseNoisy
from pipeline.graph.steps.write_days import WriteDays
from transforms.privacy.differential.policy import Differential
from transforms.privacy.threshold.policy import Threshold


def build(root: beam.Pipeline, job: Job) -> None:
    """Add the job's steps to a pipeline."""
    secret = root | "MakeSecret" >> MakeSecret()

    files = root | "Files" >> beam.Create([(file.path, file) for file in job.files]) | "SpreadFiles" >> beam.GroupByKey()
    mapped = (
        files
        | "Each" >> beam.FlatMap(itemgetter(1))
        | "MapFiles"
        >> beam.ParDo(MapFiles(job.block_bytes, job.rules), AsSingleton(secret)).with_outputs(ACCOUNTS, BYTES_READ, main="pieces")
    )
    # pieces: (shard, packed visitors and hits)

    shards = mapped.pieces | "GroupByShard" >> beam.GroupByKey()
    released, told = (_noisy if isinstance(job.policy, Differential) else _thresholded)(root, shards, job)
    # released: (date, packed Parquet files)

    checked = (
        root
        | "OnceAllIsRead" >> beam.Impulse()
        | "CheckAccounts" >> beam.Map(check_accounts, AsIter(mapped[ACCOUNTS]), AsIter(mapped[BYTES_READ]), job)
    )
    staged = released | "WriteDays" >> beam.ParDo(WriteDays(job), AsSingleton(checked), AsIter(told[SECRETS]))
    once = root | "OnceAllIsStaged" >> beam.Impulse()
    _ = once | "PublishDays" >> beam.ParDo(PublishDays(job), AsIter(staged), AsIter(told[LARGEST]), AsSingleton(checked))


def _thresholded(_: beam.Pipeline, shards: Any, job: Job) -> tuple[Any, Any]:
    """The threshold mode: exact counts, a plan, a second pass over what folds, the door."""
    assert isinstance(job.policy, Threshold)
    caps = job.policy.caps()
    counted = shards | "CountShards" >> beam.ParDo(CountShards(caps)).with_outputs(PREPARED, LARGEST, SECRETS, main="counts")
    # counts: (date, packed COUNT tables of one shard)

    days = counted.counts | "GroupByDate" >> beam.GroupByKey()
    planned = days | "PlanRelease" >> beam.ParDo(PlanRelease(job.policy)).with_outputs(PLANS, main="counts")
    folds = counted[PREPARED] | "CountFolds" >> beam.ParDo(CountFolds(caps), AsDict(planned[PLANS]))

    released = (
        {COUNTS: planned.counts, FOLDS: folds}
        | "JoinByDate" >> beam.CoGroupByKey()
        | "Release" >> beam.ParDo(ReleaseDays(job.policy, job.facts))
    )
    return released, counted


def _noisy(root: beam.Pipeline, shards: Any, job: Job) -> tuple[Any, Any]:
    """The dp mode: bounded counts, the door. Every asked period is released, with lines or without."""
    assert isinstance(job.policy, Differential)
    counted = shards | "BoundShards" >> beam.ParDo(BoundShards(job.policy.sites)).with_outputs(LARGEST, SECRETS, main="counts")
    asked = root | "Asked" >> beam.Create([(date, NO_LINES) for date in job.asked])
    drawn = (
        (asked, counted.counts)
        | "WithAsked" >> beam.Flatten()
        | "GroupByDate" >> beam.GroupByKey()
        | "ReleaseNoisy" >> beam.ParDo(ReleaseNoisy(job.policy, job.facts))
    )
    # Where writing is tried again, it must be the same noise.
    return drawn | "KeepDrawn" >> beam.Reshuffle(), counted


@guarded
def check_accounts(_: bytes, blocks: Any, sizes: Any, job: Job) -> dict[str, Any]:
    """The run's account; raises if a gate is closed."""
    account = accounts.merge(blocks)
    # In the dp mode that a period has no line may be one person's secret, too.
    needed = () if isinstance(job.policy, Differential) else job.asked
    accounts.check(account, dict(sizes), job.max_reject_ratio, needed)
    checked: dict[str, Any] = json.loads(json.dumps(account))
    return checked
