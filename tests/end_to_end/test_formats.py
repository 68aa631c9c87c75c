"""Log formats from the command line: files in several formats are detected, and no line is lost."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipeline.__main__ import main
from tests.logs import CHROME, UNNAMED, address, crowd
from tests.writers import Request, write
from transforms.formats.registry import FORMATS

MIDNIGHT = 1_772_496_000  # 3 March 2026, 00:00 UTC


def requests(first: int, count: int = 20, time: int = MIDNIGHT) -> list[Request]:
    return [
        Request(
            *("www.example.org", address(number), time, "GET", "/a", "HTTP/1.1"),
            *(200, 100, "https://news.example.com/", CHROME),
        )
        for number in range(first, first + count)
    ]


def run(*words: object) -> int:
    return main(["run", "--workers", "0", "--period", "day", *UNNAMED, *map(str, words)])


def test_formats_are_listed(capsys):
    assert main(["formats"]) == 0
    said = capsys.readouterr().out.split()
    assert {*FORMATS, "w3c"} <= set(said)


def test_a_file_is_told_its_format_and_why_others_lost(tmp_path, capsys):
    path = tmp_path / "access.log"
    path.write_bytes(write("combined", requests(1)) + b"cut off\n")
    assert main(["formats", str(path)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"{path}: combined (plain)",
        "    fits 20 of 21 lines tried (95%); read by columns",
        "    combined_more fits 20, but knows no more of each line than combined",
        f"    {len(FORMATS) - 2} others fit no line",
    ]


def test_what_cannot_be_told_of_a_file_hides_nothing_of_the_others(tmp_path, capsys):
    (tmp_path / "b.log").write_bytes(write("combined", requests(1)))
    (tmp_path / "d.log").write_bytes(write("squid", requests(1)))
    (tmp_path / "e.log").touch()
    for bad in "ac":
        (tmp_path / f"{bad}.log").write_bytes(b"junk\n" * 20)
    assert main(["formats", str(tmp_path / "*.log")]) == 3
    said = capsys.readouterr()
    for name, told in {"b": "combined (plain)", "d": "squid (plain)", "e": "empty"}.items():
        assert f"{tmp_path / name}.log: {told}\n" in said.out
    for bad in "ac":
        assert said.err.count(f"{bad}.log: no log format fits. Of 20 lines tried, none is of a known format.\n") == 1
    (tmp_path / "short.gz").write_bytes(gzip.compress(b"junk\n" * 20)[:-9])
    assert main(["formats", str(tmp_path / "short.gz")]) == 6
    assert "Nothing was published" not in capsys.readouterr().err


def test_of_a_log_whose_values_are_no_formats_it_is_told_which_could_read_it(tmp_path, capsys):
    (tmp_path / "a.log").write_bytes(b"".join(b"MISS " + line + b"\n" for line in write("combined", requests(1)).splitlines()))
    assert main(["formats", str(tmp_path / "a.log")]) == 3
    said = " ".join(capsys.readouterr().err.split())
    assert f"site_combined could read {len(requests(1))}, but they hold other values than its lines do." in said


@pytest.mark.parametrize(
    ("line", "notation"),
    [
        (b'"198.51.100.9, CLIENT" - -', '"%{X-Forwarded-For}i" %l %u'),
        (b"10.0.0.5 CLIENT -", "%{c}a %h %u"),
    ],
)
def test_clients_in_doubt_are_asked_for_and_a_notation_is_the_answer(tmp_path, capsys, line, notation):
    log = [line.replace(b"CLIENT", each.split()[0]) + each[each.index(b" [") :] for each in crowd(40).splitlines(keepends=True)]
    (tmp_path / "a.log").write_bytes(b"".join(log))
    words = ["--input", tmp_path / "a.log", "--output", tmp_path / "out"]
    assert run(*words) == 3
    said = " ".join(capsys.readouterr().err.split())
    assert "In 40 lines tried" in said
    assert notation.split()[0] in said
    assert said.endswith("Nothing was published.")
    assert run(*words, "--format", notation + ' %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i"') == 0
    (row,) = pq.read_table(tmp_path / "out" / "daily" / "2026-03-03.parquet").to_pylist()
    assert (row["hits"], row["visitors"]) == (40, 40)


def test_that_a_log_may_be_a_sample_is_said_wherever_its_format_is(tmp_path, capsys):
    path = tmp_path / "lb.json"
    path.write_bytes(write("google_load_balancer", requests(1)))
    words = ["--input", str(path), "--output", str(tmp_path / "out"), *UNNAMED]
    for command in (["formats", str(path)], ["plan", *words], ["run", "--workers", "0", *words]):
        assert main(command) == 0
        assert "may log a sample of the requests only" in " ".join(capsys.readouterr().out.split())


def test_a_run_may_mix_formats_and_counts_all(tmp_path, capsys):
    names = ["combined", "caddy", "iis", "cloudfront", "aws_alb", "squid", "syslog:haproxy", "google_storage", "envoy"]
    names += ["docker:combined"]
    for number, name in enumerate(names):
        (tmp_path / f"{number}.log").write_bytes(write(name, requests(1 + 20 * number)))
    out, record = tmp_path / "out", tmp_path / "record.json"
    words = ["--input", tmp_path / "*.log", "--output", out, "--site", "www.example.org", "--run-record", record]
    assert run(*words, "--date", "2026-03-03") == 0
    said = capsys.readouterr().out
    account = json.loads(record.read_text())
    assert account["lines"]["counted"] == 20 * len(names)
    assert {each["format"] for each in account["formats"]} == {*names, "w3c"} - {"iis", "cloudfront"}
    assert all(each["confidence"] == 1.0 for each in account["formats"])
    for name in ("caddy", "syslog:haproxy"):
        assert f"1 file in the format {name}: fits 20 of 20 lines tried (100%)" in said
    # HAProxy's and Squid's logs hold no agent; HAProxy's no site, which is that of --site.
    daily = pq.read_table(out / "daily" / "2026-03-03.parquet").to_pylist()
    assert {(row["site"], row["traffic"]): row["hits"] for row in daily} == {
        ("www.example.org", "human"): 20 * (len(names) - 2),
        ("www.example.org", "unknown"): 40,
    }


README_FORMAT = "json:remote_host=client>ip,time=when,method=verb,target=path,status=code"
W3C_HEADER = "#Fields: date time c-ip cs-method cs-uri sc-status\n"
JSON_LINE = '{{"client":{{"ip":"{0}"}},"when":"2026-03-03T12:00:00Z","verb":"GET","path":"{1}","code":200}}\n'


@pytest.mark.parametrize(
    ("header", "line", "words"),
    [
        ("", JSON_LINE, ["--format", README_FORMAT]),
        (W3C_HEADER, "2026-03-03 12:00:00 {0} GET {1} 200\n", []),
        ("", "1772539200.123      9 {0} TCP_MISS/200 5 GET {1} - HIER_DIRECT/1.1.1.1 -\n", ["--format", "squid"]),
    ],
    ids=["JSON", "W3C", "squid"],
)
def test_the_site_is_that_of_the_url_or_else_the_one_that_was_named(tmp_path, header, line, words):
    readme = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
    assert f"'{README_FORMAT}'" in readme
    urls = ["/a"] * 20 + ["https://shop.example.org/a"] * 20
    (tmp_path / "a.log").write_text(header + "".join(line.format(address(n), url) for n, url in enumerate(urls, 1)))
    assert run("--input", tmp_path / "a.log", "--output", tmp_path / "out", "--site", "www.example.org", *words) == 0
    daily = pq.read_table(tmp_path / "out" / "daily" / "2026-03-03.parquet").to_pylist()
    assert {row["site"]: row["hits"] for row in daily} == {"www.example.org": 20, "shop.example.org": 20}


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "bare"),
    [
        *(("combined", "20.0.{}.7"), ("combined", "2a00:{}::1"), ("iis", "2a00:{}::1"), ("envoy", "20.0.{}.7")),
        *(("nginx_json", "2a00:{}::1"), ("combined in its place", "20.0.{}.7")),
    ],
)
def test_a_port_behind_an_address_makes_no_other_visitor(tmp_path, name, bare):
    """As Azure's load balancers write it, and IIS behind them."""
    daily = {}
    for ported in (False, True):
        asked = [replace(each, host=bare.format(at)) for at, each in enumerate(requests(1))]
        if ported:
            hosts = [
                f"[{each.host}]:{2000 + at}" if ":" in each.host else f"{each.host}:{2000 + at}" for at, each in enumerate(asked)
            ]
            asked = [replace(each, host=host) for each, host in zip(asked, hosts, strict=True)]
        if "place" in name:
            asked = [replace(each, host=f"9.9.9.9, {each.host}") for each in asked]
        (tmp_path / f"{ported}.log").write_bytes(write(name.split()[0], asked))
        output = tmp_path / f"{ported}"
        assert run("--input", tmp_path / f"{ported}.log", "--output", output, "--site", "www.example.org") == 0
        daily[ported] = pq.read_table(next(output.glob("daily/*.parquet"))).to_pylist()
    assert daily[True] == daily[False] != []
    assert daily[True][0]["visitors"] == 20


