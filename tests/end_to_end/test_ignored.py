"""Requests that the operator leaves out, and proxies that hide visitors, from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipeline.__main__ import main
from tests.logs import FIREFOX, UNNAMED, address, crowd, line
from tests.published import tables

DAY = "2026-03-03"
MONITOR = "Mozilla/5.0+(compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)"
RULES = ("--ignore-path", "/health", "--ignore-path", "/internal/*", "--ignore-network", "20.200.0.0/16", "--ignore-network")
RULES = (*RULES, "192.0.2.7", "--ignore-agent", "UPTIMEROBOT")
COUNTED = crowd(40) + crowd(12, request="GET /healthy HTTP/1.1", agent=FIREFOX) + crowd(3, request="GET /internal HTTP/1.1")
IGNORED = {
    "path": crowd(30, first=900, request="GET /health?all HTTP/1.1") + crowd(25, request="POST /internal/a/b HTTP/1.1"),
    "network": b"".join(line(f"20.200.{n}.1", request="GET /office HTTP/1.1") for n in range(20)) + line("192.0.2.7") * 5,
    "agent": crowd(15, first=2_000, agent=MONITOR, time="05/Mar/2026:10:00:00 +0000") + crowd(1, agent=MONITOR),
}


def run(*arguments: object, command: str = "run") -> int:
    return main([command, *(("--workers", "0") if command == "run" else ()), *UNNAMED, *map(str, arguments)])


def files_of(output: Path) -> dict[str, bytes]:
    return {path.relative_to(output).as_posix(): path.read_bytes() for path in tables(output)}


def manifest_of(output: Path) -> dict[str, object]:
    return json.loads((output / "_manifest" / f"{DAY}.json").read_text())


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Data sets of a log with lines that rules ignore, and of the log without them: by the same rules, as files state them."""
    folder = tmp_path_factory.mktemp("ignored")
    (folder / "without.log").write_bytes(COUNTED)
    (folder / "with.log").write_bytes(b"".join(IGNORED.values()) + COUNTED)
    for name in ("without", "with"):
        words = ("--input", folder / f"{name}.log", "--output", folder / name, "--run-record", folder / f"{name}.json")
        assert run(*words, *RULES) == 0
    return folder


def test_ignored_lines_leave_no_trace_in_any_table(folder):
    assert files_of(folder / "with") == files_of(folder / "without")
    assert [path.name for path in (folder / "with" / "_manifest").iterdir()] == [f"{DAY}.json"]


def test_without_rules_they_would_leave_one(folder, tmp_path):
    assert run("--input", folder / "with.log", "--output", tmp_path / "out", "--date", DAY) == 0
    outputs = (tmp_path / "out", folder / "with")
    rows = [pq.read_table(output / "pages" / f"{DAY}.parquet", partitioning=None) for output in outputs]
    assert "/health" in rows[0]["path"].to_pylist()
    assert "/health" not in rows[1]["path"].to_pylist()


def test_each_ignored_line_is_accounted_for(folder):
    record = json.loads((folder / "with.json").read_text())
    assert record["lines"]["ignored"] == {"agent": 16, "network": 25, "path": 55}
    assert record["lines"]["counted"] == 55
    assert record["days"][DAY]["coverage"] == "edge"
    assert list(record["files"][str(folder / "with.log")]["days"]) == [DAY]


def test_the_summary_says_how_many_are_ignored_by_which_option(folder, tmp_path, capsys):
    assert run("--input", folder / "with.log", "--output", tmp_path / "out", *RULES) == 0
    assert "96 ignored: --ignore-agent (16); --ignore-network (25); --ignore-path (55)" in capsys.readouterr().out


def test_the_manifest_states_that_there_are_rules_and_not_which(folder, capsys):
    text = (folder / "with" / "_manifest" / f"{DAY}.json").read_text()
    stated = manifest_of(folder / "with")["ignored"]
    assert len(stated) == 16
    assert not [word for word in ("health", "20.200", "UPTIME", "uptime") if word in text]
    assert main(["verify", str(folder / "with")]) == 0
    path = folder / "with" / "_manifest" / f"{DAY}.json"
    path.write_text(text.replace(stated, "192.0.2.7"))
    capsys.readouterr()
    assert main(["verify", str(folder / "with")]) == 5
    assert "ignored: not what this version of the program states there" in capsys.readouterr().out
    path.write_text(text)


def test_a_data_set_may_change_its_rules(folder):
    (folder / "next.log").write_bytes(crowd(30, time="04/Mar/2026:10:00:00 +0000"))
    assert run("--input", folder / "next.log", "--output", folder / "with", "--ignore-path", "/new", command="plan") == 0


