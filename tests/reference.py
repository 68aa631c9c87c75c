"""The reference implementation: the whole job in plain Python, with dicts and sets, without Arrow and Beam.

Written from the design, not from the code. `tests.reference_hits` turns lines into hits; this module turns hits into published
rows. It shares only the detectors with the program. Catalogue, gate, absorption and measures are its own.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from tests.reference_hits import (
    DAY_PARTS,
    KINDS,
    METHODS,
    UNKNOWN,
    UNLISTED,
    VERSIONS,
    Hit,
    bucket,
    names_of,
)
from tests.reference_hits import hits_of as hits_of
from transforms.privacy.detectors import is_caught

OTHER = "(other)"
STRATUM = ("site", "traffic")
CATALOGUE: dict[str, tuple[str, ...]] = {
    "daily": (),
    "day_parts": ("daily", "day_part"),
    "hourly": ("day_parts", "hour"),
    "kinds": ("daily", "kind"),
    "status_codes": ("kinds", "status"),
    "sections": ("kinds", "section"),
    "pages": ("sections", "path", "kind", "page"),
    "not_found": ("sections", "path", "kind", "not_found"),
    "downloads": ("sections", "path", "kind", "download"),
    "error_pages": ("sections", "path", "kind", "error"),
    "file_types": ("sections", "file_type", "kind", "static"),
    "methods": ("status_codes", "method"),
    "protocols": ("kinds", "protocol"),
    "channels": ("daily", "channel"),
    "sources": ("channels", "source"),
    "countries": ("daily", "country"),
    "networks": ("countries", "network"),
    "devices": ("daily", "device", "traffic", "human"),
    "operating_systems": ("devices", "operating_system"),
    "browsers": ("operating_systems", "browser"),
    "bot_kinds": ("daily", "bot_kind", "traffic", "bot", "crawler"),
    "bots": ("bot_kinds", "bot"),
}
"""By report: its parent, its dimension and, if only some rows of the parent are divided, the pinned dimension and its values."""

OPEN = {"site", "section", "path", "entry_page", "exit_page", "source"}
"""Dimensions without a closed vocabulary: the detectors look at their values."""

OF_VISITORS = {"country", "network", "device", "operating_system", "browser", "bot_kind", "bot"}
"""Dimensions that all hits of a visitor share."""


CLOSED = {
    "kind": KINDS,
    "day_part": names_of(DAY_PARTS),
    "channel": set("direct internal search social ai referral".split()),  # a log with referrers has one in every line
    "device": set("Desktop Mobile Tablet Other".split()),  # of people
}
"""All values that rows may have, of the dimensions of which that does not depend on the row that is divided."""

ADDRESSES_A_NETWORK = 3

Key = tuple[str, ...]
Hits = frozenset[Hit]


@dataclass(frozen=True)
class Row:
    """A published row: the hits of its own cell of the first counting pass, and hits of other cells that it has absorbed."""

    own: Hits
    absorbed: Hits = frozenset()

    @property
    def hits(self) -> Hits:
        return self.own | self.absorbed


Rows = dict[str, dict[Key, Row]]
"""The published rows of one date, by report and values of the report's dimensions."""


def publish(hits: list[Hit], k: int = 10) -> dict[str, dict[str, dict[Key, tuple]]]:
    """Published rows by date and report: dimensions → (hits, visitors), or (hits,) in a report of visits."""
    return {date: measures(rows, k) for date, rows in rows_behind(hits, k).items()}


def rows_behind(hits: list[Hit], k: int = 10) -> dict[str, Rows]:
    """The hits behind each published row, by date, report and dimensions."""
    by_date = defaultdict(list)
    for hit in hits:
        by_date[hit.date].append(hit)
    return {date: rows_of_day(day, k) for date, day in sorted(by_date.items())}


def misnamed_and_unnamed(rows: Rows) -> dict[str, tuple[int, int]]:
    """By report: the hits that named rows have absorbed, and the hits of rows with `(other)`, absorbed or not."""
    return {
        report: (
            sum(len(row.absorbed) for key, row in of_report.items() if OTHER not in key),
            sum(len(row.hits) for key, row in of_report.items() if OTHER in key),
        )
        for report, of_report in rows.items()
    }


def dimensions(report: str) -> Key:
    """The names of a report's dimensions, those of its ancestors first."""
    return (*dimensions(CATALOGUE[report][0]), CATALOGUE[report][1]) if CATALOGUE[report] else STRATUM


def group(hits: Iterable[Hit], names: Key) -> dict[Key, Hits]:
    """The cells of hits, by their values of dimensions."""
    cells = defaultdict(set)
    for hit in hits:
        cells[tuple(hit.values[name] for name in names)].add(hit)
    return {key: frozenset(cell) for key, cell in cells.items()}


