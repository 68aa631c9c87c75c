"""Sites from the command line: which one a file is of, that a missing or a wrong name is noticed, and that none is dropped."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipeline.__main__ import main
from tests.logs import crowd, line

DAY, NEXT = "2026-03-03", "2026-03-04"
A, B = "www.example.org", "blog.example.net"
LATER = "04/Mar/2026:10:00:00 +0000"


def run(*arguments: object, command: str = "run") -> int:
    return main([command, *(("--workers", "0") if command == "run" else ()), "--period", "day", *map(str, arguments)])


def hits(output: Path, day: str = DAY, report: str = "daily") -> dict[str, int]:
    rows = pq.read_table(output / report / f"{day}.parquet", partitioning=None).to_pylist()
    return {row["site"]: row["hits"] for row in rows}


def warned(said: str) -> dict[str, str]:
    """Warnings by name, from events in JSON."""
    events = map(json.loads, said.splitlines())
    return {event["event"]: event["message"] for event in events if event["level"] == "warning"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Logs of two sites that name none, and a data set of the first one."""
    folder = tmp_path_factory.mktemp("sites")
    (folder / "a.log").write_bytes(crowd(30, referer=f"https://{A}/"))
    (folder / "b.log").write_bytes(crowd(20, referer=f"https://{B}/"))
    (folder / "b2.log").write_bytes(crowd(20) + crowd(20, time=LATER))
    assert run("--input", folder / "a.log", "--site", A, "--output", folder / "out") == 0
    return folder


def test_each_file_is_of_the_site_of_its_pattern_and_others_of_the_default(folder, tmp_path):
    arguments = ("--input", f"Blog.Example.NET=/{folder}/b.l*", "--input", folder / "a.log", "--site", A)
    record = tmp_path / "record.json"
    assert run(*arguments, "--output", tmp_path / "out", "--run-record", record) == 0
    assert hits(tmp_path / "out") == {A: 30, B: 20}
    files = json.loads(record.read_text())["files"]
    assert {Path(path).name: file["site"] for path, file in files.items()} == {"a.log": A, "b.log": B}
    channels = pq.read_table(tmp_path / "out" / "channels" / f"{DAY}.parquet", partitioning=None).to_pylist()
    assert {(row["site"], row["channel"]) for row in channels} == {(A, "internal"), (B, "internal")}


def test_a_site_that_the_lines_name_is_theirs(tmp_path):
    (tmp_path / "log").write_bytes(b"".join(f"{A}:443 ".encode() + one for one in crowd(20).splitlines(keepends=True)))
    assert run("--input", f"{B}={tmp_path}/log", "--output", tmp_path / "out") == 0
    assert hits(tmp_path / "out") == {A: 20}


def test_a_name_of_a_file_that_looks_like_a_site_and_a_pattern_stays_one(tmp_path, monkeypatch, capsys):
    (tmp_path / f"date={DAY}").mkdir()
    (tmp_path / f"date={DAY}" / "a.log").write_bytes(crowd(12))
    (tmp_path / "b=c.log").write_bytes(crowd(12, first=20))
    (tmp_path / "d=e.log").write_bytes(crowd(12, first=40))
    monkeypatch.chdir(tmp_path)
    words = ("--input", f"date={DAY}/*.log", "--input", "b=c.log", "--input", f"{tmp_path}/d=*")
    assert run(*words, "--site", A, "--output", "out", command="plan") == 0
    said = capsys.readouterr().out
    assert all(name in said for name in (f"date={DAY}/a.log", "b=c.log", "d=e.log"))
    assert re.findall(r"of the site (\S+)", said) == [A]


@pytest.mark.parametrize(
    "words", [("--input", f"{A}=a.log", "--input", f"{B}=*.log"), ("--site", A, "--input", "a.log", "--input", f"{B}=a.log")]
)
def test_a_file_of_two_sites_is_refused(folder, tmp_path, monkeypatch, capfd, words):
    monkeypatch.chdir(folder)
    assert run(*words, "--output", tmp_path / "out", command="plan") == 2
    assert f"--input: a.log is given to {A} and to {B}. Name each file for one site." in capfd.readouterr().err


