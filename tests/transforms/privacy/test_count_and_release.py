"""Counting and suppression on small logs: what is counted, what passes the gate, and what is merged into `(other)`."""

from __future__ import annotations

from unittest.mock import patch

import numpy as np
import pyarrow as pa
import pytest

from pipeline.outputs.parquet import parquet_files
from tests.catalogues import REPORTS, TRAVELLING
from tests.eager import EVERYTHING, release_log, rows_of
from tests.logs import CHROME, FIREFOX, GOOGLEBOT, IPHONE, address, crowd, line
from transforms.block import Block, Rules, process_block
from transforms.counting.count import merge_pieces
from transforms.counting.measures import MEASURES, counts_schema
from transforms.counting.pieces import SecretChangedError
from transforms.dimensions.request import KIND
from transforms.dimensions.timing import HOUR
from transforms.masking.secret import new_secret
from transforms.privacy import release as door
from transforms.privacy.release import Released, ReleaseError
from transforms.privacy.threshold import release as suppression
from transforms.privacy.threshold.gate import Gate
from transforms.reports.report import Catalogue, Report

DAY = "2026-03-03"
SITE = "www.example.org"


def tables(log, k=10):
    released = release_log(log, k=k)[DAY]
    return {name: rows_of(table, name) for name, table in released.tables.items()}


def pages(log, k=10):
    return {key[-1]: measures for key, measures in tables(log, k)["pages"].items()}


def test_measures():
    visits = [line(time=f"03/Mar/2026:{time}:00 +0000", size=100) for time in ("10:00", "10:29", "10:59", "11:28")]
    rows = tables(crowd(9) + b"".join(visits))
    # Ten addresses; one came twice, because from 10:29 to 10:59 it was silent for 30 minutes.
    assert rows["daily"] == {(SITE, "human"): (13, 10, 11, 9400)}
    assert {key[-1]: measures for key, measures in rows["hourly"].items()} == {"(other)": (13, 10, 11, 9400)}


def test_a_row_needs_k_addresses():
    assert not tables(crowd(9))["daily"]
    assert tables(crowd(10))["daily"]


def test_many_agents_of_one_address_do_not_fill_a_row():
    assert not tables(b"".join(line("20.1.1.1", agent=f"{CHROME} {number}") for number in range(50)))["daily"]


def test_of_one_network_three_addresses_count():
    network = b"".join(line(f"20.1.1.{last}") for last in range(1, 200))
    assert not tables(network + crowd(6, first=1000))["daily"]
    assert tables(network + crowd(7, first=1000))["daily"]


def test_of_one_network_of_bots_k_addresses_count():
    network = b"".join(line(f"20.1.1.{last}", agent=GOOGLEBOT) for last in range(1, 11))
    assert tables(network)["daily"] == {(SITE, "bot"): (10, 10, 10, 10_000)}


def test_all_local_addresses_are_one():
    local = b"".join(line(f"10.0.{a}.{b}") for a in range(9) for b in range(9))
    assert not tables(crowd(8) + local)["daily"]
    assert tables(crowd(9) + local)["daily"]


def test_failing_rows_stand_together_as_other():
    rare = b"".join(crowd(5, first=20 * number, request=f"GET /rare{number} HTTP/1.1") for number in range(1, 4))
    assert pages(crowd(12) + rare) == {"/": (12, 12, 12, 12_000), "(other)": (15, 15, 15, 15_000)}


def test_other_that_fails_is_joined_by_the_weakest_row():
    log = crowd(20) + crowd(11, first=50, request="GET /b HTTP/1.1") + crowd(12, first=80, request="GET /c HTTP/1.1")
    rare = crowd(2, first=120, request="GET /rare HTTP/1.1")
    found = pages(log + rare)
    assert set(found) == {"/", "/c", "(other)"}
    assert found["(other)"] == (13, 13, 13, 13_000)


def test_ties_are_broken_by_value():
    log = crowd(11, request="GET /b HTTP/1.1") + crowd(11, first=50, request="GET /a HTTP/1.1") + crowd(20, first=80)
    assert set(pages(log + crowd(1, first=120, request="GET /z HTTP/1.1"))) == {"/", "/b", "(other)"}


def test_without_a_passing_sibling_other_is_the_only_row():
    log = b"".join(crowd(4, first=10 * number, request=f"GET /{number} HTTP/1.1") for number in range(4))
    assert pages(log) == {"(other)": (16, 16, 16, 16_000)}


def test_people_who_are_in_several_folded_rows_count_once():
    both = crowd(5, request="GET /a HTTP/1.1") + crowd(5, request="GET /b HTTP/1.1")
    found = pages(crowd(20, first=100) + both)
    # Five people on two rare pages are five: (other) fails, and the page joins it.
    assert found == {"(other)": (30, 25, 25, 30_000)}


def test_what_is_folded_has_no_children():
    # Eleven with status 500 and one with 503: kind `error` is published, its statuses are not told apart.
    log = crowd(30) + crowd(11, first=100, status=500) + crowd(1, first=200, status=503)
    rows = tables(log)
    assert (SITE, "human", "error", "(other)") in rows["status_codes"]
    assert (SITE, "human", "error", "500") not in rows["status_codes"]
    # Kind `redirect` fails and takes `error` with it: then there is no row of `error` at all.
    rows = tables(log + crowd(1, first=300, status=301))
    assert (SITE, "human", "(other)") in rows["kinds"]
    assert [key for key in rows["status_codes"] if key[2] != "page"] == [(SITE, "human", "(other)", "(other)")]


def test_a_page_that_takes_a_failing_kind_in_has_no_pages():
    rows = tables(crowd(30) + crowd(1, first=100, status=301))
    assert rows["kinds"] == {(SITE, "human", "(other)"): (31, 31, 31, 31_000)}
    assert not rows["pages"]


