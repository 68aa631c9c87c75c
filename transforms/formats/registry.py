"""Takes a format's name or notation, gives the format. One line a family."""

from __future__ import annotations

from transforms.formats import Format, jsonl, lines, ncsa, w3c
from transforms.formats.notation import compile_notation

FORMATS: dict[str, Format] = {known.name: known for known in (*ncsa.FORMATS, *jsonl.FORMATS, *lines.FORMATS)}


def format_of(word: str) -> Format:
    """The format of this name, or the one that a notation or a map of JSON keys describes.

    `ValueError` says what is wrong.
    """
    if word in FORMATS:
        return FORMATS[word]
    if word.startswith((w3c.BY_SPACE, w3c.BY_TAB)):
        return w3c.format_of_header(word)
    if word.startswith("json:"):
        return jsonl.format_of_keys(word)
    if "%" not in word and "$" not in word:
        raise ValueError(f"{word} is neither the name of a format nor a notation; `weblog-anonymizer formats` lists the names")
    return compile_notation(word)
