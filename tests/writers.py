"""Writes the log line that a server would write about a request, in each format: the readers' counterpart.

Escapes are those of the servers' sources: Apache 2.4 (`ap_escape_logitem`), nginx 1.27 (`ngx_http_log_escape`, and its form for
JSON), HAProxy 2.8 (`lf_encode_string`), Moby 28 (`jsonlog`), AWS and Google by their documentation.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from urllib.parse import quote


@dataclass(frozen=True)
class Request:
    """What a server knows of a request; `time` is in seconds since 1970."""

    site: str
    host: str
    time: int
    method: str
    target: str
    protocol: str
    status: int
    size: int
    referer: str
    agent: str

    @property
    def line(self) -> str:
        return f"{self.method} {self.target} {self.protocol}"

    @property
    def url(self) -> str:
        return f"https://{self.site}{self.target}"

    @property
    def utc(self) -> datetime.datetime:
        return datetime.datetime.fromtimestamp(self.time, datetime.timezone.utc)

    @property
    def clf(self) -> str:
        return f"{self.utc:%d/%b/%Y:%H:%M:%S} +0000"

    @property
    def iso(self) -> str:
        return f"{self.utc:%Y-%m-%dT%H:%M:%S}"

    @property
    def port(self) -> int:
        """The client's: another one for nearly every connection."""
        return 1024 + (self.time * 7919 + self.size * 104_729) % 64_000

    @property
    def id(self) -> str:
        """What a server calls the request, and no other."""
        return f"{(self.time << 24 ^ self.size) * 0x9E3779B97F4A7C15 & 0xFFFF_FFFF_FFFF_FFFF:016x}"


_APACHE = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f", "\v": "\\v"}


def apache(text: str) -> str:
    return "".join(_APACHE.get(letter) or _plain(letter, "\\x%02x") for letter in text)


def nginx(text: str) -> str:
    return "".join(f"\\x{ord(letter):02X}" if letter in '"\\' else _plain(letter, "\\x%02X") for letter in text)


def haproxy(text: str) -> str:
    return "".join(f"#{ord(letter):02X}" if letter in '"#{|}' else _plain(letter, "#%02X") for letter in text)


def _plain(letter: str, escape: str) -> str:
    """Printable ASCII as it is, anything else byte by byte."""
    return letter if " " <= letter <= "~" else "".join(escape % byte for byte in letter.encode())


def _common(request: Request, escape: Callable[[str], str], user: str = "-", ident: str = "-") -> str:
    return f'{request.host} {ident} {user} [{request.clf}] "{escape(request.line)}" {request.status} {request.size or "-"}'


def _combined(request: Request, escape: Callable[[str], str] = apache, user: str = "-", ident: str = "-") -> str:
    return f'{_common(request, escape, user, ident)} "{escape(request.referer)}" "{escape(request.agent)}"'


def _varnish(request: Request) -> str:
    return _combined(replace(request, target=f"http://{request.site}{request.target}"), nginx)


def _gandi(request: Request) -> str:
    return (
        f'{request.site} {request.host} - - [{request.clf}] (0 s) "{apache(request.line)}" {request.status} {request.size}'
        f' "{apache(request.referer)}" "{apache(request.agent)}"'
    )


def _ionos(request: Request) -> str:
    return f'{_common(request, apache)} {request.site} "{apache(request.referer)}" "{apache(request.agent)}" "192.0.2.7"'


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _caddy(request: Request) -> str:
    headers = {"User-Agent": [request.agent], "Referer": [request.referer], "Accept-Encoding": ["gzip"]}
    asked = {
        "remote_ip": request.host,
        "remote_port": str(request.port),
        "client_ip": request.host,
        "proto": request.protocol,
        "method": request.method,
        "host": request.site,
        "uri": request.target,
        "headers": headers,
    }
    return _json(
        {
            "level": "info",
            "ts": request.time + 0.25,
            "logger": "http.log.access",
            "msg": "handled request",
            "request": asked,
            "bytes_read": 0,
            "user_id": "",
            "duration": round(0.001 + request.size / 1e8, 9),
            "size": request.size,
            "status": request.status,
        }
    )


