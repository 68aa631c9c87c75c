"""A format is taken only if its clients are in no doubt: each address in another place is read right or asked about."""

from __future__ import annotations

import pytest

from tests.logs import address
from transforms.formats.registry import FORMATS, format_of
from transforms.masking.client import Proxies
from transforms.parsing.clients import QUOTED, SEVERAL
from transforms.parsing.detect import detect
from transforms.parsing.parse import parse_block

pytestmark = pytest.mark.usefixtures("each_kernel")

COMMON = ' [03/Mar/2026:10:00:00 +0000] "GET /a HTTP/1.1" 200 5'
COMBINED = COMMON + ' "-" "curl/8.5"'
TAILS = {
    "common": COMMON,
    "common_timed": COMMON + " 12",
    "combined": COMBINED,
    "combined_timed": COMBINED + " 0.003",
    "combined_forwarded": COMBINED + ' "-"',
    "combinedio": COMBINED + " 400 500",
}
# No format has a time behind Common and a site before it.
LINES = [
    (before, tail)
    for before in ("", "www.example.org ", "www.example.org:443 ")
    for tail in TAILS
    if not before or tail != "common_timed"
]
NOTATION = {"common": "", "combined": ' "%{Referer}i" "%{User-Agent}i"'}
PROXY = "10.0.0.5"


def log(line: str, count: int = 40) -> bytes:
    """The line `count` times, with another visitor's address at each CLIENT."""
    return "".join(line.replace("CLIENT", address(number)) + "\n" for number in range(1, count + 1)).encode()


def hosts(data: bytes, words: str) -> list[str]:
    parsed = parse_block(data, format_of(words))
    assert not parsed.rejects
    return parsed.entries["remote_host"].to_pylist()


CLIENTS = [address(number) for number in range(1, 41)]


@pytest.mark.parametrize(("before", "tail"), LINES)
@pytest.mark.parametrize("quoted", ['"198.51.100.9, CLIENT"', '"198.51.100.9,CLIENT"', '"CLIENT"'])
def test_an_address_in_quotes_is_not_taken_for_one(tail, before, quoted):
    found = detect(log(before + quoted + " - -" + TAILS[tail]), FORMATS, complete=True)
    assert (found.format, found.doubt) == (None, QUOTED)


@pytest.mark.parametrize("tail", NOTATION)
@pytest.mark.parametrize("quoted", ['"198.51.100.9, CLIENT"', '"CLIENT"'])
def test_a_notation_reads_the_address_in_quotes(tail, quoted):
    notation = '"%{X-Forwarded-For}i" %l %u %t "%r" %>s %b' + NOTATION[tail]
    assert hosts(log(quoted + " - -" + TAILS[tail]), notation) == CLIENTS


@pytest.mark.parametrize(("before", "tail"), LINES)
@pytest.mark.parametrize("places", ["CLIENT -", "- CLIENT", "203.0.113.9,CLIENT -"])
@pytest.mark.parametrize("proxy", [PROXY, "192.0.2.80"])
def test_an_address_in_the_place_of_the_ident_or_the_user_is_asked_about(tail, before, places, proxy):
    found = detect(log(f"{before}{proxy} {places}{TAILS[tail]}"), FORMATS, complete=True)
    assert (found.format, found.doubt) == (None, SEVERAL)


@pytest.mark.parametrize("tail", NOTATION)
@pytest.mark.parametrize(("places", "directives"), [("CLIENT -", "%h %u"), ("- CLIENT", "%l %h")])
def test_a_notation_says_which_of_two_addresses_is_the_clients(tail, places, directives):
    notation = f'%{{c}}a {directives} %t "%r" %>s %b{NOTATION[tail]}'
    assert hosts(log(f"{PROXY} {places}{TAILS[tail]}"), notation) == CLIENTS


def test_a_part_of_the_lines_with_a_second_address_is_enough_to_ask():
    direct, behind_proxy = log("CLIENT - -" + COMBINED, 200), log(f"{PROXY} - CLIENT" + COMBINED, 20)
    assert detect(direct + behind_proxy, FORMATS, complete=True).doubt == SEVERAL


