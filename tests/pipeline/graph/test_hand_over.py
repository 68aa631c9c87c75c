"""A job on a remote runner: a launcher that does not wait leaves it alone, and one that waits cleans up."""

from __future__ import annotations

import apache_beam as beam
import pytest

from pipeline.__main__ import main
from tests.logs import UNNAMED, crowd

ELSEWHERE = [
    "--runner=PortableRunner",
    "--job_endpoint=localhost:1",
    "--environment_type=EXTERNAL",
    "--environment_config=localhost:2",
]


class Handed:
    """A job that a runner has."""

    waited = False

    def wait_until_finish(self):
        self.waited = True


@pytest.fixture
def started(tmp_path, monkeypatch):
    """The job, which has staged a file as soon as the runner has it; and the command line."""
    (tmp_path / "access.log").write_bytes(crowd(20))
    job = Handed()

    def start(_):
        (tmp_path / "out" / "_staging").mkdir(parents=True)
        (tmp_path / "out" / "_staging" / "file").write_bytes(b"staged by the job")
        return job

    monkeypatch.setattr(beam.Pipeline, "run", start)
    monkeypatch.setattr("pipeline.cli.run.discard", lambda output, _: (tmp_path / "out" / "_staging" / "file").unlink())
    return job, ["run", "--input", str(tmp_path / "access.log"), "--output", str(tmp_path / "out"), *UNNAMED, *ELSEWHERE]


def test_a_launcher_that_does_not_wait_leaves_the_job_alone(started, tmp_path, capfd):
    job, command = started
    assert main([*command, "--no-wait"]) == 0
    assert not job.waited
    assert "the job was handed over" in capfd.readouterr().err
    assert (tmp_path / "out" / "_staging" / "file").exists()


def test_a_launcher_that_waits_clears_up(started, tmp_path, capfd):
    job, command = started
    assert main(command) == 1
    assert job.waited
    assert "it was cancelled, or only planned" in capfd.readouterr().err
    assert not (tmp_path / "out" / "_staging" / "file").exists()


def test_a_job_that_cannot_be_handed_over_is_cleared_up(started, tmp_path, monkeypatch, capfd):
    _, command = started
    run = beam.Pipeline.run

    def fail(root):
        run(root)
        raise OSError("unreachable")

    monkeypatch.setattr(beam.Pipeline, "run", fail)
    assert main([*command, "--no-wait"]) == 1
    assert "OSError at" in capfd.readouterr().err
    assert not (tmp_path / "out" / "_staging" / "file").exists()
