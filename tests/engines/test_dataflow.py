"""What the job would send to Dataflow, without sending it: the package and the graph, no secret, no log content.

This proves nothing about what the service accepts or how it runs. It needs the extra `dataflow`: `make test-engines` installs it.
"""

from __future__ import annotations

import dataclasses
import datetime
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import PipelineOptions, SetupOptions
from apache_beam.portability.api import beam_runner_api_pb2

from examples.generate import generate
from pipeline.cli import options
from pipeline.config.config import config_of
from pipeline.graph import flow, launch
from pipeline.graph.steps import make_secret
from tests.engines.documented import placed, scripts, words
from tests.graph import payloads

pytest.importorskip("apache_beam.runners.dataflow.internal.apiclient", reason="Dataflow: the extra `dataflow` is not installed")
pytestmark = [pytest.mark.long, pytest.mark.filterwarnings("ignore")]

ROOT = Path(__file__).parents[2]
PART = "the part of the secret that only workers know"
NOW = datetime.datetime(2026, 3, 10, tzinfo=datetime.timezone.utc)
SERVICE = [
    "--runner=DataflowRunner",
    "--project=demo-proj",
    "--region=europe-west1",
    "--temp_location=gs://bucket/tmp",
    "--staging_location=gs://bucket/stg",
    f"--setup_file={ROOT / 'setup.py'}",
    "--disk_size_gb=50",
    "--max_num_workers=8",
    "--dry_run=True",
]


@pytest.fixture(scope="module")
def log() -> bytes:
    return b"".join(generate(2_000))


@pytest.fixture(scope="module")
def planned(log, tmp_path_factory) -> Iterator[Any]:
    """What Beam made of the job for Dataflow; fails if a secret is made before a worker makes it."""
    folder = tmp_path_factory.mktemp("dataflow")
    path = folder / "access.log"
    path.write_bytes(log)
    given = ["run", "--input", str(path), "--output", str(folder / "out"), "--site", "www.example.org", "--format", "combined"]
    known, rest = options.parse([*given, "--secret-from", "env:WEBLOG_PART", *SERVICE])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WEBLOG_PART", PART)
        patch.setattr(tempfile, "tempdir", str(folder))  # there Beam builds the package
        patch.setattr(make_secret, "new_secret", lambda: pytest.fail("a secret was made on the launcher"))
        config = config_of(known, rest)
        assert not config.local
        job = launch.prepare(launch.look(config, {}, NOW)).job
        beam_options = PipelineOptions(rest)
        beam_options.view_as(SetupOptions).save_main_session = False
        root = beam.Pipeline(options=beam_options)
        flow.build(root, dataclasses.replace(job, output="gs://bucket/statistics"))
        yield root.run().job


@pytest.fixture(scope="module")
def staged(planned) -> dict[str, Path]:
    """The files that would be staged for the workers, by the name that they get there."""
    (environment,) = planned.proto_pipeline.components.environments.values()
    return {
        beam_runner_api_pb2.ArtifactStagingToRolePayload.FromString(artifact.role_payload).staged_name: Path(
            beam_runner_api_pb2.ArtifactFilePayload.FromString(artifact.type_payload).path
        )
        for artifact in environment.dependencies
    }


@pytest.fixture(scope="module")
def package(staged) -> dict[str, bytes]:
    """The files of the staged package, by name."""
    with tarfile.open(staged["workflow.tar.gz"]) as archive:
        members = [member for member in archive.getmembers() if member.isfile()]
        return {member.name.partition("/")[2]: archive.extractfile(member).read() for member in members}


def test_the_graph_names_files_and_output_but_holds_nothing_of_the_log(planned, log):
    sent = b"\0".join(payloads(planned.proto_pipeline))
    assert sent.count(b"gs://bucket/statistics") >= 1  # so the search looks into pickled functions
    assert b"access.log" in sent
    lines = log.decode().splitlines()
    addresses = {line.partition(" ")[0] for line in lines}
    agents = {line.split('"')[5] for line in lines if line.count('"') == 6} - {"-"}
    assert len(addresses) > 50
    assert len(agents) > 10
    found = [part for part in addresses | agents | {PART} if part.encode() in sent]
    assert found == []


def test_every_step_is_a_step_of_the_graph(planned):
    names = {transform.unique_name for transform in planned.proto_pipeline.components.transforms.values()}
    steps = ("MakeSecret", "MapFiles", "GroupByShard", "CountShards", "PlanRelease", "Recount")
    assert names >= {*steps, "CheckAccounts", "Release", "WriteDays", "PublishDays"}


def test_options_are_complete_and_hold_nothing_secret(planned):
    given = planned.options.get_all_options(drop_default=True)
    assert (given["runner"], given["project"], given["region"]) == ("DataflowRunner", "demo-proj", "europe-west1")
    assert given["temp_location"].startswith("gs://bucket/tmp")  # a dry run adds a folder for the job
    assert given["staging_location"].startswith("gs://bucket/stg")
    assert not given.get("save_main_session")
    assert (given["max_num_workers"], given["disk_size_gb"]) == (8, 50)
    assert given["setup_file"] == str(ROOT / "setup.py")
    assert not [name for name in given if "secret" in name or "key" in name]
    assert PART not in str(given)
    assert "enable_data_sampling" not in given.get("experiments", [])


