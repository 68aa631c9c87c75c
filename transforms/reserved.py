"""Values that a dimension may have beside its own."""

from __future__ import annotations

OTHER = "(other)"
"""The row of what is not published by name."""

UNKNOWN = "(unknown)"
"""The value could not be determined."""

NONE = "(none)"
"""The value is empty in the log."""
