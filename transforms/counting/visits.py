"""Visits, and what is known of a hit only where all of its visit is.

A visit is what a visitor does without half an hour of silence. At each site that it touches it has a duration, a number of pages
and one first page of its own, so that a site's tables do not depend on other sites.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.columns import Integers, Numbers, changes, distinct
from transforms.dimensions.dimension import Dimension
from transforms.dimensions.request import KIND, PATH

GAP_SECONDS = 1_800
"""A visit ends when its visitor is silent for this long."""

NEEDED: dict[str, tuple[Dimension, ...]] = {"visit_seconds": (), "visit_pages": (KIND,), "first_page": (KIND, PATH)}
"""Columns that dimensions of visits may read, and the dimensions of hits from which they are computed."""


def is_of_visits(dimension: Dimension) -> bool:
    """Whether a dimension depends on the whole visit, so that it is computed when a shard is counted."""
    return any(read.column in NEEDED for read in dimension.reads)


def needed_by(dimensions: Iterable[Dimension]) -> tuple[Dimension, ...]:
    """The dimensions of hits that must travel to a shard, so that these dimensions can be computed there."""
    return tuple(
        dict.fromkeys(needed for dimension in dimensions for read in dimension.reads for needed in NEEDED.get(read.column, ()))
    )


def order_by_time(visitor: Numbers, second: Numbers) -> Integers:
    """Sorts by visitor and time. Hits of a visitor are nearly in that order already, which makes a stable sort fast."""
    return np.argsort(visitor.astype(np.int64) * (1 << 32) + second, kind="stable")


def number_visits(visitor: Numbers, second: Numbers) -> Numbers:
    """The visit of each hit; hits are ordered by visitor and time."""
    new = np.zeros(len(visitor), np.bool_)
    new[1:] = (visitor[1:] != visitor[:-1]) | (second[1:] - second[:-1] >= GAP_SECONDS)
    numbers: Numbers = np.cumsum(new, dtype=np.int32)
    return numbers


def measure_visits(visit: Numbers, hits: pa.Table, wanted: Iterable[str]) -> pa.Table:
    """The wanted columns of NEEDED for each hit, by visit and site: seconds, pages, and whether it is the first page."""
    site_codes, sites = distinct(hits["site"])
    stay = visit.astype(np.int64) * max(len(sites), 1) + site_codes
    order = np.argsort(stay, kind="stable")
    begins = changes(stay[order])
    starts = np.flatnonzero(begins)
    number = np.empty(len(order), np.int32)
    number[order] = np.cumsum(begins, dtype=np.int32) - 1
    columns: dict[str, pa.DictionaryArray] = {}
    wanted = set(wanted)
    if "visit_seconds" in wanted:
        second = hits["second"].to_numpy()
        ends = np.append(starts[1:], len(order))[: len(starts)] - 1
        columns["visit_seconds"] = _coded(second[order[ends]] - second[order[starts]], number)
    if wanted & {"visit_pages", "first_page"}:
        kind_codes, kinds = distinct(hits[KIND.name])
        is_page = np.array([kind == "page" for kind in kinds.to_pylist()], np.bool_)[kind_codes]
        if "visit_pages" in wanted:
            columns["visit_pages"] = _coded(np.bincount(number[is_page], minlength=len(starts)), number)
        if "first_page" in wanted:
            first = np.zeros(len(order), np.bool_)
            first[_first_pages(order[is_page[order]], number, hits)] = True
            columns["first_page"] = pa.DictionaryArray.from_arrays(pa.array(first.astype(np.int32)), pa.array([False, True]))
    return pa.table(columns)


def _coded(of_stays: Integers, number: Numbers) -> pa.DictionaryArray:
    """Each hit's amount, of those of stays."""
    amounts, codes = np.unique(of_stays, return_inverse=True)
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32)[number]), pa.array(amounts))


def _first_pages(pages: Integers, stay: Numbers, hits: pa.Table) -> Integers:
    """The first page of each stay. `pages` are in the order of stays.

    Ties within a second are broken by path, then by bytes: the order of lines has no effect.
    """
    codes, paths = distinct(hits[PATH.name])
    rank = np.empty(len(paths), np.int32)
    rank[pc.array_sort_indices(paths).to_numpy()] = np.arange(len(paths), dtype=np.int32)
    for amount in (hits["second"].to_numpy(), rank[codes], hits["bytes_sent"].to_numpy()):
        starts = np.flatnonzero(changes(stay[pages]))
        least = np.minimum.reduceat(amount[pages], starts) if len(starts) else amount[:0]
        pages = pages[amount[pages] == np.repeat(least, np.diff(starts, append=len(pages)))]
    return pages[changes(stay[pages])]
