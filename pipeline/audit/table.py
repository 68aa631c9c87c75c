"""The file of one table: whether it is, byte for byte, what this program writes for its rows."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.outputs.decoder import DecodeError, Decoder
from pipeline.outputs.parquet import arrow_version, file_schema, is_as_written
from transforms.counting.measures import Measure
from transforms.dimensions.dimension import Dimension
from transforms.privacy.detectors import is_caught
from transforms.privacy.release import DATE

_LONGEST_TITLE = 120


class TableFile:
    """A report's file of one period, as it should be. `title` is None for a report that this version does not have."""

    def __init__(
        self,
        report: str,
        date: str,
        title: str | None,
        dimensions: Sequence[Dimension],
        measures: Sequence[Measure],
        facts: Mapping[str, str],
    ) -> None:
        self._report = report
        self._date = date
        self._title = title
        self._columns = (dimensions, measures)
        self._facts = facts

    def checked(self, data: bytes, described: Mapping[str, Any], decoder: Decoder) -> Iterator[str | pa.Table]:
        """What is wrong with the file's bytes, as sentences; then its rows without their date, if they can be used."""
        if hashlib.sha256(data).hexdigest() != described.get("sha256"):
            yield "not the file that was published (SHA-256)"
            return
        try:
            table = decoder.decoded(data)
        except DecodeError:
            yield "not a Parquet file, or it holds what is not valid there"
            return
        if table.num_rows != described.get("rows"):
            yield "another number of rows than in the manifest"
        schema = self._schema(table)
        if not table.schema.equals(schema):
            yield "another schema than that of the report"
            return
        rows = table.drop_columns([DATE])
        try:
            is_own = is_as_written(data, rows, schema, self._date)
        except (pa.ArrowException, ValueError, OverflowError):  # their messages may hold the value
            yield "it holds what is not valid there"
            return
        if not is_own:
            yield from self._differences(data, table, schema)
        yield rows

    def _schema(self, table: pa.Table) -> pa.Schema:
        title = self._title
        if title is None:
            stated = (table.schema.metadata or {}).get(b"description", b"").decode("utf-8", "replace")
            title = stated if stated.isprintable() and len(stated) <= _LONGEST_TITLE and not is_caught(stated) else ""
        return file_schema(self._report, title, *self._columns, self._facts)

    def _differences(self, data: bytes, table: pa.Table, schema: pa.Schema) -> Iterator[str]:
        """Why the bytes differ: at least one reason."""
        found = list(_of_metadata(table.schema.metadata or {}, schema.metadata))
        day = (datetime.date.fromisoformat(self._date) - datetime.date(1970, 1, 1)).days
        if not pc.all(pc.equal(table[DATE].cast(pa.int32()), day), min_count=0).as_py():
            found.append("rows of another date than the file's name")
        if any(ours.metadata != theirs.metadata for ours, theirs in zip(schema, table.schema, strict=True)):
            found.append("a column's description, unit or noise is missing, or another")
        version = arrow_version(data)
        if found:
            yield from found
        elif version in ("", pa.__version__):
            yield "holds more than its rows, or was not written by this program: its rows give other bytes"
        else:
            yield (
                f"its rows give other bytes with Arrow {pa.__version__}. It names {version} as its writer: only with "
                f"pyarrow {version} can be told whether it holds more than its rows"
            )


def _of_metadata(there: Mapping[bytes, bytes], expected: Mapping[bytes, bytes]) -> Iterator[str]:
    lacking = [name.decode() for name in expected if name not in there]
    if lacking:
        yield f"metadata lack {', '.join(lacking)}"
    if not set(there) <= set(expected):
        yield "metadata say more than they should"
    different = {name for name in expected if there.get(name, expected[name]) != expected[name]}
    if b"description" in different:
        yield "metadata describe another report, or in other words"
    if different - {b"description"}:
        yield "metadata and manifest do not agree"
