"""States in public that two runs had the same rules, without the rules."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

NO_RULES = "none"
"""What stands for the fingerprint of no rules."""

_FINGERPRINT = re.compile(rf"{NO_RULES}|[0-9a-f]{{16}}")


def fingerprint(rules: Iterable[str]) -> str:
    """The first 16 hexadecimal digits of the SHA-256 of some rules, a line each; `NO_RULES` if there are none."""
    lines = "".join(f"{rule}\n" for rule in rules)
    return hashlib.sha256(lines.encode()).hexdigest()[:16] if lines else NO_RULES


def is_fingerprint(word: str) -> bool:
    """Whether a word may be what `fingerprint` gives."""
    return _FINGERPRINT.fullmatch(word) is not None
