"""A run from the command line: Parquet files, a summary, an exit code, and one message for each error."""

from __future__ import annotations

import gzip
import json
import lzma
import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.__main__ import main
from tests import reference
from tests.catalogues import REPORTS
from tests.eager import rows_of
from tests.logs import CHROME, FIREFOX, UNNAMED, crowd, line
from tests.published import GUARD

ROOT = Path(__file__).parents[2]
DAY = "2026-03-03"


def log_of(day: str = "03/Mar/2026", addresses: int = 12) -> bytes:
    time = f"{day}:10:00:00 +0000"
    return crowd(addresses, time=time) + crowd(addresses, time=time, request="GET /a HTTP/1.1", agent=FIREFOX)


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "access.log"
    path.write_bytes(log_of())
    return path


def run(*arguments: object) -> int:
    return main(["run", "--workers", "0", "--period", "day", *UNNAMED, *map(str, arguments)])


def published(output: Path, report: str, day: str = DAY) -> dict[tuple[str, ...], tuple[int, ...]]:
    return rows_of(pq.read_table(output / report / f"{day}.parquet", partitioning=None), report)


def test_one_command_publishes_a_day_and_says_what_it_did(log, tmp_path, capsys):
    output = tmp_path / "out"
    assert run("--input", log, "--output", output, "--site", "www.example.org") == 0
    assert published(output, "pages") == {
        ("www.example.org", "human", "page", "/", "/"): (12, 10),
        ("www.example.org", "human", "page", "/", "/a"): (12, 10),
    }
    said = capsys.readouterr().out
    for words in (
        "24 lines read from 1 file",
        "24 counted",
        f"Published: {DAY}, 24 lines.",
        f"  FROM '{output}/pages/*.parquet'",
        " MB\n",
    ):
        assert words in said


def test_every_report_is_a_typed_described_file_and_the_manifest_names_them(log, tmp_path):
    output = tmp_path / "out"
    run("--input", log, "--output", output)
    manifest = json.loads((output / "_manifest" / f"{DAY}.json").read_text())
    assert set(manifest["reports"]) == set(REPORTS.names())
    assert (manifest["mode"], manifest["min_addresses"], manifest["revision"]) == ("threshold", "10", 1)
    for name in REPORTS.names():
        path = output / name / f"{DAY}.parquet"
        schema = pq.read_schema(path)
        assert schema.names == ["date", *REPORTS.columns(name), "hits", "visitors"]
        assert not any(field.nullable for field in schema)
        assert all(field.metadata[b"description"] for field in schema)
        assert schema.metadata[b"report"].decode() == name
        assert manifest["reports"][name]["rows"] == pq.read_metadata(path).num_rows
    files = {path.relative_to(output).as_posix() for path in output.rglob("*") if path.is_file()}
    assert files == {f"{name}/{DAY}.parquet" for name in (GUARD, *REPORTS.names())} | {f"_manifest/{DAY}.json", "_lock"}


def test_duckdb_reads_each_report(log, tmp_path):
    output = tmp_path / "out"
    run("--input", log, "--output", output)
    for name in REPORTS.names():
        query = f"SELECT * FROM '{output}/{name}/*.parquet'"
        columns = duckdb.sql(query).columns
        assert columns[0] == "date"
        assert duckdb.sql(query).types[0] == "DATE"


@pytest.mark.parametrize("place", ["*", "**", "*/*", f"*/{DAY}", "[0-z]*/*"])
def test_reports_cannot_be_read_as_one_table(log, tmp_path, place):
    """Each divides its parent's rows, so every hit would count as often as there are reports."""
    output = tmp_path / "out"
    run("--input", log, "--output", output)
    with pytest.raises(duckdb.Error, match=r"0_read_one_report_at_a_time|No files found"):
        duckdb.sql(f"SELECT sum(hits) FROM '{output}/{place}.parquet'").fetchall()
    for options in ({}, {"columns": ["hits"]}, {"filters": [("traffic", "==", "human")]}):
        with pytest.raises(pa.ArrowException, match="0_read_one_report_at_a_time"):
            pq.read_table(output, **options)


