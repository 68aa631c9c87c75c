"""Each step of the graph alone, in a real pipeline."""

from __future__ import annotations

import dataclasses
import gzip
import json

import apache_beam as beam
import pytest
from apache_beam.pvalue import AsDict, AsIter, AsSingleton
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.testing.util import assert_that, equal_to

from pipeline import errors
from pipeline.graph import accounts, flow
from pipeline.graph.job import InputFile, Job
from pipeline.graph.read_blocks import read_blocks
from pipeline.graph.steps.count_shards import KEPT, SECRETS, TRAFFIC, CountShards
from pipeline.graph.steps.make_secret import MakeSecret
from pipeline.graph.steps.map_files import ACCOUNTS, BYTES_READ, MapFiles
from pipeline.graph.steps.plan_release import PLANS, PlanRelease
from pipeline.graph.steps.recount import Recount
from pipeline.graph.steps.release_days import COUNTS, FIGURES, RECOUNTS, ReleaseDays
from pipeline.graph.steps.write_days import WriteDays
from tests.catalogues import REPORTS, TRAVELLING
from tests.eager import EVERYTHING
from tests.logs import crowd, line
from transforms.block import Block, Rules, process_block
from transforms.masking.secret import new_secret
from transforms.privacy.threshold.policy import Threshold
from transforms.wire import pack_bytes, unpack, unpack_bytes

DAY = "2026-03-03"
LOG = crowd(12) + crowd(4, request="GET /rare HTTP/1.1")
POLICY = Threshold(10)
SITE = "www.example.org"
RULES = Rules(3, EVERYTHING, TRAVELLING)
FACTS = (("mode", "threshold"),)


@pytest.fixture
def root():
    """A pipeline that runs when the test ends its `with`."""
    return beam.Pipeline(runner=FnApiRunner())


def input_file(path, compression="plain"):
    return InputFile(
        str(path), path.stat().st_size, compression, "combined", True, (path.stat().st_dev, path.stat().st_ino), SITE
    )


def pieces(secret=None, log=LOG):
    made, _ = process_block(Block("log", "combined", 0, len(log), log, site=SITE), RULES, secret or new_secret())
    return [(number, [piece]) for number, piece in made.items()]


def test_make_secret_gives_every_consumer_the_same_one(root):
    with root:
        secret = root | MakeSecret()
        uses = root | beam.Create(range(5)) | beam.Map(lambda _, used: used.hex(), AsSingleton(secret))
        assert_that(uses | beam.Distinct() | beam.Map(len), equal_to([64]))


@pytest.mark.parametrize("compression", ["plain", "gz"])
def test_blocks_hold_every_byte_once_cut_at_line_ends(tmp_path, compression):
    path = tmp_path / "log"
    path.write_bytes(gzip.compress(LOG) if compression == "gz" else LOG)
    blocks = list(read_blocks(input_file(path, compression), 500))
    texts = [block.data or path.read_bytes()[block.offset : block.offset + block.size] for block in blocks]
    assert len(blocks) > 2 or compression == "gz"
    assert all(text.endswith(b"\n") for text in texts)
    assert b"".join(texts) == LOG


@pytest.mark.parametrize("compression", ["plain", "gz"])
def test_map_files_gives_pieces_by_shard_accounts_and_bytes(root, tmp_path, compression):
    log = LOG + b"bad\n"
    path = tmp_path / "log"
    path.write_bytes(gzip.compress(log) if compression == "gz" else log)
    with root:
        secret = root | MakeSecret()
        mapped = (
            root
            | beam.Create([input_file(path, compression)])
            | beam.ParDo(MapFiles(500, RULES), AsSingleton(secret)).with_outputs(ACCOUNTS, BYTES_READ, main="pieces")
        )
        hits = mapped.pieces | beam.Map(lambda piece: unpack(piece[1])["hits"].num_rows) | beam.CombineGlobally(sum)
        assert_that(hits, equal_to([16]), label="hits")
        sites = mapped.pieces | "sites" >> beam.FlatMap(lambda piece: unpack(piece[1])["hits"]["site"].unique().to_pylist())
        assert_that(sites | "each" >> beam.Distinct(), equal_to([SITE]), label="that of the file")
        read = (
            mapped[ACCOUNTS]
            | beam.MapTuple(lambda file, account: json.loads(account)["read"])
            | "all" >> beam.CombineGlobally(sum)
        )
        assert_that(read, equal_to([17]), label="accounts")
        assert_that(mapped[BYTES_READ], equal_to([(str(path), len(log))]), label="bytes")


