"""The Flex Template agrees with the command line: parameters, accepted values, files to copy.

What only Google's service or a Docker engine can verify is not checked here; docs/engines.md names it.
"""

from __future__ import annotations

import contextlib
import datetime
import io
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.cli import options
from pipeline.config.config import config_of
from pipeline.errors import JobError
from pipeline.graph import launch
from tests.logs import crowd

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "dataflow"
METADATA = json.loads((FOLDER / "metadata.json").read_text())
PARAMETERS = {parameter["name"]: parameter for parameter in METADATA["parameters"]}
DOCKERFILE = (FOLDER / "Dockerfile").read_text()
NOW = datetime.datetime(2026, 3, 10, tzinfo=datetime.timezone.utc)

# Options of `run` that are no parameters of the template.
LEFT_OUT = {
    "replace": "a switch takes no value, and withdrawing is done by hand",
    "routes": "a file of the launcher",
    **dict.fromkeys(("ignore-path", "ignore-network", "ignore-agent"), "a parameter is not repeated"),
    "geoip-country": "a file of the launcher and of each worker",
    "workers": "no pool on a runner elsewhere",
    "max-memory": "the memory is elsewhere",
    "run-record": "nobody waits for it",
    "no-wait": "always given",
    **dict.fromkeys(("privacy", "epsilon", "delta", "accept-weak-epsilon", "declare-site"), "with noise a launcher must wait"),
    "log-format": "of a launcher that waits",
}

# Values that the template and the command line both take, or both refuse.
TAKEN = {
    "input": ["gs://logs/2026-03-03/*.gz", "gs://logs/2026-03-0[2-4]/*.gz"],
    "output": ["gs://statistics", "gs://statistics/web"],
    "sdk_container_image": ["europe-west1-docker.pkg.dev/project/repository/weblog:1"],
    "site": ["www.example.org", "WWW.Example.org"],
    "format": ["combined_forwarded", '$remote_addr [$time_iso8601] "$request" $status $http_x_forwarded_for'],
    "date": ["yesterday", "2026-03-03", "2026-03-01..2026-03-03", "2026-03-01..yesterday"],
    "timezone": ["UTC", "Europe/Berlin", "America/Port-au-Prince", "Etc/GMT+3"],
    "log-timezone": ["Europe/Berlin"],
    "period": ["day", "week", "month"],
    "grace": ["0", "90"],
    "min-addresses": ["5", "10", "250"],
    "max-reject-ratio": ["0", "0.05", "1", "1.0"],
    "opt-out": ["ignore"],
    "one-network": ["refuse", "publish"],
    "trusted-proxies": ["2", "10.0.0.0/8,192.0.2.7", "2001:db8::/32"],
    "secret-from": ["env:WEBLOG_PART"],
    "block-mib": ["1", "64", "512"],
}
REFUSED = {
    "site": ["a b", "https://www.example.org/"],
    "date": ["today", "2026-3-3", "2026-03-01.."],
    "timezone": ["Middle Earth"],
    "log-timezone": ["Middle Earth"],
    "period": ["year"],
    "grace": ["-1", "soon"],
    "min-addresses": ["0", "4", "-10", "ten"],
    "max-reject-ratio": ["2", "-0.1", "1.5"],
    "opt-out": ["maybe"],
    "one-network": ["maybe"],
    "trusted-proxies": ["proxy.example.org"],
    "secret-from": ["WEBLOG_PART", "file:part"],
    "block-mib": ["0", "513", "64M"],
}


def values(of: dict[str, list[str]]) -> list[tuple[str, str]]:
    return [(name, value) for name, each in of.items() for value in each]


def matches(name: str, value: str) -> bool:
    return all(re.fullmatch(regex, value) for regex in PARAMETERS[name].get("regexes", []))


