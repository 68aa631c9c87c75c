"""Notices that the name of a site is missing or wrong, or that the data set has been published for another one.

What is published first keeps its name. So the first lines of each file are looked at before anything is published: most referrers
of a site are its own pages. A name from the log is told only if enough addresses sent it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.dataset.dataset import DataSet
from pipeline.errors import EXIT_ALREADY_PUBLISHED, EXIT_USAGE, JobError
from pipeline.graph.inputs import Found
from pipeline.graph.run_record import PUBLISHED_BEFORE
from pipeline.graph.unread import NOTHING
from transforms.columns import as_one, distinct, filled, recode
from transforms.dimensions.referrer import describe_referrer, host_of
from transforms.formats import w3c
from transforms.formats.registry import format_of
from transforms.masking.address import places
from transforms.masking.client import Proxies, hosts_of
from transforms.masking.site import publishable_site
from transforms.parsing.detect import SAMPLE_LINES
from transforms.parsing.parse import parse_block
from transforms.privacy.detectors import is_caught
from transforms.privacy.policy import NETWORK_CAP
from transforms.reserved import UNKNOWN

LEAST_REFERRERS = 20
"""So many lines with a referrer say something about a site."""

_NAMES_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Doubt:
    """Most referrers of the lines that are given to `site` are of another host: `lines` of `of` lines that have a referrer.

    `host` is None if too few addresses sent it to tell it; `site` None if no site is named.
    """

    site: str | None
    host: str | None
    lines: int
    of: int

    def sentence(self) -> str:
        """What the operator reads."""
        whose = f"of the site {self.site}" if self.site else "without a site"
        what = "Is the name wrong?" if self.site else f"--site {self.host or 'NAME'} names it."
        return (
            f"Most referrers of a site are its own pages, but of the first lines {whose} {self.lines:,} of {self.of:,} referrers "
            f"are pages of {self.host or 'one other host'}. {what} Only pages under the site's own name count as `internal`."
        )


@dataclass(frozen=True, slots=True)
class Sites:
    """What the first lines of the input say about sites: the files of which most lines name none, and doubts about names."""

    nameless: tuple[str, ...]
    doubts: tuple[Doubt, ...]


def look_at_sites(found: Iterable[Found], proxies: Proxies | None, min_addresses: int) -> Sites:
    """Look at the first lines of each file."""
    nameless: list[str] = []
    referred: dict[str | None, list[pa.Table]] = {}
    for each in found:
        entries = _first_entries(each)
        if 2 * entries["site"].null_count > entries.num_rows:
            nameless.append(each.file.path)
            entries = entries.filter(pc.is_null(entries["site"]))
            referred.setdefault(each.file.site, []).append(_referred(entries, proxies))
    doubts = (_doubt(site, pa.concat_tables(tables), min_addresses) for site, tables in referred.items())
    return Sites(tuple(nameless), tuple(doubt for doubt in doubts if doubt is not None))


def _first_entries(found: Found) -> pa.Table:
    """The entries of the lines by which the format was detected; a last line that is cut short is not among them."""
    lines = found.head.split(b"\n", SAMPLE_LINES)
    sample = found.head if len(lines) == 1 else b"\n".join(lines[:-1]) + b"\n"
    parts = w3c.by_header(sample, found.file.format)
    return pa.concat_tables(parse_block(part, format_of(words)).entries for words, _, part in parts)


def _referred(entries: pa.Table, proxies: Proxies | None) -> pa.Table:
    """The referring host (not a referrer: "") and the visitor's host of each line that has a referrer."""
    codes, referers = distinct(filled(entries["referer"], "-"))
    hosts = recode(codes, [host_of(referer) for referer in referers.to_pylist()])
    some = pc.invert(pc.is_in(referers, value_set=pa.array(["", "-"]))).take(pa.array(codes))
    return pa.table({"host": hosts, "visitor": as_one(hosts_of(entries, proxies))}).filter(some)


