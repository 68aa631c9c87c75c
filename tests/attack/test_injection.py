"""A made-up value is not published, however many clients send it, and neither is a row that imitates `(other)`.

Many clients send it, because one alone never fills a row: here the mask or the list must stop the name, not the gate.
"""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Iterator
from unittest.mock import patch

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.attack.mutations import SITE, K, published
from tests.catalogues import REPORTS
from tests.eager import files_of, release_log
from tests.logs import crowd
from transforms.dimensions import agent as agents
from transforms.dimensions import referrer as referrers
from transforms.dimensions import request
from transforms.dimensions.agent import describe_agent
from transforms.dimensions.referrer import Referrer, describe_referrer
from transforms.masking import anonymize
from transforms.privacy import release

MANY = 30
NOTATION = r'''LogFormat "\"%{Host}i\" %h %l %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-Agent}i\""'''
COMMON = crowd(40, 100)


@contextlib.contextmanager
def without(module, name, instead) -> Iterator[None]:
    """A function replaced; what was looked up before, and what was looked up meanwhile, is forgotten."""
    for cached in (describe_agent, describe_referrer):
        cached.cache_clear()
    try:
        with patch.object(module, name, instead):
            yield
    finally:
        for cached in (describe_agent, describe_referrer):
            cached.cache_clear()


def names_as_they_come():
    return without(agents, "_listed", lambda name, _: name)


def bots_named_by_themselves():
    return without(agents, "_crawler", lambda agent: ("crawler", agent.partition("/")[0]) if "Crawler" in agent else None)


def sites_as_logged():
    return without(anonymize, "publishable_site", lambda site: site)


def paths_as_logged():
    return without(anonymize, "scrub_paths", lambda targets: targets)


def no_detector():
    """The door lets any value out."""
    return without(release, "is_nameable", lambda *_: True)


@contextlib.contextmanager
def whole_referrers():
    whole = without(referrers, "describe_referrer", lambda referer: Referrer("referral", referer, referer))
    with without(referrers, "_PLAIN", "^(no path)$"), whole:
        yield


class Everything:
    """A vocabulary that has every word."""

    def __contains__(self, word: object) -> bool:
        return True


def methods_as_logged():
    return without(request, "METHODS", Everything())


