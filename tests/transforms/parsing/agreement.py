"""Checks that a block of any bytes is read the same wherever it is cut, and whichever reader its lines take.

The block is read whole, in halves, line by line, by Arrow even if it has few lines of JSON, and with every line on the exact
path. The columnar readers must agree with the exact path.
"""

from __future__ import annotations

import json
from collections import Counter
from unittest import mock

import numpy as np

from transforms.formats import Format
from transforms.parsing import columnar
from transforms.parsing.parse import parse_block


def check(block: bytes, known: Format) -> None:
    """Raise AssertionError unless entries, ignored lines and rejects are the same however the block is cut and read."""
    lines = _lines(block)
    half = len(lines) // 2
    whole = outcome([block], known)
    assert outcome(lines, known) == whole
    assert outcome([b"".join(lines[:half]), b"".join(lines[half:])], known) == whole
    if known.keys:
        with mock.patch.object(columnar, "_FEW", 0):
            assert outcome([block], known) == whole
    with mock.patch.object(columnar, "split", lambda _, lines, __: columnar.Split((), np.arange(len(lines.starts)))):
        assert outcome([block], known) == whole


def outcome(blocks: list[bytes], known: Format) -> tuple[Counter[str], Counter[str], list[tuple[int, str]], int]:
    """What the blocks of a file become: entries by what they say, ignored lines by reason, rejects, and ambiguous times."""
    entries, ignored, rejects, ambiguous, offset = Counter[str](), Counter[str](), list[tuple[int, str]](), 0, 0
    for block in blocks:
        parsed = parse_block(block, known, offset)
        assert parsed.lines == parsed.entries.num_rows + sum(parsed.ignored.values()) + len(parsed.rejects)
        entries.update(json.dumps(entry, sort_keys=True) for entry in parsed.entries.to_pylist())
        ignored.update(parsed.ignored)
        rejects += [(reject.offset, reject.reason) for reject in parsed.rejects]
        ambiguous += parsed.ambiguous
        offset += len(block)
    return entries, ignored, sorted(rejects), ambiguous


def _lines(block: bytes) -> list[bytes]:
    """Lines by newline alone, with their ends."""
    *ended, last = block.split(b"\n")
    return [line + b"\n" for line in ended] + ([last] if last else [])
