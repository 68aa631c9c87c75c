"""A step that fails with a message that quotes the log discloses none of it, in whatever process it runs."""

from __future__ import annotations

import os
import subprocess
import sys
import traceback
from pathlib import Path

import pytest

from pipeline.__main__ import main
from pipeline.cli import run as run_command
from tests.attack import canaries
from tests.attack.canaries import CANARIES, arguments, everything_in, leaks

ROOT = Path(__file__).parents[2]

BEFORE = {
    "look": "pipeline.graph.launch.find_inputs",
    "head": "pipeline.graph.inputs._decompressed_head",
    "sites": "pipeline.graph.launch.look_at_sites",
    "times": "transforms.parsing.parse.times.read_times",
    "lock": "pipeline.cli.run.output_lock",
    "recover": "pipeline.cli.run.recover",
    "prepare": "pipeline.graph.launch.prepare",
    "graph": "pipeline.graph.flow.build",
    "secret": "pipeline.graph.steps.make_secret.new_secret",
}
IN_WORKERS = {
    "read": "transforms.block._read",
    "parse": "transforms.block.parse_block",
    "ignored": "transforms.masking.ignored.Ignored.left",
    "anonymize": "transforms.block.anonymize",
    "client": "transforms.masking.anonymize.hosts_of",
    "address": "transforms.masking.anonymize.places",
    "site": "transforms.masking.anonymize.publishable_site",
    "path": "transforms.masking.anonymize.scrub_paths",
    "keys": "transforms.masking.secret.keys",
    "enrich": "transforms.block.enrich",
    "country": "transforms.dimensions.country.CountryLookup.codes",
    "agent": "transforms.dimensions.agent.describe_agent",
    "referrer": "transforms.dimensions.referrer.describe_referrer",
    "shard": "transforms.block.shard",
    "pack": "transforms.counting.shard.pack",
    "merge": "transforms.privacy.threshold.counting.merge_pieces",
    "count": "transforms.privacy.threshold.counting.count_day",
    "recount": "transforms.privacy.threshold.counting.count_parts",
}
IN_GRAPH = {
    "cut": "transforms.parsing.read.spans",
    "open": "pipeline.graph.read_blocks.open_input",
    **IN_WORKERS,
    "account": "pipeline.graph.accounts.to_json",
    "progress": "pipeline.graph.progress.counted",
    "accounts": "pipeline.graph.accounts.merge",
    "check": "pipeline.graph.accounts.check",
    "plan": "transforms.privacy.threshold.policy.judge",
    "add": "transforms.privacy.threshold.policy.add_counts",
    "release": "transforms.privacy.threshold.release.release",
    "detectors": "transforms.privacy.release.is_caught",
    "write": "pipeline.graph.steps.release_days.parquet_files",
    "stage": "pipeline.graph.steps.write_days.stage_file",
}
AFTER = {
    "publish": "pipeline.graph.steps.publish_days.commit_day",
    "record": "pipeline.graph.steps.publish_days.write_record",
    "read record": "pipeline.cli.run.read_record",
    "discard": "pipeline.cli.run.discard",
    "summary": "pipeline.cli.summary.show",
    "file": "pipeline.outputs.record_file.write",
}
OF_NOISY = {
    "policy": "pipeline.config.config.policy_of_options",
    "bound": "transforms.privacy.differential.bound.bounded_counts",
    "noise": "transforms.privacy.differential.release.with_noise",
    "door": "transforms.privacy.differential.policy.release_noisy",
    "ledger": "transforms.privacy.differential.policy.entry_of",
    "spend": "pipeline.dataset.ledger.spend",
}
STEPS = {**BEFORE, **IN_GRAPH, **AFTER, **OF_NOISY}
LONG = {*BEFORE, "ignored", "client", "address", "site", "keys", "pack", "progress", "accounts", "add", "discard"} - {"head"}
PUBLISHED = {"record", "read record", "discard", "summary", "file"}

PLANTED = """
import os, sys
sys.path.insert(0, {root!r})
from tests.attack import canaries
import transforms.block, transforms.counting.count
where, _, name = {target!r}.rpartition(".")
try:
    owner = __import__(where, fromlist=["_"])
except ModuleNotFoundError:
    module, _, inner = where.rpartition(".")
    owner = getattr(__import__(module, fromlist=["_"]), inner)
def fail(*_arguments, **_options):
    if os.getppid() != int(os.environ["LAUNCHED_BY"]):
        raise RuntimeError(canaries.log().decode("utf-8", "replace") + " ".join(canaries.CANARIES.values()))
    raise AssertionError("not in a worker process")
assert hasattr(owner, name), name
setattr(owner, name, fail)
"""


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "in" / "access.log"
    path.parent.mkdir()
    path.write_bytes(canaries.log(canaries.WIDE))
    return path


