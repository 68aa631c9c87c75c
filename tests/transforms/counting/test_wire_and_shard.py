"""Wire format and shards: what travels and what is written contains nothing of the rows that were dropped."""

from __future__ import annotations

import pyarrow as pa
import pytest

from tests.catalogues import TRAVELLING
from tests.eager import EVERYTHING, files_of, release_log
from tests.logs import crowd, line
from transforms.block import Block, Rules, process_block
from transforms.masking.secret import new_secret
from transforms.wire import compact, pack, pack_bytes, unpack, unpack_bytes

pytestmark = pytest.mark.usefixtures("each_kernel")


def streamed(table):
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return sink.getvalue().to_pybytes()


def test_tables_come_back_as_they_were_sent():
    table = pa.table({"a": pa.array(["x", "y", "x"]).dictionary_encode(), "n": [1, 2, 3]})
    assert unpack(pack({"t": table, "u": table.slice(1)}))["u"].to_pylist() == table.slice(1).to_pylist()
    assert unpack_bytes(pack_bytes({"a": b"1", "b": b""})) == {"a": b"1", "b": b""}


def test_a_filtered_dictionary_forgets_what_was_filtered():
    table = pa.table({"a": pa.array(["keep", "SECRET", "keep"]).dictionary_encode()})
    kept = table.filter(pa.array([True, False, True]))
    assert b"SECRET" in streamed(kept)
    assert b"SECRET" not in streamed(compact(kept))
    assert compact(kept).to_pylist() == kept.to_pylist()


def test_a_visitor_address_and_network_lie_in_one_shard_with_all_their_hits():
    log = b"".join(crowd(40, request=f"GET /{number} HTTP/1.1") for number in range(3))
    pieces, account = process_block(Block("log", "combined", 0, len(log), log), Rules(5, EVERYTHING, TRAVELLING), new_secret())
    seen = {}
    for number, piece in pieces.items():
        tables = unpack(piece)
        assert sum(tables["visitors"]["hits"].to_pylist()) == tables["hits"].num_rows
        for row in tables["visitors"].to_pylist():
            assert row["hits"] == 3
            assert seen.setdefault(row["network_key"], number) == number
    assert len(seen) == 40
    assert account.counted == 120


def test_pieces_hold_no_identifier_and_files_nothing_that_was_folded():
    secrets = {
        "host": "20.9.8.77",
        "user": "jane",
        "request": "GET /rareword?token=abcdef HTTP/1.1",
        "referer": "https://tiny.example.com/jane",
    }
    log = crowd(30) + line(agent="OddAgent/1.0", **secrets)
    pieces, _ = process_block(Block("log", "combined", 0, len(log), log), Rules(1, EVERYTHING, TRAVELLING), new_secret())
    travelling = repr({name: table.to_pylist() for name, table in unpack(pieces[0]).items()})
    for word in ("20.9.8", "jane", "abcdef", "OddAgent"):
        assert word not in travelling
    for data in files_of(release_log(log)).values():
        for word in (b"20.9.8", b"jane", b"abcdef", b"OddAgent", b"rareword", b"tiny.example"):
            assert word not in data
