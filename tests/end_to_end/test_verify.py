"""Tampering with a data set: `verify` reports each violation and its file, never the value."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.__main__ import main
from pipeline.dataset.lock import output_lock
from tests.catalogues import REPORTS
from tests.logs import FIREFOX, GOOGLEBOT, crowd
from tests.published import GUARD

DAY = "2026-03-03"
UUID = "550e8400-e29b-41d4-a716-446655440000"


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """A data set that nobody changes."""
    folder = tmp_path_factory.mktemp("published")
    log = folder / "access.log"
    log.write_bytes(
        crowd(30)
        + crowd(20, first=40, request="GET /a HTTP/1.1", agent=FIREFOX, referer="https://www.google.com/")
        + crowd(12, first=70, status=404, request="GET /gone HTTP/1.1")
        + crowd(3, first=90, request="GET /rare HTTP/1.1")
        + crowd(15, first=100, agent=GOOGLEBOT)
    )
    output = folder / "out"
    assert main(["run", "--workers", "0", "--input", str(log), "--output", str(output), "--site", "www.example.org"]) == 0
    return output


@pytest.fixture
def output(published, tmp_path):
    """A copy of it, to be spoiled."""
    return Path(shutil.copytree(published, tmp_path / "out"))


def verify(output, capfd):
    capfd.readouterr()
    code = main(["verify", str(output)])
    said = capfd.readouterr()
    return code, said.out, said.err


def test_a_good_data_set(output, capfd):
    code, said, _ = verify(output, capfd)
    assert code == 0
    assert said.startswith(f"1 day, {len(REPORTS)} files, ")


def spoil(output, report, change, keep_hash=False):
    """Change a report's table and write it back, with the manifest's hash and rows made to fit unless `keep_hash`."""
    path = output / report / f"{DAY}.parquet"
    table = change(pq.read_table(path, partitioning=None))
    sink = io.BytesIO()
    pq.write_table(table, sink)
    path.write_bytes(sink.getvalue())
    if not keep_hash:
        manifest_path = output / "_manifest" / f"{DAY}.json"
        manifest = json.loads(manifest_path.read_text())
        described = {"rows": table.num_rows, "sha256": hashlib.sha256(sink.getvalue()).hexdigest()}
        manifest["reports"][report] |= described
        manifest_path.write_text(json.dumps(manifest))


def with_value(column, value, row=0):
    def change(table):
        at = table.schema.get_field_index(column)
        values = table[column].to_pylist()
        values[row] = value(values[row]) if callable(value) else value
        return table.set_column(at, table.schema.field(at), pa.array(values, table.schema.field(at).type))

    return change


def without_last(table):
    return table.slice(0, table.num_rows - 1)


def with_a_row_twice(table):
    return pa.concat_tables([table, table.slice(0, 1)])


def narrowed(table):
    return table.cast(pa.schema([*list(table.schema)[:-1], pa.field("bytes_sent", pa.int32())]))


def undescribed(table):
    return table.cast(pa.schema([field.remove_metadata() for field in table.schema], table.schema.metadata))


def lowered(table):
    return table.replace_schema_metadata({**table.schema.metadata, b"min_addresses": b"5"})


def described_as(**more):
    """More metadata, or other."""
    return lambda table: table.replace_schema_metadata(
        {**table.schema.metadata, **{name.encode(): value for name, value in more.items()}}
    )


def named_below_other(table):
    """A child of a folded row under a name of its own."""
    return with_value("entry", "entry", table["path"].to_pylist().index("(other)"))(table)


def at_the_end_of_time(table):
    return table.set_column(0, table.schema.field(0), pa.array([2**31 - 1] * table.num_rows, pa.int32()).cast(pa.date32()))


TAMPERED = {
    "a changed file": ("pages", with_value("hits", lambda hits: hits), True, "not the file that was published"),
    "hits that do not add up": ("pages", with_value("hits", lambda hits: hits + 1), False, "hits do not agree with"),
    "too few visitors": ("hourly", with_value("visitors", 9), False, "row 0: fewer visitors than the threshold"),
    "more visitors than visits": ("devices", with_value("visitors", 999), False, "that cannot be"),
    "a missing row": ("kinds", without_last, False, "hits do not agree with those of daily"),
    "a missing parent": ("countries", lambda table: table.slice(0, 1), False, "does not divide exactly the rows of"),
    "a row twice": ("channels", with_a_row_twice, False, "not sorted, or not distinct"),
    "an e-mail address": ("pages", with_value("path", "/u/jane.doe@example.org"), False, "column path: looks like a person's"),
    "an address": ("pages", with_value("path", "/u/198.51.100.77"), False, "column path: looks like a person's"),
    "a telephone number": ("pages", with_value("path", "/u/+49 170 1234567"), False, "looks like a person's"),
    "a card number": ("pages", with_value("path", "/u/4111 1111 1111 1111"), False, "looks like a person's"),
    "an identifier": ("pages", with_value("path", f"/u/{UUID}"), False, "looks like a person's"),
    "a longer prefix": ("networks", with_value("network", "20.0.7.0/24"), False, "column network: not of its vocabulary"),
    "an address as a network": ("networks", with_value("network", "20.0.7.8/16"), False, "column network: not of its vocabulary"),
    "a long prefix in IPv6": ("networks", with_value("network", "2a00:1450:4001::/48"), False, "network: not of its vocabulary"),
    "a UUID as a browser": ("browsers", with_value("browser", UUID), False, "column browser: looks like a person's"),
    "a token as a bot": ("bots", with_value("bot", "sk4lm9Qx7TfR2bWz81Vd"), False, "column bot: looks like a person's"),
    "a person as a network": ("networks", with_value("network", "Jane Doe"), False, "column network: not of its vocabulary"),
    "a number as a network": ("networks", with_value("network", "AS1234"), False, "column network: not of its vocabulary"),
    "dates that no calendar has": ("pages", at_the_end_of_time, False, "it holds what is not valid there"),
    "an empty name": ("browsers", with_value("browser", ""), False, "column browser: empty"),
    "a description that is no text": ("pages", described_as(description=b"\xff"), False, "it holds what is not valid there"),
    "a name as an hour": ("hourly", with_value("hour", "Jane"), False, "column hour: not of its vocabulary"),
    "a name as a status": ("status_codes", with_value("status", "Jane"), False, "column status: not of its vocabulary"),
    "a name as a country": ("countries", with_value("country", "Jane"), False, "column country: not of its vocabulary"),
    "an e-mail address as a country": ("countries", with_value("country", "j.doe@example.org"), False, "column country: not of"),
    "a hex number as a site": ("daily", with_value("site", "5eb63bbbe01eeed0.example.org"), False, "column site: looks like"),
    "more metadata": ("pages", described_as(note="from Jane"), False, "metadata say more than they should"),
    "a person in the metadata": ("pages", described_as(description="of jane.doe@example.org"), False, "value of the metadata"),
    "children of a folded row": ("entry_pages", named_below_other, False, "tells apart what pages has folded"),
    "another type": ("pages", narrowed, False, "another schema"),
    "no description": ("pages", undescribed, False, "description, unit or noise is missing"),
    "no metadata": ("pages", lambda table: table.replace_schema_metadata(None), False, "metadata lack report"),
    "other metadata": ("pages", lowered, False, "metadata and manifest do not agree"),
}  # fmt: skip


@pytest.mark.parametrize("case", TAMPERED)
def test_what_was_tampered_with_is_found(output, capfd, case):
    report, change, keep_hash, says = TAMPERED[case]
    spoil(output, report, change, keep_hash)
    code, said, error = verify(output, capfd)
    assert code == 5
    assert says in said
    assert f"{report}/{DAY}" in said or "countries" in case
    assert "of 1 published day. See the list above." in error
    for value in ("jane", "Jane", "j.doe", "198.51", "1234567", "4111", "550e8400", "20.0.7", "2a00", "sk4lm", "5eb63"):
        assert value not in said + error


def store(output, report, data):
    """A file's bytes, and what the manifest says of them."""
    (output / report / f"{DAY}.parquet").write_bytes(data)
    manifest_path = output / "_manifest" / f"{DAY}.json"
    manifest = json.loads(manifest_path.read_text())
    manifest["reports"][report]["sha256"] = hashlib.sha256(data).hexdigest()
    manifest_path.write_text(json.dumps(manifest))


