"""Tampering with a data set: `verify` reports each violation and its file, never the value."""

from __future__ import annotations

import io
import json
import os
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.__main__ import main
from pipeline.audit.facts import ALLOWED
from pipeline.audit.rows import wrong_division
from pipeline.dataset.document import to_bytes
from pipeline.dataset.lock import output_lock
from pipeline.dataset.manifest import COMMON_FACTS, OWN_FACTS
from pipeline.outputs.decoder import Decoder
from tests.catalogues import REPORTS
from tests.end_to_end.spoiling import described_as, documents, restate, spoil, state, store, with_value
from tests.logs import FIREFOX, GOOGLEBOT, crowd
from tests.published import GUARD
from transforms.counting.measures import HITS
from transforms.dimensions.visit import VISIT_DEPTH
from transforms.privacy.threshold.policy import Threshold
from transforms.reports.report import Catalogue, Report

DAY, SITE = "2026-03-03", "www.example.org"
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
        + b"".join(crowd(4, first=100 * section, request=f"GET /s{section}/x HTTP/1.1") for section in (2, 3, 4))
    )
    output = folder / "out"
    assert main(["run", "--workers", "0", "--input", str(log), "--output", str(output), "--site", "www.example.org"]) == 0
    return output


@pytest.fixture(scope="module")
def noisy(published, tmp_path_factory):
    """The same log with noise."""
    output = tmp_path_factory.mktemp("noisy") / "out"
    site = ("--site", "www.example.org", "--declare-site", "www.example.org")
    words = ["--input", str(published.parent / "access.log"), "--output", str(output), "--privacy", "dp", "--date", DAY, *site]
    assert main(["run", "--workers", "0", *words]) == 0
    return output


@pytest.fixture
def good(published, noisy):
    return {"threshold": published, "dp": noisy}


@pytest.fixture(params=["threshold", "dp"])
def either(good, tmp_path, request):
    """A copy of a data set of each mode, to be spoiled."""
    return Path(shutil.copytree(good[request.param], tmp_path / "out"))


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
    lines = said.splitlines()
    assert lines[0] == f"1 day, {DAY}, by the calendar of UTC, with --privacy threshold."
    assert lines[1:3] == ["A published row has at least 10 addresses.", f"Sites: {SITE}."]
    assert lines[-1].startswith(f"{len(REPORTS)} files, ")
    assert lines[-1].endswith(": no violation.")


def test_what_was_published_anew_is_said(output, capfd):
    state(output, revision=3)
    assert f"Published anew, with the number of the release: {DAY} (3)." in verify(output, capfd)[1]


def without_last(table):
    return table.slice(0, table.num_rows - 1)


def with_a_row_twice(table):
    return pa.concat_tables([table, table.slice(0, 1)])


def narrowed(table):
    return table.cast(pa.schema([*list(table.schema)[:-1], pa.field("visitors", pa.int32())]))


def undescribed(table):
    return table.cast(pa.schema([field.remove_metadata() for field in table.schema], table.schema.metadata))


def lowered(table):
    return table.replace_schema_metadata({**table.schema.metadata, b"min_addresses": b"5"})


def named_below_other(table):
    """A child of a row `(other)` under a name of its own."""
    return with_value("path", "/s2/x", table["section"].to_pylist().index("(other)"))(table)


def with_other(table):
    """Twelve of a row's visitors in a row `(other)` beside it."""
    row = table.slice(0, 1).to_pylist()[0]
    left = {**row, "hits": row["hits"] - 12, "visitors": row["visitors"] - 12}
    other = {**row, "device": "(other)", "hits": 12, "visitors": 12}
    return pa.concat_tables([pa.Table.from_pylist([other, left], schema=table.schema), table.slice(1)])


def at_the_end_of_time(table):
    return table.set_column(0, table.schema.field(0), pa.array([2**31 - 1] * table.num_rows, pa.int32()).cast(pa.date32()))


