"""The dp mode from the command line: what is published, what is refused, and how `verify` checks the ledger."""

from __future__ import annotations

import json
import math
import shutil

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.__main__ import main
from pipeline.config.patterns import Pattern
from pipeline.dataset.document import to_bytes
from pipeline.graph.inputs import find_inputs
from tests.catalogues import NOISY_REPORTS
from tests.end_to_end.spoiling import described_as, spoil, with_value
from tests.end_to_end.test_verify import verify, without_last
from tests.logs import FIREFOX, GOOGLEBOT, address, crowd, line
from transforms.dimensions.agent import TRAFFIC_KINDS
from transforms.privacy.differential.budget import Budget
from transforms.privacy.differential.checks import DifferentialChecks
from transforms.privacy.differential.entry import described as described_mechanism
from transforms.privacy.differential.policy import Differential

DAY, SITE = "2026-03-03", "www.example.org"
MECHANISMS = {(each.report, each.measure): each for each in Budget((SITE,)).mechanisms()}
DP = ("--privacy", "dp", "--declare-site", SITE, "--site", SITE)


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    path = tmp_path_factory.mktemp("log") / "access.log"
    path.write_bytes(
        crowd(900)
        + crowd(700, request="GET /popular HTTP/1.1", agent=FIREFOX, referer="https://www.google.com/")
        + crowd(50, request="GET /rare HTTP/1.1")
        + crowd(300, first=2000, agent=GOOGLEBOT)
        + line(host=address(3000), request="GET /busy HTTP/1.1") * 5000
    )
    return path


def run(*arguments: object) -> int:
    return main(["run", "--workers", "0", *map(str, arguments)])


def publish(log, output, *more: object, date: str = DAY) -> int:
    return run("--input", log, "--output", output, "--date", date, *DP, *more)


@pytest.fixture(scope="module")
def published(log, tmp_path_factory):
    output = tmp_path_factory.mktemp("published") / "out"
    assert publish(log, output, date=f"{DAY}..2026-03-04") == 0
    return output


@pytest.fixture(scope="module")
def one_day(log, tmp_path_factory):
    output = tmp_path_factory.mktemp("one day") / "out"
    assert publish(log, output) == 0
    return output


@pytest.fixture
def output(one_day, tmp_path):
    """A data set of its own for each test, to spoil."""
    return shutil.copytree(one_day, tmp_path / "out")


def table(output, report, day=DAY):
    return pq.read_table(output / report / f"{day}.parquet", partitioning=None)


def test_numbers_are_near_the_bounded_counts_and_a_busy_address_does_not_show(published):
    rows = {(row["traffic"],): row for row in table(published, "daily").to_pylist()}
    # 900 addresses with 1 to 3 hits, and one of whose 5,000 hits 20 are counted.
    for measure, exact in (("visitors", 901), ("hits", 900 + 700 + 50 + 20)):
        assert abs(rows["human",][measure] - exact) < 8 * MECHANISMS["daily", measure].scale, measure
    pages = {row["path"]: row for row in table(published, "pages").to_pylist() if row["traffic"] == "human"}
    assert {"/", "/popular", "(other)"} == set(pages)


def test_every_day_that_was_asked_for_is_published_with_lines_or_without(published):
    for report in NOISY_REPORTS.names():
        if report not in ("pages", "sources"):
            assert table(published, report).num_rows == table(published, report, "2026-03-04").num_rows
    assert table(published, "pages", "2026-03-04")["path"].to_pylist() == ["(other)"] * len(TRAFFIC_KINDS)


def test_an_analyst_reads_it_by_the_documented_query(published):
    countries = f"'{published}/countries/*.parquet'"
    (total,) = duckdb.sql(f"SELECT sum(hits) FROM {countries} WHERE country != '(other)'").fetchall()[0]
    assert abs(total - 1970) < 8 * MECHANISMS["countries", "hits"].scale * math.sqrt(2 * 3 * 251)


def test_two_runs_of_one_log_differ(log, output, tmp_path):
    assert publish(log, tmp_path / "other") == 0
    assert table(output, "daily")["bytes_sent"].to_pylist() != table(tmp_path / "other", "daily")["bytes_sent"].to_pylist()


def test_a_good_data_set_is_verified(published, capfd):
    code, said, _ = verify(published, capfd)
    assert code == 0
    assert "16 files, " in said
    assert "the ledger adds up" in said


