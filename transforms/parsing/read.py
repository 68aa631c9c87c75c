"""Reads a log file, decompressed if need be, in blocks of whole lines, to its end or with an error.

A truncated or corrupt archive is an error: a short read would be published as a quiet day.
"""

from __future__ import annotations

import bz2
import errno
import os
import zlib
from collections.abc import Callable, Iterator
from typing import IO, Any

import pyarrow as pa
from isal import igzip, isal_zlib

from transforms.errors import translated

PLAIN = "plain"
CHUNK_BYTES = 1 << 20
_HOLE = bytes(CHUNK_BYTES)
"""So many NULs are a hole, of which no line has a part: a server whose log was cut short behind it goes on where it was."""

MAX_CARRY_BYTES = 64 << 20
"""A line longer than this is cut into several; each part is rejected, and memory stays bounded."""

MAX_EXPANSION = 300
MAX_FREE_BYTES = 256 << 20
"""An archive of more than this may not hold 300 times its own size: logs compress twenty or fifty times, bombs a thousand."""

_MAGIC = {b"\x1f\x8b": "gz", b"BZh": "bz2", b"\x28\xb5\x2f\xfd": "zst"}
_NOT_READ = {b"\xfd7zXZ\x00": "xz", b"PK\x03\x04": "zip", b"7z\xbc\xaf\x27\x1c": "7z"}
NOT_READ = tuple(_NOT_READ.values())
TAR, UTF_16 = "tar", "utf_sixteen"
_TAR_MAGIC, _TAR_MAGIC_AT = b"ustar", 257  # POSIX.1-1988 and GNU tar
_BYTE_ORDER_MARKS = (b"\xff\xfe", b"\xfe\xff")


class UnreadableError(Exception):
    """A file cannot be read to its end.

    `reason` is `truncated`, `cut_off`, `corrupt`, `expands`, `changed_while_read`, TAR, UTF_16, or of `NOT_READ`.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def compression_of(head: bytes) -> str:
    """How a file is compressed by its first bytes: gz, bz2, zst or plain. Names lie: rotated logs are renamed.

    An unsupported compression raises `UnreadableError`: the file is not a plain log either.
    """
    for magic, name in _NOT_READ.items():
        if head.startswith(magic):
            raise UnreadableError(name)
    for magic, name in _MAGIC.items():
        if head.startswith(magic):
            return name
    return PLAIN


def refuse_other(head: bytes) -> None:
    """Raise `UnreadableError` if a file's first decompressed bytes are of a tar archive, or of text in UTF-16."""
    if head.startswith(_TAR_MAGIC, _TAR_MAGIC_AT):
        raise UnreadableError(TAR)
    letters = head[:64]
    # Without a mark at the beginning: of ASCII text, each second byte is zero, and no other.
    wide = len(letters) > 1 and any(
        not any(letters[zeros::2]) and all(letters[1 - zeros :: 2]) and letters[1 - zeros :: 2].isascii() for zeros in (0, 1)
    )
    if wide or head.startswith(_BYTE_ORDER_MARKS):
        raise UnreadableError(UTF_16)


def decompressed(raw: IO[bytes], compression: str) -> Iterator[bytes]:
    """The file's bytes in chunks of about a MiB; all members of a gz, bz2 or zst file that has several."""
    if compression == PLAIN:
        yield from iter(lambda: raw.read(CHUNK_BYTES), b"")
        return
    size = 0
    with translated(_BROKEN, _unreadable):
        stream = _OPENERS[compression](raw)
        for chunk in iter(lambda: bytes(stream.read(CHUNK_BYTES)), b""):
            size += len(chunk)
            if size > MAX_FREE_BYTES and size > MAX_EXPANSION * raw.tell():
                raise UnreadableError("expands")
            yield chunk


def _unreadable(error: Exception) -> UnreadableError:
    return UnreadableError("truncated" if isinstance(error, EOFError) or "Truncated" in str(error) else "corrupt")


def _open_zst(raw: IO[bytes]) -> IO[bytes]:
    stream: IO[bytes] = pa.CompressedInputStream(pa.PythonFile(raw, mode="r"), "zstd")
    return stream


_BROKEN: tuple[Any, ...] = (EOFError, isal_zlib.error, zlib.error, OSError, ValueError)  # BadGzipFile is an OSError

_OPENERS: dict[str, Callable[[IO[bytes]], IO[bytes]]] = {
    "gz": lambda raw: igzip.IGzipFile(fileobj=raw, mode="rb"),
    "bz2": lambda raw: bz2.BZ2File(raw, "rb"),
    "zst": _open_zst,
}


