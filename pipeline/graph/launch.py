"""Takes the options of `run` or `plan`, gives the job, checked against the input, the clock and what is published."""

from __future__ import annotations

import argparse
import datetime
import os
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from pipeline.cli.options import MIB
from pipeline.config import days
from pipeline.config.guarantee import policy_of
from pipeline.dataset import ledger
from pipeline.dataset.publish import published_days, refuse_unknown
from pipeline.errors import EXIT_USAGE, JobError
from pipeline.graph.detected import name_of
from pipeline.graph.inputs import STDIN, Found, find_inputs
from pipeline.graph.job import Job
from transforms import clock, schema
from transforms.block import Rules
from transforms.dimensions.agents import RULES_VERSION
from transforms.dimensions.country import CountryLookup
from transforms.formats.registry import format_of
from transforms.masking.client import Proxies
from transforms.masking.routes import Routes
from transforms.masking.site import publishable_site
from transforms.period import PERIODS
from transforms.privacy.differential.policy import Differential
from transforms.privacy.threshold.policy import Threshold
from transforms.reserved import UNKNOWN

SHARD_BYTES = 256 * MIB
MIN_SECRET_PART = 32

# Measured with benchmarks/run.py: what a process takes before it reads a line, and what the shards and their copies take a line.
PROCESS_BYTES = 220 * MIB
BLOCK_FACTOR = 6
LINE_BYTES = 120

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Launch:
    """A job that may start, what was found for it, files that are empty, and how much memory it will take at most, in bytes."""

    job: Job
    found: tuple[Found, ...]
    empty: tuple[str, ...]
    memory: int


def is_local(beam_arguments: Sequence[str]) -> bool:
    """Whether the job runs on this machine: no runner is named."""
    return not any(argument.partition("=")[0] == "--runner" for argument in beam_arguments)


@dataclass(frozen=True, slots=True)
class Look:
    """The options and the input, checked; the output has not been looked at yet."""

    options: argparse.Namespace
    local: bool
    now: datetime.datetime
    zone: str
    log_zone: str
    asked: tuple[str, ...]
    found: tuple[Found, ...]
    empty: tuple[str, ...]
    countries: CountryLookup
    proxies: Proxies | None
    routes: Routes | None
    secret_part: str | None
    policy: Threshold | Differential


def look(options: argparse.Namespace, local: bool, now: datetime.datetime) -> Look:
    """Check options and input; raises `JobError` where the job must not start."""
    zone = _checked("--timezone", clock.zone, options.timezone).key
    log_zone = _checked("--log-timezone", clock.zone, options.log_timezone).key
    policy = policy_of(options)
    today = days.today_in(zone, options.grace, now)
    asked = days.asked_periods(options.date, today, PERIODS[options.period])
    if options.site is not None and publishable_site(options.site) == UNKNOWN:
        raise JobError(EXIT_USAGE, "usage", f"--site {options.site!r}: not the name of a host.")
    countries = _checked("--geoip-country", CountryLookup.open, options.geoip_country)
    proxies = _checked("--trusted-proxies", Proxies.parse, options.trusted_proxies) if options.trusted_proxies else None
    routes = _checked("--routes", _read_routes, options.routes) if options.routes else None
    secret_part = _checked("--secret-from", _secret_part, options.secret_from) if options.secret_from else None
    files = find_inputs(options.input, options.format, all_columns=isinstance(policy, Differential))
    found, empty = tuple(each for each in files if not each.empty), tuple(each.file.path for each in files if each.empty)
    if options.no_wait and (local or options.run_record):
        other = "no runner elsewhere is named" if local else "--run-record is written by a launcher that waits"
        raise JobError(EXIT_USAGE, "usage", f"--no-wait: {other}.")
    if not local and any(each.file.path == STDIN for each in found):
        raise JobError(EXIT_USAGE, "usage", "--input -: a runner elsewhere cannot read this machine's standard input.")
    if proxies and not any(format_of(each.file.format).has("forwarded_for") for each in found):
        formats = ", ".join(sorted({name_of(each.file.format) for each in found}))
        raise JobError(
            EXIT_USAGE, "usage", f"--trusted-proxies: the log ({formats}) does not hold X-Forwarded-For. Log it as well."
        )
    if options.opt_out == "exclude" and not any(
        format_of(each.file.format).has(name) for each in found for name in ("dnt", "gpc")
    ):
        raise JobError(EXIT_USAGE, "usage", "--opt-out exclude: the log holds neither DNT nor Sec-GPC. Log them as well.")
    return Look(options, local, now, zone, log_zone, asked, found, empty, countries, proxies, routes, secret_part, policy)


