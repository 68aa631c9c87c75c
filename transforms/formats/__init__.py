"""Takes a format's name, gives its table of fields; each family of formats is one file of this folder.

A format is a table: which fields a line has, in which order, how each is delimited, and which of them the pipeline may see. A
field without a name (ident, user name) is recognised and never kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Shape(Enum):
    """How a field of a space-separated line is delimited."""

    TOKEN = "token"  # noqa: S105 no space inside
    FREE = "free"  # usually a token; may hold spaces (user names)
    TIME = "time"  # [17/May/2015:10:05:03 +0000]
    QUOTED = "quoted"  # "…", backslash escapes


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a line. `name` is a column of the raw line (see `RAW_COLUMNS`), or None for what is never kept."""

    name: str | None
    shape: Shape
    pattern: str | None = None  # stricter regular expression used to tell formats apart


class Clock(Enum):
    """How times are written."""

    CLF = "clf"  # 17/May/2015:10:05:03, and the zone +0000 beside it
    ISO = "iso"  # 2015-05-17T10:05:03.123+00:00 or Z
    EPOCH = "epoch"  # 1431857103.123: seconds since 1970, or more digits for milli-, micro- and nanoseconds


@dataclass(frozen=True, slots=True)
class Format:
    """A log format: `name` on the command line, `title` for people, `notation` as its server writes it.

    `fields` are what stands between single spaces; a format that cannot be split so has none, but one `expression` for the whole
    line (without its end), whose named groups are `columns`. JSON has neither, but for each column its `keys`: paths into the
    line's object, of which the first that is there is taken. W3C logs have their own `delimiter`, a space or a tab.
    """

    name: str
    title: str
    notation: str
    fields: tuple[Field, ...]
    clock: Clock = Clock.CLF
    expression: str | None = None
    columns: tuple[str, ...] = ()
    keys: tuple[tuple[str, tuple[tuple[str, ...], ...]], ...] = ()
    delimiter: str = ""

    def has(self, name: str) -> bool:
        """Whether lines of this format carry the column `name`."""
        return name in self.columns or any(field.name == name for field in self.fields)


RAW_COLUMNS = (
    "site",
    "remote_host",
    "forwarded_for",
    "time",
    "zone",
    "request",
    "method",
    "target",
    "query",
    "protocol",
    "status",
    "bytes_sent",
    "referer",
    "user_agent",
    "dnt",
    "gpc",
)
"""Columns of a split line, as text. Some formats have the request line whole, some in its parts."""
