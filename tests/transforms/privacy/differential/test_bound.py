"""Contribution bounding: one unit more changes no report by more than the sensitivity for which the noise is calibrated."""

from __future__ import annotations

import math
import random
from functools import cache

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.catalogues import NOISY_REPORTS, TRAVELLING
from transforms.columns import TEXT
from transforms.counting.pieces import SecretChangedError
from transforms.counting.shard import shard
from transforms.dimensions.dimension import Scope
from transforms.privacy.differential import bound
from transforms.privacy.differential import budget as differential
from transforms.privacy.differential.budget import BOUNDS, SHARES, UNIT_BYTES, UNIT_HITS

SITES = ("a.example", "b.example")
KEYS = [("date", pa.int32()), ("network_key", pa.uint64()), ("address_key", pa.uint64()), ("visitor_key", pa.uint64())]
VISITOR = pa.schema([*KEYS, *((each.name, TEXT) for each in TRAVELLING if each.scope is Scope.VISITOR)])
OF_HITS = [(each.name, TEXT) for each in TRAVELLING if each.scope is Scope.HIT]
HIT = pa.schema([("visitor", pa.int32()), ("second", pa.int32()), *OF_HITS, ("bytes_sent", pa.int64())])
DAY = 20515


def unit(seed: int, hits: int, variety: int) -> list[dict[str, object]]:
    """Hits of one unit, of so many kinds at most in each dimension; they follow from the seed alone."""
    choose = random.Random(seed)

    def one_of(prefix: str) -> str:
        return f"{prefix}{choose.randrange(variety)}"

    return [
        {
            "address_key": seed,
            "visitor_key": seed * 100 + choose.randrange(min(variety, 100)),
            "traffic": choose.choice(("human", "bot", "crawler", "unknown")[:variety]),
            "device": choose.choice(("Desktop", "Mobile", "Tablet", "Other")[:variety]),
            "country": one_of("C"),
            "site": choose.choice((*SITES, "else.example")[:variety]),
            "hour": f"{choose.randrange(min(variety, 24)):02}",
            "kind": choose.choice(("page", "static", "redirect", "error")[:variety]),
            "path": one_of("/p"),
            "channel": choose.choice(("direct", "search", "referral")[:variety]),
            "source": one_of("s"),
            "second": choose.randrange(86_400),
            "bytes_sent": choose.choice((0, 500, 90_000, 3_000_000, 5 * 10**17, 10**18 - 1)),
        }
        for _ in range(hits)
    ]


def pieces(hits: list[dict[str, object]], shards: int, fingerprint: str = "one") -> dict[int, bytes]:
    visitors = list(dict.fromkeys((h["visitor_key"], h["address_key"], h["traffic"], h["device"], h["country"]) for h in hits))
    row = {visitor: number for number, visitor in enumerate(visitors)}
    texts = {"network": "", "operating_system": "", "browser": "", "bot_kind": "", "bot": ""}
    table = [
        {"date": DAY, "network_key": a % 7, "address_key": a, "visitor_key": v, "traffic": t, "device": d, "country": c, **texts}
        for v, a, t, d, c in visitors
    ]
    rest = {"method": "GET", "protocol": "HTTP/1.1", "status": "200", "file_type": ""}
    lines = [
        {
            "visitor": row[h["visitor_key"], h["address_key"], h["traffic"], h["device"], h["country"]],
            **{name: h.get(name, rest.get(name)) for name in HIT.names if name != "visitor"},
        }
        for h in hits
    ]
    return shard(table_of(table, VISITOR), table_of(lines, HIT), shards, fingerprint)


def table_of(rows: list[dict[str, object]], schema: pa.Schema) -> pa.Table:
    plain = pa.schema([pa.field(field.name, pa.string() if field.type == TEXT else field.type) for field in schema])
    return pa.Table.from_pylist(rows, schema=plain).cast(schema)


def counts(units: list[list[dict[str, object]]], shards: int = 1) -> dict[str, dict[tuple[str, ...], dict[str, int]]]:
    """Bounded counts by report and cell."""
    made = pieces([hit for hits in units for hit in hits], shards)
    days = [bound.count_bounded([piece], NOISY_REPORTS, SITES)[DAY] for piece in made.values()]
    added, _ = bound.unpacked(bound.add_packed(day.counts for day in days))
    return {
        name: {
            tuple(row[column] for column in NOISY_REPORTS.columns(name)): {measure: row[measure] for measure in SHARES}
            for row in table.to_pylist()
        }
        for name, table in added.items()
    }


def distances(one: dict[str, object], other: dict[str, object]) -> dict[tuple[str, str], float]:
    """The ℓ2 distance of two counts, by report and measure."""
    found = {}
    for report in NOISY_REPORTS.names():
        first, second = one.get(report, {}), other.get(report, {})
        for measure in SHARES:
            moved = [first.get(c, {}).get(measure, 0) - second.get(c, {}).get(measure, 0) for c in {*first, *second}]
            found[report, measure] = math.sqrt(sum(move * move for move in moved))
    return found


shapes = st.tuples(st.integers(1, 80), st.integers(1, 30))


