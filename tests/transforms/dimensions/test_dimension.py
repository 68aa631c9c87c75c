"""Declarations of dimensions: what derives from one, and that closed vocabularies hold what their functions publish."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pyarrow.parquet as pq
import pytest

import transforms.dimensions
from pipeline.__main__ import main
from scripts import write_tables
from tests.catalogues import OF_VISITS, REPORTS, TRAVELLING
from tests.end_to_end.spoiling import spoil, with_value
from tests.logs import CHROME, crowd, line
from tests.transforms.formats.test_golden import FOLDERS, known_of, log_of
from transforms.counting.measures import EVIDENCE, MEASURES, measure_names
from transforms.dimensions import agent as agents
from transforms.dimensions import known_dimensions
from transforms.dimensions.country import CountryLookup
from transforms.dimensions.dimension import Dimension, Read, Scope
from transforms.dimensions.enrich import enrich
from transforms.dimensions.lookups import Lookups
from transforms.dimensions.request import KIND
from transforms.dimensions.tls import TLS_VERSION
from transforms.dimensions.visit import EXIT_PAGE, VISIT_DEPTH
from transforms.formats.registry import FORMATS, format_of
from transforms.masking.anonymize import anonymize
from transforms.masking.masked import MASKED, MASKED_VISITOR
from transforms.parsing.parse import parse_block
from transforms.period import Window
from transforms.privacy.release import DATE
from transforms.privacy.threshold.policy import Threshold
from transforms.reports.report import Catalogue, CatalogueError, Report
from transforms.reserved import COLUMN_NAMES

DAY = "2026-03-03"


@pytest.mark.parametrize("dimension", known_dimensions().values(), ids=lambda each: each.name)
def test_each_declaration_is_whole(dimension):
    assert dimension.description
    assert dimension.details
    assert not re.search("(?<!such) as `", dimension.details), "an example is introduced by `such as`"
    assert set(dimension.determines) <= set(known_dimensions())


def nested():
    def within(path):
        return path

    return within


def test_open_is_the_default():
    assert Dimension("word", "x", "x", Scope.HIT, (Read("path"),)).is_open
    assert {name for name, each in known_dimensions().items() if each.is_open} == {
        *("site", "section", "path", "entry_page", "exit_page", "source")
    }


@pytest.mark.parametrize(
    "arguments",
    [
        {"reads": ()},
        {"name": "Word"},
        {"name": "word" * 40},
        {"reads": (Read("a"), Read("b"))},
        {"scope": "hit"},
        {"of": lambda path: path},
        {"of": nested()},
        {"values": "abc"},
        {"values": ("a", "(other)")},
        {"values": ("a", "")},
        {"determines": "kind"},
        {"determines": (KIND,)},
        {"follows_from": ["path"]},
    ],
    ids=lambda given: next(iter(given)),
)
def test_a_bad_declaration_is_refused(arguments):
    good = {"name": "word", "description": "x", "details": "x", "scope": Scope.HIT, "reads": (Read("path"),)}
    Dimension(**good)
    with pytest.raises(ValueError, match=r"dimension '[Ww]ord"):
        Dimension(**{**good, **arguments})


@pytest.mark.parametrize("folder", FOLDERS)
def test_closed_dimensions_publish_their_vocabulary_only(folder):
    """Of every format's golden log. The door would let no other value out, so that it would be lost in `(other)`."""
    log = log_of(folder)
    entries = parse_block(log, format_of(known_of(folder)), further=("tls_version",)).entries
    masked = anonymize(entries, bytes(32), Window(end=1_000_000), "www.example.org")
    for table in enrich(masked.visitors, masked.hits, (*TRAVELLING, TLS_VERSION), Lookups(CountryLookup.open())):
        for column in table.column_names:
            dimension = known_dimensions().get(column)
            if dimension is not None and not dimension.is_open:
                assert [value for value in set(table[column].to_pylist()) if value not in dimension.values] == [], column


def publish(tmp_path, monkeypatch, report, log, *options):
    """Publish the log with one report more than the default ones; gives the output folder and the rows of the report."""
    monkeypatch.setattr("pipeline.config.config.default_catalogue", lambda: Catalogue([*REPORTS, report]))
    path, output = tmp_path / "access.log", tmp_path / "out"
    path.write_bytes(log)
    given = ["--input", str(path), "--output", str(output), "--site", "www.example.org", "--workers", "0", *options]
    assert main(["run", *given]) == 0
    table = pq.read_table(output / report.name / f"{DAY}.parquet")
    return output, table


def test_a_dimension_of_a_further_column_is_published_with_its_metadata_and_verified(tmp_path, monkeypatch, capfd):
    notation = '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"'
    notation += " $ssl_protocol"
    log = b"".join(
        one.rstrip() + b" " + version + b"\n"
        for version, lines in ((b"TLSv1.3", crowd(30)), (b"TLSv1.2", crowd(20, 100)), (b"-", crowd(12, 200)))
        for one in lines.splitlines()
    )
    report = Report("tls_versions", "TLS versions of connections", TLS_VERSION, "protocols")
    output, table = publish(tmp_path, monkeypatch, report, log, "--format", notation)
    rows = {row["tls_version"]: row["hits"] for row in table.to_pylist()}
    assert rows == {"TLSv1.3": 30, "TLSv1.2": 20, "(none)": 12}
    assert table.schema.field("tls_version").metadata[b"description"] == b"TLS version of the connection"
    manifest = json.loads((output / "_manifest" / f"{DAY}.json").read_text())
    described = manifest["reports"]["tls_versions"]
    assert (described["parent"], described["dimension"], described["where"]) == ("protocols", "tls_version", None)
    monkeypatch.undo()  # verify knows the report by the manifest
    assert main(["verify", str(output)]) == 0
    assert f"{len(REPORTS) + 1} files" in capfd.readouterr().out


