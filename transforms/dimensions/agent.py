"""Dimensions of what a visitor browses with: traffic, device class, system and browser, or which robot it is.

Every name comes from a shipped list. ua-parser's rules may copy text out of the agent, so a name that no rule spells out becomes
`Other`; a robot is named by the crawler list's own pattern, never by the agent.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import distribution, version
from importlib.resources import files
from operator import attrgetter
from pathlib import Path

import numpy as np
import pyarrow as pa
import ua_parser
from ua_parser.lazy import UserAgentMatcher
from ua_parser.regex import Resolver

from transforms.columns import Codes, Flags, distinct
from transforms.dimensions.dimension import Dimension, Read, Scope, explained, listed
from transforms.dimensions.lookups import Lookups
from transforms.memo import remembered
from transforms.reserved import NONE, UNKNOWN

RULES_VERSION = ", ".join(f"{name} {version(name)}" for name in ("ua-parser-builtins", "crawler-user-agents"))
"""The rule sets in force, for the manifest."""

UNLISTED = "Other"
_SPIDER = "Spider"
_GENERIC_TAG = "other"
CRAWLER_TAGS = ("search-engine", "ai-crawler", "seo", "archiver", "academic", "advertising")
"""Tags of the crawler list for machines that organisations run."""

OTHER_TAGS = ("monitoring", "scanner", "social-preview", "feed-reader", "http-library", "browser-automation")
"""Its other tags, whose machines may be a person's."""


@dataclass(frozen=True, slots=True)
class Agent:
    """What is published about a user agent."""

    traffic: str
    device: str
    operating_system: str
    browser: str
    bot_kind: str = NONE
    bot: str = NONE


UNLISTED_KIND, NO_AGENT = "unlisted", "no-agent"
_NO_FIELD = Agent("unknown", UNKNOWN, UNKNOWN, UNKNOWN)
_EMPTY = Agent("bot", "Bot", NONE, NONE, NO_AGENT, NONE)


@remembered
def describe_agent(user_agent: str | None) -> Agent:
    """Describe one agent; None says that the log format has no such field.

    >>> describe_agent("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)").bot
    'Googlebot'
    """
    if user_agent is None:
        return _NO_FIELD
    if user_agent in ("", "-"):
        return _EMPTY
    crawler = _crawler(user_agent)
    found = ua_parser.parse(user_agent)
    browser = _listed(found.user_agent.family if found.user_agent else "", _names("browsers.txt"))
    system = _listed(found.os.family if found.os else "", _names("operating_systems.txt"))
    if crawler is not None:
        return Agent("crawler" if crawler[0] in CRAWLER_TAGS else "bot", "Bot", system, browser, *crawler)
    if found.device is not None and found.device.family == _SPIDER:
        return Agent("bot", "Bot", system, browser, UNLISTED_KIND, UNLISTED)
    return Agent("human", _device(user_agent, found), system, browser)


def _listed(name: str, names: frozenset[str]) -> str:
    return name if name in names else UNLISTED


def describe_agents(agents: pa.Array, _: Lookups) -> tuple[Codes, list[Agent]]:
    """A description for each of several agents."""
    return np.arange(len(agents), dtype=np.int32), list(map(describe_agent, agents.to_pylist()))


@dataclass(frozen=True, slots=True)
class Listed:
    """The closed vocabulary of a shipped list of names, and some others."""

    file: str
    others: tuple[str, ...]

    def __contains__(self, value: object) -> bool:
        return value in self.others or value in _names(self.file)


@dataclass(frozen=True, slots=True)
class ListedCrawlers:
    """The closed vocabulary of a field of the crawler list (0: kinds, 1: names), and some others."""

    field: int
    others: tuple[str, ...]

    def __contains__(self, value: object) -> bool:
        return value in self.others or value in _of_crawlers(self.field)


@lru_cache(maxsize=2)
def _names(file: str) -> frozenset[str]:
    return frozenset((files("transforms") / "data" / file).read_text(encoding="utf-8").splitlines())


