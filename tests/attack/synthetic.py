"""Synthetic days of few visitors, as hits with their attributes, and as log lines of the same hits.

In a day of 40 or 150 visitors most groups are just under or over the threshold. The setting says which groups are rare.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tests.logs import CHROME, FIREFOX, GOOGLEBOT, IPHONE, line

SITE = "https://www.example.org"


@dataclass(eq=False)
class Hit:
    """One request, with the value of each dimension that a report divides by."""

    visitor: tuple[str, str]
    """Address and user agent."""
    second: int
    request: tuple[str, str, str, int]
    """Method, target, protocol, status."""
    referer: str
    values: dict[str, str] = field(default_factory=dict)
    visit: tuple[str, ...] = ()

    @property
    def address(self) -> str:
        return self.visitor[0]

    @property
    def network(self) -> str:
        return self.address.rpartition(".")[0]

    @property
    def bytes_sent(self) -> int:
        """The size of a file follows from its name."""
        return 1_000 + 37 * len(self.request[1])


@dataclass(frozen=True)
class Setting:
    """Chances (0 to 1) that decide how dense a day is."""

    further: float = 0.15
    """Another page in the same visit."""
    again: float = 0.05
    """Another visit of the same visitor."""
    assets: float = 0.0
    """Another static file after a page."""
    icon: float = 0.0
    """One more file after a page, which one in ten does not find."""
    rare: float = 0.04
    """A hit of a rare kind, method, status or protocol."""
    crowded: float = 0.05
    """An address of which there is another in its network; a second agent of an address."""
    pages: int = 4
    traffic: str = "human"


SETTINGS = {
    "bounces": Setting(),
    "bare": Setting(further=0.03, rare=0.01, again=0),
    "icons": Setting(icon=0.35, further=0.02, rare=0, again=0),
    "assets": Setting(assets=0.5, further=0.2),
    "reading": Setting(further=0.5, pages=6, again=0.15),
    "rare": Setting(rare=0.2, further=0.2),
    "wide": Setting(rare=0.1, further=0.3, pages=12, assets=0.2),
    "crowded": Setting(crowded=0.4, again=0.3, further=0.3, rare=0.08),
    "bot": Setting(traffic="bot", rare=0.08, crowded=0.1),
    "crawler": Setting(traffic="crawler", rare=0.08, crowded=0.2, assets=0.2),
}

CROS = CHROME.replace("Windows NT 10.0; Win64; x64", "X11; CrOS x86_64 14541.0.0")
IPAD = IPHONE.replace("iPhone; CPU iPhone OS 17_5", "iPad; CPU OS 16_5")
AHREFS = "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)"
AGENTS: dict[str, dict[str, tuple[int, dict[str, str]]]] = {
    "human": {
        agent: (weight, {"device": device, "operating_system": system, "browser": browser})
        for agent, weight, device, system, browser in (
            (CHROME, 50, "Desktop", "Windows", "Chrome"),
            (CHROME + " OPR/112.0.0.0", 3, "Desktop", "Windows", "Opera"),
            (FIREFOX, 10, "Desktop", "Linux", "Firefox"),
            (IPHONE, 25, "Mobile", "iOS", "Mobile Safari"),
            (CROS, 2, "Desktop", "Chrome OS", "Chrome"),
            (IPAD, 4, "Tablet", "iOS", "Mobile Safari"),
        )
    },
    "bot": {
        agent: (weight, {"bot_kind": kind, "bot": name})
        for agent, weight, kind, name in (
            ("curl/8.0", 30, "http-library", "curl"),
            ("FreshRSS/1.24", 20, "feed-reader", "FreshRSS"),
            ("Wget/1.21", 6, "http-library", "wget"),
            ("-", 10, "no-agent", "(none)"),
            ("SomethingBot/1.0", 4, "unlisted", "Other"),
        )
    },
    "crawler": {
        agent: (weight, {"bot_kind": kind, "bot": name})
        for agent, weight, kind, name in (
            (GOOGLEBOT, 30, "search-engine", "Googlebot"),
            (AHREFS, 6, "seo", "AhrefsBot"),
            ("GPTBot/1.2; +https://openai.com/gptbot", 3, "ai-crawler", "GPTBot"),
        )
    },
}
"""By traffic: user agents, how frequent they are, and what is told of them."""

PAGES = "/ /about /blog/one /blog/two /blog/three /news /shop/one /shop/two /contact /docs/a /docs/b /x/y".split()
STATIC = "/assets/site.css /assets/site.js /logo.png /blog/one.jpg".split()
REFERERS = {
    "-": ("direct", "(none)"),
    SITE: ("internal", "(none)"),
    "https://www.google.com/": ("search", "google.com"),
    "https://www.bing.com/": ("search", "bing.com"),
    "https://a.example.com/": ("referral", "example.com"),
    "https://t.co/": ("social", "t.co"),
}
OUTSIDE = [referer for referer in REFERERS if referer != SITE]
COUNTRIES = {"20.0": "GB", "20.1": "US", "90.1": "FR", "5.9": "DE"}

DEPTHS = {1: "01", 2: "02-04", 5: "05+"}
DURATIONS = {0: "00:00", 1: "00:01-00:09", 10: "00:10-00:29", 30: "00:30-00:59", 60: "01:00-04:59"}
DURATIONS |= {300: "05:00-09:59", 600: "10:00+"}


def day(setting: Setting, visitors: int, seed: int) -> list[Hit]:
    """The hits of about so many visitors, most of them with an address and a network of their own."""
    chance = random.Random(f"{setting} {visitors} {seed}")
    agents = AGENTS[setting.traffic]
    first, last = chance.choice([(8, 12), (0, 24), (10, 11)])
    hits: list[Hit] = []
    addresses: list[str] = []
    for number in range(visitors):
        address = f"{chance.choices(list(COUNTRIES), (60, 20, 15, 5))[0]}.{number}.7"
        if addresses and chance.random() < setting.crowded:
            near = chance.choice(addresses)
            address = near if chance.random() < 0.4 else near.rpartition(".")[0] + f".{chance.randrange(1, 255)}"
        addresses.append(address)
        agent = chance.choices(list(agents), [weight for weight, _ in agents.values()])[0]
        second = chance.randrange(first * 3600, last * 3600 - 600)
        while second < 80_000:
            for after, request, referer in _visit(chance, setting):
                hits.append(Hit((address, agent), second + after, request, referer))
            second += 6000
            if chance.random() >= setting.again:
                break
    for hit in hits:
        hit.values = {"traffic": setting.traffic, **agents[hit.visitor[1]][1], **_values(hit)}
    return hits


def _visit(chance: random.Random, setting: Setting) -> Iterable[tuple[int, tuple[str, str, str, int], str]]:
    """Seconds, requests and referrers of one visit."""
    weights = [1 / (1 + at) for at in range(setting.pages)]
    second, referer = 0, chance.choice(OUTSIDE)
    while second < 5400:
        protocol = chance.choices(["HTTP/1.1", "HTTP/2.0", "HTTP/1.0"], (70, 25, 100 * setting.rare))[0]
        page = chance.choices(PAGES[: setting.pages], weights)[0]
        is_rare = chance.random() < setting.rare
        yield second, chance.choice(_rare(page, chance)) if is_rare else ("GET", page, protocol, 200), referer
        while chance.random() < setting.assets:
            second += chance.randrange(2)
            yield second, ("GET", chance.choice(STATIC), protocol, 200), SITE
        if chance.random() < setting.icon:
            second += 1
            yield second, ("GET", "/logo.png", protocol, chance.choices([200, 404], (9, 1))[0]), SITE
        if chance.random() >= setting.further:
            break
        second, referer = second + chance.choice([0, 2, 5, 20, 45, 100, 400, 1700]), SITE


def _rare(page: str, chance: random.Random) -> list[tuple[str, str, str, int]]:
    return [
        *((method, page, "HTTP/1.1", 200) for method in ("POST", "HEAD")),
        *(("GET", page, "HTTP/1.1", status) for status in (206, 301, 302, 304, 403, 410, 500)),
        ("GET", chance.choice(["/wp-login", "/old/page"]), "HTTP/1.1", 404),
        ("GET", chance.choice(["/docs/paper.pdf", "/big.zip"]), "HTTP/1.0", 200),
        ("GET", chance.choice(STATIC), "HTTP/1.1", 200),
        ("GET", "/secret", "HTTP/2.0", 200),
        ("OPTIONS", "*", "HTTP/1.1", 200),
        ("CONNECT", "a.example.com:443", "HTTP/1.1", 400),
        ("", "", "", 400),
    ]


def _values(hit: Hit) -> dict[str, str]:
    method, target, protocol, status = hit.request
    path = target if target.startswith("/") else "(none)"
    kind, hour = _kind(method, path, status), hit.second // 3600
    channel, source = REFERERS[hit.referer]
    prefix = ".".join(hit.address.split(".")[:2])
    return {
        "kind": kind,
        "status": str(status),
        "method": method if kind != "invalid" else "(unknown)",
        "protocol": protocol if kind != "invalid" else "(unknown)",
        "path": path,
        "section": section_of(path),
        "file_type": path.rpartition(".")[2] if kind == "static" else "(none)",
        "hour": f"{hour:02}",
        "day_part": ("00-05", "06-11", "12-17", "18-23")[hour // 6],
        "channel": channel,
        "source": source,
        "country": COUNTRIES[prefix],
        "network": prefix + ".0.0/16",
    }


def _kind(method: str, path: str, status: int) -> str:
    ending = path.rpartition(".")[2] if "." in path else ""
    if path == "(none)":
        return "invalid"
    if status == 404:
        return "not_found"
    if status >= 400:
        return "error"
    if status >= 300 and status != 304:
        return "redirect"
    if ending:
        return "download" if ending in ("pdf", "zip") else "static"
    return "page" if method == "GET" else "other"


def section_of(path: str) -> str:
    """Everything up to and with the second slash."""
    return path[: path.index("/", 1) + 1] if path.count("/") > 1 else "/"


def with_visits(hits: list[Hit], depths: Mapping[int, str], page_durations: bool) -> list[Hit]:
    """The same hits, with the dimensions of their visits."""
    visits: dict[tuple[str, ...], list[Hit]] = {}
    last: dict[tuple[str, str], Hit] = {}
    for hit in sorted(hits, key=lambda hit: hit.second):
        before = last.get(hit.visitor)
        is_new = before is None or hit.second - before.second >= 1800
        hit.visit = (*hit.visitor, str(hit.second)) if before is None or is_new else before.visit
        last[hit.visitor] = hit
        visits.setdefault(hit.visit, []).append(hit)
    for visit in visits.values():
        pages = [hit for hit in visit if hit.values["kind"] == "page"]
        first = min(pages, key=lambda hit: (hit.second, hit.values["path"]), default=None)
        final = max(pages, key=lambda hit: (hit.second, hit.values["path"]), default=None)
        ends = [hit.second for hit in (pages if page_durations else visit)] or [0]
        for hit in visit:
            hit.values["visit_depth"] = _bucket(len(pages), depths) if pages else "00"
            hit.values["visit_duration"] = _bucket(max(ends) - min(ends), DURATIONS)
            hit.values["entry_page"] = first.values["path"] if first else "(none)"
            hit.values["exit_page"] = final.values["path"] if final else "(none)"
            hit.values["entry"] = "entry" if hit is first else "later"
    return hits


def _bucket(amount: int, buckets: Mapping[int, str]) -> str:
    return buckets[max(least for least in buckets if least <= amount)]


def lines(hits: Iterable[Hit]) -> bytes:
    """The log of these hits."""
    return b"".join(
        line(
            host=hit.address,
            time=f"03/Mar/2026:{hit.second // 3600:02}:{hit.second // 60 % 60:02}:{hit.second % 60:02} +0000",
            request=" ".join(hit.request[:3]) if hit.request[0] else r"\\x16\\x03",
            status=hit.request[3],
            size=hit.bytes_sent,
            referer=hit.referer,
            agent=hit.visitor[1],
        )
        for hit in hits
    )
