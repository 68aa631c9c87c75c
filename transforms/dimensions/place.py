"""Dimensions of where a visitor is, by the truncated address."""

from __future__ import annotations

from ipaddress import ip_network

import pyarrow as pa

from transforms.dimensions.dimension import Dimension, Looks, Matching, Read, Scope, explained, looks_of
from transforms.dimensions.lookups import Lookups
from transforms.masking.address import network_name
from transforms.reserved import UNKNOWN

_NOWHERE = {UNKNOWN: "the database has no country for it"}
COUNTRIES = (
    # ISO 3166-1 alpha-2, as of 2026, and XK, which databases give to Kosovo.
    *"""AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD
    CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG
    GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR
    KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF
    NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM
    SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK
    YE YT ZA ZM ZW""".split(),
    *_NOWHERE,
)
"""Countries, each of which a policy that announces its rows publishes, with hits or without."""

CODES = Matching("[A-Z]{2}", (UNKNOWN,))
_PUBLISHED_PREFIX = {4: 16, 6: 24}


def countries_of(prefixes: pa.Array, lookups: Lookups) -> Looks:
    """The country of each truncated address."""
    return looks_of(lookups.countries.codes(prefixes.to_pylist()))


def publishable_country(code: str) -> str:
    """A code of two letters, or `(unknown)`.

    Databases also have codes of regions, such as `EU`, and withdrawn ones, such as `AN`.

    >>> publishable_country("NL"), publishable_country("EU"), publishable_country("Holland")
    ('NL', 'EU', '(unknown)')
    """
    return code if code in CODES else UNKNOWN


class Networks:
    """The closed vocabulary of networks: IPv4 /16 and IPv6 /24, and no address that is longer."""

    def __contains__(self, value: object) -> bool:
        if value == UNKNOWN:
            return True
        try:
            network = ip_network(str(value))
        except ValueError:  # no network, or bits behind the prefix
            return False
        return network.prefixlen == _PUBLISHED_PREFIX[network.version]


COUNTRY = Dimension(
    "country",
    "Country of the truncated address, ISO 3166-1 alpha-2",
    f"code of two letters, of ISO 3166-1 unless the database has others; {explained(_NOWHERE)}",
    Scope.VISITOR,
    (Read("prefix", countries_of),),
    of=publishable_country,
    values=CODES,
)
NETWORK = Dimension(
    "network",
    "Network of the address: IPv4 /16 or IPv6 /24",
    "network of the address: IPv4 /16, such as `20.1.0.0/16`, or IPv6 /24",
    Scope.VISITOR,
    (Read("prefix"),),
    of=network_name,
    values=Networks(),
    determines=("country",),
)
