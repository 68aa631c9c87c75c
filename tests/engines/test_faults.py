"""Jobs that fail on real engines: nothing wrong is published, nothing twice, and the engine reports the failure."""

from __future__ import annotations

import grpc
import pytest
from apache_beam.portability.api import beam_job_api_pb2, beam_job_api_pb2_grpc

from tests.engines.outcome import execute, nothing_published, same
from tests.engines.servers import Server
from tests.logs import crowd, line

DAYS = ["2026-03-03", "2026-03-04"]

pytestmark = pytest.mark.long


@pytest.fixture
def bad_logs(tmp_path):
    """130 lines, of which 100 have no time: the gate for rejected lines closes."""
    folder = tmp_path / "logs"
    folder.mkdir()
    (folder / "bad.log").write_bytes(crowd(30) + line(time="nonsense") * 100)
    return folder


def jobs(server: Server) -> dict[str, str]:
    """The state of each job that the job server was given."""
    with grpc.insecure_channel(f"localhost:{server.port}") as channel:
        found = beam_job_api_pb2_grpc.JobServiceStub(channel).GetJobs(beam_job_api_pb2.GetJobsRequest(), timeout=30).job_info
    return {job.job_id: beam_job_api_pb2.JobState.Enum.Name(job.state) for job in found}


def new_jobs(server: Server, before: dict[str, str]) -> list[str]:
    """The states of jobs that came since."""
    return [state for job, state in jobs(server).items() if job not in before]


def test_a_failing_gate_publishes_nothing_anywhere(engine, bad_logs, tmp_path):
    before = jobs(engine.server) if engine.server else {}
    done = execute(bad_logs, tmp_path / "out", engine.options)
    assert done.code == 3
    assert "100 of 130 lines were rejected" in done.said
    assert "nonsense" not in done.said
    assert nothing_published(done)
    if engine.server:
        assert new_jobs(engine.server, before) == ["FAILED"]


def test_a_secret_that_is_computed_again_is_noticed(engine, example, tmp_path):
    done = execute(example.logs, tmp_path / "out", engine.options, "other-secret")
    assert done.code == 1
    assert "The runner computed the secret twice" in done.said
    assert nothing_published(done)


@pytest.mark.parametrize("fault", ["killed-in-map", "killed-in-move", "killed-in-publish"])
@pytest.mark.parametrize("name", ["flink", "restarting_flink"])
def test_a_killed_worker_publishes_nothing_twice(name, fault, request, worker_processes, example, tmp_path):
    server: Server = request.getfixturevalue(name)
    options = [*server.options, *worker_processes]
    marker = tmp_path / "killed"
    before = jobs(server)
    done = execute(example.logs, tmp_path / "out", options, fault, marker)
    assert marker.exists()
    if name == "restarting_flink":
        assert done.code == 0, done.said
    else:
        assert done.code == 1
        assert new_jobs(server, before) == ["FAILED"]
        assert set(done.manifests) == ({DAYS[0]} if fault == "killed-in-publish" else set())
        done = execute(example.logs, tmp_path / "out", options)
        assert done.code == 0, done.said
    assert sorted(new_jobs(server, before)) == ["DONE"] + (["FAILED"] if name == "flink" else [])
    assert {day: manifest["revision"] for day, manifest in done.manifests.items()} == dict.fromkeys(DAYS, 1)
    assert same(done, example.expected)
