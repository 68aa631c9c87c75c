"""The first run of a small site asks for its period, with what each would name and the command for each."""

from __future__ import annotations

import json
import random
import shlex
from pathlib import Path

import pytest

from pipeline.__main__ import main
from tests.logs import address, crowd, line

SITE = "www.example.org"


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """Three weeks of March from a Monday: of six pages each has six or seven of 40 visitors a day, others each day."""
    chance = random.Random(5)
    path = tmp_path_factory.mktemp("small") / "access.log"
    days = [
        b"".join(
            line(
                address(40 * day + number),
                time=f"{2 + day:02}/Mar/2026:{number % 24:02}:00:00 +0000",
                request=f"GET /{'abcdef'[(number + day) % 6]} HTTP/1.1",
            )
            for number in range(40)
        )
        for day in range(21)
    ]
    chance.shuffle(days)
    path.write_bytes(b"".join(sorted(b"".join(days).splitlines(keepends=True), key=lambda text: text[text.index(b"[") :])))
    return path


def words(path: Path, output: Path, *further: str) -> list[str]:
    return ["--input", str(path), "--output", str(output), "--site", SITE, "--workers", "0", *further]


def published(output: Path) -> dict[str, str]:
    return {path.stem: json.loads(path.read_text())["period"] for path in sorted((output / "_manifest").glob("*"))}


def test_it_asks_and_each_command_that_it_prints_publishes(small, tmp_path, capsys):
    output = tmp_path / "out"
    assert main(["run", *words(small, output)]) == 2
    said = capsys.readouterr()
    assert not (output / "_manifest").exists()
    assert "By day most page hits would go unnamed" in said.err
    assert "--period day (0%), --period week (100%), --period month (100%)" in said.err
    rows = {text.split()[0]: text.split()[1:] for text in said.out.splitlines() if text.startswith(("pages", "sections"))}
    assert rows == {"pages": ["0%", "100%", "100%"], "sections": ["100%"] * 3}
    assert "Of 840 lines, which are of 21 days:" in said.out
    commands = [text for text in said.out.splitlines() if text.startswith("weblog-anonymizer run")]
    assert ["suggested" in command for command in commands] == [False, True, False]
    assert main(shlex.split(commands[1], comments=True)[1:]) == 0
    assert published(output) == dict.fromkeys(["2026-03-02", "2026-03-09", "2026-03-16"], "week")
    # The next night goes on as it began, without the option and without a question.
    assert main(["run", *words(small, output)]) == 0


def test_rotated_logs_of_another_zone_take_two_commands_of_which_the_first_prints_the_second(small, tmp_path, capsys):
    """Twelve nights of a small site, as nginx and logrotate leave them, on a machine that is in UTC."""
    lines = small.read_bytes().replace(b"+0000", b"+0200").splitlines(keepends=True)
    for night in range(12):
        (tmp_path / f"access.log.{12 - night}").write_bytes(b"".join(lines[40 * night : 40 * night + 40]))
    output = tmp_path / "out"
    words = ["run", "--input", *map(str, sorted(tmp_path.glob("access.log.*"))), "--output", str(output), "--site", SITE]
    assert main([*words, "--workers", "0"]) == 2
    said = capsys.readouterr()
    assert not (output / "_manifest").exists()
    assert "The lines of the input state the offset +0200 from UTC" in said.err
    assert "By day most page hits would go unnamed" in said.err
    assert said.err.count("Nothing was published.") == 1
    (command,) = (text for text in said.out.splitlines() if text.endswith("# suggested"))
    assert main(shlex.split(command, comments=True)[1:]) == 0
    assert published(output) == {"2026-03-02": "week", "2026-03-09": "week"}
    manifest = json.loads((output / "_manifest" / "2026-03-02.json").read_text())
    assert manifest["time_zone"] == "Etc/GMT-2"


@pytest.mark.parametrize("period", ["day", "month"])
def test_who_says_the_period_is_not_asked(small, tmp_path, period):
    assert main(["run", *words(small, tmp_path / "out", "--period", period)]) == 0
    assert set(published(tmp_path / "out").values()) == {period}


def test_a_site_with_enough_visitors_is_not_asked(tmp_path):
    path = tmp_path / "access.log"
    path.write_bytes(crowd(40) + crowd(12, request="GET /rare HTTP/1.1") + crowd(9, request="GET /unnamed HTTP/1.1"))
    assert main(["run", *words(path, tmp_path / "out")]) == 0
    assert published(tmp_path / "out") == {"2026-03-03": "day"}


def test_images_of_a_day_that_is_left_out_are_no_pages(tmp_path):
    path = tmp_path / "access.log"
    images = b"".join(crowd(5, request=f"GET /{n}.png HTTP/1.1", time="04/Mar/2026:00:00:00 +0000") for n in range(20))
    path.write_bytes(crowd(30) + crowd(5, time="04/Mar/2026:00:00:00 +0000") + images)
    assert main(["run", *words(path, tmp_path / "out")]) == 0


def test_sites_that_are_not_declared_are_not_counted(tmp_path):
    path = tmp_path / "access.log"
    hosts = {SITE: crowd(40), "shop.example.net": crowd(120, 100, request="GET /rare HTTP/1.1")}
    path.write_bytes(b"".join(f"{host}:443 ".encode() + text for host, log in hosts.items() for text in log.splitlines(True)))
    words = ["--input", str(path), "--output", str(tmp_path / "out"), "--declare-site", SITE, "--workers", "0"]
    assert main(["run", *words]) == 0


def test_logs_without_agents_are_of_people(tmp_path, capsys):
    path = tmp_path / "access.log"
    path.write_bytes(b"".join(text[: text.index(b' "-" "')] + b"\n" for text in crowd(60).splitlines()))
    assert main(["plan", *words(path, tmp_path / "out")]) == 0
    assert ["pages", "100%", "100%", "100%"] in [text.split() for text in capsys.readouterr().out.splitlines()]


def test_a_plan_tells_the_same(small, tmp_path, capsys):
    assert main(["plan", *words(small, tmp_path / "out")]) == 2
    said = capsys.readouterr()
    assert "By day most page hits would go unnamed" in said.err
    assert "Nothing was written." in said.out
    assert main(["plan", *words(small, tmp_path / "out", "--period", "week")]) == 0
    said = capsys.readouterr()
    assert "visitors in one, on average" in said.out
    assert "weblog-anonymizer run" not in said.out


def test_noise_is_not_looked_at_beforehand(small, tmp_path, capsys):
    output = tmp_path / "out"
    noisy = words(small, output, "--privacy", "dp", "--declare-site", SITE, "--date", "2026-03-03")
    assert main(["run", *noisy]) == 0
    assert (
        main(["plan", *words(small, tmp_path / "other", "--privacy", "dp", "--declare-site", SITE, "--date", "2026-03-03")]) == 0
    )
    assert "visitors in one" not in capsys.readouterr().out
