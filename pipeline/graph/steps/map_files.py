"""Takes input files and the secret, gives pieces by shard and line accounts: a file is read and its blocks mapped in one step.

In one step, because a runner may keep what travels between two: Flink does not fuse a step that has a side input with the step
before it. So no line of a log leaves the worker that reads it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import apache_beam as beam

from pipeline.graph.job import InputFile
from pipeline.graph.steps.guarded import guarded
from pipeline.graph.steps.map_blocks import MapBlocks
from pipeline.graph.steps.read_blocks import ReadBlocks
from transforms.block import Rules


class MapFiles(MapBlocks):
    """Main output (shard, piece); `accounts` gets (path, account), `bytes_read` (path, size)."""

    def __init__(self, block_bytes: int, rules: Rules) -> None:
        super().__init__(rules)
        self._read = ReadBlocks(block_bytes)

    @guarded
    def process(self, file: InputFile, secret: bytes) -> Iterator[Any]:
        """Read on while earlier blocks are in work; gives what became of them."""
        for read in self._read.process(file):
            if isinstance(read, beam.pvalue.TaggedOutput):
                yield read
            else:
                yield from super().process(read, secret)