def test_children_add_up_to_their_parents():
    log = b"".join(
        crowd(4 + number, first=number, request=f"GET /{number % 5} HTTP/1.1", agent=(CHROME, FIREFOX, IPHONE)[number % 3])
        for number in range(40)
    )
    rows = tables(log)
    assert sum(measures[0] for measures in rows["daily"].values()) == log.count(b"\n")
    for report in REPORTS:
        if report.parent and not report.where:
            width = len(REPORTS.columns(report.parent))
            for key, measures in rows[report.parent].items():
                children = [child for name, child in rows[report.name].items() if name[:width] == key]
                for additive in (0, 3):
                    assert sum(child[additive] for child in children) == measures[additive]
                for distinct in (1, 2):
                    assert max(child[distinct] for child in children) <= measures[distinct] <= sum(c[distinct] for c in children)


@pytest.mark.parametrize(
    "path",
    [
        "/whois/2606:4700::1111",
        "/whois/%5B2606:4700::1111%5D",
        "/ip-192.0.2.7",
        "/whois/192_0_2_7",
        "/mail/jane@localhost",
        "/call/0170/123/4567",  # the mask looks at one segment at a time
        "/map/52.5200/13.4050",
    ],
)
def test_a_value_that_looks_like_a_persons_is_folded_however_many_ask_for_it(path):
    log = crowd(30, request=f"GET {path} HTTP/1.1") + crowd(20, first=100)
    assert set(pages(log)) == {"/", "(other)"}
    assert pages(log)["(other)"][0] == 30
    assert set(pages(crowd(30, request=f"GET {path} HTTP/1.1"))) == {"(other)"}


@pytest.mark.parametrize("path", ["/2026/03/03/title", "/2026-03-03-title", "/v1.2.3", "/a-very-long-title-of-2026", "/page/12"])
def test_ordinary_paths_are_published(path):
    assert path in pages(crowd(30, request=f"GET {path} HTTP/1.1") + crowd(20, first=100))


def test_released_tables_can_only_be_made_by_the_door():
    with pytest.raises(TypeError, match=r"only transforms\.privacy\.release makes"):
        Released(object(), {}, {}, {})
    with pytest.raises(TypeError, match="only released tables"):
        parquet_files({"daily": pa.table({})}, DAY, REPORTS, {})


def test_the_door_refuses_what_breaks_a_rule():
    catalogue = Catalogue([Report("daily", "x"), Report("hourly", "x", HOUR, "daily")])
    columns = catalogue.columns("daily")
    row = {"site": "a", "traffic": "human", "hits": 9, "visitors": 9, "visits": 9, "bytes_sent": 0, "capped_addresses": 9}
    low = pa.Table.from_pylist([row], schema=counts_schema(columns))
    everything = patch.object(suppression, "passes", lambda table, *_: np.ones(table.num_rows, np.bool_))
    with everything, pytest.raises(ReleaseError, match="under the threshold"):
        suppression.release({"daily": low}, {}, catalogue, Gate(10))
    person = pa.Table.from_pylist([{**row, "site": "192.0.2.7"}], schema=counts_schema(columns))
    with pytest.raises(ReleaseError, match="must not be published"):
        door.check(catalogue["daily"], {"daily": person}, catalogue, MEASURES)
    unlisted = pa.Table.from_pylist([{**row, "traffic": "cats"}], schema=counts_schema(columns))
    with pytest.raises(ReleaseError, match="must not be published"):
        door.check(catalogue["daily"], {"daily": unlisted}, catalogue, MEASURES)
    high = pa.Table.from_pylist([{**row, "capped_addresses": 20}], schema=counts_schema(columns))
    child = {**row, "hour": "10", "hits": 8, "capped_addresses": 20}
    short = pa.Table.from_pylist([child], schema=counts_schema(catalogue.columns("hourly")))
    with pytest.raises(ReleaseError, match="do not add up"):
        door.check(catalogue["hourly"], {"daily": high, "hourly": short}, catalogue, MEASURES)


def test_pieces_of_another_secret_do_not_merge():
    pieces = []
    for _ in range(2):
        made, _ = process_block(Block("log", "combined", 0, len(line()), line()), Rules(1, EVERYTHING, TRAVELLING), new_secret())
        pieces.append(made[0])
    with pytest.raises(SecretChangedError):
        merge_pieces(pieces, ())


def test_the_threshold_is_never_under_five():
    with pytest.raises(ValueError, match="at least 5"):
        Gate(4)


@pytest.mark.parametrize(
    ("reports", "says"),
    [
        ([Report("a", "x"), Report("a", "x", HOUR, "a")], "twice"),
        ([Report("a", "x"), Report("b", "x")], "no other"),
        ([Report("a", "x", HOUR, "b")], "no other"),
        ([Report("a", "x"), Report("b", "x", HOUR, "c")], "before its parent"),
        ([Report("a", "x"), Report("b", "x", HOUR, "a"), Report("c", "x", HOUR, "b")], "as a report above it does"),
        ([Report("a", "x"), Report("b", "x", KIND, "a", ("traffic", "cats"))], "a value that it does not have"),
        ([Report("a", "x"), Report("b", "x", KIND, "a", ("site", "www.example.org"))], "a value that it does not have"),
        ([Report("a", "x"), Report("b", "x", HOUR, "a", ("kind", "page"))], "does not have"),
    ],
)
def test_a_catalogue_that_is_no_forest_is_refused(reports, says):
    with pytest.raises(ValueError, match=says):
        Catalogue(reports)


def test_the_test_addresses_lie_in_networks_of_their_own():
    assert len({address(number).rpartition(".")[0] for number in range(1, 3000)}) == 2999
