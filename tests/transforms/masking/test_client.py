"""Chains of proxies lead to the right client, and nobody can forge another address."""

from __future__ import annotations

import pyarrow as pa
import pytest

from transforms.masking.client import Proxies, clients

INSIDE = "10.0.0.0/8, 2001:db8::/32"


@pytest.mark.parametrize(
    ("proxies", "remote", "chain", "client"),
    [
        (INSIDE, "10.0.0.1", "20.1.2.3", "20.1.2.3"),
        (INSIDE, "10.0.0.1", "20.1.2.3, 10.0.0.2", "20.1.2.3"),
        (INSIDE, "2001:db8::1", "2a00:1450::5", "2a00:1450::5"),
        (INSIDE, "::ffff:10.0.0.1", "20.1.2.3", "20.1.2.3"),
        (INSIDE, "10.0.0.1", "20.1.2.3:5678", "20.1.2.3"),
        (INSIDE, "10.0.0.1", "[2a00:1450::5]:443", "2a00:1450::5"),
        (INSIDE, "1.1.1.1,10.0.0.1", "20.1.2.3", "20.1.2.3"),
        (INSIDE, "\ufeff10.0.0.1", "20.1.2.3", "20.1.2.3"),
        # Whoever calls a proxy may have written the beginning of the chain.
        (INSIDE, "10.0.0.1", "1.1.1.1, 20.1.2.3", "20.1.2.3"),
        # Whoever calls without a proxy may write anything.
        (INSIDE, "20.9.9.9", "1.1.1.1", "20.9.9.9"),
        (INSIDE, "10.0.0.1", "-", "10.0.0.1"),
        (INSIDE, "10.0.0.1", "", "10.0.0.1"),
        (INSIDE, "10.0.0.1", "unknown", "10.0.0.1"),
        (INSIDE, "10.0.0.1", "20.1.2.3, unknown, 10.0.0.2", "10.0.0.2"),
        (INSIDE, "10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("1", "10.0.0.1", "1.1.1.1, 20.1.2.3", "20.1.2.3"),
        ("2", "10.0.0.1", "1.1.1.1, 20.1.2.3, 10.0.0.2", "20.1.2.3"),
        ("3", "10.0.0.1", "20.1.2.3", "20.1.2.3"),
        ("1", "10.0.0.1", "-", "10.0.0.1"),
        ("1", "10.0.0.1", "20.1.2.3, <script>", "10.0.0.1"),
        ("::ffff:10.0.0.0/104", "10.1.2.3", "203.0.113.9", "203.0.113.9"),
    ],
)
def test_whom_a_chain_leads_to(proxies, remote, chain, client):
    known = Proxies.parse(proxies)
    assert known.client(remote, chain) == client
    both = (pa.chunked_array([pa.array([text, text]).dictionary_encode()]) for text in (remote, chain))
    assert clients(*both, known).to_pylist() == [client, client]


@pytest.mark.parametrize("words", ["0", "21", "-1", "10.0.0.0/33", "proxy.example.org", "", "10.0.0.1/8"])
def test_what_is_neither_a_network_nor_a_number_is_refused(words):
    with pytest.raises(ValueError, match="neither a network"):
        Proxies.parse(words)
