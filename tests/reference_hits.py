"""The reference implementation's reading half: from lines to hits, one line at a time, with regular expressions.

Written from the design, not from the code. It shares with the program only what is data by nature: the lookups (country, agents,
referrers, extensions) and the path mask. Parsing, time, addresses, networks, kinds and visits are its own.
"""

from __future__ import annotations

import datetime
import ipaddress
import re
import zoneinfo
from collections import defaultdict
from dataclasses import dataclass

from transforms.dimensions.agent import describe_agent
from transforms.dimensions.country import CountryLookup
from transforms.dimensions.place import publishable_country
from transforms.dimensions.referrer import describe_referrer
from transforms.dimensions.request import DOWNLOADS, PAGES, STATIC
from transforms.hosts import network_domain, site_domain
from transforms.masking.path import extension, scrub_path

UNKNOWN, NONE, UNLISTED = "(unknown)", "(none)", "Other"
KINDS = set("invalid not_found error redirect static download page other".split())
CRAWLERS = {"search-engine", "ai-crawler", "seo", "archiver", "academic", "advertising"}
"""Kinds of robots that organisations run."""

METHODS = set("GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH".split())
METHODS |= set("PROPFIND PROPPATCH MKCOL COPY MOVE LOCK UNLOCK REPORT SEARCH ACL QUERY".split())
VERSIONS = {"HTTP/1": "HTTP/1.0", "HTTP/2": "HTTP/2.0", "HTTP/3": "HTTP/3.0", "": NONE}
VERSIONS |= {name: name for name in ("HTTP/1.0", "HTTP/1.1", "HTTP/2.0", "HTTP/3.0")}
DURATIONS = """0=00:00 1=00:01-00:09 10=00:10-00:29 30=00:30-00:59 60=01:00-04:59 300=05:00-09:59 600=10:00+"""
DEPTHS = "1=01 2=02-04 5=05+"
DAY_PARTS = "0=00-05 6=06-11 12=12-17 18=18-23"
MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
HEAD = {
    "combined": "",
    "common": "",
    "vhost_combined": r"(?P<site>\S+):\d+ ",
    "vhost_common": r"(?P<site>\S+):\d+ ",
    "site_combined": r"(?P<site>\S+) ",
    "site_common": r"(?P<site>\S+) ",
}
QUOTED = r'"((?:[^"\\]|\\.)*)"'
LOOSE = r'"(.*?)"'


@dataclass(eq=False)  # so that sets hold hits, and not their values
class Hit:
    date: str
    second: int
    address: object
    network: object
    visitor: object
    bytes_sent: int
    values: dict[str, str]
    visit: object = None


def unescape(text: bytes) -> str:
    out, at = bytearray(), 0
    simple = {b"n": 10, b"t": 9, b"r": 13, b"b": 8, b"f": 12, b"v": 11}
    while at < len(text):
        if text[at : at + 1] != b"\\":
            out.append(text[at])
            at += 1
        elif re.match(rb"x[0-9A-Fa-f]{2}", text[at + 1 : at + 4]):
            out.append(int(text[at + 2 : at + 4], 16))
            at += 4
        else:
            out.append(simple.get(text[at + 1 : at + 2], text[at + 1]))
            at += 2
    return out.decode("utf-8", "replace")


def parse(line: bytes, log_format: str) -> dict[str, object] | None:
    """Fields of one line, or None."""
    agents = log_format.endswith("combined")
    for quoted in (QUOTED, LOOSE):
        pattern = HEAD[log_format] + r"(?P<host>\S+) \S+ .*? \[([^\]\s]{20}) ([+-]\d{4})\] " + quoted
        pattern += r" (\d{3}|-) (\d{1,18}|-)" + (f" {quoted} {quoted}" if agents else "") + r"\s*\Z"
        found = re.match(pattern.encode(), line, re.DOTALL)
        if found:
            break
    else:
        return None
    named = found.groupdict()
    rest = list(found.groups()[len(named) :])
    time = read_time(rest[0].decode("latin-1"), rest[1].decode())
    if time is None:
        return None
    return {
        "site": unescape(named["site"]) if "site" in named else None,
        "host": unescape(named["host"]),
        "time": time,
        "request": unescape(rest[2]),
        "status": rest[3].decode(),
        "bytes": 0 if rest[4] == b"-" else int(rest[4]),
        "referer": unescape(rest[5]) if agents else None,
        "agent": unescape(rest[6]) if agents else None,
    }


