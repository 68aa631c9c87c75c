"""Keys depend on every part of the secret, and one part alone is worthless."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.catalogues import TRAVELLING
from tests.eager import EVERYTHING
from tests.kernels import BUILT, running
from tests.logs import line
from transforms.block import Block, BlockError, Rules, process_block
from transforms.counting.count import merge_pieces
from transforms.counting.pieces import SecretChangedError
from transforms.masking.secret import ADDRESS, VISITOR, derive, fingerprint, keys, new_secret
from transforms.wire import unpack

SECRET = bytes(range(32))


def test_secrets_are_random_and_of_256_bits():
    made = {new_secret() for _ in range(100)}
    assert len(made) == 100
    assert {len(secret) for secret in made} == {32}


def test_each_kind_of_key_is_its_own():
    assert keys(SECRET, ADDRESS, [b"x"]) != keys(SECRET, VISITOR, [b"x"])
    assert keys(SECRET, ADDRESS, [b"x"]) != keys(new_secret(), ADDRESS, [b"x"])
    assert keys(SECRET, ADDRESS, [b"x", b"y"]).tolist() == [*keys(SECRET, ADDRESS, [b"x"]), *keys(SECRET, ADDRESS, [b"y"])]


@given(st.lists(st.binary(max_size=300)))
def test_each_kernel_derives_the_keys_that_the_standard_library_does(messages):
    digests = [hashlib.blake2b(message, digest_size=8, key=SECRET, person=VISITOR).digest() for message in messages]
    for name in BUILT:
        with running(name):
            assert keys(SECRET, VISITOR, messages).tobytes() == b"".join(digests)


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_a_secret_of_another_length_is_refused(length):
    with pytest.raises(ValueError, match="32 bytes"):
        keys(bytes(length), VISITOR, [])


def test_both_parts_of_a_derived_secret_matter():
    assert len({derive(SECRET, b"a"), derive(SECRET, b"b"), derive(new_secret(), b"a"), SECRET}) == 4


def test_the_fingerprint_tells_secrets_apart_and_not_what_they_are():
    assert fingerprint(SECRET) == fingerprint(bytes(range(32)))
    assert fingerprint(SECRET) != fingerprint(new_secret())
    assert len(fingerprint(SECRET)) == 16


def piece(rules):
    made, _ = process_block(Block("log", "combined", 0, len(line()), line()), rules, SECRET)
    return made[0]


def test_the_part_from_outside_changes_every_key(monkeypatch):
    monkeypatch.setenv("PART", "x" * 32)
    plain, mixed = piece(Rules(1, EVERYTHING, TRAVELLING)), piece(Rules(1, EVERYTHING, TRAVELLING, secret_part="PART"))
    for name in ("network_key", "address_key", "visitor_key"):
        assert unpack(plain)["visitors"][name] != unpack(mixed)["visitors"][name]
    with pytest.raises(SecretChangedError):
        merge_pieces([plain, mixed], ())


def test_a_worker_without_its_part_does_not_work_without_it():
    with pytest.raises(BlockError):
        piece(Rules(1, EVERYTHING, TRAVELLING, secret_part="NOT_THERE"))
