"""A day inside which the input begins is not published by itself: it would lack its beginning for good."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipeline.__main__ import main
from tests.logs import address, crowd, line

DAYS = ("2026-03-03", "2026-03-04", "2026-03-05")


def hours(day: str, begins: int, agents: int = 15) -> bytes:
    """Some addresses each hour, from one hour of a day to its end."""
    return b"".join(crowd(agents, first=1 + 20 * hour, time=f"{day}:{hour:02}:30:00 +0000") for hour in range(begins, 24))


# Rotated at 06:25: of 3 March only what came after.
ROTATED = hours("03/Mar/2026", 7) + hours("04/Mar/2026", 0) + hours("05/Mar/2026", 0)


def run(*arguments: object) -> int:
    return main(["run", "--workers", "0", "--site", "www.example.org", *map(str, arguments)])


def days(output: Path) -> list[str]:
    return sorted(path.stem for path in (output / "_manifest").glob("*.json"))


@pytest.fixture
def place(tmp_path):
    """Publishes a log, and returns the record."""
    record = tmp_path / "record.json"

    def publish(log: bytes, *more: object) -> dict:
        (tmp_path / "access.log").write_bytes(log)
        words = ("--input", tmp_path / "access.log", "--output", tmp_path / "out", "--run-record", record, *more)
        assert run(*words) == 0
        return json.loads(record.read_text())

    return publish


def test_the_first_day_is_left_out_and_the_summary_says_what_publishes_it(place, tmp_path, capsys):
    record = place(ROTATED)
    assert days(tmp_path / "out") == [*DAYS[1:]]
    assert {path.parent.name for path in (tmp_path / "out").rglob("2026-03-03*")} == set()
    assert record["days_left_out"] == {DAYS[0]: {"lines": 17 * 15, "reason": "begins_inside"}}
    assert [day["coverage"] for day in record["days"].values()] == ["full", "edge"]
    assert record["lines"]["out_of_window"] == 17 * 15
    assert record["lines"]["counted"] == 48 * 15
    (file,) = record["files"].values()
    assert (file["counted"], file["days"][DAYS[0]]) == (48 * 15, 17 * 15)
    assert "first" not in file
    said = capsys.readouterr().out
    assert "Not published: 2026-03-03: the input begins inside it." in said
    assert "--date 2026-03-03 publishes it as it is." in said
    assert place(ROTATED, "--date", DAYS[0])["days_left_out"][DAYS[1]]["reason"] == "published_before"
    assert days(tmp_path / "out") == [*DAYS]


def test_a_later_run_whose_input_begins_in_a_new_day_leaves_that_out_too(place, tmp_path):
    assert list(place(hours("03/Mar/2026", 0))["days"]) == [DAYS[0]]
    record = place(hours("04/Mar/2026", 7) + hours("05/Mar/2026", 0))
    assert record["days_left_out"] == {DAYS[1]: {"lines": 17 * 15, "reason": "begins_inside"}}
    assert days(tmp_path / "out") == [DAYS[0], DAYS[2]]


def test_a_day_that_is_not_the_first_is_published_however_late_it_begins(place, tmp_path):
    record = place(crowd(3, time="03/Mar/2026:00:10:00 +0000") + hours("04/Mar/2026", 20) + hours("05/Mar/2026", 22))
    assert not record["days_left_out"]
    assert days(tmp_path / "out") == [*DAYS]


def test_lines_that_are_left_out_show_that_the_input_goes_on(tmp_path):
    """A monitor asks all day, people come in the evening."""
    path = tmp_path / "access.log"
    monitor = [crowd(1, 900, time=f"03/Mar/2026:{hour:02}:00:00 +0000", agent="UptimeRobot/2.0") for hour in range(24)]
    evening = [crowd(40, time=f"03/Mar/2026:{hour:02}:30:00 +0000") for hour in range(18, 24)]
    path.write_bytes(b"".join(monitor) + b"".join(evening))
    words = ("--input", path, "--output", tmp_path / "out", "--ignore-agent", "UptimeRobot")
    assert run(*words) == 0
    assert days(tmp_path / "out") == ["2026-03-03"]


def test_a_quiet_first_day_is_published(place, tmp_path):
    """Of a small site nobody came before ten: that shows nothing."""
    place(crowd(30, time="03/Mar/2026:10:00:00 +0000"))
    assert days(tmp_path / "out") == [DAYS[0]]


def test_where_nothing_is_left_nothing_is_published_and_that_is_said(place, tmp_path, capsys):
    assert place(hours("03/Mar/2026", 12))["days"] == {}
    assert days(tmp_path / "out") == []
    assert "Nothing was published: no day of the input is ended, new and whole." in capsys.readouterr().out


def test_a_week(place, tmp_path):
    record = place(ROTATED + hours("09/Mar/2026", 0), "--period", "week")
    assert record["days_left_out"] == {"2026-03-02": {"lines": 65 * 15, "reason": "begins_inside"}}
    assert days(tmp_path / "out") == ["2026-03-09"]


def test_stray_lines_do_not_hide_where_the_input_begins_and_goes_on(place, tmp_path):
    strays = line(time="01/Jan/1970:00:00:07 +0000"), line(time="07/Feb/2036:06:28:16 +0000")
    record = place(strays[0] + ROTATED + strays[1])
    assert record["days_left_out"][DAYS[0]]["reason"] == "begins_inside"
    assert record["days"][DAYS[2]]["coverage"] == "edge"


def test_who_opted_out_on_a_day_that_is_left_out_is_counted_once(place):
    """Every line has one fate: read = counted + out of window + opted out + ignored + rejected."""
    logged = '{"remote_addr": "%s", "request": "GET / HTTP/1.1", "status": 200, "time": "2026-03-0%dT%02d:00:00Z", "dnt": "%d"}\n'
    log = "".join(
        logged % (address(number), day, hour, number == 1)
        for day, begins in ((3, 7), (4, 0))
        for hour in range(begins, 24)
        for number in range(1, 13)
    ).encode()
    keys = "json:remote_host=remote_addr,request=request,status=status,time=time,dnt=dnt"
    words = ("--format", keys, "--opt-out", "exclude")
    lines = place(log, *words)["lines"]
    assert lines == {
        "read": 41 * 12,
        "counted": 24 * 11,
        "out_of_window": 17 * 12,
        "opted_out": 24,
        "ignored": {},
        "rejected": {},
    }


def test_with_json_events_it_is_a_warning(tmp_path, capfd):
    (tmp_path / "access.log").write_bytes(ROTATED)
    assert run("--input", tmp_path / "access.log", "--output", tmp_path / "out", "--log-format", "json") == 0
    events = [json.loads(text) for text in capfd.readouterr().err.splitlines()]
    (event,) = (event for event in events if event["event"] == "begins_inside")
    assert event["level"] == "warning"
    assert "--date 2026-03-03" in event["message"]


def test_a_mode_that_announces_its_days_publishes_them_as_asked(tmp_path):
    (tmp_path / "access.log").write_bytes(ROTATED)
    words = ("--privacy", "dp", "--declare-site", "www.example.org", "--date", DAYS[0])
    assert run("--input", tmp_path / "access.log", "--output", tmp_path / "out", *words) == 0
    assert days(tmp_path / "out") == [DAYS[0]]
