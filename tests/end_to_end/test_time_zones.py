"""The time zone of a run that names none: the data set's, else the machine's where the log agrees, else the operator is asked."""

from __future__ import annotations

import json
import re
import shutil
import time
from pathlib import Path

import pytest

from pipeline.__main__ import main
from tests.logs import crowd

WINTER, SUMMER = "03/Mar/2026:00:30:00 +0100", "03/Jul/2026:00:30:00 +0200"
BEFORE = "02/Mar/2026:09:00:00 +0100"
AT_HALF_PAST_MIDNIGHT = crowd(10, time=BEFORE) + crowd(20, time=WINTER) + crowd(20, time=SUMMER)
WITHOUT_OFFSET = b"""#Version: 1.0
#Fields: date time c-ip cs-method cs-uri-stem sc-status
""" + b"".join(f"2026-03-03 00:30:00 20.0.{number}.7 GET / 200\n".encode() for number in range(1, 16))


def run(*arguments: object, command: str = "run") -> int:
    workers = ("--workers", "0") if command == "run" else ()
    return main([command, *workers, "--site", "www.example.org", "--period", "day", *map(str, arguments)])


def days(output: Path) -> dict[str, str]:
    """The time zone of each published day."""
    manifests = (json.loads(path.read_text()) for path in (output / "_manifest").glob("*.json"))
    return {manifest["date"]: manifest["time_zone"] for manifest in manifests}


@pytest.fixture
def machine(monkeypatch):
    """Sets the machine's time zone."""

    def set_zone(name: str) -> None:
        monkeypatch.setenv("TZ", name)
        time.tzset()

    yield set_zone
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "access.log"
    path.write_bytes(AT_HALF_PAST_MIDNIGHT)
    return path


def test_a_zone_that_has_the_offsets_of_the_log_across_a_change_of_clocks_is_used_and_said(log, tmp_path, machine, capfd):
    machine("Europe/Berlin")
    words = ("--input", log, "--output", tmp_path / "out")
    assert run(*words, command="plan") == 0
    why = "Europe/Berlin: this machine's zone, which the log agrees with (+0100, +0200); --timezone names another."
    assert f"by the calendar of {why}" in capfd.readouterr().out
    assert run(*words) == 0
    assert days(tmp_path / "out") == dict.fromkeys(("2026-03-02", "2026-03-03", "2026-07-03"), "Europe/Berlin")
    said = capfd.readouterr()
    assert f"weblog-anonymizer: days and hours of {why}\n" in said.err
    assert "50 counted, by the clock of Europe/Berlin\n" in said.out


@pytest.mark.parametrize(
    ("zone", "own"),
    [
        ("UTC", None),
        ("America/New_York", "America/New_York"),
        # In winter as in Berlin, but not in summer.
        ("Africa/Lagos", "Africa/Lagos"),
        ("CET-1CEST,M3.5.0,M10.5.0/3", None),
    ],
)
def test_another_is_asked_with_each_choice_and_nothing_is_published(log, tmp_path, machine, capfd, zone, own):
    machine(zone)
    for command in ("plan", "run"):
        assert run("--input", log, "--output", tmp_path / "out", "--log-format", "json", command=command) == 2
        (event,) = (json.loads(line) for line in capfd.readouterr().err.splitlines())
        assert (event["reason"], event["exit_code"]) == ("which_zone", 2)
        said = event["message"]
        assert "+0100, +0200" in said
        assert "Days of UTC would be cut at 01:00 or 02:00" in said
        choices = re.findall(r"--timezone ([\w/]+)", said)
        assert choices == ["UTC", *([own] if own else []), "Europe/Berlin"]
        assert not (tmp_path / "out" / "_manifest").exists()
    assert run("--input", log, "--output", tmp_path / "out", "--timezone", "UTC") == 0
    assert days(tmp_path / "out") == dict.fromkeys(("2026-03-02", "2026-07-02"), "UTC")


def test_each_file_is_asked_for_its_offsets(tmp_path, capfd):
    (tmp_path / "a.log").write_bytes(crowd(20, time="03/Mar/2026:10:00:00 +0000"))
    (tmp_path / "b.log").write_bytes(crowd(20, first=50, time="03/Mar/2026:10:00:00 -0500"))
    assert run("--input", tmp_path / "*.log", "--output", tmp_path / "out") == 2
    assert "-0500, +0000" in capfd.readouterr().err


def test_a_log_in_utc_elsewhere_is_asked(tmp_path, machine, capfd):
    """Whether its server or the site is in UTC, it does not tell."""
    machine("Europe/Berlin")
    path = tmp_path / "access.log"
    path.write_bytes(crowd(20, time="03/Mar/2026:12:30:00 +0000"))
    assert run("--input", path, "--output", tmp_path / "out") == 2
    said = capfd.readouterr().err
    assert "+0000" in said
    assert "Days of UTC are cut at another hour of the night" in said


def test_a_log_in_utc_on_a_machine_in_utc_is_published_in_utc(tmp_path, capfd):
    path = tmp_path / "access.log"
    path.write_bytes(crowd(20, time="03/Mar/2026:12:30:00 +0000"))
    assert run("--input", path, "--output", tmp_path / "out") == 0
    assert days(tmp_path / "out") == {"2026-03-03": "UTC"}
    assert "days and hours of UTC: this machine's zone, which the log agrees with (+0000)" in capfd.readouterr().err


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York"])
def test_a_log_that_states_no_offset_is_of_the_machine(tmp_path, machine, capfd, zone):
    machine(zone)
    path = tmp_path / "u_ex.log"
    path.write_bytes(WITHOUT_OFFSET)
    assert run("--input", path, "--output", tmp_path / "out") == 0
    assert days(tmp_path / "out") == {"2026-03-03" if zone == "Europe/Berlin" else "2026-03-02": zone}
    assert f"{zone}: this machine's zone, because the log states no offset from UTC" in capfd.readouterr().err


def test_the_next_nights_go_on_with_the_zone_that_is_published(log, tmp_path, machine, capfd):
    """On another machine and with a log of another offset, too."""
    output = tmp_path / "out"
    assert run("--input", log, "--output", output, "--timezone", "Asia/Tokyo") == 0
    shutil.copytree(output, tmp_path / "copy")
    machine("America/New_York")
    log.write_bytes(AT_HALF_PAST_MIDNIGHT + crowd(20, time="10/Jul/2026:16:30:00 +0000"))
    assert run("--input", log, "--output", output, command="plan") == 0
    assert "by the calendar of Asia/Tokyo: as in the periods that are published there." in capfd.readouterr().out
    assert run("--input", log, "--output", output) == 0
    assert days(output) == dict.fromkeys(("2026-03-02", "2026-03-03", "2026-07-03", "2026-07-11"), "Asia/Tokyo")
    assert run("--input", log, "--output", tmp_path / "copy", "--timezone", "UTC") == 2
    assert "was published with --timezone Asia/Tokyo, not UTC" in capfd.readouterr().err