def test_a_value_that_only_a_dictionary_holds_is_found(output, capfd):
    path = output / "pages" / f"{DAY}.parquet"
    table = pq.read_table(path, partitioning=None)
    at = table.schema.get_field_index("path")
    values = table["path"].combine_chunks().dictionary_encode()
    longer = pa.DictionaryArray.from_arrays(values.indices, pa.concat_arrays([values.dictionary, pa.array(["/u/jane.doe"])]))
    field = pa.field("path", longer.type, nullable=False, metadata=table.schema.field(at).metadata)
    sink = io.BytesIO()
    pq.write_table(table.set_column(at, field, longer), sink, store_schema=False)
    # Without Arrow's own schema the column is read as text, and only the dictionary page remembers.
    described = pq.read_table(io.BytesIO(sink.getvalue())).cast(table.schema)
    assert described.equals(table)
    store(output, "pages", sink.getvalue())
    code, said, error = verify(output, capfd)
    assert code == 5
    assert f"pages/{DAY}.parquet, column path: a dictionary holds a value that no row has" in said
    assert "jane" not in said + error


@pytest.mark.parametrize(
    ("there", "planted", "says"),
    [
        (b"www.example.org", b"jane@doe.exampl", "column site: statistics hold a value that no row has"),
        (b"parquet-cpp-arrow", b"jane-doe-was-here", "metadata say more than they should"),
        (b"parquet-cpp-arrow", b"jane-doe-was-h\xffre", "it holds what is not valid there"),
        (b"www.example.org", b"www.exampl\xff.org", "it holds what is not valid there"),
    ],
)
def test_what_only_the_footer_holds_is_found(output, capfd, there, planted, says):
    path = output / "daily" / f"{DAY}.parquet"
    data = path.read_bytes()
    footer = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    assert there in data[footer:]
    store(output, "daily", data[:footer] + data[footer:].replace(there, planted))
    code, said, error = verify(output, capfd)
    assert code == 5
    assert f"daily/{DAY}.parquet" in said
    assert says in said
    assert "jane" not in said + error


