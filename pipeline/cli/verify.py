"""`verify`: what is wrong with a published data set, as far as it can be checked from outside, without the logs.

What every policy has in common is checked here: files, schemas, metadata, values, and that rows divide those of their parents.
What a policy promises of its own its `Checks` look at.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import re
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.cli import terminal
from pipeline.dataset import layout
from pipeline.dataset.dataset import RawFiles
from pipeline.dataset.lock import holder
from pipeline.dataset.manifest import (
    COMMON_FACTS,
    OWN_FACTS,
    SCHEMA_VERSION,
    catalogue_of,
    is_manifest,
    other_layout,
)
from pipeline.dataset.storage import is_unfinished
from pipeline.errors import EXIT_INPUT, EXIT_VIOLATION, JobError
from pipeline.words import plural, shown
from transforms.columns import cell_keys
from transforms.counting.measures import Kind
from transforms.dimensions.dimension import Dimension
from transforms.masking.routes import NO_ROUTES, is_fingerprint
from transforms.period import PERIODS
from transforms.privacy.detectors import identifier, is_caught
from transforms.privacy.policy import Checks, policy_of
from transforms.privacy.release import DATE, divided, is_nameable, released_schema
from transforms.reports.report import Catalogue, CatalogueError, Report
from transforms.reserved import OTHER

_CHECKED = """\
Checked: hashes, schemas and metadata; every report divides its parent exactly; rows are sorted; {checked}; \
no value looks like an address, an e-mail address, a telephone or card number, or an identifier; \
no dictionary or statistic of a file says more than its rows; and metadata have no names but those of this program, and \
nothing in them looks like a person's.
Not to be seen from outside: {unseen}."""
_AT_WORK = "of the run that is at work"
_LEFT_OVER = "left over from a run that was interrupted; the next run completes or removes it"
_UNPAID = "a run was interrupted before it published this period; the next run settles it"
_WRITER = re.compile(r"parquet-cpp-arrow version [0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}(?:-SNAPSHOT)?")


def verify(options: argparse.Namespace, _: list[str]) -> None:
    """Print each violation, never with the value; raises `JobError` (exit 5) if there is one."""
    try:
        _verify(options.output)
    except OSError as error:
        raise JobError(EXIT_INPUT, "unreadable", f"{error.filename or options.output}: {error.strerror}.") from None


def _verify(output: str) -> None:
    data = RawFiles(output)
    manifests = data.manifest_paths()
    old = next(filter(layout.is_of_version_1, data.files()), None)
    if old:
        raise other_layout(f"{output}/{old}")
    if not manifests and not data.ledger_paths():
        raise JobError(EXIT_INPUT, "missing", f"{output}: no published day is there (no _manifest/YYYY-MM-DD.json).")
    at_work = holder(output)
    violations = [*_strays(data, manifests, at_work), *_unpaid(data, set(map(layout.stem, manifests)), at_work)]
    rows = files = 0
    policies: dict[str, type[Checks]] = {}
    for path in manifests:
        found = _Day(data, path)
        violations += found.violations()
        rows, files = rows + found.rows, files + found.files
        policies |= {type(found.checks).__name__: type(found.checks)} if found.checks else {}
    with terminal.printing() as console:
        for violation in violations:
            console.print(shown(violation))
        if not violations:
            counts = ", ".join((plural(len(manifests), "day"), plural(files, "file"), plural(rows, "row")))
            console.print(f"{counts}: no violation.")
            for checks in policies.values():
                console.print(_CHECKED.format(checked=checks.checked, unseen=checks.unseen))
    if violations:
        message = (
            f"{output}: {plural(len(violations), 'violation')}, of {plural(len(manifests), 'published day')}. See the list above."
        )
        if at_work:
            message = f"{message.removesuffix('.')}; but {at_work} is publishing there. Verify again when it has ended."
        raise JobError(EXIT_VIOLATION, "violations", message)


def _strays(data: RawFiles, manifests: list[str], at_work: str | None) -> Iterator[str]:
    """Files that no manifest lists."""
    known = {layout.LOCK, *manifests}
    for path in manifests:
        date, manifest = layout.stem(path), data.document(path)
        reports = manifest.get("reports") if isinstance(manifest, dict) else None
        known |= {layout.data_path(report, date) for report in reports} if isinstance(reports, dict) else set()
        known.add(layout.guard_path(date))
    for path in data.files():
        if path in known:
            continue
        folder = path.partition("/")[0]
        if folder == layout.STAGING or (folder in layout.WRITTEN and is_unfinished(path)):
            yield f"{path}: {_AT_WORK if at_work else _LEFT_OVER}"
        elif not layout.is_ledger_entry(path):
            yield f"{path}: no manifest lists this file"


def _unpaid(data: RawFiles, days: set[str], at_work: str | None) -> Iterator[str]:
    """Entries of the ledger whose release was not published; those that were given up say so, and no more than others."""
    for path in data.ledger_paths():
        date = layout.stem(path)
        if date in days:
            continue
        entry = data.document(path)
        if not (isinstance(entry, dict) and entry.get("unpublished") is True and isinstance(entry.get("manifest"), dict)):
            yield f"{path}: {_AT_WORK if at_work else _UNPAID}"
            continue
        rest = {name: value for name, value in entry.items() if name != "unpublished"}
        manifest = {**entry["manifest"], "revision": 1}
        checks, _, wrong = _understood(manifest, rest)
        if checks is not None:
            wrong += [*_manifest(date, manifest, checks), *checks.stated(), *checks.period()]
        yield from (f"{path}: {sentence}" for sentence in wrong)


def _understood(manifest: dict[str, Any], entry: Any) -> tuple[Checks | None, Catalogue | None, list[str]]:
    """The checks of a manifest's policy and the reports that it lists, as far as this version knows them; and what is wrong."""
    checks, catalogue, wrong = None, None, []
    try:
        catalogue = catalogue_of(manifest)
    except (CatalogueError, KeyError, TypeError, AttributeError):
        wrong.append("its list of reports is invalid, or they must not be published together")
    try:
        policy = policy_of(manifest)
    except ValueError:
        wrong.append("a mode that cannot be verified")
    else:
        if entry is not None and not policy.draws:
            wrong.append("an entry in the ledger, although this mode spends nothing")
        checks = None if catalogue is None else policy.checks(manifest, catalogue, entry)
    return checks, catalogue, wrong