def read_time(text: str, zone: str) -> datetime.datetime | None:
    found = re.fullmatch(r"([0-9]{2})/([A-Z][a-z]{2})/([0-9]{4}):([0-9]{2}):([0-9]{2}):([0-9]{2})", text)
    if not found or found[2] not in MONTHS:
        return None
    hours, minutes = int(zone[1:3]), int(zone[3:])
    if hours > 15 or minutes > 59:
        return None
    offset = datetime.timedelta(hours=hours, minutes=minutes) * (-1 if zone[0] == "-" else 1)
    try:
        time = datetime.datetime(
            int(found[3]), MONTHS.index(found[2]) + 1, int(found[1]), int(found[4]), int(found[5]), min(int(found[6]), 59)
        )
    except ValueError:
        return None
    return time - offset if int(found[6]) <= 60 else None


def place(host: str) -> tuple[object, object, str]:
    """Address, network and the prefix whose country is looked up."""
    nowhere = ("local", "local", "")
    try:
        address = ipaddress.ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        is_name = ":" not in host and network_domain(host)
        return (host.lower().rstrip("."), "names", "") if is_name else nowhere
    if address.version == 6:
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]
        if address in ipaddress.ip_network("64:ff9b::/96"):
            inner = ipaddress.ip_address(int(address) & 0xFFFFFFFF)
        address = inner or address
    not_global = not address.is_global or address.is_multicast
    if address.version == 4 and (not_global or address in ipaddress.ip_network("192.88.99.0/24")):
        return nowhere
    if address.version == 6 and (
        address not in ipaddress.ip_network("2000::/3")
        or address in ipaddress.ip_network("2001::/23")
        or address in ipaddress.ip_network("2001:db8::/32")
        or address in ipaddress.ip_network("3fff::/20")
    ):
        return nowhere
    unit, wide = (32, 24) if address.version == 4 else (56, 32)
    network = ipaddress.ip_network((address, wide), strict=False)
    whole = ipaddress.ip_network((address, unit), strict=False)
    prefix = network if address.version == 4 else whole
    return whole, network, str(prefix.network_address)


def request_of(text: str) -> tuple[str, str, str]:
    found = re.fullmatch(r"([A-Z][A-Z_-]{0,19}) (.+) (HTTP/[0-9](\.[0-9])?)", text)
    found = found or re.fullmatch(r"([A-Z][A-Z_-]{0,19}) (\S+)()", text)
    if not found:
        return "", "", ""
    method, target, protocol = found[1], found[2], found[3]
    if re.match(r"https?://", target, re.I):
        rest = re.sub(r"^https?://[^/?#]*", "", target, flags=re.I)
        return method, rest if rest.startswith("/") else "/" + rest, protocol
    good = target.startswith("/") or target == "*" or method == "CONNECT"
    return (method, target, protocol) if good else ("", "", "")


def kind_of(method: str, status: str, path: str) -> str:
    name = extension(path)
    if path == NONE:
        return "invalid"
    if status == UNKNOWN:
        return "other"
    if status == "404":
        return "not_found"
    if status.isdigit() and int(status) >= 400:
        return "error"
    if status.startswith("3") and status != "304":
        return "redirect"
    if name in STATIC:
        return "static"
    if name in DOWNLOADS:
        return "download"
    good = status.startswith("2") or status == "304"
    return "page" if method == "GET" and good and (not name or name in PAGES) else "other"


