"""Takes nothing, gives formats of load balancers, object stores and proxies, each as one expression for its whole line.

Their lines are read one by one: fields that come and go between versions do not fit into columns. Sources:
AWS documentation ("Access log entries" of both load balancers, "Amazon S3 server access log format"), Squid wiki
("Native log format").
"""

from __future__ import annotations

from transforms.formats import Clock, Format

_QUOTED = r'(?:[^"\\]|\\.)*'
_STATUS = r"(?P<status>\d{3}|-)"
_SENT = r"(?P<bytes_sent>\d{1,18}|-)"
_SECONDS = r"-?\d+(?:\.\d+)?"


def _format(name: str, title: str, notation: str, expression: str, clock: Clock, *columns: str) -> Format:
    return Format(name, title, notation, (), clock, expression, columns)


FORMATS = (
    _format(
        "aws_alb",
        "AWS Application Load Balancer",
        'type time elb client:port target:port … elb_status_code … sent_bytes "request" "user_agent" … "domain_name" …',
        r"(?:https?|h2|grpcs|wss?) (?P<time>\S+Z) \S+ (?P<remote_host>\S+):\d+ \S+"
        rf" {_SECONDS} {_SECONDS} {_SECONDS} {_STATUS} \S+ \d+ {_SENT}"
        rf' "(?P<request>{_QUOTED})" "(?P<user_agent>{_QUOTED})" \S+ \S+ \S+ "{_QUOTED}" "(?P<site>{_QUOTED})" .*',
        Clock.ISO,
        *("time", "remote_host", "status", "bytes_sent", "request", "user_agent", "site"),
    ),
    _format(
        "aws_elb",
        "AWS Classic Load Balancer (HTTP)",
        'time elb client:port backend:port … elb_status_code … sent_bytes "request" "user_agent" ssl_cipher ssl_protocol',
        r"(?P<time>\S+Z) \S+ (?P<remote_host>\S+):\d+ \S+"
        rf" {_SECONDS} {_SECONDS} {_SECONDS} {_STATUS} \S+ \d+ {_SENT}"
        rf' "(?P<request>{_QUOTED})"(?: "(?P<user_agent>{_QUOTED})" \S+ \S+)?',
        Clock.ISO,
        *("time", "remote_host", "status", "bytes_sent", "request", "user_agent"),
    ),
    _format(
        "aws_s3",
        "Amazon S3 server access log",
        'owner bucket [time] remote_ip requester request_id operation key "request" status error_code bytes_sent …',
        r"\S+ (?P<site>\S+) \[(?P<time>[^\]\s]{20}) (?P<zone>[+-]\d{4})\] (?P<remote_host>\S+) \S+ \S+ \S+ \S+"
        rf' (?:"(?P<request>{_QUOTED})"|-) {_STATUS} \S+ {_SENT} \S+ \S+ \S+'
        rf' (?:"(?P<referer>{_QUOTED})"|-) (?:"(?P<user_agent>{_QUOTED})"|-) \S+.*',
        Clock.CLF,
        *("site", "time", "remote_host", "request", "status", "bytes_sent", "referer", "user_agent"),
    ),
    _format(
        "squid",
        "Squid, native format",
        "time elapsed remotehost code/status bytes method URL rfc931 peerstatus/peerhost type",
        r"(?P<time>\d{9,11}\.\d{3}) +\d+ (?P<remote_host>\S+) [A-Z_]+/(?P<status>\d{3}) (?P<bytes_sent>\d{1,18})"
        r" (?P<method>\S+) (?P<target>\S+) \S+ [A-Z_]+/\S+ \S+",
        Clock.EPOCH,
        *("time", "remote_host", "status", "bytes_sent", "method", "target"),
    ),
)
