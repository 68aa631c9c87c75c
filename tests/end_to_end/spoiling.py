"""Tampers with a published data set as somebody would who knows the program: hashes, rows and JSON are made to fit."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.dataset.document import to_bytes
from tests.published import tables

DAY = "2026-03-03"


def documents(output: Path) -> Iterator[Path]:
    """The manifest of the day, and its entry in the ledger if there is one."""
    yield from (path for path in (output / folder / f"{DAY}.json" for folder in ("_manifest", "_ledger")) if path.exists())


def restate(output: Path, change: Callable[[dict], object]) -> None:
    """Change what manifest and ledger say of the release."""
    for path in documents(output):
        document = json.loads(path.read_text())
        change(document.get("manifest", document))
        path.write_bytes(to_bytes(document))


def store(output: Path, report: str, data: bytes, rows: int | None = None) -> None:
    """Another file of a report, and what manifest and ledger say of it."""
    (output / report / f"{DAY}.parquet").write_bytes(data)
    about = {"sha256": hashlib.sha256(data).hexdigest()} | ({} if rows is None else {"rows": rows})
    restate(output, lambda manifest: manifest["reports"][report].update(about))


def spoil(output: Path, report: str, change: Callable[[pa.Table], pa.Table], keep_hash: bool = False, **options: object) -> None:
    """Change a report's table and write it as the program does, with what is said of it made to fit unless `keep_hash`."""
    path = output / report / f"{DAY}.parquet"
    table = change(pq.read_table(path, partitioning=None))
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd", compression_level=9, **options)
    if keep_hash:
        path.write_bytes(sink.getvalue())
    else:
        store(output, report, sink.getvalue(), table.num_rows)


def with_value(column: str, value: object, row: int = 0) -> Callable[[pa.Table], pa.Table]:
    """Another value in one row."""

    def change(table: pa.Table) -> pa.Table:
        at = table.schema.get_field_index(column)
        values = table[column].to_pylist()
        values[row] = value(values[row]) if callable(value) else value
        return table.set_column(at, table.schema.field(at), pa.array(values, table.schema.field(at).type))

    return change


def described_as(**more: bytes) -> Callable[[pa.Table], pa.Table]:
    """More metadata, or other."""
    return lambda table: table.replace_schema_metadata(
        {**table.schema.metadata, **{name.encode(): value for name, value in more.items()}}
    )


def state(output: Path, **facts: object) -> None:
    """Other facts: in manifest, ledger, and in the metadata of each file that states them."""
    restate(output, lambda manifest: manifest.update(facts))
    for path in tables(output):
        stated = pq.read_schema(path).metadata
        more = {name: str(value).encode() for name, value in facts.items() if name.encode() in stated}
        if more:
            spoil(output, path.parent.name, described_as(**more))