@pytest.mark.long
def test_workers_and_compression_change_no_byte(tmp_path):
    path, archive = tmp_path / "a.log", tmp_path / "b.log.gz"
    command = [sys.executable, "examples/generate.py", "--output", str(path), "--lines", "4000"]
    subprocess.run(command, cwd=ROOT, check=True)
    data = path.read_bytes()
    archive.write_bytes(gzip.compress(data[:100_000]) + gzip.compress(data[100_000:]))
    outputs = []
    for number, (file, workers) in enumerate([(path, 0), (path, 2), (archive, 2)]):
        output = tmp_path / f"out{number}"
        command = [sys.executable, "-m", "pipeline", "run", "--input", str(file), "--output", str(output), *UNNAMED]
        subprocess.run([*command, "--workers", str(workers)], cwd=ROOT, check=True, capture_output=True)
        outputs.append({name: (output / name / f"{DAY}.parquet").read_bytes() for name in REPORTS.names()})
    assert outputs[0] == outputs[1] == outputs[2]


def test_the_published_files_agree_with_the_reference(tmp_path):
    path = tmp_path / "a.log"
    command = [sys.executable, "examples/generate.py", "--output", str(path), "--lines", "4000", "--format", "vhost_combined"]
    subprocess.run(command, cwd=ROOT, check=True)
    assert run("--input", path, "--output", tmp_path / "out") == 0
    hits, _ = reference.hits_of(path.read_bytes().split(b"\n"), "vhost_combined")
    for name, rows in reference.publish(hits)[DAY].items():
        assert published(tmp_path / "out", name) == rows


def test_the_line_equation_stands_in_the_run_record(tmp_path):
    log = tmp_path / "access.log"
    today = "03/Mar/2999:10:00:00 +0000"
    log.write_bytes(log_of() + b"\n# comment\ngarbage\n" + line(time=today))
    record_path = tmp_path / "record.json"
    arguments = ("--input", log, "--output", tmp_path / "out", "--max-reject-ratio", "0.1", "--run-record", record_path)
    assert run(*arguments) == 0
    record = json.loads(record_path.read_text())
    lines = record["lines"]
    assert lines == {
        "read": 28,
        "counted": 24,
        "out_of_window": 1,
        "opted_out": 0,
        "ignored": {"blank": 1, "comment": 1},
        "rejected": {"fields": 1},
    }
    assert record["days_left_out"] == {"2999-03-03": {"lines": 1, "reason": "not_ended"}}
    offset = log.read_bytes().index(b"garbage")
    assert record["files"][str(log)]["examples"] == [[offset, "fields"]]


def test_a_published_day_is_skipped_the_next_night(log, tmp_path, capsys):
    output = tmp_path / "out"
    run("--input", log, "--output", output)
    before = (output / "pages" / f"{DAY}.parquet").stat().st_mtime_ns
    log.write_bytes(log.read_bytes() + log_of("04/Mar/2026"))
    capsys.readouterr()
    assert run("--input", log, "--output", output) == 0
    assert "Not published: 2026-03-03: the day is published already." in capsys.readouterr().out
    assert (output / "pages" / "2026-03-04.parquet").exists()
    assert (output / "pages" / f"{DAY}.parquet").stat().st_mtime_ns == before


def test_an_asked_day_that_is_published_is_refused_unless_replaced(log, tmp_path, capsys):
    output = tmp_path / "out"
    run("--input", log, "--output", output)
    assert run("--input", log, "--output", output, "--date", DAY) == 4
    assert "published already" in capsys.readouterr().err
    log.write_bytes(log_of(addresses=20))
    assert run("--input", log, "--output", output, "--date", DAY, "--replace") == 0
    assert json.loads((output / "_manifest" / f"{DAY}.json").read_text())["revision"] == 2
    assert sum(hits for hits, *_ in published(output, "daily").values()) == 40


def test_only_the_asked_day_is_published(tmp_path):
    log, output = tmp_path / "access.log", tmp_path / "out"
    log.write_bytes(log_of("03/Mar/2026") + log_of("04/Mar/2026") + log_of("05/Mar/2026"))
    assert run("--input", log, "--output", output, "--date", "2026-03-04") == 0
    assert [path.name for path in (output / "_manifest").iterdir()] == ["2026-03-04.json"]
    assert run("--input", log, "--output", output, "--date", "2026-03-03..2026-03-05", "--replace") == 0
    assert len(list((output / "_manifest").iterdir())) == 3


