"""The JSON files of a data set. A document has one spelling, so its bytes can be compared."""

from __future__ import annotations

import json
from typing import Any


def to_bytes(document: Any) -> bytes:
    """The spelling of a manifest or of an entry in the ledger.

    >>> to_bytes({"b": 1, "a": "é"})
    b'{\\n  "a": "\\\\u00e9",\\n  "b": 1\\n}\\n'
    """
    return (json.dumps(document, indent=2, sort_keys=True) + "\n").encode()
