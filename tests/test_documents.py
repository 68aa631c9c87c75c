"""README and docs are true: commands run, queries answer, tables list what exists."""

from __future__ import annotations

import contextlib
import datetime
import io
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from pipeline import errors
from pipeline.cli import options
from pipeline.cli.dispatch import dispatch
from scripts import write_tables
from tests.catalogues import NOISY_REPORTS, REPORTS
from tests.logs import CHROME, FIREFOX, GOOGLEBOT, IPHONE, address, crowd
from tests.published import GUARD
from transforms.dimensions import known_dimensions
from transforms.dimensions.request import KINDS
from transforms.formats.registry import FORMATS
from transforms.reserved import NONE, OTHER, UNKNOWN

ROOT = Path(__file__).parents[1]
PAGES = {
    name: (ROOT / name).read_text(encoding="utf-8")
    for name in (
        *("README.md", "ARCHITECTURE.md", "CHANGELOG.md"),
        *("docs/engines.md", "docs/formats.md", "docs/operations.md", "docs/parquet.md"),
    )
}
README, DICTIONARY = PAGES["README.md"], PAGES["docs/parquet.md"]
TODAY = datetime.datetime.now(datetime.timezone.utc).date()
FIXED_DAY = datetime.date(2026, 3, 3)
PROGRAM = re.compile(r"(?:^|[\s|])(?:\S*/)?(?:weblog-anonymizer|python -m pipeline) +((?:run|plan|formats)\b.*)$", re.MULTILINE)
PATHS = {"--output": "out", "--run-record": "record.json"}


def fenced(text: str, *languages: str) -> list[str]:
    """Fenced blocks in one of the languages, in their order."""
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [body for language, body in blocks if language in languages]


def commands() -> list[str]:
    """What follows the program's name, on every line of every fenced block that calls it; each once."""
    found = []
    for text in PAGES.values():
        for body in fenced(text, "sh", "console", "crontab", "ini"):
            found += PROGRAM.findall(body.replace("\\\n", " "))
    return list(dict.fromkeys(found))