def test_a_stratum_that_fails_is_left_out_of_everything(tmp_path):
    log, output = tmp_path / "access.log", tmp_path / "out"
    log.write_bytes(log_of() + crowd(3, first=100, agent="-"))
    run("--input", log, "--output", output)
    for name in REPORTS.names():
        assert not [key for key in published(output, name) if key[1] == "bot"]


def test_format_and_site_can_be_named(tmp_path):
    log, output = tmp_path / "access.log", tmp_path / "out"
    log.write_bytes(b"".join(b"WWW.Example.org:443 " + one for one in log_of().splitlines(keepends=True)))
    assert run("--input", log, "--output", output, "--format", "vhost_combined") == 0
    assert {key[0] for key in published(output, "daily")} == {"www.example.org"}


def test_several_inputs_and_globs(tmp_path):
    for number in range(3):
        (tmp_path / f"access.log.{number}").write_bytes(crowd(12, first=1 + 20 * number, agent=CHROME))
    (tmp_path / "empty.log").write_bytes(b"")
    arguments = ("--input", tmp_path / "access.log.*", "--input", tmp_path / "empty.log", "--output", tmp_path / "out")
    assert run(*arguments) == 0
    assert published(tmp_path / "out", "daily") == {("(unknown)", "human"): (36, 36)}


