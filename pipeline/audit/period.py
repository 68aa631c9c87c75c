"""One published period: its manifest, its entry in the ledger, its guard and its tables, each as the program would make it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa

from pipeline.audit.facts import ALLOWED, wrong_facts
from pipeline.audit.places import AT_WORK
from pipeline.audit.rows import wrong_division, wrong_order, wrong_values
from pipeline.audit.table import TableFile
from pipeline.audit.tree import Document, Tree, document
from pipeline.dataset import layout
from pipeline.dataset.manifest import COMMON_FACTS, STAGED, catalogue_of, is_manifest, table_path
from pipeline.outputs.decoder import Decoder
from transforms.dimensions.agent import RULES_VERSION
from transforms.privacy.policy import Checks, Policy, policy_of
from transforms.privacy.release import divided
from transforms.reports.report import Catalogue, CatalogueError, Report

_UNPAID = "a run was interrupted before it published this period; the next run settles it"
_MISSPELT = "not as this program writes JSON: it may hold more than can be read"


class Understood:
    """What this version makes of a manifest: the reports, the policy and its checks, as far as it knows them."""

    def __init__(self, manifest: Mapping[str, Any], entry: Any) -> None:
        self.catalogue: Catalogue | None = None
        self.policy: type[Policy] | None = None
        self.checks: Checks | None = None
        self.wrong: list[str] = []
        try:
            self.catalogue = catalogue_of(manifest)
        except (CatalogueError, KeyError, TypeError, AttributeError):
            self.wrong.append("its list of reports is invalid, or they must not be published together")
        try:
            self.policy = policy_of(manifest)
        except ValueError:
            self.wrong.append("a mode that cannot be verified")
            return
        if entry is not None and not self.policy.draws:
            self.wrong.append("an entry in the ledger, although this mode spends nothing")
        if self.catalogue is not None:
            if self.policy.published(self.catalogue).names() != self.catalogue.names():
                self.wrong.append("a report that this mode does not publish")
            self.checks = self.policy.checks(manifest, self.catalogue, entry)

    def facts(self, manifest: Mapping[str, Any], date: str) -> Iterator[str]:
        """What is wrong with the manifest's facts."""
        if self.policy is not None and self.checks is not None:
            yield from wrong_facts(manifest, date, self.policy, self.checks.facts)