def test_the_log_of_a_container_holds_its_servers_errors_too(tmp_path, capsys):
    error = (
        '2026/03/03 10:00:05 [error] 29#29: *7 open() "/srv/x" failed, client: 192.0.2.6, server: _, request: "GET /x HTTP/1.1"'
    )
    plain = write("combined", requests(1)) + f"{error}\n".encode() * 7
    stored = write("docker:combined", requests(1))
    stored += json.dumps(
        {"log": f"{error}\n", "stream": "stderr", "time": "2026-03-03T10:00:05Z"}, separators=(",", ":")
    ).encode()
    for number, log in enumerate((plain, stored)):
        path, record = tmp_path / f"{number}.log", tmp_path / f"{number}.json"
        path.write_bytes(log)
        words = ["--input", path, "--output", tmp_path / f"out{number}", "--site", "www.example.org", "--run-record", record]
        assert run(*words) == 0
        lines = json.loads(record.read_text())["lines"]
        assert (lines["counted"], lines["ignored"], lines["rejected"]) == (20, {"not_http": (7, 1)[number]}, {})
    assert "192.0.2.6" not in capsys.readouterr().out


def test_one_format_is_taken_out_of_one_wrapping(tmp_path, capsys):
    path = tmp_path / "access.log"
    path.write_bytes(write("docker:combined", requests(1)))
    assert run("--input", path, "--output", tmp_path / "out", "--format", "docker:syslog:combined") == 2
    assert "docker:syslog:combined" in capsys.readouterr().err


