"""The line formats of load balancers, object stores and proxies.

Where the fields differ between versions, the formats list the documented ones first, and further fields may follow. Sources: AWS
documentation ("Access log entries" of both load balancers, "Amazon S3 server access log format"); Google Cloud, "Usage logs" of
Cloud Storage; Squid wiki, "Native log format"; HAProxy 2.8 configuration manual, "HTTP log format"; Envoy, "Default format
string"; Istio, "Envoy Access Logs"; the nginx configuration of Nginx Proxy Manager 2.
"""

from __future__ import annotations

from collections.abc import Mapping

from transforms.formats import COMMENT, NOT_HTTP, RAW_COLUMNS, STATUS, Clock, Field, Format, Shape
from transforms.formats.values import (
    after_slash,
    all_but_last_of_list,
    from_hash_escapes,
    last_of_list,
    undoubled,
    without_bracket,
    without_plus,
)

_QUOTED = r'(?:[^"\\]|\\.)*'

_TOKEN, _TEXT = Field(None, Shape.TOKEN), Field(None, Shape.QUOTED)
_BARE = Field(None, Shape.BARE)
_NUMBER = Field(None, Shape.TOKEN, r"\d+|-")
_STATUS = Field("status", Shape.TOKEN, STATUS)
_SENT = Field("bytes_sent", Shape.TOKEN, r"\d{1,18}|-")
_REQUEST, _REFERER, _AGENT = (Field(name, Shape.QUOTED) for name in ("request", "referer", "user_agent"))
_ISO_TIME = Field("time", Shape.TOKEN, r"\d{4}-\d\d-\d\dT\S+Z")
_CLIENT_PORT = Field("remote_host", Shape.PORT)
# Envoy appends the address that called it to X-Forwarded-For: what stands before that is what its caller claims.
_APPENDED = (("remote_host", "remote_host", last_of_list), ("forwarded_for", "remote_host", all_but_last_of_list))
_TLS = Field("tls_version", Shape.TOKEN)
_TARGET_GROUP = Field(None, Shape.TOKEN, r"arn:\S+|-")
_CSV = {name: Field(name, Shape.QUOTED) for name in RAW_COLUMNS}
_STAMP, _SERVER, _TIMERS = r"\d\d/[A-Z][a-z][a-z]/[\d:]{13}", r"[^ /]+/[^ ]+", r"[-+\d]+(?:/[-+\d]+){4}"
_COUNT, _STATE, _CONNECTIONS = r"\+?\d{1,18}", r"[!-~]{4}", r"\d+(?:/\+?\d+){4}"
_BALANCED = (_TOKEN, _TOKEN, _TOKEN, _STATUS, _TOKEN, _NUMBER, _SENT, _REQUEST, _AGENT)


def _is_usage(row: Mapping[str, str | None]) -> bool:
    return (row["time"] or "").isdigit() or row["time"] == "time_micros"