def capped(hits: Iterable[Hit], traffic: str, k: int) -> int:
    """The capped addresses of hits of a stratum."""
    networks = Counter(network for network, _ in {(hit.network, hit.address) for hit in hits})
    return sum(min(k if traffic == "crawler" else ADDRESSES_A_NETWORK, addresses) for addresses in networks.values())


def passes(name: str, value: str, hits: Hits, traffic: str, k: int) -> bool:
    """The gate: whether a cell, the hits with a value of a dimension, may be a row."""
    if name in OPEN and is_caught(value):
        return False
    return (traffic == "crawler" and name in ("bot_kind", "bot")) or capped(hits, traffic, k) >= k


def rows_of_day(hits: list[Hit], k: int) -> Rows:
    """The published rows of one date: strata that pass, and in each report the parts of its parent's rows."""
    strata = {key: cell for key, cell in group(hits, STRATUM).items() if passes("site", key[0], cell, key[1], k)}
    rows: Rows = {"daily": {key: Row(cell) for key, cell in strata.items()}}
    for report, (parent, name, *pin) in ((report, declared) for report, declared in CATALOGUE.items() if declared):
        rows[report] = {}
        for key, row in rows[parent].items():
            if not pin or dict(zip(dimensions(parent), key, strict=True))[pin[0]] in pin[1:]:
                rows[report] |= {(*key, value): part for value, part in divide(row, key, name, k).items()}
    return rows


def divide(row: Row, key: Key, name: str, k: int) -> dict[str, Row]:
    """The parts of a published row, by their value of the dimension that divides it (DESIGN 6.4).

    Hits that the row has absorbed are in no cell. They go on to the largest part: the one with the most capped addresses of its
    own. So do the failing cells, unless they pass together and could be of more than three values.
    """
    traffic = key[1]
    cells = {value: cell for (value,), cell in group(row.own, (name,)).items()}
    passing = {value: cell for value, cell in cells.items() if passes(name, value, cell, traffic, k)}
    if OTHER in key or not passing:
        return {OTHER: row}
    rows = {value: Row(cell) for value, cell in passing.items()}
    failing = row.own.difference(*passing.values())
    absorbed = row.absorbed
    possible = possible_values(name, key[-1], traffic)
    if capped(failing, traffic, k) >= k and (possible is None or len(possible - passing.keys()) > 3):
        rows[OTHER] = Row(failing)
    else:
        absorbed |= failing
    largest = min(passing, key=lambda value: (-capped(passing[value], traffic, k), value.encode()))
    rows[largest] = Row(passing[largest], absorbed)
    return rows


def possible_values(name: str, divided: str, traffic: str) -> set[str] | None:
    """All values that a dimension may have in a row of this traffic with this last value; None: more than can be counted."""
    if name == "hour":
        return {f"{hour:02}" for hour in range(24) if bucket(hour, DAY_PARTS) == divided}
    if name in ("method", "protocol") and divided == "invalid":
        return {UNKNOWN}
    if name == "method":
        return {"GET"} if divided == "page" else {*METHODS, UNLISTED}
    if name == "protocol":
        return {*VERSIONS.values(), UNLISTED}
    if name == "bot_kind" and traffic == "bot":
        return set("monitoring scanner social-preview feed-reader http-library browser-automation unlisted no-agent".split())
    return CLOSED.get(name)


def measures(rows: Rows, k: int) -> dict[str, dict[Key, tuple]]:
    """The numbers of the published rows of one date."""
    shown: dict[str, dict[Key, int]] = {}
    for report, of_report in rows.items():
        shown[report] = {key: visitors_shown(report, key, rows, shown, k) for key in of_report}
    return {
        report: {key: (len(row.hits), shown[report][key]) for key, row in of_report.items()} for report, of_report in rows.items()
    }


def visitors_shown(report: str, key: Key, rows: Rows, shown: dict[str, dict[Key, int]], k: int) -> int:
    """Exact if all dimensions are of visitors; else rounded, or the parent's if fewer than k of its visitors are missing."""
    visitors = visitors_of(rows[report][key])
    if set(dimensions(report)) <= {*STRATUM, *OF_VISITORS}:
        return visitors
    parent = CATALOGUE[report][0]
    missing = visitors_of(rows[parent][key[:-1]]) - visitors
    return shown[parent][key[:-1]] if missing < k else max(k, nearest(visitors, k))


def visitors_of(row: Row) -> int:
    return len({hit.visitor for hit in row.hits})


def nearest(amount: int, step: int) -> int:
    """The nearest multiple of a step, halves up."""
    return (2 * amount + step) // (2 * step) * step
