"""The attacker: what all tables of a day together prove about groups of fewer than k addresses.

He knows all rules, the row that absorbs of each published row, and what the definitions tie (see `cells`). For each published row
he has an equation: its hits are those of its own cell, which passes the gate, and those that it absorbed. A group is proven if in
every possible world somebody is in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tests.attack.cells import NO_PAGE, NO_PATH, REST, Cells
from tests.attack.rules import (
    BYTES_BOUND,
    MACHINES,
    OTHER,
    ROOT,
    VISITOR_SCOPE,
    Key,
    Published,
    Report,
    Rules,
    addresses,
    cap_of,
    visitors_of,
)
from tests.attack.synthetic import Hit
from tests.attack.unknowns import EPSILON, Expression, less, plus

HIDDEN = "hidden"
"""A cell that is not published by name, all such cells of a row, or all that a row absorbed: what the rules protect."""
SEVERAL = "several"
"""All values but one that are in a row `(other)`. It passes, and each of them fails: so there are two at least."""
OVERLAP = "overlap"
"""What two published rows have in common."""
LACKING = "lacking"
"""Visitors of a row who are not in a row inside it."""


@dataclass(frozen=True)
class Group:
    """Fewer than k addresses: a name for them, and their hits or visitors as a sum of unknowns."""

    kind: str
    name: str
    amount: Expression
    addresses: int


@dataclass
class Placed:
    """A published row: unknown hits of its own cell, and unknown hits that it absorbed."""

    own: Expression
    absorbed: Expression
    passes: bool = True


class Programme(Cells):
    """All that is known of one stratum of a day."""

    def __init__(self, hits: list[Hit], rules: Rules, published: Published) -> None:
        super().__init__(hits, rules, published)
        self.groups: list[Group] = []
        self._cap = cap_of(self.traffic, rules.k)
        self._reports = {report.name: report for report in (ROOT, *rules.catalogue)}
        self._rows: dict[tuple[str, Key], Placed] = {(ROOT.name, ()): Placed(self.whole(), {})}
        self._place()
        self._measure()
        self._know_visitors()
        self._overlaps()

    def _group(self, kind: str, name: str, amount: Expression, inside: Iterable[Hit]) -> None:
        """A group to look for, if it is small, and not empty."""
        if 0 < (number := addresses(inside, self._cap)) < self.rules.k:
            self.groups.append(Group(kind, name, amount, number))

    def _place(self) -> None:
        """Each published row, as the sum of its own cell and of what it absorbed."""
        for report in self.rules.catalogue:
            for (name, key), row in list(self._rows.items()):
                if name == report.parent and self.rules.admits(report, key, self.traffic):
                    self._divide(report, key, row)
        for (name, key), row in self._rows.items():
            hits = self.published.tables[name][key].hits
            self.know(plus(row.own, row.absorbed), hits, hits)
            if row.passes:
                self.know(row.own, 1 if self._is_machine(self._reports[name]) else self.rules.k)
            self._group(HIDDEN, f"absorbed by {name} {key}", row.absorbed, self.inside(row.absorbed))

    def _is_machine(self, report: Report) -> bool:
        return self._cap > 3 and report.dimension in MACHINES

    def _divide(self, report: Report, key: Key, parent: Placed) -> None:
        name, other = report.name, (*key, OTHER)
        if OTHER in key:
            self._rows[name, other] = Placed(parent.own, parent.absorbed, parent.passes)
            return
        table, absorbing = self.published.tables[name], self.published.absorbing[name, key]
        cells = self.divided(report, key, parent.own)
        rows = {(*key, value): Placed(cell, {}) for value, cell in cells.items() if (*key, value) in table}
        hidden = {value: cell for value, cell in cells.items() if (*key, value) not in rows}
        joined = {} if absorbing is None or absorbing in rows else hidden.pop(absorbing[-1])
        failing = plus(*hidden.values())
        into = absorbing
        if other in table:
            rows[other] = Placed(plus(failing, joined), {}, not (self.rules.absorbs == "children" and parent.absorbed))
            if joined:
                self.know(failing, 1)
            else:
                self._gate(report, key, hidden, rows[other].passes)
            if absorbing is None or joined or self.rules.absorbs == "children":
                into = other
        elif absorbing is not None:
            rows[absorbing].absorbed = failing
        if into is not None:
            rows[into].absorbed = plus(rows[into].absorbed, parent.absorbed)
        assert rows.keys() == {row for row in table if row[:-1] == key}
        self._rows |= {(name, row): placed for row, placed in rows.items()}
        for value, cell in hidden.items():
            self._group(HIDDEN, f"{name} {(*key, value)}", cell, self.inside(cell))
        self._group(HIDDEN, f"{name}: all that is hidden below {key}", failing, self.inside(failing))
        if other in table and self.rules.possible(report, key, self.traffic):
            for value in hidden:
                rest = plus(*(cell for each, cell in hidden.items() if each != value))
                self._group(SEVERAL, f"{name} {key}: hidden values without {value}", rest, self.inside(rest))

    def _gate(self, report: Report, key: Key, hidden: dict[str, Expression], passes: bool) -> None:
        """`(other)` has k addresses, each value in it fewer; in open vocabularies perhaps more, because detectors catch some."""
        if self.rules.possible(report, key, self.traffic) is None:
            return
        where = dict(zip(self.rules.columns(report), key, strict=False))
        all_of_them: Expression = {}
        for value, cell in hidden.items():
            at = self.unknown("addresses", report.name, *key, value)
            self.know({at: 1.0}, 0, self.rules.k - 1)
            self.contains(cell, {at: 1.0})
            all_of_them[at] = 1.0
            own = where | {report.dimension: value}
            self.true[at] = addresses((hit for hit in self.hits if own.items() <= hit.values.items()), self._cap)
        if passes:
            self.know(all_of_them, self.rules.k)

    def _visits(self, name: str, own: Expression) -> Expression | None:
        """The visits in which a row's own hits are; None if their number says nothing."""
        if name == ROOT.name:
            return self.starting("stays")
        if not all(at in self.visit_of for at in own) or {"path", "section"} & {*self.rules.columns(self._reports[name])}:
            return None
        return dict.fromkeys({self.visit_of[at] for at in own}, 1.0)

    def _measure(self) -> None:
        """Mutations: exact visits, exact bytes."""
        for (name, key), row in self._rows.items():
            told = self.published.tables[name][key]
            visits = self._visits(name, row.own)
            if self.rules.visits == "bounded" and told.visits is not None:
                self.know(self.starting("stays"), told.visits - 3 * self.rules.k)
            elif told.visits is not None and visits is not None:
                self.know(visits, 0, told.visits)
                self.know(plus(visits, row.absorbed), told.visits)
            if self.rules.bytes_sent == "bounded" and told.bytes_sent is not None:
                self.know(self._greatest_size(), told.bytes_sent - self.rules.k * BYTES_BOUND)
            elif told.bytes_sent is not None:
                sizes = {hit.values["path"]: float(hit.bytes_sent) for hit in self.hits if hit.values["path"] != NO_PATH}
                hits = plus(row.own, row.absorbed)
                known = {at: factor * sizes[self.values[at]["path"]] for at, factor in hits.items() if self._path(at) in sizes}
                self.know(known, told.bytes_sent if len(known) == len(hits) else 0, told.bytes_sent)

    def _greatest_size(self) -> Expression:
        """The bytes of all hits, were each of the largest file that it can be. Who knows a site knows which paths are pages."""
        largest = max(hit.bytes_sent for hit in self.hits)
        sizes: Expression = {}
        for at in self.whole():
            unseen = 0 if self.values[at]["kind"] == "page" else largest
            sizes[at] = float(max((hit.bytes_sent for hit in self.inside({at: 1.0})), default=unseen))
        return sizes

    def _path(self, at: int) -> str:
        return self.values.get(at, {}).get("path", REST)

    def _know_visitors(self) -> None:
        """Visitors of each row, and of its own cell: nested rows have nested visitors, and visitors have hits and visits."""
        k, found = self.rules.k, self.published
        without = self.starting("other stays", NO_PAGE)
        self._group(LACKING, "visits without a page", self.starting("stays", NO_PAGE), self.inside(without))
        for (name, key), row in self._rows.items():
            all_of_row, own = self._visitors(name, key)
            self.true[next(iter(all_of_row))] = visitors_of(found.members[name, key])
            self.true[next(iter(own))] = visitors_of(found.own[name, key])
            self.contains(plus(row.own, row.absorbed), all_of_row)
            self.contains(row.own, own)
            self.contains(all_of_row, own)
            self.contains(plus(own, row.absorbed), all_of_row)
            if (visits := self._visits(name, row.own)) is not None:
                self.contains(visits, own)
            if row.passes:
                self.know(own, 1 if self._is_machine(self._reports[name]) else k)
            self._know_published(name, key, all_of_row)
            for report in self._reports.values():
                children = [self._visitors(report.name, each)[0] for each in self._children(report, name, key)]
                for child in children:
                    self.contains(all_of_row, child)
                if children and {*self.rules.columns(report)} <= VISITOR_SCOPE:
                    self.equal(plus(*children), all_of_row)
                elif children:
                    self.contains(plus(*children), all_of_row)
            inner = {hit.visitor for hit in found.members[name, key]}
            for above in self._ancestors(name, key) if not self._is_machine(self._reports[name]) else ():
                others = [hit for hit in found.members[above] if hit.visitor not in inner]
                self._group(LACKING, f"{above} without {name} {key}", less(self._visitors(*above)[0], all_of_row), others)
            if name in ("entry_pages", "exit_pages"):
                for other, page in self._rows:
                    if other == "pages" and page[-1] == key[-1] != OTHER:
                        self.contains(self._visitors(other, page)[1], own)

    def _visitors(self, name: str, key: Key) -> tuple[Expression, Expression]:
        return {self.unknown("visitors", name, *key): 1.0}, {self.unknown("own visitors", name, *key): 1.0}

    def _children(self, report: Report, name: str, key: Key) -> Iterator[Key]:
        for other, below in self._rows:
            if other == report.name and report.parent == name and below[:-1] == key:
                yield below

    def _ancestors(self, name: str, key: Key) -> Iterator[tuple[str, Key]]:
        while self._reports[name].parent:
            name, key = self._reports[name].parent, key[:-1]
            yield name, key

    def _know_published(self, name: str, key: Key, visitors: Expression) -> None:
        """What a published number of visitors says."""
        told, k = self.published.tables[name][key].visitors, self.rules.k
        columns = {*self.rules.columns(self._reports[name])} if key else set()
        if told is None:
            return
        if columns <= VISITOR_SCOPE or self.rules.visitors == "exact":
            self.know(visitors, told, told)
            return
        above = (ROOT.name, ()) if self.rules.visitors == "daily" else (self._reports[name].parent, key[:-1])
        of_above = self.published.tables[above[0]][above[1]].visitors
        missing = less(self._visitors(*above)[0], visitors)
        if told == of_above:  # the nearest multiple of k would be smaller if k were missing
            self.know(missing, 0, k - 1)
        else:
            self.know(missing, k)
            self.know(visitors, 0 if told == k else told - k // 2, told + (k - 1) // 2)

    def _overlaps(self) -> None:
        """Page hits by two dimensions that definitions tie, and other hits of visits with a page."""
        found: dict[tuple[str, str], Expression] = {}
        names = ("path", "section", "entry_page", "exit_page", "visit_depth")
        for at, values in self.values.items():
            own = {name: values[name] for name in names if name in values} if values.get("kind") == "page" else {}
            if "path" not in own:
                continue
            for number, one in enumerate(own):
                for other in [*own][number + 1 :]:
                    found.setdefault((OVERLAP, f"{one}={own[one]} {other}={own[other]}"), {})[at] = 1.0
                    if {one, other} < {"path", "entry_page", "exit_page"} and own[one] != own[other] and REST not in own.values():
                        found.setdefault((HIDDEN, f"{one}={own[one]} {other}=another"), {})[at] = 1.0
        others = less(self.starting("other stays"), self.starting("other stays", NO_PAGE))
        found[HIDDEN, "other hits of visits with a page"] = {at: factor for at, factor in others.items() if factor}
        for (kind, name), amount in found.items():
            self._group(kind, name, amount, self.inside(amount))

    def proven(self, *kinds: str, whole: bool = False) -> list[Group]:
        """The groups of these kinds of which at least a part exists in every world. `whole`: numbers are known to be whole."""
        left = [group for group in self.groups if group.kind in kinds]
        found = []
        while left:
            world = self.world(plus(*(group.amount for group in left)), whole)
            remaining = [group for group in left if self.value(group.amount, world) > EPSILON]
            if len(remaining) == len(left):
                group = remaining.pop()
                world = self.world(group.amount, whole)
                if self.value(group.amount, world) > EPSILON:
                    found.append(group)
                remaining = [group for group in remaining if self.value(group.amount, world) > EPSILON]
            left = remaining
        return found
