"""Keys without the secret: nobody finds an address in a runner's storage, and no two inputs have the same key.

The attacker has everything that travels to the shards, and every public fact: the manifest, the day, the site, the code, the
agents.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterable, Iterator
from unittest.mock import patch

import numpy as np
import pytest

from tests.catalogues import TRAVELLING
from tests.eager import EVERYTHING
from tests.hosts import describe
from tests.logs import CHROME, line
from transforms.block import Block, Rules, process_block
from transforms.formats.registry import FORMATS
from transforms.masking import address as mask
from transforms.masking import anonymize
from transforms.masking import secret as secrets
from transforms.parsing.parse import parse_block
from transforms.wire import unpack

DAY = (20515).to_bytes(4, "big")  # 3 March 2026, in days since 1970
RUN = "20260304T033000Z-a1b2c3"
JANE = "20.1.2.77"
KINDS = {"network_key": secrets.NETWORK, "address_key": secrets.ADDRESS, "visitor_key": secrets.VISITOR}


def storage(secret: bytes) -> dict[str, bytes]:
    """What a runner keeps of Jane's line: pieces, and in them the fingerprint."""
    pieces, _ = process_block(Block("log", "combined", 0, len(line(JANE)), line(JANE)), Rules(1, EVERYTHING, TRAVELLING), secret)
    (piece,) = pieces.values()
    return unpack(piece)


def guesses(fingerprint: bytes) -> Iterator[bytes]:
    """Secrets that could be had from what is public or lies beside the hits."""
    for word in (b"", b"0", RUN.encode(), DAY, b"2026-03-03", b"www.example.org", fingerprint, b"weblog-anonymizer"):
        yield word.ljust(32, b"\0")[:32]
        yield hashlib.sha256(word).digest()
        yield hashlib.blake2b(word, digest_size=32).digest()


def messages() -> dict[str, list[bytes]]:
    """What Jane's keys are made of, and what a simpler program would make them of, for every address of her network."""
    hosts = [f"20.1.2.{last}" for last in range(256)]
    units = [DAY + place.unit for place in describe(hosts)]
    return {"address_key": units + [host.encode() for host in hosts], "network_key": [DAY + describe([JANE])[0].network]}


def recomputed(tables) -> list[str]:
    """Kinds of keys that a guessed secret, or none, gives back."""
    fingerprint = tables["visitors"].schema.metadata[b"secret"]
    found = []
    for kind, texts in messages().items():
        there = set(tables["visitors"][kind].to_pylist())
        plain = [
            int.from_bytes(hashlib.new(name, text).digest()[:8], "little")
            for name in ("md5", "sha1", "sha256", "blake2b", "blake2s")
            for text in texts
        ]
        keyed = [secrets.keys(guess, KINDS[kind], texts).tolist() for guess in guesses(fingerprint)]
        if there.intersection(plain) or there.intersection(value for values in keyed for value in values):
            found.append(kind)
    return found


def test_no_public_fact_gives_a_key():
    assert recomputed(storage(secrets.new_secret())) == []


@pytest.mark.parametrize("fact", [RUN, "2026-03-03", "www.example.org", ""])
def test_were_the_secret_made_of_a_public_fact_every_key_would_fall(fact):
    assert recomputed(storage(hashlib.sha256(fact.encode()).digest())) == ["address_key", "network_key"]


def without_secret(_secret: bytes, _person: bytes, texts: Iterable[bytes]) -> secrets.Keys:
    return np.frombuffer(b"".join(hashlib.sha256(text).digest()[:8] for text in texts), np.uint64)


def test_were_keys_plain_hashes_every_key_would_fall():
    with patch.object(secrets, "keys", without_secret):
        tables = storage(secrets.new_secret())
    assert recomputed(tables) == ["address_key", "network_key"]


def test_the_fingerprint_is_of_the_secret_and_no_key():
    secret = secrets.new_secret()
    tables = storage(secret)
    fingerprint = int(tables["visitors"].schema.metadata[b"secret"], 16)
    for kind, person in KINDS.items():
        assert fingerprint not in {*tables["visitors"][kind].to_pylist(), *secrets.keys(secret, person, [b""]).tolist()}


def distinct(kind: str, *lines: bytes) -> int:
    entries = parse_block(b"".join(lines), FORMATS["combined"]).entries
    masked = anonymize.anonymize(entries, bytes(range(32)), EVERYTHING, "www.example.org")
    return len(set(masked.visitors[kind].to_pylist()))


@contextlib.contextmanager
def address_and_agent_run_together() -> Iterator[None]:
    """A visitor's key made of the texts of address and agent, one behind the other."""
    visitors_of = anonymize._visitors

    def unframed(hosts, user_agents, dates, secret):
        visitors, codes = visitors_of(hosts, user_agents, dates, secret)
        first = [codes.tolist().index(row) for row in range(visitors.num_rows)]
        texts = [(hosts[at].as_py() + user_agents[at].as_py()).encode() for at in first]
        keys = secrets.keys(secret, secrets.VISITOR, texts)
        at = visitors.schema.get_field_index("visitor_key")
        return visitors.set_column(at, visitors.schema.field(at), [keys]), codes

    with patch.object(anonymize, "_visitors", unframed):
        yield


@contextlib.contextmanager
def addresses_without_their_kind() -> Iterator[None]:
    """A unit made of an address's bytes or a name's letters, without saying which."""
    with patch.object(mask, "_IPV4", b""), patch.object(mask, "_IPV6", b""), patch.object(mask, "_NAME", b""):
        yield


MEETING = {
    "address and agent": (
        "visitor_key",
        [line("1.2.3.4", agent="5X"), line("1.2.3.45", agent="X")],
        address_and_agent_run_together,
    ),
    "an address and the name that its bytes spell": (
        "address_key",
        [line("102.46.99.99"), line("f.cc")],
        addresses_without_their_kind,
    ),
}


@pytest.mark.parametrize("pair", MEETING)
def test_two_do_not_meet_in_one_key(pair):
    kind, lines, _ = MEETING[pair]
    assert distinct(kind, *lines) == 2


@pytest.mark.parametrize("pair", MEETING)
def test_without_framing_they_do(pair):
    kind, lines, mutation = MEETING[pair]
    with mutation():
        assert distinct(kind, *lines) == 1


def test_a_day_and_an_address_have_a_fixed_width():
    """So the first parts of a message never run into the next."""
    units = [place.unit for place in describe(["1.2.3.4", "200.100.50.25", "2a00:1450::1", "2a00:1450:4001:82b::200e"])]
    assert [len(unit) for unit in units] == [5, 5, 8, 8]
    assert distinct("visitor_key", line(agent=CHROME), line(agent=CHROME + " ")) == 2