def _traefik(request: Request) -> str:
    return _json(
        {
            "ClientAddr": f"{request.host}:{request.port}",
            "ClientHost": request.host,
            "DownstreamContentSize": request.size,
            "DownstreamStatus": request.status,
            "RequestHost": request.site,
            "RequestMethod": request.method,
            "RequestPath": request.target,
            "RequestProtocol": request.protocol,
            "StartUTC": f"{request.iso}.123456789Z",
            "request_Referer": request.referer,
            "request_User-Agent": request.agent,
            "level": "info",
        }
    )


def _google_load_balancer(request: Request) -> str:
    asked = {
        "requestMethod": request.method,
        "requestUrl": request.url,
        "status": request.status,
        "responseSize": str(request.size),
        "userAgent": request.agent,
        "remoteIp": request.host,
        "referer": request.referer,
        "protocol": request.protocol,
    }
    return _json({"httpRequest": asked, "insertId": request.id, "timestamp": f"{request.iso}.123456Z", "severity": "INFO"})


def _cloudflare(request: Request) -> str:
    return _json(
        {
            "ClientIP": request.host,
            "ClientRequestHost": request.site,
            "ClientRequestMethod": request.method,
            "ClientRequestURI": request.target,
            "ClientRequestProtocol": request.protocol,
            "ClientRequestReferer": request.referer,
            "ClientRequestUserAgent": request.agent,
            "EdgeResponseBytes": request.size,
            "EdgeResponseStatus": request.status,
            "EdgeStartTimestamp": f"{request.iso}Z",
            "RayID": request.id,
        }
    )


def _nginx_json(request: Request) -> str:
    return _json(
        {
            "time_iso8601": f"{request.iso}+00:00",
            "remote_addr": request.host,
            "host": request.site,
            "request": request.line,
            "status": str(request.status),
            "body_bytes_sent": str(request.size),
            "http_referer": request.referer,
            "http_user_agent": request.agent,
        }
    )


def _aws_alb(request: Request) -> str:
    return (
        f"https {request.iso}.186641Z app/balancer/50dc6c495c0c9188 {_bracketed(request.host)}:{request.port} 10.0.0.1:80"
        f" 0.001 0.002 0.000 {request.status} {request.status} 34 {request.size}"
        f' "{request.method} https://{request.site}:443{nginx(request.target)} {request.protocol}" "{nginx(request.agent)}"'
        f' ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 arn:aws:targetgroup "Root=1-58337281-{request.id}" "{request.site}" "arn:aws:acm"'
        f' 0 {request.iso}.186000Z "forward" "-" "-" "10.0.0.1:80" "200" "-" "-" TID_{request.id}'
    )


def _aws_elb(request: Request) -> str:
    return (
        f"{request.iso}.943958Z balancer {_bracketed(request.host)}:{request.port} 10.0.0.1:80 0.000073 0.001048 0.000057"
        f' {request.status} {request.status} 0 {request.size} "{request.method} http://{request.site}:80{nginx(request.target)}'
        f' {request.protocol}" "{nginx(request.agent)}" - -'
    )


def _aws_s3(request: Request) -> str:
    return (
        f"79a59df900b949e5 {request.site} [{request.clf}] {request.host} - {request.id.upper()} REST.GET.OBJECT"
        f' {quote(request.target)} "{nginx(request.line)}" {request.status} - {request.size or "-"} 4096 7 6'
        f' "{nginx(request.referer)}"'
        f' "{nginx(request.agent)}" - s9lzHYrFp76ZVxRcpX9 SigV4 ECDHE-RSA AuthHeader {request.site}.s3.example.com TLSV1.2 - -'
    )


def _google_storage(request: Request) -> str:
    values = (
        *(
            request.time * 1_000_000 + 5,
            request.host,
            1,
            "",
            request.method,
            request.target,
            request.status,
            0,
            request.size,
            1000,
        ),
        *(request.site, request.referer, request.agent, "GoogleId", "GET_Object", "bucket", "object"),
    )
    return ",".join('"' + str(value).replace('"', '""') + '"' for value in values)


