"""Masking: who is one visitor, address and network, which days are counted, and that nothing else remains."""

from __future__ import annotations

import pytest

from tests.logs import CHROME, FIREFOX, line
from transforms.formats.registry import FORMATS
from transforms.masking.anonymize import anonymize
from transforms.masking.masked import MASKED, MASKED_VISITOR
from transforms.masking.secret import new_secret
from transforms.parsing.parse import parse_block
from transforms.period import Window

SECRET = bytes(range(32))
MARCH_3 = 20515  # days since 1970


def masked(*lines, secret=SECRET, window=None, name="combined"):
    entries = parse_block(b"".join(lines), FORMATS[name]).entries
    return anonymize(entries, secret, window or Window(end=1_000_000), "www.example.org")


def keys(result, name):
    visitors = result.visitors.to_pylist()
    return [visitors[row][name] for row in result.hits["visitor"].to_pylist()]


def test_one_address_with_two_agents_is_two_visitors():
    result = masked(line(agent=CHROME), line(agent=FIREFOX), line(agent=CHROME))
    a, b, c = keys(result, "visitor_key")
    assert a == c != b
    assert len(set(keys(result, "address_key"))) == 1


def test_another_day_is_another_visitor_address_and_network():
    result = masked(line(), line(time="04/Mar/2026:10:00:00 +0000"))
    for name in ("visitor_key", "address_key", "network_key"):
        assert len(set(keys(result, name))) == 2


def test_addresses_of_a_network_share_its_key_and_of_an_ipv6_56_all():
    result = masked(line("20.1.2.3"), line("20.1.2.4"), line("2a00:1450:1:2ff::1"), line("2a00:1450:1:201::9"))
    v4_a, v4_b, v6_a, v6_b = keys(result, "address_key")
    assert v4_a != v4_b
    assert v6_a == v6_b
    assert len(set(keys(result, "network_key"))) == 2


def test_keys_mean_nothing_without_the_secret():
    assert not set(keys(masked(line()), "visitor_key")) & set(keys(masked(line(), secret=new_secret()), "visitor_key"))


def test_framing_keeps_address_and_agent_apart():
    result = masked(line("1.2.3.4", agent="5X"), line("1.2.3.45", agent="X"))
    assert len(set(keys(result, "visitor_key"))) == 2


def test_a_log_without_agents_has_visitors_by_address():
    common = b'8.8.8.8 - - [03/Mar/2026:10:00:00 +0000] "GET / HTTP/1.0" 200 5\n'
    result = masked(common, common, name="common")
    assert result.visitors.num_rows == 1
    assert result.visitors["user_agent"].to_pylist() == [None]


def test_the_window_counts_ended_unpublished_asked_days():
    lines = [line(time=f"0{day}/Mar/2026:23:59:59 +0000") for day in (1, 2, 3, 4)]
    window = Window(end=MARCH_3 + 1, asked=frozenset({MARCH_3 - 1, MARCH_3}), published=frozenset({MARCH_3 - 1}))
    result = masked(*lines, window=window)
    assert result.visitors["date"].to_pylist() == [MARCH_3]
    assert result.period_lines == {MARCH_3 - 2: 1, MARCH_3 - 1: 1, MARCH_3: 1, MARCH_3 + 1: 1}


def test_days_and_hours_are_utc():
    result = masked(line(time="04/Mar/2026:00:30:00 +0200"))
    assert result.visitors["date"].to_pylist() == [MARCH_3]
    assert result.hits["hour"].to_pylist() == [22]
    assert result.hits["second"].to_pylist() == [22 * 3600 + 1800]


def test_the_result_has_its_schemas_and_no_identifier():
    secret_values = ["20.1.2.77", "jane", "token=abc", "1048577"]
    result = masked(line("20.1.2.77", user="jane", request="GET /orders/1048577?token=abc HTTP/1.1"))
    assert result.visitors.schema == MASKED_VISITOR
    assert result.hits.schema == MASKED
    shown = repr(result.visitors.to_pylist()) + repr(result.hits.to_pylist())
    for value in secret_values:
        assert value not in shown
    assert result.visitors["prefix"].to_pylist() == ["20.1.2.0"]


def test_no_entries():
    result = masked(b"")
    assert result.visitors.num_rows == result.hits.num_rows == 0


@pytest.mark.parametrize("size", [0, 16, 33])
def test_a_secret_of_the_wrong_size_is_refused(size):
    with pytest.raises(ValueError, match="32 bytes"):
        masked(line(), secret=bytes(size))
