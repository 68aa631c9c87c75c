"""What the operator wants of a run: the options, checked, as one frozen value. A fact has one name from here to the block."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pipeline.config.patterns import Pattern
from pipeline.config.policy import policy_of_options
from pipeline.config.zone import AUTO
from pipeline.dataset.manifest import SCHEMA_VERSION
from pipeline.errors import EXIT_USAGE, JobError
from transforms import clock
from transforms.dimensions.agent import RULES_VERSION
from transforms.dimensions.country import CountryLookup
from transforms.errors import translated
from transforms.masking.client import Proxies
from transforms.masking.fingerprint import NO_RULES
from transforms.masking.ignored import Ignored, agent_rule, network_rule, path_rule
from transforms.masking.routes import Routes
from transforms.masking.site import publishable_site
from transforms.period import Period
from transforms.privacy.policy import Policy
from transforms.reports.defaults import default_catalogue
from transforms.reports.report import Catalogue
from transforms.reserved import UNKNOWN

MIB = 1 << 20
MIN_SECRET_PART = 32

KEPT = {
    "mode": "--privacy",
    "min_addresses": "--min-addresses",
    "time_zone": "--timezone",
    "log_time_zone": "--log-timezone",
    "period": "--period",
    "opt_out": "--opt-out",
    "routes": "--routes",
}
"""Facts of which a data set has one each, except those that its policy lets differ (`Policy.may_differ`), and their options."""

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Config:
    """One run, as the operator wants it.

    `input` are the patterns of files, each with its site; `date` is the value of --date; `time_zone` is `AUTO`, and `period`
    None, until it is found out; `country_version` names the country database and its date; `secret_part` is the name of an
    environment variable of the workers; `local` means that no remote runner is named; `awaited` means that the launcher waits for
    the job.
    """

    input: tuple[Pattern, ...]
    output: str
    format: str
    date: str | None
    period: Period | None
    time_zone: str
    log_time_zone: str
    grace: int
    replace: bool
    proxies: Proxies | None
    routes: Routes | None
    ignored: Ignored
    opt_out: str
    country_database: str | None
    country_version: str
    secret_part: str | None
    policy: Policy
    catalogue: Catalogue
    max_reject_ratio: float
    one_network: str
    workers: int
    block_bytes: int
    max_memory: int | None
    run_record: str | None
    log_format: str
    local: bool
    awaited: bool

    def facts(self) -> dict[str, str]:
        """What is public about the run, for manifest and metadata."""
        return {
            **self.policy.facts(),
            "time_zone": self.time_zone,
            "log_time_zone": self.log_time_zone,
            "period": self.period.value if self.period else AUTO,
            "opt_out": self.opt_out,
            "routes": self.routes.fingerprint() if self.routes else NO_RULES,
            "ignored": self.ignored.fingerprint(),
            "schema_version": str(SCHEMA_VERSION),
            "country_database": self.country_version,
            "rules": RULES_VERSION,
        }


def reports_of_this_version() -> Catalogue:
    """The reports that a run declares, of which its policy publishes those that it can."""
    return default_catalogue()


def config_of(options: argparse.Namespace, beam_arguments: Sequence[str]) -> Config:
    """The options of `run` or `plan`, checked; raises `JobError` (exit 2), which names the option."""
    if not options.output.strip():
        raise JobError(EXIT_USAGE, "usage", "--output: it is empty. Name the folder of the data set.")
    if options.run_record and _is_inside(options.run_record, options.output):
        message = f"--run-record {options.run_record}: it is inside --output, which others may read. Write it elsewhere."
        raise JobError(EXIT_USAGE, "usage", message)
    local = not any(argument.partition("=")[0] == "--runner" for argument in beam_arguments)
    time_zone = options.time_zone if options.time_zone == AUTO else _checked("--timezone", clock.zone, options.time_zone).key
    log_time_zone = _checked("--log-timezone", clock.zone, options.log_time_zone).key
    site = None if options.site is None else _checked("--site", _site, options.site)
    patterns = tuple(Pattern.parse(word, site) for word in options.input)
    policy = policy_of_options(options, tuple(pattern.site for pattern in patterns if pattern.site is not None))
    countries = _checked("--geoip-country", CountryLookup.open, options.country_database)
    proxies = _checked("--trusted-proxies", Proxies.parse, options.proxies) if options.proxies else None
    routes = _checked("--routes", _read_routes, options.routes) if options.routes else None
    ignored = Ignored(
        paths=tuple(_checked("--ignore-path", path_rule, word) for word in options.ignore_path),
        networks=tuple(_checked("--ignore-network", network_rule, word) for word in options.ignore_network),
        agents=tuple(_checked("--ignore-agent", agent_rule, word) for word in options.ignore_agent),
    )
    secret_part = _checked("--secret-from", _secret_part, options.secret_part) if options.secret_part else None
    if options.no_wait and (local or options.run_record):
        other = "no runner elsewhere is named" if local else "--run-record is written by a launcher that waits"
        raise JobError(EXIT_USAGE, "usage", f"--no-wait: {other}.")
    return Config(
        input=patterns,
        output=options.output,
        format=options.format,
        date=options.date,
        period=Period(options.period) if options.period else None,
        time_zone=time_zone,
        log_time_zone=log_time_zone,
        grace=options.grace,
        replace=options.replace,
        proxies=proxies,
        routes=routes,
        ignored=ignored,
        opt_out=options.opt_out,
        country_database=options.country_database,
        country_version=countries.version,
        secret_part=secret_part,
        policy=policy,
        catalogue=reports_of_this_version(),
        max_reject_ratio=options.max_reject_ratio,
        one_network=options.one_network,
        workers=options.workers if local else 0,
        block_bytes=(options.block_mib or (16 if local else 64)) * MIB,
        max_memory=options.max_memory,
        run_record=options.run_record,
        log_format=options.log_format,
        local=local,
        awaited=not options.no_wait,
    )


def _checked(name: str, check: Callable[[str], Value], value: str) -> Value:
    with translated(ValueError, lambda error: JobError(EXIT_USAGE, "usage", f"{name}: {error}.")):
        return check(value)


def _site(word: str) -> str:
    site = publishable_site(word)
    if site == UNKNOWN != word:
        raise ValueError(f"{word!r} is not the name of a host; '{UNKNOWN}' publishes a site without a name")
    return site


def _is_inside(path: str, folder: str) -> bool:
    """Whether a file of this machine lies below a folder of it, through whichever links."""
    return "://" not in folder and Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))


def _read_routes(path: str) -> Routes:
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ValueError(f"{path} cannot be read: it is not UTF-8") from None
    with translated(ValueError, lambda error: ValueError(f"{path}, {error}")):
        return Routes.parse(text)


def _secret_part(word: str) -> str:
    scheme, _, name = word.partition(":")
    if scheme != "env" or not name:
        raise ValueError(f"{word!r} is not env:NAME")
    if len(os.environ.get(name, "")) < MIN_SECRET_PART:
        raise ValueError(f"the environment variable {name} must hold at least {MIN_SECRET_PART} characters")
    return name
