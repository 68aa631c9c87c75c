"""Dimensions of a whole visit at a site. A shard computes what they read, because only there all hits of a visit meet."""

from __future__ import annotations

from bisect import bisect

from transforms.dimensions.dimension import Dimension, Read, Scope, listed
from transforms.reserved import NONE

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
# No bucket of one number from two on: hits of a row that is a multiple of it, or not, would say whether it holds others.
_DEPTHS = {1: "01", 2: "02-03", 4: "04-06", 7: "07-10", 11: "11-20", 21: "21+"}


def duration_of(seconds: int) -> str:
    """The bucket of a visit's duration.

    >>> duration_of(0), duration_of(29), duration_of(86_399)
    ('00:00', '00:10-00:29', '30:00+')
    """
    return _bucket(seconds, _DURATIONS)


def depth_of(pages: int) -> str:
    """The bucket of a visit's pages; `(none)` without one.

    >>> depth_of(1), depth_of(20), depth_of(0)
    ('01', '11-20', '(none)')
    """
    return _bucket(pages, _DEPTHS) if pages else NONE


def _bucket(amount: int, buckets: dict[int, str]) -> str:
    least = list(buckets)
    return buckets[least[bisect(least, amount) - 1]]


# Of a visit without a page, the depth and both pages are `(none)`. No page hit has that, so reports that divide page hits need no
# such value. Beside the kinds, it would tell how many hits of other kinds are in visits with a page.

VISIT_DURATION = Dimension(
    "visit_duration",
    "Time from the first to the last request of the visit at this site, minutes:seconds",
    f"time from the first to the last hit of the visit at this site, in minutes and seconds: {listed(_DURATIONS.values())}",
    Scope.VISIT,
    (Read("visit_seconds"),),
    of=duration_of,
    values=tuple(_DURATIONS.values()),
    determines=("visit_depth",),  # where a site has nothing but pages, a visit that lasts has several
)
VISIT_DEPTH = Dimension(
    "visit_depth",
    "Pages seen in the visit at this site",
    f"pages seen in the visit at this site: {listed(_DEPTHS.values())}",
    Scope.VISIT,
    (Read("visit_pages"),),
    of=depth_of,
    values=tuple(_DEPTHS.values()),
    determines=("kind",),
)
ENTRY_PAGE = Dimension(
    "entry_page",
    "Path of the first page of the visit at this site",
    "path of the first page of the visit at this site, published as `path` is",
    Scope.VISIT,
    (Read("entry_page"),),
    determines=("path",),  # of a visit of one page
)
EXIT_PAGE = Dimension(
    "exit_page",
    "Path of the last page of the visit at this site",
    "path of the last page of the visit at this site, published as `path` is",
    Scope.VISIT,
    (Read("exit_page"),),
    determines=("path",),
)
