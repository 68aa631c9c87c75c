"""Takes hits in the order of their visitors, gives visits and what is said about them: duration, depth and entry page.

A visit is what a visitor does without half an hour of silence. At each site that it touches it has a duration, a depth and one
entry page of its own, so that a site's tables do not depend on other sites.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.columns import Integers, Numbers, changes, distinct, recode

GAP_SECONDS = 1_800
"""A visit ends when its visitor is silent for this long."""

# By their least amount, in seconds and in pages; named so that they sort by amount.
_DURATIONS = {
    0: "00:00",
    1: "00:01-00:09",
    10: "00:10-00:29",
    30: "00:30-00:59",
    60: "01:00-04:59",
    300: "05:00-09:59",
    600: "10:00-29:59",
    1_800: "30:00+",
}
_DEPTHS = {0: "00", 1: "01", 2: "02", 3: "03-05", 6: "06-10", 11: "11-20", 21: "21+"}
ENTRY, LATER = "entry", "later"


def order_by_time(visitor: Numbers, second: Numbers) -> Integers:
    """By visitor and time: hits of a visitor come nearly in that order, which a stable sort makes use of."""
    return np.argsort(visitor.astype(np.int64) * (1 << 32) + second, kind="stable")


def number_visits(visitor: Numbers, second: Numbers) -> Numbers:
    """The visit of each hit; hits are ordered by visitor and time."""
    new = np.zeros(len(visitor), np.bool_)
    new[1:] = (visitor[1:] != visitor[:-1]) | (second[1:] - second[:-1] >= GAP_SECONDS)
    numbers: Numbers = np.cumsum(new, dtype=np.int32)
    return numbers


def describe_visits(visit: Numbers, hits: pa.Table) -> dict[str, pa.DictionaryArray]:
    """The columns `visit_duration`, `visit_depth` and `entry` of each hit, by visit and site."""
    site_codes, sites = distinct(hits["site"])
    stay = visit.astype(np.int64) * max(len(sites), 1) + site_codes
    order = np.argsort(stay, kind="stable")
    begins = changes(stay[order])
    starts = np.flatnonzero(begins)
    number = np.empty(len(order), np.int32)
    number[order] = np.cumsum(begins, dtype=np.int32) - 1
    second = hits["second"].to_numpy()
    kind_codes, kinds = distinct(hits["kind"])
    is_page = np.array([kind == "page" for kind in kinds.to_pylist()], np.bool_)[kind_codes]
    if not len(order):
        empty = recode(np.zeros(0, np.int32), pa.array([], pa.string()))
        return {"visit_duration": empty, "visit_depth": empty, "entry": empty}
    ends = np.append(starts[1:], len(order)) - 1
    durations = second[order[ends]] - second[order[starts]]
    depths = np.bincount(number[is_page], minlength=len(starts))
    entry = np.zeros(len(order), np.int32)
    entry[_first_pages(order[is_page[order]], number, hits)] = 1
    return {
        "visit_duration": _bucketed(durations, _DURATIONS, number),
        "visit_depth": _bucketed(depths, _DEPTHS, number),
        "entry": recode(entry, [LATER, ENTRY]),
    }


def _first_pages(pages: Integers, stay: Numbers, hits: pa.Table) -> Integers:
    """The page with which each stay begins, of `pages` in the order of stays.

    In the same second the path decides, then the bytes: the order of lines decides nothing.
    """
    codes, paths = distinct(hits["path"])
    rank = np.empty(len(paths), np.int32)
    rank[pc.array_sort_indices(paths).to_numpy()] = np.arange(len(paths), dtype=np.int32)
    for amount in (hits["second"].to_numpy(), rank[codes], hits["bytes_sent"].to_numpy()):
        starts = np.flatnonzero(changes(stay[pages]))
        least = np.minimum.reduceat(amount[pages], starts)
        pages = pages[amount[pages] == np.repeat(least, np.diff(starts, append=len(pages)))]
    return pages[changes(stay[pages])]


def _bucketed(amounts: Integers, buckets: dict[int, str], number: Numbers) -> pa.DictionaryArray:
    """The bucket of each hit's amount; `buckets` are named by the least amount that they hold."""
    bucket = np.searchsorted(np.array(list(buckets)), amounts, side="right") - 1
    return recode(bucket.astype(np.int32)[number], list(buckets.values()))
