"""Runs a job on an engine and collects its outcome: exit code, messages and files."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

from tests.engines.job import POOL

ROOT = Path(__file__).parents[2]
JOB_SECONDS = 300
PART = "what the storage of the runner never sees"


class Done:
    """What a job left: its exit code, what it said, and the files it published."""

    def __init__(self, code: int, said: str, output: Path) -> None:
        self.code = code
        self.said = said
        self.output = output

    @property
    def files(self) -> dict[str, str]:
        """SHA-256 of each published table and guard, by its path below the output."""
        found = sorted(self.output.rglob("*.parquet"))
        return {path.relative_to(self.output).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in found}

    @property
    def manifests(self) -> dict[str, dict[str, object]]:
        """Each day's manifest without the run's own number."""
        paths = (self.output / "_manifest").glob("*.json")
        found = {path.stem: json.loads(path.read_text()) for path in paths}
        return {day: {name: fact for name, fact in manifest.items() if name != "run_id"} for day, manifest in found.items()}

    @property
    def remains(self) -> list[str]:
        """What should not be there: all but published files, manifests and the lock."""
        paths = {path.relative_to(self.output).as_posix() for path in self.output.rglob("*") if path.is_file()}
        return sorted(path for path in paths - set(self.files) if path != "_lock" and not path.startswith("_manifest/"))


def execute(
    inputs: Path, output: Path, engine: list[str], fault: str = "none", marker: Path = ROOT, options: tuple[str, ...] = ()
) -> Done:
    """Run the job with small shards, and with a fault of tests/engines/job.py."""
    command = [sys.executable, "-m", "tests.engines.job", fault, str(marker), "run"]
    command += ["--input", f"{inputs}/*", "--output", str(output), "--site", "www.example.org", "--format", "combined"]
    command += ["--period", "day"]
    done = subprocess.run(
        [*command, "--block-mib", "1", "--workers", "2", *options, *engine],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=JOB_SECONDS,
        check=False,
        env={**os.environ, "WEBLOG_PART": PART},
    )
    return Done(done.returncode, done.stdout + done.stderr, output)


def in_memory(inputs: Path, folder: Path) -> Done:
    """What the engine that `run` uses by itself publishes below the folder."""
    done = execute(inputs, folder / "out", [])
    assert done.code == 0, done.said
    assert POOL in done.said
    assert len(done.files) > 20
    return done


def same(done: Done, expected: Done) -> bool:
    return (done.files, done.manifests, done.remains) == (expected.files, expected.manifests, [])


def nothing_published(done: Done) -> bool:
    return not done.files and not done.manifests and not done.remains
