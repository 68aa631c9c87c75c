"""What a log says, a row a line: the table that every reader gives, whatever the format."""

from __future__ import annotations

import pyarrow as pa

from transforms.columns import TEXT

ENTRY = pa.schema(
    [
        pa.field("site", TEXT),  # null: the format has no site, or it would stand in the URL
        pa.field("remote_host", TEXT, nullable=False),
        pa.field("forwarded_for", TEXT),  # null: the format has no X-Forwarded-For
        pa.field("request_time", pa.int64(), nullable=False),  # seconds since 1970, UTC
        pa.field("method", TEXT, nullable=False),  # "" marks an invalid request line
        pa.field("target", TEXT, nullable=False),
        pa.field("protocol", TEXT, nullable=False),  # "" if there is none
        pa.field("status", TEXT, nullable=False),
        pa.field("bytes_sent", pa.int64(), nullable=False),
        pa.field("referer", TEXT),  # null: the format has none
        pa.field("user_agent", TEXT),  # null: the format has none
        pa.field("opted_out", pa.bool_(), nullable=False),  # the request said DNT: 1 or Sec-GPC: 1
    ]
)


def entry_schema(further: tuple[str, ...] = ()) -> pa.Schema:
    """ENTRY with further columns that dimensions read; they are null where the format has none."""
    return pa.schema([*ENTRY, *(pa.field(name, TEXT) for name in further)])