TAMPERED = {
    "a changed file": ("pages", with_value("hits", lambda hits: hits + 1), True, "not the file that was published"),
    "hits that do not add up": ("pages", with_value("hits", lambda hits: hits + 1), False, "hits do not agree with"),
    "too few visitors": ("hourly", with_value("visitors", 9), False, "row 0: fewer hits or visitors than the threshold"),
    "more visitors than hits": ("devices", with_value("visitors", 999), False, "that cannot be"),
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
    "dates that no calendar has": ("pages", at_the_end_of_time, False, "rows of another date than the file's name"),
    "an empty name": ("browsers", with_value("browser", ""), False, "column browser: empty"),
    "a description that is no text": ("pages", described_as(description=b"\xff"), False, "metadata describe another report"),
    "a name as a browser": ("browsers", with_value("browser", "Jane Doe"), False, "column browser: not of its vocabulary"),
    "a name as a system": ("operating_systems", with_value("operating_system", "Jane Doe"), False, "not of its vocabulary"),
    "a name as a bot": ("bots", with_value("bot", "Jane Doe"), False, "column bot: not of its vocabulary"),
    "a name as a kind of bot": ("bot_kinds", with_value("bot_kind", "Jane Doe"), False, "bot_kind: not of its vocabulary"),
    "a name as a device": ("devices", with_value("device", "Jane"), False, "column device: not of its vocabulary"),
    "a name as a method": ("methods", with_value("method", "JANE"), False, "column method: not of its vocabulary"),
    "a name as a protocol": ("protocols", with_value("protocol", "JANE/1.0"), False, "column protocol: not of its vocabulary"),
    "a name as a channel": ("channels", with_value("channel", "Jane"), False, "column channel: not of its vocabulary"),
    "a name as a part of the day": ("day_parts", with_value("day_part", "Jane"), False, "day_part: not of its vocabulary"),
    "a name as a kind": ("kinds", with_value("kind", "Jane"), False, "column kind: not of its vocabulary"),
    "a name as traffic": ("daily", with_value("traffic", "Jane"), False, "column traffic: not of its vocabulary"),
    "a name as an hour": ("hourly", with_value("hour", "Jane"), False, "column hour: not of its vocabulary"),
    "a name as a status": ("status_codes", with_value("status", "Jane"), False, "column status: not of its vocabulary"),
    "a name as a country": ("countries", with_value("country", "Jane"), False, "column country: not of its vocabulary"),
    "an e-mail address as a country": ("countries", with_value("country", "j.doe@example.org"), False, "column country: not of"),
    "a hex number as a site": ("daily", with_value("site", "5eb63bbbe01eeed0.example.org"), False, "column site: looks like"),
    "more metadata": ("pages", described_as(note="from Jane"), False, "metadata say more than they should"),
    "a person in the metadata": ("pages", described_as(description="of jane.doe@example.org"), False, "describe another report"),
    "a description in other words": ("pages", described_as(description="Jane was here"), False, "or in other words"),
    "a person among the rules": ("pages", described_as(rules="of Jane 1"), False, "metadata and manifest do not agree"),
    "children of a folded row": ("pages", named_below_other, False, "tells apart what sections has folded"),
    "too few hits": ("hourly", with_value("hits", 9), False, "row 0: fewer hits or visitors than the threshold"),
    "a path that is none": ("pages", with_value("path", "Jane Doe"), False, "looks like a person's"),
    "a section that is none": ("sections", with_value("section", "/jane/doe"), False, "looks like a person's"),
    "a source that is no domain": ("sources", with_value("source", "Jane Doe"), False, "looks like a person's"),
    "a method that pages do not have": ("methods", with_value("method", "POST", -1), False, "a value that cannot be in this row"),
    "an hour of another part of the day": ("hourly", with_value("hour", "03"), False, "a value that cannot be in this row"),
    "other of three values": ("devices", with_other, False, "it could be of too few values"),
    "visitors that are not rounded": ("pages", with_value("visitors", 17), False, "that cannot be"),
    "more visitors than the parent has": ("sections", with_value("visitors", 990), False, "that cannot be"),
    "more visitors than the hits have": ("kinds", with_value("visitors", 60, 1), False, "that cannot be"),
    "fewer visitors than their parent has": ("kinds", with_value("visitors", 10, 2), False, "that cannot be"),
    "a status of another kind": ("status_codes", with_value("status", "200", 1), False, "a value that cannot be in this row"),
    "a method that is not known": ("methods", with_value("method", "(unknown)"), False, "a value that cannot be in this row"),
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


def test_a_site_that_is_not_declared_is_found(output, capfd):
    state(output, sites="www.example.net")
    assert f"daily/{DAY}: a site that is not declared" in verify(output, capfd)[1]


def test_a_report_that_the_mode_does_not_publish_is_found(published, tmp_path, capfd, monkeypatch):
    with monkeypatch.context() as other:
        depths = Report("visit_depths", "x", VISIT_DEPTH, "kinds", where=("kind", "page"))
        other.setattr(Threshold, "published", classmethod(lambda _, catalogue: Catalogue([*catalogue, depths])))
        words = ["--input", str(published.parent / "access.log"), "--output", str(tmp_path / "out"), "--site", SITE]
        assert main(["run", "--workers", "0", *words]) == 0
    code, said, _ = verify(tmp_path / "out", capfd)
    assert code == 5
    assert f"_manifest/{DAY}.json: a report that this mode does not publish" in said


def test_hits_that_wrap_round_do_not_add_up():
    """In 64 bits the sum is that of the parent."""
    hits = [2**63 - 1, 2**63 - 1, 42]
    table = pa.table({"site": [SITE] * 3, "kind": ["a", "b", "c"], "hits": hits})
    parents = pa.table({"site": [SITE], "hits": [40]})
    assert list(wrong_division(table, ["site", "kind"], parents, ("daily", ["site"]), [HITS])) == [
        "hits do not agree with those of daily"
    ]


MORE = "holds more than its rows, or was not written by this program"


def test_a_value_that_only_a_dictionary_holds_is_found(output, capfd):
    path = output / "pages" / f"{DAY}.parquet"
    table = pq.read_table(path, partitioning=None)
    at = table.schema.get_field_index("path")
    values = table["path"].combine_chunks().dictionary_encode()
    longer = pa.DictionaryArray.from_arrays(values.indices, pa.concat_arrays([values.dictionary, pa.array(["/u/jane.doe"])]))
    field = pa.field("path", longer.type, nullable=False, metadata=table.schema.field(at).metadata)
    sink = io.BytesIO()
    described = table.set_column(at, field, longer)
    with pq.ParquetWriter(sink, described.schema, compression="zstd", compression_level=9, store_schema=False) as writer:
        writer.write_table(described)
        # Arrow's own schema among them says text, so only the dictionary page remembers.
        writer.add_key_value_metadata(pq.ParquetFile(path).metadata.metadata)
    assert pq.read_table(io.BytesIO(sink.getvalue())).equals(table)
    store(output, "pages", sink.getvalue())
    code, said, error = verify(output, capfd)
    assert (code, said) == (5, f"pages/{DAY}.parquet: {MORE}: its rows give other bytes\n")
    assert "jane" not in error


def footer_of(data):
    """Where the footer of a Parquet file begins."""
    return len(data) - 8 - int.from_bytes(data[-8:-4], "little")


def in_the_footer(there, planted):
    return lambda data: data[: footer_of(data)] + data[footer_of(data) :].replace(there, planted)


def behind_the_pages(data):
    return data[: footer_of(data)] + b"jane.doe@example.org" + data[footer_of(data) :]


def behind_the_footer(data):
    """In the footer, where its fields have ended."""
    length = len(data) - 8 - footer_of(data)
    return data[:-8] + b"jane.doe@example.org" + (length + 20).to_bytes(4, "little") + data[-4:]


def written_again(**options):
    """The same rows and metadata, with more beside them."""

    def change(data):
        sink = io.BytesIO()
        pq.write_table(pq.read_table(io.BytesIO(data)), sink, **{"compression": "zstd", "compression_level": 9, **options})
        return sink.getvalue()

    return change


HIDDEN = {
    "text behind the pages": behind_the_pages,
    "text behind the fields of the footer": behind_the_footer,
    "a value of a statistic": in_the_footer(b"www.example.org", b"jane@doe.exampl"),
    "a statistic that is no text": in_the_footer(b"www.example.org", b"www.exampl\xff.org"),
    "a writer that is none": in_the_footer(b"parquet-cpp-arrow", b"jane-doe-was-here"),
    "a writer that is no text": in_the_footer(b"parquet-cpp-arrow", b"jane-doe-was-h\xffre"),
    "a version that is none": in_the_footer(b"version 2", b"version J"),
    "a page index": written_again(write_page_index=True),
    "a bloom filter": written_again(bloom_filter_options={"site": True}),
    "no statistics": written_again(write_statistics=False),
    "another compression": written_again(compression="gzip"),
    "groups of rows": written_again(row_group_size=1),
}


@pytest.mark.parametrize("case", HIDDEN)
def test_what_is_in_a_file_beside_its_rows_is_found(either, capfd, case):
    data = (either / "daily" / f"{DAY}.parquet").read_bytes()
    changed = HIDDEN[case](data)
    assert changed != data
    store(either, "daily", changed)
    code, said, error = verify(either, capfd)
    assert code == 5
    assert said.startswith(f"daily/{DAY}.parquet: ")
    assert any(words in said for words in (MORE, "it holds what is not valid there", "metadata and manifest do not agree"))
    assert "jane" not in said + error


@pytest.mark.parametrize("version", ["10.0.0", "99.9.9"])
def test_a_file_of_another_arrow_passes_if_that_writes_the_same_bytes(either, capfd, version):
    own = (either / "daily" / f"{DAY}.parquet").read_bytes()
    data = own.replace(f"version {pa.__version__}".encode(), f"version {version}".encode())
    assert data != own
    store(either, "daily", data)
    assert verify(either, capfd)[0] == 0
    store(either, "daily", behind_the_pages(data))
    code, said, _ = verify(either, capfd)
    assert code == 5
    assert f"only with pyarrow {version} can be told whether it holds more than its rows" in said


def test_a_file_that_ends_the_process_that_reads_it_is_a_violation(output, capfd, monkeypatch):
    decoded, processes = Decoder.decoded, []

    def decoded_or_killed(decoder, data):
        if decoder._process is not None and len(processes) == 1:
            decoder._process.kill()
            decoder._process.join()
        try:
            return decoded(decoder, data)
        finally:
            processes.append(decoder._process)

    monkeypatch.setattr(Decoder, "decoded", decoded_or_killed)
    code, said, _ = verify(output, capfd)
    assert code == 5
    assert said.count("not a Parquet file, or it holds what is not valid there") == 1
    assert len(processes) == len(REPORTS)
    assert len({process.pid for process in processes if process}) == 2


def remove(path):
    return lambda output: (output / path).unlink()


def write(path, data=b"x"):
    def planted(output):
        (output / path).parent.mkdir(parents=True, exist_ok=True)
        (output / path).write_bytes(data)

    return planted


def edit(change):
    return lambda output: restate(output, change)


PLANTED = {
    "a missing file": (remove(f"pages/{DAY}.parquet"), f"pages/{DAY}.parquet: is missing"),
    "a file that is no Parquet": (lambda output: store(output, "pages", b"x"), "not a Parquet file"),
    "a file that was changed": (write(f"pages/{DAY}.parquet"), "not the file that was published (SHA-256)"),
    "a report without a name": (write(f"secrets/{DAY}.parquet"), "the folder itself: 1 folder that this program did not make"),
    "a day without a manifest": (
        write("pages/2026-03-04.parquet"),
        "2026-03-04.parquet: no manifest lists",
    ),
    "a report in a folder named as a disk's own": (
        write(f"pages/lost+found/{DAY}.parquet"),
        "pages: 1 folder that this program did not make",
    ),
    "a file in a disk's own folder": (write("lost+found/x"), "lost+found: 1 file that this program did not make"),
    "a half written guard": (
        write("0_read_one_report_at_a_time/.deadbeef"),
        "0_read_one_report_at_a_time: an unfinished file left over from a run",
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
    "another file": (write("notes.txt"), "the folder itself: 1 file that this program did not make"),
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
    "a period that is none": (edit(lambda manifest: manifest.update(period="Jane")), "period: not what this version"),
    "a period that is an object": (edit(lambda manifest: manifest.update(period={})), "period: not what this version"),
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
        "reports: not what this version of the program states there",
    ),
    "a person in the manifest": (edit(lambda manifest: manifest.update(rules="jane.doe@example.org")), "rules: not what"),
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


def link(path):
    """A file or folder that lies elsewhere."""

    def planted(output):
        (output / path).rename(output.parent / "elsewhere")
        (output / path).symlink_to(output.parent / "elsewhere")

    return planted


def instead(path, make):
    """Something else in a file's place."""
    return lambda output: ((output / path).unlink(), make(output / path))


def folder(path):
    return lambda output: (output / path).mkdir(parents=True)


def spelt(change):
    """Another spelling of what the manifest, and the ledger, say."""

    def planted(output):
        for path in documents(output):
            path.write_bytes(change(path.read_bytes()))

    return planted


MADE = "that this program did not make"
SPELT = f"_manifest/{DAY}.json: not as this program writes JSON"
EMAIL = "jane.doe@example.org"
RUN = b'{"process": 1, "host": "h", "since": "2026-03-03 00:00:00 UTC", "nonce": "0123456789abcdef"}'
NO_RUN = "_lock: not what this program writes there"
ODD_PLACES = {
    "a linked folder": (link("daily"), f"the folder itself: 1 symbolic link {MADE}"),
    "a linked file": (link(f"daily/{DAY}.parquet"), f"daily: 1 symbolic link {MADE}"),
    "a linked manifest": (link(f"_manifest/{DAY}.json"), f"_manifest: 1 symbolic link {MADE}"),
    "linked manifests": (link("_manifest"), f"the folder itself: 1 symbolic link {MADE}"),
    "a link that leads nowhere": (lambda output: (output / "daily" / EMAIL).symlink_to(EMAIL), f"daily: 1 symbolic link {MADE}"),
    "a pipe": (lambda output: os.mkfifo(output / "daily" / EMAIL), f"daily: 1 special file {MADE}"),
    "a pipe in a table's place": (instead(f"daily/{DAY}.parquet", os.mkfifo), f"daily: 1 special file {MADE}"),
    "a pipe in a manifest's place": (instead(f"_manifest/{DAY}.json", os.mkfifo), f"_manifest: 1 special file {MADE}"),
    "a pipe as the lock": (instead("_lock", os.mkfifo), f"the folder itself: 1 special file {MADE}"),
    "a folder in a table's place": (instead(f"daily/{DAY}.parquet", Path.mkdir), f"daily: 1 folder {MADE}"),
    "an empty folder": (folder(EMAIL), f"the folder itself: 1 folder {MADE}"),
    "an empty folder below a report": (folder(f"daily/{EMAIL}"), f"daily: 1 folder {MADE}"),
    "empty folders in the staging": (folder(f"_staging/{EMAIL}/daily"), "_staging: left over from a run"),
    "a staged report that is none": (folder("_staging/20260304T010203Z-00beef/noise/jane"), "_staging: left over from a run"),
    "a file that is named like somebody": (write(f"daily/{EMAIL}"), f"daily: 1 file {MADE}"),
    "a manifest of no day": (write("_manifest/2026-02-30.json", b"{}"), f"_manifest: 1 file {MADE}"),
    "an entry of no day": (write("_ledger/2026-02-30.json", b"{}"), f"_ledger: 1 file {MADE}"),
    "an entry of another name": (write(f"_ledger/{EMAIL}.json", b"{}"), f"_ledger: 1 file {MADE}"),
    "words in the lock": (write("_lock", EMAIL.encode()), NO_RUN),
    "a number in the lock": (write("_lock", b"5"), NO_RUN),
    "a lock that says more": (write("_lock", RUN.replace(b"{", b'{"who": "jane", ')), NO_RUN),
    "a lock that says less": (write("_lock", RUN.replace(b'"host": "h", ', b"")), NO_RUN),
    "a lock with a host that is none": (write("_lock", RUN.replace(b'"h"', b'"jane doe"')), NO_RUN),
    "a lock with a number that is none": (write("_lock", RUN.replace(b"0123456789abcdef", b"jane")), NO_RUN),
    "a lock with a time that is none": (write("_lock", RUN.replace(b"00:00:00", b"jane")), NO_RUN),
    "a lock of a run that was killed": (write("_lock", RUN), "_lock: names a run and its machine"),
    "a key twice": (spelt(lambda text: text.replace(b'"date":', b'"date": "jane", "date":')), SPELT),
    "a key twice in a report": (spelt(lambda text: text.replace(b'"rows":', b'"rows": "jane", "rows":', 1)), SPELT),
    "space": (spelt(lambda text: text + b" \t"), SPELT),
    "an escape": (spelt(lambda text: text.replace(b"UTC", b"\\u0055TC")), SPELT),
    "another encoding": (spelt(lambda text: text.decode().encode("utf-16")), SPELT),
}


@pytest.mark.parametrize("case", ODD_PLACES)
def test_what_has_no_place_in_a_data_set_is_found_and_not_named(either, capfd, case):
    plant, says = ODD_PLACES[case]
    plant(either)
    code, said, error = verify(either, capfd)
    assert code == 5
    assert says in said
    assert "jane" not in said + error


def test_folders_that_a_run_leaves_empty_hide_nothing(either, capfd):
    for path in ("_ledger", "_staging/20260304T010203Z-00beef/noise/daily", "networks", "lost+found"):
        (either / path).mkdir(parents=True, exist_ok=True)
    assert verify(either, capfd)[0] == 0


def test_an_entry_in_a_ledger_is_compared_as_well(either, capfd):
    path = either / "_ledger" / f"{DAY}.json"
    is_noisy = path.exists()
    write(f"_ledger/{DAY}.json", path.read_bytes() + b" " if is_noisy else b'{"raw": "jane"}')(either)
    code, said, error = verify(either, capfd)
    assert code == 5
    says = f"_ledger/{DAY}.json: not as this program writes JSON" if is_noisy else "an entry in the ledger, although this mode"
    assert says in said
    assert "jane" not in said + error


ODD_FACTS = {
    "run_id": ["jane", "20260304T010203Z-janed0", "20269904T010203Z-00beef", "20260304T010203Z-00beef\n"],
    "time_zone": ["Jane/Doe", "", "UTC ", "../UTC"],
    "log_time_zone": ["Jane/Doe", "utc jane"],
    "period": ["jane", "week"],  # the day is no Monday
    "opt_out": ["jane", "Ignore"],
    "rules": ["jane", "ua-parser-builtins jane, crawler-user-agents 1", "ua-parser-builtins 1, crawler-user-agents 1, jane 1"],
    "country_database": ["jane", "Jane Doe 2026-01-01", "GeoLite2-Country jane", "GeoLite2-Country 2026-02-30", EMAIL],
    "min_addresses": ["jane", "010", "\u0661\u0660", "10 ", "1_0", 10],
    "revision": [True, 0, 4917012345678],
    "layout": [True, "2", 2.0],
    "schema_version": [True, "jane", 1.0],
    "date": ["2026-03-3", "jane"],
}
OF_A_MODE = {
    "threshold": {"network_cap": ["jane", "03", "4"]},
    "dp": {
        "epsilon": ["jane", "2", "2.00", "2e0", " 2.0"],
        "delta": ["jane", "0.0000001", "1E-07"],
        "sites": [
            f"www.example.org,{EMAIL}",
            "www.example.org,jane doe",
            "www.example.org,www.example.org",
            "www.example.org,a.b",
        ],
    },
}


@pytest.mark.parametrize("mode", OF_A_MODE)
def test_a_fact_has_one_spelling_and_is_no_free_text(good, tmp_path, capfd, mode):
    for fact, values in (ODD_FACTS | OF_A_MODE[mode]).items():
        for number, value in enumerate(values):
            spoilt = Path(shutil.copytree(good[mode], tmp_path / f"{fact}{number}"))
            state(spoilt, **{fact: value})
            code, said, error = verify(spoilt, capfd)
            assert code == 5, (fact, value)
            assert f"_manifest/{DAY}.json" in said, (fact, value)
            assert "jane" not in said + error, (fact, value)
            shutil.rmtree(spoilt)


def test_each_fact_of_a_manifest_is_on_the_list(good):
    assert {*COMMON_FACTS, *OWN_FACTS} <= set(ALLOWED)
    for output in good.values():
        manifest = json.loads((output / "_manifest" / f"{DAY}.json").read_text())
        assert all(ALLOWED[fact](value) for fact, value in manifest.items() if fact in ALLOWED)


@pytest.mark.parametrize(
    "facts",
    [
        {"rules": "ua-parser-builtins 202501, crawler-user-agents 1.2"},
        {"country_database": "GeoIP2-City 2026-01-01"},
        {"country_database": "DBIP-Country-Lite 2026-01-01"},
        {"time_zone": "Europe/Berlin", "log_time_zone": "America/Argentina/Buenos_Aires"},
        {"opt_out": "exclude"},
    ],
)
def test_facts_that_a_run_may_state_pass(output, capfd, facts):
    state(output, **facts)
    code, said, _ = verify(output, capfd)
    assert code == 0
    assert ("1 day: made by other versions of the lists of browsers, systems and bots" in said) == ("rules" in facts)


def test_of_other_lists_a_name_passes_unless_it_looks_like_somebody(output, capfd):
    state(output, rules="ua-parser-builtins 202501, crawler-user-agents 1.2")
    spoil(output, "browsers", with_value("browser", "Zzz Browser", row=1))
    assert "column browser" not in verify(output, capfd)[1]
    spoil(output, "browsers", with_value("browser", UUID, row=1))
    assert "column browser: looks like a person's" in verify(output, capfd)[1]


def test_what_a_run_that_is_at_work_has_begun_is_not_called_left_over(output, capfd):
    write("_staging/run/daily/x")(output)
    with output_lock(str(output)):
        code, said, error = verify(output, capfd)
        assert (code, said) == (5, "_staging: of the run that is at work\n")
        assert f"1 violation, of 1 published day. See the list above; but process {os.getpid()} on " in error
        killed = (output / "_lock").read_bytes()
    (output / "_lock").write_bytes(killed)  # a killed run leaves its name, but not the lock
    code, said, error = verify(output, capfd)
    assert code == 5
    assert "_staging: left over from a run" in said
    assert "_lock: names a run and its machine. If it is not at work, the next run empties this file" in said
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
        "At most 3 addresses per network",
        "- 16 people who work together",
        "by week",
        "What this does not promise",
    ):
        assert words in said
    assert max(map(len, said.splitlines())) <= 120


def explained(capfd, *words):
    capfd.readouterr()
    code = main(["explain", *map(str, words)])
    said = capfd.readouterr()
    return code, " ".join(said.out.split()), said.err


def test_the_guarantee_of_a_data_set_is_explained_with_its_own_numbers(published, noisy, tmp_path, capfd):
    stated = Path(shutil.copytree(published, tmp_path / "out"))
    state(stated, min_addresses="17", period="week")
    options = explained(capfd, "--min-addresses", 17, "--period", "week")[1]
    code, said, _ = explained(capfd, stated)
    assert code == 0
    assert said.startswith(f"{stated} states: 1 week, {DAY}, by the calendar of UTC, with --privacy threshold. A published row")
    assert said.endswith(options)
    code, said, _ = explained(capfd, noisy)
    assert code == 0
    assert "epsilon = 2" in said
    assert explained(capfd, "--privacy", "dp")[1] in said


def test_two_guarantees_in_one_data_set_are_explained_apart(output, capfd):
    path = output / "_manifest" / f"{DAY}.json"
    other = json.loads(path.read_text()) | {"date": "2026-03-05", "min_addresses": "20"}
    for date in ("2026-03-04", DAY):
        (output / "_manifest" / f"{date}.json").write_bytes(to_bytes(json.loads(path.read_text()) | {"date": date}))
    (output / "_manifest" / "2026-03-05.json").write_bytes(to_bytes(other))
    code, said, _ = explained(capfd, output)
    assert code == 0
    assert f"{output} states: 2 days, {DAY} to 2026-03-04, by" in said
    assert f"{output} states: 1 day, 2026-03-05, by" in said
    assert "at least 20 addresses" in said


@pytest.mark.parametrize(
    ("facts", "code", "said"),
    [
        ({"mode": "none"}, 8, "its manifest states a mode that this version does not know"),
        ({"min_addresses": "3"}, 8, "its manifest states no guarantee that this version knows"),
        ({"min_addresses": "jane"}, 8, "its manifest states no guarantee that this version knows"),
        ({"period": "jane"}, 8, "its manifest states no guarantee that this version knows"),
        ({"layout": 1}, 8, "with another layout"),
    ],
)
def test_a_data_set_that_states_no_guarantee_is_named(output, capfd, facts, code, said):
    restate(output, lambda manifest: manifest.update(facts))
    found, _, error = explained(capfd, output)
    assert found == code
    assert said in error
    assert "jane" not in error


def test_explain_says_where_no_data_set_is_and_takes_options_or_a_folder(output, tmp_path, capfd):
    for nothing in (tmp_path / "nothing", tmp_path):
        assert explained(capfd, nothing)[0] == 6
    code, _, error = explained(capfd, output, "--min-addresses", 17)
    assert code == 2
    assert f"--min-addresses: {output} states its own" in error


@pytest.mark.parametrize("described", [5, None, "x", []])
def test_a_report_that_the_manifest_does_not_describe_is_a_violation(output, capfd, described):
    path = output / "_manifest" / "2026-03-03.json"
    manifest = json.loads(path.read_text())
    manifest["reports"]["daily"] = described
    manifest["min_addresses"] = "\u00b2"
    path.write_bytes(to_bytes(manifest))
    code, violations, _ = verify(output, capfd)
    assert code == 5
    assert "its list of reports is invalid" in violations
