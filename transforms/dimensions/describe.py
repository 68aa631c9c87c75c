"""From columns of entries, visitors or visits to the columns of dimensions, once for each distinct value."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from transforms.columns import TEXT, Codes, distinct, distinct_pairs, recode
from transforms.dimensions.dimension import Dimension, Read
from transforms.dimensions.lookups import Lookups


def describe(table: pa.Table, dimensions: Iterable[Dimension], lookups: Lookups | None = None) -> dict[str, pa.DictionaryArray]:
    """The columns of dimensions, by name, for the rows of a table that has the columns that they read.

    Dimensions of visits need no lookups.
    """
    columns = _Columns(table, lookups)
    return {dimension.name: columns.of(dimension) for dimension in dimensions}


class _Columns:
    """Coded columns of one table. A `Read` that several dimensions share is computed once."""

    def __init__(self, table: pa.Table, lookups: Lookups | None) -> None:
        self._table = table
        self._lookups = lookups
        self._coded: dict[str, tuple[Codes, pa.Array]] = {}
        self._known: dict[Read, tuple[Codes, Sequence[Any]]] = {}

    def of(self, dimension: Dimension) -> pa.DictionaryArray:
        if dimension.of is None:
            return recode(*self._distinct(dimension.reads[0].column))
        codes, combinations = self._combined([self._read(read) for read in dimension.reads])
        return recode(codes, pa.array([dimension.of(*combination) for combination in combinations], pa.string()))

    def _combined(self, parts: Sequence[tuple[Codes, Sequence[Any]]]) -> tuple[Codes, list[tuple[Any, ...]]]:
        """The code of each row, and the combinations of values that occur."""
        (codes, values), *others = parts
        combinations = [(value,) for value in values]
        for own_codes, own_values in others:
            codes, before, own = distinct_pairs(codes, own_codes)
            combinations = [(*combinations[b], own_values[o]) for b, o in zip(before.tolist(), own.tolist(), strict=True)]
        return codes, combinations

    def _read(self, read: Read) -> tuple[Codes, Sequence[Any]]:
        if read not in self._known:
            codes, values = self._distinct(read.column)
            if read.view is None:
                self._known[read] = codes, values.to_pylist()
            else:
                assert self._lookups is not None
                self._known[read] = _unified(codes, read.view(values, self._lookups))
        return self._known[read]

    def _distinct(self, name: str) -> tuple[Codes, pa.Array]:
        """Codes and distinct values. A column that the log format lacks has the one value null."""
        if name not in self._coded:
            column = self._table[name]
            if column.null_count:
                self._coded[name] = np.zeros(len(column), np.int32), pa.array([None], pa.string())
            else:
                self._coded[name] = distinct(column)
        return self._coded[name]


def _unified(codes: Codes, viewed: Sequence[Any]) -> tuple[Codes, Sequence[Any]]:
    """Many values may have the same view, such as paths with one extension. Each view has one code."""
    number = {value: at for at, value in enumerate(dict.fromkeys(viewed))}
    if len(number) == len(viewed):
        return codes, viewed
    return np.array([number[value] for value in viewed], np.int32)[codes], list(number)


def dimension_columns(table: pa.Table) -> list[str]:
    """The columns of a table that are dimensions: those that hold text."""
    return [field.name for field in table.schema if field.type == TEXT]
