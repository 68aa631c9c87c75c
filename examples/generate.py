"""Generates an access log of fictitious visitors from a seed, days and a number of lines, as a web server would write it.

    python examples/generate.py --output access.log.gz --lines 60000

`realistic` is typical traffic of a site: visits of a page and a burst of assets, crawlers, scanners, a few odd and broken lines.
`scattered` is the worst case for a benchmark: every line from another visitor, half of the addresses of 60,000 lines distinct.
The same arguments give the same bytes (with the same numpy), and a day's lines depend on the seed and the date only.
"""

from __future__ import annotations

import argparse
import base64
import csv
import gzip
import ipaddress
import re
import uuid
import zlib
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, timedelta
from itertools import repeat
from operator import itemgetter
from pathlib import Path
from random import Random
from typing import NamedTuple, cast

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Hit = tuple[int, str, int, int, str]  # seconds after the visit's first request, "METHOD path", status, bytes, referrer
Line = tuple[int, str]  # second of the day, text

HERE = Path(__file__).parent
PROFILES = ("realistic", "scattered")
FORMATS = ("combined", "vhost_combined")
SITES = ("www.example.org", "blog.example.org")
SITE_NAME = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")  # strftime's depend on the locale
DAY_SECONDS = 86_400
WAVE = 5_000  # visits written together, about 60,000 lines
BLOCK = 60_000  # scattered lines written together

# Who writes the lines: share of a day's lines, mean lines of a visit. People get what the others leave (about 83 %).
ROBOTS = {"crawler": (0.105, 14), "scanner": (0.045, 18), "monitor": (0.01, 2), "feed": (0.01, 2)}
OTHERS = ROBOTS | {"odd": (0.003, 1), "broken": (0.0002, 1)}
PAUSES = {"crawler": 20, "scanner": 1, "monitor": 300, "feed": 1800}  # mean seconds between a robot's requests
PERSON_LINES = 11
RETURNING = 0.06  # visits by somebody who was there before on the same day
SHARED_ADDRESS = 0.05  # visitors behind the address of another one: households, offices
IPV6 = 0.12
CACHED = 0.12  # visits whose assets the browser has already
STAFF = 0.01  # visits that log in
CAMPAIGN = 0.06  # visits that follow a tagged link
HOURS = (14, 11, 9, 8, 9, 12, 18, 28, 40, 48, 51, 50, 48, 52, 56, 57, 54, 50, 47, 48, 46, 38, 28, 19)  # people by hour, UTC
CHANNELS = {"direct": 0.28, "search": 0.42, "social": 0.10, "assistant": 0.06, "other": 0.14}  # of a visit's first referrer

WORDS = ("sensor", "battery", "rain+gauge", "mqtt", "firmware", "warranty", "lora", "solar", "dew%20point", "api+key")
PLACEHOLDERS: dict[str, Callable[[Random], str]] = {
    "word": lambda dice: dice.choice(WORDS),
    "digit": lambda dice: str(dice.randint(1, 9)),
    "number": lambda dice: str(dice.randrange(1_000_000, 9_999_999)),
    "uuid": lambda dice: str(uuid.UUID(int=dice.getrandbits(128), version=4)),
    "token": lambda dice: base64.urlsafe_b64encode(dice.randbytes(24)).decode(),
    "hex": lambda dice: f"{dice.getrandbits(128):032x}",
    "mail": lambda dice: f"reader{dice.randrange(10_000)}@example.net",
}
PLACEHOLDER = re.compile(r"\{(\w+)\}")


def generate(
    lines: int,
    *,
    day: date = date(2026, 3, 3),
    days: int = 1,
    seed: int = 1,
    log_format: str = "combined",
    sites: Sequence[str] = SITES,
    profile: str = "realistic",
) -> Iterator[bytes]:
    """Chunks of whole lines (a few megabytes each) in the order of time: `lines` for each of `days` days from `day`.

    `combined` names no site, so that sites show in its referrers only. Raises ValueError on a parameter out of range (days
    after the year 9999: OverflowError).
    """
    for name, value, least in (("lines", lines, 1), ("days", days, 1), ("seed", seed, 0)):
        if value < least:
            raise ValueError(f"{name} is {value}, must be {least} or more")
    for name, text, known in (("log_format", log_format, FORMATS), ("profile", profile, PROFILES)):
        if text not in known:
            raise ValueError(f"{name} is {text!r}, must be one of {', '.join(known)}")
    if not sites or not all(SITE_NAME.fullmatch(site) for site in sites):
        raise ValueError(f"sites is {','.join(sites)!r}, must be one or more host names in lower case")
    write_day = Day.realistic if profile == "realistic" else Day.scattered
    every_day = [day + timedelta(offset) for offset in range(days)]
    return (chunk for one in every_day for chunk in write_day(Day(one, seed, log_format, sites), lines))


