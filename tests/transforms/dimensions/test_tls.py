"""The TLS version from a line of each JSON format to its dimension, whichever kernel reads the line."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.transforms.formats.test_jsonl import CADDY, CLOUDFLARE, NGINX, TRAEFIK, block
from transforms.dimensions.describe import describe
from transforms.dimensions.tls import TLS_VERSION, publishable_version
from transforms.formats import Format
from transforms.formats.registry import format_of
from transforms.parsing.detect import as_in
from transforms.parsing.parse import parse_block

pytestmark = pytest.mark.usefixtures("each_kernel")

MANY = 3


def versions(name: str, *lines: object) -> list[str]:
    """The published values of a log, line by line, of the format as a run takes it."""
    log = block(*lines)
    return published(log, format_of(as_in(name, log.splitlines())))


def published(log: bytes, known: Format) -> list[str]:
    entries = parse_block(log, known, further=("tls_version",)).entries
    assert entries.num_rows == log.count(b"\n")
    return describe(entries, [TLS_VERSION])["tls_version"].to_pylist()


def in_tls(line: dict, **tls: object) -> dict:
    """A line of Caddy with this object, or without any."""
    request = {key: value for key, value in line["request"].items() if key != "tls"}
    return {**line, "request": {**request, "tls": tls} if tls else request}


@pytest.mark.parametrize(("name", "line"), [("nginx_json", NGINX), ("traefik_json", TRAEFIK), ("cloudflare", CLOUDFLARE)])
def test_a_log_without_the_key_does_not_say(name, line):
    assert versions(name, *[line] * MANY) == ["(unknown)"] * MANY


def test_a_log_without_the_key_inside_the_object_does_not_say():
    assert versions("caddy", *[in_tls(CADDY, resumed=False)] * MANY) == ["(unknown)"] * MANY


@pytest.mark.parametrize(
    ("name", "with_tls", "without", "version"),
    [
        ("nginx_json", {**NGINX, "ssl_protocol": "TLSv1.3"}, {**NGINX, "ssl_protocol": ""}, "TLSv1.3"),
        ("nginx_json", {**NGINX, "ssl_protocol": "TLSv1.2"}, {**NGINX, "ssl_protocol": "-"}, "TLSv1.2"),
        ("nginx_json", {**NGINX, "ssl_protocol": "TLSv1.2"}, NGINX, "TLSv1.2"),
        ("caddy", CADDY, in_tls(CADDY), "TLSv1.3"),
        ("traefik_json", {**TRAEFIK, "TLSVersion": "1.3"}, TRAEFIK, "TLSv1.3"),
        ("cloudflare", {**CLOUDFLARE, "ClientSSLProtocol": "TLSv1.3"}, {**CLOUDFLARE, "ClientSSLProtocol": "none"}, "TLSv1.3"),
    ],
)
def test_some_lines_with_tls_and_some_without(name, with_tls, without, version):
    found = versions(name, *[without] * MANY, *[with_tls] * MANY)
    assert sorted(found) == ["(none)"] * MANY + [version] * MANY


def test_caddy_without_any_tls_had_none():
    assert versions("caddy", *[in_tls(CADDY)] * MANY) == ["(none)"] * MANY


@pytest.mark.parametrize(
    ("logged", "version"),
    [
        ("TLSv1.3", "TLSv1.3"),
        ("TLSv1", "TLSv1"),
        ("TLS 1.0", "TLSv1"),
        ("TLS 1.2", "TLSv1.2"),
        ("tlsv1.1", "TLSv1.1"),
        ("1.0", "TLSv1"),
        ("1.3", "TLSv1.3"),
        ("SSLv3", "SSLv3"),
        ("SSL 3.0", "SSLv3"),
        ("768", "SSLv3"),
        ("772", "TLSv1.3"),
        ("TLSv1.4", "Other"),
        ("SSLv2", "Other"),
        ("QUIC", "Other"),
        ("1", "Other"),
        ("", "(none)"),
        ("-", "(none)"),
        ("none", "(none)"),
        ("unknown", "(unknown)"),
        (None, "(unknown)"),
    ],
)
def test_what_servers_write(logged, version):
    assert publishable_version(logged) == version


@given(st.text(max_size=12) | st.from_regex(r"(?i)\A(tls|ssl)? ?v? ?[0-9](\.[0-9])?\Z"))
def test_any_text_becomes_one_of_the_list(logged):
    assert publishable_version(logged) in TLS_VERSION.values


def test_the_format_as_a_run_takes_it_names_what_it_lacks():
    line = json.dumps(NGINX)
    stored = {"log": line + "\n", "stream": "stdout", "time": "2025-10-10T20:55:36.1Z"}
    assert not format_of(as_in("nginx_json", [line.encode()])).has("tls_version")
    assert not format_of(as_in("docker:nginx_json", [json.dumps(stored, separators=(",", ":")).encode()])).has("tls_version")
    assert format_of(as_in("caddy", [json.dumps(in_tls(CADDY)).encode()])).has("tls_version")