def checked(name: str, value: str, folder: Path) -> None:
    """The command line's own checks; raises what they raise."""
    log = folder / "access.log"
    log.write_bytes(b"".join(row + b' "192.0.2.1"\n' for row in crowd(20).splitlines()))
    given = {"input": str(log), "output": str(folder / "out"), "format": "combined_forwarded"}
    if name not in ("input", "output"):
        given[name] = value
    words = [f"--{option}={word}" for option, word in given.items()]
    known, _ = options.parse(["run", *words, "--runner=DataflowRunner"])
    launch.look(config_of(known, ["--runner=DataflowRunner"]), {}, NOW)


@pytest.mark.parametrize(("name", "value"), values(TAKEN))
def test_values_that_the_template_and_the_command_line_take(name, value, tmp_path, monkeypatch):
    monkeypatch.setenv("WEBLOG_PART", "p" * 32)
    assert matches(name, value)
    if name == "format":
        known, _ = options.parse(["run", "--input=x", "--output=y", f"--format={value}"])
        assert known.format == value
    else:
        checked(name, value, tmp_path)


@pytest.mark.parametrize(("name", "value"), values(REFUSED))
def test_values_that_the_template_and_the_command_line_refuse(name, value, tmp_path):
    assert not matches(name, value)
    with pytest.raises((JobError, SystemExit)), contextlib.redirect_stderr(io.StringIO()):
        checked(name, value, tmp_path)


def test_each_parameter_is_an_option_and_each_option_a_parameter_or_left_out():
    with contextlib.redirect_stdout(io.StringIO()) as said, contextlib.suppress(SystemExit):
        options.parse(["run", "--help"])
    known = set(re.findall(r"^  --([a-z-]+)", said.getvalue(), re.MULTILINE))
    assert len(known) > 15
    assert set(PARAMETERS) - {"sdk_container_image"} == known - set(LEFT_OUT)
    assert set(LEFT_OUT) <= known
    assert set(TAKEN) == set(PARAMETERS)


def test_parameters_are_described_as_the_service_wants():
    assert METADATA["name"]
    assert METADATA["description"]
    assert METADATA["streaming"] is False
    assert len(PARAMETERS) == len(METADATA["parameters"])
    for parameter in METADATA["parameters"]:
        assert set(parameter) <= {"name", "label", "helpText", "isOptional", "regexes"}
        assert parameter["label"]
        assert parameter["helpText"].endswith(".")
        for regex in parameter.get("regexes", []):
            re.compile(regex)
            assert regex == f"^{regex[1:-1]}$"
            assert not re.search(r"\\[dswb]|\(\?", regex)  # the service's dialect is not Python's
    required = {name for name, parameter in PARAMETERS.items() if not parameter.get("isOptional")}
    assert required == {"input", "output", "sdk_container_image"}


def test_the_launcher_hands_the_job_over(tmp_path):
    (tmp_path / "access.log").write_bytes(crowd(20))
    command = [sys.executable, str(FOLDER / "launch.py"), f"--input={tmp_path}/access.log", f"--output={tmp_path}/out"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={"PYTHONPATH": str(ROOT)})
    assert done.returncode == 2
    assert "--no-wait: no runner elsewhere is named" in done.stderr


def test_the_image_holds_what_the_job_needs():
    copied = [word for line in re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE) for word in line.split()]
    assert {"setup.py", "requirements.txt", "pipeline", "transforms", "deploy/dataflow/launch.py"} <= set(copied)
    assert {word for word in copied if not (ROOT / word).exists()} == set()
    assert re.search(r"^ENV FLEX_TEMPLATE_PYTHON_PY_FILE=/template/launch\.py$", DOCKERFILE, re.MULTILINE)
    assert re.search(r"^WORKDIR /template$", DOCKERFILE, re.MULTILINE)


def test_the_image_has_the_beam_of_the_requirements():
    (pinned,) = re.findall(r"^apache-beam==(\S+)$", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    assert re.search(rf"^FROM apache/beam_python3\.\d+_sdk:{re.escape(pinned)}$", DOCKERFILE, re.MULTILINE)
