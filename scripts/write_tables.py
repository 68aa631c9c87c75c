"""Writes the tables of the documents that repeat what the code says: `make tables`.

A document holds such a table between `<!-- table: NAME -->` and `<!-- end -->`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path

from pipeline.errors import EXIT_CODES

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted((*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")))
MARKED = re.compile(r"(<!-- table: ([^>]+) -->\n)(.*?)(<!-- end -->)", re.DOTALL)


def exit_codes() -> str:
    """A row for each exit code."""
    return _table(("exit code", "meaning"), ((str(code), meaning) for code, meaning in EXIT_CODES.items()))


TABLES: dict[str, Callable[[], str]] = {"exit codes": exit_codes}


def with_tables(text: str) -> str:
    """The document with each marked table as the code has it now; `KeyError` for a name that is not in `TABLES`."""
    return MARKED.sub(lambda found: f"{found[1]}{TABLES[found[2]]()}{found[4]}", text)


def _table(heading: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = (f"| {' | '.join(cells)} |\n" for cells in (heading, *rows))
    return next(lines) + "|---" * len(heading) + "|\n" + "".join(lines)


if __name__ == "__main__":
    for document in DOCUMENTS:
        document.write_text(with_tables(document.read_text(encoding="utf-8")), encoding="utf-8")
