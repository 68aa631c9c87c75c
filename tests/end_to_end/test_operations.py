"""Everyday operation: the job handles unusual inputs, days, proxies and signals, or says what is wrong."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import zstandard

from pipeline.__main__ import main
from pipeline.cli import run as run_command
from tests import reference
from tests.catalogues import REPORTS
from tests.eager import rows_of
from tests.logs import FIREFOX, UNNAMED, address, crowd, line
from tests.published import tables

ROOT = Path(__file__).parents[2]
DAY = "2026-03-03"
LOG = crowd(12) + crowd(12, request="GET /a HTTP/1.1", agent=FIREFOX)


def run(*arguments: object) -> int:
    return main(["run", "--workers", "0", "--period", "day", *UNNAMED, *map(str, arguments)])


def published(output: Path, report: str = "daily", day: str = DAY) -> dict[tuple[str, ...], tuple[int, ...]]:
    return rows_of(pq.read_table(output / report / f"{day}.parquet", partitioning=None), report)


@pytest.mark.parametrize("compress", [bytes, gzip.compress, bz2.compress, zstandard.compress])
def test_standard_input(tmp_path, monkeypatch, compress):
    stdin = io.TextIOWrapper(io.BytesIO(compress(LOG * 1000)))
    monkeypatch.setattr(sys, "stdin", stdin)
    monkeypatch.setattr("pipeline.graph.inputs._read_from_stdin", [])
    assert run("--input", "-", "--output", tmp_path / "out", "--date", DAY) == 0
    assert published(tmp_path / "out") == {("(unknown)", "human"): (24_000, 24)}


@pytest.mark.parametrize("date", [(), ("--date", DAY)])
@pytest.mark.parametrize("compress", [bytes, gzip.compress])
def test_a_standard_input_that_ends_within_a_line_publishes_nothing(tmp_path, monkeypatch, capfd, compress, date):
    """A broken connection looks like that, and lines of any day may be missing. An archive is whole or refused as truncated."""
    sent = compress(LOG * 1000)
    stdin = io.TextIOWrapper(io.BytesIO(sent[: len(sent) - 9]))
    monkeypatch.setattr(sys, "stdin", stdin)
    monkeypatch.setattr("pipeline.graph.inputs._read_from_stdin", [])
    assert run("--input", "-", "--output", tmp_path / "out", "--log-format", "json", *date) == 6
    event = json.loads(capfd.readouterr().err.splitlines()[-1])
    assert event["reason"] == ("cut_off" if compress is bytes else "truncated")
    assert event["message"].startswith("error: The standard input: it ends ")
    if compress is bytes:
        assert "Copy the log into a file first" in event["message"]
        assert "set -o pipefail" in event["message"]
    assert not tables(tmp_path / "out")


def test_a_file_or_an_archive_may_end_without_a_newline(tmp_path, monkeypatch):
    (tmp_path / "access.log").write_bytes(LOG.rstrip())
    assert run("--input", tmp_path / "access.log", "--output", tmp_path / "out") == 0
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(gzip.compress(LOG.rstrip()))))
    monkeypatch.setattr("pipeline.graph.inputs._read_from_stdin", [])
    assert run("--input", "-", "--output", tmp_path / "piped") == 0
    assert published(tmp_path / "out") == published(tmp_path / "piped") == {("(unknown)", "human"): (24, 24)}


@pytest.mark.long
def test_a_pipe_in_the_shell(tmp_path):
    (tmp_path / "log").write_bytes(LOG)
    command = f"{sys.executable} -m pipeline run --input - --output {tmp_path}/out --site '(unknown)' < {tmp_path}/log"
    subprocess.run(command, shell=True, check=True, cwd=ROOT, capture_output=True)
    assert published(tmp_path / "out")


def test_files_of_every_kind_at_once(tmp_path):
    writers = {"a.log": bytes, "b.gz": gzip.compress, "c.bz2": bz2.compress, "d.zst": zstandard.compress}
    for number, (name, compress) in enumerate(writers.items()):
        (tmp_path / name).write_bytes(compress(crowd(10, first=1 + 10 * number)))
    inputs = [word for name in writers for word in ("--input", tmp_path / name)]
    assert run(*inputs, "--output", tmp_path / "out") == 0
    assert published(tmp_path / "out") == {("(unknown)", "human"): (40, 40)}


def test_a_copy_under_another_name_is_refused_even_if_compressed(tmp_path, capfd):
    (tmp_path / "a.log").write_bytes(LOG)
    (tmp_path / "b.gz").write_bytes(gzip.compress(LOG))
    assert run("--input", tmp_path / "a.log", "--input", tmp_path / "b.gz", "--output", tmp_path / "out") == 6
    assert f"{tmp_path}/a.log and {tmp_path}/b.gz begin with the same lines" in capfd.readouterr().err


_ALIKE = crowd(40)  # more than 4,096 bytes


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (_ALIKE + crowd(10, first=41), _ALIKE + crowd(10, first=61)),
        (_ALIKE * 400 + crowd(10, first=41), _ALIKE * 400 + crowd(10, first=61)),
        (_ALIKE * 800 + crowd(10, first=41) + _ALIKE, _ALIKE * 800 + crowd(10, first=61) + _ALIKE),
    ],
    ids=["behind 4 KiB", "behind the first 256 KiB", "behind the first MiB"],
)
def test_two_logs_that_only_begin_alike_are_two(tmp_path, one, other):
    for name, data in (("a.log", one), ("b.log", other)):
        (tmp_path / name).write_bytes(data)
    inputs = ("--input", tmp_path / "a.log", "--input", tmp_path / "b.log")
    assert run(*inputs, "--output", tmp_path / "out", "--date", DAY) == 0
    ((hits, visitors),) = published(tmp_path / "out").values()
    assert (hits, visitors) == ((one + other).count(b"\n"), 60)


@pytest.mark.parametrize("write", [bytes, gzip.compress, bz2.compress, zstandard.compress])
@pytest.mark.parametrize("times", [1, 800])
@pytest.mark.parametrize("further", [b"", crowd(10, first=41)])
def test_a_copy_is_refused_also_if_its_log_has_grown_since(tmp_path, capfd, write, times, further):
    (tmp_path / "a.log").write_bytes(_ALIKE * times)
    (tmp_path / "b").write_bytes(write(_ALIKE * times + further))
    assert run("--input", tmp_path / "b", "--input", tmp_path / "a.log", "--output", tmp_path / "out") == 6
    said = capfd.readouterr().err
    assert f"{tmp_path}/a.log and {tmp_path}/b begin with the same lines" in said
    assert "cat FIRST SECOND | weblog-anonymizer run --input - " in said


def test_a_zip_bomb_is_refused(tmp_path, capfd):
    bomb = gzip.compress(LOG * 100 + bytes(280 << 20), compresslevel=6)  # up to 256 MiB may expand as they will
    (tmp_path / "bomb.gz").write_bytes(bomb)
    assert run("--input", tmp_path / "bomb.gz", "--output", tmp_path / "out") == 6
    assert "more than 300 times its own size" in capfd.readouterr().err


def test_a_pipe_in_the_file_system_is_named_with_the_way_out(tmp_path, capfd):
    os.mkfifo(tmp_path / "pipe")
    assert run("--input", tmp_path / "pipe", "--output", tmp_path / "out") == 6
    assert "--input -" in capfd.readouterr().err


def meanwhile(monkeypatch, happens):
    """Let something happen between looking at the input and reading it."""
    execute = run_command._execute

    def later(*arguments):
        happens()
        execute(*arguments)

    monkeypatch.setattr(run_command, "_execute", later)


def test_a_file_that_grows_is_read_to_where_it_ended(tmp_path, monkeypatch):
    path = tmp_path / "access.log"
    half = line(address(500))
    path.write_bytes(LOG + half[:30])

    def grow():
        with path.open("ab") as file:
            file.write(half[30:] + crowd(5, first=600))

    meanwhile(monkeypatch, grow)
    assert run("--input", path, "--output", tmp_path / "out", "--max-reject-ratio", 0) == 0
    assert published(tmp_path / "out") == {("(unknown)", "human"): (24, 24)}


@pytest.mark.parametrize(
    ("happens", "words"),
    [
        (lambda path: path.write_bytes(LOG[:100]), "it ends too early"),
        (lambda path: path.unlink(), "it vanished"),
        (lambda path: (path.rename(path.with_suffix(".1")), path.write_bytes(LOG * 2)), "it was replaced while it was read"),
    ],
)
def test_a_file_that_shrinks_vanishes_or_is_rotated_away_publishes_nothing(tmp_path, monkeypatch, capfd, happens, words):
    path = tmp_path / "access.log"
    path.write_bytes(LOG)
    meanwhile(monkeypatch, lambda: happens(path))
    assert run("--input", path, "--output", tmp_path / "out") == 6
    said = capfd.readouterr().err
    assert words in said
    assert str(path) in said
    assert not list((tmp_path / "out").rglob("*.parquet"))


def test_a_compressed_file_that_vanishes_publishes_nothing(tmp_path, monkeypatch, capfd):
    path = tmp_path / "access.gz"
    path.write_bytes(gzip.compress(LOG))
    meanwhile(monkeypatch, path.unlink)
    assert run("--input", path, "--output", tmp_path / "out") == 6
    assert str(path) in capfd.readouterr().err


def test_days_and_hours_of_a_time_zone(tmp_path):
    path = tmp_path / "access.log"
    # 23:30 and 00:30 in Berlin, on both sides of a midnight there; the hour that comes twice on 25 October 2026; and the two
    # sides of the hour that is left out on 29 March.
    times = [
        "03/Mar/2026:22:30:00 +0000",
        "03/Mar/2026:23:30:00 +0000",
        "25/Oct/2026:00:30:00 +0000",
        "25/Oct/2026:01:30:00 +0000",
        "29/Mar/2026:00:30:00 +0000",
        "29/Mar/2026:01:30:00 +0000",
        "29/Mar/2026:21:59:59 +0000",
    ]
    before = crowd(10, time="02/Mar/2026:10:00:00 +0000")
    path.write_bytes(before + b"".join(crowd(10, first=100 * number, time=time) for number, time in enumerate(times, 1)))
    assert run("--input", path, "--output", tmp_path / "out", "--timezone", "Europe/Berlin") == 0
    hours = {day: set(published(tmp_path / "out", "hourly", day)) for day in (DAY, "2026-03-04", "2026-03-29", "2026-10-25")}
    assert hours == {
        DAY: {("(unknown)", "human", "18-23", "23")},
        "2026-03-04": {("(unknown)", "human", "00-05", "00")},
        "2026-03-29": {("(unknown)", "human", *hour) for hour in (("00-05", "01"), ("00-05", "03"), ("18-23", "23"))},
        "2026-10-25": {("(unknown)", "human", "00-05", "02")},
    }
    assert published(tmp_path / "out", "hourly", "2026-10-25")[("(unknown)", "human", "00-05", "02")][0] == 20
    assert json.loads((tmp_path / "out" / "_manifest" / f"{DAY}.json").read_text())["time_zone"] == "Europe/Berlin"


def test_the_reference_agrees_in_a_time_zone(tmp_path):
    path = tmp_path / "a.log"
    command = [sys.executable, "examples/generate.py", "--output", str(path), "--lines", "3000"]
    subprocess.run(command, cwd=ROOT, check=True)
    words = ("--timezone", "America/New_York", "--date", "2026-03-02..2026-03-03")
    assert run("--input", path, "--output", tmp_path / "out", *words) == 0
    hits, _ = reference.hits_of(path.read_bytes().split(b"\n"), "combined", None, "America/New_York")
    expected = reference.publish(hits)
    assert set(expected) == {"2026-03-02", "2026-03-03"}
    for day, reports in expected.items():
        assert {name: published(tmp_path / "out", name, day) for name in reports} == reports


def test_weeks(tmp_path, capfd):
    path = tmp_path / "access.log"
    # Monday to Sunday: five addresses a day, ten in the week; and a Sunday before, on its own.
    days = [crowd(5, first=1 + day % 2 * 5, time=f"{2 + day:02}/Mar/2026:10:00:00 +0000") for day in range(7)]
    path.write_bytes(crowd(12, first=100, time="01/Mar/2026:23:59:59 +0000") + b"".join(days))
    output = tmp_path / "out"
    assert run("--input", path, "--output", output, "--period", "week", "--date", "2026-03-05") == 0
    assert [entry.name for entry in (output / "_manifest").iterdir()] == ["2026-03-02.json"]
    # Ten addresses: a visitor is one all week, and what it does on each day is a visit.
    assert published(output, day="2026-03-02") == {("(unknown)", "human"): (35, 10)}
    hits, _ = reference.hits_of(path.read_bytes().split(b"\n"), "combined", period="week")
    expected = reference.publish(hits)["2026-03-02"]
    assert {name: published(output, name, "2026-03-02") for name in expected} == expected
    assert run("--input", path, "--output", output, "--period", "week", "--date", "2026-03-08") == 4
    assert "The week from 2026-03-02 is published already" in capfd.readouterr().err
    assert run("--input", path, "--output", output) == 2
    assert "was published with --period week, not day" in capfd.readouterr().err


@pytest.mark.parametrize("words", [("--timezone", "America/New_York"), ("--period", "week")])
def test_a_clock_that_was_never_set_stops_no_run(tmp_path, words):
    """Its first seconds lie in a period that began before 1970."""
    path = tmp_path / "access.log"
    path.write_bytes(line(time="01/Jan/1970:00:00:05 +0000") + crowd(20) + crowd(20, time="04/Mar/2026:10:00:00 +0000"))
    assert run("--input", path, "--output", tmp_path / "out", *words) == 0
    assert published(tmp_path / "out", day="2026-03-02" if "week" in words else DAY)[("(unknown)", "human")][0] >= 20


def test_months(tmp_path):
    path = tmp_path / "access.log"
    days = [crowd(2, first=2 * day, time=f"{day:02}/Feb/2026:23:59:59 +0000") for day in range(1, 29)]
    path.write_bytes(b"".join(days) + crowd(12, first=100, time="01/Mar/2026:00:00:00 +0000"))
    output = tmp_path / "out"
    assert run("--input", path, "--output", output, "--period", "month", "--date", "2026-02-05") == 0
    assert [entry.name for entry in (output / "_manifest").iterdir()] == ["2026-02-01.json"]
    hits, _ = reference.hits_of(path.read_bytes().split(b"\n"), "combined", period="month")
    expected = reference.publish(hits)["2026-02-01"]
    assert expected["daily"] == {("(unknown)", "human"): (56, 56)}
    assert {name: published(output, name, "2026-02-01") for name in expected} == expected
    assert main(["verify", str(output)]) == 0


@pytest.mark.long
def test_a_backfill_publishes_every_day_in_one_run_and_the_next_none(tmp_path, capsys):
    path = tmp_path / "access.log"
    path.write_bytes(b"".join(crowd(10, time=f"{day:02}/Jan/2026:10:00:00 +0000") for day in range(1, 13)))
    record = tmp_path / "record.json"
    assert run("--input", path, "--output", tmp_path / "out", "--run-record", record) == 0
    assert len(list((tmp_path / "out" / "_manifest").iterdir())) == 12
    coverage = [day["coverage"] for day in json.loads(record.read_text())["days"].values()]
    # Ten lines before the second day, or after the last but one, do not show that the input goes on.
    assert coverage == ["edge", "edge", *["full"] * 8, "edge", "edge"]
    capsys.readouterr()
    assert run("--input", path, "--output", tmp_path / "out") == 0
    said = capsys.readouterr().out
    assert "Not published: 2026-01-01 to 2026-01-12 (12 days): the day is published already." in said


@pytest.mark.parametrize(("grace", "code"), [("0", 0), ("2000000", 2)])
def test_a_day_ends_after_its_grace(tmp_path, grace, code):
    path = tmp_path / "access.log"
    path.write_bytes(LOG)
    assert run("--input", path, "--output", tmp_path / "out", "--date", DAY, "--grace", grace) == code


def test_yesterday(tmp_path, capfd):
    path = tmp_path / "access.log"
    path.write_bytes(LOG)
    assert run("--input", path, "--output", tmp_path / "out", "--date", "yesterday") == 7
    assert "No line of 20" in capfd.readouterr().err


def forwarded(count: int) -> bytes:
    return b"".join(line("10.0.0.1").rstrip() + f' "{address(number)}"\n'.encode() for number in range(1, count + 1))


def test_visitors_behind_a_proxy(tmp_path, capsys):
    path = tmp_path / "access.log"
    path.write_bytes(forwarded(20))
    assert run("--input", path, "--output", tmp_path / "hidden") == 0
    assert published(tmp_path / "hidden") == {}
    said = " ".join(capsys.readouterr().out.split())
    assert "this looks like a proxy" in said
    assert "--trusted-proxies" in said
    for number, proxies in enumerate(("10.0.0.0/8", "1")):
        assert run("--input", path, "--output", tmp_path / f"out{number}", "--trusted-proxies", proxies) == 0
        assert published(tmp_path / f"out{number}") == {("(unknown)", "human"): (20, 20)}
    assert "this looks like a proxy" not in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--trusted-proxies", "10.0.0.0/8"], "does not hold X-Forwarded-For"),
        (["--trusted-proxies", "proxy"], "neither a network"),
        (["--opt-out", "exclude"], "holds neither DNT nor Sec-GPC"),
        (["--secret-from", "SECRET"], "is not env:NAME"),
        (["--secret-from", "env:NOT_THERE"], "at least 32 characters"),
        (["--no-wait"], "no runner elsewhere is named"),
        (["--no-wait", "--run-record", "record.json", "--runner=PortableRunner"], "written by a launcher that waits"),
        (["--no-wait", "--runner=PortableRunner"], "the job would end with this process"),
        (["--routes", "none.txt"], "--routes: none.txt cannot be read: No such file or directory."),
        (["--routes", sys.executable], "cannot be read: it is not UTF-8."),
        (["--site", ""], "--site: '' is not the name of a host"),
        (["--timezone", "Berlin"], "not a time zone"),
        (["--max-memory", "10M"], "memory"),
    ],
)
def test_settings_that_cannot_be_are_refused(tmp_path, capfd, arguments, words):
    path = tmp_path / "access.log"
    path.write_bytes(LOG)
    assert run("--input", path, "--output", tmp_path / "out", *arguments) == 2
    assert words in capfd.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--grace", "soon"], "--grace: soon is not a whole number"),
        (["--min-addresses", "4"], "--min-addresses: 4 is less than 5"),
        (["--max-memory", "4"], "--max-memory: 4 is not a size such as 800M or 4G"),
        (["--max-reject-ratio", "many"], "--max-reject-ratio: many is not a number between 0 and 1"),
    ],
)
def test_a_wrong_value_is_said_in_one_line(tmp_path, capfd, arguments, words):
    with pytest.raises(SystemExit) as stopped:
        run("--input", tmp_path, "--output", tmp_path, *arguments)
    assert stopped.value.code == 2
    said = capfd.readouterr().err
    assert said == f"weblog-anonymizer: error: argument {words}. See `weblog-anonymizer run --help`.\n"


def test_routes_and_a_part_of_the_secret_from_outside(tmp_path, monkeypatch):
    path, routes = tmp_path / "access.log", tmp_path / "routes.txt"
    path.write_bytes(b"".join(line(address(n), request=f"GET /users/jane{n} HTTP/1.1") for n in range(1, 13)))
    routes.write_text("/users/:user\n")
    monkeypatch.setenv("WEBLOG_SECRET", "y" * 40)
    arguments = ("--routes", routes, "--secret-from", "env:WEBLOG_SECRET")
    assert run("--input", path, "--output", tmp_path / "out", *arguments) == 0
    assert [key[-1] for key in published(tmp_path / "out", "pages")] == ["/users/:user"]


def test_visitors_who_opted_out_are_counted_only_as_such(tmp_path, capsys):
    path = tmp_path / "access.log"
    lines = [line(address(n)).rstrip() + f' "{n % 2}" "-"\n'.encode() for n in range(1, 41)]
    path.write_bytes(b"".join(lines))
    notation = r"%h %l %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-Agent}i\" \"%{DNT}i\" \"%{Sec-GPC}i\""
    assert run("--input", path, "--output", tmp_path / "all", "--format", notation) == 0
    assert published(tmp_path / "all")[("(unknown)", "human")][0] == 40
    capsys.readouterr()
    assert run("--input", path, "--output", tmp_path / "out", "--format", notation, "--opt-out", "exclude") == 0
    assert published(tmp_path / "out")[("(unknown)", "human")][0] == 20
    assert "20 left out, because the visitor opted out" in capsys.readouterr().out


def test_a_day_of_which_all_opted_out_is_counted_once(tmp_path):
    path, record = tmp_path / "access.log", tmp_path / "record.json"
    days = {"02": (30, "0"), "03": (3, "1"), "04": (30, "0")}
    path.write_bytes(
        b"".join(
            line(address(n), time=f"{day}/Mar/2026:{n % 24:02}:00:00 +0000").rstrip() + f' "{dnt}" "-"\n'.encode()
            for day, (count, dnt) in days.items()
            for n in range(count)
        )
    )
    notation = r"%h %l %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-Agent}i\" \"%{DNT}i\" \"%{Sec-GPC}i\""
    words = ("--format", notation, "--opt-out", "exclude", "--run-record", record)
    assert run("--input", path, "--output", tmp_path / "out", *words) == 0
    said = json.loads(record.read_text())
    assert (said["lines"]["counted"], said["lines"]["opted_out"], said["lines"]["out_of_window"]) == (60, 3, 0)
    assert said["days_left_out"] == {}


@pytest.mark.parametrize("command", ["plan", "run"])
@pytest.mark.parametrize(
    ("output", "said"),
    [("a file", "a file is where a folder must be"), ("a file/below", "a part of this path is a file, not a folder")],
)
def test_plan_and_run_refuse_an_output_that_cannot_be_made(tmp_path, capfd, command, output, said):
    (tmp_path / "access.log").write_bytes(LOG)
    (tmp_path / "a file").write_text("")
    assert main([command, "--input", str(tmp_path / "access.log"), "--output", str(tmp_path / output)]) == 8
    assert said in capfd.readouterr().err
    assert (tmp_path / "a file").read_text() == ""


def test_plan_refuses_an_output_where_it_may_not_write(tmp_path, capfd, monkeypatch):
    (tmp_path / "access.log").write_bytes(LOG)
    # The tests may run as root, who may write everywhere.
    monkeypatch.setattr("pipeline.dataset.lock.os.access", lambda path, mode: False)
    assert main(["plan", "--input", str(tmp_path / "access.log"), "--output", str(tmp_path / "out")]) == 8
    assert "permission denied" in capfd.readouterr().err


def test_plan_tells_and_writes_nothing(tmp_path, capsys):
    path = tmp_path / "access.log"
    path.write_bytes(LOG)
    assert main(["plan", "--input", str(path), "--output", str(tmp_path / "out"), "--timezone", "Europe/Berlin", *UNNAMED]) == 0
    said = capsys.readouterr().out
    for words in (
        f"{path}: 0.0 MB, plain, about 25 lines",
        "fits 24 of 24 lines tried (100%); read by columns",
        "every one of the input before 20",
        "Europe/Berlin",
        "error_pages",
        "Memory: about",
        "Nothing was written.",
    ):
        assert words in said
    assert [entry.name for entry in tmp_path.iterdir()] == ["access.log"]
    assert main(["plan", "--input", str(tmp_path / "none"), "--output", str(tmp_path / "out")]) == 6


def test_plan_says_how_many_days_are_published_already(tmp_path, capsys):
    path = tmp_path / "access.log"
    path.write_bytes(LOG)
    words = ["--input", str(path), "--output", str(tmp_path / "out")]
    assert run(*words) == 0
    capsys.readouterr()
    assert main(["plan", *words]) == 0
    said = capsys.readouterr().out
    assert "Published already: 1 day, of the input or not. What was published is not published again.\n" in said
    assert "but 1 published" not in said


def test_formats_tells_of_a_file_although_no_other_is_there(tmp_path, capfd):
    good = tmp_path / "good.log"
    good.write_bytes(LOG)
    missing = [str(tmp_path / name) for name in ("missing.log", "gone.log")]
    assert main(["formats", missing[0], str(good), missing[1], f"{tmp_path}/*.log"]) == 6
    said = capfd.readouterr()
    assert said.out.count(f"{good}: combined (plain)") == 1
    assert [text.split()[2] for text in said.err.splitlines()] == [f"{name}:" for name in missing]


def test_events_as_json(tmp_path, capfd):
    path = tmp_path / "access.log"
    path.write_bytes(LOG)
    assert run("--input", path, "--output", tmp_path / "out", "--log-format", "json") == 0
    said = capfd.readouterr()
    events = [json.loads(line) for line in said.err.splitlines()]
    assert [event["event"] for event in events] == ["time_zone", "started", "published", "edge_published", "done"]
    assert [event["level"] for event in events] == ["info", "info", "info", "warning", "info"]
    assert events[0]["time_zone"] == "UTC"
    assert "Next time" in events[3]["message"]
    assert events[-1]["lines"]["counted"] == 24
    assert said.out == ""
    assert run("--input", path, "--output", tmp_path / "out", "--date", DAY, "--log-format", "json") == 4
    (event,) = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    assert (event["event"], event["reason"], event["exit_code"]) == ("failed", "already_published", 4)


def test_an_interrupted_run_publishes_nothing_and_leaves_nothing(tmp_path, monkeypatch):
    path = tmp_path / "access.log"
    path.write_bytes(LOG)

    def interrupt():
        raise KeyboardInterrupt

    meanwhile(monkeypatch, interrupt)
    assert run("--input", path, "--output", tmp_path / "out") == 130
    assert [entry.name for entry in (tmp_path / "out").rglob("*")] == ["_lock"]
    monkeypatch.undo()
    assert run("--input", path, "--output", tmp_path / "out") == 0
    assert len(tables(tmp_path / "out")) == len(REPORTS)


def test_plan_knows_of_a_publication_that_the_next_run_completes(tmp_path, monkeypatch, capfd):
    path, days = (
        tmp_path / "access.log",
        ["--input", str(tmp_path / "access.log"), "--output", str(tmp_path / "out"), "--date", DAY],
    )
    path.write_bytes(LOG)

    def crash(*_):
        raise RuntimeError

    monkeypatch.setattr("pipeline.dataset.publish._roll_forward", crash)
    assert run(*days) == 1
    monkeypatch.undo()
    assert main(["plan", *days]) == 4
    assert f"{DAY} is published already" in capfd.readouterr().err
    assert not (tmp_path / "out" / "_manifest").exists()
    assert run(*days) == 4
    assert published(tmp_path / "out")


@pytest.mark.parametrize(
    ("number", "workers"),
    [
        (signal.SIGTERM, "2"),
        *(
            pytest.param(*other, marks=pytest.mark.long)
            for other in [(signal.SIGINT, "2"), (signal.SIGINT, "0"), (signal.SIGTERM, "0")]
        ),
    ],
)
def test_a_signal_in_the_middle_of_a_run_ends_it_with_130(tmp_path, number, workers):
    words = ["--input", "-", "--output", str(tmp_path / "out"), "--workers", workers, *UNNAMED]
    command = [sys.executable, "-m", "pipeline", "run", *words]
    process = subprocess.Popen(
        [*command, "--block-mib", "1", "--timezone", "UTC"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=False,
    )
    process.stdin.write(LOG * 2000)  # more than is read ahead, and then the sender falls silent
    process.stdin.flush()
    assert b"reading" in process.stderr.readline()
    time.sleep(1.5)  # whatever it does by now: the answer is the same
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said.decode().splitlines() == ["weblog-anonymizer: interrupted: No day was published that is not complete."]
    assert not list((tmp_path / "out").rglob("*.parquet"))
    assert not list((tmp_path / "out").rglob("_staging"))


def test_a_killed_worker_ends_the_run_with_a_message(tmp_path):
    path = tmp_path / "access.log"
    path.write_bytes(LOG * 100)
    code = (
        "import contextlib, os, signal, sys\n"
        "from pipeline.__main__ import main\n"
        "from pipeline.graph import pool\n"
        "submit = pool.Tasks.submit\n"
        "def killing(self, function, *arguments):\n"
        "    processes = pool._open[-1]\n"
        "    for pid in processes.pids():\n"
        "        with contextlib.suppress(ProcessLookupError): os.kill(pid, signal.SIGKILL)  # killed at an earlier block\n"
        "    yield from submit(self, function, *arguments)\n"
        "pool.Tasks.submit = killing\n"
        "if __name__ == '__main__': sys.exit(main(sys.argv[1:]))\n"
    )
    script = tmp_path / "killing.py"
    script.write_text(code)
    command = [sys.executable, str(script), "run", "--workers", "2", "--input", str(path), "--output", str(tmp_path / "out")]
    command += UNNAMED
    ended = subprocess.run(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True)
    assert ended.returncode == 1
    assert "A worker process was killed" in ended.stderr
    assert not list((tmp_path / "out").rglob("*.parquet"))


def test_a_run_record_that_cannot_be_written_is_said_before_anything_is_published(tmp_path, capsys):
    log = tmp_path / "a.log"
    log.write_bytes(LOG)
    assert run("--input", log, "--output", tmp_path / "out", "--run-record", tmp_path / "missing" / "record.json") == 8
    assert "--run-record" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_grace_of_more_than_a_decade_is_refused(tmp_path, capsys):
    with pytest.raises(SystemExit) as stopped:
        run("--input", tmp_path / "access.log", "--output", tmp_path / "out", "--grace", 99_999_999_999_999)
    assert stopped.value.code == 2
    assert "is more than 5256000" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform != "linux", reason="other systems allow no such names")
def test_a_file_whose_name_is_not_utf8_is_named(tmp_path, capfd):
    name = os.fsencode(tmp_path) + b"/bad\xff.log"
    with open(name, "wb") as file:
        file.write(LOG)
    assert run("--input", tmp_path / "bad*.log", "--output", tmp_path / "out") == 6
    assert "bad\\xff.log: the name is not UTF-8" in capfd.readouterr().err


@pytest.mark.parametrize("mode", [(), ("--privacy", "dp", "--declare-site", "else.example", "--date", f"{DAY}..2026-03-04")])
def test_the_record_has_the_exact_volume_of_a_day(tmp_path, mode):
    path, record = tmp_path / "access.log", tmp_path / "record.json"
    largest = 999_999_999_999_999_999
    path.write_bytes(crowd(12, size=largest) + crowd(12, first=100, size=1000))
    assert run("--input", path, "--output", tmp_path / "out", "--run-record", record, *mode) == 0
    days = json.loads(record.read_text())["days"]
    assert days[DAY]["bytes_sent"] == 12 * largest + 12_000 == 12_000_000_000_000_011_988
    assert all(day["bytes_sent"] == 0 for date, day in days.items() if date != DAY)
