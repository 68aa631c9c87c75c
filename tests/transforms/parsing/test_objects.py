"""JSON lines: which values their columns hold, and which lines are none, with each kernel."""

from __future__ import annotations

import json
import math
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.kernels import BUILT, running
from transforms.formats.registry import format_of
from transforms.parsing.parse import parse_block

pytestmark = pytest.mark.usefixtures("each_kernel")

KEYS = "json:remote_host=client>ip,time=ts,target=uri,referer=headers>Referer,user_agent=agent,site=host"
FORMAT = format_of(KEYS)


def read(*lines: str) -> list[dict[str, object] | str]:
    """Of each line the columns, or the reason why it has none."""
    block = "".join(line + "\n" for line in lines).encode("utf-8", "surrogateescape")
    parsed = parse_block(block, FORMAT)
    names = ("remote_host", "request_time", "target", "referer", "user_agent", "site")
    rows = iter(parsed.entries.select(names).to_pylist())
    others = {reject.offset: reject.reason for reject in parsed.rejects}
    starts = [sum(len(line.encode("utf-8", "surrogateescape")) + 1 for line in lines[:number]) for number in range(len(lines))]
    return [others[start] if start in others else next(rows) for start in starts]


def line(ts: str = '"2026-03-03T10:00:00Z"', ip: str = '"192.0.2.1"', rest: str = "") -> str:
    return f'{{"ts":{ts},"client":{{"port":1,"ip":{ip}}},"uri":"/"{rest}}}'


def columns(**own: object) -> dict[str, object]:
    row = {"remote_host": "192.0.2.1", "request_time": 1772532000, "target": "/", "referer": "-", "user_agent": "-", "site": "-"}
    return {**row, **own}


def test_a_value_is_found_where_its_keys_lead_and_nowhere_else():
    assert read(
        line(rest=',"headers":{"A":["a","b"],"Referer":["x"]},"agent":"a"'),
        line(rest=',"headers":{"Referer":["x","y"]},"Referer":"no"'),
        line(rest=',"headers":[{"Referer":"no"}],"other":{"headers":{"Referer":"no"}}'),
        line(rest=',"headers":"Referer"').replace(":", " : ").replace("T10 : 00 : 00Z", "T10:00:00Z").replace(",", "\t,\r"),
    ) == [columns(referer="x", user_agent="a"), columns(referer="x, y"), columns(), columns()]


def test_of_a_key_that_stands_twice_the_last_one_counts():
    assert read(
        line(rest=',"agent":"a","agent":"b"'),
        line(rest=',"agent":"a","\\u0061gent":null'),
        line(rest=',"headers":{"Referer":"x"},"headers":{"A":"b"}'),
        line(rest=',"headers":{"Referer":"x"},"headers":1'),
        line(rest=',"client":{}'),
    ) == [columns(user_agent="b"), columns(), columns(), columns(), "fields"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("null", "-"),
        ('""', ""),
        ("true", "True"),
        ("-0", "0"),
        ("-12", "-12"),
        ("123456789012345678901234567890", "123456789012345678901234567890"),
        ("0.5", "0"),
        ("-0.5", "-1"),
        ("1e2", "100"),
        ("1e300", "-"),
        ("NaN", "-"),
        ("-Infinity", "-"),
        ("{}", "-"),
        ("[]", "-"),
        ('["a",null]', "-"),
        ('["a",["b",1.5],true]', "a, b, 1, True"),
        (r'"\u00e9\ud83d\ude00\ud83d\n\/"', "\u00e9\U0001f600\ufffd\n/"),
        ('"\udcff\udcc3"', "\ufffd\ufffd"),
        (r'"\x41\x22\x0a\\x41"', 'A"\n\\x41'),
        ("", "-"),
        ("-", "-"),
    ],
)
def test_what_a_value_says(value, text):
    assert read(line(rest=f',"agent":{value}')) == [columns(user_agent=text)]


@pytest.mark.parametrize(
    "rest",
    [
        ',"x":01',
        ',"x":1.',
        ',"x":+1',
        ',"x":1e',
        ',"x":"\t"',
        r',"x":"\u12"',
        r',"x":"\q"',
        ',"x"',
        ",",
        ',"x":1}',
        ',"x":[1,]',
        ",x:1",
        ',"x":tru',
    ],
)
def test_what_is_no_json_is_no_row(rest):
    good = line()
    assert read(good, line(rest=rest), good) == [columns(), "fields", columns()]


@pytest.mark.parametrize(("depth", "reason"), [(126, None), (127, "fields"), (100_000, "fields")])
def test_what_is_too_deep_is_no_row(depth, reason):
    inner = "[" * (depth + 1) + "]" * (depth + 1)
    assert read(line(rest=f',"x":"{"[" * 500}","y":{inner}')) == [reason or columns()]


@pytest.mark.parametrize(
    ("ts", "seconds"),
    [
        ("1772532000", 1772532000),
        ("1772532000.25", 1772532000),
        ('"1772532000.25"', 1772532000),
        ("1772532000.9999999", math.floor(1772532000.9999999)),
        ("1772532000.99999999", math.floor(1772532000.99999999)),
        ("1772532000123", 1772532000),
        ("1.772532e9", 1772532000),
        ('"[03/Mar/2026:10:00:00 +0000]"', 1772532000),
        ('"03/Mar/2026:11:00:00 +0100"', 1772532000),
        (r'"2026-03-03T10\u003a00:00Z"', 1772532000),
        ('"2026-03-03 10:00:00"', 1772532000),
        ('"now"', "time"),
        ('""', "fields"),
        ('"[]"', "fields"),
        ("null", "fields"),
    ],
)
def test_times_of_every_form_are_read_in_one_log(ts, seconds):
    expected = seconds if isinstance(seconds, str) else columns(request_time=seconds)
    assert read(line(), line(ts), line()) == [columns(), expected, columns()]


@pytest.mark.parametrize("ip", ["null", '""', "{}", "[]"])
def test_a_line_without_an_address_is_no_row(ip):
    assert read(line(ip=ip)) == ["fields"]


LETTERS = st.text(st.sampled_from('{}[]":,\\u0041 -.e1ntx\t\u00e9'), max_size=12)


@given(st.lists(st.tuples(LETTERS, LETTERS), min_size=1, max_size=4))
def test_any_text_is_read_back(values):
    lines = [
        line(
            json.dumps("2026-03-03T10:00:00Z"), rest=f',"agent":{json.dumps(agent, ensure_ascii=ascii)},"host":{json.dumps(host)}'
        )
        for (agent, host), ascii in zip(values, (True, False) * 2, strict=False)
    ]
    assert read(*lines) == [columns(user_agent=agent, site=host) for agent, host in values]


@given(LETTERS, LETTERS)
def test_what_is_spoiled_is_read_alike_by_each_kernel(key, value):
    found = []
    for name, rest in product(BUILT, (f',"agent":{value}', f',"{key}":"{value}"', f"{key},", f',"agent":[{value},"{key}"]')):
        with running(name):
            found.append(read(line(rest=rest)))
    half = len(found) // len(BUILT)
    assert all(found[at] == found[at % half] for at in range(len(found)))
