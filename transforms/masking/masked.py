"""Entries without anything that identifies: keys, a truncated address and a scrubbed path; agent and referrer still raw.

Visitors and hits are two tables. They live inside one call of a worker and are never written.
"""

from __future__ import annotations

import pyarrow as pa

from transforms.columns import KEY, TEXT

MASKED_VISITOR = pa.schema(
    [
        pa.field("date", pa.int32(), nullable=False),  # the period's first day, since 1970, in the report's time zone
        pa.field("network_key", KEY, nullable=False),
        pa.field("address_key", KEY, nullable=False),
        pa.field("visitor_key", KEY, nullable=False),
        pa.field("local", pa.bool_(), nullable=False),  # the address is of this machine or of a private network
        pa.field("prefix", TEXT, nullable=False),  # truncated address, for geography only; "" for none
        pa.field("user_agent", TEXT),
    ]
)

MASKED = pa.schema(
    [
        pa.field("visitor", pa.int32(), nullable=False),  # row of MASKED_VISITOR
        pa.field("second", pa.int32(), nullable=False),  # since midnight UTC of the period's first day
        pa.field("hour", pa.int32(), nullable=False),  # of the day, in the report's time zone
        pa.field("site", TEXT, nullable=False),
        pa.field("method", TEXT, nullable=False),
        pa.field("protocol", TEXT, nullable=False),
        pa.field("status", TEXT, nullable=False),
        pa.field("path", TEXT, nullable=False),
        pa.field("referer", TEXT),
        pa.field("bytes_sent", pa.int64(), nullable=False),
    ]
)


def masked_schema(further: tuple[str, ...] = ()) -> pa.Schema:
    """MASKED with further columns of entries, as they were logged."""
    return pa.schema([*MASKED, *(pa.field(name, TEXT) for name in further)])
