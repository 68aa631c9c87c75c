"""The door and what it refuses; values that are not published however many ask for them."""

from __future__ import annotations

import pyarrow as pa
import pytest

from pipeline.outputs.parquet import parquet_files
from tests.catalogues import REPORTS, TRAVELLING
from tests.eager import EVERYTHING, release_log, rows_of
from tests.logs import address, crowd, line
from transforms.block import Block, Rules, process_block
from transforms.counting.count import merge_pieces
from transforms.counting.measures import COUNTED, HITS, VISITORS, counts_schema
from transforms.counting.pieces import SecretChangedError
from transforms.dimensions.request import KIND
from transforms.dimensions.timing import HOUR
from transforms.masking.secret import new_secret
from transforms.privacy import release as door
from transforms.privacy.release import Released, ReleaseError
from transforms.privacy.threshold import release as suppression
from transforms.privacy.threshold.gate import Gate
from transforms.privacy.threshold.plan import Judged, Lost
from transforms.reports.report import Catalogue, Report

DAY = "2026-03-03"
SITE = "www.example.org"


def tables(log, k=10):
    released = release_log(log, k=k)[DAY]
    return {name: rows_of(table, name) for name, table in released.tables.items()}


def pages(log, k=10):
    return {key[-1]: measures for key, measures in tables(log, k)["pages"].items()}


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
    assert path not in pages(log)
    assert sum(measures[0] for measures in pages(log).values()) == 50
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
    row = {"site": "a", "traffic": "human", **dict.fromkeys(COUNTED, 9)}
    low = pa.Table.from_pylist([row], schema=counts_schema(columns))
    judged = {"daily": Judged(low, low.select(columns), Lost(0, 0, 0, 0))}
    with pytest.raises(ReleaseError, match="under the threshold"):
        suppression.release(judged, {}, catalogue, Gate(10))
    person = pa.Table.from_pylist([{**row, "site": "192.0.2.7"}], schema=counts_schema(columns))
    with pytest.raises(ReleaseError, match="must not be published"):
        door.check(catalogue["daily"], {"daily": person}, catalogue, (HITS, VISITORS))
    unlisted = pa.Table.from_pylist([{**row, "traffic": "cats"}], schema=counts_schema(columns))
    with pytest.raises(ReleaseError, match="must not be published"):
        door.check(catalogue["daily"], {"daily": unlisted}, catalogue, (HITS, VISITORS))
    high = pa.Table.from_pylist([row], schema=counts_schema(columns))
    child = {**row, "hour": "10", "hits": 8}
    short = pa.Table.from_pylist([child], schema=counts_schema(catalogue.columns("hourly")))
    with pytest.raises(ReleaseError, match="do not add up"):
        door.check(catalogue["hourly"], {"daily": high, "hourly": short}, catalogue, (HITS, VISITORS))


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
def test_a_catalogue_that_is_no_tree_is_refused(reports, says):
    with pytest.raises(ValueError, match=says):
        Catalogue(reports)


def test_the_test_addresses_lie_in_networks_of_their_own():
    assert len({address(number).rpartition(".")[0] for number in range(1, 3000)}) == 2999
