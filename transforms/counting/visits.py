"""Visits, and what is known of a hit only where all of its visit is.

A visit is what a visitor does without half an hour of silence. At each site that it touches it has a duration, a number of pages,
a first and a last page of its own, so that a site's tables do not depend on other sites.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.columns import Integers, Numbers, changes, distinct, recode
from transforms.dimensions.dimension import Dimension
from transforms.dimensions.request import KIND, PATH
from transforms.reserved import NONE

GAP_SECONDS = 1_800
"""A visit ends when its visitor is silent for this long."""

NEEDED: dict[str, tuple[Dimension, ...]] = {
    "visit_seconds": (KIND,),
    "visit_pages": (KIND,),
    "entry_page": (KIND, PATH),
    "exit_page": (KIND, PATH),
}
"""Columns that dimensions of visits may read, and the dimensions of hits from which they are computed."""


def is_of_visits(dimension: Dimension) -> bool:
    """Whether a dimension depends on the whole visit, so that it is computed when a shard is counted."""
    return any(read.column in NEEDED for read in dimension.reads)


def needed_by(dimensions: Iterable[Dimension]) -> tuple[Dimension, ...]:
    """The dimensions of hits that must travel to a shard, so that these dimensions can be computed there."""
    return tuple(
        dict.fromkeys(needed for dimension in dimensions for read in dimension.reads for needed in NEEDED.get(read.column, ()))
    )


def number_visits(visitor: Numbers, second: Numbers) -> Numbers:
    """The visit of each hit; hits are ordered by visitor and time."""
    new = np.zeros(len(visitor), np.bool_)
    new[1:] = (visitor[1:] != visitor[:-1]) | (second[1:] - second[:-1] >= GAP_SECONDS)
    numbers: Numbers = np.cumsum(new, dtype=np.int32)
    return numbers


def measure_visits(visit: Numbers, hits: pa.Table, wanted: Iterable[str]) -> pa.Table:
    """The wanted columns of NEEDED for each hit, by visit and site: seconds, pages, and paths of the first and the last page.

    `hits` are ordered by visitor and time. The paths are `(none)` in a visit without a page.
    """
    site_codes, sites = distinct(hits["site"])
    stay = visit.astype(np.int64) * max(len(sites), 1) + site_codes
    order = np.argsort(stay, kind="stable")
    begins = changes(stay[order])
    starts = np.flatnonzero(begins)
    number = np.empty(len(order), np.int32)
    number[order] = np.cumsum(begins, dtype=np.int32) - 1
    kind_codes, kinds = distinct(hits[KIND.name])
    is_page = np.array([kind == "page" for kind in kinds.to_pylist()], np.bool_)[kind_codes]
    pages = order[is_page[order]]
    columns: dict[str, pa.DictionaryArray] = {}
    for name in wanted:
        if name == "visit_pages":
            columns[name] = _coded(np.bincount(number[pages], minlength=len(starts)), number)
        elif name == "visit_seconds":
            columns[name] = _coded(_seconds(pages, number, len(starts), hits), number)
        else:
            columns[name] = _paths(pages, number, len(starts), hits, least=name == "entry_page")
    return pa.table(columns)


def _seconds(pages: Integers, stay: Numbers, stays: int, hits: pa.Table) -> Integers:
    """The seconds from the first to the last page of each stay; 0 without a page."""
    second = hits["second"].to_numpy()[pages]
    starts = np.flatnonzero(changes(stay[pages]))
    seconds: Integers = np.zeros(stays, np.int64)
    if len(starts):
        ends = np.append(starts[1:], len(pages)) - 1
        seconds[stay[pages[starts]]] = second[ends] - second[starts]
    return seconds


def _coded(of_stays: Integers, number: Numbers) -> pa.DictionaryArray:
    """Each hit's amount, of those of stays."""
    amounts, codes = np.unique(of_stays, return_inverse=True)
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32)[number]), pa.array(amounts))


def _paths(pages: Integers, stay: Numbers, stays: int, hits: pa.Table, least: bool) -> pa.DictionaryArray:
    """Each hit's path of the first page of its stay, or of the last. `pages` are the rows of pages, in the order of stays.

    Ties within a second are broken by path: for the first page the smallest, for the last the greatest, by their bytes. So the
    order of lines has no effect.
    """
    codes, paths = distinct(hits[PATH.name])
    rank = np.empty(len(paths), np.int32)
    rank[pc.array_sort_indices(paths).to_numpy()] = np.arange(len(paths), dtype=np.int32)
    chosen, choose = pages, np.minimum if least else np.maximum
    for amount in (hits["second"].to_numpy(), rank[codes]):
        starts = np.flatnonzero(changes(stay[chosen]))
        if not len(starts):
            break
        best = choose.reduceat(amount[chosen], starts)
        chosen = chosen[amount[chosen] == np.repeat(best, np.diff(starts, append=len(chosen)))]
    of_stay = np.full(stays, len(paths), np.int32)
    of_stay[stay[chosen]] = codes[chosen]
    return recode(of_stay[stay], pa.concat_arrays([paths, pa.array([NONE], pa.string())]))
