"""The rules of the threshold mode once more, in few lines, over hits with attributes. Worse ones can take their place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from tests.attack.synthetic import DEPTHS, DURATIONS, Hit
from tests.catalogues import REPORTS

K = 10
BYTES_BOUND = 10_000
"""How many bytes of an address count, where bytes are bounded. Files have 1,000 and more: as 10 MB with files of a megabyte."""
OTHER, UNKNOWN = "(other)", "(unknown)"
VISITOR_SCOPE = {"country", "network", "device", "operating_system", "browser", "bot_kind", "bot"}
VISIT_SCOPE = {"visit_depth", "visit_duration", "entry_page", "exit_page"}
MACHINES = {"bot_kind", "bot"}
"""Named whatever their number, in stratum `crawler`."""

Key = tuple[str, ...]


class Row(NamedTuple):
    """What is published of a row, None for a measure that is not. `visits` and `bytes_sent` are in mutations alone."""

    hits: int
    visitors: int | None = None
    visits: int | None = None
    bytes_sent: int | None = None


@dataclass(frozen=True)
class Report:
    """One report; keys of its rows have the dimensions below site and traffic."""

    name: str
    dimension: str
    parent: str
    where: tuple[str, ...] = ()


ROOT = Report("daily", "", "")
CATALOGUE = tuple(Report(each.name, each.dimension.name, each.parent, each.where or ()) for each in REPORTS if each.parent)

KINDS = ("invalid", "not_found", "error", "redirect", "static", "download", "page", "other")
VALUES: dict[str, tuple[str, ...]] = {
    "day_part": ("00-05", "06-11", "12-17", "18-23"),
    "kind": KINDS,
    "visit_duration": tuple(DURATIONS.values()),
    "device": ("Desktop", "Mobile", "Tablet", "Other"),
    "channel": ("direct", "internal", "search", "social", "ai", "referral"),
    "protocol": ("HTTP/1.0", "HTTP/1.1", "HTTP/2.0", "HTTP/3.0", "Other", "(none)"),
    "entry": ("entry", "later"),
}
"""Vocabularies of few values, without what cannot be. All other dimensions have more than can be counted."""

KINDS_OF_BOTS = ("monitoring", "scanner", "social-preview", "feed-reader", "http-library", "browser-automation")
KINDS_OF_BOTS += ("unlisted", "no-agent")


@dataclass(frozen=True)
class Rules:
    """What is published. The defaults are the program's rules, and each other value a mutation; so is each report of visits."""

    catalogue: tuple[Report, ...] = CATALOGUE
    k: int = K
    depths: tuple[tuple[int, str], ...] = tuple(DEPTHS.items())
    page_durations: bool = True
    """A visit lasts from its first page to its last; else from its first hit to its last."""
    least_left: int = 4
    """`(other)` needs so many values of the vocabulary that are not named beside it: three, and one that may be impossible."""
    absorbs: str = "largest"
    """Which passing cell absorbs. `weakest joins`: the smallest, and loses its name. `children`: what a row absorbed joins the
    `(other)` of its children, if there is one."""
    visitors: str = "parent"
    """With what a row is compared before it is rounded: `parent` or `daily`. `exact`; `few`: in reports of visitors alone."""
    visits: str = "none"
    """`exact`: of daily and of every row of page hits. `bounded`: of daily, three of an address, rounded to 2k times three; not
    below ten times that."""
    bytes_sent: str = "none"
    """`exact`: of every row of paths. `bounded`: of daily, BYTES_BOUND of an address, rounded to 2k times that; not below ten
    times that. The attacker knows the size of every file."""

    def without(self, *names: str) -> Rules:
        """Without some reports."""
        return replace(self, catalogue=tuple(report for report in self.catalogue if report.name not in names))

    def having(self, *reports: Report) -> Rules:
        """With other reports, in place of those of the same name or at the end; children stand behind their parents."""
        return replace(self, catalogue=(*self.without(*(report.name for report in reports)).catalogue, *reports))

    def columns(self, report: Report) -> list[str]:
        """The dimensions of a report's keys."""
        named = {each.name: each for each in self.catalogue}
        return [*(self.columns(named[report.parent]) if report.parent in named else []), report.dimension]

    def possible(self, report: Report, key: Key, traffic: str) -> tuple[str, ...] | None:
        """The values that the definitions allow below a row; None: more than can be counted."""
        if report.dimension == "hour":
            first = int(key[0][:2])
            return tuple(f"{hour:02}" for hour in range(first, first + 6))
        if report.dimension in ("method", "protocol") and key == ("invalid",):
            return (UNKNOWN,)
        if report.dimension == "method" and key == ("page",):
            return ("GET",)
        if report.dimension == "visit_depth":
            depths = tuple(name for _, name in self.depths)
            return ("00", *depths) if report.parent == "daily" else depths
        if report.dimension == "bot_kind" and traffic == "bot":
            return KINDS_OF_BOTS
        return VALUES.get(report.dimension)

    def admits(self, report: Report, key: Key, traffic: str) -> bool:
        """Whether a report divides a row."""
        if not report.where:
            return True
        own = traffic if report.where[0] == "traffic" else key[0]
        return own in report.where[1:]


@dataclass
class Published:
    """Tables of one stratum; and for each published row and report the child that absorbs (None: `(other)` is the only child).

    The attacker has the tables, and guesses right which row absorbs. `own` and `members` are the hits of each row, without
    and with what it absorbed: they say who is in a group, and that the attacker believes nothing false.
    """

    tables: dict[str, dict[Key, Row]] = field(default_factory=dict)
    absorbing: dict[tuple[str, Key], Key | None] = field(default_factory=dict)
    own: dict[tuple[str, Key], list[Hit]] = field(default_factory=dict)
    members: dict[tuple[str, Key], list[Hit]] = field(default_factory=dict)


