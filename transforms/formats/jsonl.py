"""The JSON formats: for each column, the keys under which servers write it.

If a line has several of them, the first in the list is read.

Sources: Caddy 2 (HTTP access logs), Traefik 3 (access logs, JSON), Google Cloud (LogEntry, HttpRequest), Cloudflare Logpush
(http_requests), nginx (log_format with escape=json, whose keys its owner chooses), Fastly (example of a JSON log format), Echo
(middleware Logger), GitLab (Workhorse), Netlify (log drains).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache

from transforms.formats import NOT_HTTP, RAW_COLUMNS, Clock, Format
from transforms.formats.values import with_scheme, without_log_number
from transforms.hosts import without_port

Path = tuple[str, ...]


def _format(
    name: str,
    title: str,
    notation: str,
    keys: Mapping[str, str],
    changed: tuple[tuple[str, str, Callable[[str], str]], ...] = (),
    ignored: tuple[tuple[str, str, str], ...] = (),
    note: str = "",
    sparse: bool = False,
    own_keys: bool = False,
) -> Format:
    table = tuple((column, tuple(tuple(path.split(">")) for path in words.split())) for column, words in keys.items())
    in_request = not {"site", "request"} & set(keys)  # of a whole URL the host is the site
    return Format(
        name,
        title,
        notation,
        (),
        Clock.ISO,
        columns=tuple(keys),
        keys=table,
        changed=(("remote_host", "remote_host", without_port), *changed),
        ignored=ignored,
        note=note,
        sparse=sparse,
        own_keys=own_keys,
        site_in_request=in_request,
    )


FORMATS = (
    _format(
        "caddy",
        "Caddy's JSON",
        '{"ts":…,"request":{"remote_ip":…,"method":…,"uri":…,"headers":{…}},"status":…,"size":…}',
        {
            "remote_host": "request>client_ip request>remote_ip request>remote_addr",
            "time": "ts",
            "site": "request>host",
            "method": "request>method",
            "target": "request>uri",
            "protocol": "request>proto",
            "status": "status",
            "bytes_sent": "size",
            "referer": "request>headers>Referer",
            "user_agent": "request>headers>User-Agent",
            "forwarded_for": "request>headers>X-Forwarded-For",
            "tls_version": "request>tls>version",
            "dnt": "request>headers>Dnt request>headers>DNT",
            "gpc": "request>headers>Sec-Gpc request>headers>Sec-GPC",
            "logger": "logger",
        },
        # A request that failed is in the log of errors, too.
        changed=(("logger", "logger", without_log_number),),
        ignored=(("logger", "http.log.error", NOT_HTTP),),
    ),
    _format(
        "traefik_json",
        "Traefik's JSON",
        '{"ClientHost":…,"StartUTC":…,"RequestMethod":…,"RequestPath":…,"DownstreamStatus":…}',
        {
            "remote_host": "ClientHost ClientAddr",
            "time": "StartUTC StartLocal time",
            "site": "RequestHost",
            "method": "RequestMethod",
            "target": "RequestPath",
            "protocol": "RequestProtocol",
            "status": "DownstreamStatus",
            "bytes_sent": "DownstreamContentSize",
            "referer": "request_Referer",
            "user_agent": "request_User-Agent",
            "forwarded_for": "request_X-Forwarded-For",
            "tls_version": "TLSVersion",
            "dnt": "request_Dnt",
            "gpc": "request_Sec-Gpc",
        },
    ),
    _format(
        "google_load_balancer",
        "Google Cloud load balancer, JSON (may be a sample of the requests)",
        '{"timestamp":…,"httpRequest":{"remoteIp":…,"requestMethod":…,"requestUrl":…,"status":…}}',
        {
            "remote_host": "httpRequest>remoteIp",
            "time": "timestamp",
            "method": "httpRequest>requestMethod",
            "target": "httpRequest>requestUrl",
            "protocol": "httpRequest>protocol",
            "status": "httpRequest>status",
            "bytes_sent": "httpRequest>responseSize",
            "referer": "httpRequest>referer",
            "user_agent": "httpRequest>userAgent",
        },
        # Those who write this form themselves (ingress-nginx) may leave the scheme out.
        changed=(("target", "target", with_scheme),),
        note="the load balancer may log a sample of the requests only, as its sampleRate says",
        sparse=True,
    ),
    _format(
        "cloudflare",
        "Cloudflare Logpush, http_requests",
        '{"EdgeStartTimestamp":…,"ClientIP":…,"ClientRequestHost":…,"ClientRequestURI":…,"EdgeResponseStatus":…}',
        {
            "remote_host": "ClientIP",
            "time": "EdgeStartTimestamp EdgeEndTimestamp Datetime",
            "site": "ClientRequestHost",
            "method": "ClientRequestMethod",
            "target": "ClientRequestURI ClientRequestPath",
            "protocol": "ClientRequestProtocol",
            "status": "EdgeResponseStatus",
            "bytes_sent": "EdgeResponseBytes",
            "referer": "ClientRequestReferer",
            "user_agent": "ClientRequestUserAgent",
            "tls_version": "ClientSSLProtocol",
        },
    ),
    _format(
        "nginx_json",
        "JSON with nginx's variables, or usual names, as keys (Fastly, Istio)",
        '{"remote_addr":"$remote_addr","time":"$time_iso8601","request":"$request","status":$status,…}',
        {
            # GitLab's remote_addr is the proxy before it, if there is one.
            "remote_host": "remote_ip remote_addr client_ip client clientip ip remote_host downstream_remote_address remoteIP"
            " remoteAddr",
            "time": "time_iso8601 time_local timestamp @timestamp time start_time ts date created_at msec",
            "site": "http_host vhost domain authority :authority host server_name",
            "request": "request",
            "method": "request_method method verb requestMethod",
            "target": "request_uri uri url path x-envoy-origin-path requestUri requestURI",
            "query": "args query_string query",
            "protocol": "server_protocol request_protocol request_proto protocol proto",
            "status": "status response_status http_status response_code response code status_code statusCode",
            "bytes_sent": "body_bytes_sent bytes_sent response_body_size resp_body_size bytes size bytes_out written_bytes"
            " response_size responseSize",
            "referer": "http_referer http_referrer request_referer referer referrer",
            "user_agent": "http_user_agent request_user_agent user_agent useragent agent user-agent userAgent",
            "forwarded_for": "http_x_forwarded_for x_forwarded_for xff x-forwarded-for",
            "tls_version": "ssl_protocol",
            "dnt": "http_dnt dnt",
            "gpc": "http_sec_gpc sec_gpc",
        },
        own_keys=True,
    ),
)


@lru_cache(maxsize=64)
def format_of_keys(words: str) -> Format:
    """A format by `json:column=key,column=key…`, keys of objects in objects by `>`; `ValueError` says what is wrong."""
    known_columns = [name for name in RAW_COLUMNS if name not in ("zone", "logger")]
    known_columns += dict.fromkeys(name for known in FORMATS for name in known.further)
    keys = {}
    for word in words.removeprefix("json:").split(","):
        column, equals, key = word.strip().partition("=")
        if not equals or not key or column not in known_columns:
            known = ", ".join(known_columns)
            raise ValueError(f"{word.strip()!r} is not column=key, where the column is one of {known}")
        keys[column] = key
    if not {"remote_host", "time"} <= set(keys) or not set(keys) & {"request", "target"}:
        raise ValueError("the keys of remote_host, time and request (or target, and method if there is one) are needed")
    return _format(words, "JSON with keys of your own", words, keys, sparse=True)


def format_of_paths(name: str, notation: str, paths: Mapping[str, Path]) -> Format:
    """A format by the keys that lead to each column."""
    known = _format(name, "JSON with keys of your own", notation, dict.fromkeys(paths, "key"), sparse=True)
    return replace(known, keys=tuple((column, (path,)) for column, path in paths.items()))
