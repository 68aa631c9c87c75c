"""The program publishes the same cells as the independent reference, from real and synthetic logs."""

from __future__ import annotations

import random
import subprocess
import sys
from collections import Counter
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.config.days import to_date
from tests import eager, reference
from tests.catalogues import NOISY_REPORTS, REPORTS
from tests.eager import files_of, pieces_of, release_log, tables_of
from tests.kernels import BUILT, running
from tests.logs import CHROME, FIREFOX, GOOGLEBOT, IPHONE, crowd, line
from transforms.dimensions.visit import ENTRY_PAGE, EXIT_PAGE
from transforms.privacy.differential import bound
from transforms.privacy.differential.bound import count_bounded
from transforms.privacy.differential.budget import Bound, Budget
from transforms.privacy.differential.policy import Differential
from transforms.reports.report import Catalogue, Report
from transforms.reserved import OTHER

ROOT = Path(__file__).parents[1]
REAL_LOG = ROOT.parent / "shared" / "data" / "logs" / "apache_combined_2015.log"


def expected(log: bytes, log_format: str = "combined", k: int = 5):
    hits, _ = reference.hits_of(log.split(b"\n"), log_format, "www.example.org")
    return reference.publish(hits, k)


def published_by_each_kernel(log: bytes, log_format: str = "combined"):
    """The tables; each kernel publishes the same bytes."""
    released = []
    for name in BUILT:
        with running(name):
            released.append(release_log(log, log_format))
    first, *others = map(files_of, released)
    assert all(files == first for files in others)
    return tables_of(released[0])


def networks_capped(hits: frozenset[reference.Hit], cap: int) -> int:
    networks = Counter(network for network, _ in {(hit.network, hit.address) for hit in hits})
    return sum(min(cap, addresses) for addresses in networks.values())


@pytest.mark.long
def test_a_real_log_at_the_lowest_threshold():
    if not REAL_LOG.exists():
        pytest.skip("the real log is not part of the project; it is only beside its development checkout")
    log = REAL_LOG.read_bytes()
    published = tables_of(release_log(log, k=5))
    assert list(published) == ["2015-05-17", "2015-05-18", "2015-05-19", "2015-05-20"]
    assert published == expected(log, k=5)
    assert published["2015-05-18"]["daily"]


@pytest.mark.parametrize("log_format", ["combined", pytest.param("vhost_combined", marks=pytest.mark.long)])
def test_a_synthetic_day(tmp_path, log_format):
    path = tmp_path / "access.log"
    command = [sys.executable, "examples/generate.py", "--output", str(path), "--lines", "8000", "--format", log_format]
    subprocess.run([*command, "--sites", "www.example.org,blog.example.org"], cwd=ROOT, check=True)
    log = path.read_bytes()
    published = published_by_each_kernel(log, log_format)
    assert published == expected(log, log_format)
    assert len(published["2026-03-03"]["pages"]) > 20


# Few networks, addresses and values, so that rows are often just under or over the threshold and folds meet every case.
HOSTS = st.one_of(
    st.builds("20.1.{}.{}".format, st.integers(0, 7), st.integers(1, 4)),
    st.builds("2a00:1450:{:x}:{:x}00::1".format, st.integers(1, 2), st.integers(1, 6)),
    st.builds("::ffff:20.1.{}.1".format, st.integers(0, 7)),
    st.sampled_from(["10.0.0.1", "192.168.1.1", "host.example.com", "www.example.net", "-", "localhost", "2002:1401:0001::1"]),
)


def lines_of(days: int) -> st.SearchStrategy[bytes]:
    return st.builds(
        line,
        host=HOSTS,
        time=st.builds(
            "0{}/Mar/2026:{:02}:{:02}:00 +0000".format,
            st.integers(3, 2 + days),
            st.sampled_from([4, 9, 9, 10, 10, 11, 13, 20]),
            st.integers(0, 59),
        ),
        request=st.sampled_from(
            [
                "GET / HTTP/1.1",
                "GET /a HTTP/1.1",
                "GET /b?q=1 HTTP/1.1",
                "GET /blog/a HTTP/2.0",
                "GET /blog/call/0170-123-4567 HTTP/1.1",
                "GET /x.pdf HTTP/1.0",
                "POST /u/77777 HTTP/1.1",
                "GET /x.css HTTP/1.1",
                "-",
                "OPTIONS * HTTP/1.1",
                "CONNECT www.example.org:443 HTTP/1.0",
                "HEAD / HTTP/1.1",
            ]
        ),
        status=st.sampled_from([200, 200, 200, 304, 301, 404, 410, 500]),
        size=st.integers(0, 5000),
        referer=st.sampled_from(
            ["-", "https://www.google.com/", "https://www.example.org/a", "https://other.example.com/", "https://t.co/x"]
        ),
        agent=st.sampled_from([CHROME, CHROME, FIREFOX, IPHONE, GOOGLEBOT, "AhrefsBot/7.0", "curl/8.5.0", "-"]),
    )