def test_workers_get_an_image_of_this_beam_and_no_pickled_session(planned):
    environments = list(planned.proto_pipeline.components.environments.values())
    assert [environment.urn for environment in environments] == ["beam:env:docker:v1"]
    assert beam.__version__.encode() in environments[0].payload
    staged = b" ".join(artifact.SerializeToString() for artifact in environments[0].dependencies)
    assert b"pickled_main_session" not in staged


def test_the_package_and_a_list_of_versions_are_all_that_is_staged(staged):
    assert set(staged) == {"workflow.tar.gz", "submission_environment_dependencies.txt"}
    versions = staged["submission_environment_dependencies.txt"].read_text()
    assert f"apache-beam=={beam.__version__}" in versions
    assert PART not in versions


def test_the_staged_package_is_the_program_and_its_rules(package):
    source = {
        path.relative_to(ROOT).as_posix()
        for folder in ("pipeline", "transforms")
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".so"
    }
    assert {"pipeline/graph/flow.py", "transforms/privacy/release.py", "transforms/data/country.mmdb"} <= source
    assert {name for name in package if name.startswith(("pipeline/", "transforms/"))} == source
    assert {name for name in source if package[name] != (ROOT / name).read_bytes()} == set()


def test_the_staged_package_holds_nothing_else(package, log):
    others = {name for name in package if not name.startswith(("pipeline/", "transforms/", "weblog_anonymizer.egg-info/"))}
    source = {name for name in others if name.startswith("kernel/")}
    assert {"kernel/Cargo.lock", "kernel/core/src/lib.rs"} <= source
    assert {name for name in source if not (ROOT / name).is_file() or name.startswith("kernel/target/")} == set()
    assert others - source <= {"LICENSE", "MANIFEST.in", "README.md", "PKG-INFO", "pyproject.toml", "setup.cfg", "setup.py"}
    content = b"\0".join(package.values())
    addresses = {line.partition(" ")[0] for line in log.decode().splitlines()}
    assert [part for part in addresses | {PART} if part.encode() in content] == []


def test_workers_can_install_the_staged_package(package, tmp_path):
    for name, content in package.items():
        path = tmp_path / "package" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    site = str(tmp_path / "site")
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", site]
    subprocess.run([*install, str(tmp_path / "package")], check=True)
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import pipeline.graph.flow, transforms.block\n"
        "from transforms.dimensions.country import CountryLookup\n"
        "print(CountryLookup.open(None).version, pipeline.__file__)"
    )
    done = subprocess.run([sys.executable, "-c", code, site], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.split()[-1] == f"{site}/pipeline/__init__.py"


def documented(log: bytes, folder: Path, places: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """The documented command, but for the places of logs and data set, and without sending anything."""
    (folder / "access.log").write_bytes(log)
    places = {**places, "gs://logs/2026-03-0[2-4]/*.gz": f"{folder}/access.log", "gs://statistics/": f"{folder}/out"}
    run = placed(scripts("Dataflow")[0].partition("weblog-anonymizer ")[2], places)
    command = [sys.executable, "-m", "pipeline", *words(run), "--dry_run=True"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_the_documented_command_is_translated(log, tmp_path):
    done = documented(log, tmp_path, {"PROJECT": "demo-proj", "REGION": "europe-west1"})
    assert done.returncode == 1
    assert "it was cancelled, or only planned" in done.stderr  # that is, the launcher found that nothing ran


def test_what_beam_says_against_an_option_is_said(log, tmp_path):
    done = documented(log, tmp_path, {"REGION": "europe-west1"})
    assert done.returncode == 2
    assert "Invalid Project ID (PROJECT)" in done.stderr


def test_the_template_hands_the_job_over(log, tmp_path):
    """In the folder that the image has, with the documented parameters, and what else a launcher gives."""
    image = tmp_path / "template"
    image.mkdir()
    dockerfile = (ROOT / "deploy" / "dataflow" / "Dockerfile").read_text()
    for name in " ".join(re.findall(r"^COPY (?!--from)(.+) \S+$", dockerfile, re.MULTILINE)).split():
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, image / source.name, ignore=shutil.ignore_patterns("target", "*.so"))
        else:
            shutil.copy(source, image)
    (tmp_path / "access.log").write_bytes(log)
    places = {"gs://logs/2026-03-0[2-4]/*.gz": f"{tmp_path}/access.log", "gs://statistics/web": f"{tmp_path}/out"}
    script = words(placed(scripts("As a Flex Template")[0], places))
    parameters = [f"--{word.removeprefix('--parameters=')}" for word in script if word.startswith("--parameters=")]
    assert len(parameters) == 6
    given = [word for word in SERVICE if not word.startswith("--setup_file")]
    given += [f"--template_location={tmp_path}/job_object", "--job_name=weblog", '--labels={"template": "weblog"}']
    command = [sys.executable, str(image / "launch.py"), *parameters, *given]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "the job was handed over" in done.stderr
