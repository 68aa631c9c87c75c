"""From columns of entries, visitors or visits to the columns of dimensions, once for each distinct value."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyarrow as pa

from transforms.columns import TEXT, Codes, distinct, distinct_pairs, filled, recode
from transforms.dimensions.dimension import Dimension, Looks, Read
from transforms.dimensions.lookups import Lookups
from transforms.reserved import UNKNOWN


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
        self._looks: dict[tuple[Read, ...], Looks] = {}

    def of(self, dimension: Dimension) -> pa.DictionaryArray:
        if dimension.of is None:
            return filled(self._table[dimension.reads[0].column], UNKNOWN)
        codes, combinations = self._combined(dimension.reads)
        return recode(codes, pa.array([dimension.of(*combination) for combination in combinations], pa.string()))

    def _combined(self, reads: tuple[Read, ...]) -> Looks:
        """The code of each row, and the combinations of looks that occur."""
        if reads not in self._looks:
            codes, last = self._read(reads[-1])
            combinations = [(look,) for look in last]
            if len(reads) > 1:
                before_codes, before = self._combined(reads[:-1])
                codes, firsts, seconds = distinct_pairs(before_codes, codes)
                combinations = [(*before[a], last[b]) for a, b in zip(firsts.tolist(), seconds.tolist(), strict=True)]
            self._looks[reads] = codes, combinations
        return self._looks[reads]

    def _read(self, read: Read) -> Looks:
        codes, values = self._distinct(read.column)
        if read.view is None:
            return codes, values.to_pylist()
        assert self._lookups is not None
        own_codes, looks = read.view(values, self._lookups)
        return own_codes[codes] if len(codes) else codes, looks

    def _distinct(self, name: str) -> tuple[Codes, pa.Array]:
        """Codes and distinct values. A column that the log format lacks has the one value null."""
        if name not in self._coded:
            column = self._table[name]
            if column.null_count:
                self._coded[name] = np.zeros(len(column), np.int32), pa.array([None], pa.string())
            else:
                self._coded[name] = distinct(column)
        return self._coded[name]


def dimension_columns(table: pa.Table) -> list[str]:
    """The columns of a table that are dimensions: those that hold text."""
    return [field.name for field in table.schema if field.type == TEXT]
