"""The reserved values of dimensions: what a row holds where it has no value of its own."""

from __future__ import annotations

OTHER = "(other)"
"""The row into which rows that fail the gate are folded."""

UNKNOWN = "(unknown)"
"""The value could not be determined."""

NONE = "(none)"
"""The value is empty in the log."""