def table(text: str, heading: str) -> list[list[str]]:
    """Body rows of the first Markdown table whose heading row begins with these words."""
    lines = text.splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith(f"| {heading} |"))
    rows = []
    for line in lines[at + 2 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


def code(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def log() -> bytes:
    """Traffic of a fixed day, of yesterday and of today, which may have become yesterday before a command runs."""
    lines = b""
    for day in (FIXED_DAY, TODAY - datetime.timedelta(1), TODAY):
        for clock in ("00:50:00", "01:05:00"):  # one visit in two hours
            time = f"{day:%d/%b/%Y}:{clock} +0000"
            lines += crowd(30, time=time)
            lines += crowd(15, time=time, request="GET /a HTTP/2.0", agent=FIREFOX, referer="https://www.google.com/")
            lines += crowd(12, 5, time=time, request="GET /style.css HTTP/1.1", agent=IPHONE)
            lines += crowd(3, 40, time=time, request="GET /rare.pdf HTTP/1.1", agent=CHROME)
            lines += crowd(12, 60, time=time, request="GET /gone HTTP/1.1", status=404, agent=GOOGLEBOT)
    return lines + b"cut off\n"


@pytest.fixture(scope="module")
def access_log(tmp_path_factory):
    path = tmp_path_factory.mktemp("log") / "access.log"
    path.write_bytes(log())
    return path


@pytest.fixture(scope="module")
def data_set(access_log, tmp_path_factory):
    """A published data set, the record of its run, and what the run said."""
    folder = tmp_path_factory.mktemp("data")
    output, record = folder / "out", folder / "record.json"
    words = ["--input", str(access_log), "--output", str(output), "--site", "www.example.org", "--run-record", str(record)]
    words += ["--timezone", "UTC"]  # as `make run` does
    with contextlib.redirect_stdout(io.StringIO()) as said:
        assert dispatch(["run", "--workers", "0", *words]) == 0
    return output, json.loads(record.read_text()), said.getvalue()


# A line that the server of each documented notation would write.
LINES_OF = {
    "LogFormat": '{host} - - [03/Mar/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 5 "-" "Firefox/127.0" 42',
    "$remote_addr": '{host} [2026-03-03T10:00:00+00:00] "GET / HTTP/1.1" 200 5 "Firefox/127.0"',
    "json:": '{{"client": {{"ip": "{host}"}}, "when": 1772532000, "verb": "GET", "path": "/", "code": 200}}',
}


def placed(command: str, access_log: Path, folder: Path) -> list[str]:
    """The command's words, with the test's log and folder in place of the reader's."""
    folder.mkdir(parents=True, exist_ok=True)
    words = shlex.split(command)
    if "--format" in words:
        notation = words[words.index("--format") + 1]
        (line,) = (line for begin, line in LINES_OF.items() if notation.startswith(begin))
        access_log = folder / "own.log"
        access_log.write_text("".join(line.format(host=address(number)) + "\n" for number in range(1, 21)))
    if words[0] == "formats":
        return [words[0], *(str(access_log) for _ in words[1:])]
    for at, word in enumerate(words[:-1]):
        if word == "--input" and "=" in words[at + 1]:
            site = words[at + 1].partition("=")[0]
            (folder / site).write_bytes(b"".join(access_log.read_bytes().splitlines(keepends=True)[at % 5 :: 5]))  # no copy
            words[at + 1] = f"{site}={folder / site}"
        elif word == "--input" and words[at + 1] != "-":
            words[at + 1] = str(access_log)
        elif word in PATHS:
            words[at + 1] = str(folder / PATHS[word])
    return [*words, "--workers", "0"]


@pytest.mark.parametrize("command", commands())
def test_each_command_runs(command, access_log, tmp_path, capfd):
    words = placed(command, access_log, tmp_path)
    if "-" in words:  # a standard input takes a process of its own; the others share this one's imports
        process = [sys.executable, "-m", "pipeline", *words]
        done = subprocess.run(process, cwd=ROOT, input=access_log.read_bytes(), capture_output=True, check=False, timeout=60)
        code, out, error = done.returncode, done.stdout.decode(), done.stderr.decode()
    else:
        code, (out, error) = dispatch(words), capfd.readouterr()
    assert code == 0, error
    assert "Traceback" not in error
    assert out or error
    if command.startswith("run "):
        assert list((tmp_path / "out" / "pages").glob("*.parquet"))


def test_the_readme_shows_how_to_run_from_a_checkout_and_installed():
    assert re.search(r"^\.venv/bin/weblog-anonymizer run ", README, re.MULTILINE)
    assert re.search(r"^weblog-anonymizer run ", README, re.MULTILINE)
    assert len(commands()) >= 6


def test_commands_that_read_one_file_or_folder_of_many_name_the_day_and_its_neighbours():
    """A file that was rotated at 06:25 holds a part of two days, and the rest would be refused for ever."""
    text = "\n".join(PAGES.values()).replace("\\\n", " ")
    copied = re.findall(r"^ssh .* && weblog-anonymizer run .*$", text, re.MULTILINE)
    assert not re.findall(r"\| weblog-anonymizer run ", text)  # it publishes what a broken connection has let through
    stored = re.findall(r"^.*\brun\b.*--input '?(?:s3|gs)://.*$", text, re.MULTILINE)
    stored += re.findall(r"^.*--parameters='input=.*$", text, re.MULTILINE)
    assert len(copied) >= 1
    assert len(stored) == 4
    for line in copied + stored:
        assert re.search(r"(--date |=date=)\S", line), line
        assert re.search(r"access\.log\*|2026-03-0\[2-4\]/", line), line


@pytest.mark.parametrize("query", fenced(README, "sql"), ids=range(len(fenced(README, "sql"))))
def test_each_query_answers(query, data_set):
    output, *_ = data_set
    assert "'out/" in query
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    assert connection.execute(query.replace("'out/", f"'{output}/")).fetchall()


def test_the_totals_that_the_readme_compares_are_equal(data_set):
    output, *_ = data_set
    (query,) = (query for query in fenced(README, "sql") if "hits_of_kinds" in query)
    rows = duckdb.sql(query.replace("'out/", f"'{output}/")).fetchall()
    assert len(rows) >= 4
    assert all(row[-1] == row[-2] for row in rows)


def test_the_summary_in_the_readme_is_what_a_run_says(data_set):
    output, _, said = data_set

    def without_numbers(line: str) -> str:
        return " ".join(re.sub(r"[0-9][0-9,.-]*", "0", line).split())

    lines = {without_numbers(line) for line in said.replace(str(output), "out/example").splitlines()}
    (shown,) = fenced(README, "text")
    for line in shown.splitlines():
        first, *words = line.split() or ["…"]
        if first in ("report", *REPORTS.names()):  # a table of other rows than this log has
            assert all(word in ("report", "people", "robots", "–", *REPORTS.names()) or float(word) <= 100 for word in words)
        elif first == "Published:":  # of this log two days
            assert any(text.startswith("Published: 0 ") and text.endswith(without_numbers(line)[-16:]) for text in lines)
        elif first != "…":
            assert without_numbers(line) in lines


def test_the_python_examples_run(data_set):
    output, *_ = data_set
    examples = fenced(README, "python")
    assert examples
    for example in examples:
        done = subprocess.run([sys.executable, "-c", example.replace('"out/', f'"{output}/')], capture_output=True, check=True)
        assert b"path" in done.stdout


def test_the_readme_names_each_report_with_parent_and_dimension():
    rows = table(README, "report | parent | by |")
    assert [code(row[0])[0] for row in rows] == list(REPORTS.names())
    for name, parent, own, *_ in rows:
        report = REPORTS[code(name)[0]]
        assert code(parent) == ([report.parent] if report.parent else [])
        assert code(own) == [own.name for own in (report.own if report.parent else ())]


def test_the_dictionary_explains_kinds_and_reserved_values():
    assert tuple(code(row[0])[0] for row in table(DICTIONARY, "kind | hits")) == KINDS
    for text in (README, DICTIONARY):
        assert [code(row[0]) for row in table(text, "value | meaning")] == [[OTHER], [UNKNOWN], [NONE]]


def test_every_value_of_a_short_list_is_in_the_dictionary():
    values = {code(row[0])[0]: code(row[1]) for row in table(DICTIONARY, "column | values")}
    for name in ("day_part", "kind", "channel", "tls_version"):
        assert set(values[name]) == set(known_dimensions()[name].values), name


def test_measures_add_up_where_the_dictionary_says_so(data_set):
    output, *_ = data_set
    rows = {code(row[0])[0]: code(row[1]) for row in table(DICTIONARY, "measure | adds up over the rows of")}
    visitors = rows["visitors"]
    assert set(visitors) < set(REPORTS.names())

    def totals(report: str, measure: str, traffic: str = "%") -> list[tuple[object, ...]]:
        source = f"'{output}/{report}/*.parquet'"
        query = (
            f"SELECT date, site, traffic, sum({measure}) FROM {source} WHERE traffic LIKE '{traffic}' GROUP BY ALL ORDER BY ALL"
        )
        return duckdb.sql(query).fetchall()

    for report in visitors:
        of_people = report in ("devices", "operating_systems", "browsers")
        of_robots = report in ("bot_kinds", "bots")
        expected = totals("daily", "visitors", "human" if of_people else "%")
        expected = [row for row in expected if not of_robots or row[2] in ("bot", "crawler")]
        assert len(expected) > 1
        assert totals(report, "visitors") == expected, report
    assert totals("pages", "visitors") != totals("daily", "visitors")


def test_the_dictionary_describes_each_field_of_manifest_and_record(data_set):
    output, record, _ = data_set
    described = {field for row in table(DICTIONARY, "field | meaning") for field in code(" ".join(row))}
    for path in (output / "_manifest").iterdir():
        manifest = json.loads(path.read_text())
        assert set(manifest) <= described
        assert {key for report in manifest["reports"].values() for key in report} <= described
    text = DICTIONARY.partition("## Run record")[2]
    described = set(code(text))
    assert set(record) <= described
    days = record["days"].values()
    for parts in ([record["lines"]], days, (day["reports"]["pages"] for day in days), record["files"].values()):
        for part in parts:
            assert set(part) <= described
    assert "is not public" in text


def test_the_layout_in_the_dictionary_is_what_a_run_leaves(data_set):
    output, *_ = data_set
    day = FIXED_DAY.isoformat()
    assert {path.name for path in output.iterdir()} <= {*REPORTS.names(), GUARD, "_manifest", "_lock"}
    for path in re.findall(r"OUT/(\S+)", DICTIONARY.partition("## Reports")[0]):
        if not path.startswith(("_staging", "_ledger")):
            assert (output / path.replace("<report>", "pages").replace("YYYY-MM-DD", day)).exists()


@pytest.fixture(scope="module")
def noisy_data_set(access_log, tmp_path_factory):
    """A data set published with noise, and the record of its run."""
    folder = tmp_path_factory.mktemp("noisy")
    output, record = folder / "out", folder / "record.json"
    words = ["--input", str(access_log), "--output", str(output), "--site", "www.example.org", "--run-record", str(record)]
    words += ["--privacy", "dp", "--declare-site", "www.example.org", "--date", FIXED_DAY.isoformat()]
    with contextlib.redirect_stdout(io.StringIO()):
        assert dispatch(["run", "--workers", "0", *words]) == 0
    return output, json.loads(record.read_text())


def test_the_dictionary_describes_each_field_of_the_ledger_and_of_a_manifest_with_noise(noisy_data_set):
    output, record = noisy_data_set
    described = {field for row in table(DICTIONARY, "field | meaning") for field in code(" ".join(row))}
    assert set(json.loads((output / "_manifest" / f"{FIXED_DAY}.json").read_text())) <= described
    of_ledger = {field for row in table(DICTIONARY, "entry | meaning") for field in code(" ".join(row))}
    entry = json.loads((output / "_ledger" / f"{FIXED_DAY}.json").read_text())
    assert set(entry) <= of_ledger
    assert {name for each in entry["mechanisms"] for name in each} - {"report", "measure"} <= of_ledger
    of_record = set(code(DICTIONARY.partition("## Run record")[2]))
    assert {name for day in record["days"].values() for name in day} <= of_record
    reports = {path.name for path in output.iterdir()} - {"_manifest", "_lock", "_ledger", GUARD}
    (listed,) = (line for line in DICTIONARY.splitlines() if line.startswith("- Reports: "))
    assert set(code(listed.partition(", with the same columns")[0])) == reports == set(NOISY_REPORTS.names())


@pytest.mark.parametrize("query", fenced(DICTIONARY, "sql"))
def test_each_query_of_the_dictionary_answers(query, noisy_data_set):
    output, _ = noisy_data_set
    duckdb.sql(query.replace("'out/", f"'{output}/")).fetchall()


def test_the_query_of_rows_above_the_noise_leaves_out_the_rest_whose_noise_is_greater():
    (query,) = (query for query in fenced(DICTIONARY, "sql") if "hits >" in query)
    rows = "(VALUES ('(other)', 'human', 90, 9000), ('DE', 'human', 90, 9000), ('FR', 'human', 1, 9))"
    table = f"{rows} AS t(country, traffic, visitors, hits)"
    assert duckdb.sql(re.sub(r"'out/.*\.parquet'", table, query)).fetchall() == [("DE", 90, 9000)]


def test_each_option_is_documented():
    with contextlib.redirect_stdout(io.StringIO()) as said, contextlib.suppress(SystemExit):
        options.parse(["run", "--help"])
    text = README + DICTIONARY
    known = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", said.getvalue())) - {"--help", "--runner"}
    assert len(known) > 10
    assert {option for option in known if not re.search(rf"{option}(?![\w-])", text)} == set()


def test_documented_options_exist():
    with contextlib.redirect_stdout(io.StringIO()) as said, contextlib.suppress(SystemExit):
        options.parse(["run", "--help"])
    mentioned = {option for row in table(README, "option | meaning") for option in re.findall(r"--[a-z-]+", row[0])}
    assert {option for option in mentioned if option not in said.getvalue()} == set()


def test_each_exit_code_is_documented():
    with contextlib.redirect_stdout(io.StringIO()) as said, contextlib.suppress(SystemExit):
        options.parse(["run", "--help"])
    help_text = said.getvalue().partition("exit codes:")[2]
    assert set(re.findall(r"(?:^|[ \n])(\d+) [a-z]", help_text)) == {row[0] for row in table(README, "exit code | meaning")}


def test_each_exit_code_has_a_meaning():
    named = {name: code for name, code in vars(errors).items() if name.startswith("EXIT_") and isinstance(code, int)}
    assert sorted(named.values()) == list(errors.EXIT_CODES)


def test_each_marked_table_is_what_the_code_says():
    marked = []
    for path in write_tables.DOCUMENTS:
        text = path.read_text(encoding="utf-8")
        assert text == write_tables.with_tables(text), f"{path.name}: run `make tables`"
        found = [name for _, name, _, _ in write_tables.MARKED.findall(text)]
        assert len(found) == text.count("<!-- table") == text.count("<!-- end -->"), path.name
        marked += found
    assert set(marked) == set(write_tables.TABLES)


def test_each_format_is_documented():
    named = [name for row in table(PAGES["docs/formats.md"], "format |") for name in code(row[0])]
    assert named == list(FORMATS)


def test_make_targets_exist():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for text in PAGES.values():
        for span in (*code(text), *fenced(text, "sh", "console")):
            for target in re.findall(r"(?:^|\n)make ([a-z-]+)", span):
                assert target in targets


def test_links_lead_somewhere():
    for name, text in PAGES.items():
        for target in re.findall(r"\]\(([^)#\s]*)(?:#[^)]*)?\)", text):
            if target and "://" not in target:
                assert ((ROOT / name).parent / target).exists(), f"{name} links to {target}"
        for target, anchor in re.findall(r"\]\(([^)#\s]*)#([^)]+)\)", text):
            if "://" not in target:
                page = ((ROOT / name).parent / target).read_text() if target else text
                headings = re.findall(r"^#+ (.+)$", page, re.MULTILINE)
                slugs = {re.sub(r"[^\w -]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}
                assert anchor in slugs, f"{name} links to #{anchor}"


def test_files_and_headings_that_are_named_exist():
    for text in PAGES.values():
        for path in re.findall(r"`((?:transforms|pipeline|tests|examples|scripts|docs|deploy)/[\w./-]*)`", text):
            assert (ROOT / path).exists(), path
    for heading in ("The guarantee", "Why reports form a tree"):
        assert re.search(rf"^#+ {heading}$", PAGES["ARCHITECTURE.md"], re.MULTILINE)


def test_functions_that_the_guarantee_names_exist():
    rules = re.findall(r"`(transforms/[\w/]+\.py)`, `(\w+)`", PAGES["ARCHITECTURE.md"])
    assert len(rules) >= 4
    for path, function in rules:
        assert re.search(rf"^(?:    )?(?:def|class) {function}\b", (ROOT / path).read_text(), re.MULTILINE), (path, function)


def test_each_dependency_is_explained():
    declared = set(re.findall(r'"([A-Za-z_-]+)(?:\[\w+\])?[>=]', (ROOT / "setup.py").read_text().partition("entry_points")[0]))
    explained = {code(row[0])[0] for row in table(PAGES["ARCHITECTURE.md"], "package | licence | why")}
    assert declared <= explained


def test_changelog_keeps_its_form():
    changelog = PAGES["CHANGELOG.md"]
    assert changelog.startswith("# Changelog\n")
    unreleased = changelog.partition("## [Unreleased]\n")[2].partition("\n## ")[0]
    assert re.search(r"^### (Added|Changed|Deprecated|Removed|Fixed|Security)$", unreleased, re.MULTILINE)
    assert re.search(r"^- ", unreleased, re.MULTILINE)


def test_documents_speak_of_the_program_only():
    for name, text in PAGES.items():
        for word in ("/work", "shared", "DESIGN.md", "FACTS", "STYLE.md"):
            assert word not in text, f"{name}: {word}"
