import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Referrer:
    channel: str
    source: str
    domain: str


def _reg(h):
    h = h.lower().rstrip(".")
    if not re.fullmatch(r"[a-z0-9.-]+", h) or re.fullmatch(r"[0-9.]+", h) or "." not in h:
        return ""
    return ".".join(h.split(".")[-2:])


site_domain = network_domain = lru_cache(None)(_reg)


@lru_cache(65536)
def describe_referrer(r):
    if r is None:
        return Referrer("(unknown)", "(unknown)", "")
    if r in ("", "-"):
        return Referrer("direct", "(none)", "")
    try:
        d = _reg(urlsplit(r).hostname or "")
    except ValueError:
        d = ""
    return Referrer("referral", d or "(unknown)", d)