INJECTED = {
    "the name of a browser": ({"agent": "JaneDoe/1.0 CFNetwork/978.0.7 Darwin/18.7.0"}, names_as_they_come),
    "the name of a robot": ({"agent": "JaneDoeCrawler/1.0 (+https://janedoe.example/)"}, bots_named_by_themselves),
    "a Host header that is none": ({"site": "jane doe@example.org"}, sites_as_logged),
    "an address as Host": ({"site": "198.51.100.77"}, sites_as_logged),
    "utm_source": ({"request": "GET /?utm_source=janedoe HTTP/1.1"}, paths_as_logged),
    "utm_campaign": ({"request": "GET /?utm_medium=mail&utm_campaign=janedoe HTTP/1.1"}, paths_as_logged),
    "a query": ({"request": "GET /?q=janedoe HTTP/1.1"}, paths_as_logged),
    "a fragment": ({"request": "GET /#janedoe HTTP/1.1"}, paths_as_logged),
    "a session in the path": ({"request": "GET /;jsessionid=janedoe HTTP/1.1"}, paths_as_logged),
    "an encoded parameter": ({"request": "GET /%3Bjanedoe HTTP/1.1"}, paths_as_logged),
    "an e-mail address in the path": ({"request": "GET /u/janedoe@example.org/ HTTP/1.1"}, paths_as_logged),
    "the same, encoded": ({"request": "GET /u/janedoe%2540example.org/ HTTP/1.1"}, paths_as_logged),
    "a telephone number": ({"request": "GET /call/0170.123.4567 HTTP/1.1"}, paths_as_logged),
    "a customer's number behind a word": ({"request": "GET /customer_0170123.html HTTP/1.1"}, paths_as_logged),
    "a short token": ({"request": "GET /reset/JaneDoe0170xK3 HTTP/1.1"}, paths_as_logged),
    "a mail address without a domain": ({"request": "GET /mail/janedoe@localhost HTTP/1.1"}, no_detector),
    "a compressed IPv6 address": ({"request": "GET /whois/2606:4700::1111 HTTP/1.1"}, no_detector),
    "the same in brackets, encoded": ({"request": "GET /whois/%5B2606%3a4700::1111%5D HTTP/1.1"}, no_detector),
    "the first half of an IPv6 address": ({"request": "GET /net/2001:db8:1:2 HTTP/1.1"}, no_detector),
    "a link-local address": ({"request": "GET /whois/fe80::1 HTTP/1.1"}, no_detector),
    "an IPv4 address in a name": ({"request": "GET /report_192.0.2.7.html HTTP/1.1"}, no_detector),
    "the same with other separators": ({"request": "GET /ip-192-0-2-7 HTTP/1.1"}, no_detector),
    **{
        f"{what} in the path": ({"request": f"GET {path}/ HTTP/1.1"}, paths_as_logged)
        for what, path in {
            "a wide commercial at": "/u/janedoe%EF%BC%A0example.org",
            "a small commercial at": "/u/janedoe%EF%B9%ABexample.org",
            "a spelled at": "/u/janedoe(at)example.org",
            "a bracketed at": "/u/janedoe[at]example.org",
            "a spaced at": "/u/janedoe%20@%20example.org",
            "a quoted-printable at": "/u/janedoe=40example.org",
            "a UTF-16 at": "/u/janedoe%u0040example.org",
            "a hexadecimal IPv4 address": "/whois/0xC6.0x33.0x64.0x4D",
            "an IPv4 address with ideographic stops": "/whois/198%E3%80%8251%E3%80%82100%E3%80%8277",
            "an IPv4 address with dots in brackets": "/whois/198[.]51[.]100[.]77",
            "an IPv4 address with commas": "/whois/198,51,100,77",
            "an IPv4 address with tildes": "/whois/198~51~100~77",
            "an IPv4 address in folders": "/whois/198/51/100/77",
            "a joined IPv6 address": "/whois/2001-db8--7",
            "a hardware address in three": "/device/001a.2b3c.4d5e",
            "a hardware address in one": "/device/001a2b3c4d5e",
            "a hardware address with underscores": "/device/00_1a_2b_3c_4d_5e",
            "a card in folders": "/pay/4111/1111/1111/1111",
            "a card with commas": "/pay/4111,1111,1111,1111",
            "a card with tildes": "/pay/4111~1111~1111~1111",
            "a card with x": "/pay/4111x1111x1111x1111",
            "a telephone number with dashes": "/call/0170---123---4567",
            "a telephone number in folders": "/call/0170/123/4567",
            "a telephone number in circles": "/call/" + "".join(f"%E2%91%A{digit}" for digit in range(9)),
            "a NanoID": "/x/V1StGXR8_Z5jdHi6B-myT",
            "a UUID with underscores": "/x/550e8400_e29b_41d4_a716_446655440000",
            "a short token in small letters": "/x/a8f3k2m9q1z7",
            "an Italian tax code": "/p/RSSMRA85T10A562S",
            "a British insurance number": "/p/AB-12-34-56-C",
            "a Spanish identity number": "/p/12.345.678-Z",
            "a social security number in folders": "/ssn/078/05/1120",
            "a place": "/map/52.5200,13.4050",
        }.items()
    },
    **{
        f"{what} as Host": ({"site": site}, no_detector)
        for what, site in {
            "a number": "1048577.example.org",
            "a customer's name": "p54a1b2c3.dip0.t-ipconnect.de",
            "a hexadecimal address": "cb00714d.nip.io",
            "a ULID": "01arz3ndektsv4rrffq69g5fav.example.org",
        }.items()
    },
    "a number as referrer": ({"referer": "https://1048577.com/"}, no_detector),
    "the path of a referrer": ({"referer": "https://www.example.com/janedoe?q=janedoe"}, whole_referrers),
    "the name of a referrer's host": ({"referer": "https://janedoe.example.com/"}, whole_referrers),
    "a method": ({"request": "JANEDOE / HTTP/1.1"}, methods_as_logged),
}
NAME = re.compile(
    r"jane.?doe|198.{1,9}51.{1,9}100.{1,9}77|192.0.2.7|0170|2606(?::|%3a)4700|2001.db8|fe80|0xC6|00.?1a.?2b|4111|%E2%91%A4|V1StGXR8"
    r"|550e8400|a8f3k2m9|RSSMRA|AB-12|345.678|078/05|52\.52|1048577|54a1b2c3|cb00714d|01arz3",
    re.IGNORECASE,
)