@pytest.fixture
def result(tmp_path):
    (tmp_path / "result").mkdir()
    return tmp_path / "result"


@pytest.mark.parametrize("step", [pytest.param(step, marks=pytest.mark.long) if step in LONG else step for step in STEPS])
def test_no_byte_comes_out_when_a_step_fails(source, result, monkeypatch, capfd, step):
    failed, carried = [], []

    def fail(*_arguments, **_options):
        # The worst that a library can do: quote all that it was given.
        failed.append(step)
        raise RuntimeError(canaries.log().decode("utf-8", "replace") + " ".join(CANARIES.values()))

    execute = run_command._execute

    def executed(*given):
        try:
            execute(*given)
        except Exception as error:
            carried.append("".join(traceback.format_exception(error)))
            raise

    monkeypatch.setattr(run_command, "_execute", executed)
    monkeypatch.setattr(STEPS[step], fail)
    mode = canaries.NOISY if step in OF_NOISY else ()
    assert main([*arguments(source, result, canaries.WIDE), "--workers", "0", *mode]) == 1
    assert failed or step == "secret"  # where a copy fails
    said = capfd.readouterr()
    assert leaks(said.out.encode()) == leaks(said.err.encode()) == []
    assert "error: " in said.err
    assert "No day was published that is not complete." in said.err or "Nothing was published." in said.err
    assert len([text for text in said.err.splitlines() if "error" in text]) == 1
    assert leaks(everything_in(result)) == []
    assert bool(list(result.rglob("*.parquet"))) == (step in PUBLISHED)
    if step in IN_GRAPH or (step in OF_NOISY and step != "policy"):
        # A runner elsewhere keeps what a step raises, and shows it to whoever may see the job.
        assert carried
        assert leaks("".join(carried).encode()) == []


@pytest.mark.parametrize(
    "step", ["open", *(pytest.param(step, marks=pytest.mark.long) for step in ("parse", "count", "release"))]
)
def test_no_byte_comes_out_when_the_look_at_what_a_period_would_name_fails(source, result, monkeypatch, capfd, step):
    def fail(*_arguments, **_options):
        raise RuntimeError(canaries.log().decode("utf-8", "replace") + " ".join(CANARIES.values()))

    monkeypatch.setattr(STEPS[step], fail)
    undecided = [word for word in arguments(source, result, canaries.WIDE) if word not in ("--period", "day")]
    assert main([*undecided, "--workers", "0"]) == 1
    said = capfd.readouterr()
    assert leaks(said.out.encode()) == leaks(said.err.encode()) == leaks(everything_in(result)) == []
    assert not list(result.rglob("*.parquet"))


@pytest.mark.parametrize("step", [step if step == "count" else pytest.param(step, marks=pytest.mark.long) for step in IN_WORKERS])
def test_no_byte_comes_out_when_a_step_fails_in_a_worker_process(source, result, tmp_path, short_folder, step):
    planted, temporary = tmp_path / "planted", short_folder
    planted.mkdir()
    (planted / "sitecustomize.py").write_text(PLANTED.format(root=str(ROOT), target=IN_WORKERS[step]))
    given = [*arguments(source, result, canaries.WIDE), "--workers", "2"]
    finished = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "ignore", "-m", "pipeline", *given],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(planted), "TMPDIR": str(temporary), "LAUNCHED_BY": str(os.getpid())},
        capture_output=True,
    )
    assert finished.returncode == 1, finished.stderr
    assert b"RuntimeError" in finished.stderr
    assert leaks(finished.stdout) == leaks(finished.stderr) == []
    assert leaks(everything_in(result)) == leaks(everything_in(temporary)) == []
    assert not list(result.rglob("*.parquet"))


@pytest.mark.long
def test_no_byte_comes_out_when_a_file_changes_under_a_worker_process(source, result):
    command = [
        sys.executable,
        "-c",
        "import sys, transforms.parsing.read as read\n"
        "from pipeline.__main__ import main\n"
        "read.spans = lambda file, end, size: iter([(0, end + 1000)])\n"
        "if __name__ == '__main__': sys.exit(main(sys.argv[1:]))\n",
        *arguments(source, result, canaries.WIDE),
        "--workers",
        "2",
    ]
    finished = subprocess.run(command, cwd=ROOT, capture_output=True)
    assert finished.returncode == 6
    assert leaks(finished.stdout) == leaks(finished.stderr) == []
    assert b"changed or vanished while it was read" in finished.stderr
