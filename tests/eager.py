"""Publishes log bytes without Beam and without files: the whole data flow, as plain function calls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from pipeline.config.days import to_date
from pipeline.outputs.parquet import parquet_files
from tests.catalogues import REPORTS, TRAVELLING
from transforms.block import Block, Rules, process_block
from transforms.counting.count import add_counts
from transforms.counting.measures import MEASURES, measure_names
from transforms.masking.secret import new_secret
from transforms.parsing.read import blocks
from transforms.period import Window
from transforms.privacy.differential.bound import add_packed, count_bounded, unpacked
from transforms.privacy.release import Released
from transforms.privacy.threshold.counting import count_parts, count_shard
from transforms.privacy.threshold.gate import Gate
from transforms.privacy.threshold.plan import judge
from transforms.privacy.threshold.release import release
from transforms.reports.report import Catalogue
from transforms.wire import unpack

EVERYTHING = Window(end=1_000_000)


def release_log(
    log: bytes | Sequence[bytes],
    log_format: str = "combined",
    k: int = 5,
    block_bytes: int = 1 << 20,
    shards: int = 3,
    site: str | None = "www.example.org",
    **settings: Any,
) -> dict[str, Released]:
    """Released tables by date; further settings are those of `Rules`."""
    gate = Gate(k)
    pieces = pieces_of(log, log_format, block_bytes, shards, site, **settings)
    counted = [count_shard(own, REPORTS, gate.caps()) for own in pieces.values()]
    released = {}
    for day in sorted({day for shard in counted for day in shard}):
        parts = [shard[day] for shard in counted if day in shard]
        judged = judge([part.counts for part in parts], REPORTS, gate)
        plan = {name: each.plan for name, each in judged.items()}
        second = add_counts(count_parts(unpack(part.kept)["rows"], REPORTS, gate, plan) for part in parts)
        released[to_date(day)] = release(judged, second, REPORTS, gate)
    return released


def pieces_of(
    log: bytes | Sequence[bytes],
    log_format: str = "combined",
    block_bytes: int = 1 << 20,
    shards: int = 3,
    site: str | None = "www.example.org",
    window: Window = EVERYTHING,
    **settings: Any,
) -> dict[int, list[bytes]]:
    """The log's pieces by shard."""
    secret, rules = new_secret(), Rules(shards, window, TRAVELLING, **settings)
    pieces: dict[int, list[bytes]] = {}
    for offset, data in blocks(iter([log] if isinstance(log, bytes) else log), block_bytes):
        made, _ = process_block(Block("log", log_format, offset, len(data), data, site=site), rules, secret)
        for number, piece in made.items():
            pieces.setdefault(number, []).append(piece)
    return pieces


def bounded_counts_of(log: bytes, catalogue: Catalogue, sites: tuple[str, ...]) -> dict[str, pa.Table]:
    """The counts of the dp mode of a log of one day."""
    counted = [count_bounded(own, catalogue, sites) for own in pieces_of(log).values()]
    counts, _ = unpacked(add_packed(day.counts for shard in counted for day in shard.values()))
    return counts


def files_of(released: dict[str, Released]) -> dict[tuple[str, str], bytes]:
    """Parquet bytes by date and report."""
    return {
        (date, name): data
        for date, day in released.items()
        for name, data in parquet_files(day, date, REPORTS, {"mode": "threshold"}).items()
    }


def rows_of(table: pa.Table, report: str) -> dict[tuple[str, ...], tuple[int, ...]]:
    """Dimensions → measures, as the reference has them."""
    names = REPORTS.columns(report)
    return {
        tuple(row[name] for name in names): tuple(row[name] for name in measure_names(MEASURES) if name in row)
        for row in table.to_pylist()
    }


def tables_of(released: dict[str, Released]) -> dict[str, dict[str, dict[tuple[str, ...], tuple[int, ...]]]]:
    """Rows by date and report, as the reference has them; dates without any published row are left out."""
    return {date: {name: rows_of(table, name) for name, table in day.tables.items()} for date, day in released.items()}