def shown(values: dict[str, str]) -> set[str]:
    """The published values that hold the name."""
    values = dict(values)
    site = values.pop("site", SITE)
    log = at(SITE, COMMON) + at(site, crowd(MANY, 500, **values))
    tables = published(log, log_format=NOTATION)
    return {value for rows in tables.values() for key in rows for value in key if NAME.search(value)}


def at(site: str, log: bytes) -> bytes:
    return b"".join(f'"{site}" '.encode() + one for one in log.splitlines(keepends=True))


@pytest.mark.parametrize("way", INJECTED)
def test_a_name_is_not_published_however_many_ask_for_it(way):
    assert shown(INJECTED[way][0]) == set()


@pytest.mark.parametrize("way", INJECTED)
def test_without_mask_or_list_it_is(way):
    values, mutation = INJECTED[way]
    with no_detector(), mutation():
        assert shown(values)


CLOSED = {"the name of a browser": "browsers", "the name of a robot": "bots", "a method": "methods"}
"""Values of closed dimensions, and their reports."""


@pytest.mark.parametrize("way", CLOSED)
def test_the_mask_alone_keeps_a_closed_dimension_to_its_list(way):
    with no_detector():
        assert shown(INJECTED[way][0]) == set()


@pytest.mark.parametrize("way", CLOSED)
def test_the_list_alone_folds_any_other_value_of_a_closed_dimension(way):
    """The door knows the vocabulary. So what the mask lets through is in no file: it becomes `(other)`."""
    values, mutation = INJECTED[way]
    assert folded(values, CLOSED[way]) == 0
    with mutation():
        assert folded(values, CLOSED[way]) >= MANY


def folded(values: dict[str, str], report: str) -> int:
    """Hits in the rows `(other)` of a report, as the files have it; no file holds the name."""
    released = release_log(at(SITE, COMMON) + at(SITE, crowd(MANY, 500, **values)), log_format=NOTATION, k=K)
    files = {name: pq.read_table(io.BytesIO(data)) for (_, name), data in files_of(released).items()}
    texts = [text for table in files.values() for row in table.to_pylist() for text in map(str, row.values())]
    assert [text for text in texts if NAME.search(text)] == []
    own = REPORTS[report].own[-1].name
    return sum(row["hits"] for row in files[report].to_pylist() if row[own] == "(other)")


IMITATED = {
    "as Host": ({"site": "(other)"}, sites_as_logged),
    "as referrer": ({"referer": "(other)"}, whole_referrers),
    "as path": ({"request": "GET /(other) HTTP/1.1"}, lambda: without(anonymize, "scrub_paths", without_slash)),
}


def without_slash(targets):
    return pa.array([target.removeprefix("/") or "/" for target in targets.to_pylist()])


def others(values: dict[str, str]) -> list[tuple[str, ...]]:
    """Rows `(other)` of a day on which nothing has to be folded."""
    log = at(SITE, COMMON) + at(values.get("site", SITE), crowd(MANY, 500, **{k: v for k, v in values.items() if k != "site"}))
    return [key for rows in published(log, log_format=NOTATION).values() for key in rows if "(other)" in key]


@pytest.mark.parametrize("way", IMITATED)
def test_a_row_that_imitates_other_does_not_exist(way):
    assert others(IMITATED[way][0]) == []


@pytest.mark.parametrize("way", IMITATED)
def test_without_mask_or_list_it_does(way):
    values, mutation = IMITATED[way]
    with no_detector(), mutation():
        assert others(values)
