"""Sites are published under normalised host names, and nothing but a host name is published."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.masking.site import publishable_site


@pytest.mark.parametrize(
    ("logged", "published"),
    [
        ("WWW.Example.ORG", "www.example.org"),
        ("www.example.org:443", "www.example.org"),
        ("www.example.org.", "www.example.org"),
        ("www.example.org.:8080", "www.example.org"),
        ("localhost", "localhost"),
        ("my_site.example", "my_site.example"),
        ("192.0.2.1", "(unknown)"),
        ("192.0.2.1:80", "(unknown)"),
        ("[2001:db8::1]:443", "(unknown)"),
        ("2130706433", "(unknown)"),
        ("0x7f000001", "(unknown)"),
        ("0xc0.0.2.7", "(unknown)"),
        ("0300.0.2.0x7", "(unknown)"),
        ("192.0.0x207", "(unknown)"),
        ("example.7", "(unknown)"),
        ("7.example", "7.example"),
        ("7x", "7x"),
        ("", "(unknown)"),
        ("-", "(unknown)"),
        ("(other)", "(unknown)"),
        ("jane@example.org", "(unknown)"),
        ("<script>", "(unknown)"),
        ("a..b", "(unknown)"),
        ("x" * 64 + ".org", "(unknown)"),
        ("example.org:8o", "(unknown)"),
    ],
)
def test_the_name_of_a_site(logged, published):
    assert publishable_site(logged) == published


@given(st.text(max_size=60))
def test_nothing_but_a_host_name_is_published(logged):
    site = publishable_site(logged)
    assert site == "(unknown)" or re.fullmatch(r"[a-z0-9._-]+", site)
    assert publishable_site(site) == site