def _doubt(site: str | None, referred: pa.Table, min_addresses: int) -> Doubt | None:
    codes, hosts = distinct(referred["host"])
    if site == UNKNOWN or referred.num_rows < LEAST_REFERRERS:
        return None
    counts = np.bincount(codes)
    most = int(counts.argmax())
    host, lines = hosts[most].as_py(), int(counts[most])
    ours = (site or "").removeprefix("www.")
    # Pages that search engines and networks lead to may have no other referrers, where images come from another server.
    if not host or host.removeprefix("www.") == ours or 2 * lines <= len(codes) or _is_listed(host):
        return None
    visitor_codes, visitors = distinct(referred["visitor"])
    enough = _addresses(visitors.take(pa.array(np.unique(visitor_codes[codes == most])))) >= min_addresses
    told = enough and publishable_site(host) == host and not is_caught(host)
    return Doubt(site, host if told else None, lines, len(codes))


def _is_listed(host: str) -> bool:
    return describe_referrer(f"https://{host}/").channel != "referral"


def _addresses(hosts: pa.Array) -> int:
    """Capped addresses of some remote hosts."""
    known = places(hosts)
    units = set(zip(known.networks.to_pylist(), known.units.to_pylist(), strict=True))
    return sum(min(NETWORK_CAP, count) for count in Counter(network for network, _ in units).values())


def refuse_nameless(found: Iterable[Found], sites: Sites) -> None:
    """Refuse files whose lines name no site, where none is given (exit 2). Call it for a new data set."""
    without = [each.file.path for each in found if each.file.path in sites.nameless and each.file.site is None]
    if without:
        hosts = [doubt.host for doubt in sites.doubts if doubt.site is None and doubt.host]
        likely = f" Most referrers of its lines are pages of {hosts[0]}." if hosts else ""
        message = (
            f"{without[0]}: its lines name no site, and what is published first keeps its name.{likely} Add --site "
            f"{hosts[0] if hosts else 'NAME'}, or for several sites --input NAME=PATTERN for each. "
            f"--site '{UNKNOWN}' publishes without a name.{NOTHING}"
        )
        raise JobError(EXIT_USAGE, "which_site", message)


def other_sites(output: str, record: Mapping[str, Any], nameless: Collection[str]) -> dict[str, list[str]]:
    """The sites of published periods of which none is one of this run, although files that name no site have lines of them.

    By first day of the period. Such lines are left out, because a period is published once. With --date no others are expected.
    """
    if record["asked"]:
        return {}
    files = {path: file for path, file in record["files"].items() if path in nameless}
    ours = {file["site"] or UNKNOWN for file in files.values()}
    dates = {date for file in files.values() for date in file["days"]}
    left_out = {date for date, day in record["days_left_out"].items() if day["reason"] == PUBLISHED_BEFORE}
    data = DataSet(output)
    published = {date: data.sites(date) for date in sorted(dates & left_out)}
    return {date: sorted(sites) for date, sites in published.items() if sites and not sites & ours}


def refuse_other_sites(record: Mapping[str, Any]) -> None:
    """Refuse a run that has published nothing, because its periods are published for other sites (exit 4)."""
    if record["other_sites"] and not record["days"]:
        raise JobError(EXIT_ALREADY_PUBLISHED, "other_site", other_sites_sentence(record))


def other_sites_sentence(record: Mapping[str, Any]) -> str:
    """Which lines were left out, and how to publish both sites."""
    dates = sorted(record["other_sites"])
    theirs = sorted({site for sites in record["other_sites"].values() for site in sites})
    more = f" and {len(theirs) - _NAMES_SHOWN:,} more" if len(theirs) > _NAMES_SHOWN else ""
    theirs = theirs[:_NAMES_SHOWN]
    ours = sorted({file["site"] for file in record["files"].values()} - {None}) or [UNKNOWN]
    days = dates[0] if len(dates) == 1 else f"{dates[0]}..{dates[-1]}"
    inputs = " ".join("--input PATTERN" if site == UNKNOWN else f"--input {site}=PATTERN" for site in (*theirs, *ours))
    return (
        f"{days} is published with the sites {', '.join(theirs)}{more}, and has nothing of {', '.join(ours)}. A "
        f"{record['facts']['period']} is published once, so lines of this run were left out. Is the name right? To publish both, "
        f"read both in one run: {inputs} --date {days} --replace, which weakens the guarantee: see README.md. Or publish into "
        "another --output."
    )
