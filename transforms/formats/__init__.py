"""What a log format is: a table of fields that the readers work from. Each family of formats is one file of this folder.

The table says which fields a line has, in which order, how each is delimited, and which of them the pipeline may see. A field
without a name (ident, user name) is recognised and never kept.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum

COMMENT, NOT_HTTP = "comment", "not_http"
"""Reasons for which a format's rows may be ignored (see `Format.ignored`)."""

SYSLOG, DOCKER = "syslog:", "docker:"
WRAPPINGS = {SYSLOG: "behind syslog's prefix", DOCKER: "stored by Docker"}
"""What stands before the name of a format whose lines somebody else put something around, and what its title says of that."""

STATUS = r"[0-9]{3}|0|-"
"""Expression of a status in a line of text. Traefik writes 0 if the client was gone before the answer, or took the connection
over, as a web socket does."""

# Bounded: where each comma may be the last of a list, the rest of the line is looked at again.
LISTED = r"(?:[^\s,]+(?:,[^\s,]+)*, ){0,32}"
SEVERAL = r"(?:[^\s,:][^\s,]*(?:,| :) ){0,32}[^\s,:][^\s,]*"
"""Expressions of a list's items before its last one, and of what nginx writes of several upstream servers."""


class Shape(Enum):
    """How a field of a space-separated line is delimited."""

    TOKEN = "token"  # noqa: S105 no space inside
    BARE = "bare"  # no space and no quote inside
    FREE = "free"  # usually a token; may hold spaces (user names)
    LIST = "list"  # usually a token; may be several, with a comma and a space between (X-Forwarded-For)
    LAST = "last"  # such a list, of which the last is meant
    TIME = "time"  # [17/May/2015:10:05:03 +0000]
    QUOTED = "quoted"  # "…", backslash escapes
    GAP = "gap"  # all that stands before the next quote, spaces too, or nothing
    PORT = "port"  # an address with a port, of which the address is meant: 192.0.2.7:443, [2001:db8::1]:443, or - for none


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a line. `name` is a column of RAW_COLUMNS, or one that a dimension may read; None for what is never kept."""

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

    `fields` are the texts between single `separator`s. A format that cannot be split like this has one `expression` for the whole
    line (without its end) instead, whose named groups are `columns`. A format with both is matched with the expression, and its
    fields read lines whose server did not escape quotes. JSON has neither. It has `keys` for each column: paths into the line's
    object, of which the first that exists is read. With `header` the log itself declares the fields (W3C).
    """

    name: str
    title: str
    notation: str
    fields: tuple[Field, ...]
    clock: Clock = Clock.CLF
    expression: str | None = None
    columns: tuple[str, ...] = ()
    keys: tuple[tuple[str, tuple[tuple[str, ...], ...]], ...] = ()
    separator: str = " "
    header: bool = False
    more: bool = False
    """Whether further fields may follow."""
    changed: tuple[tuple[str, str, Callable[[str], str]], ...] = ()
    """Columns that are not kept as written: the column, the one whose value is taken, and what is made of it (asked once for each
    distinct value)."""
    ignored: tuple[tuple[str, str, str], ...] = ()
    """Column, value and reason: rows that are no requests."""
    messages: str | None = None
    """Expression for lines that are about no request, which the same server writes into the same log."""
    wrapping: str | None = None
    """What somebody else put around each line (see `WRAPPINGS`)."""
    narrows: str = ""
    """The format whose special case this is: all its lines fit that one too, which knows less of them."""
    plausible: Callable[[Mapping[str, str | None]], bool] | None = None
    """For detection: whether the values of a line that fits are such as this format has."""
    together: Callable[[Sequence[Mapping[str, str | None]]], bool] | None = None
    """For detection: whether the values of all lines that it could read may be this format's, seen together."""
    note: str = ""
    """What people must know who read figures made of such a log."""
    sparse: bool = False
    """Whether a JSON line may have no key for what its request lacked, so that a sample cannot tell which columns there are. Of
    keys that a user named nobody needs to guess."""
    own_keys: bool = False
    """Whether the owner of a JSON log chose its keys, so that the client may be under another one than is read first."""
    evidence: float = 0.5
    """For detection: the share of plausible lines by which it is told from the format that it narrows."""
    backslash: bool = True
    """Whether a backslash in a field escapes what follows, as Apache and nginx write it."""
    site_in_request: bool = False
    """Whether request lines name the site, as in `GET http://www.example.org/ HTTP/1.1`."""

    def __hash__(self) -> int:
        return hash(self.name)

    @property
    def further(self) -> tuple[str, ...]:
        """Its columns in addition to RAW_COLUMNS."""
        made = (column for column, _, _ in self.changed)
        named = (field.name for field in self.fields if field.name and field.name != "date")
        return tuple(dict.fromkeys(name for name in (*named, *self.columns, *made) if name not in RAW_COLUMNS))

    def reading(self, further: Collection[str]) -> Format:
        """The same format with only these columns in addition to RAW_COLUMNS: unneeded columns are not kept."""
        sources = {source for _, source, _ in self.changed}
        gone = {name for name in self.further if name not in further and name not in sources}
        if not gone:
            return self
        return replace(
            self,
            fields=tuple(replace(field, name=None) if field.name in gone else field for field in self.fields),
            columns=tuple(name for name in self.columns if name not in gone),
            keys=tuple((name, paths) for name, paths in self.keys if name not in gone),
            changed=tuple(change for change in self.changed if change[0] not in gone),
        )

    def has(self, name: str) -> bool:
        """Whether lines of this format carry the column `name`."""
        made = (column for column, _, _ in self.changed)
        return name in self.columns or name in made or any(field.name == name for field in self.fields)


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
    "logger",
)
"""Columns of a split line, as text. Some formats have the request line whole, some in its parts. `logger` is the part of a server
that wrote the line."""
