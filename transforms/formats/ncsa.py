"""Takes nothing, gives the NCSA family: Common and Combined Log Format, alone and behind a virtual host's name.

Sources: Apache HTTP Server 2.4, mod_log_config ("Common Log Format", "Combined Log Format", `%v`, `%p`) and Debian's apache2.conf
(`vhost_combined`: `%v:%p %h %l %u %t "%r" %>s %O …`). nginx's predefined `combined` writes the same fields.
"""

from __future__ import annotations

from transforms.formats import Field, Format, Shape

_HOST = Field("remote_host", Shape.TOKEN)
_IDENT = Field(None, Shape.TOKEN)
_USER = Field(None, Shape.FREE)
_TIME = Field("time", Shape.TIME)
_REQUEST = Field("request", Shape.QUOTED)
_STATUS = Field("status", Shape.TOKEN, r"\d{3}|-")
_BYTES = Field("bytes_sent", Shape.TOKEN, r"\d{1,18}|-")
_COMMON = (_HOST, _IDENT, _USER, _TIME, _REQUEST, _STATUS, _BYTES)
_AGENTS = (Field("referer", Shape.QUOTED), Field("user_agent", Shape.QUOTED))
_FORWARDED = Field("forwarded_for", Shape.QUOTED)
_SITE = (Field("site", Shape.TOKEN, r"[A-Za-z0-9_.-]+"),)
_SITE_PORT = (Field("site", Shape.TOKEN, r"(?:\[[0-9A-Fa-f:.]+\]|[^\s:]+):\d{1,5}"),)

_C = '%h %l %u %t "%r" %>s %b'
_A = ' "%{Referer}i" "%{User-Agent}i"'

FORMATS = (
    Format("combined", "Combined Log Format (Apache, nginx)", _C + _A, _COMMON + _AGENTS),
    Format(
        "combined_forwarded",
        "Combined, then X-Forwarded-For (the log_format main of nginx's packages)",
        _C + _A + ' "%{X-Forwarded-For}i"',
        (*_COMMON, *_AGENTS, _FORWARDED),
    ),
    Format("common", "Common Log Format", _C, _COMMON),
    Format(
        "vhost_combined",
        "Combined behind site:port (Debian's other_vhosts_access.log)",
        "%v:%p " + _C + _A,
        _SITE_PORT + _COMMON + _AGENTS,
    ),
    Format("vhost_common", "Common behind site:port", "%v:%p " + _C, _SITE_PORT + _COMMON),
    Format("site_combined", "Combined behind the site's name", "%v " + _C + _A, _SITE + _COMMON + _AGENTS),
    Format("site_common", "Common behind the site's name", "%v " + _C, _SITE + _COMMON),
)
