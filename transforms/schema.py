"""Takes nothing, gives the schemas of each stage of the data, each narrower in identity than the one before.

    ENTRY      what the log says, a row per line
    MASKED     keys, truncated prefix and scrubbed path; agent and referrer still raw, in memory only
    VISITOR+HIT  keys, reportable dimensions and measures: what travels to a shard
    COUNT      a row per cell of a report: counts and the evidence for the gate; never written
    BOUNDED    the same in the dp mode: counts to which no unit has added more than its bounds
    RELEASED   published rows, no key of any kind

MASKED and HIT come in two tables. What belongs to a visitor (keys, country, device …) stands once per visitor and day; what
belongs to a line refers to it by row number. Most dimensions then cost nothing per line.
"""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from transforms.privacy.differential.policy import UNIT_BYTES, UNIT_HITS

VERSION = 1
"""Version of the published layout and schemas, in each manifest."""

TEXT = pa.dictionary(pa.int32(), pa.string())
KEY = pa.uint64()

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

MASKED_VISITOR = pa.schema(
    [
        pa.field("date", pa.int32(), nullable=False),  # the period's first day, since 1970, in the report's time zone
        pa.field("network_key", KEY, nullable=False),
        pa.field("address_key", KEY, nullable=False),
        pa.field("visitor_key", KEY, nullable=False),
        pa.field("prefix", TEXT, nullable=False),  # truncated address, for geography only; "" for none
        pa.field("user_agent", TEXT),
    ]
)

MASKED = pa.schema(
    [
        pa.field("visitor", pa.int32(), nullable=False),  # row of MASKED_VISITOR
        pa.field("second", pa.int32(), nullable=False),  # since midnight UTC of the period's first day
        pa.field("hour", TEXT, nullable=False),
        pa.field("site", TEXT, nullable=False),
        pa.field("method", TEXT, nullable=False),
        pa.field("protocol", TEXT, nullable=False),
        pa.field("status", TEXT, nullable=False),
        pa.field("path", TEXT, nullable=False),
        pa.field("referer", TEXT),
        pa.field("bytes_sent", pa.int64(), nullable=False),
    ]
)

VISITOR_DIMENSIONS = ("traffic", "country", "network", "device", "operating_system", "browser", "bot_kind", "bot")
HIT_DIMENSIONS = ("site", "hour", "kind", "method", "protocol", "status", "path", "file_type", "channel", "source")

VISITOR = pa.schema(
    [
        pa.field("date", pa.int32(), nullable=False),
        pa.field("network_key", KEY, nullable=False),
        pa.field("address_key", KEY, nullable=False),
        pa.field("visitor_key", KEY, nullable=False),
        *(pa.field(name, TEXT, nullable=False) for name in VISITOR_DIMENSIONS),
    ]
)

HIT = pa.schema(
    [
        pa.field("visitor", pa.int32(), nullable=False),  # row of VISITOR
        pa.field("second", pa.int32(), nullable=False),
        *(pa.field(name, TEXT, nullable=False) for name in HIT_DIMENSIONS),
        pa.field("bytes_sent", pa.int64(), nullable=False),
    ]
)

PIECE_VISITOR = VISITOR.append(pa.field("hits", pa.int32(), nullable=False))
PIECE_HIT = pa.schema([field for field in HIT if field.name != "visitor"])
"""The same on the way to a shard: hits stand in their visitors' order, and each visitor says how many are its own."""

MEASURES = {
    "hits": ("Requests", "requests"),
    "visitors": ("Distinct visitors (address and user agent within the day); do not add over rows", "visitors"),
    "visits": ("Distinct visits with a request in this row; do not add over rows", "visits"),
    "bytes_sent": ("Bytes sent to clients, as logged", "bytes"),
}
"""Measures of every report: description and unit, as they stand in the Parquet metadata."""

NOISY_MEASURES = {
    "hits": (f"Requests, at most {UNIT_HITS} of an address; with noise, so it may be negative", "requests"),
    "visitors": ("Distinct addresses; with noise, so it may be negative; missing in (other)", "addresses"),
    "bytes_sent": (f"Bytes sent to clients, at most {UNIT_BYTES:,} of an address; with noise, so it may be negative", "bytes"),
}
"""The same in the dp mode, for the measures that it publishes."""

EVIDENCE = "capped_addresses"
"""Column of COUNT that the gate reads: the sum over networks of min(cap, distinct addresses)."""

DIMENSIONS = {
    "site": "Domain name of the web site",
    "traffic": "human, bot, or unknown when the log has no user agent",
    "hour": "Hour of the day, 00 to 23, in the report's time zone",
    "kind": "Kind of response: page, static, download, redirect, not_found, error, invalid, other",
    "status": "HTTP status code",
    "path": "Path without query, identifiers replaced by :id :uuid :hex :email :token",
    "channel": "direct, internal, search, social, ai or referral",
    "source": "Registrable domain of the referrer",
    "file_type": "Extension of a static file, lower case",
    "method": "HTTP request method",
    "protocol": "HTTP version of the request line",
    "country": "Country of the truncated address, ISO 3166-1 alpha-2",
    "network": "Network of the address: IPv4 /16 or IPv6 /24",
    "visit_duration": "Time from the first to the last request of the visit at this site, minutes:seconds",
    "visit_depth": "Pages seen in the visit at this site",
    "entry": "entry: the first page of its visit at this site; later: any other",
    "device": "Device class of people: Desktop, Mobile, Tablet, Other",
    "operating_system": "Operating system family",
    "browser": "Browser family",
    "bot_kind": "Kind of bot",
    "bot": "Name of the bot in the shipped list",
}
"""Dimensions and their description, as it stands in the Parquet metadata."""


def count_schema(dimensions: tuple[str, ...]) -> pa.Schema:
    """Schema of a report's COUNT table: dimension columns, measures, evidence."""
    return pa.schema(
        [pa.field(name, pa.string(), nullable=False) for name in dimensions]
        + [pa.field(name, pa.int64(), nullable=False) for name in (*MEASURES, EVIDENCE)]
    )


def bounded_schema(dimensions: tuple[str, ...]) -> pa.Schema:
    """Schema of a report's bounded counts (dp mode): dimension columns and the measures that have noise."""
    return pa.schema(
        [pa.field(name, pa.string(), nullable=False) for name in dimensions]
        + [pa.field(name, pa.int64(), nullable=False) for name in NOISY_MEASURES]
    )


def released_schema(
    dimensions: tuple[str, ...], metadata: dict[str, str], noise: Mapping[str, Mapping[str, str]] | None = None
) -> pa.Schema:
    """Schema of a published table; `metadata` are public facts about the report.

    `noise` says for each noisy measure what its noise is (dp mode). Then measures may be missing, and are described by
    NOISY_MEASURES.
    """

    def described(name: str, kind: pa.DataType, nullable: bool, description: str, unit: str) -> pa.Field:
        about = {"description": description, "unit": unit, **(noise or {}).get(name, {})}
        return pa.field(name, kind, nullable=nullable, metadata=about)

    measures = MEASURES if noise is None else {"visits": ("Missing in the dp mode", "visits"), **NOISY_MEASURES}
    return pa.schema(
        [described(name, pa.string(), False, DIMENSIONS[name], "") for name in dimensions]
        + [described(name, pa.int64(), noise is not None, *measures[name]) for name in MEASURES],
        metadata=metadata,
    )