def _manifest(name: str, manifest: dict[str, Any], checks: Checks) -> Iterator[str]:
    """What is wrong with the statements of a manifest, which holds a dictionary of reports."""
    stated = (*checks.facts, *COMMON_FACTS, *OWN_FACTS)
    missing = [fact for fact in stated if fact not in manifest]
    if missing:
        yield f"lacks {', '.join(missing)}"
    described = {key for report in manifest["reports"].values() for key in report}
    if not set(manifest) <= set(stated) or not described <= {"parent", "dimension", "where", "rows", "sha256"}:
        yield "says more than a manifest should"
    if any(is_caught(str(value)) for fact, value in manifest.items() if fact not in ("reports", "routes", *checks.numbers)):
        yield "a value looks like a person's"
    if not is_fingerprint(str(manifest.get("routes", NO_ROUTES))):
        yield "routes that are not a fingerprint"
    if manifest.get("layout") != layout.VERSION or manifest.get("schema_version") != SCHEMA_VERSION:
        yield "another version than this program's"
    if manifest.get("period") not in tuple(PERIODS):
        yield "a period that this program does not have"
    if manifest.get("date") != name:
        yield "another date than its name"


def _wrong_with(dimension: Dimension, value: str) -> str | None:
    """What is wrong with a value of this column, or None.

    Of a shipped list, another version may have other names. So there a value that this version does not list must also look
    like a person's.
    """
    if not value:
        return "empty"
    if is_nameable(dimension, value):
        return None
    if dimension.is_shipped:
        return "looks like a person's" if is_caught(value) or identifier("/" + value) else None
    return "looks like a person's" if dimension.is_open else "not of its vocabulary"


