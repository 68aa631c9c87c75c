"""Recognises what machines have made up: UUIDs, hashes, and tokens, which change between kinds of characters as no words do."""

from __future__ import annotations

import re
from itertools import dropwhile

# With a digit at least, so that words need not be looked at.
UUID = re.compile(r"(?=[A-Fa-f\W_]{0,47}[0-9])[0-9A-Fa-f]{8}[\W_]{1,3}(?:[0-9A-Fa-f]{4}[\W_]{1,3}){3}[0-9A-Fa-f]{12}")
HEX = re.compile(  # twelve with a letter and a digit, as of a hardware address, or sixteen with a digit
    r"(?<![0-9A-Za-z])(?:0[xX][0-9A-Fa-f]{8,}|(?=[A-Fa-f]*[0-9])(?:[0-9A-Fa-f]{16,}|(?=[0-9]*[A-Fa-f])[0-9A-Fa-f]{12,15}))"
    r"(?![0-9A-Za-z])"
)
_RUN = re.compile(r"[A-Za-z0-9+=~]{20,}")
_WORDY = re.compile(r"[A-Za-z0-9_+=~-]{32,}")
_SHORTER = re.compile(r"[A-Za-z0-9]{12,}")
_JOINED = re.compile(r"[A-Za-z0-9_-]{12,}")
_DIGIT = re.compile("[0-9]")
_JOINT = re.compile("[_-]")
_PIECE = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|[0-9]+")
_NANO_ID, _SHORTEST = 21, 12


def is_token(stem: str) -> bool:
    """Whether a segment without its extension holds a token, such as a key, a session or a short random name.

    >>> [is_token(stem) for stem in ("V1StGXR8_Z5jdHi6B-myT", "a8f3k2m9q1z7", "iPhone15ProMax", "getting-started-with-2fa")]
    [True, True, False, False]
    """
    if len(stem) < _SHORTEST:
        return False
    if any(len(run) >= 40 or _has_both(run) for run in _RUN.findall(stem)):
        return True
    if not _DIGIT.search(stem):
        return False
    # Long and mixing cases and digits, as base64url does; words joined by hyphens do not.
    if any(map(_is_mixed, _WORDY.findall(stem))):
        return True
    # Shorter, but changing at every other character or so, as words written together do not.
    if any(_has_both(run) and 2 * len(run) <= 5 * len(_PIECE.findall(run)) for run in _SHORTER.findall(stem)):
        return True
    return any(map(_changes_often, filter(_is_mixed, _JOINED.findall(stem))))


def _changes_often(run: str) -> bool:
    """Whether a run with `_` and `-` changes in its parts as a NanoID does: of random ones 3 in 100 do not.

    Words at its ends do not count, so that `registration-3zKShNS3`, the name of a file by its builder, is none.
    """
    parts = [*map(_PIECE.findall, _JOINT.split(run))]
    inner = list(dropwhile(_is_word, reversed(list(dropwhile(_is_word, parts)))))
    length = sum(len(piece) for pieces in inner for piece in pieces) + len(inner) - 1
    changes = sum(len(pieces) - 1 for pieces in inner)
    return length >= _SHORTEST and (length <= 3 * changes or (len(run) == _NANO_ID and length >= 16 and changes >= 5))


def _is_word(pieces: list[str]) -> bool:
    return len(pieces) < 2


def _has_both(run: str) -> bool:
    return any(c.isdigit() for c in run) and any(c.isalpha() for c in run)


def _is_mixed(run: str) -> bool:
    return any(c.isdigit() for c in run) and any(c.isupper() for c in run) and any(c.islower() for c in run)
