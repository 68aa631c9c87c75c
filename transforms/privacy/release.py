"""The door: the only place that makes released tables, whatever the policy.

A policy decides which rows there are. The door looks once more at all of them: no value looks like a person's, a closed
dimension has no value outside its vocabulary, and every report divides the published rows of its parent exactly. If not, nothing
is published. Only a `Released` can be written, and only this file makes one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.columns import Flags, cell_keys, distinct
from transforms.counting.measures import Kind, Measure
from transforms.dimensions.dimension import Dimension
from transforms.privacy.detectors import is_caught
from transforms.reports.report import Catalogue, Report
from transforms.reserved import OTHER

_DOOR = object()

DATE = "date"
"""Column of published tables that is the same in all rows of a file."""


class ReleaseError(Exception):
    """A table that is to be released breaks a rule. Carries the report's name only."""


@dataclass(frozen=True, slots=True)
class Folded:
    """What became of cells that are not published by name, for the operator alone.

    Cells: `under` have too few addresses; `caught` have enough, but their value looks like a person's. Hits: `unnamed` are in
    rows `(other)`, or, of strata, left out; `misnamed` are in the row of another value, which absorbed them. Rows: in
    `dominated` one address makes more than half of the hits; `largest_share` is the largest share of a row's hits that one makes.
    Figures `of_people` are those of traffic `human` and `unknown`; `hits_of_people` are all that the report divides.
    """

    under: int
    caught: int = 0
    unnamed: int = 0
    misnamed: int = 0
    dominated: int = 0
    largest_share: float = 0.0
    hits_of_people: int = 0
    unnamed_of_people: int = 0
    misnamed_of_people: int = 0


class Released:
    """Published tables of one period by report, each sorted by its dimensions, and their measures; made by `let_out` alone."""

    __slots__ = ("folded", "measures", "tables")

    def __init__(
        self,
        door: object,
        tables: dict[str, pa.Table],
        folded: Mapping[str, Folded],
        measures: Mapping[str, Sequence[Measure]],
    ) -> None:
        if door is not _DOOR:
            raise TypeError("only transforms.privacy.release makes released tables")
        self.tables = tables
        self.folded = folded
        self.measures = measures


def let_out(
    tables: Mapping[str, pa.Table],
    folded: Mapping[str, Folded],
    catalogue: Catalogue,
    measures: Mapping[str, Sequence[Measure]],
) -> Released:
    """The released tables, after the final check; raises `ReleaseError`."""
    for report in catalogue:
        check(report, tables, catalogue, measures[report.name])
    ordered = {
        name: table.sort_by([(column, "ascending") for column in catalogue.columns(name)]) for name, table in tables.items()
    }
    return Released(_DOOR, ordered, folded, measures)


def check(report: Report, tables: Mapping[str, pa.Table], catalogue: Catalogue, measures: Iterable[Measure]) -> None:
    """The final check of a report: its values, and that it divides the rows of its parent."""
    table = tables[report.name]
    if not nameable(table, report, np.ones(table.num_rows, np.bool_)).all():
        raise ReleaseError(f"{report.name}: a value must not be published")
    if report.parent is None:
        return
    columns = catalogue.columns(report.parent)
    additive = [measure.name for measure in measures if measure.kind is Kind.ADDITIVE]
    parts = table.group_by(list(columns), use_threads=False).aggregate([(name, "sum") for name in additive])
    parts = parts.rename_columns([*columns, *additive])
    order = [(name, "ascending") for name in columns]
    expected = divided(tables[report.parent], report).select([*columns, *additive])
    if not parts.sort_by(order).combine_chunks().equals(expected.sort_by(order).combine_chunks().cast(parts.schema)):
        raise ReleaseError(f"{report.name}: its rows do not add up to those of {report.parent}")


def nameable(counts: pa.Table, report: Report, good: Flags) -> Flags:
    """Rule 6: which of the good rows have values of their own that may be published, or are `(other)`.

    A value of an open dimension must not look like a person's, one of a closed dimension must be of its vocabulary.
    """
    for dimension in report.own:
        codes, values = distinct(counts[dimension.name])
        # Most paths of a log fail the gate already, and need no second look.
        looked_at = np.unique(codes[good])
        refused = np.zeros(len(values), np.bool_)
        refused[looked_at] = [not is_nameable(dimension, value) for value in values.take(pa.array(looked_at)).to_pylist()]
        good = good & ~refused[codes]
    return good


def is_nameable(dimension: Dimension, value: str) -> bool:
    """Whether a value of this dimension may be published, however many addresses have it."""
    if value == OTHER:
        return True
    if dimension.values is not None:
        return value in dimension.values
    return (dimension.form is None or re.fullmatch(dimension.form, value) is not None) and not is_caught(value)


def released_schema(dimensions: Iterable[Dimension], measures: Iterable[Measure], metadata: Mapping[str, str]) -> pa.Schema:
    """Schema of a published table: the period's `date`, then dimensions and measures, every column described.

    `metadata` are public facts about the report.
    """
    fields = [_field(DATE, pa.date32(), False, "First day of the period, in the report's time zone", "")]
    fields += [_field(dimension.name, pa.string(), False, dimension.description, "") for dimension in dimensions]
    for each in measures:
        fields.append(_field(each.name, pa.int64(), each.nullable, each.description, each.unit, dict(each.notes)))
    return pa.schema(fields, metadata=dict(metadata))


def _field(
    name: str, kind: pa.DataType, nullable: bool, description: str, unit: str, notes: Mapping[str, str] | None = None
) -> pa.Field:
    return pa.field(name, kind, nullable=nullable, metadata={"description": description, "unit": unit, **(notes or {})})


def divided(parents: pa.Table, report: Report) -> pa.Table:
    """Rule 2: the published rows of the parent that this report divides."""
    if report.where is None:
        return parents
    name, *values = report.where
    return parents.filter(pc.is_in(parents[name], value_set=pa.array(values, pa.string())))


def keys_of(table: pa.Table, catalogue: Catalogue, report: str) -> pa.Array:
    """A key for each row, of the dimensions of a report."""
    return cell_keys([table[name] for name in catalogue.columns(report)])


def keys_of_parents(table: pa.Table, catalogue: Catalogue, report: Report) -> pa.Array:
    """A key for each row, of the dimensions of the report's parent."""
    assert report.parent is not None
    return keys_of(table, catalogue, report.parent)


def total_hits(table: pa.Table) -> int:
    """Hits of all rows."""
    return int(pc.sum(table["hits"]).as_py() or 0)
