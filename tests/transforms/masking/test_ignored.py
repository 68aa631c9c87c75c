"""Requests that the operator leaves out: which ones each rule fits, and what is stated of the rules."""

from __future__ import annotations

import pytest

from tests.logs import CHROME, FIREFOX, line
from transforms.formats.registry import format_of
from transforms.masking.client import Proxies
from transforms.masking.fingerprint import is_fingerprint
from transforms.masking.ignored import Ignored, agent_rule, network_rule, path_rule
from transforms.parsing.parse import parse_block


def left_out(ignored: Ignored, *lines: bytes, name: str = "combined", proxies: Proxies | None = None) -> list[str]:
    """For each line the reason why it is left out, or ""."""
    reasons = []
    for one in lines:
        entries, counts = ignored.left(parse_block(one, format_of(name)).entries, proxies)
        assert entries.num_rows == 1 - sum(counts.values())
        reasons.append("".join(counts))
    together, counts = ignored.left(parse_block(b"".join(lines), format_of(name)).entries, proxies)
    assert together.num_rows == reasons.count("")
    assert counts == {reason: reasons.count(reason) for reason in ("path", "network", "agent") if reason in reasons}
    return reasons


@pytest.mark.parametrize(
    ("rule", "target", "fits"),
    [
        ("/health", "/health", True),
        ("/health", "/health?full=1#x", True),
        ("/health", "/health;jsessionid=1", True),
        ("/health", "https://www.example.org/health", True),
        ("/health", "/healthy", False),
        ("/health", "/Health", False),
        ("/health", "/a/health", False),
        ("/health", "/a?/health", False),
        ("/health/*", "/health/", True),
        ("/health/*", "/health/db?x", True),
        ("/health/*", "/health", False),
        ("/health*", "/healthy", True),
        ("/h.alth", "/health", False),
    ],
)
def test_paths(rule, target, fits):
    assert left_out(Ignored(paths=(path_rule(rule),)), line(request=f"GET {target} HTTP/1.1")) == ["path" if fits else ""]


@pytest.mark.parametrize(
    ("rule", "host", "fits"),
    [
        ("192.0.2.0/24", "192.0.2.7", True),
        ("192.0.2.0/24", "192.0.3.7", False),
        ("192.0.2.7", "192.0.2.7", True),
        ("192.0.2.7", "192.0.2.7:4711", True),
        ("192.0.2.7", "192.0.2.70", False),
        ("127.0.0.0/8", "127.1.2.3", True),
        ("192.0.2.0/24", "::ffff:192.0.2.7", True),
        ("192.0.2.0/24", "64:ff9b::c000:207", True),
        ("::ffff:192.0.2.0/120", "192.0.2.7", True),
        ("2001:db8::/32", "2001:db8:1::7", True),
        ("2001:db8::/32", "2001:db9:1::7", False),
        ("::1", "::1", True),
        ("::/0", "192.0.2.7", False),
        ("0.0.0.0/0", "2001:db8::1", False),
        ("192.0.2.0/24", "monitor.example.org", False),
    ],
)
def test_networks(rule, host, fits):
    assert left_out(Ignored(networks=(network_rule(rule),)), line(host)) == ["network" if fits else ""]


def test_a_network_is_that_of_the_visitor_behind_proxies():
    ignored, proxies = Ignored(networks=(network_rule("192.0.2.7"),)), Proxies.parse("10.0.0.0/8")
    lines = [line("10.0.0.1")[:-1] + f' "{forwarded}"\n'.encode() for forwarded in ("192.0.2.7", "8.8.8.8", "192.0.2.7, 8.8.8.8")]
    assert left_out(ignored, *lines, name="combined_forwarded", proxies=proxies) == ["network", "", ""]
    assert left_out(ignored, *lines, name="combined_forwarded") == ["", "", ""]


@pytest.mark.parametrize(
    ("rule", "agent", "fits"),
    [
        ("uptimerobot", "Mozilla/5.0+(compatible; UptimeRobot/2.0)", True),
        ("UPTIMEROBOT/2", "Mozilla/5.0+(compatible; UptimeRobot/2.0)", True),
        ("(compatible;", "Mozilla/5.0+(compatible; UptimeRobot/2.0)", True),
        (".*", "Mozilla/5.0", False),
        ("uptimerobot", "", False),
    ],
)
def test_agents(rule, agent, fits):
    assert left_out(Ignored(agents=(agent_rule(rule),)), line(agent=agent)) == ["agent" if fits else ""]


def test_a_line_is_left_out_for_one_reason():
    ignored = Ignored(("/a", "/b"), (network_rule("192.0.2.0/24"),), ("chrome", "safari"))
    request = "GET /a HTTP/1.1"
    assert left_out(ignored, line("192.0.2.1", request=request), line("192.0.2.1"), line(), line(agent=FIREFOX)) == [
        "path",
        "network",
        "agent",
        "",
    ]


def test_a_format_without_agents_has_none_to_leave_out():
    common = b'8.8.8.8 - - [03/Mar/2026:10:00:00 +0000] "GET / HTTP/1.0" 200 5\n'
    assert left_out(Ignored(agents=("-",)), common, name="common") == [""]


@pytest.mark.parametrize(
    ("rule", "word"),
    [
        *((path_rule, word) for word in ("", "health", "*", "/a*b", "/a/**", "/a?x", "/a b", "/a\n")),
        *((network_rule, word) for word in ("", "192.0.2", "192.0.2.7/24", "monitor.example.org", "10.0.0.0/8,::1")),
        *((agent_rule, word) for word in ("", " ")),
    ],
)
def test_what_is_no_rule_is_refused(rule, word):
    with pytest.raises(ValueError, match=r"is (neither|not|in every)"):
        rule(word)


def test_the_same_rules_have_the_same_fingerprint():
    one, other = network_rule("192.0.2.0/24"), network_rule("198.51.100.7")
    stated = Ignored(("/a", "/b"), (one, other), ("Bot",)).fingerprint()
    assert is_fingerprint(stated)
    assert Ignored(("/b", "/a", "/a"), (other, one), ("bOT",)).fingerprint() == stated
    assert Ignored().fingerprint() == "none"
    others = [
        Ignored(("/a", "/b"), (one,), ("Bot",)),
        Ignored(("/a", "/b", "/c"), (one, other), ("Bot",)),
        Ignored(("/a", "/b"), (one, other), ("Bot", CHROME)),
    ]
    assert len({stated, *(each.fingerprint() for each in others)}) == 4


def test_no_address_can_be_found_from_a_fingerprint():
    """All IPv4 addresses can be hashed within an hour."""
    stated = {Ignored(networks=(network_rule(word),)).fingerprint() for word in ("192.0.2.7", "198.51.100.0/24", "::1")}
    assert len(stated) == 1
    assert stated != {"none"}
