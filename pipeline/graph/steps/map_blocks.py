"""Takes blocks and the secret, gives pieces by shard and line accounts: parse to shard in one call of a worker."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import apache_beam as beam
from apache_beam.transforms.window import GlobalWindow
from apache_beam.utils.windowed_value import WindowedValue

from pipeline.errors import EXIT_INPUT, EXIT_UNEXPECTED, EXIT_USAGE, JobError
from pipeline.graph import accounts, progress
from pipeline.graph.pool import Tasks
from pipeline.graph.steps.guarded import guarded
from transforms.block import CHANGED, NO_SECRET_PART, UNREADABLE, Account, Block, BlockError, Rules, process_block
from transforms.errors import translated

ACCOUNTS = "accounts"


class MapBlocks(beam.DoFn):
    """Main output (shard, piece); the output `accounts` gets (path, account)."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules

    def start_bundle(self) -> None:
        """A bundle has its own tasks in flight."""
        self._tasks: Tasks[tuple[dict[int, bytes], Account]] = Tasks()

    @guarded
    def process(self, block: Block, secret: bytes) -> Iterator[Any]:
        """Start on the block; gives what earlier blocks of the bundle became."""
        yield from self._outputs(self._tasks.submit(process_block, block, self._rules, secret))

    @guarded
    def finish_bundle(self) -> Iterator[object]:
        """What is still in flight."""
        yield from windowed(self._outputs(self._tasks.drain()))

    def _outputs(self, results: Iterator[tuple[dict[int, bytes], Account]]) -> Iterator[Any]:
        with translated(BlockError, _job_error):
            for pieces, account in results:
                progress.counted(account.read)
                yield beam.pvalue.TaggedOutput(ACCOUNTS, (account.file, accounts.to_json(account)))
                yield from pieces.items()


def windowed(outputs: Iterable[object]) -> Iterator[object]:
    """The same outputs as `finish_bundle` must give them: in the global window."""
    window = GlobalWindow()
    for output in outputs:
        if isinstance(output, beam.pvalue.TaggedOutput):
            yield beam.pvalue.TaggedOutput(output.tag, WindowedValue(output.value, window.max_timestamp(), (window,)))
        else:
            yield WindowedValue(output, window.max_timestamp(), (window,))


def _job_error(error: BlockError) -> JobError:
    if error.reason == NO_SECRET_PART:
        message = "The workers' environment lacks the variable that --secret-from names. Nothing was published."
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