def cap_of(traffic: str, k: int) -> int:
    """How many addresses of one network count."""
    return k if traffic == "crawler" else 3


def addresses(hits: Iterable[Hit], cap: int) -> int:
    """Capped addresses."""
    found: dict[str, set[str]] = {}
    for hit in hits:
        found.setdefault(hit.network, set()).add(hit.address)
    return sum(min(cap, len(own)) for own in found.values())


def visitors_of(hits: Iterable[Hit]) -> int:
    """Distinct visitors."""
    return len({hit.visitor for hit in hits})


def publish(hits: list[Hit], rules: Rules) -> Published:
    """Every table of a stratum that passes."""
    found = Published()
    traffic = hits[0].values["traffic"]
    cap = cap_of(traffic, rules.k)
    if addresses(hits, cap) < rules.k:
        return found
    found.own[ROOT.name, ()] = found.members[ROOT.name, ()] = hits
    found.tables[ROOT.name] = {(): _row(found, ROOT, (), rules)}
    for report in rules.catalogue:
        found.tables[report.name] = {}
        for key in found.tables[report.parent]:
            if rules.admits(report, key, traffic):
                rows, found.absorbing[report.name, key] = divide(report, key, found, rules, cap)
                for row, (own, absorbed) in rows.items():
                    found.own[report.name, row], found.members[report.name, row] = own, own + absorbed
                    found.tables[report.name][row] = _row(found, report, row, rules)
    return found


Parts = dict[Key, tuple[list[Hit], list[Hit]]]
"""Own and absorbed hits of rows."""


def divide(report: Report, key: Key, found: Published, rules: Rules, cap: int) -> tuple[Parts, Key | None]:
    """The rows that divide one published row, and which of them absorbs."""
    inside = found.own[report.parent, key]
    before = found.members[report.parent, key][len(inside) :]
    cells: dict[str, list[Hit]] = {}
    for hit in inside:
        cells.setdefault(hit.values[report.dimension], []).append(hit)
    named_anyway = cap > 3 and report.dimension in MACHINES
    passing = {value: own for value, own in cells.items() if named_anyway or addresses(own, cap) >= rules.k}
    other = (*key, OTHER)
    if OTHER in key or not passing:
        return {other: (inside, before)}, None
    joins = rules.absorbs == "weakest joins"
    first = min(passing, key=lambda value: (addresses(passing[value], cap) * (1 if joins else -1), value.encode()))
    failing = [hit for value, own in cells.items() if value not in passing for hit in own]
    rows: Parts = {(*key, value): (own, []) for value, own in passing.items()}
    absorbing: Key | None = (*key, first)
    possible = rules.possible(report, key, inside[0].values["traffic"])
    few_left = possible is not None and len(set(possible) - passing.keys()) < rules.least_left
    into_other = before if rules.absorbs == "children" else []
    if addresses(failing + into_other, cap) >= rules.k and not few_left:
        rows[other] = (failing, into_other)
        rows[absorbing] = (passing[first], [] if into_other else before)
    elif joins and failing:
        del rows[absorbing]
        rows[other] = (passing[first] + failing, before)
    else:
        rows[absorbing] = (passing[first], failing + before)
    return rows, absorbing


def _row(found: Published, report: Report, key: Key, rules: Rules) -> Row:
    """The measures of a row; those of its parent are known already."""
    hits = found.members[report.name, key]
    columns = rules.columns(report) if report.parent else []
    visitors: int | None = visitors_of(hits)
    is_exact = set(columns) <= VISITOR_SCOPE or rules.visitors == "exact"
    if VISIT_SCOPE & set(columns) or (rules.visitors == "few" and not is_exact):
        visitors = None
    elif not is_exact:
        compared = (ROOT.name, ()) if rules.visitors == "daily" else (report.parent, key[:-1])
        missing = visitors_of(found.members[compared]) - visitors
        rounded = max(rules.k, (2 * visitors + rules.k) // (2 * rules.k) * rules.k)
        visitors = found.tables[compared[0]][compared[1]].visitors if missing < rules.k else rounded
    is_of_pages = not columns or (columns[0] == "kind" and key[0] == "page")
    visits = len({hit.visit for hit in hits}) if rules.visits == "exact" and is_of_pages else None
    if rules.visits == "bounded" and not columns:
        visits = bounded(Counter(address for address, _ in {(hit.address, hit.visit) for hit in hits}), 3, rules.k)
    bytes_sent = None
    if rules.bytes_sent == "exact" and columns[-1:] == ["path"]:
        bytes_sent = sum(hit.bytes_sent for hit in hits)
    if rules.bytes_sent == "bounded" and not columns:
        by_address: Counter[str] = Counter()
        for hit in hits:
            by_address[hit.address] += hit.bytes_sent
        bytes_sent = bounded(by_address, BYTES_BOUND, rules.k)
    return Row(len(hits), visitors, visits, bytes_sent)


def bounded(by_address: Mapping[str, int], bound: int, k: int) -> int | None:
    """A sum to which no address contributes more than the bound, to the nearest 2k bounds, halves up; None below ten of these."""
    step, total = 2 * k * bound, sum(min(bound, amount) for amount in by_address.values())
    return (2 * total + step) // (2 * step) * step if 2 * total >= 19 * step else None


def rows_by_stratum(tables: Mapping[str, Mapping[Key, tuple[int, ...]]], traffic: str) -> dict[str, dict[Key, Row]]:
    """The program's tables of one stratum, as they are here."""
    return {
        name: {key[2:]: Row(*row) for key, row in table.items() if key[1] == traffic}
        for name, table in tables.items()
        if any(key[1] == traffic for key in table)
    }