class Ranked:
    """Values in the order of their frequency, drawn by Zipf's law."""

    def __init__(self, values: Sequence[str], exponent: float = 1.0) -> None:
        self.values = values
        self._shares = zipf(len(values), exponent)
        self._cumulative = self._shares.cumsum().tolist()

    def pick(self, dice: Random) -> str:
        """One value."""
        return dice.choices(self.values, cum_weights=self._cumulative)[0]

    def draw(self, numbers: np.random.Generator, count: int) -> list[str]:
        """Many values at once, which is faster."""
        return [self.values[at] for at in numbers.choice(len(self.values), count, p=self._shares).tolist()]


class Visitor(NamedTuple):
    """Who writes a line: what stands before it (`site:port ` or nothing), address, user name, agent."""

    prefix: str
    address: str
    user: str
    agent: str


class Networks:
    """The blocks of networks.csv; countries by Zipf's law, and a country's blocks too."""

    def __init__(self) -> None:
        rows = read_table("networks.csv")
        self._ipv4, self._ipv4_shares = self._blocks((country, network) for network, country in rows if ":" not in network)
        self._ipv6, self._ipv6_shares = self._blocks((country, network) for network, country in rows if ":" in network)

    @staticmethod
    def _blocks(rows: Iterable[Sequence[str]]) -> tuple[list[tuple[int, int]], Floats]:
        """First address and size of each block, and how often it is drawn."""
        by_country = grouped(rows)
        networks = [ipaddress.ip_network(network) for networks in by_country.values() for network in networks]
        countries = zip(zipf(len(by_country)), by_country.values(), strict=True)
        shares = np.concatenate([share * zipf(len(networks)) for share, networks in countries])
        return [(int(network.network_address), network.num_addresses) for network in networks], shares

    def draw(self, numbers: np.random.Generator, count: int, ipv6: float = IPV6) -> list[str]:
        """Random addresses, a share of them IPv6."""
        six = numbers.random(count) < ipv6
        four = iter(self._draw_ipv4(numbers, int(count - six.sum())))
        other = iter(self._draw_ipv6(numbers, int(six.sum())))
        return [next(other) if is_six else next(four) for is_six in six.tolist()]

    def _draw_ipv4(self, numbers: np.random.Generator, count: int) -> list[str]:
        firsts, sizes = np.array(self._ipv4)[numbers.choice(len(self._ipv4), count, p=self._ipv4_shares)].T
        prefixes = firsts + (numbers.integers(0, sizes // 256) << 8)
        hosts = numbers.integers(1, 255, count)
        return [f"{p >> 24}.{p >> 16 & 255}.{p >> 8 & 255}.{h}" for p, h in zip(prefixes.tolist(), hosts.tolist(), strict=True)]

    def _draw_ipv6(self, numbers: np.random.Generator, count: int) -> list[str]:
        at = numbers.choice(len(self._ipv6), count, p=self._ipv6_shares).tolist()
        customers = numbers.integers(0, 2**24, count).tolist()  # a customer has a /56, a device random 64 bits in its first /64
        devices = numbers.integers(0, 2**64, count, dtype=np.uint64).tolist()
        drawn = zip(at, customers, devices, strict=True)
        return [str(ipaddress.IPv6Address(self._ipv6[block][0] | customer << 72 | device)) for block, customer, device in drawn]


class Day:
    """One day's log: who comes when, and what each of them asks for."""

    def __init__(self, day: date, seed: int, log_format: str, sites: Sequence[str]) -> None:
        self.numbers = np.random.default_rng([seed, day.toordinal()])
        self.dice = Random(f"{seed}:{day}")
        self.sites = Ranked(sites)
        self.prefixes = {site: f"{site}:443 " if log_format == "vhost_combined" else "" for site in sites}
        stamp = f"{day.day:02}/{MONTHS[day.month - 1]}/{day.year:04}"
        self.stamps = [f"{stamp}:{s // 3600:02}:{s // 60 % 60:02}:{s % 60:02} +0000" for s in range(DAY_SECONDS)]
        self.networks = Networks()
        self.agents = ranked("agents.csv")
        self.paths = ranked("paths.csv", 0.9)
        self.referrers = ranked("referrers.csv")
        self.habits = {who: [row for row in read_table("robots.csv") if row[0] == who] for who in ROBOTS}
        self.oddities = read_table("odd.csv")
        robots = [agent for who in ROBOTS for agent in self.agents[who].values]
        # Robots keep their network from day to day, hence a generator that does not know the date.
        networks = self.networks.draw(np.random.default_rng(seed), len(robots), ipv6=0)
        self.robots = {robot: address.rpartition(".")[0] for robot, address in zip(robots, networks, strict=True)}

    def realistic(self, lines: int) -> Iterator[bytes]:
        """Visits begin in the order of time and overlap: a line is written once no visit that is yet to begin can precede it."""
        visits = self._visits(lines)
        people = self._people(sum(who == "person" for _, _, who in visits))
        pending: list[Line] = []
        for first in range(0, len(visits), WAVE):
            for start, length, who in visits[first : first + WAVE]:
                pending += self._lines(who, start, length, people)
            pending.sort(key=itemgetter(0))
            following = first + WAVE
            until = visits[following][0] if following < len(visits) else DAY_SECONDS
            ripe = bisect_left(pending, until, key=itemgetter(0))
            yield "".join(text for _, text in pending[:ripe]).encode()
            del pending[:ripe]

    def scattered(self, lines: int) -> Iterator[bytes]:
        """Every line by another visitor. 0.627 addresses a line to draw from make half of the addresses distinct."""
        for first in range(0, lines, BLOCK):
            count = min(BLOCK, lines - first)
            pool = self.networks.draw(self.numbers, int(count * 0.627) + 1)
            addresses = [pool[at] for at in self.numbers.integers(0, len(pool), count).tolist()]
            agents = self.numbers.permutation(np.resize(self.agents["person"].values, count)).tolist()
            paths = self.paths["page"].draw(self.numbers, count)
            sites = self.sites.draw(self.numbers, count)
            text = []
            for at, (address, agent, path, site) in enumerate(zip(addresses, agents, paths, sites, strict=True), first):
                path = self._filled(path)
                visitor = Visitor(self.prefixes[site], address, "-", agent)
                second = at * DAY_SECONDS // lines
                text.append(self._line(visitor, second, f"GET {path} HTTP/1.1", 200, size_of(path), self._referrer()))
            yield "".join(text).encode()

    def _visits(self, lines: int) -> list[tuple[int, int, str]]:
        """Start, number of lines and writer of each visit, in the order of time; their lines add up to exactly `lines`."""
        budgets = {who: (round(lines * share), mean) for who, (share, mean) in OTHERS.items()}
        budgets["person"] = (lines - sum(budget for budget, _ in budgets.values()), PERSON_LINES)
        visits: list[tuple[int, int, str]] = []
        for who, (budget, mean) in budgets.items():
            lengths = visit_lengths(self.numbers, budget, mean)
            hours = self.numbers.choice(24, len(lengths), p=None if who in ROBOTS else np.array(HOURS) / sum(HOURS))
            starts = hours * 3600 + self.numbers.integers(0, 3600, len(lengths))
            visits += zip(starts.tolist(), lengths, repeat(who))
        return sorted(visits, key=itemgetter(0))

    def _people(self, visits: int) -> Iterator[tuple[str, str]]:
        """Address and agent of the person behind each visit, without end."""
        addresses = self.networks.draw(self.numbers, visits)
        for shared in self.numbers.permutation(visits)[: round(visits * SHARED_ADDRESS)].tolist():
            addresses[shared] = self.dice.choice(addresses)
        people = list(zip(addresses, self.agents["person"].draw(self.numbers, visits), strict=True))
        for known, person in enumerate(people, 1):
            yield person
            if self.dice.random() < RETURNING:
                yield people[self.dice.randrange(known)]
        while True:
            yield self.dice.choice(people)

    def _lines(self, who: str, start: int, length: int, people: Iterator[tuple[str, str]]) -> list[Line]:
        """One visit's lines."""
        dice, user, protocol = self.dice, "-", "HTTP/1.1"
        site = self.sites.pick(dice)
        if who in ROBOTS:
            agent = self.agents[who].pick(dice)
            address = f"{self.robots[agent]}.{dice.randint(1, 24)}"
            hits = self._robot(length, who)
        else:
            address, agent = next(people)
            user = f"editor{dice.randint(1, 9)}" if dice.random() < STAFF else user
            protocol = "HTTP/2.0" if dice.random() < 0.8 else protocol
            hits = self._person(length, f"https://{site}", "page" if user == "-" else "staff")
        visitor = Visitor(self.prefixes[site], address, user, agent)
        if who == "odd":
            _, user, request, answer, sent, odd_agent = dice.choice(self.oddities)
            visitor = Visitor(visitor.prefix.replace(":443", ":80"), address, user, odd_agent or agent)
            return [(start, self._line(visitor, start, request, int(answer), int(sent), "-"))]
        # A visit that would pass midnight hurries: the day has exactly its lines, and no line of the next one.
        hurry = min(1.0, (DAY_SECONDS - 1 - start) / max(1, hits[-1][0]))
        lines = []
        for after, request, status, size, referrer in hits:
            second = start + int(after * hurry)
            lines.append((second, self._line(visitor, second, f"{request} {protocol}", status, size, referrer)))
        if who == "broken":  # a full disk, a killed server: cut before the agent's closing quote
            lines = [(second, text[: int(len(text) * dice.uniform(0.2, 0.8))] + "\n") for second, text in lines]
        return lines

    def _line(self, visitor: Visitor, second: int, request: str, status: int, size: int, referrer: str) -> str:
        prefix, address, user, agent = visitor
        return f'{prefix}{address} - {user} [{self.stamps[second]}] "{request}" {status} {size or "-"} "{referrer}" "{agent}"\n'

    def _person(self, length: int, home: str, kind: str) -> list[Hit]:
        """Pages, each with a burst of assets that name it as their referrer, until the visit's lines are used up."""
        dice, now, referrer, hits = self.dice, 0, self._referrer(), list[Hit]()
        asset_status = 304 if dice.random() < CACHED else 200
        path = self._path(kind)
        if "?" not in path and dice.random() < CAMPAIGN:
            path += "?utm_source=newsletter&utm_medium=email&utm_campaign=spring-2026"
        while len(hits) < length:
            luck = dice.random()
            if luck < 0.02 and path.endswith("/") and path != "/":
                hits.append((now, f"GET {path[:-1]}", 301, size_of("", 301), referrer))
            elif luck < 0.035:
                hits.append((now, f"GET {self._path('missing')}", 404, size_of("", 404), referrer))
            elif luck < 0.07 and hits:
                hits.append((now, f"GET {self._path('download')}", 200, dice.randrange(90_000, 8_000_000), referrer))
            elif luck < 0.10 and hits:
                hits.append((now, f"POST {self._path('form')}", dice.choice((200, 200, 302)), 640, referrer))
            elif luck < 0.105:
                hits.append((now, f"GET {path}", dice.choice((403, 500, 503)), size_of("", 500), referrer))
            else:
                status = 304 if luck > 0.97 else 200
                hits.append((now, f"GET {path}", status, size_of(path, status), referrer))
                referrer = home + path
                count = dice.randint(4, 12) if len(hits) < 3 else dice.randint(1, 4)
                burst = dict.fromkeys(self._path("asset" if dice.random() < 0.7 else "image") for _ in range(count))
                for asset in list(burst)[: length - len(hits)]:
                    now += dice.random() < 0.3
                    hits.append((now, f"GET {asset}", asset_status, size_of(asset, asset_status), referrer))
                now += 2 + int(dice.expovariate(1 / 45))
                path = self._path(kind)
                referrer = referrer if dice.random() < 0.9 else "-"
        return hits

    def _robot(self, length: int, who: str) -> list[Hit]:
        """Requests in a row, without assets and referrers."""
        now, hits, habits = 0, list[Hit](), self.habits[who]
        weights = [int(row[1]) for row in habits]
        for _, _, method, kind, status in self.dice.choices(habits, weights, k=length):
            path = self._path(kind)
            hits.append((now, f"{method} {path}", int(status), 0 if method == "HEAD" else size_of(path, int(status)), "-"))
            now += self.dice.randint(0, 2 * PAUSES[who])
        return hits

    def _referrer(self) -> str:
        [channel] = self.dice.choices(tuple(CHANNELS), tuple(CHANNELS.values()))
        return self.referrers[channel].pick(self.dice)

    def _path(self, kind: str) -> str:
        return self._filled(self.paths[kind].pick(self.dice))

    def _filled(self, path: str) -> str:
        return PLACEHOLDER.sub(lambda found: PLACEHOLDERS[found[1]](self.dice), path) if "{" in path else path


def visit_lengths(numbers: np.random.Generator, total: int, mean: int) -> list[int]:
    """Lines of each visit, 1 or more, many short and few long, that add up to `total`."""
    shape = 1.6  # of a negative binomial: with a mean of eleven lines, a sixth of the visits have three or fewer
    drawn = 1 + numbers.negative_binomial(shape, shape / (shape + mean - 1), total)
    lengths: list[int] = np.diff(np.minimum(drawn.cumsum(), total), prepend=0).tolist()
    return [length for length in lengths if length]


def size_of(path: str, status: int = 200) -> int:
    """Bytes of the answer: a page's or file's own, a short text with an error or redirect, none if nothing changed."""
    own = 900 + zlib.crc32(path.encode()) % 60_000
    return own if status == 200 else 0 if status == 304 else 1245


def zipf(count: int, exponent: float = 1.0) -> Floats:
    """Shares by Zipf's law: the n-th is n ** exponent times smaller than the first."""
    weights = np.arange(1, count + 1, dtype=np.float64) ** -exponent
    return cast(Floats, weights / weights.sum())


def read_table(name: str) -> list[list[str]]:
    """The rows of a csv file that lies beside this one, without comments and header."""
    with open(HERE / name, encoding="utf-8", newline="") as file:
        return list(csv.reader(line for line in file if not line.startswith("#")))[1:]


def ranked(name: str, exponent: float = 1.0) -> dict[str, Ranked]:
    """A table of groups and their values, most frequent first."""
    return {group: Ranked(values, exponent) for group, values in grouped(read_table(name)).items()}


def grouped(rows: Iterable[Sequence[str]]) -> dict[str, list[str]]:
    """(group, value) to the values of each group, both in the order of the rows."""
    groups: dict[str, list[str]] = {}
    for group, value in rows:
        groups.setdefault(group, []).append(value)
    return groups


def write(output: Path, chunks: Iterable[bytes]) -> None:
    """A plain file, or by the name's end a gz one without time and file name, which would differ from run to run."""
    with open(output, "wb") as file:
        if output.suffix == ".gz":
            with gzip.GzipFile("", "wb", 6, file, mtime=0) as packed:
                packed.writelines(chunks)
        else:
            file.writelines(chunks)


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line; wrong arguments and a file that cannot be written exit with 2."""
    parser = argparse.ArgumentParser("generate.py", description="Writes an access log of made-up visitors.", allow_abbrev=False)
    option = parser.add_argument
    option("--output", type=Path, required=True, metavar="PATH", help="plain, or gz if the name ends so")
    option("--lines", type=int, default=60_000, help="lines a day (%(default)s)")
    option("--date", dest="day", type=date.fromisoformat, default="2026-03-03", help="first day, UTC (%(default)s)")
    option("--days", type=int, default=1, help="number of consecutive days (%(default)s)")
    option("--seed", type=int, default=1, help="another seed, other visitors (%(default)s)")
    option("--format", dest="log_format", choices=FORMATS, default=FORMATS[0], help="%(default)s")
    option("--sites", default=",".join(SITES), metavar="A,B", help="most visited first (%(default)s)")
    option("--profile", choices=PROFILES, default=PROFILES[0], help="%(default)s")
    given = vars(parser.parse_args(arguments))
    output, sites = given.pop("output"), given.pop("sites").split(",")
    try:
        write(output, generate(sites=sites, **given))
    except (ValueError, OverflowError, OSError) as wrong:
        parser.error(str(wrong))


if __name__ == "__main__":
    main()