def test_a_block_that_fails_is_named_without_its_content(root, tmp_path, monkeypatch):
    path = tmp_path / "some.log"
    path.write_bytes(b"SECRET but fifty bytes are not there")
    wrong = Block(str(path), "combined", 7, 50, identity=None)
    monkeypatch.setattr("pipeline.graph.steps.map_files.read_blocks", lambda file, block_bytes: [wrong])
    with pytest.raises(Exception, match=r"some\.log") as caught, root:
        secret = root | MakeSecret()
        _ = root | beam.Create([input_file(path)]) | beam.ParDo(MapFiles(500, RULES), AsSingleton(secret))
    error = errors.from_text(str(caught.value))
    assert error.exit_code == 6
    assert "SECRET" not in error.message


def test_count_plan_fold_and_release(root):
    def figures(_date, packed):
        files = unpack_bytes(packed)
        assert set(files) == {*REPORTS.names(), FIGURES}
        pages = json.loads(files[FIGURES])["reports"]["pages"]
        return pages

    way = POLICY, REPORTS
    with root:
        counted = root | beam.Create(pieces()) | beam.ParDo(CountShards(*way)).with_outputs(KEPT, SECRETS, TRAFFIC, main="counts")
        days = counted.counts | beam.GroupByKey()
        planned = days | beam.ParDo(PlanRelease(*way)).with_outputs(PLANS, main="counts")
        recounts = counted[KEPT] | beam.ParDo(Recount(*way), AsDict(planned[PLANS]))
        released = {COUNTS: planned.counts, RECOUNTS: recounts} | beam.CoGroupByKey() | beam.ParDo(ReleaseDays(*way, FACTS))
        # The page of four addresses is absorbed by the only other one, of twelve.
        assert_that(
            released | beam.MapTuple(figures),
            equal_to(
                [
                    {
                        **{"rows": 1, "hits": 16, "under": 1, "caught": 0, "unnamed": 0, "misnamed": 4},
                        **{"dominated": 0, "largest_share": round(1 / 16, 3)},
                        **{"hits_of_people": 16, "unnamed_of_people": 0, "misnamed_of_people": 4},
                    }
                ]
            ),
        )


def test_pieces_of_two_secrets_are_refused(root):
    (number, one), *_ = pieces()
    other = dict(pieces())
    mixed = [(number, one + next(iter(other.values())))]
    with pytest.raises(Exception, match="computed the secret twice"), root:
        _ = root | beam.Create(mixed) | beam.ParDo(CountShards(POLICY, REPORTS))


def test_write_days_stages_only_after_the_account_is_checked(root, tmp_path):
    day = (DAY, pack_bytes({"daily": b"data", FIGURES: b'{"reports": {"daily": {"rows": 1}}}'}))
    job = Job("run1", (), str(tmp_path), RULES, POLICY, REPORTS, 1 << 20, 0.01, (), False, True, FACTS)
    with root:
        checked = root | "checked" >> beam.Create([{"read": 1, "cut_period": None}])
        secrets = root | "secrets" >> beam.Create([b"one", b"one"])
        staged = root | beam.Create([day]) | beam.ParDo(WriteDays(job), AsSingleton(checked), AsIter(secrets))
        described = staged | beam.MapTuple(lambda date, data: (date, json.loads(data)["staged"][0]["report"]))
        assert_that(described, equal_to([(DAY, "daily")]))
    assert (tmp_path / "_staging" / "run1" / "daily" / f"{DAY}.parquet").read_bytes() == b"data"


