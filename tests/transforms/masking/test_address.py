"""Remote hosts: which are one address, which are one network, and which prefix remains for geography."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.hosts import describe
from transforms.masking.address import NOWHERE


def one(host):
    (place,) = describe([host])
    return place


def test_the_unit_of_ipv4_is_the_address_and_its_network_the_24():
    a, b, c = describe(["20.1.2.3", "20.1.2.4", "20.1.3.3"])
    assert a.unit != b.unit
    assert a.network == b.network != c.network
    assert a.prefix == "20.1.2.0"


def test_the_unit_of_ipv6_is_the_56_and_its_network_the_32():
    a, b, c, d = describe(["2a00:1450:1:2ff::1", "2a00:1450:1:201::9", "2a00:1450:1:300::1", "2a00:1451::1"])
    assert a == b
    assert a.unit != c.unit
    assert a.network == c.network != d.network
    assert a.prefix == "2a00:1450:1:200::"


@pytest.mark.parametrize(
    "clothes",
    ["::ffff:20.1.2.3", "[::ffff:20.1.2.3]", "64:ff9b::20.1.2.3", "2002:1401:0203::1", "2001:0:53aa:64c::ebfe:fdfc"],
)
def test_ipv4_in_other_clothes_is_the_same_address(clothes):
    assert one(clothes) == one("20.1.2.3")


@pytest.mark.parametrize(
    ("host", "bare"),
    [
        ("20.1.2.3:1024", "20.1.2.3"),
        ("[2a00:1450::1]:443", "2a00:1450::1"),
        ("[2a00:1450::1%eth0]:443", "2a00:1450::1"),
        ("[::ffff:20.1.2.3]:80", "20.1.2.3"),
        ("[20.1.2.3]", "20.1.2.3"),
        ("dial-7.example.com:80", "dial-7.example.com"),
        ("10.1.2.3:80", "10.1.2.3"),
        ("9.9.9.9, 20.1.2.3:1024", "20.1.2.3"),
        ("9.9.9.9,20.1.2.3", "20.1.2.3"),
        ("\0\0\0" + "20.1.2.3", "20.1.2.3"),
        ("\ufeff20.1.2.3", "20.1.2.3"),
        ("20.1.2.3,", "unknown"),
        ("20.1.2.3:123456", "unknown"),
        ("20.1.2.3:", "unknown"),
        ("20.1.2.3:80:80", "unknown"),
    ],
)
def test_a_port_is_no_part_of_an_address(host, bare):
    assert describe([host, "20.9.9.9", host]) == describe([bare, "20.9.9.9", bare])


@pytest.mark.parametrize(
    "host",
    [
        "10.1.2.3", "127.0.0.1", "192.168.0.1", "169.254.1.1", "172.31.0.1", "100.64.0.1", "0.0.0.0", "255.255.255.255",
        "224.0.0.1", "192.0.2.1", "198.51.100.1", "203.0.113.1", "198.18.0.1", "::1", "::", "fe80::1%eth0", "fc00::1", "ff02::1",
        "2001:db8::1", "3fff::1", "3fff:500::1", "2001:2::1", "2001:10::1", "100::1", "5f00::1", "::ffff:10.1.2.3",
        "2002:0a00:0001::1", "-", "", "localhost", "intranet", "unknown", "a b", "999.1.1.1", "1.2.3", "01.2.3.4", "co.uk",
        "host.invalid-tld-x",
    ],
)  # fmt: skip
def test_all_that_is_not_global_is_one_address_in_one_network(host):
    assert one(host) == NOWHERE


def test_a_host_name_is_an_address_and_all_host_names_are_one_network():
    hosts = ["Dial-7.pool.example.com.", "dial-8.pool.example.com", "example.net", "7.1.1.20.in-addr.arpa"]
    named = describe(hosts)
    assert len({place.unit for place in named}) == len(hosts)
    assert {place.network for place in named} == {named[0].network}
    assert {place.prefix for place in named} == {""}
    assert named[0].network not in {place.network for place in describe(["20.1.1.1", "2a00:1450::1", "localhost"])}
    assert describe(["dial-7.POOL.example.com"]) == named[:1]


def test_a_name_that_looks_like_framed_bytes_is_no_address():
    units = [place.unit for place in describe(["20.1.2.3", "4.example.com", "n.example.com"])]
    assert len(set(units)) == 3


@given(st.integers(0, 2**32 - 1).map(ipaddress.IPv4Address))
def test_truncation_hides_the_last_byte_and_is_idempotent(address):
    place = one(str(address))
    if place == NOWHERE:
        assert not address.is_global or address.is_multicast or address in ipaddress.ip_network("192.88.99.0/24")
    else:
        assert ipaddress.ip_address(place.prefix) in ipaddress.ip_network((address, 24), strict=False)
        assert one(place.prefix).prefix == place.prefix


@given(st.integers(0x2 << 124, (0x4 << 124) - 1).map(ipaddress.IPv6Address))
def test_truncation_of_ipv6(address):
    place = one(str(address))
    if place.prefix and ":" in place.prefix:
        assert ipaddress.ip_network((place.prefix, 56)) == ipaddress.ip_network((address, 56), strict=False)
