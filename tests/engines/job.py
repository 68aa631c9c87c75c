"""Takes a fault, a marker file and the command line, gives what the command gives: `run`, with small shards, and with the fault.

Faults: `none` · `other-secret` every block sees another secret, as if the runner had computed it again · `killed-in-map`,
`killed-in-move`, `killed-in-publish` a worker process is killed, once for each marker file: at a later block of a file, after the
first of a day's files was moved to its place, after the first day was published.
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

from pipeline import flow, launch
from pipeline.commands import dispatch
from pipeline.job import Job
from pipeline.steps import publish_days
from pipeline.steps.map_blocks import MapBlocks
from pipeline.steps.publish_days import PublishDays
from pipeline.storage import LocalStorage
from transforms.block import Block, Rules
from transforms.secret import new_secret

SHARD_BYTES = 1 << 20
POOL = "a pool of processes was opened"


class OtherSecret(MapBlocks):
    """Takes no notice of the secret."""

    def process(self, block: Block, _: bytes) -> Iterator[Any]:
        yield from super().process(block, new_secret())


class KilledInMap(MapBlocks):
    """Ends its process at a block that is not the first of its file."""

    def __init__(self, rules: Rules, marker: Path) -> None:
        super().__init__(rules)
        self._marker = marker

    def process(self, block: Block, secret: bytes) -> Iterator[Any]:
        if block.offset:
            die_once(self._marker)
        yield from super().process(block, secret)


class KilledInPublish(PublishDays):
    """Ends its process when the first day was published, or within that."""

    def __init__(self, job: Job, marker: Path, within: bool) -> None:
        super().__init__(job)
        self._marker = marker
        self._within = within

    def process(self, *arguments: Any) -> None:
        with patch.object(*((LocalStorage, "move") if self._within else (publish_days, "commit_day")), self._then_die()):
            super().process(*arguments)

    def _then_die(self) -> Callable[..., Any]:
        original = LocalStorage.move if self._within else publish_days.commit_day

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
    launch.SHARD_BYTES = SHARD_BYTES
    if fault == "other-secret":
        flow.MapBlocks = OtherSecret
    if fault == "killed-in-map":
        flow.MapBlocks = lambda rules: KilledInMap(rules, Path(marker))
    if fault in ("killed-in-move", "killed-in-publish"):
        flow.PublishDays = lambda job: KilledInPublish(job, Path(marker), within=fault == "killed-in-move")
    code = dispatch(arguments)
    if forkserver._forkserver._forkserver_pid is not None:
        print(POOL)
    return code


if __name__ == "__main__":
    from tests.engines import job  # by its own name, as workers import it

    sys.exit(job.main(*sys.argv[1:]))