def test_one_client_that_sends_addresses_as_its_name_changes_nothing():
    others, one = log("CLIENT - -" + COMBINED, 200), log("198.51.100.66 - CLIENT" + COMBINED)
    assert detect(others + one, FORMATS, complete=True).format == "combined"


@pytest.mark.parametrize("ident", ["192.0.2.80", PROXY])
def test_the_address_of_a_server_that_many_clients_ask_for_is_none_of_theirs(ident):
    named, by_address = log("CLIENT www.example.org -" + COMBINED), log(f"CLIENT {ident} -" + COMBINED, 30)
    found = detect(named + by_address, FORMATS, complete=True).format
    assert found == "lighttpd"
    assert hosts(named + by_address, found) == CLIENTS + CLIENTS[:30]


@pytest.mark.parametrize("upstream", ["172.19.0.8:80", "172.19.0.8:80, 172.19.0.9:80", "10.0.0.7:9000", "192.0.2.80:8080"])
@pytest.mark.parametrize("more", ["", " 0.003", ' "0.003"'])
def test_the_address_of_a_server_behind_combined_is_no_forwarded_one(upstream, more):
    data = log(f'CLIENT - -{COMBINED} "{upstream}"{more}')
    found = detect(data, FORMATS, complete=True).format
    assert not format_of(found).has("forwarded_for")
    assert hosts(data, found) == CLIENTS


@pytest.mark.parametrize("claimed", ["CLIENT", "CLIENT:51234", "192.168.1.7, CLIENT", "10.1.2.3:51234, CLIENT:50443"])
def test_clients_of_a_proxy_with_ports_are_still_forwarded(claimed):
    data = log(f'{PROXY} - -{COMBINED} "{claimed}"')
    assert detect(data, FORMATS, complete=True).format == "combined_forwarded"


JSON = '{"time":"2026-03-03T10:00:00Z",%s,"method":"GET","uri":"/a","status":200,"user_agent":"curl/8.5"}'


@pytest.mark.parametrize("proxy", ["127.0.0.1:0", "10.0.0.5:443", "192.0.2.80:1"])
def test_gitlabs_client_is_not_the_proxy_in_front_of_it(proxy):
    data = log(JSON % f'"remote_addr":"{proxy}","remote_ip":"CLIENT"')
    assert detect(data, FORMATS, complete=True).format == "nginx_json"
    assert hosts(data, "nginx_json") == CLIENTS


@pytest.mark.parametrize("proxy", ["127.0.0.1", "10.0.0.5:443", "192.0.2.80"])
def test_of_two_keys_of_an_owner_the_right_one_is_asked_for(proxy):
    data = log(JSON % f'"remote_addr":"{proxy}","client_ip":"CLIENT"')
    found = detect(data, FORMATS, complete=True)
    assert (found.format, found.doubt) == (None, SEVERAL)
    assert hosts(data, "json:remote_host=client_ip,time=time,method=method,target=uri") == CLIENTS


def test_caddys_client_is_the_one_that_it_documents():
    request = '{"client_ip":"20.0.1.7","remote_ip":"CLIENT","method":"GET","host":"a.example","uri":"/a","proto":"HTTP/1.1"}'
    data = log('{"ts":1772532000.5,"logger":"http.log.access","request":' + request + ',"status":200,"size":5}')
    assert detect(data, FORMATS, complete=True).format == "caddy"
    assert set(hosts(data, "caddy")) == {"20.0.1.7"}


@pytest.mark.parametrize("written", ["\\192.0.2.1", "\\192.0.2.1:443", "203.0.113.9, \\192.0.2.1"])
def test_a_backslash_before_a_forwarded_address_is_no_part_of_it(written):
    assert Proxies.parse("10.0.0.0/8").client(PROXY, written) == "192.0.2.1"
    assert Proxies.parse("1").client(PROXY, written) == "192.0.2.1"
