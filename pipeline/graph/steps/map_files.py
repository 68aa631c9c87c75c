"""From input files and the secret to pieces by shard and line accounts: a file is read and its blocks mapped in one step.

In one step, because a runner may keep what travels between two: Flink does not fuse a step that has a side input with the step
before it. So no line of a log leaves the worker that reads it.
"""

from __future__ import annotations

from collections.abc import Iterator

import apache_beam as beam

from pipeline import limits
from pipeline.errors import EXIT_INPUT, EXIT_UNEXPECTED, EXIT_USAGE, JobError
from pipeline.graph import accounts, progress
from pipeline.graph.job import InputFile
from pipeline.graph.parcels import handed_on
from pipeline.graph.read_blocks import read_blocks
from pipeline.graph.steps.guarded import guarded
from pipeline.graph.steps.pooled import Output, PooledDoFn
from transforms.block import CHANGED, NO_KERNEL, NO_SECRET_PART, UNREADABLE, Account, Block, BlockError, Rules, process_blocks
from transforms.errors import NO_FILE, NO_MEMORY

ACCOUNTS = "accounts"
BYTES_READ = "bytes_read"

MOST_TOGETHER = 64
"""So many small files at once: work is spread over the workers while there is some."""


class MapFiles(PooledDoFn[tuple[dict[int, bytes], list[Account]]]):
    """Main output (shard, parcel of a piece); `accounts` gets (path, account), `bytes_read` (path, size).

    Small files are mapped together, up to a block's size.
    """

    expected = (BlockError,)

    def __init__(self, block_bytes: int, rules: Rules) -> None:
        self._block_bytes = block_bytes
        self._rules = rules

    def start_bundle(self) -> None:
        """See `PooledDoFn`."""
        super().start_bundle()
        self._waiting: list[Block] = []
        self._secret = b""

    @guarded
    def process(self, file: InputFile, secret: bytes) -> Iterator[Output]:
        """Read on while earlier blocks are processed; yields their outputs."""
        if self._waiting and secret != self._secret:
            yield from self._map_waiting()
        size, self._secret = 0, secret
        for block in read_blocks(file, self._block_bytes):
            size += block.size
            self._waiting.append(block)
            if sum(each.size for each in self._waiting) >= self._block_bytes // 2 or len(self._waiting) == MOST_TOGETHER:
                yield from self._map_waiting()
        yield beam.pvalue.TaggedOutput(BYTES_READ, (file.path, size))

    def last(self) -> Iterator[Output]:
        """See `PooledDoFn`."""
        if self._waiting:
            yield from self._map_waiting()

    def _map_waiting(self) -> Iterator[Output]:
        blocks, self._waiting = self._waiting, []
        yield from self.submit(process_blocks, blocks, self._rules, self._secret)

    def outputs(self, result: tuple[dict[int, bytes], list[Account]]) -> Iterator[Output]:
        """See `PooledDoFn`."""
        pieces, read = result
        for account in read:
            progress.counted(account.read)
            yield beam.pvalue.TaggedOutput(ACCOUNTS, (account.file, accounts.to_json(account)))
        yield from ((shard, handed_on(piece)) for shard, piece in pieces.items())

    def job_error(self, error: BlockError) -> JobError:
        """See `PooledDoFn`."""
        if error.reason == NO_SECRET_PART:
            message = "The workers' environment lacks the variable that --secret-from names. Nothing was published."
            return JobError(EXIT_USAGE, error.reason, message)
        if error.reason in (NO_MEMORY, NO_FILE):
            return limits.job_error(error.reason)
        if error.reason == NO_KERNEL:
            message = (
                "The workers have no native kernel, and the job was planned with one. Give them an image or a wheel that has it, "
                "or plan the job with WEBLOG_KERNEL=python, which is slower. Nothing was published."
            )
            return JobError(EXIT_USAGE, error.reason, message)
        if error.reason in (UNREADABLE, CHANGED):
            return JobError(
                EXIT_INPUT, error.reason, f"{error.file}: it changed or vanished while it was read. Nothing was published."
            )
        return JobError(
            EXIT_UNEXPECTED,
            "block_failed",
            f"{error.file}: the block at byte {error.offset:,} could not be processed ({error.reason}). Nothing was published. "
            "This is a defect of weblog-anonymizer.",
        )
