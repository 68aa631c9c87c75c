"""What a privacy policy is: all that a job must ask of it, so that nothing outside its folder need know which one it is.

Each policy is a folder beside this file, whose module `policy` has its class as `POLICY`.
"""

from __future__ import annotations

import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import Any, ClassVar

import pyarrow as pa

import transforms.privacy
from transforms.counting.measures import Measure
from transforms.counting.visits import is_of_visits, needed_by
from transforms.dimensions.dimension import Dimension
from transforms.masking.site import publishable_site
from transforms.privacy.detectors import is_caught
from transforms.privacy.release import Released
from transforms.reports.report import Catalogue, Report
from transforms.reserved import UNKNOWN

MIN_ADDRESSES = 5
ALL_SITES = "(all)"
"""The fact `sites` of a data set that does not limit them."""

DEFAULT_ADDRESSES = 10
"""k: the fewest addresses of a value that comes from the log and is published by name, whatever the policy."""

NETWORK_CAP = 3
"""How many addresses of one network count towards k."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The operator's settings of the guarantee, by option name. None and False mean that an option was not used.

    `sites` are those that --site and --input name.
    """

    min_addresses: int = DEFAULT_ADDRESSES
    epsilon: float | None = None
    delta: float | None = None
    accept_weak_epsilon: bool = False
    declare_site: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()
    date: str | None = None
    replace: bool = False
    no_wait: bool = False


@dataclass(frozen=True, slots=True)
class Counted:
    """The packed counts of one period of a shard, and the input of a second pass.

    Exact, and for the operator alone: the hits of people (traffic PEOPLE) in the network that has most of them, and the bytes of
    all hits (`volume`).
    """

    counts: bytes
    largest_network: int
    volume: int
    kept: bytes = b""


@dataclass(frozen=True, slots=True)
class Planned:
    """The counts of a period, added over shards; and the plan of the second pass, if there is one."""

    counts: bytes
    plan: bytes | None = None


@dataclass(frozen=True, slots=True)
class Figures:
    """A table about a run's reports for the operator: its columns, one row a report, and notes."""

    titles: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()


class Policy(ABC):
    """A privacy guarantee and its parameters."""

    mode: ClassVar[str]
    """Its name, on the command line and in manifests."""

    draws: ClassVar[bool]
    """Whether a release is drawn at random. Then a period is released once: a second draw would spend its budget twice."""

    announced: ClassVar[bool]
    """Whether periods and sites are named beforehand, and published with lines or without: which there are says nothing."""

    own_settings: ClassVar[tuple[str, ...]] = ()
    """Fields of `Settings` that only this policy has."""

    may_differ: ClassVar[tuple[str, ...]] = ()
    """Facts that may differ between the periods of a data set, of those of which it has one each otherwise."""

    @classmethod
    @abstractmethod
    def from_settings(cls, settings: Settings) -> Policy:
        """The policy of a run; `ValueError` says which setting promises too little, or does not apply to this policy."""

    @classmethod
    @abstractmethod
    def explained(cls, settings: Settings) -> Policy:
        """The policy whose numbers are to be explained, of no run in particular; `ValueError` as `from_settings`."""

    @classmethod
    @abstractmethod
    def from_facts(cls, facts: Mapping[str, str]) -> Policy:
        """The policy that a manifest states; `ValueError` or `KeyError` if it is invalid."""

    @classmethod
    @abstractmethod
    def checks(cls, manifest: Mapping[str, Any], catalogue: Catalogue, entry: Any) -> Checks:
        """What `verify` checks of a period; `entry` is its entry in the ledger, or None."""

    @abstractmethod
    def facts(self) -> dict[str, str]:
        """What is public about the policy, for manifest and metadata."""

    @classmethod
    @abstractmethod
    def published(cls, catalogue: Catalogue) -> Catalogue:
        """The reports of a catalogue that this policy can publish."""

    def travelling(self, catalogue: Catalogue) -> tuple[Dimension, ...]:
        """The dimensions that travel to a shard: those of the reports, and what dimensions of visits are computed from."""
        wanted = catalogue.all_dimensions()
        return tuple(dict.fromkeys(each for each in (*wanted, *needed_by(wanted)) if not is_of_visits(each)))

    @abstractmethod
    def count(self, pieces: Sequence[bytes], catalogue: Catalogue) -> dict[int, Counted]:
        """Count a shard, by period (its first day since 1970)."""

    @abstractmethod
    def plan(self, parts: Iterable[bytes], catalogue: Catalogue) -> Planned:
        """Add up the counts of a period from all shards."""

    def recount(self, date: str, kept: bytes, catalogue: Catalogue, plan: bytes) -> tuple[str, bytes]:
        """The second pass over the kept rows of a period of a shard: its date, and counts; for a policy that plans one."""
        return date, b""

    @abstractmethod
    def release(self, counts: bytes, recounts: Iterable[bytes], catalogue: Catalogue) -> tuple[Released, dict[str, Any]]:
        """The released tables of a period, and the figures about it for the operator."""

    def without_lines(self) -> bytes | None:
        """The counts of an announced period without lines; None if such a period is not published."""
        return None

    def budget_entry(self, manifest: Mapping[str, Any]) -> dict[str, Any] | None:
        """The ledger entry of a release with this manifest; None if a release spends nothing."""
        return None

    @abstractmethod
    def explanation(self, period: str) -> str:
        """What is guaranteed to visitors, and what is not, in plain words with the numbers in force."""

    @abstractmethod
    def in_short(self, period: str) -> list[str]:
        """The same in a sentence or two, for `plan`."""

    @abstractmethod
    def figures(self, days: Sequence[Mapping[str, Any]]) -> Figures:
        """What became of each report over the days of a run, from their figures in the run record."""

    @abstractmethod
    def warnings(self, days: Sequence[Mapping[str, Any]], sites: Collection[str]) -> list[tuple[str, str]]:
        """What the operator should look into: a name for programs, a sentence for people. `sites` are those of the files."""