def test_what_nothing_fits_is_refused_with_counts(tmp_path, capsys):
    path = tmp_path / "access.log"
    path.write_bytes(b"jane doe was here\n" * 7 + write("combined", requests(1, 3)))
    assert run("--input", path, "--output", tmp_path / "out") == 3
    said = capsys.readouterr().err
    assert f"{path}: no log format fits. Of 10 lines tried, combined fits 3" in said
    assert "jane" not in said
    assert not (tmp_path / "out" / "daily").exists()


def test_what_is_no_log_at_all_is_said_in_words(tmp_path, capsys):
    path = tmp_path / "access.log"
    path.write_bytes(bytes(range(256)) * 20)
    assert run("--input", path, "--output", tmp_path / "out") == 3
    assert "lines tried, none is of a known format. Nothing was published." in capsys.readouterr().err
    path.write_bytes(b"\n\n")
    assert main(["formats", str(path)]) == 0
    assert capsys.readouterr().out == f"{path}: no line by which to tell its format (plain)\n"
    words, record = ["--input", str(path), "--output", str(tmp_path / "out"), *UNNAMED], tmp_path / "record.json"
    for command in (["plan", *words], ["run", "--workers", "0", *words, "--run-record", str(record)]):
        assert main(command) == 0
        said = capsys.readouterr().out
        assert "no line by which to tell its format\n" in said
        assert not [name for name in FORMATS if f"{name}:" in said or f"format {name}" in said]
    (told,) = json.loads(record.read_text())["formats"]
    assert told["format"] is None


def test_an_empty_file_is_said_to_be_empty(tmp_path, capsys):
    path, full, record = tmp_path / "empty.log", tmp_path / "full.log", tmp_path / "record.json"
    path.touch()
    full.write_bytes(write("combined", requests(1)))
    words = ["--input", path, "--output", tmp_path / "out", "--run-record", record]
    assert run(*words) == 0
    assert "0 lines read from 1 file, which is empty\n" in capsys.readouterr().out
    assert json.loads(record.read_text())["empty_files"] == [str(path)]
    assert main(["plan", *UNNAMED, *map(str, words)]) == 0
    assert f"{path}: empty\n" in capsys.readouterr().out
    assert run(*words, "--input", full) == 0
    assert "20 lines read from 2 files, 1 of them empty\n" in capsys.readouterr().out


@pytest.mark.long
def test_every_night_the_summary_says_of_a_format_only_how_sure_it_is(tmp_path, capsys):
    path, record = tmp_path / "access.log", tmp_path / "record.json"
    path.write_bytes(write("combined", requests(1)))
    words = ["--input", path, "--site", "www.example.org", "--run-record", record]
    assert run(*words, "--output", tmp_path / "out") == 0
    assert "\n1 file in the format combined: fits 20 of 20 lines tried (100%)\n" in capsys.readouterr().out
    assert "combined_more fits 20" in " ".join(json.loads(record.read_text())["formats"][0]["why"])
    path.write_bytes(write("combined", requests(1)) + write("squid", requests(30, 3)))
    assert run(*words, "--max-reject-ratio", "0.5", "--output", tmp_path / "other") == 0
    assert "format combined: fits 20 of 23 lines tried (87%); squid fits 3\n" in capsys.readouterr().out


