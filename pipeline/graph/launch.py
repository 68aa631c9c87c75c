"""From the configuration to the job, checked against the input, the clock and what is published."""

from __future__ import annotations

import datetime
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace

from pipeline.config import days
from pipeline.config.config import KEPT, MIB, Config
from pipeline.config.zone import AUTO, Zone, find_zone
from pipeline.dataset import ledger
from pipeline.dataset.dataset import names_of
from pipeline.dataset.manifest import Manifest, policy_class_of
from pipeline.dataset.publish import published_days, refuse_other_layout, refuse_unknown
from pipeline.dataset.storage import open_storage
from pipeline.errors import EXIT_OUTPUT, EXIT_USAGE, JobError
from pipeline.graph.detected import name_of
from pipeline.graph.inputs import Found, find_inputs
from pipeline.graph.job import Job
from pipeline.graph.memory import allowed_by_default, too_big
from pipeline.graph.sites import Sites, look_at_sites, refuse_nameless
from pipeline.graph.unread import STDIN
from transforms.block import Rules
from transforms.errors import translated
from transforms.formats.registry import format_of
from transforms.period import Period

LINES_OF_A_SHARD = 250_000
"""A shard is counted at once, so the memory for that follows from its lines."""

SHARDS_OF_A_PIPE = 16
"""Of the standard input nobody knows how many lines it will have."""

# Measured with benchmarks/memory.py: what this process takes, the one that the workers are copies of, and each worker, before a
# line is read; what the blocks in work take; what a line takes, from few visitors with many to many with one each; and
# what a file takes.
MAIN_BYTES, SERVER_BYTES, WORKER_BYTES = 150 * MIB, 50 * MIB, 60 * MIB
BLOCK_FACTOR = 3
LINE_BYTES = 70
FILE_BYTES = 16 << 10

SURELY = 1.5
"""A run is refused if the estimate is so many times what is allowed. One that takes too much all the same ends by itself."""


@dataclass(frozen=True, slots=True)
class Launch:
    """A job that may start, by which time zone and why, what was found for it, files that are empty, and about how much memory
    it will take, in bytes.

    `first` says that nothing has been published to the output yet; `previewable` that the input can be counted before that, and
    `undecided` that its period may still be chosen.
    """

    job: Job
    zone: Zone
    found: tuple[Found, ...]
    empty: tuple[str, ...]
    sites: Sites
    first: bool
    previewable: bool
    undecided: bool
    memory: int


@dataclass(frozen=True, slots=True)
class Look:
    """The configuration with its time zone and period and the input, checked. The output is not checked yet.

    `previewable` says that the input can be counted before it is published; `undecided` that neither the operator nor the data
    set says the period.
    """

    config: Config
    zone: Zone
    now: datetime.datetime
    asked: tuple[str, ...]
    found: tuple[Found, ...]
    empty: tuple[str, ...]
    sites: Sites
    previewable: bool
    undecided: bool


def refuse_other(config: Config) -> dict[str, Manifest]:
    """The manifest of each period that is published or paid for; raises `JobError` if one was made with another setting.

    Periods of two calendars would overlap, so one person's evening would be published twice. Of two data sets of one log the rows
    of one can be subtracted from those of the other: so the way out is not another --output. Call it before anything is read, and
    again with the output locked, because another run may have published in between.
    """
    with open_storage(config.output).listed_once():
        refuse_other_layout(config.output, config.catalogue.names())
        entered, published = ledger.entries(config.output), published_days(config.output)
    known = {date: entry["manifest"] for date, entry in entered.items()} | published
    facts = config.facts()
    for fact, option in KEPT.items():
        if facts[fact] == AUTO:  # the data set's own
            continue
        for date, manifest in known.items():
            if manifest.get(fact) != facts[fact] and fact not in config.policy.may_differ:
                was = manifest.get(fact, "(not stated)")
                message = (
                    f"{date} was published with {option} {was}, not {facts[fact]}: a data set keeps to one, because two of "
                    f"one log can be subtracted from each other. Use the same{_other_way(manifest)}."
                )
                raise JobError(EXIT_USAGE, f"other_{fact}", message)
    return known


def _other_way(manifest: Manifest) -> str:
    """What can be done instead of keeping to the setting of a published period."""
    if policy_class_of(manifest).draws:
        return ": its privacy budget is spent, and removing it gives nothing back"
    return ", or take the old data set back with `weblog-anonymizer withdraw`, and publish it anew"


