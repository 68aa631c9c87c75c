"""Contribution bounding: counts to which no unit has added more than its bounds.

What is kept of a unit must follow from its own hits alone. If it depended on anybody else's, one unit more could change what is
counted of another, and the noise would be too small. So hits are drawn by lots that hash the unit's key and the hit itself; and
all hits of a unit lie in one shard.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

import numpy as np
import pyarrow as pa

from transforms.columns import Codes, Integers, Lots, changes, distinct
from transforms.counting.cells import cells_of
from transforms.counting.count import add_counts
from transforms.counting.measures import counts_schema
from transforms.counting.pieces import gather
from transforms.counting.volume import volume_of
from transforms.dimensions.agent import are_people
from transforms.dimensions.describe import dimension_columns
from transforms.dimensions.referrer import CHANNEL, SOURCE
from transforms.dimensions.request import FILE_TYPE, KIND, METHOD, PATH, PROTOCOL, STATUS
from transforms.dimensions.site import SITE
from transforms.dimensions.timing import HOUR
from transforms.privacy.differential.budget import BOUNDS, NOISY, UNIT_BYTES, UNIT_HITS, Bound
from transforms.privacy.policy import Counted
from transforms.reports.report import Catalogue
from transforms.wire import pack, pack_bytes, unpack, unpack_bytes

_ODD = np.uint64(0x9E3779B97F4A7C15)  # 2⁶⁴ divided by the golden ratio
_SHIFT = np.uint64(32)

_COUNTS, _UNDECLARED = "counts", "undeclared"

LOT_DIMENSIONS = (SITE, HOUR, KIND, METHOD, PROTOCOL, STATUS, PATH, FILE_TYPE, CHANNEL, SOURCE)
"""What of a hit its lot follows from. It does not depend on the reports of a job, so neither does which hits are drawn."""


def bounded_schema(columns: tuple[str, ...]) -> pa.Schema:
    """Schema of a report's bounded counts: dimension columns and the measures that have noise."""
    return counts_schema(columns, NOISY)


def count_bounded(pieces: Iterable[bytes], catalogue: Catalogue, sites: tuple[str, ...]) -> dict[int, Counted]:
    """Bounded counts of the declared sites, by period (its first day since 1970).

    For the operator, counts also hold how many hits were of sites that are not declared: these are not counted.
    """
    rows = _rows(*gather(pieces))
    site_codes, site_names = distinct(rows["site"])
    declared = np.array([name in sites for name in site_names.to_pylist()], np.bool_)[site_codes]
    people, dates = are_people(rows["traffic"]), rows["date"].to_numpy()
    days = {}
    for date in np.unique(dates).tolist():
        of_day = dates == date
        counts = bounded_counts(rows.filter(pa.array(of_day & declared)), catalogue)
        _, hits = np.unique(rows["network_key"].to_numpy()[of_day & people], return_counts=True)
        days[date] = Counted(
            counts=packed(pack(counts), int(np.count_nonzero(of_day & ~declared))),
            largest_network=int(hits.max(initial=0)),
            volume=volume_of(rows["bytes_sent"].to_numpy()[of_day]),
        )
    return days


def packed(counts: bytes, undeclared: int) -> bytes:
    """Packed counts of one period, and the number of its undeclared hits, to travel."""
    return pack_bytes({_COUNTS: counts, _UNDECLARED: str(undeclared).encode()})


def unpacked(data: bytes) -> tuple[dict[str, pa.Table], int]:
    """The inverse of `packed`."""
    parts = unpack_bytes(data)
    return unpack(parts[_COUNTS]), int(parts[_UNDECLARED])


def add_packed(parts: Iterable[bytes]) -> bytes:
    """The counts of one period from several shards, added."""
    each = list(map(unpacked, parts))
    return packed(pack(add_counts(counts for counts, _ in each)), sum(undeclared for _, undeclared in each))


NO_LINES = packed(b"", 0)
"""What is counted in a period without lines."""