def remove(path):
    return lambda output: (output / path).unlink()


def write(path, data=b"x"):
    def planted(output):
        (output / path).parent.mkdir(parents=True, exist_ok=True)
        (output / path).write_bytes(data)

    return planted


def edit(change):
    def edited(output):
        path = output / "_manifest" / f"{DAY}.json"
        manifest = json.loads(path.read_text())
        change(manifest)
        path.write_text(json.dumps(manifest))

    return edited


PLANTED = {
    "a missing file": (remove(f"pages/{DAY}.parquet"), f"pages/{DAY}.parquet: is missing"),
    "a file that is no Parquet": (lambda output: store(output, "pages", b"x"), "not a Parquet file"),
    "a file that was changed": (write(f"pages/{DAY}.parquet"), "not the file that was published (SHA-256)"),
    "a report without a name": (write(f"secrets/{DAY}.parquet"), f"secrets/{DAY}.parquet: no manifest lists"),
    "a day without a manifest": (
        write("pages/2026-03-04.parquet"),
        "2026-03-04.parquet: no manifest lists",
    ),
    "a report in a folder named as a disk's own": (
        write(f"pages/lost+found/{DAY}.parquet"),
        f"pages/lost+found/{DAY}.parquet: no manifest lists",
    ),
    "a file in a disk's own folder": (write("lost+found/x"), "lost+found/x: no manifest lists"),
    "a half written guard": (
        write("0_read_one_report_at_a_time/.deadbeef"),
        "0_read_one_report_at_a_time/.deadbeef: left over from a run",
    ),
    "an entry in the ledger of a mode that spends nothing": (
        write(f"_ledger/{DAY}.json", b'{"raw": "20.1.2.3 GET /jane.doe"}'),
        f"_manifest/{DAY}.json: an entry in the ledger, although this mode spends nothing",
    ),
    "an entry in the ledger that is no JSON": (
        write(f"_ledger/{DAY}.json", b"20.1.2.3 GET /jane.doe"),
        f"_manifest/{DAY}.json: an entry in the ledger, although this mode spends nothing",
    ),
    "an entry that was given up, of a mode that spends nothing": (
        lambda output: write(
            "_ledger/2026-03-09.json",
            json.dumps(
                {
                    "unpublished": True,
                    "raw": "20.1.2.3 GET /jane.doe",
                    "manifest": {**json.loads((output / "_manifest" / f"{DAY}.json").read_text()), "date": "2026-03-09"},
                }
            ).encode(),
        )(output),
        "_ledger/2026-03-09.json: an entry in the ledger, although this mode spends nothing",
    ),
    "a file where a report's folder must be": (
        lambda output: (shutil.rmtree(output / "bots"), (output / "bots").write_bytes(b"x")),
        f"bots/{DAY}.parquet: is missing",
    ),
    "another file": (write("notes.txt"), "notes.txt: no manifest lists"),
    "staging": (write("_staging/run/daily/x"), "left over from a run"),
    "a broken manifest": (write(f"_manifest/{DAY}.json"), "not a manifest"),
    "a manifest without a report": (
        edit(lambda manifest: manifest["reports"].pop("bots")),
        "bots/2026-03-03.parquet: no manifest lists",
    ),
    "a manifest without a parent": (edit(lambda manifest: manifest["reports"].pop("kinds")), "its list of reports is invalid"),
    "a report with a long name": (
        edit(lambda manifest: manifest["reports"].update({"jane_doe_" * 40: manifest["reports"]["bots"]})),
        "its list of reports is invalid",
    ),
    "a period that is none": (edit(lambda manifest: manifest.update(period="Jane")), "a period that this program does not have"),
    "a period that is an object": (edit(lambda manifest: manifest.update(period={})), "a period that this program does not have"),
    "a coverage": (edit(lambda manifest: manifest.update(coverage="full")), "says more than a manifest should"),
    "a revision that is a word": (edit(lambda manifest: manifest.update(revision="Jane")), "not a manifest"),
    "a run that is an object": (edit(lambda manifest: manifest.update(run_id={})), "not a manifest"),
    "an entry in the ledger that is null": (
        write(f"_ledger/{DAY}.json", b"null"),
        "an entry in the ledger, although this mode spends nothing",
    ),
    "a dimension that nobody knows": (
        edit(lambda manifest: manifest["reports"]["bots"].update(dimension="shoe_size")),
        "its list of reports is invalid",
    ),
    "a report divided by another dimension": (
        edit(lambda manifest: manifest["reports"]["bots"].update(dimension="device")),
        "another schema than that of the report",
    ),
    "reports that undo each other": (
        edit(lambda manifest: manifest["reports"]["methods"].update(parent="daily")),
        "its list of reports is invalid",
    ),
    "no guard": (remove(f"{GUARD}/{DAY}.parquet"), f"{GUARD}/{DAY}.parquet: missing"),
    "words in the guard": (write(f"{GUARD}/{DAY}.parquet", b"jane"), f"{GUARD}/{DAY}.parquet: missing, or not the sentence"),
    "a manifest without a fact": (edit(lambda manifest: manifest.pop("network_cap")), "lacks network_cap"),
    "a manifest that says more": (edit(lambda manifest: manifest.update(note="x")), "says more than a manifest should"),
    "a report of which it says more": (
        edit(lambda manifest: manifest["reports"]["pages"].update(folded=3)),
        "says more than a manifest should",
    ),
    "a person in the manifest": (edit(lambda manifest: manifest.update(rules="jane.doe@example.org")), "a value looks like"),
    "a threshold under five": (edit(lambda manifest: manifest.update(min_addresses="1")), "a threshold under 5"),
    "a mode of which nothing is known": (edit(lambda manifest: manifest.update(mode="none")), "a mode that cannot be verified"),
    "another date": (edit(lambda manifest: manifest.update(date="2026-03-05")), "another date than its name"),
    "another number of rows": (edit(lambda manifest: manifest["reports"]["pages"].update(rows=99)), "another number of rows"),
}


