"""A data set keeps to one of each setting on which its rows depend: two of one log could be subtracted from each other."""

from __future__ import annotations

import json
import shutil

import pytest

from pipeline.__main__ import main
from pipeline.cli import options
from pipeline.config.config import KEPT
from pipeline.graph import launch
from tests.logs import crowd
from transforms.masking.routes import Routes

DAY, NEXT, SITE = "2026-03-03", "2026-03-04", "www.example.org"
ROUTES = "/users/:user\nblog.example.org /by/:author\n"
FINGERPRINT = Routes.parse(ROUTES).fingerprint()
DP = ("--privacy", "dp", "--declare-site", SITE, "--date", NEXT)
OTHER = {
    "mode": (DP, "--privacy threshold, not dp"),
    "min_addresses": (("--min-addresses", "5"), "--min-addresses 10, not 5"),
    "time_zone": (("--timezone", "Europe/Berlin"), "--timezone UTC, not Europe/Berlin"),
    "log_time_zone": (("--log-timezone", "America/New_York"), "--log-timezone UTC, not America/New_York"),
    "period": (("--period", "week"), "--period day, not week"),
    "opt_out": (("--opt-out", "exclude"), "--opt-out ignore, not exclude"),
    "routes": (("--routes", "{routes}"), f"--routes none, not {FINGERPRINT}"),
}


def run(*arguments: object, command: str = "run") -> int:
    workers = ("--workers", "0") if command == "run" else ()
    return main([command, *workers, *map(str, arguments)])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A log of two days, routes, and data sets of the first day: with the defaults, with routes and with noise."""
    folder = tmp_path_factory.mktemp("settings")
    (folder / "log").write_bytes(crowd(30) + crowd(30, time="04/Mar/2026:10:00:00 +0000"))
    (folder / "routes").write_text(ROUTES)
    ours = ("--input", folder / "log", "--site", SITE)
    assert run(*ours, "--output", folder / "out", "--date", DAY) == 0
    assert run(*ours, "--output", folder / "routed", "--date", DAY, "--routes", folder / "routes") == 0
    assert run(*ours, "--output", folder / "noisy", *DP[:-1], DAY) == 0
    return folder


def test_every_setting_that_is_kept_is_an_option_and_is_tried():
    known, _ = options.parse(["run", "--input", "a", "--output", "b"])
    assert {"privacy" if fact == "mode" else fact for fact in KEPT} <= set(vars(known))
    assert set(KEPT) == set(OTHER)


@pytest.mark.parametrize("command", ["plan", "run"])
@pytest.mark.parametrize("fact", OTHER)
def test_another_is_refused_before_anything_is_read(folder, capfd, fact, command):
    words, said = OTHER[fact]
    words = [word.format(routes=folder / "routes") for word in words]
    files = sorted(folder.rglob("*"))
    arguments = ("--input", folder / "nowhere", "--output", folder / "out", "--log-format", "json", *words)
    assert run(*arguments, command=command) == 2
    event = json.loads(capfd.readouterr().err.splitlines()[-1])
    assert event["reason"] == f"other_{fact}"
    assert f"{DAY} was published with {said}" in event["message"]
    assert "take the old data set back with `weblog-anonymizer withdraw`, and publish it anew" in event["message"]
    assert "--output" not in event["message"]
    assert sorted(folder.rglob("*")) == files


def test_another_is_refused_where_a_run_has_published_in_the_meantime(folder, tmp_path, monkeypatch, capfd):
    look = launch.look

    def published_meanwhile(*arguments):
        shutil.copytree(folder / "out", tmp_path / "out")
        return look(*arguments)

    monkeypatch.setattr(launch, "look", published_meanwhile)
    assert run("--input", folder / "log", "--output", tmp_path / "out", "--min-addresses", 5) == 2
    assert f"{DAY} was published with --min-addresses 10, not 5" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("routes", "code"),
    [
        (f"# others name people, too\n\n  {ROUTES.replace(' /by', '   /by')}", 0),
        (ROUTES.replace("blog", "BLOG"), 0),
        ("".join(reversed(ROUTES.splitlines(keepends=True))), 2),
        (ROUTES + "/by/:author\n", 2),
        ("# none\n", 2),
    ],
)
def test_routes_are_the_same_if_their_templates_are(folder, tmp_path, routes, code):
    assert json.loads((folder / "routed" / "_manifest" / f"{DAY}.json").read_text())["routes"] == FINGERPRINT
    (tmp_path / "routes").write_text(routes)
    arguments = ("--input", folder / "log", "--output", folder / "routed", "--date", NEXT, "--routes", tmp_path / "routes")
    assert run(*arguments, command="plan") == code


def test_a_file_without_templates_is_as_none(folder, tmp_path):
    (tmp_path / "routes").write_text("# none\n")
    arguments = ("--input", folder / "log", "--output", folder / "out", "--date", NEXT, "--routes", tmp_path / "routes")
    assert run(*arguments, command="plan") == 0


def test_verify_accepts_a_data_set_with_routes(folder, tmp_path, capfd):
    assert main(["verify", str(folder / "routed")]) == 0
    shutil.copytree(folder / "routed", tmp_path / "out")
    path = tmp_path / "out" / "_manifest" / f"{DAY}.json"
    path.write_text(path.read_text().replace(FINGERPRINT, "jane-doe"))
    capfd.readouterr()
    assert main(["verify", str(tmp_path / "out")]) == 5
    assert "routes: not what this version of the program states there" in capfd.readouterr().out


@pytest.mark.parametrize(("words", "option"), [(("--timezone", "Europe/Berlin"), "timezone"), (("--period", "week"), "period")])
def test_what_spent_a_budget_cannot_be_withdrawn(folder, capfd, words, option):
    assert run("--input", folder / "nowhere", "--output", folder / "noisy", *DP, *words) == 2
    said = capfd.readouterr().err
    assert f"{DAY} was published with --{option}" in said
    assert "Use the same: its privacy budget is spent" in said
    assert "withdraw" not in said


@pytest.mark.parametrize("words", [("--min-addresses", "20"), ("--routes", "{routes}"), ("--epsilon", "1")])
def test_with_noise_periods_may_differ_in_what_no_subtraction_shows(folder, words):
    words = [word.format(routes=folder / "routes") for word in words]
    assert run("--input", folder / "log", "--output", folder / "noisy", "--site", SITE, *DP, *words, command="plan") == 0
