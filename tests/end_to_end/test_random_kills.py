"""Runs that are killed at random moments, while another process reads: a day is old or new, and nothing stays behind.

`KILLS` in the environment says how many kills there are, also as `make test-long KILLS=500`.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import shutil
from collections import Counter

import pytest

from tests.end_to_end.killing import DAY, beside, release
from tests.logs import crowd

pytestmark = pytest.mark.long

SITE = "www.example.org"
KILLS = int(os.environ.get("KILLS", "40"))
NEXT_IS_KILLED_TOO = 0.3


class Site:
    """Two logs of one day, and the data sets that are made of them."""

    def __init__(self, folder, starter):
        self.folder = folder
        self.outputs = folder / "outputs"
        self.starter = starter
        assert starter.stdout.readline() == "ready\n"
        self.outputs.mkdir()
        for name, count in (("a", 40), ("b", 70)):
            (folder / f"{name}.log").write_bytes(crowd(count))
        self.seconds, self.releases = {}, {}
        for name in ("a", "b"):
            ended = self.run(name, folder / f"expected_{name}")
            assert ended["code"] == 0, self.said()
            self.releases[name] = release(folder / f"expected_{name}")
            self.seconds = ended["seconds"]
        self.paths = paths(folder / "expected_a")
        self.moments = Counter()

    def run(self, log, output, **moment):
        words = ["run", "--input", str(self.folder / f"{log}.log"), "--output", str(output), "--date", DAY, "--site", SITE]
        words += ["--workers", "0", *(["--replace"] if self.is_replaced(output) else [])]
        order = {"words": words, "output": str(output), "said": str(self.folder / "said"), **moment}
        self.starter.stdin.write(json.dumps(order) + "\n")
        self.starter.stdin.flush()
        return json.loads(self.starter.stdout.readline())

    @staticmethod
    def is_replaced(output):
        return output.name == "replaced"

    def said(self):
        return (self.folder / "said").read_text()

    def kill(self, log, output, chance):
        """Start a run and kill it: at any moment of its time, or of the short time in which it stages or publishes."""
        mark = chance.choice([*self.seconds])
        ended = self.run(log, output, delay=chance.uniform(0, 1.1 * self.seconds[mark]), mark=mark)
        assert ended["code"] in (None, 0, 4), self.said()
        if ended["code"] is None:
            self.moments[moment_of(output)] += 1

    def complete(self, log, output):
        """The run after one that was killed: it needs no help, and leaves what a run leaves that nobody killed."""
        published = release(output) == self.releases[log]
        ended = self.run(log, output)
        if self.is_replaced(output):
            assert ended["code"] == 0, self.said()
        else:  # 4 says that a killed run had published the day, or this one completed it
            assert ended["code"] == 4 if published else ended["code"] in (0, 4), self.said()
        assert release(output) == self.releases[log]
        assert paths(output) == self.paths
        if ended["code"] == 0:
            self.seconds = ended["seconds"]  # a machine may be slower by now


def paths(output):
    """All files and folders; the lock must hold nobody's name."""
    assert (output / "_lock").read_bytes() == b""
    return {path.relative_to(output).as_posix() for path in output.rglob("*")}


def moment_of(output):
    """How far a killed run came."""
    staging = output / "_staging"
    if not staging.exists():
        return "not staging"
    if not list(staging.rglob("journal-*")):
        return "staging"
    manifest = output / "_manifest" / f"{DAY}.json"
    staged = manifest.exists() and json.loads(manifest.read_text()).get("staged")
    return "replacing" if staged else "beside a journal"


@pytest.fixture
def site(tmp_path):
    with beside("start") as starter:
        yield Site(tmp_path, starter)


@pytest.mark.parametrize("kind", ["first", "replaced"])
def test_a_reader_sees_a_day_whole_and_the_next_run_needs_no_help(site, kind):
    chance = random.Random(KILLS)
    if kind == "replaced":
        site.complete("a", site.outputs / kind)
    with beside("read", site.outputs) as reader:
        for number in itertools.count():
            if site.moments.total() >= KILLS // 2:
                break
            output = site.outputs / (kind if kind == "replaced" else f"{number}")
            log = "ba"[number % 2]
            site.kill(log, output, chance)
            while chance.random() < NEXT_IS_KILLED_TOO:
                site.kill(log, output, chance)
            site.complete(log, output)
            if kind == "first":
                output.rename(site.folder / "done")  # at once, so that the reader never finds a part of it
                shutil.rmtree(site.folder / "done")
        reader.stdin.close()
        account = json.loads(reader.stdout.readline())
    print(json.dumps({"kind": kind, "kills": site.moments, "reads": account["reads"]}))
    assert account["faults"] == []
    assert account["reads"] > KILLS
    assert set(account["seen"]) == set(site.releases.values())