def _unseen(place: str, data: bytes, file: pq.ParquetFile, table: pa.Table) -> Iterator[str]:
    """Values in a file's dictionaries and statistics that no row has."""
    texts = [name for name in table.column_names if table.schema.field(name).type == pa.string()]
    values = {name: set(table[name].to_pylist()) for name in table.column_names}
    encoded = pq.ParquetFile(io.BytesIO(data), read_dictionary=texts).read()
    for name in texts:
        if any(not values[name].issuperset(chunk.dictionary.to_pylist()) for chunk in encoded[name].chunks):
            yield f"{place}, column {name}: a dictionary holds a value that no row has"
    for number in range(file.metadata.num_row_groups):
        group = file.metadata.row_group(number)
        for at in range(group.num_columns):
            column = group.column(at)
            if column.is_stats_set and not values[column.path_in_schema].issuperset(_ends(column.statistics)):
                yield f"{place}, column {column.path_in_schema}: statistics hold a value that no row has"


def _ends(statistics: Any) -> tuple[Any, ...]:
    return (statistics.min, statistics.max) if statistics.has_min_max else ()


class _Day:
    """One published period."""

    def __init__(self, data: RawFiles, path: str) -> None:
        self._data = data
        self._date = layout.stem(path)
        self._place = path
        self.rows = self.files = 0
        self.checks: Checks | None = None
        self._manifest: Any = data.document(path)

    def violations(self) -> Iterator[str]:
        manifest = self._manifest
        if not is_manifest(manifest):
            yield f"{self._place}: not a manifest"
            return
        entry = self._data.document(layout.ledger_path(self._date))
        checks, catalogue, wrong = _understood(manifest, entry)
        yield from (f"{self._place}: {sentence}" for sentence in wrong)
        if checks is None or catalogue is None:
            return
        self.checks, self._catalogue = checks, catalogue
        yield from (f"{self._place}: {sentence}" for sentence in _manifest(self._date, manifest, checks))
        guard = layout.guard_path(self._date)
        if self._data.read(guard) != layout.GUARD:
            yield f"{guard}: missing, or not the sentence of a guard. Delete it: the next run writes it anew"
        tables = {}
        for report in catalogue:
            table = yield from self._file(report, manifest["reports"][report.name], checks)
            if table is not None:
                tables[report.name] = table
        yield from (f"{self._place}: {sentence}" for sentence in (*checks.stated(), *checks.period()))
        for report in catalogue:
            if report.name in tables:
                yield from self._rows(report, tables[report.name])
                place = f"{report.name}/{self._date}"
                parents = self._parents(report, tables)
                if parents is not None:
                    yield from self._division(report, tables[report.name], parents, checks)
                if parents is not None or report.parent is None:
                    names = list(catalogue.columns(report.parent)) if report.parent else []
                    above = None if parents is None else parents.select(names)
                    yield from (f"{place}: {sentence}" for sentence in checks.rows(report, tables[report.name], above))

    def _file(self, report: Report, described: dict[str, Any], checks: Checks) -> Any:
        """The report's table, after the violations of its file."""
        try:
            return (yield from self._checked_file(report, described, checks))
        except (pa.ArrowException, ValueError, OverflowError):  # their messages may hold the value
            yield f"{layout.data_path(report.name, self._date)}: not a Parquet file, or it holds what is not valid there"
            return None

    def _checked_file(self, report: Report, described: dict[str, Any], checks: Checks) -> Any:
        place = layout.data_path(report.name, self._date)
        data = self._data.read(place)
        if data is None:
            yield f"{place}: is missing"
            return None
        self.files += 1
        if hashlib.sha256(data).hexdigest() != described.get("sha256"):
            yield f"{place}: not the file that was published (SHA-256)"
            return None  # Arrow ends the process at some damage
        try:
            file = pq.ParquetFile(io.BytesIO(data))
            table = file.read()
        except (pa.ArrowException, OSError):
            yield f"{place}: not a Parquet file"
            return None
        self.rows += table.num_rows
        if table.num_rows != described.get("rows"):
            yield f"{place}: another number of rows than in the manifest"
        expected = released_schema(self._catalogue.dimensions(report.name), checks.measures(report), {})
        if not table.schema.equals(expected):
            yield f"{place}: another schema than that of the report"
            return None
        if any(ours.metadata != theirs.metadata for ours, theirs in zip(expected, table.schema, strict=True)):
            yield f"{place}: a column's description, unit or noise is missing"
        metadata = {key.decode(): value.decode() for key, value in (table.schema.metadata or {}).items()}
        facts = (*checks.facts, *COMMON_FACTS)
        names = ("report", "description", *facts, "schema_version")
        lacking = [name for name in names if name not in metadata]
        if lacking or metadata.get("report") != report.name:
            yield f"{place}: metadata lack {', '.join(lacking) or 'the report'}"
        elif any(str(self._manifest.get(name)) != metadata[name] for name in facts):
            yield f"{place}: metadata and manifest do not agree"
        raw = {key.decode("utf-8", "replace") for key in file.metadata.metadata or {}}
        if not set(metadata) | raw <= {*names, "ARROW:schema"} or not _WRITER.fullmatch(file.metadata.created_by):
            yield f"{place}: metadata say more than they should"
        if any(is_caught(value) for name, value in metadata.items() if name not in ("routes", *checks.numbers)):
            yield f"{place}: a value of the metadata looks like a person's"
        yield from _unseen(place, data, file, table)
        if any(date.isoformat() != self._date for date in table[DATE].unique().to_pylist()):
            yield f"{place}: rows of another date than the file's name"
        return table.drop_columns([DATE])

    def _parents(self, report: Report, tables: dict[str, pa.Table]) -> pa.Table | None:
        """The rows that the report divides, if it divides any and their table can be read."""
        parents = tables.get(report.parent or "")
        if parents is None:
            return None
        return divided(parents, report)

    def _rows(self, report: Report, table: pa.Table) -> Iterator[str]:
        place = f"{report.name}/{self._date}"
        names = self._catalogue.columns(report.name)
        keys = list(zip(*(table[name].to_pylist() for name in names), strict=True))
        if keys != sorted(keys, key=lambda key: tuple(value.encode() for value in key)) or len(set(keys)) != len(keys):
            yield f"{place}: rows are not sorted, or not distinct"
        for dimension in self._catalogue.dimensions(report.name):
            for number, value in enumerate(table[dimension.name].to_pylist()):
                wrong = _wrong_with(dimension, value)
                if wrong:
                    yield f"{place}, row {number}, column {dimension.name}: {wrong}"

    def _division(self, report: Report, table: pa.Table, parents: pa.Table, checks: Checks) -> Iterator[str]:
        """Hits and bytes add up to the parent's; visitors and visits lie between their greatest and their sum."""
        assert report.parent is not None
        place = f"{report.name}/{self._date}"
        names = list(self._catalogue.columns(report.parent))
        additive = [measure.name for measure in checks.measures(report) if measure.kind is Kind.ADDITIVE]
        measured = (*additive, *checks.overlapping)
        wanted = [(name, how) for name in measured for how in ("sum", "max")]
        parts = table.group_by(names, use_threads=False).aggregate(wanted)
        at = pc.index_in(cell_keys([parents[name] for name in names]), value_set=cell_keys([parts[name] for name in names]))
        if at.null_count or parts.num_rows != parents.num_rows:
            yield f"{place}: does not divide exactly the rows of {report.parent}"
            return
        parts = parts.take(at)
        for name in measured:
            whole, total, most = parents[name], parts[f"{name}_sum"], parts[f"{name}_max"]
            between = pc.and_(pc.less_equal(most, whole), pc.less_equal(whole, total))
            good = pc.equal(whole, total) if name in additive else between
            if not pc.all(good, min_count=0).as_py():
                yield f"{place}: {name} do not agree with those of {report.parent}"
        folded = [
            key
            for key in zip(*(table[name].to_pylist() for name in self._catalogue.columns(report.name)), strict=True)
            if OTHER in key[:-1]
        ]
        if any(key[-1] != OTHER for key in folded):
            yield f"{place}: tells apart what {report.parent} has folded"
        others = table.filter(pc.equal(table[self._catalogue.columns(report.name)[-1]], OTHER))
        if len(set(zip(*(others[name].to_pylist() for name in names), strict=True))) != others.num_rows:
            yield f"{place}: two rows (other) of one parent"