def site_of(logged: str | None, default: str | None) -> str:
    name = logged if logged is not None else default
    if name is None:
        return UNKNOWN
    name = re.sub(r":[0-9]*$", "", name).lower()
    name = name[:-1] if name.endswith(".") else name
    if len(name) > 253 or re.fullmatch(r"[0-9.]+|0x[0-9a-f]+", name):
        return UNKNOWN
    labels = name.split(".")
    good = all(0 < len(label) <= 63 and re.fullmatch(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?", label) for label in labels)
    return name if good else UNKNOWN


def hits_of(
    lines: list[bytes], log_format: str, site: str | None = None, time_zone: str = "UTC", period: str = "day"
) -> tuple[list[Hit], int]:
    """The hits of the lines, and the number of rejected lines; blank lines and comments are neither."""
    countries, zone = CountryLookup.open(), zoneinfo.ZoneInfo(time_zone)
    entries = [parse(line, log_format) for line in lines if line.strip() and not line.startswith(b"#")]
    hits = [hit_of(entry, site, zone, period, countries) for entry in entries if entry is not None]
    number_visits(hits)
    describe_visits(hits)
    return hits, len(entries) - len(hits)


def hit_of(entry: dict, site: str | None, zone: zoneinfo.ZoneInfo, period: str, countries: CountryLookup) -> Hit:
    """The hit of one entry, without what depends on its visit."""
    time = entry["time"].replace(tzinfo=datetime.timezone.utc)
    clock = time.astimezone(zone)
    back = {"day": 0, "week": clock.weekday(), "month": clock.day - 1}[period]
    date = (clock.date() - datetime.timedelta(back)).isoformat()
    address, network, prefix = place(entry["host"])
    values = {
        "site": site_of(entry["site"], site),
        "hour": f"{clock.hour:02}",
        "day_part": bucket(clock.hour, DAY_PARTS),
        "country": publishable_country(countries.codes([prefix])[0]),
        "network": wide_network(prefix),
    }
    values |= values_of_request(entry["request"], entry["status"]) | values_of_agent(entry["agent"])
    values |= values_of_referrer(entry["referer"], values["site"])
    return Hit(date, int(time.timestamp()), address, network, (address, entry["agent"], date), entry["bytes"], values)


def values_of_request(request: str, status: str) -> dict[str, str]:
    method, target, protocol = request_of(request)
    path = scrub_path(target)
    kind = kind_of(method, status, path)
    named = path != NONE  # otherwise neither method nor protocol is published, which would tell such requests apart
    return {
        "kind": kind,
        "method": (method if method in METHODS else UNLISTED) if named else UNKNOWN,
        "protocol": VERSIONS.get(protocol, UNLISTED) if named else UNKNOWN,
        "file_type": extension(path) if kind == "static" else NONE,
        "status": UNKNOWN if status == "-" else status,
        "section": path[: path.find("/", 1) + 1] or "/",
        "path": path,
    }


def values_of_agent(text: str | None) -> dict[str, str]:
    agent = describe_agent(text)
    names = ("device", "operating_system", "browser", "bot_kind", "bot")
    traffic = "crawler" if agent.bot_kind in CRAWLERS else "bot" if agent.traffic == "crawler" else agent.traffic
    return {"traffic": traffic, **{name: getattr(agent, name) for name in names}}


def values_of_referrer(text: str | None, site: str) -> dict[str, str]:
    referrer = describe_referrer(text)
    if site != UNKNOWN and referrer.owner and referrer.owner == (site_domain(site) or site):
        return {"channel": "internal", "source": NONE}
    return {"channel": referrer.channel, "source": referrer.source}


def wide_network(prefix: str) -> str:
    if not prefix:
        return UNKNOWN
    return str(ipaddress.ip_network((prefix, 24 if ":" in prefix else 16), strict=False))


def bucket(amount: int, buckets: str) -> str:
    """The last of `least=name` pairs whose least amount is reached."""
    return [name for least, name in (pair.split("=") for pair in buckets.split()) if amount >= int(least)][-1]


def names_of(buckets: str) -> set[str]:
    return {pair.split("=")[1] for pair in buckets.split()}


def describe_visits(hits: list[Hit]) -> None:
    """Gives each hit the properties of its visit at its site. Pages within one second are ordered by path."""
    stays = defaultdict(list)
    for hit in hits:
        stays[hit.visit, hit.values["site"]].append(hit)
    for stay in stays.values():
        pages = sorted((hit.second, hit.values["path"].encode()) for hit in stay if hit.values["kind"] == "page")
        values = {
            "visit_duration": bucket(pages[-1][0] - pages[0][0] if pages else 0, DURATIONS),
            "visit_depth": bucket(len(pages), DEPTHS) if pages else NONE,
            "entry_page": pages[0][1].decode() if pages else NONE,
            "exit_page": pages[-1][1].decode() if pages else NONE,
        }
        for hit in stay:
            hit.values |= values


def number_visits(hits: list[Hit]) -> None:
    by_visitor = defaultdict(list)
    for hit in hits:
        by_visitor[hit.visitor].append(hit)
    for visitor, own in by_visitor.items():
        own.sort(key=lambda hit: hit.second)
        number, last = 0, own[0].second
        for hit in own:
            if hit.second - last >= 1800:
                number += 1
            last = hit.second
            hit.visit = (visitor, number)
