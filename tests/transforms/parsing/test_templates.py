"""JSON templates: which of several lines that are alike, or nearly, are read by their template, and with which values."""

from __future__ import annotations

import json
import math
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.writers import Request, write
from transforms.formats.registry import FORMATS
from transforms.parsing import oddities, templates
from transforms.parsing.templates import read_alike

KEYS = (
    ("remote_host", (("ip",), ("client", "ip"))),
    ("time", (("ts",),)),
    ("status", (("status",),)),
    ("referer", (("headers", "Referer"), ("referer",))),
)


def read(*lines: str) -> list[dict[str, str | None] | None]:
    """What the lines are read as, None where they are not."""
    block = "".join(line + "\n" for line in lines).encode()
    columns, numbers = read_alike(block, oddities.find_lines(block), np.zeros(len(lines), np.bool_), KEYS)
    rows: list[dict[str, str | None] | None] = [None] * len(lines)
    for at, number in enumerate(numbers.tolist()):
        rows[number] = {name: column[at].as_py() for name, column in columns.items()}
    return rows


def row(ip: str = "192.0.2.1", ts: str = "2026-03-03T10:00:00Z", status: str | None = None, referer: str | None = None):
    return {"remote_host": ip, "time": ts, "status": status, "referer": referer}


@pytest.mark.parametrize("name", ["nginx_json", "cloudflare", "google_load_balancer", "traefik_json", "caddy"])
def test_all_lines_that_a_server_writes_by_one_template_are_read(name):
    requests = [
        Request("a.example", f"192.0.2.{n % 250 + 1}", 1772532000 + n, "GET", f"/{n}", "HTTP/1.1", 200, n, "-", "agent")
        for n in range(500)
    ]
    block = write(name, requests)
    lines = oddities.find_lines(block)
    columns, numbers = read_alike(block, lines, np.zeros(len(lines.starts), np.bool_), FORMATS[name].keys)
    assert len(numbers) == len(requests)
    assert columns["remote_host"].to_pylist() == [request.host for request in requests]
    assert columns["bytes_sent"].to_pylist() == [str(request.size) for request in requests]


def test_values_are_found_wherever_their_keys_lead():
    text = '{"client":{"port":1,"ip":"192.0.2.1"},"headers":{"A":["a","b"],"Referer":["x"]},"ts":1772532000.25,"status":200}'
    assert read(text) == [row(ts="1772532000.25", status="200", referer="x")]
    assert read(text.replace(":", " : ").replace(",", " , ")) == [row(ts="1772532000.25", status="200", referer="x")]
    assert read(text.replace('["x"]', '["x","y"]')) == [None]  # a header that stood twice


def test_lines_of_several_templates_are_read():
    lines = [
        '{"ip":"192.0.2.1","ts":"2026-03-03T10:00:00Z"}',
        '{"ts":"2026-03-03T10:00:00Z","ip":"192.0.2.1","status":"404"}',
    ] * 3
    assert read(*lines) == [row(), row(status="404")] * 3


def test_a_value_that_no_column_has_may_be_another_in_a_few_lines():
    usual = '{"level":"info","ip":"192.0.2.1","ms":0,"ts":"2026-03-03T10:00:00Z"}'
    lines = [usual] * 1000
    lines[501] = usual.replace("info", "warning")
    lines[502] = usual.replace(":0,", ":12.5,")
    lines[503] = usual.replace(":0,", ":00,")  # no JSON
    rows = read(*lines)
    assert rows[:501] + rows[504:] == [row()] * 997
    assert all(found in (row(), None) for found in rows[501:503])
    assert rows[503] is None
    assert read(*lines[500:504]) == [row()] * 3 + [None]


@pytest.mark.parametrize(
    "line",
    [
        '{"ip":"192.0.2.1","ts":"2026-03-03T10:00:00Z","ip":"192.0.2.2"}',  # twice
        '{"ts":"2026-03-03T10:00:00Z","status":"404"}',  # no address
        '{"ip":"","ts":"2026-03-03T10:00:00Z"}',
        '{"ip":"192.0.2.1","ts":""}',
        '{"ip":"192.0.2.1","ts":"2026-03-03T10:00:00Z","status":007}',
        '{"ip":"192.0.2.1","ts":"2026-03-03T10:00:00Z","status":200.5}',
        '{"ip":"192.0.2.1","ts":"2026-03-03T10:00:00Z","status":true}',
        '{"ip":"192.0.2.1","ts":"2026-03-03T10:00:00Z","status":1e2}',
        '{"ip":"192.0.2.1","ts":"2026-03-03T10:00:00Z","other":01}',
        '{"ip":"192.0.2.1","ts":"2026-03-03T10:00:00Z","other":x}',
        '{"ip":"192.0.2.1","ts":"2026-03-03T10:00:00Z",}',
        '{"ip":"192.0.2.1","ts":"2026-03-03T10:00:00Z"',
        '{"ip":["192.0.2.1","ts":"2026-03-03T10:00:00Z"]}',
        '["192.0.2.1","2026-03-03T10:00:00Z"]',
        '""',
    ],
)
def test_what_is_not_surely_json_of_such_values_is_left_to_others(line):
    assert read(line) == [None]
    # … also where a line before has shown a template that it nearly fits.
    good = '{"ip":"192.0.2.1","ts":"2026-03-03T10:00:00Z","status":200}'
    assert read(good, line, good) == [row(status="200"), None, row(status="200")]