def _device(user_agent: str, found: ua_parser.Result) -> str:
    """The device class, by user-agents' rules, from the fast engine's result."""
    # Imported where it is used: it loads ua-parser's old rules, which the parent process never needs.
    from user_agents import parsers

    # Not by its constructor, which would parse again, slowly.
    parsed = parsers.UserAgent.__new__(parsers.UserAgent)
    os, browser, device = found.os, found.user_agent, found.device
    parsed.ua_string = user_agent
    parsed.os = parsers.parse_operating_system(os.family if os else "Other", os and os.major, os and os.minor)
    parsed.browser = parsers.parse_browser(
        browser.family if browser else "Other", browser and browser.major, browser and browser.minor
    )
    parsed.device = parsers.parse_device(
        device.family if device else "Other", (device and device.brand) or "", (device and device.model) or ""
    )
    if parsed.is_tablet:
        return "Tablet"
    if parsed.is_mobile:
        return "Mobile"
    return "Desktop" if parsed.is_pc else "Other"


def _crawler(user_agent: str) -> tuple[str, str] | None:
    """Kind and name of a listed crawler: of the patterns that match, the first in the list."""
    engine, crawlers = _crawlers()
    found = engine(user_agent, ua_parser.Domain.USER_AGENT).user_agent
    return crawlers[int(found.family)] if found else None


@lru_cache(maxsize=1)
def _crawlers() -> tuple[Resolver, list[tuple[str, str]]]:
    """An engine that returns the index of the crawler list's first match, and kind and name by that index.

    ua-parser's engine receives the list's patterns as if they were browsers: it finds the first of many expressions in 3 µs,
    while Python's own engine takes 100 µs. The list contains only expressions that all engines interpret in the same way.
    """
    # Not by importing the package: it reads its list in the encoding of the locale.
    path = distribution("crawler-user-agents").locate_file("crawleruseragents/crawler-user-agents.json")
    listed = json.loads(Path(str(path)).read_text(encoding="utf-8"))
    engine = Resolver(([UserAgentMatcher(entry["pattern"], str(number)) for number, entry in enumerate(listed)], [], []))
    return engine, [((entry.get("tags") or [_GENERIC_TAG])[0], bot_name(entry["pattern"])) for entry in listed]


@lru_cache(maxsize=2)
def _of_crawlers(field: int) -> frozenset[str]:
    _, crawlers = _crawlers()
    return frozenset(crawler[field] for crawler in crawlers)


def bot_name(pattern: str) -> str:
    r"""A readable name from a pattern of the crawler list: the first of its alternatives, without regex syntax.

    >>> bot_name(r"Googlebot\/"), bot_name("[wW]get"), bot_name("Ahrefs(Bot|SiteAudit)"), bot_name("(^| )sentry")
    ('Googlebot', 'wget', 'AhrefsBot', 'sentry')
    """
    name = re.sub(r"https?:\\/\\/", "", pattern)
    for syntax, text in (
        (r"\\[a-zA-Z][+*]?", " "),  # \s, \d+
        (r"\[(?:\^[^]]*|\s*)\][+*]?", " "),  # [^-], and [\s\S]* as the line above left it
        (r"\[(.)[^]]*\]", r"\1"),  # [wW]
        (r"\\[()]", " "),
        (r"\\(.)", r"\1"),  # \.
        (r"\(([^()|]*)[^()]*\)", r"\1"),
        (r"\|.*", ""),
        (r"[^A-Za-z0-9 ._'!-]+", " "),
    ):
        name = re.sub(syntax, text, name)
    return " ".join(word for word in name.split() if any(map(str.isalnum, word))) or UNLISTED