def test_a_log_without_the_column_says_unknown(tmp_path, monkeypatch):
    report = Report("tls_versions", "TLS versions of connections", TLS_VERSION, "protocols")
    _, table = publish(tmp_path, monkeypatch, report, crowd(30))
    assert {row["tls_version"]: row["hits"] for row in table.to_pylist()} == {"(unknown)": 30}


def test_no_dimension_has_the_name_of_another_column():
    taken = {*MASKED_VISITOR.names, *MASKED.names, *measure_names(MEASURES), EVIDENCE, DATE, "visitor", "second"}
    keys = {"date", "network_key", "address_key", "visitor_key", "visitor", "second"}
    assert {*measure_names(MEASURES), EVIDENCE, DATE} | (taken & keys) <= COLUMN_NAMES
    for name in COLUMN_NAMES:
        with pytest.raises(ValueError, match="the name is that of another column"):
            Dimension(name, "x", "x", Scope.HIT, (Read("path"),))


@pytest.mark.parametrize("field", ["determines", "follows_from"])
def test_a_relative_that_nobody_declares_is_refused(monkeypatch, field):
    monkeypatch.setattr(
        "transforms.dimensions.tls.A_VERSION", replace(TLS_VERSION, name="a_version", **{field: ("knid",)}), raising=False
    )
    known_dimensions.cache_clear()
    try:
        with pytest.raises(ValueError, match="'a_version' determines or follows from 'knid', which is not declared"):
            known_dimensions()
    finally:
        monkeypatch.undo()
        known_dimensions.cache_clear()


def test_a_coarser_dimension_says_so_itself(monkeypatch):
    depth = Dimension("path_depth", "x", "x", Scope.HIT, (Read("path"),), follows_from=("path",))
    monkeypatch.setattr("transforms.dimensions.tls.PATH_DEPTH", depth, raising=False)
    known_dimensions.cache_clear()
    try:
        with pytest.raises(CatalogueError, match="would both reveal path_depth"):
            Catalogue([*REPORTS, Report("path_depths", "", depth, "kinds", where=("kind", "page"))])
    finally:
        monkeypatch.undo()
        known_dimensions.cache_clear()


FIRST_WORD = """
from transforms.dimensions.dimension import Dimension, Read, Scope


def first_word(path):
    return path.strip("/").partition("/")[0] or "home"


FIRST_WORD = Dimension("first_word", "First word of the path", "the first word", Scope.HIT, (Read("path"),), of=first_word)
"""


def test_a_dimension_in_one_file_is_all_that_a_new_one_takes(tmp_path, monkeypatch, capfd):
    """Schema, metadata, data dictionary, detectors and `verify` follow from the file, which no other file names."""
    (tmp_path / "first_word.py").write_text(FIRST_WORD)
    monkeypatch.setattr(transforms.dimensions, "__path__", [*transforms.dimensions.__path__, str(tmp_path)])
    known_dimensions.cache_clear()
    try:
        report = Report("first_words", "First words of paths", known_dimensions()["first_word"], "daily")
        log = (
            crowd(30, request="GET /shop/a HTTP/1.1") + crowd(25, 100) + crowd(20, 200, request="GET /jane@example.org HTTP/1.1")
        )
        with monkeypatch.context() as patched:
            patched.setattr("transforms.masking.anonymize.scrub_paths", lambda targets: targets)  # what a mask may miss
            output, table = publish(tmp_path, patched, report, log)
        # Open is the default: the detectors look at it.
        assert {row["first_word"]: row["hits"] for row in table.to_pylist()} == {"shop": 30, "home": 25, "(other)": 20}
        assert table.schema.field("first_word").metadata[b"description"] == b"First word of the path"
        assert "| `first_word` | the first word; in no default report | hit | the log" in write_tables.dimensions()
        assert main(["verify", str(output)]) == 0
        spoil(output, "first_words", with_value("first_word", "jane.doe@example.org", row=2))
        capfd.readouterr()
        assert main(["verify", str(output)]) == 5
        assert "column first_word: looks like a person's" in capfd.readouterr().out
    finally:
        known_dimensions.cache_clear()


def test_only_what_the_reports_need_travels():
    assert {each.name for each in Threshold().travelling(REPORTS.of(["daily", "day_parts"]))} == {"site", "traffic", "day_part"}
    # Depths, first and last pages are told in the shard, by kind and path.
    of_depths = Report("visit_depths", "", VISIT_DEPTH, "kinds", where=("kind", "page"))
    depths = Threshold().travelling(Catalogue([REPORTS["daily"], REPORTS["kinds"], of_depths]))
    assert {each.name for each in depths} == {"site", "traffic", "kind"}
    exits = Threshold().travelling(Catalogue([REPORTS["daily"], Report("exit_pages", "", EXIT_PAGE, "daily")]))
    assert {each.name for each in exits} == {"site", "traffic", "kind", "path"}
    assert OF_VISITS == ()


def test_an_agent_is_described_once_however_many_lines_have_it(monkeypatch):
    described = []

    def describe(agent):
        described.append(agent)
        return agents.Agent("human", "Desktop", "Other", "Other")

    monkeypatch.setattr(agents, "describe_agent", describe)
    entries = parse_block(line(agent=CHROME) * 50, FORMATS["combined"]).entries
    masked = anonymize(entries, bytes(32), Window(end=1_000_000), "www.example.org")
    enrich(masked.visitors, masked.hits, TRAVELLING, Lookups(CountryLookup.open()))
    assert described == [CHROME]
