"""A published data set as a whole: what is published there, under which guarantee, and its tables.

data = DataSet("/srv/statistics")
data.dates()                                    # ['2026-03-01', '2026-03-02']
data.read("pages", first="2026-03-01").to_pandas()
"""

from __future__ import annotations

import io
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.dataset import layout
from pipeline.dataset.manifest import Manifest, catalogue_of, read_manifest, table_path
from pipeline.dataset.storage import open_storage
from pipeline.errors import EXIT_INPUT, EXIT_OUTPUT, JobError
from transforms.errors import translated
from transforms.reports.report import Catalogue, CatalogueError


class DataSet:
    """A data set below a folder of this machine, or of one of Beam's file systems (gs://, s3://, hdfs://).

    Failures are `JobError`, whose message says what to do.
    """

    def __init__(self, root: str) -> None:
        self.root = root
        self.storage = open_storage(root)

    def manifest(self, date: str) -> Manifest | None:
        """The manifest of the period that begins on this date (ISO), or None if it is not published."""
        path = layout.manifest_path(date)
        data = self.storage.read(path)
        return None if data is None else self._as_manifest(path, data)

    def manifests(self) -> dict[str, Manifest]:
        """The manifest of each published period by its first day, in their order."""
        found = (self._as_manifest(path, data) for path, data in self.storage.read_all(layout.MANIFESTS).items())
        return {manifest["date"]: manifest for manifest in found}

    def _as_manifest(self, path: str, data: bytes) -> Manifest:
        manifest = read_manifest(data, f"{self.root}/{path}")
        if path != layout.manifest_path(manifest["date"]):
            raise JobError(EXIT_OUTPUT, "bad_manifest", f"{self.root}/{path}: it states another date than its name. Restore it.")
        return manifest

    def dates(self, first: str | None = None, last: str | None = None) -> list[str]:
        """First days of the published periods, from `first` to `last`, both included."""
        return list(self._between(first, last))

    def _between(self, first: str | None, last: str | None) -> dict[str, Manifest]:
        return {date: each for date, each in self.manifests().items() if (first or date) <= date <= (last or date)}

    def catalogue(self, date: str) -> Catalogue:
        """The reports of a published period."""
        manifest = self.manifest(date)
        if manifest is None:
            raise JobError(EXIT_INPUT, "missing", f"{self.root}: {date} is not published.")
        return self._catalogue(manifest)

    def _catalogue(self, manifest: Manifest) -> Catalogue:
        date = manifest["date"]

        def unknown(error: CatalogueError) -> JobError:
            return JobError(EXIT_OUTPUT, "bad_manifest", f"{self.root}, {date}: {error}. Use the version that published it.")

        with translated(CatalogueError, unknown):
            return catalogue_of(manifest)

    def read(self, report: str, first: str | None = None, last: str | None = None) -> pa.Table:
        """A report's rows over the published periods from `first` to `last`, both included.

        Periods that have no such report are left out. Columns that some periods lack are null there.
        """
        found = self._between(first, last)
        tables = [self._table(report, manifest) for manifest in found.values() if report in manifest["reports"]]
        if not tables:
            raise JobError(EXIT_INPUT, "missing", f"{self.root}: no published period of that time has the report {report}.")
        return pa.concat_tables(tables, promote_options="default")

    def sites(self, date: str) -> frozenset[str]:
        """The sites that a published period has rows of; none if it is not published, or its table is gone."""
        manifest = self.manifest(date)
        data = self.storage.read(table_path(manifest, self._catalogue(manifest).root().name)) if manifest else None
        return frozenset(pq.read_table(io.BytesIO(data), columns=["site"])["site"].to_pylist()) if data else frozenset()

    def _table(self, report: str, manifest: Manifest) -> pa.Table:
        date = manifest["date"]
        path = table_path(manifest, report)
        data = self.storage.read(path)
        if data is None:
            now = self.manifest(date)
            if now is not None and now != manifest and report in now["reports"]:  # it was replaced in the meantime
                return self._table(report, now)
            message = f"{self.root}/{path}: is missing, although {date} is published. Restore it."
            raise JobError(EXIT_INPUT, "missing", message)
        return pq.read_table(io.BytesIO(data))


def names_of(manifests: Sequence[Manifest]) -> set[str]:
    """The reports that at least one of the periods has."""
    return {name for manifest in manifests for name in manifest["reports"]}
