"""Writes the tables of the documents that repeat what the code says: `make tables`.

A document holds such a table between `<!-- table: NAME -->` and `<!-- end -->`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path

from pipeline.errors import EXIT_CODES
from transforms.counting.measures import HITS, VISITORS
from transforms.dimensions import known_dimensions
from transforms.dimensions.request import MEANING_OF_KINDS
from transforms.reports.defaults import default_catalogue
from transforms.reports.report import Report

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted((*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")))
MARKED = re.compile(r"(<!-- table: ([^>]+) -->\n)(.*?)(<!-- end -->)", re.DOTALL)


def exit_codes() -> str:
    """A row for each exit code."""
    return _table(("exit code", "meaning"), ((str(code), meaning) for code, meaning in EXIT_CODES.items()))


def reports() -> str:
    """A row for each default report: what it divides, and the columns of its table."""
    catalogue = default_catalogue()

    def divides(report: Report) -> str:
        if report.parent is None:
            return "–"
        if report.where is None:
            return "every row"
        name, *values = report.where
        return f"rows with `{name}` = {' or '.join(f'`{value}`' for value in values)}"

    return _table(
        ("report", "parent", "divides", "columns before the measures"),
        (
            (f"`{each.name}`", f"`{each.parent}`" if each.parent else "–", divides(each), _code(catalogue.columns(each.name)))
            for each in catalogue
        ),
    )


def dimensions() -> str:
    """A row for each dimension: whose property it is, and its values."""
    used = [dimension.name for dimension in default_catalogue().all_dimensions()]
    further = [name for name in sorted(known_dimensions()) if name not in used]

    def row(name: str) -> tuple[str, ...]:
        each = known_dimensions()[name]
        values = each.details + ("; in no default report" if name in further else "")
        return f"`{name}`", values, each.scope.name.lower(), "the log, through the detectors" if each.is_open else "a list"

    return _table(("column", "values", "of a", "values from"), map(row, [*used, *further]))


def kinds() -> str:
    """A row for each kind of a hit, in the order in which they are tried."""
    return _table(("kind", "hits"), ((f"`{kind}`", meaning) for kind, meaning in MEANING_OF_KINDS.items()))


def measures() -> str:
    """A row for each measure of the default policy."""
    return _table(
        ("column", "unit", "meaning", "kind"),
        ((f"`{each.name}`", each.unit, each.details, each.kind.value) for each in (HITS, VISITORS)),
    )


def sums() -> str:
    """Over the rows of which default reports each measure adds up."""
    catalogue = default_catalogue()
    rows = []
    for measure in (HITS, VISITORS):
        below = {each.name: [dimension.scope for dimension in catalogue.dimensions(each.name)[2:]] for each in catalogue}
        fitting = [name for name, scopes in below.items() if scopes and measure.adds_up_over(scopes)]
        every = len(fitting) == len(catalogue) - 1
        rows.append((f"`{measure.name}`", "every report" if every else _code(fitting)))
    return _table(("measure", "adds up over the rows of"), rows)


TABLES: dict[str, Callable[[], str]] = {
    "exit codes": exit_codes,
    "reports": reports,
    "dimensions": dimensions,
    "kinds": kinds,
    "measures": measures,
    "sums": sums,
}


def with_tables(text: str) -> str:
    """The document with each marked table as the code has it now; `KeyError` for a name that is not in `TABLES`."""
    return MARKED.sub(lambda found: f"{found[1]}{TABLES[found[2]]()}{found[4]}", text)


def _code(words: Iterable[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)


def _table(heading: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = (f"| {' | '.join(cells)} |\n" for cells in (heading, *rows))
    return next(lines) + "|---" * len(heading) + "|\n" + "".join(lines)


if __name__ == "__main__":
    for document in DOCUMENTS:
        document.write_text(with_tables(document.read_text(encoding="utf-8")), encoding="utf-8")