def test_what_is_absent_is_no_text():
    assert read('{"ip":"192.0.2.1","ts":"2026-03-03T10:00:00Z","status":null}') == [row()]
    # What stands under the first key is taken, even if it is no text; an empty text is one.
    beside = '{"ip":"192.0.2.1","ts":"2026-03-03T10:00:00Z","headers":{"Referer":%s},"referer":"x"}'
    assert read(beside % "[]", beside % "null", beside % '""') == [row(), row(referer="x"), row(referer="")]


ANY = st.text(st.characters(min_codepoint=0x20, blacklist_characters='"\\', blacklist_categories=["Cs"]), max_size=20)


@given(st.lists(st.tuples(ANY.filter(bool), ANY.filter(bool), st.integers(1, 999), ANY), min_size=1, max_size=20))
def test_any_text_is_read_as_it_stands(values):
    lines = [
        json.dumps({"ip": ip, "ts": ts, "n": {"status": status}, "status": status, "referer": referer}, ensure_ascii=False)
        for ip, ts, status, referer in values
    ]
    assert read(*lines) == [row(ip, ts, str(status), referer) for ip, ts, status, referer in values]


@pytest.mark.parametrize("size", [0, 1, 55, 56, 57, 58, 63, 64, 65, 120, 900, 1_000, 10_000, 1_000_000])
def test_values_of_any_length_are_read(size):
    long = '{"ip":"192.0.2.1","referer":"%s","ts":"2026-03-03T10:00:00Z"}' % ("x" * size)
    shorter, none = long.replace("xx", "y"), long.replace("x", "")
    referers = ["x" * size, "y" * (size // 2) + "x" * (size % 2), "", None, "x" * size]
    read_as = [referer if referer is None else row(referer=referer) for referer in referers]
    assert read(long, shorter, none, long[:-1], long) == read_as


def test_a_line_that_shows_a_template_which_it_does_not_fit_keeps_no_other_from_being_read():
    good = '{"ip":"192.0.2.1","ts":"2026-03-03T10:00:00Z","status":200}'
    assert read(good.replace("200", "true"), *[good] * 5) == [None] + [row(status="200")] * 5


@pytest.mark.parametrize(
    "ts", ["1772532000.25", "1772532000.1234567", "1772532000.9899999", "1772532000.999999", "1772532000123"]
)
def test_seconds_are_read_with_their_fraction(ts):
    assert read(f'{{"ip":"192.0.2.1","ts":{ts}}}') == [row(ts=ts)]
    assert math.floor(json.loads(ts)) == int(ts.partition(".")[0])


@pytest.mark.parametrize("other", ["0.000929675", "0.5", "12.25", "0.12345678901234567890", "-0.5e-7", "0", "123456789012345678"])
def test_numbers_that_no_column_has_are_read_over(other):
    assert read(*[f'{{"ip":"192.0.2.1","ms":{number},"ts":"2026-03-03T10:00:00Z"}}' for number in (1, other)]) == [row()] * 2


@given(st.lists(st.text("0123456789.-+eE", min_size=1, max_size=24), min_size=1, max_size=20))
def test_nothing_is_taken_for_a_number_that_is_none(texts):
    lines = [f'{{"ip":"192.0.2.1","ms":{text},"ts":"2026-03-03T10:00:00Z"}}' for text in ("1", *texts)]
    for line, found in zip(lines, read(*lines), strict=True):
        assert found in (row(), None)
        if found:
            json.loads(line)


@pytest.mark.parametrize("ts", ["1772532000.9999999", "1772532000123.9999", "1e9", "-1.5"])
def test_seconds_that_a_float_may_round_up_are_left_to_others(ts):
    assert read(f'{{"ip":"192.0.2.1","ts":{ts}}}') == [None]


def test_where_keys_have_no_order_the_search_for_templates_ends_soon(monkeypatch):
    tried, shown = [], templates._shown
    monkeypatch.setattr(templates, "_shown", lambda *given: tried.append(1) or shown(*given))
    chance, keys = random.Random(0), [f"k{number}" for number in range(9)]
    lines = [json.dumps({"ip": "192.0.2.1", "ts": 1772532000, **dict.fromkeys(chance.sample(keys, 9), "v")}) for _ in range(3000)]
    block = "".join(line + "\n" for line in lines).encode()
    _, numbers = read_alike(block, oddities.find_lines(block), np.zeros(len(lines), np.bool_), KEYS)
    assert len(tried) == 3
    assert len(numbers) < 10
