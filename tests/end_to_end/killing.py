"""Two processes beside a test of kills: one starts runs and kills them, the other one reads what they publish all the time.

`python -m tests.end_to_end.killing start` has everything imported, so a run begins at once: its process is forked from this one.
Each line of the input describes a run, each line of the output says how it ended. `… read FOLDER` reads all data sets of a folder
until its input ends, then says what it saw.
"""

from __future__ import annotations

import hashlib
import json
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

DAY = "2026-03-03"
MANIFEST = f"_manifest/{DAY}.json"
MARKS = {"staging": "_staging", "journal": "_staging/*/journal-*"}
"""Moments after the start of a run, and what its output has from then on."""

_ROOT = Path(__file__).parents[2]
_LOOK_SECONDS = 0.000_5


def beside(*words: object) -> subprocess.Popen[str]:
    """Start one of the two; it ends with its input."""
    command = [sys.executable, "-m", "tests.end_to_end.killing", *map(str, words)]
    return subprocess.Popen(command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


class TornError(Exception):
    """A manifest and the files that it names do not fit."""


def release(output: Path) -> str | None:
    """The hash of a whole release, or None for no day. Where files do not fit, the manifest must be another one by then."""
    while (text := _content(output / MANIFEST)) is not None:
        manifest = json.loads(text)
        folder = output / "_staging" / manifest["run_id"] if manifest.get("staged") else output
        expected = {report: about["sha256"] for report, about in manifest["reports"].items()}
        found = {report: _sha256(_content(folder / report / f"{DAY}.parquet")) for report in expected}
        if found == expected:
            return _sha256(json.dumps(expected, sort_keys=True).encode())
        if _content(output / MANIFEST) == text:
            raise TornError(sorted(report for report in expected if found[report] != expected[report]))
    return None


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _sha256(data: bytes | None) -> str | None:
    return None if data is None else hashlib.sha256(data).hexdigest()


def read(folder: Path) -> None:
    """Read until the input ends. A day that was there once must stay, as long as its data set is there."""
    reads, seen, faults, present = 0, set(), set(), set()
    while not select.select([sys.stdin], [], [], 0)[0]:
        for output in folder.iterdir():
            try:
                found = release(output)
            except TornError as error:
                faults.add(f"{output.name}: torn: {error}")
                continue
            if found is not None:
                present.add(output)
                seen.add(found)
                reads += 1
            elif output in present and output.exists():
                faults.add(f"{output.name}: there is no day any more")
    print(json.dumps({"reads": reads, "seen": sorted(seen), "faults": sorted(faults)}), flush=True)


def start() -> None:
    """Start the runs that the input describes.

    A run has `words`, `output` and `said`, a file for what it says. With `delay` it is killed so many seconds after a `mark`.
    """
    from pipeline import logs

    logs.quieten("text")
    import pipeline.cli.run
    import pipeline.graph.flow
    import pipeline.graph.memory_runner
    import pipeline.graph.warm  # noqa: F401

    print("ready", flush=True)
    for line in sys.stdin:
        print(json.dumps(_ended(**json.loads(line))), flush=True)


def _ended(words: list[str], output: str, said: str, delay: float | None = None, mark: str = "start") -> dict[str, object]:
    """How a run ended: its exit code, None if it was killed; and its seconds since each mark that it has passed."""
    process = os.fork()
    if process == 0:
        _run(words, said)
    passed = {"start": time.monotonic()}
    while True:
        ended, status = os.waitpid(process, os.WNOHANG)
        now = time.monotonic()
        if ended:
            code = os.waitstatus_to_exitcode(status)
            seconds = {name: now - since for name, since in passed.items()}
            return {"code": None if code == -signal.SIGKILL else code, "seconds": seconds}
        for name, pattern in MARKS.items():
            if name not in passed and any(Path(output).glob(pattern)):
                passed[name] = now
        if delay is not None and mark in passed and now >= passed[mark] + delay:
            os.kill(process, signal.SIGKILL)
            delay = None
        time.sleep(_LOOK_SECONDS)


def _run(words: list[str], said: str) -> None:
    code = 70
    try:
        from pipeline.__main__ import main

        file = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(file, 1)
        os.dup2(file, 2)
        code = main(words)
        sys.stdout.flush()
    finally:
        os._exit(code)


if __name__ == "__main__":
    start() if sys.argv[1] == "start" else read(Path(sys.argv[2]))
