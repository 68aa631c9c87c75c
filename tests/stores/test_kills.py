"""Processes that are killed while they replace a day on S3: it can be read, and without the lock the next run completes it."""

from __future__ import annotations

import json
import random

import pytest

from pipeline import stores
from pipeline.dataset.storage import open_storage
from tests.end_to_end.killing import DAY, beside
from tests.logs import crowd
from tests.pipeline.dataset.test_publish import seen

pytestmark = [pytest.mark.long, pytest.mark.filterwarnings("ignore")]

SITE = "www.example.org"
KILLS = 8


def test_a_killed_run_leaves_a_day_that_can_be_read_and_a_lock(s3, folder, tmp_path):
    stores.use(s3.options)
    output = f"{s3.root}/{folder}"
    for name, count in (("a", 40), ("b", 70)):
        (tmp_path / name).write_bytes(crowd(count))
    with beside("start") as starter:
        assert starter.stdout.readline() == "ready\n"

        def run(log, **moment):
            words = ["run", "--input", str(tmp_path / log), "--output", output, "--date", DAY, "--site", SITE]
            words += ["--workers", "0", "--replace", *s3.options]
            order = {"words": words, "output": str(tmp_path), "said": str(tmp_path / "said"), **moment}
            starter.stdin.write(json.dumps(order) + "\n")
            starter.stdin.flush()
            return json.loads(starter.stdout.readline())

        releases, objects = {}, {}
        for log in ("b", "a"):
            seconds = run(log)["seconds"]["start"]
            releases[log] = seen(output, open_storage)
            objects[log] = open_storage(output).list("")
        assert releases["a"] != releases["b"]
        chance, killed = random.Random(KILLS), 0
        while killed < KILLS:
            log = "ba"[killed % 2]
            killed += run(log, delay=chance.uniform(0.3, 1) * seconds)["code"] is None
            assert seen(output, open_storage) in releases.values()
            open_storage(output).delete("_lock")
            assert run(log)["code"] == 0, (tmp_path / "said").read_text()
            assert seen(output, open_storage) == releases[log]
            assert open_storage(output).list("") == objects[log]