def blocks(chunks: Iterator[bytes], size: int) -> Iterator[tuple[int, bytes]]:
    """Blocks of about `size` bytes, cut at line ends, each with its offset in the (decompressed) file. Holes are in none."""
    offset, held, parts, in_hole = 0, 0, list[bytes](), False
    for chunk in chunks:
        if _is_hole(chunk):
            block = b"".join(parts).rstrip(b"\0")
            if block:
                yield offset, block
            offset, held, parts, in_hole = offset + held + len(chunk), 0, [], True
            continue
        if in_hole:
            offset += len(chunk) - len(chunk.lstrip(b"\0"))
            chunk, in_hole = chunk.lstrip(b"\0"), False
        parts.append(chunk)
        held += len(chunk)
        if held < size:
            continue
        cut = chunk.rfind(b"\n") + 1
        if not cut and held < MAX_CARRY_BYTES:
            continue
        cut = cut or len(chunk)
        block = b"".join([*parts[:-1], chunk[:cut]])
        yield offset, block
        offset += len(block)
        parts, held = [chunk[cut:]], len(chunk) - cut
    if held:
        yield offset, b"".join(parts)


def spans(file: IO[bytes], end: int, size: int) -> Iterator[tuple[int, int]]:
    """Begin and end of blocks of about `size` bytes of a plain file, cut at line ends, without reading them.

    Holes are in none.
    """
    start = data_after_hole(file, 0, end)
    while start < end:
        cut, after = start + size, 0
        while cut < end:
            file.seek(cut)
            chunk = file.read(min(CHUNK_BYTES, end - cut))
            newline = chunk.find(b"\n") + 1
            if newline or not chunk:
                cut += newline
                break
            if _is_hole(chunk):
                cut, after = _hole_begin(file, start, cut), data_after_hole(file, cut, end)
                break
            cut += len(chunk)
            if cut - start >= MAX_CARRY_BYTES:
                break
        cut = min(cut, end)
        if cut > start:
            yield start, cut
        start = after or cut


def without_holes(block: bytes) -> Iterator[tuple[int, bytes]]:
    """The parts of a block between holes, each with its place in it."""
    start = 0
    while (hole := block.find(_HOLE, start)) >= 0:
        if hole > start:
            yield start, block[start:hole]
        start = hole + len(block[hole:]) - len(block[hole:].lstrip(b"\0"))
    if start < len(block):
        yield start, block[start:]


def _is_hole(chunk: bytes) -> bool:
    return chunk == _HOLE


def _hole_begin(file: IO[bytes], start: int, inside: int) -> int:
    """Where the NULs before a place in a file begin, not before `start`."""
    while inside > start:
        size = min(CHUNK_BYTES, inside - start)
        file.seek(inside - size)
        kept = len(file.read(size).rstrip(b"\0"))
        inside += kept - size
        if kept:
            break
    return inside


def data_after_hole(file: IO[bytes], place: int, end: int) -> int:
    """The first byte behind a hole that begins at a place or before it; the place itself if it is in none."""
    file.seek(place)
    if not _is_hole(file.read(CHUNK_BYTES)):
        return place
    while place < end:
        place = _data_behind(file, place)
        file.seek(place)
        chunk = file.read(min(CHUNK_BYTES, end - place))
        nulls = len(chunk) - len(chunk.lstrip(b"\0"))
        place += nulls
        if nulls < len(chunk) or not chunk:
            break
    return min(place, end)


def stored_bytes(file: IO[bytes], size: int) -> int:
    """How many of the first `size` bytes of a plain file are in no hole, as far as the file system knows."""
    stored = place = 0
    while place < size:
        begin = min(_data_behind(file, place), size)
        try:
            place = min(_sought(file, begin, os.SEEK_HOLE), size) if begin < size else size
        except (OSError, AttributeError):  # it does not know
            return size
        stored += place - begin
    return stored


def _data_behind(file: IO[bytes], place: int) -> int:
    """Where the next stored byte is, if the file system knows: a hole takes no space, and is not read."""
    try:
        return _sought(file, place, os.SEEK_DATA)
    except OSError as error:  # among them those of a stream that is no file
        return os.fstat(file.fileno()).st_size if error.errno == errno.ENXIO else place
    except AttributeError:  # a system without holes
        return place


def _sought(file: IO[bytes], place: int, what: int) -> int:
    """The next place of this kind. The file's own position, which its buffer relies on, stays what it was."""
    number = file.fileno()
    before = os.lseek(number, 0, os.SEEK_CUR)
    try:
        return os.lseek(number, place, what)
    finally:
        os.lseek(number, before, os.SEEK_SET)
