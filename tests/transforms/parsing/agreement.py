"""Checks that a block of any bytes is read the same wherever it is cut, and whichever kernel reads it."""

from __future__ import annotations

import json
from collections import Counter

from tests.kernels import BUILT, running
from transforms.formats import Format
from transforms.parsing.parse import parse_block


def check(block: bytes, known: Format) -> None:
    """Raise AssertionError unless entries, ignored lines and rejects are the same however the block is cut and read."""
    lines = _lines(block)
    half = len(lines) // 2
    found = []
    for name in BUILT:
        with running(name):
            found += [outcome(blocks, known) for blocks in ([block], lines, [b"".join(lines[:half]), b"".join(lines[half:])])]
    assert all(other == found[0] for other in found)


def outcome(blocks: list[bytes], known: Format) -> tuple[list[str], Counter[str], list[tuple[int, str]], int]:
    """What the blocks of a file become: entries in their order, ignored lines by reason, rejects, and ambiguous times."""
    entries, ignored, rejects, ambiguous, offset = list[str](), Counter[str](), list[tuple[int, str]](), 0, 0
    for block in blocks:
        parsed = parse_block(block, known, offset)
        assert parsed.lines == parsed.entries.num_rows + sum(parsed.ignored.values()) + len(parsed.rejects)
        entries += [json.dumps(entry, sort_keys=True) for entry in parsed.entries.to_pylist()]
        ignored.update(parsed.ignored)
        rejects += [(reject.offset, reject.reason) for reject in parsed.rejects]
        ambiguous += parsed.ambiguous
        offset += len(block)
    return entries, ignored, sorted(rejects), ambiguous


def _lines(block: bytes) -> list[bytes]:
    """Lines by newline alone, with their ends."""
    *ended, last = block.split(b"\n")
    return [line + b"\n" for line in ended] + ([last] if last else [])
