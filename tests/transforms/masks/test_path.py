"""Takes targets, checks the paths that may be published, and that no identifier survives in any disguise."""

from __future__ import annotations

from urllib.parse import quote

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.masks.path import MAX_DEPTH, extension, scrub_path, scrub_paths


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
        ("/a\nb", "/ab"),
        ("/caf%C3%A9", "/caf%C3%A9"),
        ("/" + "x" * 65, "/:token"),
        ("/how-to-migrate-from-one-long-word-to-another", "/how-to-migrate-from-one-long-word-to-another"),
        ("/" + "/".join("abcdefghijklmnop"), "/a/b/c/d/e/f/g/h/i/j/:more"),
        ("/a%2F1048577", "/:token"),
        ("*", "(none)"),
        ("example.org:443", "(none)"),
        ("", "(none)"),
    ],
)
def test_what_is_published(target, path):
    assert scrub_path(target) == path
    assert scrub_paths(pa.array([target])).to_pylist() == [path]


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


@given(st.text(max_size=300).map("/".__add__))
def test_a_path_is_bounded_printable_and_scrubbed_once(target):
    path = scrub_path(target)
    assert path.isprintable()
    assert path.startswith("/")
    assert path.count("/") <= MAX_DEPTH + 1
    assert "?" not in path
    assert scrub_paths(pa.array([target])).to_pylist() == [path]


@pytest.mark.parametrize("segment", ["x" * 1_000_000, "x" * 500_000 + "@", "@" * 500_000, "a@" * 250_000, "a.b@" * 100_000 + "x"])
def test_a_segment_of_any_length_takes_no_square_of_it(segment):
    assert scrub_path(f"/{segment}") in ("/:token", "/:email")
