"""Reserved values of dimensions, what a row holds where it has no value of its own; and names that no dimension may have."""

from __future__ import annotations

OTHER = "(other)"
"""The row of values that fail the gate by themselves and pass it together."""

UNKNOWN = "(unknown)"
"""The value could not be determined."""

NONE = "(none)"
"""The value is empty in the log."""

COLUMN_NAMES = frozenset(
    {
        *("date", "hits", "visitors", "visits", "bytes_sent", "capped_addresses"),
        *("visitor", "second", "network_key", "address_key", "visitor_key"),
        *("visit_seconds", "visit_pages"),
    }
)
"""Columns beside dimensions, of published tables and of those that travel."""
