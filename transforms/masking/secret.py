"""Derives keys from a run's secret: 64-bit pseudonyms of networks, addresses and visitors within one run.

Keys are keyed BLAKE2b, each kind with its own `person`, each message with fixed-width parts before the last one, so that no two
different inputs produce the same message. They are meaningless without the secret, which is random for each run, shared by its
workers and gone when it ends. They are never "salted ids": nothing can be looked up by them afterwards.
"""

from __future__ import annotations

import hashlib
import secrets

import numpy as np

from transforms import kernel
from transforms.columns import Keys

SECRET_BYTES = 32

NETWORK = b"network"
ADDRESS = b"address"
AGENT = b"agent"
VISITOR = b"visitor"


def new_secret() -> bytes:
    """256 random bits from the operating system."""
    return secrets.token_bytes(SECRET_BYTES)


def derive(secret: bytes, outside: bytes) -> bytes:
    """The secret mixed with a part that the runner does not know: without both parts it cannot be derived."""
    return hashlib.blake2b(outside, digest_size=SECRET_BYTES, key=_checked(secret), person=b"derive").digest()


def fingerprint(secret: bytes) -> str:
    """A short keyed hash by which two partial results show that they were made with the same secret (16 hex digits)."""
    return hashlib.blake2b(b"", digest_size=8, key=_checked(secret), person=b"fingerprint").hexdigest()


def keys(secret: bytes, person: bytes, messages: list[bytes]) -> Keys:
    """One 64-bit key a message. The caller frames messages: fixed-width parts first, at most one free part, last."""
    digests = (_digests if kernel.native is None else kernel.native.keys)(_checked(secret), person, messages)
    return np.frombuffer(digests, np.uint64)


def _digests(secret: bytes, person: bytes, messages: list[bytes]) -> bytes:
    state = hashlib.blake2b(digest_size=8, key=secret, person=person)

    def digest(message: bytes) -> bytes:
        hasher = state.copy()
        hasher.update(message)
        return hasher.digest()

    return b"".join(map(digest, messages))


def _checked(secret: bytes) -> bytes:
    if len(secret) != SECRET_BYTES:
        raise ValueError(f"the secret must have {SECRET_BYTES} bytes, not {len(secret)}")
    return secret
