"""Joint cells of a day: combinations of values that definitions tie to each other, and the visits in which they are.

A cell has values that are published, and `~` for any that is not: what hides there is symmetrical to the attacker, so he needs no
more. Of a hidden path its section may be known (`~/blog/`). Values of closed vocabularies are all there.

Ties: a path lies in one section; only invalid requests have no path; a visit of so many pages has so many page hits, at least one
on its first and on its last page, which are one in visits of one page; a visit of one page lasts no time, and one that lasts has
two hits at least. All other dimensions can be combined at will.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

from tests.attack.rules import KINDS, OTHER, ROOT, VALUES, Published, Report, Rules
from tests.attack.synthetic import Hit, section_of
from tests.attack.unknowns import Expression, Unknowns, less, plus

REST = "~"
NO_PATH = "(none)"
PATH_KINDS = ("page", "not_found", "download", "error")
"""Kinds that a report divides by path."""

NO_PAGE = "00"


class Cells(Unknowns):
    """Unknown hits of each joint cell, and unknown visits of each kind of visit."""

    def __init__(self, hits: list[Hit], rules: Rules, published: Published) -> None:
        super().__init__()
        self.hits, self.rules, self.published = hits, rules, published
        self.traffic = hits[0].values["traffic"]
        self.depths = dict(rules.depths)
        self.values: dict[int, dict[str, str]] = {}
        """Of unknown hits: their values."""
        self.visit_of: dict[int, int] = {}
        """Of unknown page hits: the unknown visits in which they are."""
        self._inside: dict[int, list[Hit]] = {}
        """The hits that are counted in an unknown."""
        told = {report.dimension for report in rules.catalogue}
        self._entries, self._exits = bool(told & {"entry", "entry_page"}), "exit_page" in told
        self._paths = self.shown("path", "entry_page", "exit_page")
        if rules.bytes_sent != "none":  # who knows the sizes of all files knows all files
            self._paths = {hit.values["path"] for hit in hits} - {NO_PATH}
        self._sections = sorted(self.shown("section"))
        self._hidden = [] if rules.bytes_sent != "none" else [*(REST + each for each in self._sections), REST]
        self._pages()
        self._others()
        self._stays()
        self._count()

    def shown(self, *dimensions: str) -> set[str]:
        """All published values, and those that absorb."""
        reports = {report.name for report in self.rules.catalogue if report.dimension in dimensions}
        rows = [key for name in reports for key in self.published.tables[name]]
        rows += [row for (name, _), row in self.published.absorbing.items() if row and name in reports]
        return {key[-1] for key in rows} - {OTHER}

    def whole(self) -> Expression:
        """All hits, by joint cells."""
        return {at: 1.0 for at, own in self.values.items() if "path" in own}

    def starting(self, *name: str) -> Expression:
        """All unknowns whose names start so."""
        return {at: 1.0 for each, at in self.number.items() if each[: len(name)] == name}

    def _section(self, path: str) -> str:
        if path[0] == REST:
            return path[1:] or REST
        found = section_of(path)
        return found if found in self._sections else REST

    def _token(self, path: str) -> str:
        if path in self._paths or path == NO_PATH:
            return path
        return REST + self._section(path).removeprefix(REST)

    def _limits(self, depth: str) -> tuple[float, float]:
        """Least and greatest number of pages."""
        least = next(pages for pages, name in self.depths.items() if name == depth)
        return least, min((pages - 1 for pages in self.depths if pages > least), default=float("inf"))

    def _pages(self) -> None:
        """Hits of pages by depth, path, and where it is told, the first and last page of the visit."""
        paths = sorted(self._paths) + self._hidden
        for depth in self.depths.values():
            least, most = self._limits(depth)
            for first in paths if self._entries else [REST]:
                lasts = [REST] if not self._exits else [first] if most == 1 and self._entries else paths
                for last in lasts:
                    visits = self.unknown("visits", depth, first, last)
                    # Where entries are told, the first page hit is the visit itself, and these are the other ones.
                    further = [] if most == 1 and self._entries else [last] if most == 1 and self._exits else paths
                    cells = {path: self.unknown("page", depth, first, last, path) for path in further}
                    total = plus(dict.fromkeys(cells.values(), 1.0), {visits: 1.0} if self._entries else {})
                    self.know(less(total, {visits: least}), 0)
                    if most < float("inf"):
                        self.know(less({visits: most}, total), 0)
                    if self._exits and most > 1:
                        self.contains({cells[last]: 1.0}, {visits: 1.0})
                    for path, at in [*cells.items(), *([(first, visits)] if self._entries else [])]:
                        place = "entry" if at == visits else "later"
                        self.values[at] = {"kind": "page", "visit_depth": depth, "path": path, "section": self._section(path)}
                        if self._entries:
                            self.values[at] |= {"entry_page": first, "entry": place}
                        if self._exits:
                            self.values[at]["exit_page"] = last
                        self.visit_of[at] = visits

    def _others(self) -> None:
        """Other hits by kind, and by path or section."""
        for kind in (kind for kind in KINDS if kind != "page"):
            paths = [*sorted(self._paths), *self._hidden] if kind in PATH_KINDS else [*(REST + s for s in self._sections), REST]
            for path in [NO_PATH] if kind == "invalid" else paths:
                section = self._section("/" if path == NO_PATH else path)
                self.values[self.unknown("hits", kind, path)] = {"kind": kind, "path": path, "section": section}

    def _stays(self) -> None:
        """Visits by depth and duration: how many, their page hits and other hits."""
        cells = self.whole()
        for depth in (NO_PAGE, *self.depths.values()):
            for duration in VALUES["visit_duration"]:
                visits = self.unknown("stays", depth, duration)
                pages, others = (self.unknown(name, depth, duration) for name in ("page stays", "other stays"))
                self.visit_of |= {pages: visits, others: visits}
                self.values[pages] = {"kind": "page", "visit_depth": depth, "visit_duration": duration}
                self.values[others] = {"visit_depth": depth, "visit_duration": duration}
                lasts = duration != "00:00" and not (self.rules.page_durations and depth == NO_PAGE)
                self.know({pages: 1.0, others: 1.0, visits: -1.0 - lasts}, 0)
                if depth == NO_PAGE:
                    self.know({pages: 1.0}, 0, 0)
                    continue
                least, most = self._limits(depth)
                self.know({pages: 1.0, visits: -least}, 0)
                if most < float("inf"):
                    self.know({pages: -1.0, visits: most}, 0)
                if self.rules.page_durations and lasts and most == 1:
                    self.know({pages: 1.0}, 0, 0)
            if depth != NO_PAGE:
                self.equal(self.starting("stays", depth), self.starting("visits", depth))
                self.equal(
                    self.starting("page stays", depth), {at: 1.0 for at in cells if self.values[at].get("visit_depth") == depth}
                )
        self.equal(self.starting("other stays"), self.starting("hits"))

    def _count(self) -> None:
        """The truth."""
        visits: dict[tuple[object, ...], list[Hit]] = {}
        for hit in self.hits:
            visits.setdefault(hit.visit, []).append(hit)
            for cell in self._cells_of(hit):
                self._count_hit(self.number[cell], hit)
        for visit in visits.values():
            self.true[self.number["stays", visit[0].values["visit_depth"], visit[0].values["visit_duration"]]] += 1
            pages = [hit for hit in visit if hit.values["kind"] == "page"]
            if pages and not self._entries:
                self.true[self.number[self._visit(pages[0])]] += 1

    def _visit(self, hit: Hit) -> tuple[str, ...]:
        own = hit.values
        first, last = self._token(own["entry_page"]), self._token(own["exit_page"])
        return "visits", own["visit_depth"], first if self._entries else REST, last if self._exits else REST

    def _cells_of(self, hit: Hit) -> Iterable[tuple[str, ...]]:
        """The names of the unknowns in which a hit is counted."""
        own = hit.values
        is_page = own["kind"] == "page"
        yield "page stays" if is_page else "other stays", own["visit_depth"], own["visit_duration"]
        path = self._token(own["path"])
        if is_page:
            is_entry = self._entries and own["entry"] == "entry"
            yield self._visit(hit) if is_entry else ("page", *self._visit(hit)[1:], path)
        else:
            is_told = own["kind"] in PATH_KINDS or path == NO_PATH
            yield "hits", own["kind"], path if is_told else REST + self._section(own["path"]).removeprefix(REST)

    def divided(self, report: Report, key: tuple[str, ...], own: Expression) -> dict[str, Expression]:
        """A row's own hits by value of a report's dimension; the unknowns are new if no joint cell knows the dimension."""
        cells: dict[str, Expression] = {}
        where = dict(zip(self.rules.columns(report), key, strict=False))
        dimension = report.dimension
        if dimension == "visit_duration" or (dimension == "visit_depth" and report.parent == ROOT.name):
            for at, values in self.values.items():
                if "visit_duration" in values and where.items() <= values.items():
                    cells.setdefault(values[dimension], {})[at] = 1.0
        elif all(dimension in self.values.get(at, ()) for at in own):
            for at in own:
                cells.setdefault(self.values[at][dimension], {})[at] = 1.0
        else:
            absorbing = self.published.absorbing[report.name, key]
            shown = {row[-1] for row in (*self.published.tables[report.name], absorbing) if row and row[:-1] == key} - {OTHER}
            for value in self.rules.possible(report, key, self.traffic) or [*sorted(shown), REST]:
                cells[value] = {self.unknown(report.name, *key, value): 1.0}
            self.equal(plus(*cells.values()), own)
            for hit in self.hits:
                if where.items() <= hit.values.items():
                    (at,) = cells[hit.values[dimension] if hit.values[dimension] in cells else REST]
                    self._count_hit(at, hit)
        return cells

    def _count_hit(self, at: int, hit: Hit) -> None:
        self.true[at] += 1
        self._inside.setdefault(at, []).append(hit)

    def inside(self, amount: Expression) -> Iterable[Hit]:
        """The hits of a sum; the same hit may come again."""
        return chain.from_iterable(self._inside.get(at, ()) for at in amount)
