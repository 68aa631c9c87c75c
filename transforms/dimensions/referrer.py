"""Dimensions of where a request came from."""

from __future__ import annotations

from transforms.dimensions.dimension import Dimension, Read, Scope, each
from transforms.dimensions.referrers import Referrer, describe_referrers
from transforms.hosts import site_domain
from transforms.reserved import NONE, UNKNOWN

INTERNAL = "internal"
CHANNELS = ("direct", INTERNAL, "search", "social", "ai", "referral", UNKNOWN)


def own_domain(site: str) -> str:
    """The registrable domain that identifies the site's own referrers; "" for none."""
    return "" if site == UNKNOWN else site_domain(site)


def channel_of(referrer: Referrer, domain: str) -> str:
    """The channel of a hit on a site of this domain."""
    return INTERNAL if referrer.domain and referrer.domain == domain else referrer.channel


def source_of(referrer: Referrer, domain: str) -> str:
    """The referring domain; `(none)` for the site's own."""
    return NONE if referrer.domain and referrer.domain == domain else referrer.source


_REFERRER, _OWN = Read("referer", describe_referrers), Read("site", each(own_domain))

CHANNEL = Dimension(
    "channel",
    "direct, internal, search, social, ai or referral",
    "`direct`, `internal` (the site's own registrable domain), `search`, `social`, `ai`, `referral`; `(unknown)` if the format "
    "has no referrer",
    Scope.HIT,
    (_REFERRER, _OWN),
    of=channel_of,
    values=CHANNELS,
)
SOURCE = Dimension(
    "source",
    "Registrable domain of the referrer",
    "registrable domain of the referrer; `(none)` for direct and internal hits",
    Scope.HIT,
    (_REFERRER, _OWN),
    of=source_of,
    determines=("channel",),
)