@pytest.mark.parametrize("case", PLANTED)
def test_what_was_planted_or_taken_away_is_found(output, capfd, case):
    plant, says = PLANTED[case]
    plant(output)
    code, said, _ = verify(output, capfd)
    assert code == 5
    assert says in said


def test_what_a_run_that_is_at_work_has_begun_is_not_called_left_over(output, capfd):
    write("_staging/run/daily/x")(output)
    with output_lock(str(output)):
        code, said, error = verify(output, capfd)
        assert (code, said) == (5, "_staging/run/daily/x: of the run that is at work\n")
        assert f"1 violation, of 1 published day. See the list above; but process {os.getpid()} on " in error
        killed = (output / "_lock").read_bytes()
    (output / "_lock").write_bytes(killed)  # a killed run leaves its name, but not the lock
    code, said, error = verify(output, capfd)
    assert (code, said.partition(" from")[0]) == (5, "_staging/run/daily/x: left over")
    assert error.endswith("See the list above.\n")


def test_what_is_no_data_set_is_said(tmp_path, capfd):
    code, _, error = verify(tmp_path, capfd)
    assert code == 6
    assert "no published day is there" in error


def test_the_guarantee_is_explained_with_the_numbers_in_force(capsys):
    assert main(["explain", "--min-addresses", "17", "--period", "week"]) == 0
    said = capsys.readouterr().out
    for words in (
        "at least 17 addresses",
        "at most 3 are",
        "- 16 people who work together",
        "by week",
        "What this does not promise",
    ):
        assert words in said
    assert max(map(len, said.splitlines())) <= 120


@pytest.mark.parametrize("described", [5, None, "x", []])
def test_a_report_that_the_manifest_does_not_describe_is_a_violation(output, capfd, described):
    path = output / "_manifest" / "2026-03-03.json"
    manifest = json.loads(path.read_text())
    manifest["reports"]["daily"] = described
    manifest["min_addresses"] = "\u00b2"
    path.write_text(json.dumps(manifest))
    code, violations, _ = verify(output, capfd)
    assert code == 5
    assert "its list of reports is invalid" in violations
