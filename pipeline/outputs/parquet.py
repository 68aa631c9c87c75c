"""Takes released tables, gives Parquet files: zstd, sorted, typed, every column described. Nothing else can be written."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from transforms.privacy.differential.policy import Mechanism
from transforms.privacy.release import Released
from transforms.reports.report import Catalogue
from transforms.schema import released_schema

ZSTD_LEVEL = 9


def parquet_files(released: Released, catalogue: Catalogue, facts: dict[str, str]) -> dict[str, bytes]:
    """The bytes of each report's file; `facts` are public and go into the metadata of every file.

    The same released tables and facts give the same bytes. A report without rows is a file with its schema.
    """
    if not isinstance(released, Released):
        raise TypeError("only released tables can be written")
    files = {}
    for report in catalogue:
        metadata = {"report": report.name, "description": report.title, **facts}
        schema = released_schema(catalogue.columns(report.name), metadata, noise_of(report.name, released.noise))
        # Columns are rebuilt from their values alone, so that no buffer of an earlier stage comes along.
        columns = [pa.array(column.to_pylist(), column.type) for column in released.tables[report.name].columns]
        sink = pa.BufferOutputStream()
        pq.write_table(pa.table(columns, schema=schema), sink, compression="zstd", compression_level=ZSTD_LEVEL)
        files[report.name] = sink.getvalue().to_pybytes()
    return files


def noise_of(report: str, mechanisms: Sequence[Mechanism] | None) -> dict[str, dict[str, str]] | None:
    """What the metadata say of the noise on each measure; None where there is none.

    `half_width_95` is that of the interval around a number that holds the bounded count with a probability of about 95 %.
    """
    if mechanisms is None:
        return None
    return {
        each.measure: {"noise_scale": f"{each.scale:g}", "half_width_95": str(each.half_width)}
        for each in mechanisms
        if each.report == report
    }
