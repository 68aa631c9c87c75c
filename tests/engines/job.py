"""Runs the command line with small shards and an injected fault.

Faults: `none` · `other-secret` every file sees another secret, as if the runner had computed it again · `killed-in-map`,
`killed-in-move`, `killed-in-publish` a worker process is killed, once for each marker file: after some output of a file, when the
first of a day's files is at its final path, when the first day has been published.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from multiprocessing import forkserver
from pathlib import Path
from typing import Any
from unittest.mock import patch

from pipeline.cli.dispatch import dispatch
from pipeline.dataset.storage import LocalStorage
from pipeline.graph import flow, launch
from pipeline.graph.job import InputFile, Job
from pipeline.graph.steps import publish_days
from pipeline.graph.steps.map_files import MapFiles
from pipeline.graph.steps.publish_days import PublishDays
from transforms.block import Rules
from transforms.masking.secret import new_secret

LINES_OF_A_SHARD = 5_000
POOL = "a pool of processes was opened"


class OtherSecret(MapFiles):
    """Takes no notice of the secret."""

    def process(self, file: InputFile, _: bytes) -> Iterator[Any]:
        yield from super().process(file, new_secret())


class KilledInMap(MapFiles):
    """Ends its process when it has given something of a file."""

    def __init__(self, block_bytes: int, rules: Rules, marker: Path) -> None:
        super().__init__(block_bytes, rules)
        self._marker = marker

    def process(self, file: InputFile, secret: bytes) -> Iterator[Any]:
        for output in super().process(file, secret):
            yield output
            die_once(self._marker)


class KilledInPublish(PublishDays):
    """Ends its process when the first day was published, or within that."""

    def __init__(self, job: Job, marker: Path, within: bool) -> None:
        super().__init__(job)
        self._marker = marker
        self._within = within

    def process(self, *arguments: Any) -> None:
        with patch.object(*((LocalStorage, "copy") if self._within else (publish_days, "commit_day")), self._then_die()):
            super().process(*arguments)

    def _then_die(self) -> Callable[..., Any]:
        original = LocalStorage.copy if self._within else publish_days.commit_day

        def then_die(*arguments: Any) -> Any:
            result = original(*arguments)
            die_once(self._marker)
            return result

        return then_die


def die_once(marker: Path) -> None:
    try:
        os.close(os.open(marker, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return
    os.kill(os.getpid(), signal.SIGKILL)


def main(fault: str, marker: str, *arguments: str) -> int:
    launch.LINES_OF_A_SHARD = LINES_OF_A_SHARD
    if fault == "other-secret":
        flow.MapFiles = OtherSecret
    if fault == "killed-in-map":
        flow.MapFiles = lambda block_bytes, rules: KilledInMap(block_bytes, rules, Path(marker))
    if fault in ("killed-in-move", "killed-in-publish"):
        flow.PublishDays = lambda job: KilledInPublish(job, Path(marker), within=fault == "killed-in-move")
    code = dispatch(arguments)
    if forkserver._forkserver._forkserver_pid is not None:
        print(POOL)
    return code


if __name__ == "__main__":
    from tests.engines import job  # by its own name, as workers import it

    sys.exit(job.main(*sys.argv[1:]))
