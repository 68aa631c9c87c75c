"""Detectors catch personal identifiers in any spelling, nothing else, and in linear time."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import quote

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from transforms.masking.path import scrub_path
from transforms.masking.spelling import decodings, names_address
from transforms.privacy.detectors import DETECTORS, is_caught

CAUGHT = [
    "/whois/2606:4700::1111",
    "/whois/2a02:8108::77",
    "/whois/fe80::1",
    "/whois/fe80::1%25eth0",
    "/whois/[2606:4700::1111]",
    "/whois/2606%3A4700%3A%3A1111",
    "/whois/2606%253A4700%253A%253A1111",
    "/whois/2001-db8-85a3-0-0-8a2e-370-7334",
    "/whois/2001:db8:1:2:3:4:192.168.100.200",
    "/whois/2001:db8:1:2:3:4:5:6789-12345",
    "/whois/::ffff:192.168.100.200",
    "/net/2001:db8:1:2",
    "/net/2001%3Adb8%3A1%3A2",
    "/net/2001:db8:1:2/64",
    "/net/2001:db8:85a3:8d3:1319:8a2e",
    "/net/2a02:8108:1234:5678:9abc:def0:1234",
    "/net/63:cc:a0:8a:d9",
    "/net/192:0:2:7",
    "/net/host2001:db8:1:2.html",
    "/net/12:30:05:10",
    "/net/a:b:c:d",
    "/whois/192.0.2.7",
    "/whois/192.168.100.200:44321",
    "/whois/192_0_2_7",
    "/whois/192-0-2-7",
    "/whois/192.000.002.007",
    "/ip-192.0.2.7",
    "/ip192.0.2.7",
    "/report_192.0.2.7.html",
    "/2026-03-03-192-0-2-7",
    "/192.0.02.7",
    "/whois/v192.0.2.7",
    "/whois/192.0.2.7b",
    "/whois/1-22-33-144",
    "/whois/2026-03-03-10-30-15-192-0-2-7",
    "/whois/2026-03-03-10-30-15.0.2.7",
    "/caf3::bad",
    "/ab::bad",
    "/abc::",
    "/device/00:1a:2b:3c:4d:5e",
    "/device/00-1A-2B-3C-4D-5E",
    "/device/v63:cc:a0:8a:d9:fa",
    "/device/63:cc:a0:8a:d9:fax",
    "/device/c%32:%357:07:24:%63%61:d7%76",
    "/mail/jane@localhost",
    "/mail/jane%40localhost",
    "/mail/jane@LocalHost/",
    "0170-123-4567.example.org",
    "4111-1111-1111-1111.example.org",
    "ip-192-0-2-7.example.org",
]
ORDINARY = [
    "/",
    "/2024/11/26/",
    "/2024-11-26-title",
    "/2024_11_26",
    "/2024.11.26",
    "/backup-2024-11-26-10-30-05.sql",
    "/tool-20110530.html",
    "/2024-11-26-2024-12-01",
    "/blog/2026-03-03-10-30-15-250.png",
    "/blog/2026-03-03-10-30-15-25.png",
    "/blog/2026-03-03_10-30-15-250.png",
    "/openssl_3.0.2-0ubuntu0.22.04.1_amd64.deb",
    "/tool-v1.2.3.4rc1.zip",
    "/faq/1-2-3-4.html",
    "/top-10-20-30-40-rule",
    "/img/icon_16_16_32_32.png",
    "/perl/CAD::Face",
    "/perl/CAD::Face::Edge",
    "/cpp/abc::def",
    "/npm/vue@next/dist/vue.js",
    "/gh/user/repo@main/x.js",
    "/locale/ca@valencia/",
    "/locale/ca@localhosts",
    "/12:30:05",
    "/v1.2.3",
    "/jquery-3.6.0.min.js",
    "/std::vector",
    "/std::vector2d",
    "/Digest::MD5",
    "/Class::C3",
    "/Foo::Bar::",
    "/C:/Users",
    "/urn:isbn:9780306406157",
    "/a1:b:12345",
    "/12:30:12345",
    "/12:30:05:info",
    "/a:b:c",
    "/@types/node",
    "/logo@2x.png",
    "/logo@2x",
    "/256.1.2.3",
    "/top-10-20",
    "www.example.org",
    "a1-b2-c3.example.org",
]


@pytest.mark.parametrize("value", CAUGHT)
def test_what_looks_like_a_persons_is_caught(value):
    assert is_caught(scrub_path(value) if value.startswith("/") else value)


@pytest.mark.parametrize("value", ORDINARY)
def test_what_does_not_is_not(value):
    assert not is_caught(scrub_path(value) if value.startswith("/") else value)


ADDRESSES = st.one_of(st.ip_addresses(), st.integers(1, 2**128 - 1).map(IPv6Address), st.integers(0, 2**32 - 1).map(IPv4Address))
PLACES = ["/whois/{}", "/whois/{}/", "/a/{}/b", "/ip-{}", "/ip_{}", "/ip:{}", "/ip={},x", "/report_{}.html", "/({})", "/x.{}"]
ZONES = st.from_regex(r"[A-Za-z0-9_.-]{1,8}", fullmatch=True)


@st.composite
def spellings(draw) -> str:
    """What `ipaddress` prints of an address, and what is written around it."""
    address = draw(ADDRESSES)
    if isinstance(address, IPv4Address):
        text = draw(st.sampled_from([str(address), f"::ffff:{address}", f"64:ff9b::{address}"]))
        text = text if ":" in text or max(map(len, text.split("."))) < 3 else text.replace(".", draw(st.sampled_from("._-")))
        return text + draw(st.one_of(st.just(""), st.integers(0, 65535).map(":{}".format)))
    assume(int(address) and not re.fullmatch("[a-f]{3,4}::[a-f]{3,4}", str(address)))  # `::` is nobody's, and words are words
    zoned = draw(st.one_of(st.just(""), ZONES.map("%{}".format)))
    text = draw(st.sampled_from([str(address), address.exploded, str(address).upper()])) + zoned
    assert ip_address(text.lower()) == ip_address(f"{address}{zoned}".lower())
    return draw(st.sampled_from([text, f"[{text}]", f"[{text}]:{draw(st.integers(0, 65535))}"]))


@given(spellings(), st.sampled_from(PLACES))
@example("fe80::1%12345", "/whois/{}")
@example("::fff:fffa", "/whois/{}")
def test_an_address_is_seen_in_any_spelling_and_place(spelling, place):
    assert names_address(place.format(spelling))


@given(spellings(), st.sampled_from(PLACES), st.integers(0, 3), st.booleans())
def test_no_address_comes_past_mask_and_detectors(spelling, place, depth, everything):
    written = spelling
    for _ in range(depth):
        written = "".join(f"%{byte:02x}" for byte in written.encode()) if everything else quote(written, safe="")
    path = scrub_path(place.format(written))
    # Folded by the detectors, or nothing is left of the segment but the mask's word and an extension.
    assert is_caught(path) or re.fullmatch(r"/(?:whois/|a/)?:(?:token|id)(?:\.[A-Za-z0-9]{1,10})?(?:/|/b)?", path)


@given(st.integers(1, 2**128 - 1).map(IPv6Address), st.sampled_from(["host", "ip", "x", "node"]), st.sampled_from(["", "x", "n"]))
def test_an_address_is_seen_where_letters_touch_it(address, before, after):
    assert names_address(f"/{before}{address.exploded}{after}")
    if len(str(address).replace(":", " ").split()) > 2:  # fewer may be the ends of two words, as in std::vector
        assert names_address(f"/{before}{address}{after}")


@given(st.integers(0, 2**32 - 1).map(IPv4Address), st.sampled_from(["host", "ip", "v"]), st.sampled_from(["", "-x", ".x", ".1"]))
def test_an_ipv4_address_is_seen_where_letters_touch_it(address, before, after):
    assert names_address(f"/{before}{address}{after}")


# What the first rule took for an address is the floor of every later one. Its last star is possessive now, against time.
OCTET = r"(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])"
FLOOR = re.compile(
    rf"(?<![0-9A-Za-z._-])(?:{OCTET}\.){{3}}{OCTET}(?![0-9A-Za-z._-])"
    r"|(?<![0-9A-Za-z:])(?:[0-9A-Fa-f]{1,4}:){3,7}:?(?:[0-9A-Fa-f]{1,4}:?)*+(?![0-9A-Za-z:])"
)
GROUP = st.one_of(st.sampled_from(["0", "04", "192", "2001", "db8", "12345"]), st.from_regex("[0-9a-f]{1,5}", fullmatch=True))
AROUND = st.sampled_from(["", "", "/", "-", ".", "v", "x", "64", ":", "::", ":id", "12345", "%", "é"])


@st.composite
def nearly_addresses(draw) -> str:
    """Groups of digits, also too few, too many or too long, something around them, and some of it percent-encoded."""
    separator = draw(st.sampled_from([":", ":", "."]))
    text = draw(AROUND) + separator.join(draw(st.lists(GROUP, min_size=2, max_size=9))) + draw(AROUND) + draw(AROUND)
    encoded = draw(st.sets(st.sampled_from(sorted(set(text))))) if draw(st.booleans()) else set()
    return "/net/" + "".join(f"%{ord(one):02x}" if one in encoded and one < "\x7f" else one for one in text)


@given(nearly_addresses())
@example("/net/c%32:%357:07:24:%63%61:d7%76")
@example("/net/192.0.2.04")
@example("/net/a:b:c:")
def test_what_the_first_rule_caught_is_caught_or_masked(path):
    caught = [text for text in decodings(path) if FLOOR.search(text)]
    assert all(map(names_address, caught))
    assert not caught or is_caught(scrub_path(path)) or scrub_path(path) != path


UNITS = ["a:", "::", "a::", "g::", "1:1:1:1:1:1:1::", "00:", "1.", "1-", "1 ", "2024-11-26-", "a@", "@", "%25", "%", "a.", "é"]


@pytest.mark.parametrize("detector", [*DETECTORS, is_caught], ids=lambda detector: detector.__name__)
@pytest.mark.parametrize("unit", UNITS)
def test_a_value_of_any_length_takes_no_square_of_it(detector, unit):
    assert detector("/" + unit * (2**20 // len(unit))) is detector("/" + unit * 100)
