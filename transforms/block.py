"""From a block of a log to its pieces for the shards and its line account: what one call of a worker does.

Raw entries never leave this function. Whatever goes wrong inside leaves it as (reason, exception type, file, offset) only: a
traceback or a message of a library could quote the line.
"""

from __future__ import annotations

import errno
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import accumulate

import numpy as np
import pyarrow as pa

from transforms import kernel
from transforms.clock import UTC
from transforms.columns import Flags
from transforms.counting.shard import shard
from transforms.dimensions.agent import are_people, describe_agent
from transforms.dimensions.country import CountryLookup
from transforms.dimensions.dimension import Dimension, Scope
from transforms.dimensions.enrich import enrich
from transforms.dimensions.lookups import Lookups
from transforms.dimensions.referrer import describe_referrer
from transforms.errors import NO_FILE, NO_MEMORY
from transforms.formats.registry import format_of
from transforms.masking import secret as secrets
from transforms.masking.anonymize import anonymize, first_minutes
from transforms.masking.client import Proxies
from transforms.masking.ignored import NOTHING_IGNORED, Ignored
from transforms.masking.masked import MASKED
from transforms.masking.routes import Routes
from transforms.parsing import read
from transforms.parsing.parse import Parsed, Reject, parse_block
from transforms.period import Window
from transforms.wire import joined

MAX_EXAMPLES = 1_000
"""Rejects of a file whose places are kept; all are counted."""

UNREADABLE, CHANGED, NO_SECRET_PART, NO_KERNEL = "unreadable", "changed_while_read", "no_secret_part", "no_native_kernel"
"""Reasons of a `BlockError` that are nobody's defect."""


@dataclass(frozen=True, slots=True)
class Block:
    """Whole lines of one file: `size` bytes from `offset` on, as `data` or to be read by the worker (local plain files).

    `identity` is the file's device and inode, if they are known. `site` is the site of lines that name none.
    """

    file: str
    format: str
    offset: int
    size: int
    data: bytes | None = None
    identity: tuple[int, int] | None = None
    site: str | None = None


@dataclass(frozen=True, slots=True)
class Rules:
    """The settings that apply to every block of a run. `dimensions` are those that travel to the shards.

    `secret_part` names the environment variable whose value is mixed into the secret: it reaches the workers separately from the
    data, so that a runner's storage never holds both. `kernel` is the one with which the job was planned.
    """

    shards: int
    window: Window
    dimensions: tuple[Dimension, ...]
    country_database: str | None = None
    time_zone: str = UTC
    proxies: Proxies | None = None
    routes: Routes | None = None
    ignored: Ignored = NOTHING_IGNORED
    secret_part: str | None = None
    exclude_opted_out: bool = False
    log_time_zone: str = UTC
    kernel: str = field(default_factory=kernel.name)


@dataclass(frozen=True, slots=True)
class Account:
    """The outcome of a block's lines: read = sum of period_lines + ignored + rejected.

    `period_lines` are the readable lines by period (its first day since 1970), whether in the window or not; `period_first` the
    minutes from a period's beginning to its first line. `counted` and `period_opted_out` are lines in the window. `people` are
    the counted lines of no robot by period, and `local` those of them whose visitor has no address of the internet. The time of
    `ambiguous` lines was shown twice by the log's clock. `examples` are the block's first rejects. An account goes to the
    operator and holds no personal data.
    """

    file: str
    format: str
    bytes: int
    read: int
    counted: int
    ambiguous: int = 0
    period_lines: dict[int, int] = field(default_factory=dict)
    people: dict[int, int] = field(default_factory=dict)
    local: dict[int, int] = field(default_factory=dict)
    period_first: dict[int, int] = field(default_factory=dict)
    period_opted_out: dict[int, int] = field(default_factory=dict)
    ignored: dict[str, int] = field(default_factory=dict)
    rejected: dict[str, int] = field(default_factory=dict)
    examples: tuple[Reject, ...] = ()


class BlockError(Exception):
    """A block could not be processed; carries no content of the log."""

    def __init__(self, reason: str, file: str, offset: int) -> None:
        super().__init__(reason, file, offset)
        self.reason = reason
        self.file = file
        self.offset = offset


def process_blocks(blocks: Sequence[Block], rules: Rules, secret: bytes) -> tuple[dict[int, bytes], list[Account]]:
    """Pieces by shard of all blocks together, and the account of each. Raises `BlockError` only.

    Small files go together, because a piece of a few lines has many times their size.
    """
    mapped = [_guarded(block, rules, secret) for block in blocks]
    first = blocks[0]
    try:
        before = accumulate((visitors.num_rows for visitors, _, _ in mapped[:-1]), initial=0)
        hits = joined(_moved(hits, rows) for (_, hits, _), rows in zip(mapped, before, strict=True))
        visitors, fingerprint = joined(visitors for visitors, _, _ in mapped), secrets.fingerprint(_secret(rules, secret))
        pieces = shard(visitors, hits, rules.shards, fingerprint)
    except MemoryError:
        raise BlockError(NO_MEMORY, first.file, first.offset) from None
    except Exception as error:  # noqa: BLE001 whatever it is, its message may quote the log
        raise BlockError(type(error).__name__, first.file, first.offset) from None
    return pieces, [account for _, _, account in mapped]


