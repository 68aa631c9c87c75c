"""Route templates replace the paths that match them, and no others."""

from __future__ import annotations

import pyarrow as pa
import pytest

from transforms.masking.fingerprint import NO_RULES, is_fingerprint
from transforms.masking.path import scrub_paths
from transforms.masking.routes import Routes

FILE = """
# people
/users/:user/photos/:photo   # their pictures
blog.example.org  /by/:author
/users/:user
"""


@pytest.mark.parametrize(
    ("site", "target", "path"),
    [
        ("www.example.org", "/users/jane/photos/beach", "/users/:user/photos/:photo"),
        ("www.example.org", "/users/jane/photos/beach.jpg?x=1", "/users/:user/photos/:photo.jpg"),
        ("www.example.org", "/users/jane?tab=1", "/users/:user"),
        ("www.example.org", "/users/", "/users/"),
        ("www.example.org", "/users/jane/other", "/users/jane/other"),
        ("blog.example.org", "/by/jane", "/by/:author"),
        ("www.example.org", "/by/jane", "/by/jane"),
        ("www.example.org", "/orders/1048577", "/orders/:id"),
    ],
)
def test_paths_that_fit_are_published_as_their_template(site, target, path):
    targets = pa.array([target, "/"]).dictionary_encode()
    sites = pa.array([site, site]).dictionary_encode()
    paths = scrub_paths(pa.array([target, "/"])).dictionary_encode()
    assert Routes.parse(FILE).apply(sites, pa.chunked_array([targets]), paths).to_pylist() == [path, "/"]


@pytest.mark.parametrize("line", ["users/:user", "/a b c", "/users/<user>", "not_a host /x", "/x /y", "/users/:USER"])
def test_a_line_that_is_no_template_is_named(line):
    with pytest.raises(ValueError, match="line 2 is not a template"):
        Routes.parse(f"/ok\n{line}\n")


def test_the_fingerprint_is_of_the_templates_alone():
    same = "/users/:user/photos/:photo\nBlog.Example.Org:443 /by/:author # him\n\n  /users/:user"
    assert Routes.parse(same).fingerprint() == Routes.parse(FILE).fingerprint()
    assert is_fingerprint(Routes.parse(FILE).fingerprint())
    assert Routes.parse("# nothing\n").fingerprint() == NO_RULES == "none"
    others = [
        "/users/:user",
        "www.example.org /users/:user",
        "/users/:name",
        "/users/:user\n/by/:user",
        "/by/:user\n/users/:user",
    ]
    assert len({Routes.parse(text).fingerprint() for text in others}) == len(others)
