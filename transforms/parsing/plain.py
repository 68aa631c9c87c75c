"""Reads a block line by line in plain Python: the reference for the native kernel, and what runs where that was not built."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from transforms.formats import COMMENT, NOT_HTTP, RAW_COLUMNS, Format
from transforms.parsing import exact
from transforms.parsing.rows import BLANK, CLOCK, FIELDS, MAX_LINE_BYTES, TOO_LONG, Rows
from transforms.parsing.wrapped import BARE

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def read_block(block: bytes, log_format: Format, first_of_file: bool) -> Rows:
    """The rows of a block of whole lines."""
    lines = block.split(b"\n")
    if not lines[-1]:
        lines.pop()  # what stands behind the last newline
    start = 0
    starts: list[int] = []
    rows: list[dict[str, str | None]] = []
    others: list[tuple[int, str]] = []
    for number, line in enumerate(lines):
        bare = BARE[log_format.wrapping](line) if log_format.wrapping else line
        if first_of_file and number == 0:
            bare = bare.removeprefix(_BYTE_ORDER_MARK)
        read = _read(bare, log_format)
        if isinstance(read, str):
            others.append((start, read))
        else:
            starts.append(start)
            rows.append(read)
        start += len(line) + 1
    names = (*RAW_COLUMNS, *log_format.further, CLOCK)
    columns = {name: pa.array([row.get(name) for row in rows], pa.string()).dictionary_encode() for name in names}
    return Rows(len(lines), np.array(starts, np.int64), columns, others)


def _read(line: bytes, log_format: Format) -> dict[str, str | None] | str:
    """The raw columns of a line, or the reason why it has none."""
    if not line.strip():
        return BLANK
    if line.startswith(b"#"):
        return COMMENT
    if len(line) > MAX_LINE_BYTES:
        return TOO_LONG
    read = exact.split_line(line, log_format)
    if read is None:
        return NOT_HTTP if exact.is_message(line, log_format) else FIELDS
    row, clock = read
    return row if clock is log_format.clock else {**row, CLOCK: clock.value}