def process_block(block: Block, rules: Rules, secret: bytes) -> tuple[dict[int, bytes], Account]:
    """Pieces by shard, and the account, of one block. Raises `BlockError` only."""
    pieces, (account,) = process_blocks([block], rules, secret)
    return pieces, account


def _moved(hits: pa.Table, rows: int) -> pa.Table:
    """Hits whose visitors follow so many others."""
    if not rows:
        return hits
    at = hits.schema.get_field_index("visitor")
    return hits.set_column(at, hits.schema.field(at), pa.array(hits["visitor"].to_numpy() + np.int32(rows), pa.int32()))


def _guarded(block: Block, rules: Rules, secret: bytes) -> tuple[pa.Table, pa.Table, Account]:
    if rules.secret_part and rules.secret_part not in os.environ:
        raise BlockError(NO_SECRET_PART, block.file, block.offset)
    if rules.kernel == kernel.NATIVE != kernel.name():
        raise BlockError(NO_KERNEL, block.file, block.offset)
    try:
        data = block.data if block.data is not None else _read(block)
        if data is not None and len(data) == block.size:
            return _process(data, block, rules, _secret(rules, secret))
        reason = CHANGED
    except MemoryError:
        reason = NO_MEMORY
    except OSError as error:
        reason = NO_FILE if error.errno in (errno.EMFILE, errno.ENFILE) else UNREADABLE
    except Exception as error:  # noqa: BLE001 whatever it is, its message may quote the log
        reason = kernel.reason_of(error)
    raise BlockError(reason, block.file, block.offset) from None


def _secret(rules: Rules, secret: bytes) -> bytes:
    return secrets.derive(secret, os.environb[rules.secret_part.encode()]) if rules.secret_part else secret


def warm_up() -> None:
    """Load what the first block would have to wait for: rules and lists.

    The country database is not loaded: it is the job's choice which one, and a file is opened within a millisecond, because it is
    mapped into memory.
    """
    describe_agent("Mozilla/5.0")
    describe_referrer("https://www.example.org/")


def _read(block: Block) -> bytes | None:
    """The block's bytes, or None if the file's name belongs to another file by now (log rotation)."""
    with open(block.file, "rb") as file:
        status = os.fstat(file.fileno())
        if block.identity not in (None, (status.st_dev, status.st_ino)):
            return None
        file.seek(block.offset)
        return file.read(block.size)


def _process(data: bytes, block: Block, rules: Rules, secret: bytes) -> tuple[pa.Table, pa.Table, Account]:
    """Visitors and their hits as they travel to a shard, and the account."""
    further = _further(rules.dimensions)
    parsed = _parsed(data, block, rules.log_time_zone, further)
    entries, ignored = rules.ignored.left(parsed.entries, rules.proxies)
    masked = anonymize(
        entries, secret, rules.window, block.site, rules.time_zone, rules.proxies, rules.routes, rules.exclude_opted_out
    )
    # Lines that are left out show as well that the input goes on.
    first = masked.period_first if not ignored else first_minutes(parsed.entries, rules.window, rules.time_zone)
    visitors, hits = enrich(masked.visitors, masked.hits, rules.dimensions, _lookups(rules.country_database))
    people = are_people(visitors["traffic"])
    account = Account(
        file=block.file,
        format=block.format,
        bytes=len(data),
        read=parsed.lines,
        counted=hits.num_rows,
        ambiguous=parsed.ambiguous,
        period_lines=masked.period_lines,
        period_first=first,
        period_opted_out=masked.period_opted_out,
        people=_by_period(visitors, hits, people),
        local=_by_period(visitors, hits, people & masked.visitors["local"].to_numpy()),
        ignored=parsed.ignored | ignored,
        rejected=dict(Counter(reject.reason for reject in parsed.rejects)),
        examples=parsed.rejects[:MAX_EXAMPLES],
    )
    return visitors, hits, account


def _parsed(data: bytes, block: Block, log_time_zone: str, further: tuple[str, ...]) -> Parsed:
    log_format = format_of(block.format)
    parts = [
        parse_block(part, log_format, block.offset + at, log_time_zone, further) for at, part in read.without_holes(data)
    ] or [parse_block(b"", log_format, block.offset, log_time_zone, further)]
    if len(parts) == 1:
        return parts[0]
    return Parsed(
        joined(part.entries for part in parts),
        sum(part.lines for part in parts),
        dict(sum((Counter(part.ignored) for part in parts), Counter())),
        tuple(reject for part in parts for reject in part.rejects),
        sum(part.ambiguous for part in parts),
    )


def _by_period(visitors: pa.Table, hits: pa.Table, chosen: Flags) -> dict[int, int]:
    """Hits of the chosen visitors, by period."""
    periods, own = np.unique(visitors["date"].to_numpy(), return_inverse=True)
    lines = np.bincount(own[hits["visitor"].to_numpy()][chosen[hits["visitor"].to_numpy()]], minlength=len(periods))
    return {period: count for period, count in zip(periods.tolist(), lines.tolist(), strict=True) if count}


def _further(dimensions: tuple[Dimension, ...]) -> tuple[str, ...]:
    """The columns of a log that these dimensions read, and that no other rule needs."""
    read = (read.column for dimension in dimensions if dimension.scope is Scope.HIT for read in dimension.reads)
    return tuple(dict.fromkeys(name for name in read if name not in MASKED.names))


@lru_cache(maxsize=2)
def _lookups(country_database: str | None) -> Lookups:
    return Lookups(CountryLookup.open(country_database))
