"""Path scrubbing: which paths may be published, and that no identifier survives in any disguise."""

from __future__ import annotations

import re
from pathlib import Path
from unittest.mock import patch
from urllib.parse import quote

import pyarrow as pa
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from transforms.masking import path as masks
from transforms.masking.path import MAX_DEPTH, extension, scrub_path, scrub_paths, scrub_segment
from transforms.masking.spelling import DATE, names_address
from transforms.privacy.detectors import is_caught


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("/", "/"),
        ("/index.html?user=jane#top", "/index.html"),
        ("/a;jsessionid=8F2A/b;v=1", "/a/b"),
        ("/a%3Bjsessionid=8F2A", "/a"),
        ("/2026/03/my-post", "/2026/03/my-post"),
        ("/orders/1048577", "/orders/:id"),
        ("/orders/1048577.pdf", "/orders/:id.pdf"),
        ("/orders/%31048577", "/orders/:id"),
        ("/u/550e8400-e29b-41d4-a716-446655440000/x", "/u/:uuid/x"),
        ("/u/photo-550e8400-e29b-41d4-a716-446655440000.jpg", "/u/:uuid.jpg"),
        ("/s/9f86d081884c7d659a2feaa0c55ad015.css", "/s/:hex.css"),
        ("/u/jane.doe@example.org", "/u/:email"),
        ("/u/jane%2540example.org", "/u/:email"),
        ("/reset/eyJhbGciOiJIUzI1NiIsInR5cCI6", "/reset/:token"),
        ("/reset/dGhpcy1pcy1hLXNlY3JldC10b2tlbi0xMjM0", "/reset/:token"),
        ("/logo@2x.png", "/logo@2x.png"),
        ("/user/4711", "/user/4711"),
        ("/ticket-4711001", "/ticket-:id"),
        ("/order_1234567", "/order_:id"),
        ("/order-12345678-x", "/order-:id-x"),
        ("/invoice_1234567.pdf", "/invoice_:id.pdf"),
        ("/kunde/K-100234", "/kunde/K-:id"),
        ("/kunde/K100234a", "/kunde/K:id"),
        ("/kunde/%D9%A1%D9%A2%D9%A3%D9%A4%D9%A5%D9%A6", "/kunde/:id"),
        ("/my%20invoice%201234567.pdf", "/:id.pdf"),
        ("/orders/12345.67890", "/orders/:id"),
        ("/photo.a1234567", "/photo.a:id"),
        ("/u/550e8400-e29b-41d4-a716-446655440000.a1234567", "/u/:uuid"),
        ("/iban/DE89-3704-0044-0532-0130-00", "/iban/:id"),
        ("/iban/NL91-ABNA-0417-1643-00", "/iban/:id"),
        ("/iban/NL91-ABNA-0417-1643-01", "/iban/NL91-ABNA-:id"),
        ("/pay/4111-1111-1111-1111", "/pay/:id"),
        ("/pay/3782_822463_10005", "/pay/:id"),
        ("/call/+49-170-1234567", "/call/+:id"),
        ("/call/0170.123.4567", "/call/:id"),
        ("/call/(0170)%20123%204567", "/call/:id"),
        ("/2026-03-03-4111-1111-1111-1111", "/2026-03-03-:id"),
        ("/2026-03-03-title", "/2026-03-03-title"),
        ("/2026-03-03_10-30-05.log", "/2026-03-03_10-30-05.log"),
        ("/tool-2.20260303.3063.tar.gz", "/tool-2.20260303.3063.tar.gz"),
        ("/20260303-title", "/20260303-title"),
        ("/20260303", "/:id"),
        ("/20261303-title", "/:id-title"),
        ("/reset/Xk29fJq3LmZ8", "/reset/:token"),
        ("/reset-Xk29fJq3LmZ8.html", "/:token.html"),
        ("/reset/aB3cD4eF5gH6abcdef12345", "/reset/:token"),
        ("/reset/aB3cD4eFghIj12345", "/reset/:token"),
        ("/iPhone15ProMax", "/iPhone15ProMax"),
        ("/GettingStarted2024.html", "/GettingStarted2024.html"),
        ("/u/jane%2525252540example", "/u/:token"),
        ("/whois/192.168.100.200", "/whois/192.168.100.200"),  # for the detectors, which fold it
        ("/a\nb", "/ab"),
        ("/caf%C3%A9", "/caf%C3%A9"),
        ("/" + "x" * 65, "/:token"),
        ("/how-to-migrate-from-one-long-word-to-another", "/how-to-migrate-from-one-long-word-to-another"),
        ("/" + "/".join("abcdefghijklmnop"), "/a/b/c/d/e/f/g/h/i/j/:more"),
        ("/a%2F1048577", "/:token"),
        ("/main.9f86d081884c.js", "/main.:hex.js"),
        ("/main.9f86d081884c7d65.js", "/main.:hex.js"),
        ("/assets/app.3f2a1b.js", "/assets/app.3f2a1b.js"),
        ("/static/index-DiwrgTda.js", "/static/index-DiwrgTda.js"),
        ("/static/registration-3zKShNS3.js", "/static/registration-3zKShNS3.js"),
        ("/npm/vue@3.2.47/dist/vue.js", "/npm/vue@3.2.47/dist/vue.js"),
        ("/seasons/2019-2020-2021/", "/seasons/2019-2020-2021/"),
        ("/IMG_2034-1024x683.jpg", "/IMG_2034-1024x683.jpg"),
        ("/wiki/%E5%B9%B3%E6%88%9030%E5%B9%B4", "/wiki/%E5%B9%B3%E6%88%9030%E5%B9%B4"),
        ("/call/0170x123x45", "/call/:id"),
        ("/file/0x3f2a1b9c", "/file/:hex"),
        ("/a%2525252540b", "/:token"),
        ("/a%uD83D%uDE00/b", "/a%uD83D%uDE00/b"),
        ("/a%uD83D/b", "/a%uD83D/b"),
        ("*", "(none)"),
        ("example.org:443", "(none)"),
        ("", "(none)"),
    ],
)
def test_what_is_published(target, path):
    assert scrub_path(target) == path
    assert scrub_paths(pa.array([target])).to_pylist() == [path]


