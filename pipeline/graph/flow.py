"""The job's graph: the whole pipeline on one screen. Steps exchange (number or word, bytes) pairs, never a line."""

from __future__ import annotations

import json
from operator import itemgetter
from typing import Any

import apache_beam as beam
from apache_beam.pvalue import AsDict, AsIter, AsSingleton

from pipeline.graph import accounts
from pipeline.graph.coverage import cut_period
from pipeline.graph.job import Job
from pipeline.graph.parcels import handed_on
from pipeline.graph.steps.count_shards import KEPT, SECRETS, TRAFFIC, CountShards
from pipeline.graph.steps.guarded import guarded
from pipeline.graph.steps.make_secret import MakeSecret
from pipeline.graph.steps.map_files import ACCOUNTS, BYTES_READ, MapFiles
from pipeline.graph.steps.plan_release import PLANS, PlanRelease
from pipeline.graph.steps.publish_days import PublishDays
from pipeline.graph.steps.recount import Recount
from pipeline.graph.steps.release_days import COUNTS, RECOUNTS, ReleaseDays
from pipeline.graph.steps.write_days import WriteDays


def build(root: beam.Pipeline, job: Job) -> None:
    """Add the job's steps to a pipeline."""
    policy, catalogue = job.policy, job.catalogue
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
    counted = shards | "CountShards" >> beam.ParDo(CountShards(policy, catalogue)).with_outputs(
        KEPT, SECRETS, TRAFFIC, main="counts"
    )
    # counts: (date, packed counts of one shard)

    days = _with_announced(root, counted.counts, job) | "GroupByDate" >> beam.GroupByKey()
    planned = days | "PlanRelease" >> beam.ParDo(PlanRelease(policy, catalogue)).with_outputs(PLANS, main="counts")
    recounts = counted[KEPT] | "Recount" >> beam.ParDo(Recount(policy, catalogue), AsDict(planned[PLANS]))
    released = (
        {COUNTS: planned.counts, RECOUNTS: recounts}
        | "JoinByDate" >> beam.CoGroupByKey()
        | "Release" >> beam.ParDo(ReleaseDays(policy, catalogue, job.facts))
    )
    if policy.draws:  # where writing is tried again, it must be the same draw
        released = released | "KeepDrawn" >> beam.Reshuffle()
    # released: (date, packed Parquet files)

    checked = (
        root
        | "OnceAllIsRead" >> beam.Impulse()
        | "CheckAccounts"
        >> beam.Map(check_accounts, AsIter(mapped[ACCOUNTS]), AsIter(mapped[BYTES_READ]), AsIter(counted[TRAFFIC]), job)
    )
    staged = released | "WriteDays" >> beam.ParDo(WriteDays(job), AsSingleton(checked), AsIter(counted[SECRETS]))
    once = root | "OnceAllIsStaged" >> beam.Impulse()
    _ = once | "PublishDays" >> beam.ParDo(PublishDays(job), AsIter(staged), AsIter(counted[TRAFFIC]), AsSingleton(checked))


def _with_announced(root: beam.Pipeline, counts: beam.PCollection, job: Job) -> beam.PCollection:
    """The counts. If the policy publishes periods without lines, each requested one has counts."""
    nothing = job.policy.without_lines()
    if nothing is None:
        return counts
    asked = root | "Asked" >> beam.Create([(date, handed_on(nothing)) for date in job.asked])
    return (asked, counts) | "WithAsked" >> beam.Flatten()


@guarded
def check_accounts(_: bytes, blocks: Any, sizes: Any, traffic: Any, job: Job) -> dict[str, Any]:
    """The run's account; raises if a gate is closed. `traffic` is that of `CountShards`."""
    account = accounts.merge(blocks)
    # Where periods are announced, that one has no line may be one person's secret, too.
    needed = () if job.policy.announced else job.asked
    accounts.check(account, dict(sizes), job.max_reject_ratio, needed)
    # Nor may what one network did decide whether such a mode publishes: the summary warns of it.
    if job.refuses_one_network and not job.policy.announced:
        accounts.check_networks(account, accounts.largest_networks(traffic))
    # A period that was asked for, or announced, is published as it is.
    chosen = bool(job.asked) or job.policy.announced
    cut = None if chosen else cut_period(account["days"], account["first"], job.rules.window)
    checked: dict[str, Any] = json.loads(json.dumps({**accounts.closed(account, cut), "cut_period": cut}))
    return checked
