"""Decodes Parquet files that nobody vouches for, in a process of its own: Arrow may end its process at a forged file.

The process starts once (0.3 s), and again after each file that ended it. Tables come back through a pipe.
"""

from __future__ import annotations

import contextlib
import io
import multiprocessing
import os
import resource
import signal
import tempfile
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.children import be_silent, starting

_MOST_MEMORY = 4 << 30
_SECONDS = 60
_SHORT = 107 - len("/pymp-12345678/listener-12345678")
"""Length of the temporary folder's name with which a server has room for its socket: it forks, which is faster."""


class DecodeError(ValueError):
    """A file that is no Parquet, or whose content is not valid. Says nothing of the content."""


class Decoder:
    """A context manager, which ends the process."""

    def __init__(self) -> None:
        self._process: BaseProcess | None = None
        self._pipe: Connection | None = None

    def __enter__(self) -> Decoder:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def decoded(self, data: bytes) -> pa.Table:
        """The rows of a file; raises `DecodeError`."""
        try:
            if self._pipe is None:
                self._start()
            assert self._pipe is not None
            self._pipe.send_bytes(data)
            if not self._pipe.poll(_SECONDS):
                raise EOFError
            answer = self._pipe.recv_bytes()
        except (EOFError, BrokenPipeError, ConnectionResetError):
            self._end()
            raise DecodeError from None
        if not answer:
            raise DecodeError
        try:
            table = pa.ipc.open_stream(answer).read_all()
            table.validate(full=True)
        except (pa.ArrowException, OSError):
            raise DecodeError from None
        return table

    def _start(self) -> None:
        process: BaseProcess
        with starting():
            self._pipe, theirs = multiprocessing.Pipe()
            with theirs:
                if len(os.fsencode(tempfile.gettempdir())) <= _SHORT:
                    server = multiprocessing.get_context("forkserver")
                    server.set_forkserver_preload([__name__])
                    process = server.Process(target=_serve, args=(theirs,), daemon=True)
                else:
                    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(theirs,), daemon=True)
                process.start()
        self._process = process

    def _end(self) -> None:
        if self._pipe is not None:
            self._pipe.close()
        if self._process is not None:
            self._process.kill()
            self._process.join()
        self._pipe = self._process = None


def _serve(pipe: Connection) -> None:
    """Answer each file with its rows as an Arrow stream, or with nothing, until the other end is closed."""
    be_silent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
        resource.setrlimit(resource.RLIMIT_AS, (_MOST_MEMORY, resource.getrlimit(resource.RLIMIT_AS)[1]))
    with contextlib.suppress(EOFError, BrokenPipeError):
        while True:
            pipe.send_bytes(_answer(pipe.recv_bytes()))


def _answer(data: bytes) -> bytes:
    try:
        table = pq.ParquetFile(io.BytesIO(data)).read(use_threads=False)
        table.validate(full=True)
        if any(pa.types.is_nested(each) or isinstance(each, pa.BaseExtensionType) for each in table.schema.types):
            return b""
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as stream:
            stream.write(table)
    except (pa.ArrowException, OSError, ValueError, MemoryError, OverflowError):
        return b""
    return bytes(sink.getvalue().to_pybytes())