PRIVACY = (Path(__file__).parents[3] / "docs" / "privacy.md").read_text(encoding="utf-8")
TOLD = re.findall(r"^\| `(/[^`]+)` \| `(/[^`]+)` \| .+ \|$", PRIVACY, re.MULTILINE)


def test_the_document_tells_what_is_replaced_and_what_is_not():
    assert {logged == published for logged, published in TOLD} == {True, False}
    assert [(logged, scrub_path(logged)) for logged, _ in TOLD] == TOLD
    assert not any(is_caught(published) for _, published in TOLD)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/a/Report.PDF", "pdf"),
        ("/v1.2", ""),
        ("/a.b/c", ""),
        ("/:id.pdf", "pdf"),
        ("/.env", "env"),
        ("/x.tar.gz", "gz"),
        ("/a.", ""),
    ],
)
def test_extensions(path, name):
    assert extension(path) == name


SECRETS = st.one_of(
    st.integers(10**4, 10**12).map(str),
    st.uuids().map(str),
    st.binary(min_size=8, max_size=20).map(bytes.hex),
    st.from_regex(r"[a-z]{3,8}\.[a-z]{3,8}@[a-z]{3,8}\.(org|com)", fullmatch=True),
)


@given(SECRETS, st.sampled_from(["/u/{}", "/u/{}/edit", "/u/{}?x=1", "/{};v=2", "/a/b/{}.html"]), st.booleans(), st.booleans())
def test_identifiers_are_replaced_wherever_they_stand(secret, template, encoded, everything):
    written = "".join(f"%{byte:02X}" for byte in secret.encode()) if everything else quote(secret) if encoded else secret
    path = scrub_path(template.format(written))
    assert secret not in path
    assert written not in path


WRITTEN = st.text("aZx09189-_.:+%;@ ()=~", max_size=60)


@given(st.lists(WRITTEN, max_size=4).map(lambda segments: "/" + "/".join(segments)))
def test_no_long_number_is_left_and_the_short_way_is_the_long_one(target):
    path = scrub_path(target)
    with patch.object(masks, "_HARMLESS_TEXT", re.compile(r"(?!)")):
        assert scrub_path(target) == path
    # None but a date, or what stands beside an address, which the detectors fold.
    assert names_address(path) or not re.search(r"[0-9]{5}", DATE.sub("", path))


@given(st.from_regex(masks._HARMLESS_TEXT, fullmatch=True))
def test_no_rule_touches_a_segment_that_is_not_looked_at(segment):
    assume(not masks._LONG_TEXT.search(segment))
    with patch.object(masks, "_HARMLESS_TEXT", re.compile(r"(?!)")):
        assert scrub_segment(segment) == segment


@given(st.integers(10**4, 10**19).map(str), st.sampled_from(["a{}", "a-{}", "{}-a", "{}a", "a_{}_b.html", "{}.tar.gz", "a%20{}"]))
def test_a_long_number_is_replaced_in_any_part_of_a_segment(number, template):
    assume(not DATE.fullmatch(number))
    path = scrub_path("/x/" + template.format(number))
    assert re.search(":(?:id|token|hex)", path)
    assert scrub_path(path) == path
    assert not re.search(r"[0-9]{5}", path)


@given(st.text(max_size=300).map("/".__add__))
def test_a_path_is_bounded_printable_and_scrubbed_once(target):
    path = scrub_path(target)
    assert path.isprintable()
    assert path.startswith("/")
    assert path.count("/") <= MAX_DEPTH + 1
    assert "?" not in path
    assert scrub_paths(pa.array([target])).to_pylist() == [path]


@pytest.mark.parametrize(
    "unit", ["1-", "1", "A1b", "1(", "x1111", "2026-03-03-", "20260303.", "%31", "a.", "1-1-1-1-1----", "é1"]
)
def test_numbers_in_a_segment_of_any_length_take_no_square_of_it(unit):
    assert scrub_path("/" + unit * (2**20 // len(unit)))[:4] in ("/:id", "/:to", "/:he")


@pytest.mark.parametrize("segment", ["x" * 1_000_000, "x" * 500_000 + "@", "@" * 500_000, "a@" * 250_000, "a.b@" * 100_000 + "x"])
def test_a_segment_of_any_length_takes_no_square_of_it(segment):
    assert scrub_path(f"/{segment}") in ("/:token", "/:email")