@pytest.mark.parametrize(
    ("sizes", "log", "code"),
    [
        ([("log", len(LOG))], LOG, None),
        ([("log", len(LOG) + 1)], LOG, 1),
        ([("log", len(LOG) + 200)], LOG + b"x\n" * 100, 3),
    ],
)
def test_the_gates_are_in_the_graph(root, sizes, log, code):
    job = Job("run1", (), "out", RULES, POLICY, REPORTS, 1 << 20, 0.01, (), False, True, FACTS)

    blocks = [accounts.to_json(process_block(Block("log", "combined", 0, len(log), log), RULES, new_secret())[1])]

    def build():
        with root:
            mapped = root | "accounts" >> beam.Create([("log", block) for block in blocks])
            read = root | "sizes" >> beam.Create(sizes)
            traffic = root | "traffic" >> beam.Create([(DAY, (1, 1))])
            sides = (AsIter(mapped), AsIter(read), AsIter(traffic))
            checked = root | "once" >> beam.Create([None]) | beam.Map(flow.check_accounts, *sides, job)
            assert_that(checked | beam.Map(lambda account: account["counted"]), equal_to([16]))

    if code is None:
        build()
        return
    with pytest.raises(Exception, match="log") as caught:
        build()
    assert errors.from_text(str(caught.value)).exit_code == code


def test_a_failing_gate_publishes_nothing(tmp_path):
    path = tmp_path / "access.log"
    path.write_bytes(LOG + line(time="nonsense") * 100)
    job = Job("run1", (input_file(path),), str(tmp_path / "out"), RULES, POLICY, REPORTS, 1 << 20, 0.01, (), False, True, FACTS)
    with pytest.raises(Exception, match="too_many_rejects"), beam.Pipeline(runner=FnApiRunner()) as root:
        flow.build(root, job)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("awaited", "left"), [(True, ["_staging/run1/record.json"]), (False, [])])
def test_a_job_leaves_its_record_only_where_a_launcher_waits_for_it(tmp_path, awaited, left):
    path, output = tmp_path / "access.log", tmp_path / "out"
    path.write_bytes(LOG)
    job = Job("run1", (input_file(path),), str(output), RULES, POLICY, REPORTS, 1 << 20, 0.01, (), False, awaited, FACTS)
    with beam.Pipeline(runner=FnApiRunner()) as root:
        flow.build(root, job)
    assert list((output / "_manifest").iterdir())
    staged = (output / "_staging").rglob("*")
    files = [found for found in staged if found.is_file()]
    assert [found.relative_to(output).as_posix() for found in files] == left
    assert all(found.stat().st_mode & 0o077 == 0 for found in files)  # it is exact, and where everybody may read


def test_shards_of_two_secrets_are_refused_even_if_no_shard_holds_pieces_of_both(tmp_path, monkeypatch):
    """One address in files of its own, each made with another secret, would else count as many addresses."""
    paths = [tmp_path / str(number) for number in range(14)]
    for minute, path in enumerate(paths):
        path.write_bytes(line(time=f"03/Mar/2026:10:{minute:02}:00 +0000"))
    rules = dataclasses.replace(RULES, shards=1 << 16)
    job = Job(
        "run1",
        tuple(map(input_file, paths)),
        str(tmp_path / "out"),
        rules,
        POLICY,
        REPORTS,
        1 << 20,
        0.01,
        (),
        False,
        True,
        FACTS,
    )
    process = MapFiles.process
    monkeypatch.setattr(MapFiles, "process", lambda step, file, _: process(step, file, new_secret()))
    with pytest.raises(Exception, match="secret_changed"), beam.Pipeline(runner=FnApiRunner()) as root:
        flow.build(root, job)
    assert not (tmp_path / "out").exists()