def test_a_site_that_is_not_declared_is_refused(folder, tmp_path, capfd):
    words = ("--input", f"{B}={folder}/b.log", "--declare-site", A, "--output", tmp_path / "out")
    assert run(*words) == 2
    assert f"{B}: it is not declared. Add --declare-site {B}" in capfd.readouterr().err


def test_lines_of_a_second_site_of_published_days_are_not_dropped_without_a_word(folder, capfd):
    before = sorted(folder.rglob("*"))
    record = folder.parent / "record.json"
    assert run("--input", folder / "b.log", "--site", B, "--output", folder / "out", "--run-record", record) == 4
    said = capfd.readouterr().err
    assert f"{DAY} is published with the sites {A}, and has nothing of {B}" in said
    assert f"--input {A}=PATTERN --input {B}=PATTERN --date {DAY} --replace" in said
    assert sorted(folder.rglob("*")) == before
    assert json.loads(record.read_text())["other_sites"] == {DAY: [A]}


def test_days_that_are_not_published_yet_are_published_with_a_warning(folder, tmp_path, capfd):
    output = tmp_path / "out"
    assert run("--input", folder / "a.log", "--site", A, "--output", output) == 0
    words = ("--input", f"{B}={folder}/b2.log", "--output", output, "--log-format", "json")
    capfd.readouterr()
    assert run(*words) == 0
    assert hits(output, NEXT) == {B: 20}
    assert f"{DAY} is published with the sites {A}, and has nothing of {B}" in warned(capfd.readouterr().err)["other_site"]
    assert run("--input", folder / "a.log", "--site", A, "--output", output) == 0


def test_with_a_date_lines_of_other_days_are_not_expected(folder, tmp_path, capfd):
    output = tmp_path / "out"
    assert run("--input", folder / "a.log", "--site", A, "--output", output) == 0
    words = ("--input", f"{B}={folder}/b2.log", "--output", output, "--date", NEXT, "--log-format", "json")
    capfd.readouterr()
    assert run(*words) == 0
    assert warned(capfd.readouterr().err) == {}


def test_the_same_command_twice_is_no_second_site(folder):
    """Also where a site has too few addresses to be in the tables, beside another."""
    assert run("--input", folder / "a.log", "--site", A, "--output", folder / "out") == 0
    words = ("--input", f"{A}={folder}/a.log", "--input", f"{B}={folder}/b.log", "--output", folder / "out")
    assert run(*words) == 0


@pytest.mark.parametrize("command", ["plan", "run"])
def test_a_new_data_set_without_a_site_is_asked_for_one(folder, tmp_path, capfd, command):
    assert run("--input", folder / "a.log", "--output", tmp_path / "out", "--log-format", "json", command=command) == 2
    event = json.loads(capfd.readouterr().err.splitlines()[-1])
    assert event["reason"] == "which_site"
    assert f"Add --site {A}, or for several sites --input NAME=PATTERN for each." in event["message"]
    assert "--site '(unknown)' publishes without a name. Nothing was published." in event["message"]
    assert not (tmp_path / "out" / "_manifest").exists()


def test_one_may_go_on_without_a_name(folder, tmp_path, capsys):
    assert run("--input", folder / "a.log", "--output", tmp_path / "out", "--site", "(unknown)") == 0
    assert hits(tmp_path / "out") == {"(unknown)": 30}
    assert "names no site for some requests" not in capsys.readouterr().out
    assert run("--input", folder / "b2.log", "--output", tmp_path / "out") == 0
    assert "The log names no site for some requests, or all, which are (unknown)" in capsys.readouterr().out