def logs(max_lines: int) -> st.SearchStrategy[list[bytes]]:
    """Lines of one day or of two: a day costs the same however few of the lines are its own, and those of one fold more."""
    return st.one_of(*(st.lists(lines_of(days), min_size=1, max_size=max_lines) for days in (1, 2)))


@pytest.mark.parametrize("examples", [20, pytest.param(200, marks=pytest.mark.long)])
def test_any_small_log(examples):
    @given(logs(120))
    @settings(max_examples=examples)
    def agree(lines):
        log = b"".join(lines)
        assert published_by_each_kernel(log) == expected(log)

    agree()


def test_a_crowded_invented_log():
    # Hypothesis keeps its examples small; this one has hundreds of rows around the threshold.
    chance = random.Random(7)
    lines = [
        line(
            host=f"20.{chance.randrange(3)}.{chance.randrange(20)}.{chance.randrange(1, 5)}",
            time=f"03/Mar/2026:{chance.randrange(24):02}:{chance.randrange(60):02}:00 +0000",
            request=f"GET /{'abcdefghijklmnop'[min(chance.randrange(16), chance.randrange(16))]} HTTP/1.1",
            status=chance.choice([200, 200, 200, 404, 404, 301, 500, 503]),
            agent=chance.choice([CHROME, FIREFOX, IPHONE, GOOGLEBOT]),
            referer=chance.choice(["-", "https://www.google.com/", "https://a.example.com/", "https://b.example.net/"]),
        )
        for _ in range(3000)
    ]
    log = b"".join(lines)
    published = tables_of(release_log(log, k=10))
    assert published == expected(log, k=10)
    assert any("(other)" in key for rows in published["2026-03-03"].values() for key in rows)


_VERSIONS = ("HTTP/1.1", "HTTP/1.0", "HTTP/2.0", "HTTP/3.0", "HTTP/9.9", "")
_REFERERS = (
    "-",
    "https://www.example.org/",
    "https://www.google.com/",
    "https://other.example.com/",
    "https://t.co/",
    "https://chatgpt.com/",
)


@pytest.mark.parametrize(
    ("report", "field", "values"),
    [
        ("hourly", "time", [f"03/Mar/2026:{hour}:00:00 +0000" for hour in ("06", "07", "08", "09", "10", "11")]),
        ("day_parts", "time", [f"03/Mar/2026:{hour}:00:00 +0000" for hour in ("06", "00", "12", "18")]),
        ("protocols", "request", [f"GET / {version}".strip() for version in _VERSIONS]),
        ("channels", "referer", list(_REFERERS)),
    ],
)
@pytest.mark.parametrize("left", [3, 4])
def test_few_values_of_a_vocabulary_that_are_left_are_absorbed(report, field, values, left):
    # Of those that are left, two occur. They pass together.
    named, rare = values[:-left], values[-left:][:2]
    lines = [crowd(12, first=1 + 100 * n, **{field: value}) for n, value in enumerate(named)]
    lines += [crowd(3, first=5_001 + 100 * n, **{field: value}) for n, value in enumerate(rare)]
    published = tables_of(release_log(b"".join(lines)))
    assert published == expected(b"".join(lines))
    assert len(published["2026-03-03"][report]) == len(named) + (left > 3)


@pytest.mark.parametrize("dimension", [ENTRY_PAGE, EXIT_PAGE], ids=lambda dimension: dimension.name)
def test_a_catalogue_with_first_or_last_pages_of_visits(dimension):
    catalogue = Catalogue([*REPORTS.of(("daily", "kinds")), Report("ends", "", dimension, "kinds", where=("kind", "page"))])
    chance = random.Random(8)
    lines = [
        line(
            host=f"20.1.{chance.randrange(40)}.1",
            time=f"03/Mar/2026:10:{chance.randrange(60):02}:{chance.randrange(2):02} +0000",
            request=f"GET /{chance.choice('aabbcde')}{chance.choice(['', '', '.css'])} HTTP/1.1",
        )
        for _ in range(400)
    ]
    travelling = Differential(Budget(("www.example.org",))).travelling(catalogue)
    declared = {name: reference.CATALOGUE[name] for name in ("daily", "kinds")}
    declared["ends"] = ("kinds", dimension.name, "kind", "page")
    with (
        patch.multiple(eager, REPORTS=catalogue, TRAVELLING=travelling),
        patch.object(reference, "CATALOGUE", declared),
    ):
        published = tables_of(release_log(b"".join(lines)))
        assert published == expected(b"".join(lines))
    assert len(published["2026-03-03"]["ends"]) > 3


