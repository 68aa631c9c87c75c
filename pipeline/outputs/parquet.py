"""Released tables as Parquet: zstd, sorted, typed, every column described. Nothing else can be written."""

from __future__ import annotations

import datetime
from collections.abc import Mapping

import pyarrow as pa
import pyarrow.parquet as pq

from transforms.privacy.release import Released, released_schema
from transforms.reports.report import Catalogue

ZSTD_LEVEL = 9


def parquet_files(released: Released, date: str, catalogue: Catalogue, facts: Mapping[str, str]) -> dict[str, bytes]:
    """The bytes of each report's file of the period that begins on `date` (ISO).

    `facts` are public and go into the metadata of every file.

    The same released tables and facts give the same bytes. A report without rows is a file with its schema.
    """
    if not isinstance(released, Released):
        raise TypeError("only released tables can be written")
    files = {}
    for report in catalogue:
        metadata = {"report": report.name, "description": report.title, **facts}
        schema = released_schema(catalogue.dimensions(report.name), released.measures[report.name], metadata)
        # Columns are rebuilt from their values alone, so that no buffer of an earlier stage comes along.
        table = released.tables[report.name]
        dates = pa.array([datetime.date.fromisoformat(date)] * table.num_rows, pa.date32())
        columns = [dates, *(pa.array(column.to_pylist(), column.type) for column in table.columns)]
        sink = pa.BufferOutputStream()
        pq.write_table(pa.table(columns, schema=schema), sink, compression="zstd", compression_level=ZSTD_LEVEL)
        files[report.name] = sink.getvalue().to_pybytes()
    return files