def look(config: Config, known: Mapping[str, Manifest], now: datetime.datetime) -> Look:
    """Check the input, given the `known` periods of the output; raises `JobError` where the job must not start."""
    files = find_inputs(config.input, config.format, all_columns=config.policy.announced)
    found, empty = tuple(each for each in files if not each.empty), tuple(each.file.path for each in files if each.empty)
    if not config.local and any(each.file.path == STDIN for each in found):
        raise JobError(EXIT_USAGE, "usage", "--input -: a runner elsewhere cannot read this machine's standard input.")
    if config.proxies and not any(format_of(each.file.format).has("forwarded_for") for each in found):
        formats = ", ".join(sorted({name_of(each.file.format) for each in found}))
        raise JobError(
            EXIT_USAGE, "usage", f"--trusted-proxies: the log ({formats}) does not hold X-Forwarded-For. Log it as well."
        )
    if config.opt_out == "exclude" and not any(
        format_of(each.file.format).has(name) for each in found for name in ("dnt", "gpc")
    ):
        raise JobError(EXIT_USAGE, "usage", "--opt-out exclude: the log holds neither DNT nor Sec-GPC. Log them as well.")
    if config.ignored.agents and found and not any(format_of(each.file.format).has("user_agent") for each in found):
        raise JobError(EXIT_USAGE, "usage", "--ignore-agent: the log does not hold user agents. Log them as well.")
    sites = look_at_sites(found, config.proxies, int(config.policy.facts()["min_addresses"]))
    of_published = (manifest["time_zone"] for manifest in known.values() if "time_zone" in manifest)
    zone = find_zone(config.time_zone, of_published, (each.stated_offsets() for each in found))
    with translated(
        ValueError, lambda _: JobError(EXIT_OUTPUT, "bad_manifest", "A manifest of --output states no known period.")
    ):
        of_data_set = next((Period(manifest["period"]) for manifest in known.values() if "period" in manifest), None)
    period = config.period or of_data_set
    is_readable_twice = config.local and not any(each.file.path == STDIN for each in found)
    previewable = is_readable_twice and not config.policy.draws
    config = replace(config, time_zone=zone.name, period=period or Period.DAY)
    asked = days.asked_periods(config.date, days.today_in(zone.name, config.grace, now), period or Period.DAY)
    return Look(config, zone, now, asked, found, empty, sites, previewable, period is None)


def prepare(look: Look) -> Launch:
    """The job, given what is published; raises `JobError` where it must not start. Call it with the output locked."""
    config = look.config
    known = refuse_other(config)
    published = published_days(config.output)
    refuse_unknown(config.output, known, {*config.catalogue.names(), *names_of([*known.values()])})
    if not known:
        refuse_nameless(look.found, look.sites)
    if config.policy.draws:
        ledger.refuse_spent(ledger.entries(config.output), published, look.asked)
    today = days.today_in(config.time_zone, config.grace, look.now)
    window = days.window(look.asked, frozenset(published), today, config.replace, config.period or Period.DAY)
    lines = sum(each.lines for each in look.found)
    catalogue = config.policy.published(config.catalogue)
    job = Job(
        run_id=f"{look.now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}",
        # On another machine that shares the files their inodes may differ.
        files=tuple(each.file if config.local else replace(each.file, identity=None) for each in look.found),
        output=config.output,
        rules=Rules(
            shards=_shards(config.workers, lines, any(each.file.path == STDIN for each in look.found)),
            window=window,
            dimensions=config.policy.travelling(catalogue),
            country_database=config.country_database,
            time_zone=config.time_zone,
            proxies=config.proxies,
            routes=config.routes,
            ignored=config.ignored,
            secret_part=config.secret_part,
            exclude_opted_out=config.opt_out == "exclude",
            log_time_zone=config.log_time_zone,
        ),
        policy=config.policy,
        catalogue=catalogue,
        block_bytes=config.block_bytes,
        max_reject_ratio=config.max_reject_ratio,
        refuses_one_network=config.one_network == "refuse",
        asked=look.asked,
        replace=config.replace,
        awaited=config.awaited,
        facts=tuple(config.facts().items()),
    )
    block_bytes = min(config.block_bytes, sum(each.held for each in look.found))
    memory = _memory(config.workers, block_bytes, lines, len(look.found))
    allowed = config.max_memory or allowed_by_default()
    if config.local and memory > SURELY * allowed:
        least = _memory(0, block_bytes, lines, len(look.found))
        alone = f" With --workers 0 it would take about {least / 1e6:,.0f} MB." if least < min(memory, allowed) else ""
        raise too_big(f"would take about {memory / 1e6:,.0f} MB of memory, and {allowed / 1e6:,.0f} MB are allowed.{alone}")
    undecided = look.undecided and look.previewable and not known
    return Launch(job, look.zone, look.found, look.empty, look.sites, not known, look.previewable, undecided, memory)


def _shards(workers: int, lines: int, is_piped: bool) -> int:
    """How many shards there are: at least two a worker, so that all have work to the end."""
    return max(2 * workers, -(-lines // LINES_OF_A_SHARD), SHARDS_OF_A_PIPE if is_piped else 1)


def _memory(workers: int, block_bytes: int, lines: int, files: int) -> int:
    """About how much memory a run on this machine takes, in bytes."""
    processes = MAIN_BYTES + (SERVER_BYTES + workers * WORKER_BYTES if workers else 0)
    return processes + max(workers, 1) * BLOCK_FACTOR * block_bytes + lines * LINE_BYTES + files * FILE_BYTES