class Checks(ABC):
    """What `verify` checks of one period of a policy. No sentence echoes a value."""

    facts: ClassVar[tuple[str, ...]]
    """What manifest and metadata state of the policy."""

    checked: ClassVar[str]
    unseen: ClassVar[str]
    """What was checked of this policy, and what cannot be seen from outside."""

    def stated(self) -> Iterator[str]:
        """What the manifest should state and does not."""
        return iter(())

    @abstractmethod
    def measures(self, report: Report) -> tuple[Measure, ...]:
        """The measures that the report's file must have."""

    @abstractmethod
    def rows(self, report: Report, table: pa.Table, parents: pa.Table | None) -> Iterator[str]:
        """What is wrong with rows; `parents` are those that the report divides, with their measures."""

    def period(self) -> Iterator[str]:
        """What is wrong with the period as a whole."""
        return iter(())


def may_be_declared(sites: tuple[str, ...]) -> bool:
    """Whether sites are as `declared_sites` has them."""
    good = (site != UNKNOWN and publishable_site(site) == site and not is_caught(site) for site in sites)
    return sites == tuple(sorted(set(sites))) and all(good)


def declared_sites(settings: Settings) -> tuple[str, ...]:
    """The sites that the operator declares, as they are published; `ValueError` if one cannot be, or if `sites` has another."""
    sites = []
    for name in settings.declare_site:
        site = publishable_site(name)
        if site == UNKNOWN:
            raise ValueError(f"--declare-site {name}: not the name of a host")
        if is_caught(site):
            raise ValueError(f"--declare-site {name}: it looks like somebody's address or number, which is never published")
        sites.append(site)
    for site in settings.sites:
        if sites and site not in (*sites, UNKNOWN):
            raise ValueError(f"--site or --input {site}: it is not declared. Add --declare-site {site}")
    return tuple(sorted(set(sites)))


def undeclared_hits(days: Iterable[Mapping[str, Any]], sites: Iterable[str]) -> list[tuple[str, str]]:
    """The warning that hits of other sites than the declared ones are left out, if there are any."""
    undeclared = sum(day["undeclared_hits"] for day in days)
    hits = f"{undeclared:,} hits" if undeclared > 1 else "1 hit"
    text = (
        f"{hits} of other sites than those declared ({', '.join(sites)}) are left out. Is a --declare-site "
        "missing, or --site for a log that names none?"
    )
    return [("undeclared_hits", text)] if undeclared else []


@lru_cache(maxsize=1)
def policies() -> dict[str, type[Policy]]:
    """All policies by mode."""
    folders = [found.name for found in pkgutil.iter_modules(transforms.privacy.__path__) if found.ispkg]
    known = [import_module(f"transforms.privacy.{folder}.policy").POLICY for folder in folders]
    return {policy.mode: policy for policy in known}


def policy_of(facts: Mapping[str, Any]) -> type[Policy]:
    """The policy of a manifest, or of other facts with a `mode`; `ValueError` if this version has no policy of this name."""
    mode = facts.get("mode")
    if not isinstance(mode, str) or mode not in policies():
        raise ValueError("a mode that this version does not know")
    return policies()[mode]
