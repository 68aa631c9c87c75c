from dataclasses import dataclass
from functools import lru_cache

import crawleruseragents
import ua_parser

RULES_VERSION = "stub"


@dataclass(frozen=True)
class Agent:
    traffic: str
    device: str
    operating_system: str
    browser: str
    bot_kind: str
    bot: str


@lru_cache(65536)
def describe_agent(ua):
    if ua is None:
        return Agent("unknown", "(unknown)", "(unknown)", "(unknown)", "(none)", "(none)")
    if ua in ("", "-"):
        return Agent("bot", "Bot", "(none)", "(none)", "no-agent", "(none)")
    if crawleruseragents.is_crawler(ua):
        return Agent("bot", "Bot", "Other", "Other", "other", "x")
    r = ua_parser.parse(ua)
    return Agent(
        "human",
        "Mobile" if "Mobi" in ua else "Desktop",
        r.os.family if r.os else "Other",
        r.user_agent.family if r.user_agent else "Other",
        "(none)",
        "(none)",
    )
