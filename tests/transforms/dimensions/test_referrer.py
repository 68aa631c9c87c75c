"""Referrers have the right channel and source, and only domains are published."""

from __future__ import annotations

import re

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.dimensions.referrer import _channels, channel_of, describe_referrer, describe_referrers, owner_of
from transforms.hosts import network_domain, site_domain


@pytest.mark.parametrize(
    ("referer", "channel", "source"),
    [
        ("-", "direct", "(none)"),
        ("", "direct", "(none)"),
        (None, "(unknown)", "(unknown)"),
        ("https://www.google.com/", "search", "google.com"),
        ("https://www.google.co.uk/search?q=jane", "search", "google.co.uk"),
        ("https://images.google.de/", "search", "google.de"),
        ("https://mail.google.com/mail/u/0/", "referral", "google.com"),
        ("https://m.google.com/", "search", "google.com"),
        ("https://www2.bing.com/", "search", "bing.com"),
        ("https://gom.ogle.com/", "referral", "ogle.com"),
        ("http://google.evil.com/", "referral", "evil.com"),
        ("https://google.com.evil.net/", "referral", "evil.net"),
        ("https://de.search.yahoo.com/search", "search", "yahoo.com"),
        ("https://l.facebook.com/l.php?u=x", "social", "facebook.com"),
        ("https://t.co/abc", "social", "t.co"),
        ("https://chatgpt.com/", "ai", "chatgpt.com"),
        ("https://gemini.google.com/app", "ai", "google.com"),
        ("android-app://com.google.android.gm/", "referral", "google.com"),
        ("https://EXAMPLE.co.uk.:443/a?b", "referral", "example.co.uk"),
        ("https://jane:secret@blog.example.org/", "referral", "example.org"),
        ("https://bücher.de/", "referral", "xn--bcher-kva.de"),
        ("https://alice.github.io/", "referral", "github.io"),
        ("http://192.0.2.1/x", "referral", "(unknown)"),
        ("http://[2001:db8::1]:80/x", "referral", "(unknown)"),
        ("http://localhost/", "referral", "(unknown)"),
        ("http://[broken", "referral", "(unknown)"),
        ("javascript:alert(1)", "referral", "(unknown)"),
        ("jane.doe@example.org", "referral", "(unknown)"),
        ("ftp://example.org/", "referral", "(unknown)"),
        ("https://jane_doe.com/", "referral", "(unknown)"),
        ("https://jane_doe.example.com/", "referral", "example.com"),
        (r"https:\\example.com\@evil.com", "referral", "example.com"),
        ("https://" + "ü" * 60_000 + ".com/", "referral", "(unknown)"),
    ],
)
def test_channel_and_source(referer, channel, source):
    found = describe_referrer(referer)
    assert (found.channel, found.source) == (channel, source)


def test_each_entry_of_the_lists_has_its_channel():
    for entry, channel in _channels().items():
        host = entry.replace("{}", "de")  # a language and a public suffix
        scheme = "https" if network_domain(host) else "android-app"
        assert describe_referrer(f"{scheme}://{host}/").channel == channel, entry


def test_each_class_of_the_lists_is_shipped():
    assert {"search", "social", "ai"} == set(_channels().values())


def test_pages_of_two_people_at_one_host_are_two_sites():
    assert site_domain("alice.github.io") != site_domain("bob.github.io")
    assert network_domain("alice.github.io") == network_domain("bob.github.io")


@pytest.mark.parametrize(
    ("site", "referer", "internal"),
    [
        ("www.example.org", "https://blog.example.org/", True),
        ("alice.github.io", "https://bob.github.io/", False),
        ("github.io", "https://github.io/", True),
        ("localhost", "http://LOCALHOST:8080/a", True),
        ("intranet.local", "http://intranet.local/", True),
        ("intranet.local", "http://www.intranet.local/", False),
        ("intranet.local", "http://printer.local/", False),
        ("(unknown)", "http://192.0.2.7/", False),
        ("(unknown)", "https://(unknown)/", False),
    ],
)
def test_a_site_is_known_by_its_domain_or_where_it_has_none_by_its_whole_name(site, referer, internal):
    assert (channel_of(describe_referrer(referer), owner_of(site)) == "internal") is internal


@given(st.one_of(st.text(max_size=40), st.text(max_size=40).map(lambda text: f"https://{text}/x")))
def test_nothing_but_a_domain_is_published(referer):
    found = describe_referrer(referer)
    assert found.source in ("(none)", "(unknown)") or re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", found.source)


@given(
    st.sampled_from(
        ["https://www.google.com", "http://localhost:8080", "http://t.co", "https://a..b", "https://[::1]", "HTTP://x.org", ""]
    ),
    st.text(),
)
def test_many_referrers_are_described_as_each_one_is(host, path):
    url = f"{host}/{path}"
    codes, looks = describe_referrers(pa.array([url, "-", url]), None)
    assert [looks[code] for code in codes] == [describe_referrer(each) for each in (url, "-", url)]
