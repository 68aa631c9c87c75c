"""The example generator: its logs have the properties that the examples and benchmarks rely on."""

from __future__ import annotations

import gzip
import ipaddress
import re
import subprocess
import sys
from collections import Counter
from datetime import date
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
COMBINED = re.compile(
    r'(?P<host>\S+) - (?P<user>.+?) \[(?P<time>[^]]+)\] "(?P<request>(?:[^"\\]|\\.)*)" (?P<status>\d{3}) (?P<bytes>\d+|-)'
    r' "(?P<referer>(?:[^"\\]|\\.)*)" "(?P<agent>(?:[^"\\]|\\.)*)"'
)


def load() -> Any:
    """The script as a module: `examples` is no package and need not be on the path."""
    spec = spec_from_file_location("generate_example_log", EXAMPLES / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


script = load()


def log(lines: int, **options: Any) -> bytes:
    return b"".join(script.generate(lines, **options))


def cli(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(EXAMPLES / "generate.py"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.fixture(scope="module")
def day() -> list[str]:
    return log(60_000).decode("ascii").splitlines()


@pytest.fixture(scope="module")
def entries(day: list[str]) -> list[dict[str, str]]:
    return [found.groupdict() for found in map(COMBINED.fullmatch, day) if found]


def test_same_arguments_same_bytes_and_another_seed_other_bytes() -> None:
    assert log(3_000, seed=5) == log(3_000, seed=5)
    assert log(3_000, seed=5) != log(3_000, seed=6)


@pytest.mark.parametrize("profile", script.PROFILES)
@pytest.mark.parametrize("lines", [1, 2, 7, 999, pytest.param(130_001, marks=pytest.mark.long)])
def test_exactly_the_lines_asked_for(profile: str, lines: int) -> None:
    text = log(lines, profile=profile)
    assert text.count(b"\n") == lines
    assert text.endswith(b"\n")
    assert b"\n\n" not in text


@pytest.mark.long
@pytest.mark.parametrize("profile", script.PROFILES)
def test_chunks_end_at_line_ends(profile: str) -> None:
    chunks = list(script.generate(130_000, profile=profile))
    assert len(chunks) > 1
    assert all(chunk.endswith(b"\n") for chunk in chunks)


def test_nearly_all_lines_parse_and_the_others_are_cut_lines(day: list[str], entries: list[dict[str, str]]) -> None:
    rejected = len(day) - len(entries)
    assert rejected == round(len(day) * script.OTHERS["broken"][0])
    assert 0 < rejected < len(day) / 1000


@pytest.mark.long
def test_lines_are_sorted_by_time_and_within_the_day() -> None:
    text = log(130_000, day=date(2026, 2, 28)).decode()
    times = [found["time"] for found in map(COMBINED.fullmatch, text.splitlines()) if found]
    assert times == sorted(times)  # one day, so that text sorts as time does
    assert {time[:11] for time in times} == {"28/Feb/2026"}
    assert {time[-6:] for time in times} == {" +0000"}
    assert len({time[12:14] for time in times}) == 24


def test_people_come_by_day_rather_than_by_night(entries: list[dict[str, str]]) -> None:
    hours = Counter(entry["time"][12:14] for entry in entries)
    assert hours["15"] > 3 * hours["03"]


def test_share_of_robots(entries: list[dict[str, str]]) -> None:
    people = {agent for who, agent in script.read_table("agents.csv") if who == "person"}
    robots = {agent for who, agent in script.read_table("agents.csv") if who != "person"}
    assert not people & robots
    share = sum(entry["agent"] in robots for entry in entries) / len(entries)
    assert 0.12 < share < 0.22
    asked = Counter(path for entry in entries if entry["agent"] in robots for path in entry["request"].split(" ")[1:2])
    assert min(asked["/robots.txt"], asked["/wp-login.php"], asked["/.env"]) > 50


def test_visitors_and_their_addresses(entries: list[dict[str, str]]) -> None:
    visitors = {(entry["host"], entry["agent"]) for entry in entries}
    assert len(visitors) >= 4_000
    hosts = {host for host, _ in visitors}
    assert all(ipaddress.ip_address(host).is_global for host in hosts)
    assert 0.09 < sum(":" in host for host in hosts) / len(hosts) < 0.15


def test_countries(entries: list[dict[str, str]]) -> None:
    hosts = {ipaddress.ip_address(entry["host"]) for entry in entries}
    countries: Counter[str] = Counter()
    for network, country in script.read_table("networks.csv"):
        block = ipaddress.ip_network(network)
        countries[country] += sum(host in block for host in hosts)
    assert sum(countries.values()) == len(hosts)  # no address from anywhere else, no block twice
    assert sum(count >= 10 for count in countries.values()) >= 25


def test_a_day_has_all_kinds_of_lines(entries: list[dict[str, str]]) -> None:
    assert {"200", "301", "304", "400", "403", "404", "405", "408", "500"} <= {entry["status"] for entry in entries}
    assert {"GET", "POST", "HEAD"} <= {entry["request"].partition(" ")[0] for entry in entries}
    requests = " ".join(entry["request"] for entry in entries)
    for kind in (".css ", ".js ", ".woff2 ", ".png ", ".pdf ", ".zip ", "/orders/", "/u/", "/reset/", "?q=", "utm_source=", "@"):
        assert kind in requests
    assert not re.search(r"[{}]", requests)  # no placeholder left
    referrers = " ".join(entry["referer"] for entry in entries)
    for source in ("www.google.com", "www.reddit.com", "chatgpt.com", "news.ycombinator.com", "https://www.example.org/blog/"):
        assert source in referrers
    assert {entry["user"] for entry in entries} >= {"-", "editor1", "site editor"}


def test_odd_lines_are_written_as_servers_escape_them(day: list[str]) -> None:
    text = "\n".join(day)
    for odd in (r'"\x16\x03\x01', '"-" 408 - "-" "-"', '"GET /" 400', r"\"Home Browser\"", r"\x22quoted\x22", '"GET http://'):
        assert odd in text


@pytest.mark.long
def test_half_of_the_scattered_addresses_are_distinct() -> None:
    lines = log(60_000, profile="scattered").decode().splitlines()
    parsed = [found for found in map(COMBINED.fullmatch, lines) if found]
    assert len(parsed) == 60_000
    assert 0.48 < len({found["host"] for found in parsed}) / 60_000 < 0.52
    assert len({(found["host"], found["agent"]) for found in parsed}) > 55_000


def test_days_follow_each_other_and_depend_on_their_date_only() -> None:
    both = log(2_000, day=date(2026, 2, 28), days=2)
    assert both == log(2_000, day=date(2026, 2, 28)) + log(2_000, day=date(2026, 3, 1))


def test_virtual_hosts() -> None:
    lines = log(5_000, log_format="vhost_combined", sites=["a.example.net", "b.example.net"]).decode().splitlines()
    sites = Counter(line.partition(":")[0] for line in lines)
    assert sites["a.example.net"] > sites["b.example.net"] > 1_000
    prefix = re.compile(r"[ab]\.example\.net:(443|80) ")
    parsed = sum(bool((found := prefix.match(line)) and COMBINED.fullmatch(line, found.end())) for line in lines)
    assert parsed == 4_999  # one is cut


def test_command_line_writes_what_generate_gives_plain_or_packed(tmp_path: Path) -> None:
    plain, packed = tmp_path / "access.log", tmp_path / "other-name.log.gz"
    for output in (plain, packed):
        done = cli("--output", output, "--lines", 2_000, "--date", "2026-03-04", "--seed", 3, "--sites", "www.example.com")
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert plain.read_bytes() == log(2_000, day=date(2026, 3, 4), seed=3, sites=["www.example.com"])
    assert gzip.decompress(packed.read_bytes()) == plain.read_bytes()
    assert packed.read_bytes()[3:8] == bytes(5)  # flags and time: no file name, no time


@pytest.mark.parametrize(
    ("option", "value"),
    [("--date", "2026-13-01"), ("--date", "9999-12-31"), ("--lines", "0"), ("--days", "-1"), ("--seed", "-1"), ("--sites", "a b"),
     ("--format", "common"), ("--profile", "typical"), ("--line", "5"), ("--output", "missing/directory/access.log")],
)  # fmt: skip
def test_wrong_arguments_exit_with_2(
    option: str, value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    arguments = ["--output", "access.log", "--lines", "10", "--days", "2", option, value]
    with pytest.raises(SystemExit) as stopped:
        script.main(arguments)
    assert stopped.value.code == 2
    assert "error: " in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_wrong_date_on_a_real_command_line(tmp_path: Path) -> None:
    done = cli("--output", tmp_path / "access.log", "--date", "yesterday")
    assert done.returncode == 2
    assert "--date" in done.stderr
