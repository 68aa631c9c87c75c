"""The NCSA formats: Common and Combined Log Format, alone, after a site's name, and with more fields.

Sources: Apache HTTP Server 2.4, mod_log_config ("Common Log Format", "Combined Log Format", `%v`, `%p`) and mod_logio
(`combinedio`); Debian's apache2.conf (`vhost_combined`); nginx, ngx_http_log_module; Varnish, varnishncsa(1); Traefik 3, access
logs (CLF); lighttpd 1.4, mod_accesslog; AWS Elastic Beanstalk's Apache. Hosters put the site in positions of their own: Gandi,
IONOS and Virtualmin. Behind a load balancer X-Forwarded-For precedes or replaces the address. If it replaces the address, its
last address is the client, which the balancer saw.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from transforms.formats import STATUS, Field, Format, Shape
from transforms.formats.values import (
    is_list_of_addresses,
    is_site,
    names_absolute_url,
    without_parentheses,
)
from transforms.hosts import PORT, is_address, is_private, network_domain

_HOST = Field("remote_host", Shape.LAST)
_IDENT = Field(None, Shape.TOKEN)
_USER = Field(None, Shape.FREE)
_TIME = Field("time", Shape.TIME)
_REQUEST = Field("request", Shape.QUOTED)
_STATUS = Field("status", Shape.TOKEN, STATUS)
_BYTES = Field("bytes_sent", Shape.TOKEN, r"\d{1,18}|-")
_ANSWER = (_TIME, _REQUEST, _STATUS, _BYTES)
_COMMON = (_HOST, _IDENT, _USER, *_ANSWER)
_AGENTS = (Field("referer", Shape.QUOTED), Field("user_agent", Shape.QUOTED))
_COMBINED = _COMMON + _AGENTS
_FORWARDED = Field("forwarded_for", Shape.QUOTED)
# What no host's name looks like: addresses, and what scanners send instead.
_SENT_BY_SCANNERS = r"[^\s{}$()<>'=/\\]*[{}$()<>'=/\\](?:\S*[^\s,])?"
_ADDRESSES = r"[0-9A-Fa-f.:\[\]]+(?:%\w+\]?)?(?:,[0-9A-Fa-f.:\[\]]+)*"
_CLAIMED = Field("forwarded_for", Shape.LIST, rf"{_ADDRESSES}|-|unknown|localhost|{_SENT_BY_SCANNERS}")
_NUMBER = Field(None, Shape.TOKEN, r"\d+|-")
_SECONDS = Field(None, Shape.TOKEN, r"\d+(?:\.\d+)?|-")
# Letters, also beyond ASCII, digits, and of all marks * - _ only: what a server may write for a site, published or not.
_LABEL = r"[^\x00-\x29\x2b\x2c\x2e\x2f\x3a-\x40\x5b-\x5e\x60\x7b-\x7f]+"
_NAMED = rf"(?:\[[0-9A-Fa-f:.]+\]|\.*{_LABEL}(?:\.+{_LABEL})*\.*)"
_SITE = Field("site", Shape.TOKEN, rf"{_NAMED}(?::\d{{1,5}})?")
_SITE_PORT = Field("site", Shape.TOKEN, rf"{_NAMED}:\d{{1,5}}")
_DOMAIN = Field("site", Shape.TOKEN, rf"{_LABEL}(?:\.{_LABEL})+\.?")

_Row = Mapping[str, str | None]
_FEW = 25  # different addresses, of which a sample says nothing yet
_SERVED = re.compile(r":(?:\d{1,3}|8080|8443)$")  # a port at which sites are served, and no client calls from
_C = '%h %l %u %t "%r" %>s %b'
_A = ' "%{Referer}i" "%{User-Agent}i"'


def _names_a_site(row: _Row) -> bool:
    """Other formats have X-Forwarded-For there, or the address itself, a time, a cache status or a request id."""
    return is_site(row["site"] or "")


def _serves_a_site(row: _Row) -> bool:
    """A server without a name is identified by its address and port, such as Debian's 127.0.1.1:80."""
    return _names_a_site(row) or _SERVED.search(row["site"] or "") is not None