def _squid(request: Request) -> str:
    return (
        f"{request.time}.450    180 {request.host} TCP_MISS/{request.status} {request.size} {request.method}"
        f" http://{request.site}{request.target} - HIER_DIRECT/203.0.113.5 text/html"
    )


def _haproxy(request: Request) -> str:
    some = request.port  # what differs from line to line: timers, connections
    timers, connections = f"0/0/{some % 5}/{some % 997}/{some % 1009 + 5}", f"{some % 89 + 2}/{some % 83 + 1}/1/1/0"
    return (
        f"{request.host}:{request.port} [{request.utc:%d/%b/%Y:%H:%M:%S}.{some % 1000:03}] http-in~ static/srv{some % 3} {timers}"
        f" {request.status} {request.size} - - ---- {connections} 0/0"
        f' {{{haproxy(request.site)}|{haproxy(request.agent)}}} {{}} "{haproxy(request.line)}"'
    )


def _envoy(request: Request) -> str:
    return (
        f'[{request.iso}.310Z] "{request.line}" {request.status} - 0 {request.size} 226 100 "{request.host}" "{request.agent}"'
        f' "{request.id}" "{request.site}" "tcp://10.0.0.1:80"'
    )


def _iis(request: Request) -> str:
    stem, mark, query = request.target.partition("?")
    return (
        f"{request.utc:%Y-%m-%d %H:%M:%S} 10.0.0.1 {request.method} {stem} {query if mark else '-'} 443 - {request.host}"
        f" {request.protocol} {request.agent.replace(' ', '+')} {request.referer or '-'} {request.site} {request.status} 0 0"
        f" {request.size} 31"
    )


def _cloudfront(request: Request) -> str:
    stem, mark, query = request.target.replace("%", "%25").partition("?")
    agent = quote(quote(request.agent, safe="/()+;:,.-_"), safe="/()+;:,.-_")
    return "\t".join(
        (
            *(f"{request.utc:%Y-%m-%d}", f"{request.utc:%H:%M:%S}", "LAX1", str(request.size), request.host, request.method),
            *("d111111abcdef8.example.net", stem, str(request.status), request.referer or "-", agent or "-"),
            *(query if mark else "-", "-", "Hit", f"{request.id}-SOX4xwn4XV6Q4rgb7XiVGOHms_BGlTAC4KyHmureZm==", request.site),
            *("https", "23", "0.001", "-", "TLSv1.2", "ECDHE-RSA", "Hit", request.protocol),
        )
    )


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _syslog(line: str) -> str:
    return f"<134>Oct 10 13:55:36 edge-1 web[4711]: {line}"


def _docker(line: str, time: str) -> str:
    """As Moby's jsonlog escapes: also what HTML would mind."""
    text = _json(f"{line}\n")
    for letter in "<>&":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return f'{{"log":{text},"stream":"stdout","time":"{time}.123456789Z"}}'


def _combined_forwarded_more(request: Request) -> str:
    return f'{_combined(request, nginx)} "198.51.100.7" "{request.site}" rt=0.005'


def _forwarded_combined(request: Request) -> str:
    return f"198.51.{request.port % 250}.{request.port // 250} {_combined(request)}"


def _beanstalk(request: Request) -> str:
    return _combined(request, ident="(198.51.100.7) -")


def _site_combined_more(request: Request) -> str:
    return f'{request.site} {_combined(request)} "198.51.100.7" 12345'


def _common_timed(request: Request) -> str:
    return f"{_common(request, apache)} 45"


def _nginx_proxy_manager(request: Request) -> str:
    return (
        f'[{request.clf}] - {request.status} {request.status} - {request.method} https {request.site} "{nginx(request.target)}"'
        f" [Client {request.host}] [Length {request.size}] [Gzip -] [Sent-to 10.0.0.1]"
        f' "{nginx(request.agent)}" "{nginx(request.referer)}"'
    )


