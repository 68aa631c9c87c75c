"""Takes the job, checks what would be sent to Dataflow, without sending it: no secret, no log content, and all options.

This proves nothing about what the service accepts or how it runs. It needs the extra `dataflow`: `make test-engines` installs it.
"""

from __future__ import annotations

import dataclasses
import datetime
from typing import Any

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import PipelineOptions, SetupOptions

from examples.generate import generate
from pipeline import flow, launch, options
from pipeline.steps import make_secret
from tests.graph import payloads

pytest.importorskip("apache_beam.runners.dataflow.internal.apiclient", reason="Dataflow: the extra `dataflow` is not installed")
pytestmark = [pytest.mark.long, pytest.mark.filterwarnings("ignore")]

NOW = datetime.datetime(2026, 3, 10, tzinfo=datetime.timezone.utc)
SERVICE = [
    "--runner=DataflowRunner",
    "--project=demo-proj",
    "--region=europe-west1",
    "--temp_location=gs://bucket/tmp",
    "--staging_location=gs://bucket/stg",
    "--dry_run=True",
]


@pytest.fixture(scope="module")
def log() -> bytes:
    return b"".join(generate(2_000))


@pytest.fixture
def planned(log, tmp_path, monkeypatch) -> Any:
    """What Beam made of the job for Dataflow; fails if a secret is made before a worker makes it."""
    path = tmp_path / "access.log"
    path.write_bytes(log)
    given = ["run", "--input", str(path), "--output", str(tmp_path / "out"), "--site", "www.example.org", "--format", "combined"]
    known, rest = options.parse([*given, *SERVICE])
    assert not launch.is_local(rest)
    job = launch.prepare(launch.look(known, local=False, now=NOW)).job
    monkeypatch.setattr(make_secret, "new_secret", lambda: pytest.fail("a secret was made on the launcher"))
    beam_options = PipelineOptions(rest)
    beam_options.view_as(SetupOptions).save_main_session = False
    root = beam.Pipeline(options=beam_options)
    flow.build(root, dataclasses.replace(job, output="gs://bucket/statistics"))
    return root.run().job


def test_the_graph_names_files_and_output_but_holds_nothing_of_the_log(planned, log):
    sent = b"\0".join(payloads(planned.proto_pipeline))
    assert sent.count(b"gs://bucket/statistics") >= 1  # so the search looks into pickled functions
    assert b"access.log" in sent
    lines = log.decode().splitlines()
    addresses = {line.partition(" ")[0] for line in lines}
    agents = {line.split('"')[5] for line in lines if line.count('"') == 6} - {"-"}
    assert len(addresses) > 50
    assert len(agents) > 10
    found = [part for part in addresses | agents if part.encode() in sent]
    assert found == []


def test_every_step_is_a_step_of_the_graph(planned):
    names = {transform.unique_name for transform in planned.proto_pipeline.components.transforms.values()}
    steps = ("MakeSecret", "MapFiles", "GroupByShard", "CountShards", "PlanRelease", "CountFolds")
    assert names >= {*steps, "CheckAccounts", "Release", "WriteDays", "PublishDays"}


def test_options_are_complete_and_hold_nothing_secret(planned):
    given = planned.options.get_all_options(drop_default=True)
    assert (given["runner"], given["project"], given["region"]) == ("DataflowRunner", "demo-proj", "europe-west1")
    assert given["temp_location"].startswith("gs://bucket/tmp")  # a dry run adds a folder for the job
    assert given["staging_location"].startswith("gs://bucket/stg")
    assert not given.get("save_main_session")
    assert not [name for name in given if "secret" in name or "key" in name]
    assert "enable_data_sampling" not in given.get("experiments", [])


def test_workers_get_an_image_of_this_beam_and_no_pickled_session(planned):
    environments = list(planned.proto_pipeline.components.environments.values())
    assert [environment.urn for environment in environments] == ["beam:env:docker:v1"]
    assert beam.__version__.encode() in environments[0].payload
    staged = b" ".join(artifact.SerializeToString() for artifact in environments[0].dependencies)
    assert b"pickled_main_session" not in staged
