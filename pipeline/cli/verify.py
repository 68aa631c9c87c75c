"""Takes a published data set, gives what is wrong with it: what can be checked from outside, without the logs.

What every mode has in common is checked here: files, schemas, metadata, values, and that rows divide those of their parents. What
a mode promises of its own is checked in `pipeline/dataset/checks/`.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import os
import re
from collections.abc import Iterator
from fnmatch import fnmatch
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.cli import terminal
from pipeline.config.catalogue import REPORTS
from pipeline.dataset.checks import Mode, noisy, threshold
from pipeline.dataset.ledger import LEDGER
from pipeline.dataset.lock import LOCK, holder
from pipeline.dataset.storage import is_unfinished
from pipeline.errors import EXIT_INPUT, EXIT_VIOLATION, JobError
from pipeline.words import plural, shown
from transforms.columns import cell_keys
from transforms.dimensions.agents import is_listed_name
from transforms.privacy.detectors import OPEN_DIMENSIONS, identifier, is_caught
from transforms.privacy.differential import policy as differential
from transforms.privacy.threshold.policy import MODE
from transforms.reports.report import Report
from transforms.reserved import OTHER, UNKNOWN
from transforms.schema import MEASURES, VERSION, released_schema

_MANIFEST = ("schema_version", "date", "coverage", "revision", "run_id", "reports")
_NUMBERS = ("epsilon", "delta")
"""Facts that the dp mode reads as numbers; some look like somebody's."""
_PUBLISHED_PREFIX = {4: 16, 6: 24}
_CHECKED = """\
Checked: hashes, schemas and metadata; every report divides its parent exactly; rows are sorted; {checked}; \
no value looks like an address, an e-mail address, a telephone or card number, or an identifier; \
and no dictionary, statistic or metadata of a file says more than its rows.
Not to be seen from outside: {unseen}."""
_AT_WORK = "of the run that is at work"
_LEFT_OVER = "left over from a run that was interrupted; the next run completes or removes it"
_UNPAID = "a run was interrupted before it published this period; the next run settles it"
_ENTRY = re.compile(LEDGER + r"/date=[0-9]{4}-[0-9]{2}-[0-9]{2}\.json")
_WRITER = re.compile(r"parquet-cpp-arrow version [0-9.]+(?:-SNAPSHOT)?")


def verify(options: argparse.Namespace) -> None:
    """Print each violation, never with the value; raises `JobError` (exit 5) if there is one."""
    try:
        _verify(options.output)
    except OSError as error:
        raise JobError(EXIT_INPUT, "unreadable", f"{error.filename or options.output}: {error.strerror}.") from None


def _verify(output: str) -> None:
    root = Path(output)
    manifests = _entries(root / "_manifest")
    if not manifests and not _entries(root / LEDGER):
        raise JobError(EXIT_INPUT, "missing", f"{output}: no published day is there (no _manifest/date=….json).")
    days = {path.stem for path in manifests}
    at_work = holder(output)
    violations = [*_strays(root, manifests, at_work), *_unpaid(root, days, at_work)]
    rows = files = 0
    mode: Any = threshold
    for path in manifests:
        found = _Day(root, path)
        violations += found.violations()
        rows, files, mode = rows + found.rows, files + found.files, found.checks
    with terminal.printing() as console:
        for violation in violations:
            console.print(shown(violation))
        if not violations:
            counts = ", ".join((plural(len(manifests), "day"), plural(files, "file"), plural(rows, "row")))
            console.print(f"{counts}: no violation.")
            console.print(_CHECKED.format(checked=mode.CHECKED, unseen=mode.UNSEEN))
    if violations:
        message = (
            f"{output}: {plural(len(violations), 'violation')}, of {plural(len(manifests), 'published day')}. See the list above."
        )
        if at_work:
            message = f"{message.removesuffix('.')}; but {at_work} is publishing there. Verify again when it has ended."
        raise JobError(EXIT_VIOLATION, "violations", message)


def _entries(folder: Path) -> list[Path]:
    """Files of periods; unlike a glob, a folder that may not be read does not pass for an empty one."""
    try:
        names = os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []
    return sorted(folder / name for name in names if fnmatch(name, "date=*.json"))


def _files(root: Path) -> list[Path]:
    def fail(error: OSError) -> None:
        if Path(error.filename) != root / "lost+found":  # root's alone, where a disk is mounted
            raise error

    return sorted(Path(place, name) for place, _, names in os.walk(root, onerror=fail) for name in names)


def _strays(root: Path, manifests: list[Path], at_work: str | None) -> Iterator[str]:
    """Files that no manifest speaks of."""
    known = {LOCK, *(path.relative_to(root).as_posix() for path in manifests)}
    for path in manifests:
        manifest = _json(path)
        reports = manifest.get("reports") if isinstance(manifest, dict) else None
        known |= {f"{report}/{path.stem}/data.parquet" for report in (reports if isinstance(reports, dict) else REPORTS.names())}
    for path in _files(root):
        place = path.relative_to(root)
        if place.as_posix() in known:
            continue
        if place.parts[0] == "_staging" or (place.parts[0] in ("_manifest", LEDGER) and is_unfinished(place.as_posix())):
            yield f"{place}: {_AT_WORK if at_work else _LEFT_OVER}"
        elif place.parts[0] != LEDGER or not _ENTRY.fullmatch(place.as_posix()):
            yield f"{place}: no manifest speaks of this file"


