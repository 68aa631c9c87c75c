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
    600: "10:00+",
}
# No bucket from half an hour on: two pages so far apart are of one visit only if other hits are between them.
# Three alone: the hits of a row and the number of its visits, which its addresses bound, would tell finer buckets apart that are
# not named. And none of a single number from two on: a row whose hits are no multiple of it would tell that it absorbed others.
_DEPTHS = {1: "01", 2: "02-04", 5: "05+"}


def duration_of(seconds: int) -> str:
    """The bucket of a visit's duration.

    >>> duration_of(0), duration_of(29), duration_of(86_399)
    ('00:00', '00:10-00:29', '10:00+')
    """
    return _bucket(seconds, _DURATIONS)


def depth_of(pages: int) -> str:
    """The bucket of a visit's pages; `(none)` without one.

    >>> depth_of(1), depth_of(20), depth_of(0)
    ('01', '05+', '(none)')
    """
    return _bucket(pages, _DEPTHS) if pages else NONE


def _bucket(amount: int, buckets: dict[int, str]) -> str:
    least = list(buckets)
    return buckets[least[bisect(least, amount) - 1]]


# All of these are of a visit's pages. Of a visit without a page, the depth and both pages are `(none)`. No page hit has that, so
# reports that divide page hits need no such value. Beside the kinds, it would tell how many hits of other kinds are in visits
# with a page; and so would a duration from the first to the last hit.

VISIT_DURATION = Dimension(
    "visit_duration",
    "Time from the first to the last page of the visit at this site, minutes:seconds",
    f"time from the first to the last page of the visit at this site, in minutes and seconds: {listed(_DURATIONS.values())}",
    Scope.VISIT,
    (Read("visit_seconds"),),
    of=duration_of,
    values=tuple(_DURATIONS.values()),
    determines=("visit_depth",),  # a visit that lasts has several pages
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
    "path of the first page of the visit at this site",
    Scope.VISIT,
    (Read("entry_page"),),
    determines=("path",),  # of a visit of one page
)
EXIT_PAGE = Dimension(
    "exit_page",
    "Path of the last page of the visit at this site",
    "path of the last page of the visit at this site",
    Scope.VISIT,
    (Read("exit_page"),),
    determines=("path",),
)
