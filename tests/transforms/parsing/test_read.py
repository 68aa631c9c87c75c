"""Reading files: blocks of whole lines hold every byte of a file of any kind, or there is an error."""

from __future__ import annotations

import bz2
import gzip
import io

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from transforms.parsing.read import UnreadableError, blocks, compression_of, decompressed, spans, without_holes

LINES = b"".join(b"line %d\n" % number for number in range(50_000))


def zst(data):
    return zstandard.ZstdCompressor(write_checksum=True).compress(data)  # as the command zstd does


ARCHIVES = {"gz": gzip.compress, "bz2": bz2.compress, "zst": zst, "plain": bytes}


@pytest.mark.parametrize("kind", ARCHIVES)
def test_an_archive_is_known_by_its_first_bytes_and_read_whole(kind):
    archive = ARCHIVES[kind](LINES)
    assert compression_of(archive[:4]) == kind
    assert b"".join(decompressed(io.BytesIO(archive), kind)) == LINES


@pytest.mark.parametrize("kind", ARCHIVES)
def test_all_members_are_read(kind):
    archive = ARCHIVES[kind](LINES[:100_000]) + ARCHIVES[kind](LINES[100_000:])
    assert b"".join(decompressed(io.BytesIO(archive), kind)) == LINES


@pytest.mark.parametrize("kind", ["gz", "bz2", "zst"])
@pytest.mark.parametrize("left", [0.1, 0.5, 0.99])
def test_a_truncated_archive_is_an_error(kind, left):
    archive = ARCHIVES[kind](LINES)
    with pytest.raises(UnreadableError) as caught:
        list(decompressed(io.BytesIO(archive[: int(len(archive) * left)]), kind))
    assert caught.value.reason == "truncated"


@pytest.mark.parametrize("kind", ["gz", "bz2", "zst"])
def test_a_damaged_archive_is_an_error(kind):
    archive = bytearray(ARCHIVES[kind](LINES))
    middle = len(archive) // 2
    archive[middle : middle + 20] = bytes(20)
    with pytest.raises(UnreadableError):
        list(decompressed(io.BytesIO(archive), kind))


@pytest.mark.parametrize("before", [b"", b"first\n", b"first\ncut-off"])
@pytest.mark.parametrize("hole", [3 << 20, (3 << 20) + 12_345, 40 << 20])
@pytest.mark.parametrize("size", [1 << 16, 4 << 20, 64 << 20])
def test_what_a_log_that_was_cut_short_left_as_a_hole_is_no_line(tmp_path, before, hole, size):
    path = tmp_path / "access.log"
    with path.open("wb") as file:
        file.write(before)
        file.seek(hole, 1)
        file.write(b"second\nthird\n")
        file.truncate(file.tell() + hole)
    end = path.stat().st_size
    with path.open("rb") as file:
        parts = [(start, cut) for start, cut in spans(file, end, size)]
    whole = path.read_bytes()
    of_spans = [part for start, cut in parts for _, part in without_holes(whole[start:cut])]
    chunks = [whole[at : at + (1 << 20)] for at in range(0, end, 1 << 20)]
    of_stream = [part for _, block in blocks(iter(chunks), size) for _, part in without_holes(block)]
    for read in (of_spans, of_stream):
        lines = [line.strip(b"\0") for part in read for line in part.split(b"\n")]
        assert [line for line in lines if line] == [*before.split(), b"second", b"third"]
        assert max(map(len, read)) <= (1 << 20) + 20


DATA = st.lists(st.binary(max_size=12), max_size=40).map(b"\n".join)


@given(DATA, st.integers(1, 50), st.integers(1, 20))
def test_blocks_hold_every_byte_and_end_at_line_ends(data, size, chunk):
    chunks = [data[at : at + chunk] for at in range(0, len(data), chunk)]
    found = list(blocks(iter(chunks), size))
    assert b"".join(block for _, block in found) == data
    assert [offset for offset, _ in found] == [sum(len(block) for _, block in found[:at]) for at in range(len(found))]
    assert all(block.endswith(b"\n") for _, block in found[:-1])


@given(DATA, st.integers(1, 50))
def test_spans_cover_every_byte_and_end_at_line_ends(data, size):
    found = list(spans(io.BytesIO(data), len(data), size))
    assert [start for start, _ in found] == [0, *(end for _, end in found)][: len(found)]
    assert not data or found[-1][1] == len(data)
    assert all(data[end - 1 : end] == b"\n" for _, end in found[:-1])