BAD = {
    "nothing matches": (["--input", "{tmp}/none*.log"], 6, "no file matches. Is the path right"),
    "a folder": (["--input", "{tmp}"], 6, "is a directory"),
    "an unknown format": (["--input", "{tmp}/poem.txt"], 3, "no log format fits"),
    "a truncated archive": (["--input", "{tmp}/short.gz"], 6, "it ends too early"),
    "a damaged archive": (["--input", "{tmp}/broken.gz"], 6, "damaged"),
    "an xz archive": (["--input", "{tmp}/a.xz"], 6, "a.xz: xz is not read. Unpack it, or pack it as gz, bz2 or zst."),
    "a zip archive": (["--input", "{tmp}/a.zip"], 6, "a.zip: zip is not read. Unpack it"),
    "a 7z archive": (["--input", "{tmp}/a.7z"], 6, "a.7z: 7z is not read. Unpack it"),
    "a tar archive": (
        ["--input", "{tmp}/a.tar"],
        6,
        "a.tar: it is a tar archive, which holds several files. Unpack it (tar -xf)",
    ),
    "a packed tar archive": (["--input", "{tmp}/a.tar.gz"], 6, "a.tar.gz: it is a tar archive"),
    "text in UTF-16": (["--input", "{tmp}/wide.log"], 6, "wide.log: its text is UTF-16. Convert it: iconv -f UTF-16 -t UTF-8"),
    "text in UTF-16 without a mark": (["--input", "{tmp}/bare.log"], 6, "bare.log: its text is UTF-16."),
    "the same file twice": (["--input", "{log}", "--input", "{tmp}/link.log"], 6, "begin with the same lines"),
    "too many rejects": (["--input", "{tmp}/half.log"], 3, "lines were rejected"),
    "a day that is not in the log": (["--input", "{log}", "--date", "2026-03-01"], 7, "No line of 2026-03-01"),
    "a day that has not ended": (["--input", "{log}", "--date", "2999-01-01"], 2, "has not ended yet"),
    "a date that is none": (["--input", "{log}", "--date", "2026-02-30"], 2, "write a day as YYYY-MM-DD"),
    "a range that runs backwards": (["--input", "{log}", "--date", "2026-03-04..2026-03-03"], 2, "ends before it begins"),
    "replace without a day": (["--input", "{log}", "--replace"], 2, "--replace needs --date"),
    "a format that is not known": (["--input", "{log}", "--format", "apache"], 2, "neither the name of a format nor a notation"),
    "a site that is none": (["--input", "{log}", "--site", "a b"], 2, "not the name of a host"),
    "a database that is none": (["--input", "{log}", "--geoip-country", "{log}"], 2, "is not a MaxMind database"),
    "an option that is not known": (["--input", "{log}", "--colour", "red"], 2, "unknown option: --colour"),
    "an abbreviated option": (["--input", "{log}", "--work", "2"], 2, "unknown option: --work"),
    "no output": (["--input", "{log}", "--output", ""], 2, "--output: it is empty"),
    "a record that would be published": (
        ["--input", "{log}", "--run-record", "{tmp}/out/new/record.json"],
        2,
        "inside --output, which others may read",
    ),
    "an output that cannot be": (["--input", "{log}", "--output", "{log}/out"], 8, "a part of this path is a file"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_gives_its_exit_code_a_way_out_and_no_output(case, log, tmp_path, capfd):
    (tmp_path / "poem.txt").write_text("Roses are red,\nviolets are blue.\n")
    archive = gzip.compress(log.read_bytes() * 50)
    (tmp_path / "short.gz").write_bytes(archive[: len(archive) // 2])
    (tmp_path / "broken.gz").write_bytes(archive[:50] + b"xxxxxx" + archive[56:])
    (tmp_path / "a.xz").write_bytes(lzma.compress(log.read_bytes()))
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as packed:
        packed.write(log)
    (tmp_path / "a.7z").write_bytes(b"7z\xbc\xaf'\x1c" + bytes(range(256)))
    for name, mode in (("a.tar", "w"), ("a.tar.gz", "w:gz")):
        with tarfile.open(tmp_path / name, mode) as members:
            members.add(log, "access.log")
    (tmp_path / "wide.log").write_bytes(log.read_bytes().decode().encode("utf-16"))
    (tmp_path / "bare.log").write_bytes(log.read_bytes().decode().encode("utf-16-be"))
    (tmp_path / "half.log").write_bytes(log_of() + b"SECRET garbage\n" * 20)
    (tmp_path / "link.log").hardlink_to(log)
    arguments, code, words = BAD[case]
    given = [argument.format(tmp=tmp_path, log=log) for argument in arguments]
    if "--output" not in given:
        given += ["--output", str(tmp_path / "out")]
    assert run(*given) == code
    said = capfd.readouterr().err
    assert words in said
    assert "weblog-anonymizer: error: " in said
    assert "SECRET" not in said
    assert not list((tmp_path / "out").rglob("*.parquet"))
    assert not list((tmp_path / "out").rglob("_staging/**/*"))


@pytest.mark.parametrize(
    "arguments", [["--input", "none*.log"], ["--input", "poem.txt"], ["--input", "access.log", "--date", "2026-03-01"]]
)
def test_with_worker_processes_too_an_error_is_one_message(log, tmp_path, arguments):
    (tmp_path / "poem.txt").write_text("Roses are red,\nviolets are blue.\n")
    words = ["--output", "out", "--workers", "2", "--timezone", "UTC", *UNNAMED]
    command = [sys.executable, "-m", "pipeline", "run", *arguments, *words]
    done = subprocess.run(command, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True)
    assert done.returncode in (3, 6, 7)
    said = [one for one in done.stderr.splitlines() if not one.startswith("weblog-anonymizer: reading")]
    assert len(said) == 1
    assert said[0].startswith("weblog-anonymizer: error: ")
    assert done.stdout == ""


def test_arguments_that_argparse_refuses_exit_with_2(capsys):
    for arguments in ([], ["run"], ["walk"], ["run", "--input", "x", "--output", "y", "--min-addresses", "4"]):
        with pytest.raises(SystemExit) as caught:
            main(arguments)
        assert caught.value.code == 2
    assert "4 is less than 5" in capsys.readouterr().err


def test_a_temporary_folder_whose_name_is_too_long_for_workers_is_named(log, tmp_path, monkeypatch, capsys):
    folder = tmp_path / ("x" * 100)
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    words = ["run", "--input", str(log), "--output", str(tmp_path / "out"), *UNNAMED]
    assert main([*words, "--workers", "2"]) == 2
    assert "TMPDIR: the name of the folder is too long for worker processes" in capsys.readouterr().err
    assert main([*words, "--workers", "0"]) == 0
