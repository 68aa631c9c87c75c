"""Released tables as Parquet: zstd, sorted, typed, every column described. Nothing else can be written.

The same rows and facts give the same bytes, so `is_as_written` finds whatever else is in a file.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Mapping

import pyarrow as pa
import pyarrow.parquet as pq

from transforms.counting.measures import Measure
from transforms.dimensions.dimension import Dimension
from transforms.privacy.release import Released, released_schema
from transforms.reports.report import Catalogue

ZSTD_LEVEL = 9
_ARROW = b"parquet-cpp-arrow version "
_VERSION = re.compile(rb"[1-9][0-9]\.[0-9]\.[0-9]")


def parquet_files(released: Released, date: str, catalogue: Catalogue, facts: Mapping[str, str]) -> dict[str, bytes]:
    """The bytes of each report's file of the period that begins on `date` (ISO).

    `facts` are public and go into the metadata of every file.

    The same released tables and facts give the same bytes. A report without rows is a file with its schema.
    """
    if not isinstance(released, Released):
        raise TypeError("only released tables can be written")
    files = {}
    for report in catalogue:
        measures = released.measures[report.name]
        schema = file_schema(report.name, report.title, catalogue.dimensions(report.name), measures, facts)
        files[report.name] = _bytes(released.tables[report.name], schema, date)
    return files


def file_schema(
    report: str, title: str, dimensions: Iterable[Dimension], measures: Iterable[Measure], facts: Mapping[str, str]
) -> pa.Schema:
    """The schema of a report's file, with its metadata: always in one order."""
    return released_schema(dimensions, measures, {"report": report, "description": title, **dict(sorted(facts.items()))})


def is_as_written(data: bytes, table: pa.Table, schema: pa.Schema, date: str) -> bool:
    """Whether a file has exactly the bytes that this program writes for these rows, without `date`.

    It may name another version of Arrow, if that version writes the same bytes.
    """
    own = _bytes(table, schema, date)
    if data == own:
        return True
    start = own.rfind(_ARROW) + len(_ARROW)  # in the footer only the order of columns comes behind it
    there, here = arrow_version(data), arrow_version(own)
    return there != "" and here != "" and data[:start] + here.encode() + data[start + len(here) :] == own


def arrow_version(data: bytes) -> str:
    """The version of Arrow that a file names as its writer, such as `25.0.1`; "" if it names none, or as no version does."""
    found = _VERSION.match(data, data.rfind(_ARROW) + len(_ARROW)) if _ARROW in data else None
    return found.group().decode() if found else ""


def _bytes(table: pa.Table, schema: pa.Schema, date: str) -> bytes:
    # Columns are rebuilt from their values alone, so that no buffer of an earlier stage comes along.
    dates = pa.array([datetime.date.fromisoformat(date)] * table.num_rows, pa.date32())
    columns = [dates, *(pa.array(column.to_pylist(), column.type) for column in table.columns)]
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(columns, schema=schema), sink, compression="zstd", compression_level=ZSTD_LEVEL)
    return bytes(sink.getvalue().to_pybytes())
