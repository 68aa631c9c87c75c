"""Formats numbers, names and sentences for an operator, whatever the terminal."""

from __future__ import annotations

import re
import textwrap

_PLAIN = str.maketrans({"–": "-", "−": "-", "…": "...", "±": "+/-", "ε": "epsilon", "δ": "delta", "‘": "'", "’": "'"})
_ITEM = re.compile(r"(?:\d+\.|-) ")


def plural(count: int, word: str) -> str:
    """A number and what it counts: 1 file, 2 files."""
    return f"{count:,} {noun(count, word)}"


def noun(count: int, word: str) -> str:
    """The word in the singular or the plural."""
    return word if count == 1 else f"{word}s"


def shown(name: str) -> str:
    """A file name without characters that would move the cursor or end the line: these are written as escapes."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in name)


def in_natural_order(name: str) -> list[tuple[bool, int, str]]:
    """A key by which numbers in names are compared as numbers.

    >>> sorted(["log.10", "log.9", "log"], key=in_natural_order)
    ['log', 'log.9', 'log.10']
    """
    return [(bool(at % 2), int(part) if at % 2 else 0, part) for at, part in enumerate(re.split(r"([0-9]+)", name))]


def encodable(text: str, encoding: str | None) -> str:
    """The text in characters that this encoding has. A locale other than UTF-8 must not fail what a command has done."""
    encoding = encoding or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return text.translate(_PLAIN).encode(encoding, "replace").decode(encoding)
    return text


def reflowed(text: str, width: int) -> str:
    """Paragraphs and items of lists filled to a width. Lines after an empty one that begin with a space are a table and stay."""
    blocks: list[str] = []
    for line in text.split("\n"):
        above = blocks[-1] if blocks else ""
        if not line or not above or above.startswith(" ") or _ITEM.match(line):
            blocks.append(line)
        else:
            blocks[-1] = f"{above} {line.strip()}"
    return "\n".join(block if block.startswith(" ") else _filled(block, width) for block in blocks)


def _filled(block: str, width: int) -> str:
    item = _ITEM.match(block)
    indent = " " * item.end() if item else ""
    return textwrap.fill(block, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
