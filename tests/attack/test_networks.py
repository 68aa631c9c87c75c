"""Many addresses in few hands do not fill a row. They would if each address counted."""

from __future__ import annotations

import contextlib
from unittest.mock import patch

import numpy as np
import pytest

from tests.attack.mutations import published, visitors_instead_of_addresses, without_caps
from tests.logs import CHROME, GOOGLEBOT, line
from transforms.hosts import network_domain
from transforms.masking import address as mask


@contextlib.contextmanager
def every_56_a_network():
    """As if the network of an IPv6 address were its /56."""
    ipv6 = mask._ipv6
    with patch.object(mask, "_ipv6", lambda packed: mask.Place(ipv6(packed).unit, ipv6(packed).unit, ipv6(packed).prefix)):
        yield


@contextlib.contextmanager
def every_interface_an_address():
    """As if an IPv6 address were one host, and not the /56 of a household."""
    ipv6 = mask._ipv6
    with patch.object(mask, "_ipv6", lambda packed: mask.Place(packed, packed, ipv6(packed).prefix)):
        yield


@contextlib.contextmanager
def local_addresses_apart():
    """As if an address that is not global were an address like any other."""
    with patch.object(mask, "_non_global", lambda numbers: np.zeros(len(numbers), np.bool_)):
        yield


@contextlib.contextmanager
def every_domain_a_network():
    """As if the network of a host name were its registrable domain."""
    other = mask._other

    def placed(host):
        return mask.Place(other(host).unit, network_domain(host).encode(), "")

    with patch.object(mask, "_other", placed):
        yield


@contextlib.contextmanager
def every_name_a_network():
    """As if a host name were a network like any other."""
    other = mask._other
    with patch.object(mask, "_other", lambda host: mask.Place(other(host).unit, other(host).unit, "")):
        yield


FEW_HANDS = {
    "one network and two people": (
        b"".join(line(f"20.1.1.{last}") for last in range(1, 9)) + line("20.7.7.7") + line("20.8.8.8"),
        without_caps,
    ),
    "a whole /24 and two people": (
        b"".join(line(f"20.1.1.{last}") for last in range(1, 255)) + line("20.7.7.7") + line("20.8.8.8"),
        without_caps,
    ),
    "many agents of one person": (
        b"".join(line("20.1.1.1", agent=f"{CHROME} {number}") for number in range(30)),
        visitors_instead_of_addresses,
    ),
    "many agents of one robot": (
        b"".join(line("20.1.1.1", agent=f"{GOOGLEBOT} {number}") for number in range(30)),
        visitors_instead_of_addresses,
    ),
    "many /56 of one provider in IPv6": (
        b"".join(line(f"2a00:1450:1:{number:x}00::1") for number in range(1, 60)),
        every_56_a_network,
    ),
    "many /48 of one provider in IPv6": (
        b"".join(line(f"2a00:1450:{number:x}::1") for number in range(1, 60)),
        every_56_a_network,
    ),
    "one machine with an IPv6 /48, as a tool": (
        b"".join(line(f"2a00:1450:1:{number:x}00::1", agent="curl/8.0") for number in range(1, 60)),
        every_56_a_network,
    ),
    "many devices of one household": (
        b"".join(line(f"2a00:1450:1:{number:x}::{number:x}") for number in range(1, 60)),
        every_interface_an_address,
    ),
    "ten names below four domains of one owner": (
        b"".join(line(f"host-{number}.owner-{number % 4}.com") for number in range(10)),
        every_domain_a_network,
    ),
    "ten names of one reverse zone": (
        b"".join(line(f"{last}.1.1.20.in-addr.arpa") for last in range(1, 11)),
        every_name_a_network,
    ),
    "a network that nobody outside sees": (
        b"".join(line(f"10.{number}.0.1") for number in range(1, 60)),
        local_addresses_apart,
    ),
}


@pytest.mark.parametrize("hands", FEW_HANDS)
def test_few_hands_do_not_fill_a_row(hands):
    log, _ = FEW_HANDS[hands]
    assert not published(log)["daily"]


@pytest.mark.parametrize("hands", FEW_HANDS)
def test_if_each_address_or_agent_counted_they_would(hands):
    log, mutation = FEW_HANDS[hands]
    with mutation():
        assert published(log)["daily"]