def bounded_counts(rows: pa.Table, catalogue: Catalogue) -> dict[str, pa.Table]:
    """Counts of every report (`bounded_schema`) of one day's hits, with their keys, dimensions and `second`."""
    rows, units = _drawn(rows)
    # Hits of a unit follow one another, in the order of their lots.
    sizes = np.minimum(rows["bytes_sent"].to_numpy(), UNIT_BYTES)  # so that no sum overflows
    before = np.cumsum(sizes) - sizes
    begins = np.flatnonzero(changes(units))
    before = before - np.repeat(before[begins], np.diff(np.append(begins, len(units))))
    sizes = np.clip(UNIT_BYTES - before, 0, sizes)
    tables = {}
    for report, cells in cells_of(rows, catalogue):
        names = catalogue.columns(report.name)
        columns = {name: distinct(rows[name])[1].take(pa.array(cells.codes(name))) for name in names}
        measures = _measures(units, cells.grouping.of_row(), len(cells), sizes, BOUNDS[report.name])
        tables[report.name] = pa.table({**columns, **measures}, schema=bounded_schema(names))
    return tables


def _rows(visitors: pa.Table, hits: pa.Table) -> pa.Table:
    owner = pa.array(np.repeat(np.arange(visitors.num_rows), visitors["hits"].to_numpy()))
    names = ("date", "network_key", "address_key", "visitor_key", *dimension_columns(visitors))
    columns = {name: visitors[name].take(owner) for name in names}
    return pa.table({**columns, **{name: hits[name] for name in (*dimension_columns(hits), "second", "bytes_sent")}})


def _drawn(rows: pa.Table) -> tuple[pa.Table, Lots]:
    """A sample of at most UNIT_HITS hits of each unit, and the unit of each hit."""
    units, lots = rows["address_key"].to_numpy(), _lots(rows)
    order = np.lexsort((lots, units))
    places = _places(units[order])
    order = order[places < UNIT_HITS]
    return rows.take(pa.array(order)), units[order]


def _lots(rows: pa.Table) -> Lots:
    """A pseudorandom number for each hit, from it and its unit alone. Equal hits have equal numbers, so order has no effect."""
    lots: Lots = rows["address_key"].to_numpy().copy()
    for name in ("visitor_key", "second", "bytes_sent"):
        lots = _stirred(lots, rows[name].to_numpy().astype(np.uint64))
    for dimension in LOT_DIMENSIONS:
        codes, values = distinct(rows[dimension.name])
        hashes = b"".join(hashlib.blake2b(value.encode(), digest_size=8).digest() for value in values.to_pylist())
        lots = _stirred(lots, np.frombuffer(hashes, np.uint64)[codes] if len(codes) else lots)
    return lots


def _stirred(lots: Lots, more: Lots) -> Lots:
    lots = (lots ^ more) * _ODD
    lots = (lots ^ (lots >> _SHIFT)) * _ODD
    return lots


def _measures(units: Lots, cells: Codes, count: int, sizes: Integers, bound: Bound) -> Mapping[str, Integers]:
    """Each cell's visitors (units), hits and bytes within the report's bound; cell -1 means none."""
    inside = np.flatnonzero(cells >= 0)
    units, cells, sizes = units[inside], cells[inside], sizes[inside]
    # The cells of a unit rank by their first hit.
    number = np.cumsum(changes(units), dtype=np.int64) - 1
    pairs, first, pair = np.unique(number * max(count, 1) + cells, return_index=True, return_inverse=True)
    unit_of_pair = pairs // max(count, 1)
    by_first = np.lexsort((first, unit_of_pair))
    counted = np.zeros(len(pairs), np.bool_)
    counted[by_first] = _places(unit_of_pair) < bound.cells
    by_pair = np.argsort(pair, kind="stable")
    keep = np.zeros(len(pair), np.bool_)
    keep[by_pair] = _places(pair[by_pair]) < bound.hits_in_cell
    keep &= counted[pair]
    return {
        "visitors": np.bincount(pairs[counted] % max(count, 1), minlength=count),
        "hits": np.bincount(cells[keep], minlength=count),
        # Sums are exact: all of them are far below 2⁵³.
        "bytes_sent": np.bincount(cells[keep], weights=sizes[keep], minlength=count).astype(np.int64),
    }


def _places(ordered: Integers | Lots) -> Integers:
    """The rank of each element among equal ones, which are adjacent: 0, 1, 2 …"""
    begins = np.flatnonzero(changes(ordered))
    places: Integers = np.arange(len(ordered)) - np.repeat(begins, np.diff(np.append(begins, len(ordered))))
    return places
