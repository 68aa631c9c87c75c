"""Partial counts: what shards add up to, whatever their number and widths, and what is dropped."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.counting.measures import HITS, LARGEST
from transforms.counting.partial import PARENT, add_partial, hits_below
from transforms.dimensions.request import KIND, PATH
from transforms.reports.report import Catalogue, Report
from transforms.wire import pack

CATALOGUE = Catalogue(
    [Report("daily", "x"), Report("kinds", "x", KIND, "daily"), Report("pages", "x", PATH, "kinds", ("kind", "page"))]
)
ROWS = st.lists(
    st.tuples(
        st.sampled_from("ab"), st.sampled_from(["human", "bot"]), st.sampled_from(["page", "static"]), st.sampled_from("xyzü")
    ),
    max_size=30,
)


def coded(values):
    return pa.array(values, pa.string()).dictionary_encode()


def shard_of(rows, weight=1):
    """The packed partial counts of rows (site, traffic, kind, path), each with so many hits, without the program's own code."""
    strata = sorted({row[:2] for row in rows})
    kinds = sorted({row[:3] for row in rows})
    pages = sorted({row for row in rows if row[2] == "page"})

    def counts(cells, depth):
        each = [sum(weight for row in rows if row[:depth] == cell) for cell in cells]
        return {HITS.name: pa.array(each, pa.int64()), LARGEST: pa.array(each, pa.int64())}

    def parents(cells, above):
        return pa.array([above.index(cell[:-1]) for cell in cells], pa.int32())

    root = {PARENT: pa.array([0] * len(strata), pa.int32())}
    root |= {"site": coded([each[0] for each in strata]), "traffic": coded([each[1] for each in strata])}
    tables = {
        "daily": {**root, **counts(strata, 2)},
        "kinds": {PARENT: parents(kinds, strata), "kind": coded([each[2] for each in kinds]), **counts(kinds, 3)},
        "pages": {PARENT: parents(pages, kinds), "path": coded([each[3] for each in pages]), **counts(pages, 4)},
    }
    return pack({name: pa.table(columns) for name, columns in tables.items()})


def cells(table, depth):
    names = ["site", "traffic", "kind", "path"][:depth]
    return {tuple(row[name] for name in names): row[HITS.name] for row in table.to_pylist()}


def everything(_, table):
    return np.ones(table.num_rows, np.bool_)


@given(st.lists(ROWS, min_size=1, max_size=4))
def test_shards_add_up_to_all_rows(shards):
    rows = [row for shard in shards for row in shard]
    found = {report.name: sums for report, sums in add_partial([*map(shard_of, shards)], CATALOGUE, everything)}
    for name, depth in (("daily", 2), ("kinds", 3), ("pages", 4)):
        some = [row for row in rows if name != "pages" or row[2] == "page"]
        expected = Counter(row[:depth] for row in some)
        assert cells(found[name].kept, depth) == expected
        assert [*cells(found[name].kept, depth)] == sorted(expected, key=lambda cell: [word.encode() for word in cell])
        assert not found[name].dropped.num_rows


@given(st.lists(ROWS, min_size=1, max_size=4), st.integers(1, 6))
def test_below_a_cell_that_is_dropped_nothing_is_looked_at(shards, least):
    seen = {}

    def enough(report, table):
        seen[report.name] = table.num_rows
        return table[HITS.name].to_numpy() >= least

    found = {report.name: sums for report, sums in add_partial([*map(shard_of, shards)], CATALOGUE, enough)}
    rows = [row for shard in shards for row in shard]
    strata = {cell for cell, hits in Counter(row[:2] for row in rows).items() if hits >= least}
    kinds = Counter(row[:3] for row in rows if row[:2] in strata)
    assert seen["kinds"] == len(kinds)
    assert cells(found["kinds"].kept, 3) == {cell: hits for cell, hits in kinds.items() if hits >= least}
    named = {cell for cell, hits in kinds.items() if hits >= least}
    pages = Counter(row for row in rows if row[:3] in named and row[2] == "page")
    assert cells(found["pages"].kept, 4) == {cell: hits for cell, hits in pages.items() if hits >= least}
    assert int(np.sum(found["pages"].dropped[HITS.name].to_numpy())) == sum(hits for hits in pages.values() if hits < least)


@pytest.mark.parametrize("edge", [127, 128, 255, 256, 32_767, 32_768, 2**31 - 1, 2**31])
def test_counts_do_not_wrap_where_they_need_more_bytes(edge):
    row = ("a", "human", "page", "x")
    shards = [shard_of([row], weight) for weight in (edge, 1, edge)]
    for report, sums in add_partial(shards, CATALOGUE, everything):
        assert sums.kept[HITS.name].to_pylist() == [2 * edge + 1], report.name
        assert sums.kept[LARGEST].to_pylist() == [edge], report.name


def test_what_is_kept_holds_no_value_of_what_is_dropped():
    rows = [("a", "human", "page", path) for path in "xxxyz"]

    def twice(_, table):
        return table[HITS.name].to_numpy() >= 2

    *_, (_, pages) = add_partial([shard_of(rows)], CATALOGUE, twice)
    assert pages.kept["path"].to_pylist() == ["x"]
    assert pages.kept["path"].type == pa.string()


@given(ROWS)
def test_hits_below_strata_do_not_depend_on_what_is_kept(rows):
    found = hits_below(
        shard_of(rows), CATALOGUE, lambda strata: np.array([each == "human" for each in strata["traffic"].to_pylist()], bool)
    )
    human = [row for row in rows if row[1] == "human"]
    assert found == {"daily": len(human), "kinds": len(human), "pages": sum(row[2] == "page" for row in human)}