def test_one_of_a_kind_is_no_plural(tmp_path, capsys):
    path = tmp_path / "access.log"
    path.write_bytes(write("combined", requests(1, 1)))
    assert run("--input", path, "--output", tmp_path / "out") == 0
    said = capsys.readouterr()
    assert "1 line read from 1 file\n" in said.out
    assert "fits 1 of 1 line tried" in said.out
    assert "2026-03-03: 1 line\n" in said.err
    path.write_bytes(b"junk\n")
    assert main(["formats", str(path)]) == 3
    assert "Of 1 line tried," in capsys.readouterr().err


@pytest.mark.parametrize("size", [(1 << 20) + 1, (3 << 20) - 51, (3 << 20) - 1, 5 * (1 << 20) - 100])
@pytest.mark.parametrize("way", ["plain", "gz"])
def test_a_very_long_line_in_front_does_not_hide_the_format_of_the_others(tmp_path, capsys, size, way):
    path = tmp_path / "access.log"
    log = bytes(size) + b"\n" + write("combined", requests(1, count=300))
    path.write_bytes(gzip.compress(log, 1) if way == "gz" else log)
    assert main(["formats", str(path)]) == 0
    assert "fits 300 of 300 lines" in capsys.readouterr().out


@pytest.mark.long
@pytest.mark.parametrize("start", [bytes(3 << 20), bytes(3 << 20) + b"\n" + b"x" * 1_200_000 + b"\n"])
def test_zeros_and_a_very_long_line_in_front_hide_no_other_line(tmp_path, start):
    """Zeros are what copytruncate leaves in front of a server that goes on where it was."""
    path, record = tmp_path / "access.log", tmp_path / "record.json"
    path.write_bytes(start + write("combined", requests(1, count=300)))
    words = ["--input", path, "--output", tmp_path / "out", "--site", "www.example.org", "--run-record", record]
    assert run(*words) == 0
    lines = json.loads(record.read_text())["lines"]
    assert lines["rejected"] == ({"too_long": 1} if b"x" in start else {})
    assert lines["counted"] == 300


@pytest.mark.long
@pytest.mark.parametrize("size", [(1 << 20) - 1, 1 << 20])
def test_the_longest_line_that_is_read_does_not_hide_the_others(tmp_path, capsys, size):
    path = tmp_path / "access.log"
    path.write_bytes(b"x" * size + b"\n" + write("combined", requests(1, count=3_000)))
    assert main(["formats", str(path)]) == 0
    assert "combined (plain)" in capsys.readouterr().out


def test_a_very_long_line_does_not_hide_the_others_of_the_standard_input(tmp_path):
    command = [sys.executable, "-m", "pipeline", "plan", "--input", "-", "--output", str(tmp_path / "out")]
    log = bytes(3 << 20) + b"\n" + write("combined", requests(1, count=300))
    told = subprocess.run([*command, "--site", "www.example.org"], input=log, check=True, capture_output=True)
    assert b"fits 300 of 300 lines" in told.stdout


def test_a_log_of_nothing_but_a_very_long_line_is_no_empty_one(tmp_path, capsys):
    path = tmp_path / "access.log"
    path.write_bytes(b"x" * 3_000_000)
    assert main(["formats", str(path)]) == 3
    assert "no log format fits" in capsys.readouterr().err


def test_rejects_are_places_and_reasons(tmp_path):
    path, record = tmp_path / "access.log", tmp_path / "record.json"
    whole = write("combined", requests(1))
    wrong_day = write("combined", requests(1, 1)).replace(b"03/Mar", b"31/Feb")
    path.write_bytes(whole + b"cut off\n" + wrong_day)
    words = ["--input", path, "--output", tmp_path / "out", "--run-record", record, "--max-reject-ratio", "0.2"]
    assert run(*words) == 0
    file = json.loads(record.read_text())["files"][str(path)]
    assert (file["format"], file["rejected"]) == ("combined", {"fields": 1, "time": 1})
    assert file["examples"] == [[len(whole), "fields"], [len(whole) + 8, "time"]]


