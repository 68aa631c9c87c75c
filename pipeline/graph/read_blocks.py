"""From input files to blocks of whole lines.

Local plain files are only cut here; the worker that processes a block reads it. Everything else is read here, in order, and
travels as bytes.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import IO

from pipeline.graph import progress
from pipeline.graph.inputs import open_input
from pipeline.graph.job import InputFile
from pipeline.graph.unread import STDIN, reading
from transforms.block import Block
from transforms.formats import w3c
from transforms.formats.registry import format_of
from transforms.parsing import read


def read_blocks(file: InputFile, block_bytes: int) -> Iterator[Block]:
    """Blocks of one file, of about so many bytes each; the next is read while earlier ones are processed."""
    with (
        reading(file.path),
        open_input(file) as stream,
    ):
        if file.identity is not None and file.compression == read.PLAIN and not w3c.is_header(file.format):
            end_of_file = _end(stream, file)
            for start, end in read.spans(stream, end_of_file, block_bytes):
                yield Block(file.path, file.format, start, end - start, identity=file.identity, site=file.site)
                progress.consumed(end - start)
        else:
            position, log_format, data = 0, file.format, b"\n"
            for offset, data in read.blocks(read.decompressed(stream, file.compression), block_bytes):
                for declared, at, part in w3c.by_header(data, log_format):
                    format_of(declared)
                    log_format = declared
                    yield Block(file.path, log_format, offset + at, len(part), part, site=file.site)
                # A decompressor closes the file when it has come to its end.
                done = file.size if stream.closed else stream.tell()
                progress.consumed(done - position)
                position = done
            if file.path == STDIN and file.compression == read.PLAIN and not data.endswith(b"\n"):
                raise read.UnreadableError("cut_off")  # a compressed stream says by itself where it ends


def _end(stream: IO[bytes], file: InputFile) -> int:
    """Where reading stops: at the size that the file had when the run began. What is written later is for the next run.

    If it has grown since, the last line may have been cut in two by that: then it is left to the next run as a whole.
    """
    status = os.fstat(stream.fileno())
    if file.identity != (status.st_dev, status.st_ino):
        raise read.UnreadableError("changed_while_read")
    if status.st_size < file.size:
        raise read.UnreadableError("truncated")
    if status.st_size == file.size:
        return file.size
    begin = max(0, file.size - read.CHUNK_BYTES)
    stream.seek(begin)
    return begin + stream.read(file.size - begin).rfind(b"\n") + 1