def _unpaid(root: Path, days: set[str], at_work: str | None) -> Iterator[str]:
    """Entries of the ledger whose release was not published; those that were given up say so, and no more than others."""
    for path in _entries(root / LEDGER):
        if path.stem in days:
            continue
        entry = _json(path)
        if not (isinstance(entry, dict) and entry.get("unpublished") is True and isinstance(entry.get("manifest"), dict)):
            yield f"{LEDGER}/{path.name}: {_AT_WORK if at_work else _UNPAID}"
            continue
        rest = {name: value for name, value in entry.items() if name != "unpublished"}
        manifest = {**entry["manifest"], "revision": 1}
        mode = noisy.NoisyMode(manifest, rest)
        wrong = (*_manifest(path.stem, manifest, mode), *mode.stated(), *mode.period())
        yield from (f"{LEDGER}/{path.name}: {sentence}" for sentence in wrong)


def _manifest(name: str, manifest: dict[str, Any], mode: Mode) -> Iterator[str]:
    """What is wrong with what a manifest says; it holds a dictionary of reports."""
    stated, reports = (*mode.facts, *_MANIFEST), manifest.get("reports")
    if not isinstance(reports, dict):
        yield "not a manifest"
        return
    missing = [fact for fact in stated if fact not in manifest]
    if missing:
        yield f"lacks {', '.join(missing)}"
    described = [value for report in reports.values() for value in (report if isinstance(report, dict) else "?")]
    if not set(manifest) <= set(stated) or not set(described) <= {"rows", "sha256"}:
        yield "says more than a manifest should"
    if any(is_caught(str(value)) for fact, value in manifest.items() if fact not in ("reports", *_NUMBERS)):
        yield "a value looks like a person's"
    if manifest.get("mode") not in (MODE, differential.MODE):
        yield "a mode that cannot be verified"
    if manifest.get("schema_version") != VERSION or f"date={manifest.get('date')}" != name:
        yield "another schema version, or another date than its name"
    if set(reports) != set(mode.reports.names()):
        yield "does not list exactly the reports of this version"


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except (ValueError, RecursionError, FileNotFoundError, IsADirectoryError):
        return None


def _is_suspicious(name: str, value: str) -> bool:
    """Whether a value of this column looks like a person's, or is an address that is longer than the published prefix."""
    if name == "network":
        return value not in (OTHER, UNKNOWN) and not _is_published_prefix(value)
    if name in OPEN_DIMENSIONS:
        return is_caught(value)
    # Values of all other columns stand in lists. A token among them is none, and some listed names look like numbers.
    return (is_caught(value) or identifier("/" + value)) and not is_listed_name(value)


def _is_published_prefix(value: str) -> bool:
    try:
        network = ip_network(value)
    except ValueError:  # no network, or bits behind the prefix
        return False
    return network.prefixlen == _PUBLISHED_PREFIX[network.version]


