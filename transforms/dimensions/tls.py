"""The dimension of the connection's TLS version, where a log holds it.

Sources: nginx, `$ssl_protocol`; Apache, mod_ssl, `SSL_PROTOCOL`; AWS, access logs of load balancers, `ssl_protocol`; Caddy 2,
`request>tls>version`, the number that the TLS record has (RFC 8446, 4.2.1); Traefik 3, `TLSVersion`, the version alone or
`unknown`; Cloudflare Logpush, `ClientSSLProtocol`, which is `none` without TLS.
"""

from __future__ import annotations

import re

from transforms.dimensions.dimension import Dimension, Read, Scope, explained, listed
from transforms.reserved import NONE, UNKNOWN

UNLISTED = "Other"
_VERSIONS = ("SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")
_NO_VERSION = {UNLISTED: "any other", NONE: "no TLS", UNKNOWN: "the log does not say"}
_NUMBERS = {str(0x0300 + minor): version for minor, version in enumerate(_VERSIONS)}
_WRITTEN = re.compile(r"(?:(tls|ssl) ?v? ?)?([0-9](?:\.[0-9])?)", re.IGNORECASE)


def publishable_version(logged: str | None) -> str:
    """A version as OpenSSL writes it, `(none)` without TLS, `Other`, or `(unknown)` where the log does not say.

    >>> [publishable_version(logged) for logged in ("TLSv1.3", "tls1.2", "772", "-", "QUIC", None)]
    ['TLSv1.3', 'TLSv1.2', 'TLSv1.3', '(none)', 'Other', '(unknown)']
    """
    if logged is None or logged == "unknown":
        return UNKNOWN
    if logged in ("", "-", "none"):
        return NONE
    if logged in _NUMBERS:
        return _NUMBERS[logged]
    written = _WRITTEN.fullmatch(logged)
    if written is None or (written[1] is None and "." not in written[2]):
        return UNLISTED
    version = f"{(written[1] or 'TLS').upper()}v{written[2].removesuffix('.0')}"
    return version if version in _VERSIONS else UNLISTED


TLS_VERSION = Dimension(
    "tls_version",
    "TLS version of the connection",
    f"{listed(_VERSIONS)}; {explained(_NO_VERSION)}",
    Scope.HIT,
    (Read("tls_version"),),
    of=publishable_version,
    values=(*_VERSIONS, *_NO_VERSION),
)