@pytest.mark.parametrize("mode", ["dp", "threshold"])
def test_a_period_with_any_release_is_refused(log, output, mode, capfd):
    before = (output / "_manifest" / f"{DAY}.json").read_bytes()
    if mode == "dp":
        assert publish(log, output) == 4
        said = capfd.readouterr().err
        assert "published already, and with noise it is published once" in said
        assert "--replace" not in said
    else:
        assert run("--input", log, "--output", output, "--site", SITE, "--date", DAY) == 2
        assert "was published with --privacy dp, not threshold" in capfd.readouterr().err
        assert run("--input", log, "--output", output, "--site", SITE, "--date", DAY, "--replace") == 2
    assert (output / "_manifest" / f"{DAY}.json").read_bytes() == before


def test_tables_without_a_manifest_are_refused_whether_this_mode_publishes_them_or_not(log, tmp_path, capfd):
    stray = tmp_path / "out" / "networks" / f"{DAY}.parquet"
    stray.parent.mkdir(parents=True)
    stray.write_bytes(b"PAR1")
    assert publish(log, tmp_path / "out") == 8
    assert f"networks/{DAY}.parquet: a report of a day without a manifest" in capfd.readouterr().err


def test_a_data_set_of_the_other_mode_is_refused(log, tmp_path, capfd):
    assert run("--input", log, "--output", tmp_path / "out", "--site", SITE, "--date", DAY, "--period", "day") == 0
    assert publish(log, tmp_path / "out", date="2026-03-04") == 2
    assert "was published with --privacy threshold, not dp" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--privacy", "dp", "--date", DAY), "needs --declare-site"),
        (("--privacy", "dp", "--declare-site", SITE), "needs --date"),
        (("--date", DAY, *DP, "--no-wait"), "--no-wait: with --privacy dp the launcher waits"),
        (("--date", DAY, *DP, "--replace"), "--replace: with --privacy dp a period is published once"),
        (("--date", DAY, *DP, "--delta", "1e-4"), "--delta is 0.0001, but must be from 1e-100 to 1e-05"),
        (("--date", DAY, *DP, "--epsilon", "9"), "add --accept-weak-epsilon"),
        (("--date", DAY, *DP, "--epsilon", "0"), "--epsilon is 0, but must be from 0.01 to 100"),
        (("--date", DAY, *DP, "--epsilon", "nan"), "--epsilon is nan"),
        (("--date", DAY, *DP, "--min-addresses", "10", "--site", "else.example"), "else.example: it is not declared"),
        (("--date", DAY, "--privacy", "dp", "--declare-site", "no host"), "--declare-site no host: not the name of a host"),
        (("--date", DAY, "--privacy", "dp", "--declare-site", "4155551234.example.com"), "it looks like somebody's address"),
        (("--date", DAY, "--epsilon", "1"), "--epsilon: it belongs to --privacy dp"),
    ],
)
def test_what_would_promise_too_little_is_refused_by_name(log, tmp_path, capfd, arguments, said):
    assert run("--input", log, "--output", tmp_path / "out", *arguments) == 2
    assert said in capfd.readouterr().err
    assert not (tmp_path / "out").exists() or not list((tmp_path / "out").glob("*/2026-*"))


def test_reports_that_cost_more_than_the_budget_are_refused(log, tmp_path, capfd, monkeypatch):
    monkeypatch.setattr("transforms.privacy.differential.budget.SHARES", {"visitors": 0.5, "hits": 0.5, "bytes_sent": 0.5})
    assert publish(log, tmp_path / "out") == 2
    assert "--epsilon 2, --delta 1e-07: the reports cost more than that" in capfd.readouterr().err


def test_a_weak_epsilon_may_be_accepted(log, tmp_path):
    assert publish(log, tmp_path / "out", "--epsilon", "9", "--accept-weak-epsilon") == 0


def test_an_epsilon_with_many_digits_is_nobodys_number(log, tmp_path, capfd):
    assert publish(log, tmp_path / "out", "--epsilon", "0.3333333333333333") == 0
    assert verify(tmp_path / "out", capfd)[0] == 0


@pytest.mark.parametrize(
    "more",
    [
        '"ClientRequestReferer":"https://www.google.com/"',
        '"ClientRequestUserAgent":"curl/8.5"',
        '"ClientRequestProtocol":"HTTP/1.1"',
    ],
)
def test_no_line_decides_which_columns_the_others_have(tmp_path, more):
    about = '"ClientIP":"192.0.2.1","ClientRequestMethod":"GET","ClientRequestURI":"/","EdgeResponseStatus":200'
    usual = f'{{"EdgeStartTimestamp":"2026-03-03T10:00:00Z",{about}}}\n'
    without, with_it = tmp_path / "without.json", tmp_path / "with.json"
    without.write_text(usual * 50)
    with_it.write_text(usual * 50 + usual.replace(about, f"{about},{more}"))
    for log_format in ("cloudflare", "auto"):
        found = [find_inputs([Pattern(str(path))], log_format, all_columns=True) for path in (without, with_it)]
        assert {each.file.format for (each,) in found} == {"cloudflare"}
    if "Protocol" not in more:  # this column says nothing where it is missing; of the others it depends on the file, elsewhere
        assert find_inputs([Pattern(str(without))])[0].file.format != find_inputs([Pattern(str(with_it))])[0].file.format