FORMATS = (
    Format(
        "aws_alb",
        "AWS Application Load Balancer",
        'type time elb client:port target:port … elb_status_code … sent_bytes "request" "user_agent" … "domain_name" …',
        (
            Field(None, Shape.TOKEN, r"https?|h2|grpcs|wss?"),
            *(_ISO_TIME, _TOKEN, _CLIENT_PORT, _TOKEN, *_BALANCED, _TOKEN, _TLS, _TARGET_GROUP, _TEXT, _TEXT),
        ),
        clock=Clock.ISO,
        more=True,
        site_in_request=True,
    ),
    Format(
        "aws_elb",
        "AWS Classic Load Balancer",
        'time elb client:port backend:port … elb_status_code … sent_bytes "request" "user_agent" ssl_cipher ssl_protocol',
        (_ISO_TIME, _TOKEN, _CLIENT_PORT, _TOKEN, *_BALANCED),
        clock=Clock.ISO,
        more=True,
        ignored=(("request", "- - - ", NOT_HTTP), ("request", "- - -", NOT_HTTP)),
        site_in_request=True,
    ),
    Format(
        "aws_s3",
        "Amazon S3 server access log",
        'owner bucket [time] remote_ip requester request_id operation key "request" status error_code bytes_sent …',
        (
            *(_TOKEN, Field("site", Shape.TOKEN), Field("time", Shape.TIME), Field("remote_host", Shape.TOKEN)),
            *(_TOKEN, _TOKEN, Field(None, Shape.TOKEN, r"[A-Z][A-Z0-9]*\.\S+"), _TOKEN),
            *(_REQUEST, _STATUS, _TOKEN, _SENT, _TOKEN, _NUMBER, _NUMBER, _REFERER, _AGENT),
        ),
        # What is missing stands there without quotes.
        expression=r"\S+ (?P<site>\S+) \[(?P<time>\S{20}) (?P<zone>[+-]\d{4})\] (?P<remote_host>\S+) \S+ \S+"
        rf' [A-Z][A-Z0-9]*\.\S+ \S+ (?:"(?P<request>{_QUOTED})"|-) (?P<status>{STATUS}) \S+ (?P<bytes_sent>\d{{1,18}}|-)'
        rf' \S+ (?:\d+|-) (?:\d+|-) (?:"(?P<referer>{_QUOTED})"|-) (?:"(?P<user_agent>{_QUOTED})"|-)(?: .*)?',
        more=True,
        ignored=(("request", "-", NOT_HTTP),),
    ),
    Format(
        "google_storage",
        "Google Cloud Storage, usage log (CSV)",
        '"time_micros","c_ip",…,"cs_method","cs_uri","sc_status","cs_bytes","sc_bytes",…,"cs_host","cs_referer","cs_user_agent",…',
        (
            *(_CSV["time"], _CSV["remote_host"], _TEXT, _TEXT, _CSV["method"], _CSV["target"], _CSV["status"], _TEXT),
            *(_CSV["bytes_sent"], _TEXT, _CSV["site"], _CSV["referer"], _CSV["user_agent"], _TEXT, _TEXT, _TEXT, _TEXT),
        ),
        clock=Clock.EPOCH,
        separator=",",
        changed=tuple((name, name, undoubled) for name in ("target", "referer", "user_agent")),
        ignored=(("time", "time_micros", COMMENT),),
        plausible=_is_usage,
        backslash=False,
    ),
    Format(
        "squid",
        "Squid, native format",
        "time elapsed remotehost code/status bytes method URL rfc931 peerstatus/peerhost type",
        (
            *(Field("time", Shape.TOKEN, r"\d{9,11}\.\d{3}"), Field(None, Shape.TOKEN, r"-?\d+")),
            *(Field("remote_host", Shape.TOKEN), Field("status", Shape.TOKEN, r"[A-Z_]+/\d{3}")),
            *(Field("bytes_sent", Shape.TOKEN, r"\d{1,18}"), Field("method", Shape.TOKEN), Field("target", Shape.TOKEN), _TOKEN),
            *(Field(None, Shape.TOKEN, r"[A-Z_]+/\S+"), _TOKEN),
        ),
        clock=Clock.EPOCH,
        # The time that a request took is padded with spaces.
        expression=r"(?P<time>\d{9,11}\.\d{3}) +-?\d+ +(?P<remote_host>\S+) +(?P<status>[A-Z_]+/\d{3}) +(?P<bytes_sent>\d{1,18})"
        r" +(?P<method>\S+) +(?P<target>\S+) +\S+ +[A-Z_]+/\S+ +\S+",
        changed=(("status", "status", after_slash),),
        ignored=(("method", "ICP_QUERY", NOT_HTTP),),
        backslash=False,
        site_in_request=True,
    ),
    Format(
        "haproxy",
        "HAProxy, option httplog (or httpslog)",
        'client:port [time] frontend backend/server timers status bytes … {headers} {headers} "request"',
        (
            *(_CLIENT_PORT, Field("time", Shape.TOKEN, _STAMP), _TOKEN, Field(None, Shape.TOKEN, _SERVER)),
            *(Field(None, Shape.TOKEN, _TIMERS), Field("status", Shape.TOKEN, r"\d{3}|-1")),
            *(Field("bytes_sent", Shape.TOKEN, _COUNT), _TOKEN, _TOKEN, Field(None, Shape.TOKEN, _STATE)),
            # Captured headers stand between braces and may hold spaces; a quote or a brace within a value is written as #22, #7B.
            *(Field(None, Shape.TOKEN, _CONNECTIONS), Field(None, Shape.TOKEN, r"\d+/\d+")),
            *(Field(None, Shape.GAP, r"(?:\{[^{}]*\}(?: \{[^{}]*\})*)?"), _REQUEST),
        ),
        # Behind the request stands what option httpslog says of TLS; a line that is too long for the log daemon ends within it.
        expression=rf"(?:\[?(?P<remote_host>[^ ]+?)\]?:\d{{1,5}}|-) \[(?P<time>{_STAMP})\.\d+\] [^ ]+ {_SERVER} {_TIMERS}"
        rf" (?P<status>\d{{3}}|-1) (?P<bytes_sent>{_COUNT}) [^ ]+ [^ ]+ {_STATE} {_CONNECTIONS} \d+/\d+(?: \{{[^{{}}]*\}})*"
        r' "(?P<request>[^"\r\n]*)(?:"(?: .*)?)?',
        more=True,
        # Connections that ended before a request or held none, and what happens to servers and to HAProxy itself.
        messages=r"[^ ]+:\d+ \[\d\d/[A-Z][a-z][a-z]/[\d:]{13}\.\d+\] (?:[^ /]+/[^ :]+: \S.*|[^ ]+ [^ /]+/[^ ]+"
        r" [-+\d]+/[-+\d]+/\+?\d+ \+?\d+ [^ ]{2} \d+(?:/\+?\d+){4} \d+/\d+)\s*\Z"
        r"|(?:\[[A-Z]+\]|Proxy|(?:Backup )?Server|backend|Health check for|Connect from|(?:Stopp|Paus|Enabl|Disabl|Resum)ing) ",
        changed=(("request", "request", from_hash_escapes), ("bytes_sent", "bytes_sent", without_plus)),
        backslash=False,
    ),
    Format(
        "envoy",
        "Envoy, default format",
        '[time] "METHOD path protocol" code flags received sent ms ms "forwarded-for" "agent" "id" "authority" "host"',
        (
            Field("time", Shape.TOKEN, r"\[\d{4}-\d\d-\d\dT\S+Z\]"),
            *(_REQUEST, Field("status", Shape.TOKEN, r"\d{1,3}|-"), _TOKEN, _NUMBER, _SENT, _NUMBER, _NUMBER),
            *(Field("remote_host", Shape.QUOTED), _AGENT, _TEXT, Field("site", Shape.QUOTED), _TEXT),
        ),
        clock=Clock.ISO,
        changed=_APPENDED,
        backslash=False,
    ),
    Format(
        "istio",
        "Istio, default text format",
        '[time] "METHOD path protocol" code flags details … sent … "forwarded-for" "agent" "id" "authority" …',
        (
            Field("time", Shape.TOKEN, r"\[\d{4}-\d\d-\d\dT\S+Z\]"),
            *(_REQUEST, Field("status", Shape.TOKEN, r"\d{1,3}|-"), _TOKEN, _TOKEN, _TOKEN, _TEXT, _NUMBER, _SENT),
            *(_NUMBER, _NUMBER, Field("remote_host", Shape.QUOTED), _AGENT, _TEXT, Field("site", Shape.QUOTED), _TEXT),
            # All of them: a quote in a header, which is not escaped, makes more fields, and would move those behind it.
            *(_BARE, _BARE, _BARE, _BARE, _BARE, _BARE),
        ),
        clock=Clock.ISO,
        changed=_APPENDED,
        ignored=(("request", "- - -", NOT_HTTP),),
        backslash=False,
    ),
    Format(
        "nginx_proxy_manager",
        "Nginx Proxy Manager",
        '[time] cache status status - METHOD scheme host "uri" [Client address] [Length bytes] … "agent" "referer"',
        (
            *(Field("time", Shape.TIME), Field(None, Shape.TOKEN, r"[A-Z]+|-"), Field(None, Shape.TOKEN, STATUS), _STATUS),
            *(Field(None, Shape.TOKEN, "-"), Field("method", Shape.TOKEN), Field(None, Shape.TOKEN, r"https?|-")),
            *(Field("site", Shape.TOKEN), Field("target", Shape.QUOTED)),
            *(Field(None, Shape.TOKEN, r"\[Client"), Field("remote_host", Shape.TOKEN, r"[^\]\s]+\]")),
            *(Field(None, Shape.TOKEN, r"\[Length"), Field("bytes_sent", Shape.TOKEN, r"(?:\d{1,18}|-)\]")),
            *(Field(None, Shape.TOKEN, r"\[Gzip"), Field(None, Shape.TOKEN, r"[^\]\s]+\]")),
            *(Field(None, Shape.TOKEN, r"\[Sent-to"), Field(None, Shape.TOKEN, r"[^\]\s]*\]"), _AGENT, _REFERER),
        ),
        # Where nothing is asked for behind it, two fields in front and one behind are not there.
        expression=r"\[(?P<time>\S{20}) (?P<zone>[+-]\d{4})\]"
        rf" (?:(?:[A-Z]+|-) (?:{STATUS})(?:, (?:{STATUS}))* )?(?P<status>{STATUS})"
        rf' - (?P<method>\S+) (?:https?|-) (?P<site>\S+) "(?P<target>{_QUOTED})" \[Client (?P<remote_host>[^\]\s]+)\]'
        r" \[Length (?P<bytes_sent>\d{1,18}|-)\] \[Gzip [^\]\s]+\](?: \[Sent-to [^\]]*\])?"
        rf' "(?P<user_agent>{_QUOTED})" "(?P<referer>{_QUOTED})"',
        changed=(("remote_host", "remote_host", without_bracket), ("bytes_sent", "bytes_sent", without_bracket)),
    ),
)
