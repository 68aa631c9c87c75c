"""Columnar helpers: dictionary codes, so that work happens once per distinct value; spans of text; row keys; changes of value."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

# Each type by what its numbers are.
Flags = npt.NDArray[np.bool_]
Bytes = npt.NDArray[np.uint8]
Codes = npt.NDArray[np.int32]
Numbers = npt.NDArray[np.int32]
Integers = npt.NDArray[np.int64]
Positions = npt.NDArray[np.int64]
Seconds = npt.NDArray[np.int64]
Keys = npt.NDArray[np.uint64]
Lots = npt.NDArray[np.uint64]

TEXT = pa.dictionary(pa.int32(), pa.string())
KEY = pa.uint64()

_LARGEST_DIGIT = 9
_FEW_PAIRS = 1 << 16


def distinct(column: pa.ChunkedArray | pa.Array) -> tuple[Codes, pa.Array]:
    """Codes (one a row, no nulls) and the dictionary of a column without nulls."""
    column = as_one(column)
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    if column.null_count:
        raise ValueError("a column has missing values")
    return column.indices.to_numpy(), column.dictionary


def distinct_pairs(firsts: Codes, seconds: Codes) -> tuple[Codes, Integers, Integers]:
    """Codes (one a row) of the pairs in two columns of numbers from 0, and the two numbers of each pair."""
    height, width = (int(numbers.max()) + 1 if len(numbers) else 1 for numbers in (firsts, seconds))
    pairs = firsts.astype(np.int64) * width + seconds
    if height * width > 4 * len(pairs) + _FEW_PAIRS:
        encoded = pa.array(pairs).dictionary_encode()
        return encoded.indices.to_numpy(), *np.divmod(encoded.dictionary.to_numpy(), width)
    # A table of all possible pairs takes a tenth of the time.
    occur = np.zeros(height * width, np.bool_)
    occur[pairs] = True
    return (np.cumsum(occur, dtype=np.int32) - 1).take(pairs), *np.divmod(np.flatnonzero(occur), width)


def as_one(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """A column as one array; chunks of a dictionary column get one dictionary."""
    if not isinstance(column, pa.ChunkedArray):
        return column
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def texts_at(data: Bytes, starts: Positions, ends: Positions) -> list[pa.StringArray]:
    """The texts of spans of UTF-8, a column for each row of the tables; down the tables' columns, spans follow each other."""
    width, rows = starts.shape
    edges = np.zeros(rows * width * 2 + 1, np.int32)
    table = edges[:-1].reshape(rows, 2 * width)
    table[:, 0::2], table[:, 1::2] = starts.T, ends.T
    edges[-1] = edges[-2] if rows else 0
    # Spans, and what is between them, are the values of one array that is made of the bytes as they are: nothing is copied here.
    between = pa.Array.from_buffers(pa.string(), len(edges) - 1, [None, pa.py_buffer(edges), pa.py_buffer(data)])
    wanted = np.arange(rows * width, dtype=np.int32).reshape(rows, width).T * 2
    texts = between.take(pa.array(wanted.ravel()))
    return [texts.slice(number * rows, rows) for number in range(width)]


def rows_of_bytes(table: Bytes) -> pa.BinaryArray:
    """A column of the rows of a table of bytes: all of one length."""
    edges = np.arange(len(table) + 1, dtype=np.int32) * np.int32(table.shape[1])
    return pa.Array.from_buffers(pa.binary(), len(table), [None, pa.py_buffer(edges), pa.py_buffer(np.ascontiguousarray(table))])


def spans_of(texts: pa.StringArray) -> tuple[Bytes, Positions, Positions]:
    """The bytes of some texts (at least one byte) and no others, and where each text begins and ends there."""
    _, offsets, data = texts.buffers()
    edges = np.frombuffer(offsets, np.int32)[texts.offset : texts.offset + len(texts) + 1].astype(np.int64)
    first, last = edges[0], edges[-1]
    own = np.frombuffer(data, np.uint8)[first:last] if first < last else np.zeros(1, np.uint8)
    return own, edges[:-1] - first, edges[1:] - first


def points_in(data: Bytes, starts: Positions, ends: Positions) -> tuple[Flags, Positions]:
    """Which texts (from `spans_of`) are digits with at most one point, and the point's position, or else the text's end."""
    others = np.flatnonzero(data - np.uint8(ord("0")) > _LARGEST_DIGIT)  # what is below "0" becomes large
    if len(others) == len(ends) and ((starts <= others) & (others < ends)).all():  # one each: most columns of fractions
        return data[others] == ord("."), others
    rows = np.searchsorted(ends, others, side="right")
    inside = rows < len(ends)
    inside[inside] = others[inside] >= starts[rows[inside]]
    rows, others = rows[inside], others[inside]
    good, points = np.ones(len(ends), np.bool_), ends.copy()
    points[rows] = others
    good[rows[data[others] != ord(".")]] = False
    good[rows[1:][rows[1:] == rows[:-1]]] = False
    return good, points


def filled(column: pa.ChunkedArray | pa.DictionaryArray, text: str) -> pa.DictionaryArray:
    """A dictionary column with a text where values are missing."""
    column = as_one(column)
    if not column.null_count:
        return column
    codes = column.indices.fill_null(len(column.dictionary)).to_numpy()
    return recode(codes, pa.concat_arrays([column.dictionary, pa.array([text], pa.string())]))


def recode(codes: Codes, values: pa.Array | Sequence[str]) -> pa.DictionaryArray:
    """The dictionary column whose row i is values[codes[i]]; equal values share one code."""
    if not isinstance(values, pa.Array):
        values = pa.array(values, pa.string())
    unified = values.dictionary_encode()
    indices = unified.indices.to_numpy()
    return pa.DictionaryArray.from_arrays(
        pa.array(indices.take(codes) if len(indices) else codes, pa.int32()), unified.dictionary
    )


def mapped(column: pa.DictionaryArray, change: Callable[[str], str]) -> pa.DictionaryArray:
    """A dictionary column of what `change` makes of each distinct value; missing values stay so."""
    texts = column.dictionary.to_pylist()
    made = [change(text) for text in texts]
    if made == texts:
        return column
    unified = pa.array(made, pa.string()).dictionary_encode()
    codes = unified.indices.to_numpy().take(column.indices.fill_null(0).to_numpy())
    missing = column.is_null().to_numpy(zero_copy_only=False) if column.null_count else None
    return pa.DictionaryArray.from_arrays(pa.array(codes, pa.int32(), mask=missing), unified.dictionary)


def changes(values: npt.NDArray[Any]) -> Flags:
    """Where a value differs from the one before it; the first one does."""
    different = np.ones(len(values), np.bool_)
    np.not_equal(values[1:], values[:-1], out=different[1:])
    return different


def cell_keys(columns: Iterable[pa.Array | pa.ChunkedArray]) -> pa.Array:
    """One string a row that identifies its dimensions. They are joined by a control character, which no dimension contains."""
    return as_one(pc.binary_join_element_wise(*columns, "\x1f"))
