"""Release in the dp mode: what is published from bounded counts, with noise that the test chooses and with real noise."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from pipeline.outputs.parquet import parquet_files
from tests.catalogues import NOISY_REPORTS
from transforms.dimensions.agent import DEVICES
from transforms.dimensions.agent import TRAFFIC_KINDS as TRAFFIC
from transforms.dimensions.place import COUNTRIES
from transforms.dimensions.referrer import CHANNELS
from transforms.dimensions.request import KINDS
from transforms.dimensions.timing import HOURS
from transforms.privacy.differential import release as door
from transforms.privacy.differential.bound import bounded_schema
from transforms.privacy.differential.budget import BOUNDS, NOISY, Budget, published_measures
from transforms.privacy.differential.policy import Differential
from transforms.privacy.differential.release import release_noisy
from transforms.privacy.release import ReleaseError, released_schema
from transforms.reserved import OTHER

SITES = ("a.example", "b.example")
POLICY = Budget(SITES)
THRESHOLD = {each.report: each.threshold for each in POLICY.mechanisms() if each.threshold}
K = POLICY.min_addresses


@pytest.fixture
def quiet(monkeypatch):
    """Noise that is always 0, so that counts come out as they went in."""
    monkeypatch.setattr(door, "with_noise", lambda counts, mechanism: counts)


def counts(**reports: dict[tuple[str, ...], tuple[int, int, int]]) -> dict[str, pa.Table]:
    """Bounded counts of human traffic at the first site: hits, visitors and bytes by the dimensions after site and traffic."""
    return {
        name: pa.Table.from_pylist(
            [
                dict(zip(NOISY_REPORTS.columns(name), (SITES[0], "human", *key), strict=True))
                | dict(zip(("hits", "visitors", "bytes_sent"), numbers, strict=True))
                for key, numbers in rows.items()
            ],
            schema=bounded_schema(NOISY_REPORTS.columns(name)),
        )
        for name, rows in reports.items()
    }


def rows_of(table: pa.Table, report: str) -> dict[tuple[str, ...], tuple[int | None, ...]]:
    names = NOISY_REPORTS.columns(report)
    assert table.column_names == [*names, *NOISY]
    return {tuple(row[name] for name in names): tuple(row[name] for name in NOISY) for row in table.to_pylist()}


def named(values: str, n: int) -> dict[tuple[str, ...], tuple[int, int, int]]:
    return {("page", values): (2 * n, n, 1000 * n)}


def test_a_period_without_lines_has_the_same_rows_as_any_other(quiet):
    tables = release_noisy({}, NOISY_REPORTS, POLICY).tables
    strata = len(SITES) * len(TRAFFIC)
    assert {name: table.num_rows for name, table in tables.items()} == {
        "daily": strata,
        "hourly": strata * (len(HOURS) + 1),
        "kinds": strata * (len(KINDS) + 1),
        "pages": strata,
        "channels": strata * (len(CHANNELS) + 1),
        "sources": strata * (len(CHANNELS) + 1),
        "countries": strata * (len(COUNTRIES) + 1),
        "devices": len(SITES) * (len(DEVICES) + 1),
    }
    assert {value for table in tables.values() for value in table["hits"].to_pylist()} == {0}


def test_other_is_what_published_rows_leave_of_the_row_above(quiet):
    given = counts(daily={(): (100, 40, 5000)}, hourly={("09",): (60, 30, 2000), ("10",): (30, 20, 1000)})
    rows = rows_of(release_noisy(given, NOISY_REPORTS, POLICY).tables["hourly"], "hourly")
    assert rows[SITES[0], "human", "09"] == (60, 30, 2000)
    assert rows[SITES[0], "human", OTHER] == (10, None, 2000)
    assert rows[SITES[0], "bot", OTHER] == (0, None, 0)


def test_a_value_that_no_list_knows_is_not_published_and_not_lost(quiet):
    given = counts(daily={(): (100, 40, 5000)}, countries={("DE",): (60, 30, 2000), ("AN",): (30, 20, 1000)})
    rows = rows_of(release_noisy(given, NOISY_REPORTS, POLICY).tables["countries"], "countries")
    assert (SITES[0], "human", "AN") not in rows
    assert rows[SITES[0], "human", OTHER] == (40, None, 3000)


def test_a_page_is_named_from_the_threshold_on_and_its_number_begins_at_k(quiet):
    least = K - 1 + THRESHOLD["pages"]
    given = counts(kinds={("page",): (9000, 4000, 1)}, pages=named("/a", least) | named("/b", least - 1))
    released = release_noisy(given, NOISY_REPORTS, POLICY)
    rows = rows_of(released.tables["pages"], "pages")
    assert rows[SITES[0], "human", "page", "/a"] == (2 * least, least, 1000 * least)
    assert (SITES[0], "human", "page", "/b") not in rows
    assert rows[SITES[0], "human", "page", OTHER][0] == 9000 - 2 * least
    assert released.folded["pages"].under == 1


def noise_of(amount: int):
    return lambda counts, mechanism: counts + (amount if mechanism.report == "pages" and mechanism.measure == "visitors" else 0)


@pytest.mark.parametrize(("addresses", "amount", "published"), [(K - 1, 10**6, False), (K, 10**6, True)])
def test_whatever_the_noise_fewer_than_k_addresses_name_no_page(monkeypatch, addresses, amount, published):
    monkeypatch.setattr(door, "with_noise", noise_of(amount))
    tables = release_noisy(counts(pages=named("/a", addresses)), NOISY_REPORTS, POLICY).tables
    assert ("/a" in tables["pages"]["path"].to_pylist()) is published


@pytest.mark.parametrize(("noise", "published"), [(THRESHOLD["pages"] - 2, False), (THRESHOLD["pages"] - 1, True)])
def test_the_address_that_opens_a_cell_counts_as_the_first(monkeypatch, noise, published):
    """So the probability that it names the page is that of noise of threshold − 1, which is what the ledger counts."""
    monkeypatch.setattr(door, "with_noise", noise_of(noise))
    tables = release_noisy(counts(pages=named("/a", K)), NOISY_REPORTS, POLICY).tables
    assert ("/a" in tables["pages"]["path"].to_pylist()) is published


@pytest.mark.parametrize("path", ["/jane.doe@example.com", "/4111111111111111", OTHER])
def test_a_value_that_looks_like_a_persons_or_like_other_is_never_named(quiet, path):
    pages = release_noisy(counts(pages=named(path, 10_000)), NOISY_REPORTS, POLICY).tables["pages"]
    assert pages.num_rows == len(SITES) * len(TRAFFIC)
    assert set(pages["path"].to_pylist()) == {OTHER}
    assert set(pages["hits"].to_pylist()) == {0}


def test_noise_is_on_every_number_and_new_each_time():
    given = counts(daily={(): (10_000, 5_000, 10**9)}, kinds={("page",): (9_000, 4_000, 10**9)}, pages=named("/a", 3_000))
    first, second = (release_noisy(given, NOISY_REPORTS, POLICY) for _ in range(2))
    for name, table in first.tables.items():
        other = second.tables[name]
        assert table.schema.equals(other.schema)
        for measure in ("hits", "visitors", "bytes_sent"):
            numbers = [
                (a, b) for a, b in zip(table[measure].to_pylist(), other[measure].to_pylist(), strict=True) if a is not None
            ]
            assert sum(a == b for a, b in numbers) < max(0.2 * len(numbers), 3), (name, measure)
    exact = {"hits": 10_000, "visitors": 5_000, "bytes_sent": 10**9}
    daily = next(row for row in first.tables["daily"].to_pylist() if row["site"] == SITES[0] and row["traffic"] == "human")
    for each in POLICY.mechanisms():
        if each.report == "daily":
            assert abs(daily[each.measure] - exact[each.measure]) < 8 * each.scale


def test_hits_and_bytes_of_every_row_are_divided_exactly_with_the_real_noise():
    given = counts(daily={(): (10_000, 5_000, 10**9)}, pages=named("/a", 3_000), channels={("search",): (50, 50, 1)})
    tables = release_noisy(given, NOISY_REPORTS, POLICY).tables
    for report in NOISY_REPORTS:
        if report.parent is None:
            continue
        above = rows_of(tables[report.parent], report.parent)
        sums = dict.fromkeys(above, (0, 0))
        for key, (hits, _, size) in rows_of(tables[report.name], report.name).items():
            sums[key[:-1]] = (sums[key[:-1]][0] + hits, sums[key[:-1]][1] + size)
        for key, (hits, _, size) in above.items():
            if report.where is None or report.where[1] in key:
                assert sums[key] == (hits, size), (report.name, key)


def test_a_table_that_does_not_divide_its_parent_is_not_released(monkeypatch, quiet):
    monkeypatch.setattr(door, "_rest", lambda parents, named, report, catalogue: named.slice(0, 0))
    with pytest.raises(ReleaseError, match="hourly: its rows do not add up to those of daily"):
        release_noisy(counts(daily={(): (100, 40, 5000)}), NOISY_REPORTS, POLICY)


def test_files_say_what_their_noise_is():
    import pyarrow.parquet as pq

    files = parquet_files(release_noisy({}, NOISY_REPORTS, POLICY), "2026-03-03", NOISY_REPORTS, Differential(POLICY).facts())
    assert set(files) == set(BOUNDS)
    for each in POLICY.mechanisms():
        schema = pq.read_table(pa.BufferReader(files[each.report])).schema
        told = schema.field(each.measure).metadata
        assert (told[b"noise_scale"], told[b"half_width_95"]) == (f"{each.scale:g}".encode(), str(each.half_width).encode())
        expected = released_schema(NOISY_REPORTS.dimensions(each.report), published_measures(each.report, ()), {})
        assert schema.equals(expected)
        assert [field.nullable for field in schema] == [field.name in NOISY for field in schema]


def test_counts_of_noise_are_whole_numbers():
    table = release_noisy({}, NOISY_REPORTS, POLICY).tables["countries"]
    assert np.asarray(table["hits"]).dtype == np.int64