def test_a_site_is_not_asked_for_where_lines_name_it_or_there_is_none(tmp_path):
    (tmp_path / "log").write_bytes(b"".join(f"{A} ".encode() + one for one in crowd(20).splitlines(keepends=True)))
    (tmp_path / "empty").touch()
    assert run("--input", tmp_path / "*", "--output", tmp_path / "out", command="plan") == 0


def test_a_wrong_name_is_noticed(folder, tmp_path, capfd):
    words = ("--input", folder / "a.log", "--output", tmp_path / "out", "--site", "shop.example.com")
    sentence = f"of the first lines of the site shop.example.com 30 of 30 referrers are pages of {A}"
    assert run(*words, command="plan") == 0
    assert sentence in capfd.readouterr().out
    assert run(*words, "--log-format", "json") == 0
    assert sentence in warned(capfd.readouterr().err)["doubtful_site"]


def doubt(tmp_path, capsys, log: bytes, *words: str, site: str = A) -> str:
    """What `plan` says about the name."""
    (tmp_path / "log").write_bytes(log)
    assert run("--input", tmp_path / "log", "--output", tmp_path / "out", "--site", site, *words, command="plan") == 0
    return next((text for text in capsys.readouterr().out.splitlines() if text.startswith("Most referrers")), "")


OTHER = "https://news.example.com/jane"


def test_a_host_that_too_few_addresses_sent_is_not_told(tmp_path, capsys):
    # At most three addresses of a network count, so that nine networks are 9 and one more makes 12.
    nine = b"".join(line(f"20.1.{n % 3}.{n}", referer=OTHER) for n in range(60))
    others = crowd(40) + crowd(30, first=50, referer=f"https://{A}/")  # who sent another, or none
    said = doubt(tmp_path, capsys, nine + others)
    assert "60 of 90 referrers are pages of one other host" in said
    said = doubt(tmp_path, capsys, nine)
    assert "60 of 60 referrers are pages of one other host" in said
    assert "example.com" not in said
    more = nine + b"".join(line(f"20.9.9.{n}", referer=OTHER) for n in range(3))
    assert "pages of news.example.com" in doubt(tmp_path, capsys, more)
    assert "one other host" in doubt(tmp_path, capsys, more, "--min-addresses", "20")
    person = doubt(tmp_path, capsys, crowd(30, referer="https://4155551234.example.com/"))
    assert "pages of one other host" in person


@pytest.mark.parametrize(
    ("log", "site"),
    [
        (crowd(19, referer=OTHER), A),
        (crowd(30, referer=OTHER) + crowd(30, referer=f"https://{A}/"), A),
        (crowd(30, referer=f"https://{A}/"), "example.org"),
        (crowd(30, referer="https://example.org/"), A),
        (crowd(30, referer="https://www.google.com/"), A),
        (crowd(30, referer="-"), A),
        (crowd(30, referer="http://localhost:8080/a"), "localhost"),
        (crowd(30, referer=OTHER), "(unknown)"),
    ],
    ids=["too few lines", "not most", "without www", "with www", "a search engine", "no referrer", "no public name", "no name"],
)
def test_no_doubt_is_raised_without_a_reason(tmp_path, capsys, log, site):
    assert doubt(tmp_path, capsys, log, site=site) == ""


@pytest.mark.parametrize("site", ["localhost", "intranet.local", "intranet"])
def test_a_site_without_a_public_name_knows_its_own_referrers(tmp_path, site):
    (tmp_path / "log").write_bytes(crowd(12, referer=f"http://{site}:8080/a") + crowd(12, referer="http://printer.local/"))
    assert run("--input", f"{site}={tmp_path}/log", "--output", tmp_path / "out") == 0
    rows = pq.read_table(tmp_path / "out" / "sources" / f"{DAY}.parquet", partitioning=None).to_pylist()
    assert {(row["channel"], row["source"], row["hits"]) for row in rows} == {
        ("internal", "(none)", 12),
        ("referral", "(unknown)", 12),
    }
