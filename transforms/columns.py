"""Takes columns, gives codes and distinct values, and back: the ways to work once per distinct value; keys of rows; changes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Codes = npt.NDArray[np.int32]


def distinct(column: pa.ChunkedArray | pa.Array) -> tuple[Codes, pa.Array]:
    """Codes (one a row, no nulls) and the dictionary of a column without nulls."""
    if isinstance(column, pa.ChunkedArray):
        if column.num_chunks != 1:
            column = column.unify_dictionaries() if pa.types.is_dictionary(column.type) else column
            column = column.combine_chunks()
        if isinstance(column, pa.ChunkedArray):
            column = column.chunk(0) if column.num_chunks else pa.array([], column.type)
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    if column.null_count:
        raise ValueError("a column has missing values")
    return column.indices.to_numpy(), column.dictionary


def encoded(column: pa.ChunkedArray) -> pa.DictionaryArray:
    """A column of texts as one dictionary array."""
    array = column.dictionary_encode().combine_chunks()
    return array if isinstance(array, pa.Array) else pa.array([], pa.dictionary(pa.int32(), pa.string()))


def recode(codes: Codes, values: pa.Array | Sequence[str]) -> pa.DictionaryArray:
    """The dictionary column whose row i is values[codes[i]]; equal values share one code."""
    if not isinstance(values, pa.Array):
        values = pa.array(values, pa.string())
    unified = values.dictionary_encode()
    indices = unified.indices.to_numpy()
    return pa.DictionaryArray.from_arrays(pa.array(indices[codes] if len(indices) else codes, pa.int32()), unified.dictionary)


def changes(values: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Where a value differs from the one before it; the first one does."""
    different = np.ones(len(values), np.bool_)
    np.not_equal(values[1:], values[:-1], out=different[1:])
    return different


def cell_keys(columns: Iterable[pa.Array | pa.ChunkedArray]) -> pa.Array:
    """One string a row that stands for its dimensions; a control character, which no dimension holds, keeps them apart."""
    joined = pc.binary_join_element_wise(*columns, "\x1f")
    return joined.combine_chunks() if isinstance(joined, pa.ChunkedArray) else joined