def _istio(request: Request) -> str:
    return (
        f'[{request.iso}.123Z] "{request.line}" {request.status} - via_upstream - "-" 0 {request.size} 226 100 "{request.host}"'
        f' "{request.agent}" "{request.id}" "{request.site}" "10.0.0.1:80" outbound|80||web.example.org'
        f" 10.0.0.2:40305 10.0.0.2:8443 {_bracketed(request.host)}:{request.port} {request.site} default"
    )


IIS_HEADER = (
    "#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs-version cs(User-Agent) cs(Referer)"
    " cs-host sc-status sc-substatus sc-win32-status sc-bytes time-taken\n"
)
CLOUDFRONT_HEADER = (
    "#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) cs(User-Agent)"
    " cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id x-host-header cs-protocol cs-bytes time-taken x-forwarded-for"
    " ssl-protocol ssl-cipher x-edge-response-result-type cs-protocol-version\n"
)
HEADERS = {"iis": IIS_HEADER, "cloudfront": CLOUDFRONT_HEADER}
"""What stands at the top of a file, by the name of its writer."""

WRITERS: dict[str, Callable[[Request], str]] = {
    "combined": _combined,
    "common": lambda request: _common(request, apache),
    "combined_forwarded": lambda request: f'{_combined(request, nginx)} "192.0.2.7, 10.0.0.1"',
    "combined_forwarded_timed": lambda request: f'{_combined(request, nginx)} "192.0.2.7" 0.012 0.011 .',
    "combinedio": lambda request: f"{_combined(request)} 512 {request.size + 300}",
    "combined_timed": lambda request: f"{_combined(request, nginx)} 0.012 0.011",
    "traefik_clf": lambda request: f'{_combined(request, nginx)} 17 "router@docker" "http://10.0.0.1:80" 3ms',
    "combined_more": lambda request: f'{_combined(request, nginx)} "gzip" rt=0.01',
    "varnish": _varnish,
    "vhost_combined": lambda request: f"{request.site}:443 {_combined(request)}",
    "vhost_common": lambda request: f"{request.site}:443 {_common(request, apache)}",
    "site_combined": lambda request: f"{request.site} {_combined(request)}",
    "site_common": lambda request: f"{request.site} {_common(request, apache)}",
    "lighttpd": lambda request: _combined(request, ident=request.site),
    "ionos": _ionos,
    "virtualmin": lambda request: _combined(request, user=f"{request.site} {request.site} -"),
    "gandi": _gandi,
    "caddy": _caddy,
    "traefik_json": _traefik,
    "google_load_balancer": _google_load_balancer,
    "cloudflare": _cloudflare,
    "nginx_json": _nginx_json,
    "aws_alb": _aws_alb,
    "aws_elb": _aws_elb,
    "aws_s3": _aws_s3,
    "google_storage": _google_storage,
    "squid": _squid,
    "haproxy": _haproxy,
    "envoy": _envoy,
    "iis": _iis,
    "cloudfront": _cloudfront,
    "combined_forwarded_more": _combined_forwarded_more,
    "forwarded_combined": _forwarded_combined,
    "beanstalk": _beanstalk,
    "site_combined_more": _site_combined_more,
    "common_timed": _common_timed,
    "nginx_proxy_manager": _nginx_proxy_manager,
    "istio": _istio,
    "syslog:haproxy": lambda request: _syslog(_haproxy(request)),
    "syslog:combined": lambda request: _syslog(_combined(request)),
    "syslog:nginx_json": lambda request: _syslog(_nginx_json(request)),
    "docker:combined": lambda request: _docker(_combined(request, nginx), request.iso),
    "docker:nginx_json": lambda request: _docker(_nginx_json(request), request.iso),
}
"""By the format's name; those with a header by another."""


def write(name: str, requests: list[Request]) -> bytes:
    """A whole file."""
    return (HEADERS.get(name, "") + "".join(WRITERS[name](request) + "\n" for request in requests)).encode()