@pytest.mark.parametrize("examples", [8, pytest.param(75, marks=pytest.mark.long)])
def test_block_size_shards_and_line_order_change_no_byte(examples):
    @given(logs(60), st.integers(1, 2000), st.integers(1, 9), st.randoms())
    @settings(max_examples=examples)
    def change_nothing(lines, block_bytes, shards, chance):
        files = files_of(release_log(b"".join(lines), shards=1))
        chance.shuffle(lines)
        again = release_log(lines, block_bytes=block_bytes, shards=shards)
        assert files_of(again) == files

    change_nothing()


def test_the_order_of_lines_of_the_same_second_changes_no_byte():
    lines = [
        line(f"20.1.{n}.1", request=f"GET /{page} HTTP/1.1", size=size) for n in range(30) for page in "abcd" for size in (1, 2)
    ]
    files = files_of(release_log(b"".join(lines)))
    for seed in range(3):
        random.Random(seed).shuffle(lines)
        assert files_of(release_log(b"".join(lines), block_bytes=700)) == files


@pytest.mark.long
@given(logs(120))
@settings(max_examples=25)
def test_every_row_passes_the_gate_and_divides_its_parent(lines):
    log, k = b"".join(lines), 5
    hits, _ = reference.hits_of(log.split(b"\n"), "combined", "www.example.org")
    behind = reference.rows_behind(hits, k)
    for date, tables in tables_of(release_log(log, k=k)).items():
        for report, rows in tables.items():
            assert rows.keys() == behind[date][report].keys()
            for key, (count, *_) in rows.items():
                row = behind[date][report][key]
                assert count == len(row.hits) == len(row.own) + len(row.absorbed)
                if key[-1] != OTHER:
                    assert {hit.values[REPORTS.columns(report)[-1]] for hit in row.own} == {key[-1]}
                if key[1] != "crawler" or report not in ("bot_kinds", "bots"):
                    assert networks_capped(row.own, k if key[1] == "crawler" else 3) >= k
            parent, where = REPORTS[report].parent, REPORTS[report].where
            for key, (count, *_) in tables[parent].items() if parent else ():
                parts = [name for name in rows if name[:-1] == key]
                if where and dict(zip(REPORTS.columns(parent), key, strict=True))[where[0]] not in where[1:]:
                    assert not parts
                else:
                    assert count == sum(rows[name][0] for name in parts)
                    assert behind[date][parent][key].hits == frozenset().union(
                        *(behind[date][report][name].hits for name in parts)
                    )


@given(logs(120))
@settings(max_examples=50)
def test_counts_of_the_dp_mode_are_those_of_the_log_where_no_bound_is_reached(lines):
    log = b"".join(lines)
    hits, _ = reference.hits_of(log.split(b"\n"), "combined", "www.example.org")
    boundless = {name: Bound(10**6, 10**6, each.values) for name, each in bound.BOUNDS.items()}
    with patch.multiple(bound, BOUNDS=boundless, UNIT_HITS=10**6, UNIT_BYTES=10**12):
        days = [count_bounded(own, NOISY_REPORTS, ("www.example.org",)) for own in pieces_of(log).values()]
    for day in {day for shard in days for day in shard}:
        counts, _ = bound.unpacked(bound.add_packed(shard[day].counts for shard in days if day in shard))
        of_day = [hit for hit in hits if hit.date == to_date(day)]
        for report in NOISY_REPORTS:
            names = NOISY_REPORTS.columns(report.name)
            inside = [hit for hit in of_day if report.where is None or hit.values[report.where[0]] in report.where[1:]]
            cells = reference.group(inside, names)
            units = {key: len({hit.address for hit in cell}) for key, cell in cells.items()}
            assert {
                tuple(row[name] for name in names): (row["hits"], row["visitors"], row["bytes_sent"])
                for row in counts[report.name].to_pylist()
            } == {key: (len(cell), units[key], sum(hit.bytes_sent for hit in cell)) for key, cell in cells.items()}