def _sites_are_few(rows: Sequence[_Row]) -> bool:
    """If most sites are addresses, they must be few: as many as visitors would be X-Forwarded-For, in front of proxies."""
    by_address = [(row["site"] or "", row["remote_host"] or "") for row in rows if is_address(row["site"] or "")]
    if 2 * len(by_address) <= len(rows):
        return True
    proxied = sum(is_private(host) and not is_private(site) for site, host in by_address)
    sites, hosts = (len(set(each)) for each in (*zip(*by_address, strict=True), (), ())[:2])
    return 2 * proxied <= len(by_address) and (sites <= _FEW or sites <= hosts)


def _proxies_are_few(rows: Sequence[_Row]) -> bool:
    """Of two addresses, the second is the proxy's: it has fewer distinct values."""
    both = [(row["forwarded_for"], row["remote_host"]) for row in rows if row["forwarded_for"] != "-"]
    claimed, hosts = (len(set(each)) for each in (*zip(*both, strict=True), (), ())[:2])
    return claimed > _FEW or hosts <= _FEW or 2 * claimed >= hosts or 2 * len(both) < len(rows)


def _client_forwarded(row: _Row) -> bool:
    """Other formats may have a site there, or the first word of a user name of two words."""
    claimed, address = row["forwarded_for"] or "", row["remote_host"] or ""
    in_turn = not (is_private(claimed) and is_address(address) and not is_private(address))  # a proxy, then its client
    return in_turn and is_address(address) and is_list_of_addresses(claimed) and not _SERVED.search(claimed)


def _forwarded(row: _Row) -> bool:
    """Other formats have a server's address there, such as nginx's $upstream_addr: in a private network, with a port."""
    claimed = row["forwarded_for"] or ""
    words = [word.strip() for word in claimed.split(",")]
    of_servers = all(PORT.search(word) and (is_private(word) or _SERVED.search(word)) for word in words)
    return is_list_of_addresses(claimed) and not of_servers


def _site_is_public(row: _Row) -> bool:
    """Other formats have a user name there. So a site must end in a public suffix."""
    return network_domain((row["site"] or "").partition(":")[0].removesuffix(".")) != ""


def _urls_are_absolute(row: _Row) -> bool:
    return names_absolute_url(row["request"] or "")