@pytest.mark.long
@pytest.mark.parametrize(("bad", "code"), [(0, 0), (1, 0), (2, 3), (45, 3)])
def test_a_short_file_that_is_half_junk_does_not_hide_behind_a_long_one(tmp_path, capsys, bad, code):
    (tmp_path / "long.log").write_bytes(write("combined", requests(1, 20) * 250))
    (tmp_path / "short.log").write_bytes(write("combined", requests(100, 95 - bad)) + b"junk\n" * bad)
    words = ["--input", tmp_path / "*.log", "--output", tmp_path / "out", "--site", "www.example.org"]
    assert run(*words) == code
    said = " ".join(capsys.readouterr().err.split())
    assert (f"short.log: {bad} of 95 lines were rejected" in said) is (code != 0)
    assert (tmp_path / "out" / "daily").exists() is (code == 0)
    if code:
        assert run(*words, "--max-reject-ratio", "0.5") == 0


@pytest.mark.parametrize("lines", [1, 50])
def test_a_line_that_rotation_cut_stops_no_run_of_a_short_log(tmp_path, lines):
    path = tmp_path / "access.log"
    path.write_bytes(b'rest of a line" 200 5\n' + write("combined", requests(1, lines)))
    words = ["--input", path, "--output", tmp_path / "out", "--site", "www.example.org"]
    assert run(*words, "--max-reject-ratio", "0") == 3
    assert run(*words) == 0


def test_all_rejects_of_a_usual_run_are_placed_and_those_of_an_unusual_one_are_bounded(tmp_path):
    path, record = tmp_path / "access.log", tmp_path / "record.json"
    one = write("combined", requests(1))
    path.write_bytes((one + b"junk\n") * 1_100)
    words = ["--input", path, "--output", tmp_path / "out", "--site", "www.example.org", "--run-record", record]
    assert run(*words, "--max-reject-ratio", "0.1") == 0
    file = json.loads(record.read_text())["files"][str(path)]
    assert file["rejected"] == {"fields": 1_100}
    assert file["examples"] == [[len(one) + at * (len(one) + 5), "fields"] for at in range(1_000)]


# On 26 October 2025 clocks in Berlin showed 02:00 to 02:59 twice: 00:30 UTC and 01:30 UTC are both 02:30.
def test_times_without_zone_are_of_the_zone_that_is_said(tmp_path, capsys):
    path, record = tmp_path / "u_ex.log", tmp_path / "record.json"
    shown = 1_761_445_800  # 02:30 on 26 October, written as the clocks show it
    path.write_bytes(write("iis", [*requests(1, 20, shown), *requests(21, 20, shown + 2 * 3600)]))
    words = ["--input", path, "--output", tmp_path / "out", "--run-record", record, "--log-timezone", "Europe/Berlin"]
    assert run(*words) == 0
    assert json.loads(record.read_text())["ambiguous_times"] == 20
    assert "20 lines from the hour that clocks in --log-timezone showed twice" in " ".join(capsys.readouterr().out.split())
    hourly = pq.read_table(tmp_path / "out" / "hourly" / "2025-10-26.parquet").to_pylist()
    assert {row["hour"]: row["hits"] for row in hourly if row["traffic"] == "human"} == {"00": 20, "03": 20}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--log-timezone", "Berlin"], "--log-timezone: 'Berlin' is not a time zone"),
        (["--format", "%h %t %r %Y"], "--format: %Y is not a directive"),
        (["--format", "$remote_addr [$time_local] $request $jane"], "--format: $jane is not a variable"),
        (["--format", "apache"], "--format: apache is neither the name of a format nor a notation"),
    ],
)
def test_wrong_words_are_named(tmp_path, capsys, words, says):
    path = tmp_path / "access.log"
    path.write_bytes(write("combined", requests(1)))
    assert run("--input", path, "--output", tmp_path / "out", *words) == 2
    assert says in " ".join(capsys.readouterr().err.split())


def test_a_header_of_a_log_is_not_repeated(tmp_path, capfd):
    path, record = tmp_path / "u_ex.log", tmp_path / "record.json"
    first, second = (write("iis", requests(number)).replace(b"time-taken", b"x-janedoe") for number in (1, 30))
    path.write_bytes(first + second.replace(b"x-janedoe", b"x-richardroe"))
    words = ["--input", path, "--output", tmp_path / "out"]
    assert run(*words, "--trusted-proxies", "1") == 2
    assert run(*words, "--run-record", record) == 0
    assert main(["formats", str(path)]) == 0
    assert main(["plan", *UNNAMED, *map(str, words)]) == 0
    said = "".join(capfd.readouterr()) + record.read_text()
    assert "janedoe" not in said
    assert "richardroe" not in said
    assert json.loads(record.read_text())["lines"]["counted"] == 40
