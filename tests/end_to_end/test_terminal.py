"""Terminal output on a real pseudo-terminal, and plain lines in a pipe."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path
from typing import IO

import pytest

from pipeline.__main__ import main
from tests.logs import FIREFOX, UNNAMED, crowd, line

ROOT = Path(__file__).parents[2]
MIDNIGHT = "03/Mar/2026:00:00:00 +0000"
LOG = (
    crowd(40, time=MIDNIGHT)
    + crowd(12, time=MIDNIGHT, request="GET /a HTTP/1.1", agent=FIREFOX)
    + crowd(4, time=MIDNIGHT, request="GET /rare HTTP/1.1")
    + b"garbage\n"
)
COLOUR = re.compile(r"\x1b\[[0-9;]*3[0-9]m")
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "access.log"
    path.write_bytes(LOG * 200)
    return path


def on_a_terminal(width: int, *arguments: object, stdin: IO[bytes] | None = None, **environment: str) -> tuple[int, str]:
    """Exit code, and all that the program sends to a terminal of so many columns."""
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, width, 0, 0))
    env = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR")}
    env |= {"TERM": "xterm", **environment}
    command = [sys.executable, "-m", "pipeline", *map(str, arguments)]
    process = subprocess.Popen(command, cwd=ROOT, stdin=stdin or theirs, stdout=theirs, stderr=theirs, env=env)
    os.close(theirs)
    said = b""
    with contextlib.suppress(OSError):  # how Linux says that the other end is closed
        while chunk := os.read(ours, 65536):
            said += chunk
    os.close(ours)
    return process.wait(), said.decode().replace("\r\n", "\n")


def run(log: Path, width: int, **environment: str) -> tuple[str, list[str]]:
    """What the terminal gets while the run lasts, and the lines that stay on it."""
    arguments = ("--input", log, "--output", log.parent / f"out{width}", "--workers", "0", "--max-reject-ratio", "0.1", *UNNAMED)
    code, said = on_a_terminal(width, "run", *arguments, **environment)
    assert code == 0, said
    progress, _, summary = said.rpartition("\x1b[?25h")
    return progress, CONTROL.sub("", summary).split("\n")


@pytest.mark.parametrize(("width", "environment"), [(80, {}), (40, {"NO_COLOR": "1"})])
def test_progress_is_one_line_and_the_summary_is_cut_between_words(log, width, environment):
    progress, summary = run(log, width, **environment)
    assert bool(COLOUR.search(progress)) != bool(environment)
    states = CONTROL.sub("", progress).split("\r")
    assert any("Reading" in state for state in states)
    assert any("lines/s" in state for state in states)
    assert all(len(state.strip("\n")) <= width for state in states)
    assert progress.count("\x1b[1A") <= 1  # more would mean that it takes several lines
    query = next(number for number, text in enumerate(summary) if text.startswith("To look at it"))
    assert width < 80 or len(summary) <= 24
    assert all(len(text) <= width for text in summary[:query])
    assert any(text.split() == ["pages", "7.1", "–"] for text in summary)
    words = " ".join(" ".join(summary).split())
    for sentence in (
        "11,400 lines read from 1 file",
        "200 rejected: the line does not have the fields of its format (200)",
        "2026-03-03 may lack lines: the input begins or ends there",
        "Hits (%) of values with fewer than 10 addresses: in (other) or the largest row.",
    ):
        if width == 80:  # in a narrow table a sentence stands in several cells' lines
            assert sentence in words
    assert not any(text.startswith("weblog-anonymizer:") for text in summary)


@pytest.mark.long
def test_what_comes_through_a_pipe_has_no_total(log):
    arguments = ("run", "--input", "-", "--output", log.parent / "out", "--workers", "0", "--max-reject-ratio", "0.1", *UNNAMED)
    with log.open("rb") as piped:
        code, said = on_a_terminal(80, *arguments, stdin=piped)
    assert code == 0
    assert "/?" in said


def test_without_a_terminal_there_are_plain_lines(log):
    command = f"{sys.executable} -m pipeline run --input {log} --output {log.parent}/out --workers 0"
    command += " --max-reject-ratio 0.1 --site (unknown)"
    done = subprocess.run(command.split(), cwd=ROOT, capture_output=True, text=True, env={**os.environ, "COLUMNS": "40"})
    assert "\x1b" not in done.stdout + done.stderr
    assert "\r" not in done.stdout + done.stderr
    begins = [text.partition(": ")[2].partition(" ")[0] for text in done.stderr.splitlines()]
    assert begins == ["days", "reading", "2026-03-03:", "done"]
    assert not any(text.endswith(" ") for text in done.stdout.splitlines())
    assert f"  FROM '{log.parent}/out/pages/*.parquet'" in done.stdout.splitlines()


@pytest.mark.parametrize("command", ["run", "explain", "help", "missing"])
def test_a_locale_that_is_not_utf8_fails_nothing(log, command):
    log.write_bytes(crowd(40) + crowd(3, first=100, request="GET /rare HTTP/1.1"))
    words = {
        "run": ["run", "--input", str(log), "--output", f"{log.parent}/out", "--site", "www.example.org", "--workers", "0"],
        "explain": ["explain", "--privacy", "dp"],
        "help": ["run", "--help"],
        "missing": ["run", "--input", f"{log.parent}/ε.log", "--output", f"{log.parent}/out"],
    }
    environment = {**os.environ, "PYTHONUTF8": "0", "PYTHONIOENCODING": "latin-1"}
    if command != "missing":  # files are read as ASCII, unless they are said to be something else; and so are arguments
        environment |= {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0"}
    done = subprocess.run([sys.executable, "-m", "pipeline", *words[command]], cwd=ROOT, capture_output=True, env=environment)
    said = (done.stdout + done.stderr).decode("latin-1")
    assert done.returncode == (6 if command == "missing" else 0), said
    seen = {"run": "pages 7.0 -", "explain": "visitors ±"}
    seen |= {"help": "json:column=key,...", "missing": "/epsilon.log: no file matches"}
    assert seen[command] in " ".join(said.split())


@pytest.mark.parametrize("arguments", [["run", "--help"], ["--help"]])
def test_help_fits_a_terminal(arguments):
    code, said = on_a_terminal(80, *arguments)
    assert code == 0
    assert max(map(len, said.split("\n"))) <= 80


def test_plan_is_cut_between_words(log):
    code, said = on_a_terminal(60, "plan", "--input", log, "--output", log.parent / "out", *UNNAMED)
    assert code == 0
    assert "operating_systems," in said.split()
    assert max(len(text) for text in CONTROL.sub("", said).split("\n") if str(log.parent) not in text) <= 60


@pytest.mark.long
def test_on_a_narrow_terminal_names_are_whole_and_parts_of_a_sentence_indented(log):
    code, said = on_a_terminal(60, "formats", log)
    assert code == 0
    sentences = CONTROL.sub("", said).rstrip().split("(plain)")[1].split("\n")[1:]
    assert len(sentences) > 3
    assert all(text.startswith("    ") and len(text) <= 60 for text in sentences)
    code, said = on_a_terminal(60, "formats")
    assert code == 0
    assert {text[:20].strip() for text in said.split("\n")} >= {"combined", "", "w3c"}
    assert not [text for text in said.split("\n") if text.startswith(("%", '"'))]


@pytest.mark.parametrize("mode", ["threshold", "dp"])
@pytest.mark.parametrize("width", [60, 80])
def test_what_is_explained_is_cut_between_words(mode, width):
    code, said = on_a_terminal(width, "explain", "--privacy", mode)
    assert code == 0
    lines = [text for text in said.split("\n") if not text.startswith("  ") or text.startswith("   ")]
    assert max(map(len, lines)) <= width
    assert max(map(len, lines)) > width - 10


def test_a_name_of_a_file_moves_no_cursor(tmp_path, capfd):
    name, seen = tmp_path / "a\x1b[2J\nb.log", r"a\x1b[2J\nb.log"
    name.write_bytes(LOG)
    output = tmp_path / "out\x1b"
    words = ["--input", str(name), "--output", str(output), "--max-reject-ratio", "0.1", *UNNAMED]
    for command in (["formats", str(name)], ["plan", *words], ["run", "--workers", "0", *words]):
        assert main(command) == 0
    (output / "stray\x1b").touch()
    assert main(["verify", str(output)]) == 5
    assert main(["run", *words, "--date", "2026-03-01"]) == 7
    name.write_bytes(b"junk\n" * 20)
    assert main(["plan", *words]) == 3
    said = "".join(capfd.readouterr())
    assert "\x1b" not in said
    assert said.count(seen) == 4
    assert said.count(r"out\x1b") >= 3


def test_the_summary_says_what_is_not_named_and_why(tmp_path, capsys):
    log = tmp_path / "access.log"
    log.write_bytes(
        crowd(30)
        + crowd(12, request="GET /a HTTP/1.1")
        + b"".join(line(host=f"20.9.9.{n}", request="GET /one-network HTTP/1.1") for n in range(1, 13))  # rule 1
        + crowd(12, request="GET /mail/jane@localhost HTTP/1.1")  # rule 6
        + crowd(3, first=100, agent="curl/8.5.0")  # rule 4
    )
    assert main(["run", "--input", str(log), "--output", str(tmp_path / "out"), "--workers", "0", *UNNAMED]) == 0
    said = capsys.readouterr().out
    rows = {text.split()[0]: text.split()[1:3] for text in said.splitlines() if text.startswith(("daily", "pages", "report"))}
    assert rows["report"] == ["people", "robots"]
    # The page that is caught is alone in its section. That of one network is absorbed: twelve hits of 66 each.
    assert rows["pages"] == ["36.4", "–"]
    assert "Not named either: 1 value that looks like a person's." in said
    assert "The first rejected line" not in said
