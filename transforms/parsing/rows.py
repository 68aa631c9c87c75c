"""What the lines of a block are: rows of raw columns, and other lines with the reason why they are none."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from transforms.columns import Positions
from transforms.formats import COMMENT, NOT_HTTP

BLANK = "blank"
FIELDS = "fields"
TIME = "time"
TOO_LONG = "too_long"

IGNORED_REASONS = {BLANK: "empty line", COMMENT: "comment or header", NOT_HTTP: "no HTTP request, but a message or a connection"}
REJECT_REASONS = {
    FIELDS: "the line does not have the fields of its format",
    TIME: "the time is not a time of the calendar",
    TOO_LONG: "the line is longer than 1 MiB",
}

MAX_LINE_BYTES = 1 << 20
"""A line of more bytes is no row."""

CLOCK = "clock"
"""The column that says how the time of each row is written, by the value of its Clock. Only formats of JSON have it."""


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a block, in the order of their lines.

    `columns` are dictionary columns of text (TEXT) by name: those of RAW_COLUMNS that the format has, its further ones, and
    perhaps CLOCK. `starts` says where the line of each row begins in the block, in bytes; `others` where each other line does,
    and its reason. Each of the `lines` is in one of the two.
    """

    lines: int
    starts: Positions
    columns: dict[str, pa.DictionaryArray]
    others: list[tuple[int, str]]