def test_a_run_with_noise_asks_for_all_columns(log, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(
        "pipeline.graph.launch.find_inputs", lambda *given, **named: asked.append(named) or find_inputs(*given, **named)
    )
    assert publish(log, tmp_path / "out") == 0
    assert asked == [{"all_columns": True}]


def test_without_opendp_it_says_what_to_install(log, tmp_path, capfd, monkeypatch):
    monkeypatch.setattr("transforms.privacy.differential.noise.find_spec", lambda name: None)
    assert publish(log, tmp_path / "out") == 2
    assert "needs OpenDP: pip install '.[dp]' in the checkout" in capfd.readouterr().err


def test_the_operator_is_told_of_sites_that_are_not_declared(log, tmp_path, capfd):
    arguments = ("--privacy", "dp", "--declare-site", "else.example", "--date", DAY, "--site", "(unknown)")
    assert run("--input", log, "--output", tmp_path / "out", *arguments) == 0
    said = capfd.readouterr().out
    assert "6,950 hits of other sites than those declared (else.example) are left out" in " ".join(said.split())
    assert set(table(tmp_path / "out", "daily")["site"].to_pylist()) == {"else.example"}


def test_plan_and_explain_tell_the_numbers_in_force(log, tmp_path, capfd):
    assert main(["plan", "--input", str(log), "--output", str(tmp_path / "out"), "--date", DAY, *DP, "--epsilon", "1"]) == 0
    said = capfd.readouterr().out
    assert "ε = 1, δ = 1e-07 for one address in one day" in said
    assert "daily, hourly, kinds, pages, channels, sources, countries, devices" in said
    assert main(["explain", "--privacy", "dp", "--period", "week"]) == 0
    said = capfd.readouterr().out
    threshold = MECHANISMS["pages", "visitors"].threshold
    for words in ("epsilon = 2", "e^2 = 7.4", "1 in 10,000,000", "by week", f"reaches {threshold + 9} (pages)"):
        assert words in said, words
    assert main(["explain", "--epsilon", "1"]) == 2


def test_an_interrupted_publication_is_completed_with_the_files_that_were_drawn(log, tmp_path, capfd, monkeypatch):
    folder = tmp_path / "out"

    def crash(*_):
        raise RuntimeError

    monkeypatch.setattr("pipeline.graph.steps.publish_days.commit_day", crash)
    assert publish(log, folder) == 1
    assert not (folder / "_manifest").exists()
    drawn = {path.parts[-2]: path.read_bytes() for path in (folder / "_staging").rglob("*.parquet")}
    assert set(drawn) == set(NOISY_REPORTS.names())
    monkeypatch.undo()
    assert main(["plan", "--input", str(log), "--output", str(folder), "--date", DAY, *DP]) == 4
    assert "had drawn its noise" in capfd.readouterr().err
    monkeypatch.setattr("transforms.privacy.differential.policy.release_noisy", crash)  # nothing is drawn again
    assert publish(log, folder) == 4
    assert f"{DAY}: an interrupted publication was completed" in capfd.readouterr().err
    assert {report: (folder / report / f"{DAY}.parquet").read_bytes() for report in drawn} == drawn
    assert verify(folder, capfd)[0] == 0


def test_a_period_whose_files_were_seen_in_part_is_never_drawn_again(log, tmp_path, capfd, monkeypatch):
    from pipeline.dataset.publish import stage_file

    folder, staged = tmp_path / "out", []

    def crash_at_the_third(*arguments):
        staged.append(arguments)
        if len(staged) == 3:
            raise RuntimeError
        return stage_file(*arguments)

    monkeypatch.setattr("pipeline.graph.steps.write_days.stage_file", crash_at_the_third)
    assert publish(log, folder) == 1
    monkeypatch.undo()
    for _ in range(2):
        assert publish(log, folder) == 4
        assert "its privacy budget is spent" in " ".join(capfd.readouterr().err.split())
    assert not (folder / "_manifest").exists()
    assert publish(log, folder, date="2026-03-04") == 0
    assert verify(folder, capfd)[0] == 0


def ledger_with(**changes):
    def spoiled(output):
        path = output / "_ledger" / f"{DAY}.json"
        entry = json.loads(path.read_text())
        for name, change in changes.items():
            entry[name] = change(entry[name]) if callable(change) else change
        path.write_bytes(to_bytes(entry))

    return spoiled


def first(**changes):
    """The ledger's first mechanism, changed."""
    return ledger_with(mechanisms=lambda all_of_them: [{**all_of_them[0], **changes}, *all_of_them[1:]])


def opened(**changes):
    """The mechanism of the pages' threshold, changed."""
    return ledger_with(
        mechanisms=lambda all_of_them: [
            {**each, **changes} if (each["report"], each["measure"]) == ("pages", "visitors") else each for each in all_of_them
        ]
    )


def manifest_with(**changes):
    def spoiled(output):
        path = output / "_manifest" / f"{DAY}.json"
        path.write_bytes(to_bytes(json.loads(path.read_text()) | changes))

    return spoiled


def structured(report, **changes):
    """Another division of a report, in manifest and ledger alike."""

    def spoiled(output):
        for path in (output / "_manifest" / f"{DAY}.json", output / "_ledger" / f"{DAY}.json"):
            document = json.loads(path.read_text())
            document.get("manifest", document)["reports"][report].update(changes)
            path.write_bytes(to_bytes(document))

    return spoiled


def table_with(report, change):
    return lambda output: spoil(output, report, change)


def named_low(rows):
    at = rows["path"].to_pylist().index("/popular")
    return with_value("visitors", 20, at)(rows)


@pytest.mark.parametrize(
    ("spoiled", "said"),
    [
        (lambda output: (output / "_ledger" / f"{DAY}.json").unlink(), "the ledger has no entry of this period"),
        (ledger_with(mechanisms="none"), "the ledger has no entry of this period, or none that can be read"),
        (ledger_with(mechanisms=lambda each: each[1:]), "does not list each measure of each report once"),
        (ledger_with(mechanisms=lambda each: [*each, each[0]]), "does not list each measure of each report once"),
        (first(scale=1.0), "the ledger, daily, visitors: another cost than that of its noise"),
        (first(scale=1.0, rho=1.0), "the ledger adds up to more than the ε and δ of the manifest"),
        (first(rho=0.0), "the ledger, daily, visitors: another cost than that of its noise"),
        (first(sensitivity=0.1, rho=0.0), "the ledger, daily, visitors: another sensitivity than that of the report's bounds"),
        (opened(threshold=12), "the ledger, pages: another cost than that of its threshold"),
        (opened(threshold=12, delta=0.5), "the ledger, pages: another cost than that of its threshold"),
        (opened(threshold=None), "the ledger, pages: another cost than that of its threshold"),
        (ledger_with(noise_delta=0), "does not say which part of δ the noise has"),
        (ledger_with(noise_delta=1e-30), "the ledger adds up to more than the ε and δ of the manifest"),
        (ledger_with(epsilon_spent=0.5), "the ledger adds up to something else than it says"),
        (ledger_with(manifest=lambda manifest: {**manifest, "run_id": "another"}), "the ledger's entry is of another release"),
        (ledger_with(unit="20.1.2.3"), "the ledger's entry is of another period, or protects somebody else"),
        (ledger_with(date="2026-03-04"), "the ledger's entry is of another period, or protects somebody else"),
        (ledger_with(who="20.1.2.3"), "the ledger's entry says more, or less, than it should"),
        (manifest_with(epsilon="0.5"), "the ledger adds up to more than the ε and δ of the manifest"),
        (manifest_with(epsilon="much"), "does not state ε, δ, addresses and sites as this mode allows them"),
        (manifest_with(delta="0.1"), "does not state ε, δ, addresses and sites as this mode allows them"),
        (manifest_with(revision=2), "published more than once"),
        (structured("hourly", parent="kinds"), "does not list exactly the reports that this mode publishes"),
        (structured("countries", where={"traffic": ["human"]}), "does not list exactly the reports that this mode publishes"),
        (manifest_with(mode="none"), "a mode that cannot be verified"),
        (table_with("hourly", without_last), "not exactly the rows that can be known beforehand"),
        (table_with("daily", with_value("visitors", None)), "visitors are missing in another row than (other)"),
        (table_with("daily", lambda rows: rows.append_column("visits", rows["hits"])), "another schema than that of the report"),
        (table_with("daily", with_value("hits", None)), "a measure is missing that must be there"),
        (table_with("countries", with_value("hits", lambda hits: hits + 1)), "hits do not agree with those of daily"),
        (table_with("pages", named_low), "a row is named under the threshold"),
        (table_with("pages", with_value("path", "/jane@example.com")), "looks like a person's"),
        (table_with("daily", described_as(epsilon=b"0.1")), "metadata and manifest do not agree"),
    ],
)
def test_what_was_tampered_with_is_found(output, capfd, spoiled, said):
    spoiled(output)
    code, violations, _ = verify(output, capfd)
    assert code == 5
    assert said in " ".join(violations.split())
    assert "jane" not in violations
    assert "20.1.2.3" not in violations


def test_noise_that_is_described_as_another_is_found(output, capfd):
    def change(rows):
        fields = [
            field.with_metadata({**field.metadata, b"half_width_95": b"1"}) if field.name == "hits" else field
            for field in rows.schema
        ]
        return rows.cast(pa.schema(fields, rows.schema.metadata))

    spoil(output, "daily", change)
    code, violations, _ = verify(output, capfd)
    assert code == 5
    assert "description, unit or noise is missing" in violations


def given_up(**more):
    """A period that was given up, beside the one that was published."""

    def spoiled(output):
        entry = json.loads((output / "_ledger" / f"{DAY}.json").read_text())
        entry |= {"date": "2026-03-09", "manifest": {**entry["manifest"], "date": "2026-03-09"}, "unpublished": True, **more}
        (output / "_ledger" / "2026-03-09.json").write_bytes(to_bytes(entry))

    return spoiled


def test_a_period_that_was_given_up_is_no_violation(output, capfd):
    given_up()(output)
    assert verify(output, capfd)[0] == 0


@pytest.mark.parametrize(
    ("path", "content", "said"),
    [
        (f"_ledger/{DAY}.csv", "20.1.2.3", "_ledger: 1 file that this program did not make"),
        (f"networks/{DAY}.parquet", "20.1.2.3", f"networks/{DAY}.parquet: no manifest lists this file"),
        (f"daily/{DAY}/raw.log", "20.1.2.3", "daily: 1 folder that this program did not make"),
        ("_manifest/raw.log", "20.1.2.3", "_manifest: 1 file that this program did not make"),
        ("_ledger/below/2026-03-03.json", "{}", "_ledger: 1 folder that this program did not make"),
        ("_ledger/2026-03-09.json", '{"unpublished": true, "raw": "20.1.2.3"}', "_ledger/2026-03-09.json: a run was interrupted"),
        ("_ledger/2026-03-09.json", "[" * 200_000, "_ledger/2026-03-09.json: not as this program writes JSON"),
    ],
)
def test_what_was_planted_is_found(output, capfd, path, content, said):
    (output / path).parent.mkdir(parents=True, exist_ok=True)
    (output / path).write_text(content)
    code, violations, _ = verify(output, capfd)
    assert code == 5
    assert said in violations
    assert "20.1.2.3" not in violations


def test_a_period_that_was_given_up_says_no_more_than_others(output, capfd):
    given_up(raw="20.1.2.3")(output)
    code, violations, _ = verify(output, capfd)
    assert code == 5
    assert "the ledger's entry says more, or less, than it should" in " ".join(violations.split())
    manifest = json.loads((output / "_manifest" / f"{DAY}.json").read_text())
    given_up(manifest={**manifest, "date": "2026-03-09", "note": "jane@example.com"})(output)
    code, violations, _ = verify(output, capfd)
    assert code == 5
    assert "says more than a manifest should" in " ".join(violations.split())
    assert "jane" not in violations


ODD = [None, "x", [], {}, -1, 0, 1e15, 1e308, math.inf, math.nan, True, "12", 5.5, 10**40]


@pytest.mark.parametrize("report", ["daily", "pages"])
@pytest.mark.parametrize("name", [*described_mechanism(MECHANISMS["pages", "visitors"]), "more"])
def test_an_odd_mechanism_is_a_violation_and_no_error(name, report):
    policy = Differential(Budget((SITE,)))
    manifest = {"date": DAY, "run_id": "r", "revision": 1, **policy.facts()}
    for value in ODD:
        entry = policy.budget_entry({key: fact for key, fact in manifest.items() if key != "revision"})
        (mechanism,) = (each for each in entry["mechanisms"] if (each["report"], each["measure"]) == (report, "visitors"))
        mechanism[name] = value
        assert list(DifferentialChecks(manifest, NOISY_REPORTS, entry).period()), value


def test_a_ledger_entry_without_its_release_is_found(output, capfd):
    (output / "_manifest" / f"{DAY}.json").rename(output / "_manifest" / "2026-03-04.json")
    code, violations, _ = verify(output, capfd)
    assert code == 5
    assert f"_ledger/{DAY}.json: a run was interrupted before it published this period" in " ".join(violations.split())