def _unseen(place: str, data: bytes, file: pq.ParquetFile, table: pa.Table) -> Iterator[str]:
    """What a file can hold beside its rows: values that no row has, in dictionaries and statistics."""
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

    def __init__(self, root: Path, path: Path) -> None:
        self._root = root
        self._name = path.stem
        self._place = f"_manifest/{path.name}"
        self.rows = self.files = 0
        self.checks: Any = threshold
        self._manifest: Any = _json(path)

    def violations(self) -> Iterator[str]:
        manifest = self._manifest
        if not isinstance(manifest, dict) or not isinstance(manifest.get("reports"), dict):
            yield f"{self._place}: not a manifest"
            return
        if manifest.get("mode") == differential.MODE:
            self.checks = noisy
            self._mode: Mode = noisy.NoisyMode(manifest, _json(self._root / LEDGER / f"{self._name}.json"))
        else:
            self._mode = threshold.ThresholdMode(manifest)
        mode = self._mode
        yield from (f"{self._place}: {sentence}" for sentence in _manifest(self._name, manifest, mode))
        tables = {}
        for report in mode.reports:
            described = manifest["reports"].get(report.name)
            table = yield from self._file(report, described if isinstance(described, dict) else {})
            if table is not None:
                tables[report.name] = table
        yield from (f"{self._place}: {sentence}" for sentence in (*mode.stated(), *mode.period()))
        for report in mode.reports:
            if report.name in tables:
                yield from self._rows(report, tables[report.name])
                place = f"{report.name}/{self._name}"
                parents = self._parents(report, tables)
                if parents is not None:
                    yield from self._division(report, tables[report.name], parents)
                if parents is not None or report.parent is None:
                    names = list(mode.reports.columns(report.parent)) if report.parent else []
                    above = None if parents is None else parents.select(names)
                    yield from (f"{place}: {sentence}" for sentence in mode.rows(report, tables[report.name], above))

    def _file(self, report: Report, described: dict[str, Any]) -> Any:
        """The report's table, after the violations of its file."""
        place = f"{report.name}/{self._name}/data.parquet"
        path = self._root / place
        if not path.exists():
            yield f"{place}: is missing"
            return None
        data = path.read_bytes()
        self.files += 1
        if hashlib.sha256(data).hexdigest() != described.get("sha256"):
            yield f"{place}: not the file that was published (SHA-256)"
        try:
            file = pq.ParquetFile(io.BytesIO(data))
            table = file.read()
        except (pa.ArrowException, OSError):
            yield f"{place}: not a Parquet file"
            return None
        self.rows += table.num_rows
        if table.num_rows != described.get("rows"):
            yield f"{place}: another number of rows than in the manifest"
        mode = self._mode
        expected = released_schema(mode.reports.columns(report.name), {}, mode.noise(report))
        if not table.schema.equals(expected):
            yield f"{place}: another schema than that of the report"
            return None
        if any(ours.metadata != theirs.metadata for ours, theirs in zip(expected, table.schema, strict=True)):
            yield f"{place}: a column's description, unit or noise is missing"
        metadata = {key.decode(): value.decode("utf-8", "replace") for key, value in (table.schema.metadata or {}).items()}
        names = ("report", "description", *mode.facts, "schema_version")
        lacking = [name for name in names if name not in metadata]
        if lacking or metadata.get("report") != report.name:
            yield f"{place}: metadata lack {', '.join(lacking) or 'the report'}"
        elif any(str(self._manifest.get(name)) != metadata[name] for name in mode.facts):
            yield f"{place}: metadata and manifest do not agree"
        raw = {key.decode("utf-8", "replace") for key in file.metadata.metadata or {}}
        if not set(metadata) | raw <= {*names, "ARROW:schema"} or not _WRITER.fullmatch(file.metadata.created_by):
            yield f"{place}: metadata say more than they should"
        if any(is_caught(value) for name, value in metadata.items() if name not in _NUMBERS):
            yield f"{place}: a value of the metadata looks like a person's"
        yield from _unseen(place, data, file, table)
        return table

    def _parents(self, report: Report, tables: dict[str, pa.Table]) -> pa.Table | None:
        """The rows that the report divides, if it divides any and their table can be read."""
        parents = tables.get(report.parent or "")
        if parents is None or not report.where:
            return parents
        return parents.filter(pc.equal(parents[report.where[0]], report.where[1]))

    def _rows(self, report: Report, table: pa.Table) -> Iterator[str]:
        place = f"{report.name}/{self._name}"
        names = REPORTS.columns(report.name)
        keys = list(zip(*(table[name].to_pylist() for name in names), strict=True))
        if keys != sorted(keys, key=lambda key: tuple(value.encode() for value in key)) or len(set(keys)) != len(keys):
            yield f"{place}: rows are not sorted, or not distinct"
        for name in names:
            for number, value in enumerate(table[name].to_pylist()):
                if _is_suspicious(name, value):
                    yield f"{place}, row {number}, column {name}: looks like a person's"

    def _division(self, report: Report, table: pa.Table, parents: pa.Table) -> Iterator[str]:
        """Hits and bytes add up to the parent's; visitors and visits lie between their greatest and their sum."""
        assert report.parent is not None
        place = f"{report.name}/{self._name}"
        names = list(REPORTS.columns(report.parent))
        wanted = [(name, how) for name in MEASURES for how in ("sum", "max")]
        parts = table.group_by(names, use_threads=False).aggregate(wanted)
        at = pc.index_in(cell_keys([parents[name] for name in names]), value_set=cell_keys([parts[name] for name in names]))
        if at.null_count or parts.num_rows != parents.num_rows:
            yield f"{place}: does not divide exactly the rows of {report.parent}"
            return
        parts = parts.take(at)
        additive_measures = ("hits", "bytes_sent")
        for name in (*additive_measures, *self._mode.overlapping):
            whole, total, most = parents[name], parts[f"{name}_sum"], parts[f"{name}_max"]
            additive = name in additive_measures
            good = pc.equal(whole, total) if additive else pc.and_(pc.less_equal(most, whole), pc.less_equal(whole, total))
            if not pc.all(good, min_count=0).as_py():
                yield f"{place}: {name} do not agree with those of {report.parent}"
        folded = [
            key
            for key in zip(*(table[name].to_pylist() for name in REPORTS.columns(report.name)), strict=True)
            if OTHER in key[:-1]
        ]
        if any(key[-1] != OTHER for key in folded):
            yield f"{place}: tells apart what {report.parent} has folded"
        others = table.filter(pc.equal(table[report.own[0]], OTHER)) if report.own else table
        if len(set(zip(*(others[name].to_pylist() for name in names), strict=True))) != others.num_rows:
            yield f"{place}: two rows (other) of one parent"
