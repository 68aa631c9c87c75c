"""Dimensions of where a request came from: channel and referring domain, without path, query, or any text that is no domain.

The source is the registrable domain by the ICANN section of the public suffix list. What decides whether a referrer is the site
itself also uses the private section, so that two people's pages at one host are two sites. A name that the list does not know,
as `intranet.local`, is compared as a whole.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.compute as pc

from transforms.columns import Codes
from transforms.dimensions.agent import TRAFFIC_KINDS
from transforms.dimensions.dimension import Dimension, Read, Scope, each, explained
from transforms.dimensions.lookups import Lookups
from transforms.hosts import dns_name, network_domain, public_suffix, site_domain, site_name
from transforms.memo import remembered
from transforms.reserved import NONE, UNKNOWN

_PLAIN = r"^(https?://[a-z0-9.-]+(?::[0-9]{1,5})?)/.*$"
_ANDROID_APP = "android-app"
_SCHEMES = ("http", "https", _ANDROID_APP)
_SAME_ENGINE = re.compile(r"^(?:w+[0-9]*|m)\.")


@dataclass(frozen=True, slots=True)
class Referrer:
    """What is published about a referrer, and what it is compared by with the site: its domain, else its host ("" for none)."""

    channel: str
    source: str
    owner: str


_NO_FIELD = Referrer(UNKNOWN, UNKNOWN, "")
_DIRECT = Referrer("direct", NONE, "")


def describe_referrers(referers: pa.Array, _: Lookups) -> tuple[Codes, list[Referrer]]:
    """Describe each of several referrers. Paths do not matter, so each origin is described once."""
    origins = pc.replace_substring_regex(referers, _PLAIN, r"\1").dictionary_encode(null_encoding="encode")
    return origins.indices.to_numpy(), list(map(describe_referrer, origins.dictionary.to_pylist()))


@remembered
def describe_referrer(referer: str | None) -> Referrer:
    """Describe one referrer; None says that the log format has no such field.

    >>> describe_referrer("https://www.google.co.uk/search?q=x")
    Referrer(channel='search', source='google.co.uk', owner='google.co.uk')
    """
    if referer is None:
        return _NO_FIELD
    if referer in ("", "-"):
        return _DIRECT
    host = host_of(referer)
    source = network_domain(host)
    if not source:
        return Referrer("referral", UNKNOWN, owner_of(host))
    return Referrer(_channel(host) or "referral", source, owner_of(host))


def host_of(referer: str) -> str:
    """The host of a referrer, "" if there is none. The host of an Android app is its name in reverse.

    >>> host_of("https://www.Example.org:443/a"), host_of("http://localhost:8080/"), host_of("about:blank")
    ('www.example.org', 'localhost', '')
    """
    try:
        url = urlsplit(referer.replace("\\", "/").strip())
        host = url.hostname or ""
    except ValueError:
        return ""
    if url.scheme not in _SCHEMES:
        return ""
    host = _backwards(host) if url.scheme == _ANDROID_APP else host
    return dns_name(host) or site_name(host)


def _backwards(name: str) -> str:
    return ".".join(reversed(name.split(".")))


def _channel(host: str) -> str | None:
    """The channel of a host, by the lists.

    Other hosts of a search engine (mail.google.com) are not search, so its entries name whole hosts, except for the `www2.` or
    `m.` that Matomo also strips. A social network or an assistant includes all its subdomains. An Android app is listed by its
    name, which is a reversed host name. In an entry `{}` matches a public suffix at its end, and one label at its beginning.
    """
    return _listed(host) or _listed(_SAME_ENGINE.sub("", host))


def _listed(host: str) -> str | None:
    listed = _channels()
    app = _backwards(host)
    if app in listed:
        return listed[app]
    suffix = public_suffix(host)
    labels = host.removesuffix("." + suffix).split(".")
    for start in range(len(labels)):
        part = ".".join(labels[start:])
        for entry in (f"{part}.{suffix}", f"{part}.{{}}", ".".join(["{}", *labels[start + 1 :], suffix])):
            channel = listed.get(entry)
            if channel is not None and (start == 0 or channel != "search"):
                return channel
    return None


@lru_cache(maxsize=1)
def _channels() -> dict[str, str]:
    listed: dict[str, str] = json.loads((files("transforms") / "data" / "referrers.json").read_text())
    return listed


INTERNAL = "internal"
_CHANNELS = {
    "direct": "no referrer",
    INTERNAL: "a page of the site's own registrable domain, or of its host where no list knows the domain",
    "search": "a search engine",
    "social": "a social network",
    "ai": "an AI assistant",
    "referral": "anything else",
    UNKNOWN: "the log format has no referrer",
}
CHANNELS = tuple(_CHANNELS)


def owner_of(host: str) -> str:
    """What tells the site's own referrers: the registrable domain of a host, else its whole name; "" for no host.

    >>> owner_of("www.example.org"), owner_of("intranet.local"), owner_of("(unknown)")
    ('example.org', 'intranet.local', '')
    """
    return site_domain(host) or site_name(host)


def channel_of(referrer: Referrer, owner: str) -> str:
    """The channel of a hit on a site of this owner."""
    return INTERNAL if referrer.owner and referrer.owner == owner else referrer.channel


def source_of(referrer: Referrer, owner: str) -> str:
    """The referring domain; `(none)` for the site's own."""
    return NONE if referrer.owner and referrer.owner == owner else referrer.source


_REFERRER, _OWN = Read("referer", describe_referrers), Read("site", each(owner_of))

CHANNEL = Dimension(
    "channel",
    "direct, internal, search, social, ai or referral",
    explained(_CHANNELS),
    Scope.HIT,
    (_REFERRER, _OWN),
    of=channel_of,
    values=CHANNELS,
    within=("traffic", dict.fromkeys(TRAFFIC_KINDS, tuple(_CHANNELS)[:-1])),  # a log that has referrers has them in every line
)
SOURCE = Dimension(
    "source",
    "Registrable domain of the referrer",
    "registrable domain of the referrer; `(none)` for direct and internal hits",
    Scope.HIT,
    (_REFERRER, _OWN),
    of=source_of,
    determines=("channel",),
    form=r"[^\s/@]+\.[^\s/@]+|\(none\)|\(unknown\)",
)