def prepare(look: Look) -> Launch:
    """The job, given what is published; raises `JobError` where it must not start. Call it with the output locked."""
    options = look.options
    published = published_days(options.output)
    entered = ledger.entries(options.output)
    known = {date: entry["manifest"] for date, entry in entered.items()} | published
    refuse_unknown(options.output, known)
    _refuse_other("mode", "--privacy", known, look.policy.facts()["mode"])
    if isinstance(look.policy, Differential):
        ledger.refuse_spent(entered, published, look.asked)
    _refuse_other("time_zone", "--timezone", known, look.zone)
    _refuse_other("log_time_zone", "--log-timezone", known, look.log_zone)
    _refuse_other("period", "--period", known, options.period)
    today = days.today_in(look.zone, options.grace, look.now)
    window = days.window(look.asked, frozenset(published), today, options.replace, PERIODS[options.period])
    workers = options.workers if look.local else 0
    block_bytes = (options.block_mib or (16 if look.local else 64)) * MIB
    size = sum(int(each.file.size * each.expansion) for each in look.found)
    job = Job(
        run_id=f"{look.now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}",
        # On another machine that shares the files their inodes may differ.
        files=tuple(each.file if look.local else replace(each.file, identity=None) for each in look.found),
        output=options.output,
        rules=Rules(
            shards=max(2 * workers, -(-size // SHARD_BYTES), 1),
            window=window,
            site=options.site,
            country_database=options.geoip_country,
            time_zone=look.zone,
            proxies=look.proxies,
            routes=look.routes,
            secret_part=look.secret_part,
            exclude_opted_out=options.opt_out == "exclude",
            log_time_zone=look.log_zone,
        ),
        policy=look.policy,
        block_bytes=block_bytes,
        max_reject_ratio=options.max_reject_ratio,
        asked=look.asked,
        replace=options.replace,
        awaited=not options.no_wait,
        facts=tuple(
            {
                **look.policy.facts(),
                "time_zone": look.zone,
                "log_time_zone": look.log_zone,
                "period": options.period,
                "opt_out": options.opt_out,
                "schema_version": str(schema.VERSION),
                "country_database": look.countries.version,
                "rules": RULES_VERSION,
            }.items()
        ),
    )
    lines = sum(each.lines() for each in look.found)
    memory = (workers + 1) * PROCESS_BYTES + max(workers, 1) * BLOCK_FACTOR * min(block_bytes, size) + lines * LINE_BYTES
    if look.local:
        _refuse_too_big(memory, options.max_memory)
    return Launch(job, look.found, look.empty, memory)


def _checked(name: str, check: Callable[[str], Value], value: str) -> Value:
    try:
        return check(value)
    except ValueError as error:
        raise JobError(EXIT_USAGE, "usage", f"{name}: {error}.") from None


def _read_routes(path: str) -> Routes:
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ValueError(f"{path} cannot be read: it is not UTF-8") from None
    try:
        return Routes.parse(text)
    except ValueError as error:
        raise ValueError(f"{path}, {error}") from None


def _secret_part(word: str) -> str:
    scheme, _, name = word.partition(":")
    if scheme != "env" or not name:
        raise ValueError(f"{word!r} is not env:NAME")
    if len(os.environ.get(name, "")) < MIN_SECRET_PART:
        raise ValueError(f"the environment variable {name} must hold at least {MIN_SECRET_PART} characters")
    return name


def _refuse_other(fact: str, option: str, published: dict[str, dict[str, str]], value: str) -> None:
    """Periods of two calendars, or clocks, overlap: one person's evening would be published twice."""
    for date, manifest in published.items():
        if manifest.get(fact) != value:
            raise JobError(
                EXIT_USAGE,
                f"other_{fact}",
                f"{date} was published with {option} {manifest.get(fact)}, not {value}: a data set keeps to one. "
                "Use the same, or choose another --output.",
            )


def _refuse_too_big(memory: int, allowed: int | None) -> None:
    allowed = allowed or os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") * 3 // 4
    if memory > allowed:
        raise JobError(
            EXIT_USAGE,
            "too_big",
            f"The run would take about {memory / 1e9:.1f} GB of memory, more than --max-memory {allowed / 1e9:.1f} GB. "
            "Read fewer files at once, or use a runner that has more machines.",
        )
