"""Serialises named tables or byte strings into one byte string that steps exchange, and back.

Arrow IPC streams, compressed by LZ4. Dictionaries are rebuilt first: a filtered dictionary column still holds the values of
the rows that were dropped, and IPC would send them.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping

import pyarrow as pa
import pyarrow.compute as pc

from transforms import kernel

_FRAME = struct.Struct("<HQ")
# Without threads: handing a column to another thread takes several times as long as packing it where tables are small, as most
# are; large ones are packed by as many processes as there are cores.
_WRITING = pa.ipc.IpcWriteOptions(compression="lz4", use_threads=False)
_READING = pa.ipc.IpcReadOptions(use_threads=False)


def compact(table: pa.Table) -> pa.Table:
    """The same rows, each column in one chunk, with dictionaries of just the values in use."""
    return pa.table([_compact_column(column) for column in table.columns], schema=table.schema)


def joined(tables: Iterable[pa.Table]) -> pa.Table:
    """The rows of all tables, each column in one chunk; compact if the tables are."""
    table = pa.concat_tables(tables)
    return pa.table([_in_one_chunk(column) for column in table.columns], schema=table.schema)


def _in_one_chunk(column: pa.ChunkedArray) -> pa.Array:
    if column.num_chunks != 1 and pa.types.is_dictionary(column.type):
        column = column.unify_dictionaries()
    array = column.combine_chunks()
    if isinstance(array, pa.ChunkedArray):
        array = array.chunk(0) if array.num_chunks else pa.array([], column.type)
    return array


def _compact_column(column: pa.ChunkedArray) -> pa.Array:
    array = _in_one_chunk(column)
    if not pa.types.is_dictionary(array.type):
        return array
    if kernel.native is None or array.null_count:
        used = pc.unique(array.indices).drop_null()
        if len(used) == len(array.dictionary):
            return array
        return pa.DictionaryArray.from_arrays(pc.index_in(array.indices, value_set=used), array.dictionary.take(used))
    made = kernel.native.used_codes(array.indices.to_numpy().astype("<i4", copy=False).tobytes(), len(array.dictionary))
    if made is None:
        return array
    codes, used = (pa.Array.from_buffers(pa.int32(), len(each) // 4, [None, pa.py_buffer(each)]) for each in made)
    return pa.DictionaryArray.from_arrays(codes, array.dictionary.take(used), safe=False)


def pack(tables: Mapping[str, pa.Table]) -> bytes:
    """Names and tables as one byte string; dictionary columns must be compact already."""
    return pack_each(tables.items())


def pack_each(tables: Iterable[tuple[str, pa.Table]]) -> bytes:
    """As `pack`; of tables that are made one after the other, one is held at a time."""
    return pack_bytes({name: _to_ipc(table) for name, table in tables})


def unpack(data: bytes) -> dict[str, pa.Table]:
    """The inverse of `pack`, zero-copy where uncompressed."""
    return {name: _from_ipc(part) for name, part in _parts(data)}


def unpack_one(data: bytes, name: str) -> pa.Table:
    """One of the tables."""
    return next(_from_ipc(part) for own, part in _parts(data) if own == name)


def schema_of(data: bytes, name: str) -> pa.Schema:
    """The schema of one of the tables, without reading any."""
    return next(pa.ipc.open_stream(part).schema for own, part in _parts(data) if own == name)


def pack_bytes(parts: Mapping[str, bytes]) -> bytes:
    """Names and byte strings as one byte string."""
    out = []
    for name, part in parts.items():
        encoded = name.encode()
        out.append(_FRAME.pack(len(encoded), len(part)))
        out.append(encoded)
        out.append(part)
    return b"".join(out)


def unpack_bytes(data: bytes) -> dict[str, bytes]:
    """The inverse of `pack_bytes`."""
    return {name: bytes(part) for name, part in _parts(data)}


def _parts(data: bytes) -> Iterator[tuple[str, memoryview]]:
    """Names and byte strings, which are not copied."""
    view, position = memoryview(data), 0
    while position < len(view):
        name_length, length = _FRAME.unpack_from(view, position)
        position += _FRAME.size
        name = str(view[position : position + name_length], "utf-8")
        position += name_length
        yield name, view[position : position + length]
        position += length


def _from_ipc(part: memoryview) -> pa.Table:
    return pa.ipc.open_stream(pa.py_buffer(part), options=_READING).read_all()


def _to_ipc(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=_WRITING) as stream:
        stream.write_table(table)
    data: bytes = sink.getvalue().to_pybytes()
    return data