def test_behind_a_proxy_a_network_is_that_of_the_visitor(tmp_path):
    lines = [line("10.0.0.1")[:-1] + f' "{address(number)}"\n'.encode() for number in range(1, 21)]
    (tmp_path / "log").write_bytes(b"".join(lines))
    words = ("--input", tmp_path / "log", "--output", tmp_path / "out", "--trusted-proxies", "10.0.0.0/8")
    assert run(*words, "--ignore-network", address(7), "--ignore-network", "10.0.0.0/8") == 0
    daily = pq.read_table(tmp_path / "out" / "daily" / f"{DAY}.parquet", partitioning=None)
    assert daily["hits"].to_pylist() == [19]


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("path", "health"),
        ("path", "/a*b"),
        ("network", "10.0.0.1/8"),
        ("network", "office.example.org"),
        ("agent", " "),
    ],
)
def test_a_rule_that_cannot_be_is_refused_by_the_name_of_its_option(folder, tmp_path, capfd, option, value):
    words = ("--input", folder / "with.log", "--output", tmp_path / "out", f"--ignore-{option}", value)
    assert run(*words, command="plan") == 2
    assert f"error: --ignore-{option}: {value!r} is" in capfd.readouterr().err


def test_agents_of_a_log_that_holds_none_cannot_be_ignored(tmp_path, capfd):
    (tmp_path / "log").write_bytes(b'8.8.8.8 - - [03/Mar/2026:10:00:00 +0000] "GET / HTTP/1.0" 200 5\n' * 30)
    words = ("--input", tmp_path / "log", "--output", tmp_path / "out", "--ignore-agent", "curl")
    assert run(*words, command="plan") == 2
    assert "--ignore-agent: the log does not hold user agents" in capfd.readouterr().err


PROXY = "this looks like a proxy"


@pytest.mark.parametrize(
    ("log", "warned"),
    [
        (crowd(20) + line("127.0.0.1") * 30, True),
        (crowd(20) + line("::1") * 30, True),
        (crowd(20) + line("192.168.1.1") * 30, True),
        (crowd(20) + b"".join(line(f"20.99.9.{n}") for n in range(30)), True),
        (crowd(20) + line("127.0.0.1", agent="curl/8.5.0") * 30, False),
        (crowd(20) + line("127.0.0.1") * 10, False),
        (crowd(20) + line(address(99)) * 30, False),
    ],
    ids=["loopback", "IPv6 loopback", "private", "a network", "no people", "not most", "one address"],
)
def test_a_proxy_is_told_by_the_hits_of_people(tmp_path, capsys, log, warned):
    (tmp_path / "log").write_bytes(log)
    assert run("--input", tmp_path / "log", "--output", tmp_path / "out") == 0
    said = " ".join(capsys.readouterr().out.split())
    assert (PROXY in said) is warned
    assert not (warned and "One address makes more than half" in said)


@pytest.mark.parametrize(
    ("log", "says"),
    [
        (crowd(20) + line("127.0.0.1") * 380, "380 of 400 hits of people come from no public address"),
        (crowd(20) + line("unreadable!") * 380, "380 of 400 hits of people come from no public address"),
        (crowd(20) + b"".join(line(f"20.99.9.{n % 200}") for n in range(380)), "380 of 400 hits of people come from one network"),
        (line(address(99)) * 100, "100 of 100 hits of people come from one network"),
        (crowd(21) + line("127.0.0.1") * 380, None),
        (line(address(99)) * 99, None),
        (crowd(20) + line("127.0.0.1", agent="curl/8.5.0") * 900, None),
    ],
    ids=["loopback", "no address", "a network", "an address", "not nearly all", "few", "no people"],
)
def test_what_looks_like_one_proxy_is_published_only_if_somebody_says_so(tmp_path, capsys, log, says):
    (tmp_path / "log").write_bytes(log)
    words = ("--input", tmp_path / "log", "--output", tmp_path / "out", "--date", "2026-03-03", "--period", "day")
    assert run(*words) == (0 if says is None else 3)
    if says is not None:
        said = " ".join(capsys.readouterr().err.split())
        assert says in said
        assert "--one-network publish" in said
        assert not (tmp_path / "out" / "_manifest").exists()
        assert run(*words, "--one-network", "publish") == 0
    assert (tmp_path / "out" / "_manifest" / "2026-03-03.json").exists()


def test_a_proxy_is_told_of_once_and_then_in_the_record(tmp_path, capsys):
    log, record = tmp_path / "log", tmp_path / "record.json"
    words = ("--input", log, "--output", tmp_path / "out", "--run-record", record)
    for number, time in enumerate(("03/Mar/2026:10:00:00 +0000", "04/Mar/2026:10:00:00 +0000")):
        log.write_bytes(crowd(20, time=time) + line("127.0.0.1", time=time) * 30)
        assert run(*words) == 0
        (day,) = json.loads(record.read_text())["days"].values()
        assert day["local_addresses_dominate"] is True
        assert (PROXY in " ".join(capsys.readouterr().out.split())) is (number == 0)