_TRAFFIC = {
    "human": "a user agent that is not a bot's",
    "crawler": f"a listed robot of an organisation: its first tag in the list is {listed(CRAWLER_TAGS)}",
    "bot": "any other robot: listed with another tag or none, known to ua-parser alone, or without a user agent",
    "unknown": "the log format has no user agent",
}
TRAFFIC_KINDS = tuple(_TRAFFIC)
HUMAN, CRAWLER, BOT_TRAFFIC, OF_NO_AGENT = TRAFFIC_KINDS
PEOPLE = (HUMAN, OF_NO_AGENT)
"""Traffic that no agent tells to be a robot's."""

DEVICES = ("Desktop", "Mobile", "Tablet", "Other")
"""Device classes of people."""

_NO_DEVICE = {"Bot": "a robot", UNKNOWN: "the log format has no user agent"}

_UNNAMED = {
    UNLISTED: "a name that is not on the shipped list",
    NONE: "the user agent is empty",
    UNKNOWN: "the log format has no user agent",
}
_UNTAGGED = {
    NO_AGENT: "the user agent is empty",
    UNLISTED_KIND: "a robot that only ua-parser knows",
    NONE: "no robot",
}
_UNNAMED_BOT = {UNLISTED: "a robot without a name in the list", NONE: "no robot, or an empty user agent"}

_AGENT = (Read("user_agent", describe_agents),)


def are_people(traffic: pa.ChunkedArray) -> Flags:
    """Which rows of a column are traffic of people, as far as the log tells."""
    codes, kinds = distinct(traffic)
    people: Flags = np.isin(kinds.to_pylist(), PEOPLE)[codes]
    return people


TRAFFIC = Dimension(
    "traffic",
    "human; crawler: robots of organisations; bot: other robots; unknown when the log has no user agent",
    explained(_TRAFFIC),
    Scope.VISITOR,
    _AGENT,
    of=attrgetter("traffic"),
    values=TRAFFIC_KINDS,
)
DEVICE = Dimension(
    "device",
    f"Device class of people: {', '.join(DEVICES)}",
    f"{listed(DEVICES)}; {explained(_NO_DEVICE)}",
    Scope.VISITOR,
    _AGENT,
    of=attrgetter("device"),
    values=(*DEVICES, *_NO_DEVICE),
    within=("traffic", {HUMAN: DEVICES}),
)
OPERATING_SYSTEM = Dimension(
    "operating_system",
    "Operating system family",
    f"family, such as `Windows`; {explained(_UNNAMED)}",
    Scope.VISITOR,
    _AGENT,
    of=attrgetter("operating_system"),
    values=Listed("operating_systems.txt", tuple(_UNNAMED)),
    determines=("device",),
    is_shipped=True,
)
BROWSER = Dimension(
    "browser",
    "Browser family",
    f"family, such as `Firefox`; {explained(_UNNAMED)}",
    Scope.VISITOR,
    _AGENT,
    of=attrgetter("browser"),
    values=Listed("browsers.txt", tuple(_UNNAMED)),
    determines=("operating_system",),
    is_shipped=True,
)
BOT_KIND = Dimension(
    "bot_kind",
    "Kind of bot",
    f"tag of the crawler list, such as `search-engine`; `{_GENERIC_TAG}`: the list has no tag; {explained(_UNTAGGED)}",
    Scope.VISITOR,
    _AGENT,
    of=attrgetter("bot_kind"),
    values=ListedCrawlers(0, tuple(_UNTAGGED)),
    determines=("traffic", "operating_system", "browser"),  # a robot without an agent has no system and no browser
    is_shipped=True,
    names_machines=True,
    within=("traffic", {CRAWLER: CRAWLER_TAGS, BOT_TRAFFIC: (*OTHER_TAGS, UNLISTED_KIND, NO_AGENT)}),
)
BOT = Dimension(
    "bot",
    "Name of the bot in the shipped list",
    f"name of the crawler list's pattern, such as `Googlebot`, never text of the user agent; {explained(_UNNAMED_BOT)}",
    Scope.VISITOR,
    _AGENT,
    of=attrgetter("bot"),
    values=ListedCrawlers(1, tuple(_UNNAMED_BOT)),
    determines=("bot_kind",),
    is_shipped=True,
    names_machines=True,
)
