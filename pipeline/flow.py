"""Takes a job, gives its graph: the whole pipeline on one screen. Between steps travel (number or word, bytes), never a line."""

from __future__ import annotations

import json
from operator import itemgetter
from typing import Any

import apache_beam as beam
from apache_beam.pvalue import AsDict, AsIter, AsSingleton

from pipeline import accounts
from pipeline.job import Job
from pipeline.steps.count_folds import CountFolds
from pipeline.steps.count_shards import LARGEST, PREPARED, SECRETS, CountShards
from pipeline.steps.guarded import guarded
from pipeline.steps.make_secret import MakeSecret
from pipeline.steps.map_blocks import ACCOUNTS
from pipeline.steps.map_files import MapFiles
from pipeline.steps.plan_release import PLANS, PlanRelease
from pipeline.steps.publish_days import PublishDays
from pipeline.steps.read_blocks import BYTES_READ
from pipeline.steps.release_days import COUNTS, FOLDS, ReleaseDays
from pipeline.steps.write_days import WriteDays


def build(root: beam.Pipeline, job: Job) -> None:
    """Add the job's steps to a pipeline."""
    caps = job.policy.caps()
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
    # released: (date, packed Parquet files)

    checked = (
        root
        | "OnceAllIsRead" >> beam.Impulse()
        | "CheckAccounts" >> beam.Map(check_accounts, AsIter(mapped[ACCOUNTS]), AsIter(mapped[BYTES_READ]), job)
    )
    staged = released | "WriteDays" >> beam.ParDo(
        WriteDays(job.output, job.run_id), AsSingleton(checked), AsIter(counted[SECRETS])
    )
    once = root | "OnceAllIsStaged" >> beam.Impulse()
    _ = once | "PublishDays" >> beam.ParDo(PublishDays(job), AsIter(staged), AsIter(counted[LARGEST]), AsSingleton(checked))


@guarded
def check_accounts(_: bytes, blocks: Any, sizes: Any, job: Job) -> dict[str, Any]:
    """The run's account; raises if a gate is closed."""
    account = accounts.merge(blocks)
    accounts.check(account, dict(sizes), job.max_reject_ratio, job.asked)
    checked: dict[str, Any] = json.loads(json.dumps(account))
    return checked
