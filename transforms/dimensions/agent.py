"""Dimensions of what a visitor browses with."""

from __future__ import annotations

from operator import attrgetter

from transforms.dimensions.agents import KINDS_OF_BOTS, NAMES_OF_BOTS, UNLISTED, Listed, describe_agents
from transforms.dimensions.dimension import Dimension, Read, Scope
from transforms.reserved import NONE, UNKNOWN

TRAFFIC_KINDS = ("human", "bot", "unknown")

DEVICES = ("Desktop", "Mobile", "Tablet", "Other")
"""Device classes of people."""

_AGENT = (Read("user_agent", describe_agents),)

TRAFFIC = Dimension(
    "traffic",
    "human, bot, or unknown when the log has no user agent",
    "`human`; `bot`: a listed crawler, or an empty user agent; `unknown`: the log format has no user agent",
    Scope.VISITOR,
    _AGENT,
    of=attrgetter("traffic"),
    values=TRAFFIC_KINDS,
)
DEVICE = Dimension(
    "device",
    "Device class of people: Desktop, Mobile, Tablet, Other",
    "`Desktop`, `Mobile`, `Tablet`, `Other`",
    Scope.VISITOR,
    _AGENT,
    of=attrgetter("device"),
    values=(*DEVICES, "Bot", UNKNOWN),
)
OPERATING_SYSTEM = Dimension(
    "operating_system",
    "Operating system family",
    "family, as `Windows`; only names of a shipped list, else `Other`",
    Scope.VISITOR,
    _AGENT,
    of=attrgetter("operating_system"),
    values=Listed("operating_systems.txt", (UNLISTED, NONE, UNKNOWN)),
    determines=("device",),
)
BROWSER = Dimension(
    "browser",
    "Browser family",
    "family, as `Firefox`; only names of a shipped list, else `Other`",
    Scope.VISITOR,
    _AGENT,
    of=attrgetter("browser"),
    values=Listed("browsers.txt", (UNLISTED, NONE, UNKNOWN)),
    determines=("operating_system",),
)
BOT_KIND = Dimension(
    "bot_kind",
    "Kind of bot",
    "tag of the crawler list, as `search-engine`; `no-agent` for an empty user agent; `unlisted` for a robot that only "
    "ua-parser knows; `other` where the list has no tag",
    Scope.VISITOR,
    _AGENT,
    of=attrgetter("bot_kind"),
    values=KINDS_OF_BOTS,
    determines=("operating_system", "browser"),  # a robot without an agent has neither
)
BOT = Dimension(
    "bot",
    "Name of the bot in the shipped list",
    "name of the crawler list's pattern, as `Googlebot`, never text of the user agent; `Other`, `(none)`",
    Scope.VISITOR,
    _AGENT,
    of=attrgetter("bot"),
    values=NAMES_OF_BOTS,
    determines=("bot_kind",),
)