@given(st.lists(shapes, max_size=6), shapes, st.integers(1, 3), st.integers(0, 10_000))
@example([], (80, 1), 1, 0)
@example([(80, 30)] * 4, (80, 30), 1, 0)
@example([(40, 2)] * 4, (60, 12), 2, 1)
def test_one_unit_moves_no_report_further_than_its_sensitivity(others, added, shards, seed):
    units = [unit(1000 * seed + number, *shape) for number, shape in enumerate(others, start=1)]
    more = unit(1000 * seed + 999, *added)
    before = counts(units, shards) if units else {}
    for (report, measure), moved in distances(before, counts([*units, more], shards)).items():
        assert moved <= BOUNDS[report].sensitivity(measure) * (1 + 1e-12), (report, measure)


def test_a_busy_unit_reaches_the_bounds():
    moved = distances({}, counts([unit(1, 400, 1)]))
    assert moved["daily", "hits"] == UNIT_HITS == BOUNDS["daily"].sensitivity("hits")
    assert moved["daily", "bytes_sent"] == UNIT_BYTES
    assert moved["daily", "visitors"] == 1
    huge = [{**hit, "bytes_sent": 10**18 - 1} for hit in unit(1, 20, 1)]
    assert distances({}, counts([huge]))["daily", "bytes_sent"] == UNIT_BYTES
    moved = distances({}, counts([unit(1, 4000, 24)]))
    for report in ("daily", "hourly", "kinds", "channels", "sources", "countries"):
        assert moved[report, "visitors"] == pytest.approx(BOUNDS[report].sensitivity("visitors")), report
    pages = [{**hit, "site": "a.example", "kind": "page", "traffic": "human"} for hit in unit(1, 4000, 24)]
    moved = distances({}, counts([pages]))
    for report in ("pages", "devices"):
        assert moved[report, "visitors"] == pytest.approx(BOUNDS[report].sensitivity("visitors")), report
    moved = distances({}, counts([[{**hit, "path": f"/{number % 7}"} for number, hit in enumerate(pages[:20])]]))
    assert 0.98 * BOUNDS["pages"].sensitivity("hits") < moved["pages", "hits"]


@pytest.mark.parametrize("measure", SHARES)
def test_without_its_bound_a_unit_moves_more(monkeypatch, measure):
    name = {"hits": "UNIT_HITS", "bytes_sent": "UNIT_BYTES"}.get(measure)
    if name:
        monkeypatch.setattr(bound, name, 10**12)
    monkeypatch.setattr(
        bound, "BOUNDS", {report: differential.Bound(1000, 10**9, each.values) for report, each in BOUNDS.items()}
    )
    moved = distances({}, counts([unit(1, 4000, 24)]))
    assert any(moved[report, measure] > BOUNDS[report].sensitivity(measure) for report in BOUNDS)


def test_if_lots_followed_from_the_order_of_rows_one_unit_would_move_another(monkeypatch):
    monkeypatch.setattr(bound, "_lots", lambda rows: np.random.default_rng(len(rows)).permutation(len(rows)).astype(np.uint64))
    units = [unit(number, 80, 30) for number in range(1, 20)]
    moved = distances(counts(units), counts([*units, unit(99, 1, 1)]))
    assert any(moved[report, "hits"] > BOUNDS[report].sensitivity("hits") for report in BOUNDS)


SOME = [hit for number in range(1, 8) for hit in unit(number, 10 * number, 3 * number)]


@cache
def counts_of_some() -> dict[str, dict[tuple[str, ...], dict[str, int]]]:
    return counts([SOME])


@pytest.mark.long
@given(st.randoms(use_true_random=False), st.integers(1, 4))
def test_neither_the_order_of_hits_nor_the_shards_change_a_count(shuffle, shards):
    hits = list(SOME)
    shuffle.shuffle(hits)
    assert counts([hits], shards) == counts_of_some()


def test_within_the_bounds_everything_is_counted():
    hits = [unit(number, 3, 1) for number in range(1, 30)]
    found = counts(hits)
    assert found["daily"]["a.example", "human"]["hits"] == 87
    assert found["daily"]["a.example", "human"]["visitors"] == 29
    assert found["pages"]["a.example", "human", "page", "/p0"] == {
        "hits": 87,
        "visitors": 29,
        "bytes_sent": sum(min(UNIT_BYTES, sum(hit["bytes_sent"] for hit in each)) for each in hits),
    }


def test_sites_that_are_not_declared_are_left_out_and_counted_for_the_operator():
    hits = [{**hit, "site": "else.example"} for hit in unit(1, 7, 1)] + unit(2, 3, 1)
    (day,) = bound.count_bounded(list(pieces(hits, 1).values()), NOISY_REPORTS, SITES).values()
    counts, undeclared = bound.unpacked(day.counts)
    assert undeclared == 7
    assert counts["daily"]["hits"].to_pylist() == [3]
    assert day.largest_network == 7
    (none,) = bound.count_bounded(list(pieces(hits[:7], 1).values()), NOISY_REPORTS, SITES).values()
    assert {table.num_rows for table in bound.unpacked(none.counts)[0].values()} == {0}


def test_pieces_of_another_secret_are_refused():
    both = [*pieces(unit(1, 3, 1), 1).values(), *pieces(unit(1, 3, 1), 1, "two").values()]
    with pytest.raises(SecretChangedError):
        bound.count_bounded(both, NOISY_REPORTS, SITES)