class PublishedPeriod:
    """A period that has a manifest. `titles` are those of this version's reports.

    `violations` also counts its `rows` and `files`, and notes what could be looked at less strictly only: `unknown` reports, and
    whether it `has_other_lists` than this version.
    """

    def __init__(self, tree: Tree, date: str, manifest: Document, decoder: Decoder, titles: Mapping[str, str]) -> None:
        self._tree = tree
        self._titles = titles
        self._date = date
        self._place = layout.manifest_path(date)
        self._manifest: Any = manifest.value
        stated = manifest.value if isinstance(manifest.value, dict) else {}
        # Nothing of a path may come from a manifest that states what it should not.
        staged = {STAGED: True} if stated.get(STAGED) and ALLOWED["run_id"](stated.get("run_id")) else {}
        self._where = {"date": date, "run_id": stated.get("run_id"), **staged}
        self._is_canonical = manifest.is_canonical
        self._decoder = decoder
        self.rows = self.files = 0
        self.checks: Checks | None = None
        self.unknown: set[str] = set()
        self.has_other_lists = False

    def violations(self) -> Iterator[str]:
        """What is wrong, each with its place."""
        manifest = self._manifest
        if not is_manifest(manifest):
            yield f"{self._place}: not a manifest"
            return
        if not self._is_canonical:
            yield f"{self._place}: {_MISSPELT}"
        entry = document(self._tree, layout.ledger_path(self._date))
        if entry is not None and not entry.is_canonical:
            yield f"{layout.ledger_path(self._date)}: {_MISSPELT}"
        found = Understood(manifest, None if entry is None else entry.value)
        yield from (f"{self._place}: {sentence}" for sentence in (*found.wrong, *found.facts(manifest, self._date)))
        if found.checks is None or found.catalogue is None:
            return
        self.checks = found.checks
        guard = layout.guard_path(self._date)
        if self._tree.read(guard) != layout.GUARD:
            yield f"{guard}: missing, or not the sentence of a guard. Delete it: the next run writes it anew"
        yield from self._tables(found.catalogue, found.checks)

    def _tables(self, catalogue: Catalogue, checks: Checks) -> Iterator[str]:
        tables: dict[str, pa.Table] = {}
        for report in catalogue:
            place = table_path(self._where, report.name)
            for each in self._table(report, catalogue, checks):
                if isinstance(each, str):
                    yield f"{place}: {each}"
                else:
                    tables[report.name] = each
                    self.rows += each.num_rows
        yield from (f"{self._place}: {sentence}" for sentence in (*checks.stated(), *checks.period()))
        self.has_other_lists = self._manifest.get("rules") != RULES_VERSION
        for report in catalogue:
            if report.name in tables:
                place = f"{report.name}/{self._date}"
                yield from (f"{place}{sentence}" for sentence in self._rows(report, tables, catalogue, checks))

    def _table(self, report: Report, catalogue: Catalogue, checks: Checks) -> Iterator[str | pa.Table]:
        data = self._tree.read(table_path(self._where, report.name))
        if data is None:
            yield "is missing"
            return
        self.files += 1
        title = self._titles.get(report.name)
        if title is None:
            self.unknown.add(report.name)
        names = (*checks.facts, *COMMON_FACTS, "schema_version")
        facts = {name: str(self._manifest.get(name)) for name in names}
        dimensions, measures = catalogue.dimensions(report.name), checks.measures(report)
        file = TableFile(report.name, self._date, title, dimensions, measures, facts)
        yield from file.checked(data, self._manifest["reports"][report.name], self._decoder)

    def _rows(self, report: Report, tables: Mapping[str, pa.Table], catalogue: Catalogue, checks: Checks) -> Iterator[str]:
        """What is wrong with the rows, each with what stands between the place and it."""
        table, columns = tables[report.name], catalogue.columns(report.name)
        yield from (f": {sentence}" for sentence in wrong_order(table, columns))
        for number, column, wrong in wrong_values(table, catalogue.dimensions(report.name), not self.has_other_lists):
            yield f", row {number}, column {column}: {wrong}"
        above = None
        if report.parent is not None:
            if report.parent not in tables:
                return
            names = catalogue.columns(report.parent)
            parents = divided(tables[report.parent], report)
            measures = checks.measures(report)
            for sentence in wrong_division(table, columns, parents, (report.parent, names), measures):
                yield f": {sentence}"
            above = parents
        yield from (f": {sentence}" for sentence in checks.rows(report, table, above))


def of_ledger(tree: Tree, published: Mapping[str, Any], at_work: str | None) -> Iterator[str]:
    """Entries of the ledger whose release was not published. One that was given up says so, and nothing that others do not."""
    for path in sorted(filter(layout.is_ledger_entry, tree.files)):
        date, found = layout.stem(path), document(tree, path)
        if date in published or found is None:
            continue
        entry = found.value
        if not found.is_canonical:
            yield f"{path}: {_MISSPELT}"
        if not (isinstance(entry, dict) and entry.get("unpublished") is True and isinstance(entry.get("manifest"), dict)):
            yield f"{path}: {AT_WORK if at_work else _UNPAID}"
            continue
        rest = {name: value for name, value in entry.items() if name != "unpublished"}
        manifest = {**entry["manifest"], "revision": 1}
        understood = Understood(manifest, rest)
        wrong = [*understood.wrong, *understood.facts(manifest, date)]
        if understood.checks is not None:
            wrong += [*understood.checks.stated(), *understood.checks.period()]
        yield from (f"{path}: {sentence}" for sentence in wrong)