FORMATS = (
    Format("combined", "Combined Log Format (Apache, nginx)", _C + _A, _COMBINED, narrows="combined_more"),
    Format("common", "Common Log Format", _C, _COMMON),
    Format("common_timed", "Common, then a time (Tomcat and Jetty with %D, Puma)", _C + " %D", (*_COMMON, _SECONDS)),
    Format(
        "combined_forwarded",
        "Combined, then X-Forwarded-For (the log_format main of nginx's packages)",
        _C + _A + ' "%{X-Forwarded-For}i"',
        (*_COMBINED, _FORWARDED),
        narrows="combined_forwarded_more",
        plausible=_forwarded,
    ),
    Format(
        "combined_forwarded_timed",
        "Combined, then X-Forwarded-For and times in seconds (nginx)",
        _C + _A + ' "%{X-Forwarded-For}i" $request_time …',
        (*_COMBINED, _FORWARDED, _SECONDS),
        more=True,
        narrows="combined_forwarded_more",
        plausible=_forwarded,
    ),
    Format(
        "combined_forwarded_more",
        "Combined, then X-Forwarded-For and any further fields",
        _C + _A + ' "%{X-Forwarded-For}i" …',
        (*_COMBINED, _FORWARDED),
        more=True,
        narrows="combined_more",
        plausible=_forwarded,
    ),
    Format(
        "forwarded_combined",
        "Combined behind X-Forwarded-For (Apache behind a load balancer)",
        "%{X-Forwarded-For}i " + _C + _A,
        (_CLAIMED, Field("remote_host", Shape.LAST, r"[^\s()]+"), *_COMBINED[1:]),
        plausible=_client_forwarded,
        together=_proxies_are_few,
    ),
    Format(
        "beanstalk",
        "Combined with X-Forwarded-For behind the address (AWS Elastic Beanstalk)",
        '%h (%{X-Forwarded-For}i) %l %u %t "%r" …',
        (_HOST, Field("forwarded_for", Shape.LIST, r"\(?[^\s()]+\)"), *_COMBINED[1:]),
        changed=(("forwarded_for", "forwarded_for", without_parentheses),),
    ),
    Format(
        "combinedio",
        "Combined, then bytes received and sent (Apache, mod_logio)",
        _C + _A + " %I %O",
        (*_COMBINED, _NUMBER, _NUMBER),
        narrows="combined_timed",
    ),
    Format(
        "combined_timed",
        "Combined, then times in seconds (nginx with $request_time, Icecast)",
        _C + _A + " $request_time …",
        (*_COMBINED, _SECONDS),
        more=True,
        narrows="combined_more",
    ),
    Format(
        "traefik_clf",
        "Traefik's CLF: Combined, then request number, router, server and duration",
        _C + _A + ' number "router" "server" …ms',
        (*_COMBINED, _NUMBER, Field(None, Shape.QUOTED), Field(None, Shape.QUOTED), Field(None, Shape.TOKEN, r"\d+ms")),
        narrows="combined_timed",
    ),
    Format("combined_more", "Combined, then any further fields", _C + _A + " …", _COMBINED, more=True),
    Format(
        "varnish",
        "Varnish's Combined, with the site in the request's URL",
        _C + _A,
        _COMBINED,
        narrows="combined",
        plausible=_urls_are_absolute,
        evidence=0.9,  # other servers' logs have URLs of those who look for a proxy
        site_in_request=True,
    ),
    Format(
        "vhost_combined",
        "Combined behind site:port (Debian's other_vhosts_access.log)",
        "%v:%p " + _C + _A,
        (_SITE_PORT, *_COMBINED),
        narrows="site_combined",
        plausible=_serves_a_site,
    ),
    Format(
        "vhost_common",
        "Common behind site:port",
        "%v:%p " + _C,
        (_SITE_PORT, *_COMMON),
        narrows="site_common",
        plausible=_serves_a_site,
    ),
    Format(
        "site_combined",
        "Combined behind the site's name (openSUSE)",
        "%v " + _C + _A,
        (_SITE, *_COMBINED),
        narrows="site_combined_more",
        plausible=_names_a_site,
        together=_sites_are_few,
    ),
    Format(
        "site_combined_more",
        "Combined behind the site's name, with or without its port, then any further fields",
        "%v " + _C + _A + " …",
        (_SITE, *_COMBINED),
        more=True,
        plausible=_names_a_site,
        together=_sites_are_few,
    ),
    Format(
        "site_common",
        "Common behind the site's name",
        "%v " + _C,
        (_SITE, *_COMMON),
        plausible=_names_a_site,
        together=_sites_are_few,
    ),
    Format(
        "lighttpd",
        "lighttpd's own, and OVH's: Combined with the site in the ident's place",
        "%h %V %u %t …",
        (_HOST, Field("site", Shape.TOKEN), _USER, *_ANSWER, *_AGENTS),  # what the client asked for: any text, or -
        narrows="combined",
        plausible=_site_is_public,
        evidence=0.1,  # nothing else that looks like a host's name stands there
    ),
    Format(
        "ionos",
        "IONOS's Combined, with the site behind the bytes, then X-Forwarded-For",
        '… %>s %b %v "%{Referer}i" "%{User-Agent}i" "%{X-Forwarded-For}i"',
        (*_COMMON, _SITE, *_AGENTS, _FORWARDED),
        plausible=_names_a_site,
        together=_sites_are_few,
    ),
    Format(
        "virtualmin",
        "Virtualmin's Combined, with the site twice before the user",
        "%h %l %v %V %u %t …",
        (_HOST, _IDENT, _DOMAIN, Field(None, Shape.TOKEN), _USER, *_ANSWER, *_AGENTS),
        plausible=_names_a_site,
        together=_sites_are_few,
    ),
    Format(
        "gandi",
        "Gandi's Combined, with site and seconds",
        "%v %h %l %u %t (%T s) …",
        (
            *(_SITE, _HOST, _IDENT, _USER, _TIME),
            Field(None, Shape.TOKEN, r"\(\d+"),
            Field(None, Shape.TOKEN, r"s\)"),
            *(_REQUEST, _STATUS, _BYTES, *_AGENTS),
        ),
        plausible=_names_a_site,
        together=_sites_are_few,
    ),
)
