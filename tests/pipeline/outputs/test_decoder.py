"""Decoding files that nobody vouches for: whatever they hold, the process that asks goes on."""

from __future__ import annotations

import errno
import io
import multiprocessing
import random
import tempfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.errors import JobError
from pipeline.outputs.decoder import DecodeError, Decoder

TABLE = pa.table({"path": ["/", "/a", "/b"], "hits": pa.array([3, 2, 1], pa.int64())})


def parquet(table, **options):
    sink = io.BytesIO()
    pq.write_table(table, sink, **options)
    return sink.getvalue()


@pytest.mark.parametrize("folder", [None, "x" * 100])
def test_rows_come_back_whatever_the_temporary_folder_is_called(tmp_path, monkeypatch, folder):
    if folder:
        (tmp_path / folder).mkdir()
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / folder))
    with Decoder() as decoder:
        assert decoder.decoded(parquet(TABLE)).equals(TABLE)
        assert decoder.decoded(parquet(TABLE.slice(0, 0))).equals(TABLE.slice(0, 0))


@pytest.mark.parametrize(
    "data", [b"", b"PAR1", b"PAR1" + b"\xff" * 20 + b"PAR1", parquet(TABLE)[:-9] + b"PAR1", parquet(pa.table({"path": [["/"]]}))]
)
def test_what_is_no_flat_table_is_an_error_that_says_nothing_of_it(data):
    with Decoder() as decoder, pytest.raises(DecodeError, match=r"^$"):
        decoder.decoded(data)


def test_damage_is_an_error_or_a_table_and_the_next_file_is_read():
    data, dice = parquet(TABLE), random.Random(1)
    with Decoder() as decoder:
        for _ in range(300):
            damaged = bytearray(data)
            for _ in range(3):
                damaged[dice.randrange(4, len(data) - 8)] = dice.randrange(256)
            try:
                decoder.decoded(bytes(damaged))
            except DecodeError:
                continue
        assert decoder.decoded(data).equals(TABLE)


def test_a_process_that_is_gone_fails_one_file_only():
    data = parquet(TABLE)
    with Decoder() as decoder:
        assert decoder.decoded(data).equals(TABLE)
        assert decoder._process is not None
        decoder._process.kill()
        with pytest.raises(DecodeError):
            decoder.decoded(data)
        assert decoder.decoded(data).equals(TABLE)


def test_a_process_that_cannot_be_started_ends_the_job(monkeypatch):
    def refuse(_):
        raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")

    monkeypatch.setattr(multiprocessing.process.BaseProcess, "start", refuse)
    with pytest.raises(JobError, match="A process could not be started"), Decoder() as decoder:
        decoder.decoded(parquet(TABLE))
