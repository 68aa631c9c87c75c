"""Visits: what is known of each hit only where all of its visit is, against a plain count over rows."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from transforms.columns import TEXT
from transforms.counting import visits
from transforms.counting.visits import GAP_SECONDS, NEEDED, measure_visits, number_visits
from transforms.dimensions import known_dimensions
from transforms.dimensions.describe import describe

Hit = tuple[int, int, str, str, str]
"""Visitor, second, site, kind and path."""

PATHS = ("/", "/a", "/Z", "/%C3%A4", "/\u00e4", "/\uffff", "/\U0001f600", "(none)")
hits = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.sampled_from([0, 1, 2, GAP_SECONDS - 1, GAP_SECONDS, GAP_SECONDS + 1, 3 * GAP_SECONDS]),
        st.sampled_from(["a.example", "b.example"]),
        st.sampled_from(["page", "static", "not_found"]),
        st.sampled_from(PATHS),
    ),
    max_size=30,
)


def measured(rows: list[Hit]) -> list[dict[str, object]]:
    """The columns of visits beside each hit, in the order of visitors and times."""
    visitor, second = (np.array([row[at] for row in rows], np.int32) for at in (0, 1))
    order = np.lexsort([second, visitor])
    rows, visitor, second = [rows[at] for at in order], visitor[order], second[order]
    texts = {
        name: pa.array([row[at] for row in rows], pa.string()).cast(TEXT) for at, name in enumerate(("site", "kind", "path"), 2)
    }
    table = pa.table({"second": second, **texts})
    found = measure_visits(number_visits(visitor, second), table, NEEDED)
    assert found["entry_page"].type == found["exit_page"].type == TEXT
    return [{"hit": row, **about} for row, about in zip(rows, found.to_pylist(), strict=True)]


def expected(rows: list[Hit]) -> list[dict[str, object]]:
    """The same, row by row."""
    rows = sorted(rows, key=lambda row: row[:2])
    visit_of: list[int] = []
    for at, (visitor, second, *_) in enumerate(rows):
        new = not at or rows[at - 1][0] != visitor or second - rows[at - 1][1] >= GAP_SECONDS
        visit_of.append((visit_of[-1] if visit_of else 0) + new)
    told = []
    for visit, row in zip(visit_of, rows, strict=True):
        stay = [each for own, each in zip(visit_of, rows, strict=True) if own == visit and each[2] == row[2]]
        pages = sorted((second, path.encode()) for _, second, _, kind, path in stay if kind == "page")
        told.append(
            {
                "hit": row,
                "visit_seconds": pages[-1][0] - pages[0][0] if pages else 0,
                "visit_pages": len(pages),
                "entry_page": pages[0][1].decode() if pages else "(none)",
                "exit_page": pages[-1][1].decode() if pages else "(none)",
            }
        )
    return told


def in_any_order(told: list[dict[str, object]]) -> list[tuple[object, ...]]:
    return sorted(tuple(row[name] for name in ("hit", *NEEDED)) for row in told)


@given(hits)
@example([])
@example([(0, 0, "a.example", "static", "/a")])
@example([(0, 0, "a.example", "page", path) for path in PATHS])
def test_each_hit_has_the_duration_the_pages_and_the_first_and_last_page_of_its_visit_at_its_site(rows):
    assert in_any_order(measured(rows)) == in_any_order(expected(rows))


@given(hits, st.randoms(use_true_random=False))
def test_the_order_of_lines_does_not_matter(rows, shuffle):
    shuffled = list(rows)
    shuffle.shuffle(shuffled)
    assert in_any_order(measured(shuffled)) == in_any_order(measured(rows))


def test_ties_are_broken_by_path():
    rows = [(0, 5, "a.example", "page", path) for path in ("/b", "/a", "/c", "/b")]
    assert {(each["entry_page"], each["exit_page"]) for each in measured(rows)} == {("/a", "/c")}


def test_the_oracle_finds_a_first_page_where_the_last_belongs(monkeypatch):
    paths = visits._paths
    monkeypatch.setattr(visits, "_paths", lambda pages, stay, stays, hits, least: paths(pages, stay, stays, hits, least=True))
    rows = [(0, 5, "a.example", "page", "/b"), (0, 6, "a.example", "page", "/a")]
    assert in_any_order(measured(rows)) != in_any_order(expected(rows))


def depth_with(pages: int) -> str:
    """The depth of the vocabulary that names this number of pages, such as `02-04` or `05+`."""

    def names_it(depth: str) -> bool:
        least, _, most = depth.removesuffix("+").partition("-")
        return int(least) <= pages and (depth.endswith("+") or pages <= int(most or least))

    (depth,) = filter(names_it, known_dimensions()["visit_depth"].values)
    return depth


@pytest.mark.parametrize("pages", [0, 1, 2, 3, 4, 5, 6, 20, 21, 100])
def test_a_page_hit_has_a_depth_of_the_vocabulary_and_a_visit_without_a_page_has_none(pages):
    rows = [(0, second, "a.example", "page", "/") for second in range(pages)] + [(0, 300, "a.example", "static", "/a.css")]
    columns = pa.table({"visit_pages": pa.array([row["visit_pages"] for row in measured(rows)]).dictionary_encode()})
    found = describe(columns, [known_dimensions()["visit_depth"]])["visit_depth"].to_pylist()
    assert set(found) == {depth_with(pages) if pages else "(none)"}
