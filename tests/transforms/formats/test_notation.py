"""Notations: a format from a server's configuration reads the lines that this server writes."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.hosts import describe
from transforms.formats.notation import compile_notation
from transforms.formats.registry import FORMATS, format_of
from transforms.parsing.parse import parse_block

pytestmark = pytest.mark.usefixtures("each_kernel")

AT_13_55_36 = 1760129736  # 10 October 2025, 13:55:36 -0700


def rows(notation: str, log: str) -> list[dict[str, object]]:
    parsed = parse_block(log.encode(), compile_notation(notation))
    assert not parsed.rejects
    return parsed.entries.to_pylist()


NGINX_MAIN = """log_format  main  '$remote_addr - $remote_user [$time_local] "$request" '
                      '$status $body_bytes_sent "$http_referer" '
                      '"$http_user_agent" "$http_x_forwarded_for"';"""

# Notation, a line that its server would write, what is expected of it, and whether it is read by columns.
CASES = {
    "Apache common": (
        r'LogFormat "%h %l %u %t \"%r\" %>s %b" common',
        '8.8.8.8 - frank [10/Oct/2025:13:55:36 -0700] "GET /a?b HTTP/1.0" 200 2326',
        {"remote_host": "8.8.8.8", "target": "/a?b", "status": "200", "bytes_sent": 2326, "user_agent": None},
        True,
    ),
    "Apache, X-Forwarded-For and the address": (
        r'"%{X-Forwarded-For}i %h %l %u %t \"%r\" %>s %b"',
        '203.0.113.9, 198.51.100.3 10.0.0.4 - - [10/Oct/2025:13:55:36 -0700] "GET /a HTTP/1.0" 200 5',
        {"remote_host": "10.0.0.4", "forwarded_for": "203.0.113.9, 198.51.100.3", "target": "/a"},
        True,
    ),
    "Apache, X-Forwarded-For in the address's place": (
        r'"%{X-Forwarded-For}i %l %u %t \"%r\" %>s %b"',
        '203.0.113.9, 198.51.100.3 - - [10/Oct/2025:13:55:36 -0700] "GET /a HTTP/1.0" 200 5',
        {"remote_host": "198.51.100.3", "forwarded_for": "203.0.113.9", "target": "/a"},
        True,
    ),
    "nginx, X-Forwarded-For in quotes and no address": (
        '[$time_local] "$request" $status "$http_x_forwarded_for"',
        '[10/Oct/2025:13:55:36 -0700] "GET /a HTTP/1.0" 200 "203.0.113.9, 198.51.100.3"',
        {"remote_host": "198.51.100.3", "forwarded_for": "203.0.113.9", "target": "/a"},
        True,
    ),
    "nginx, X-Forwarded-For in what is no field of its own": (
        '$remote_addr|$http_x_forwarded_for [$time_local] "$request" $status',
        '10.0.0.4|203.0.113.9, 198.51.100.3 [10/Oct/2025:13:55:36 -0700] "GET /a HTTP/1.0" 200',
        {"remote_host": "10.0.0.4", "forwarded_for": "203.0.113.9, 198.51.100.3", "target": "/a"},
        False,
    ),
    "nginx, a time in quotes": (
        '$remote_addr "$time_local" "$request" $status',
        '8.8.8.8 "10/Oct/2025:13:55:36 -0700" "GET /a HTTP/1.0" 200',
        {"remote_host": "8.8.8.8", "target": "/a", "status": "200", "request_time": AT_13_55_36},
        False,
    ),
    "nginx, a time with nothing around it": (
        '$remote_addr $time_local "$request" $status',
        '8.8.8.8 10/Oct/2025:13:55:36 -0700 "GET /a HTTP/1.0" 200',
        {"remote_host": "8.8.8.8", "target": "/a", "status": "200", "request_time": AT_13_55_36},
        False,
    ),
    "Debian's vhost_combined": (
        r'LogFormat "%v:%p %h %l %u %t \"%r\" %>s %O \"%{Referer}i\" \"%{User-Agent}i\"" vhost_combined',
        'www.example.org:443 8.8.8.8 - - [10/Oct/2025:13:55:36 -0700] "GET / HTTP/1.1" 200 5 "https://x.example/" "A \\"x\\""',
        {"site": "www.example.org:443", "referer": "https://x.example/", "user_agent": 'A "x"'},
        True,
    ),
    "Apache combinedio with microseconds": (
        r'"%h %l %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-Agent}i\" %I %O %D"',
        '8.8.8.8 - - [10/Oct/2025:13:55:36 -0700] "GET / HTTP/1.1" 200 5 "-" "A" 400 900 1234',
        {"bytes_sent": 5, "user_agent": "A"},
        True,
    ),
    "Apache in parts": (
        '%a %t %m %U%q %H %>s %B "%{User-agent}i"',
        '8.8.8.8 [10/Oct/2025:13:55:36 -0700] GET /a?b=c HTTP/1.1 200 0 "A"',
        {"method": "GET", "target": "/a?b=c", "protocol": "HTTP/1.1", "bytes_sent": 0},
        False,
    ),
    "Apache with its own time and the real client": (
        '%{c}a %a %{%Y-%m-%dT%H:%M:%S%z}t "%r" %s %b',
        '10.0.0.1 8.8.8.8 2025-10-10T13:55:36-0700 "GET / HTTP/1.1" 200 5',
        {"remote_host": "8.8.8.8", "request_time": AT_13_55_36},
        True,
    ),
    "nginx main": (
        NGINX_MAIN,
        '8.8.8.8 - - [10/Oct/2025:13:55:36 -0700] "GET / HTTP/1.1" 200 5 "-" "A" "1.2.3.4, 10.0.0.1"',
        {"forwarded_for": "1.2.3.4, 10.0.0.1", "request_time": AT_13_55_36},
        True,
    ),
    "nginx with timings by name": (
        '$remote_addr [$time_iso8601] "$request" $status $body_bytes_sent rt=$request_time uct="$upstream_connect_time"',
        '8.8.8.8 [2025-10-10T13:55:36-07:00] "GET / HTTP/1.1" 200 5 rt=0.003 uct="0.000, 0.001"',
        {"status": "200", "bytes_sent": 5, "request_time": AT_13_55_36},
        False,
    ),
    "nginx in parts, separated by bars": (
        "$msec|$host|$remote_addr|$request_method|$request_uri|$server_protocol|$status|$http_user_agent",
        "1760129736.123|www.example.org|8.8.8.8|GET|/a b?c|HTTP/2.0|200|Agent with | in it",
        {
            "site": "www.example.org",
            "target": "/a b?c",
            "protocol": "HTTP/2.0",
            "user_agent": "Agent with | in it",
            "bytes_sent": 0,
        },
        False,
    ),
    "nginx, a URL out of its parts": (
        "$remote_addr [$time_local] $request_method $scheme://$host$request_uri $server_protocol $status",
        "8.8.8.8 [10/Oct/2025:13:55:36 -0700] GET https://www.example.org/a?b=1 HTTP/2.0 200",
        {"site": "www.example.org", "method": "GET", "target": "/a?b=1", "protocol": "HTTP/2.0", "status": "200"},
        False,
    ),
    "nginx, a URL out of its parts in quotes": (
        '$remote_addr [$time_local] "$request_method $scheme://$host$request_uri $server_protocol" $status "$http_user_agent"',
        '8.8.8.8 [10/Oct/2025:13:55:36 -0700] "GET https://www.example.org/a b?c=1 HTTP/2.0" 200 "A \\x22b\\x22"',
        {"site": "www.example.org", "method": "GET", "target": "/a b?c=1", "protocol": "HTTP/2.0", "user_agent": 'A "b"'},
        False,
    ),
    "nginx, host and path in quotes of their own": (
        '$remote_addr [$time_local] $request_method "$host$request_uri" $status',
        '8.8.8.8 [10/Oct/2025:13:55:36 -0700] GET "www.example.org/a?b=1" 200',
        {"site": "www.example.org", "target": "/a?b=1", "status": "200"},
        False,
    ),
    "nginx, host, path and query": (
        "$remote_addr [$time_local] $request_method $http_host$uri$is_args$args $status",
        "8.8.8.8 [10/Oct/2025:13:55:36 -0700] GET www.example.org:8443/a?b=1 200",
        {"site": "www.example.org:8443", "target": "/a?b=1", "status": "200"},
        False,
    ),
    "Apache, host, path and query": (
        "%h %t %m %v%U%q %>s",
        "8.8.8.8 [10/Oct/2025:13:55:36 -0700] GET www.example.org/a?b=1 200",
        {"site": "www.example.org", "target": "/a?b=1", "status": "200"},
        False,
    ),
    "Apache, a request out of its parts": (
        '%h %t "%m http://%v%U%q %H" %>s',
        '8.8.8.8 [10/Oct/2025:13:55:36 -0700] "GET http://www.example.org/a b?c HTTP/1.1" 200',
        {"site": "www.example.org", "method": "GET", "target": "/a b?c", "protocol": "HTTP/1.1"},
        False,
    ),
    "Apache, a decoded path with spaces": (
        '%h %t "%m %U%q %H" %>s',
        '8.8.8.8 [10/Oct/2025:13:55:36 -0700] "GET /a b HTTP/1.1" 200',
        {"method": "GET", "target": "/a b", "protocol": "HTTP/1.1"},
        False,
    ),
    "nginx, one upstream server": (
        '$remote_addr [$time_local] "$request" $status $request_time $upstream_response_time $upstream_addr $pipe',
        '8.8.8.8 [10/Oct/2025:13:55:36 -0700] "GET / HTTP/1.1" 200 0.001 0.001 1.1.1.1:80 .',
        {"target": "/", "status": "200"},
        True,
    ),
    "nginx, several upstream servers": (
        '$remote_addr [$time_local] "$request" $status $request_time $upstream_response_time $upstream_addr $pipe',
        '8.8.8.8 [10/Oct/2025:13:55:36 -0700] "GET / HTTP/1.1" 200 0.003 0.001, 0.002 1.1.1.1:80, unix:/run/a.sock .',
        {"target": "/", "status": "200"},
        True,
    ),
    "nginx, several groups of upstream servers, by expression": (
        '$remote_addr  [$time_local] "$request" $status $upstream_response_time $pipe',
        '8.8.8.8  [10/Oct/2025:13:55:36 -0700] "GET / HTTP/1.1" 200 0.001 : 0.002, 0.003 .',
        {"target": "/", "status": "200"},
        False,
    ),
    "Apache, what CustomLog is told beside the format": (
        r'CustomLog "logs/access log" "%h %t \"%r\" %>s %^FB" env=!image',
        '8.8.8.8 [10/Oct/2025:13:55:36 -0700] "GET / HTTP/1.1" 200 512',
        {"target": "/", "status": "200"},
        True,
    ),
    "nginx, path and arguments that are not there": (
        "$remote_addr [$time_local] $request_method $uri$is_args$args $status",
        "8.8.8.8 [10/Oct/2025:13:55:36 -0700] GET /a-b- 200",
        {"target": "/a-b", "status": "200"},
        False,
    ),
    "nginx, path and arguments in quotes": (
        '$remote_addr [$time_local] "$request_method $uri$is_args$args $server_protocol" $status "$http_user_agent"',
        '8.8.8.8 [10/Oct/2025:13:55:36 -0700] "GET /a b?c=\\x22d HTTP/2.0" 200 "A"',
        {"method": "GET", "target": '/a b?c="d', "protocol": "HTTP/2.0", "user_agent": "A"},
        False,
    ),
    "nginx, path and no arguments in quotes": (
        '$remote_addr [$time_local] "$request_method $host$uri$is_args$args" $status',
        '8.8.8.8 [10/Oct/2025:13:55:36 -0700] "GET www.example.org/a-" 200',
        {"site": "www.example.org", "method": "GET", "target": "/a"},
        False,
    ),
    "nginx, a URL with its port": (
        '$remote_addr [$time_local] "$request_method $scheme://$host:$server_port$request_uri $server_protocol" $status',
        '8.8.8.8 [10/Oct/2025:13:55:36 -0700] "GET https://www.example.org:443/a?b HTTP/2.0" 200',
        {"site": "www.example.org", "target": "/a?b", "protocol": "HTTP/2.0"},
        False,
    ),
    "Apache, a URL with its port": (
        "%h %t %m %v:%p%U%q %>s",
        "8.8.8.8 [10/Oct/2025:13:55:36 -0700] GET www.example.org:443/a?b 200",
        {"site": "www.example.org", "target": "/a?b"},
        False,
    ),
    "nginx, the host twice": (
        "log_format a '$host $remote_addr - [$time_local] "
        '"$request_method $scheme://$host$request_uri $server_protocol" $status\';',
        'www.example.org 8.8.8.8 - [10/Oct/2025:13:55:36 -0700] "GET https://www.example.org/a HTTP/2.0" 200',
        {"site": "www.example.org", "method": "GET", "target": "/a", "protocol": "HTTP/2.0"},
        False,
    ),
    "nginx, every field in quotes": (
        '"$remote_addr" "$time_local" "$host" "$request" "$status" "$http_user_agent"',
        '"8.8.8.8" "10/Oct/2025:13:55:36 -0700" "www.example.org" "GET /a HTTP/1.0" "200" "A (b) c/201"',
        {"remote_host": "8.8.8.8", "site": "www.example.org", "target": "/a", "status": "200", "user_agent": "A (b) c/201"},
        False,
    ),
    "nginx, CSV": (
        '"$time_iso8601","$remote_addr","$request","$status"',
        '"2025-10-10T13:55:36-07:00","8.8.8.8","GET /a HTTP/1.0","200"',
        {"remote_host": "8.8.8.8", "target": "/a", "status": "200"},
        False,
    ),
    "nginx, an address with its port": (
        '$remote_addr:$remote_port [$time_local] "$request" $status',
        '2a00:1450:1::1:4711 [10/Oct/2025:13:55:36 -0700] "GET /a HTTP/2.0" 200',
        {"remote_host": "2a00:1450:1::1", "target": "/a"},
        False,
    ),
    "nginx, an agent without quotes": (
        '$remote_addr [$time_local] "$request" $status $body_bytes_sent $http_user_agent',
        '8.8.8.8 [10/Oct/2025:13:55:36 -0700] "GET /a HTTP/2.0" 200 5 Mozilla/5.0 (X11; Linux) A/1',
        {"bytes_sent": 5, "user_agent": "Mozilla/5.0 (X11; Linux) A/1"},
        False,
    ),
    "nginx, values with spaces that are not kept": (
        '$remote_addr [$time_local] "$request" $status $sent_http_content_type $pipe',
        '8.8.8.8 [10/Oct/2025:13:55:36 -0700] "GET /a HTTP/2.0" 200 text/html; charset=utf-8 .',
        {"target": "/a", "status": "200"},
        True,
    ),
    "nginx, X-Forwarded-For between tabs": (
        "host:$remote_addr\tforwardedfor:$http_x_forwarded_for\ttime:$time_local\treq:$request\tstatus:$status",
        "host:10.0.0.4\tforwardedfor:203.0.113.9, 8.8.8.8\ttime:10/Oct/2025:13:55:36 -0700\treq:GET /a HTTP/1.0\tstatus:200",
        {"remote_host": "10.0.0.4", "forwarded_for": "203.0.113.9, 8.8.8.8", "target": "/a", "status": "200"},
        False,
    ),
    "nginx, the address that a proxy's protocol gives": (
        '$proxy_protocol_addr [$time_local] "$request" $status',
        '8.8.8.8 [10/Oct/2025:13:55:36 -0700] "GET /a HTTP/2.0" 200',
        {"remote_host": "8.8.8.8"},
        True,
    ),
    "nginx, a header in the address's place, beside X-Forwarded-For": (
        '$http_cf_connecting_ip [$time_local] "$request" $status "$http_x_forwarded_for"',
        '8.8.8.8 [10/Oct/2025:13:55:36 -0700] "GET /a HTTP/2.0" 200 "1.1.1.1"',
        {"remote_host": "8.8.8.8", "forwarded_for": "1.1.1.1"},
        True,
    ),
    "Apache with what mod_ssl says": (
        r'"%h %t %{SSL_PROTOCOL}x %{SSL_CIPHER}x \"%r\" %>s"',
        '8.8.8.8 [10/Oct/2025:13:55:36 -0700] TLSv1.3 TLS_AES_128_GCM_SHA256 "GET /a HTTP/2.0" 200',
        {"target": "/a", "status": "200"},
        True,
    ),
    "Apache, a CustomLog with a condition in quotes": (
        r'CustomLog "|/usr/bin/rotatelogs /logs/a 86400" "%h %t \"%r\" %>s" "expr=%{REQUEST_STATUS} >= 400"',
        '8.8.8.8 [10/Oct/2025:13:55:36 -0700] "GET /a HTTP/2.0" 200',
        {"target": "/a", "status": "200"},
        True,
    ),
    "Apache, a request without quotes": (
        "%h %l %u %t %r %>s %b",
        "8.8.8.8 - - [10/Oct/2025:13:55:36 -0700] GET /a b HTTP/1.1 200 12",
        {"method": "GET", "target": "/a b", "protocol": "HTTP/1.1", "status": "200", "bytes_sent": 12},
        False,
    ),
    "Apache, a request without quotes before what is no directive": (
        "%t %a %r %s (%D microseconds)",
        "[10/Oct/2025:13:55:36 -0700] 8.8.8.8 GET /a HTTP/1.1 200 (12 microseconds)",
        {"remote_host": "8.8.8.8", "target": "/a", "status": "200"},
        False,
    ),
    "nginx, a request without quotes": (
        "$remote_addr [$time_local] $request $status",
        "8.8.8.8 [10/Oct/2025:13:55:36 -0700] GET /a HTTP/1.1 200",
        {"target": "/a", "protocol": "HTTP/1.1", "status": "200"},
        False,
    ),
    "Apache, a time of its own in brackets": (
        '%h [%{%d/%b/%Y:%H:%M:%S %z}t] "%r" %>s',
        '8.8.8.8 [10/Oct/2025:13:55:36 -0700] "GET /a HTTP/1.1" 200',
        {"target": "/a", "status": "200"},
        True,
    ),
    **{
        f"Apache, a time of its own {name}": (
            f'%h{before}%{{%d/%b/%Y:%T %z}}t{behind}"%r" %>s',
            f'8.8.8.8{before}10/Oct/2025:13:55:36 -0700{behind}"GET /a HTTP/1.1" 200',
            {"remote_host": "8.8.8.8", "target": "/a", "status": "200"},
            False,
        )
        for name, before, behind in (
            *(("between spaces", " ", " "), ("between bars", "|", "|"), ("between semicolons", ";", ";")),
            *(("in quotes", ' "', '" '), ("in brackets, behind a bar", "|[", "]|")),
        )
    },
    "nginx, what an upstream server sent": (
        '$remote_addr [$time_local] "$request" $status $upstream_http_content_type $pipe',
        '8.8.8.8 [10/Oct/2025:13:55:36 -0700] "GET /a HTTP/2.0" 200 text/html; charset=utf-8 .',
        {"target": "/a", "status": "200"},
        True,
    ),
    "nginx, the body of a request": (
        '$remote_addr [$time_local] "$request" $status $request_body',
        '8.8.8.8 [10/Oct/2025:13:55:36 -0700] "POST /a HTTP/2.0" 200 a=b c&d=e "f"',
        {"target": "/a", "status": "200"},
        True,
    ),
    "nginx, two values with spaces that are not kept": (
        '$remote_addr - $remote_user [$time_local] "$request" $status $sent_http_content_type',
        '8.8.8.8 - Jane Doe [10/Oct/2025:13:55:36 -0700] "GET /a HTTP/2.0" 200 text/html; charset=utf-8',
        {"target": "/a", "status": "200"},
        False,
    ),
    "nginx, a decoded path with spaces": (
        "$remote_addr [$time_local] $request_method $uri $status $bytes_sent",
        "8.8.8.8 [10/Oct/2025:13:55:36 -0700] GET /a b.html 200 12",
        {"method": "GET", "target": "/a%20b.html", "status": "200", "bytes_sent": 12},
        False,
    ),
    "nginx, a decoded path with spaces and its arguments": (
        "$remote_addr [$time_local] $request_method $uri$is_args$args $status",
        "8.8.8.8 [10/Oct/2025:13:55:36 -0700] GET /a b.html?c=d 200",
        {"method": "GET", "target": "/a%20b.html?c=d", "status": "200"},
        False,
    ),
    "nginx, a decoded path with spaces between bars": (
        "$remote_addr|$time_iso8601|$uri|$status",
        "8.8.8.8|2025-10-10T13:55:36-07:00|/a b|200",
        {"method": "GET", "target": "/a%20b", "status": "200"},
        False,
    ),
    "Apache, method and decoded path with spaces": (
        "%h %t %m %U %>s",
        "8.8.8.8 [10/Oct/2025:13:55:36 -0700] GET /a b.html 200",
        {"method": "GET", "target": "/a%20b.html", "status": "200"},
        False,
    ),
    "Apache, the first status and the last": (
        '%h %t "%r" %s %>s',
        '8.8.8.8 [10/Oct/2025:13:55:36 -0700] "GET /a HTTP/1.1" 302 200',
        {"target": "/a", "status": "200"},
        True,
    ),
    "Apache, JSON with the first status and the last": (
        r'LogFormat "{\"h\":\"%h\",\"t\":\"%t\",\"r\":\"%r\",\"first\":%s,\"last\":%>s}" json',
        '{"h":"8.8.8.8","t":"[10/Oct/2025:13:55:36 -0700]","r":"GET /a HTTP/1.1","first":302,"last":200}',
        {"target": "/a", "status": "200"},
        True,
    ),
    "nginx by columns with a time in milliseconds": (
        '$msec $remote_addr "$request" $status $bytes_sent "$http_user_agent"',
        '1760129736.123 8.8.8.8 "GET / HTTP/1.1" 200 5 "A"',
        {"request_time": AT_13_55_36, "user_agent": "A"},
        True,
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_notation_reads_what_its_server_writes(case):
    notation, line, expected, by_columns = CASES[case]
    found = rows(notation, f"{line}\n{line}\n")
    assert len(found) == 2
    for row in found:
        assert {name: row[name] for name in expected} == expected
        assert row["request_time"] == AT_13_55_36
    assert (compile_notation(notation).expression is None) == by_columns


BUNNY = (
    "$upstream_cache_status|$status|$msec|$bytes_sent|$pid|$remote_addr|$http_referer|$scheme://$host$request_uri|$hostname"
    "|$http_user_agent|$request_id|$geoip_country_code"
)


@pytest.mark.parametrize(
    ("notation", "line"),
    [
        (BUNNY, "HIT|200|1760129736.123|5|7|8.8.8.8|-|https://www.example.org/a?b=c|WA|Mozilla/5.0|a1b2|US"),
        ('$remote_addr [$time_local] "$uri?$args" $status', '8.8.8.8 [10/Oct/2025:13:55:36 -0700] "/a?b=c" 200'),
        ('%h %t "%U" "%q" %>s', '8.8.8.8 [10/Oct/2025:13:55:36 -0700] "/a" "?b=c" 200'),
        (
            '{"a":"$remote_addr","t":"$msec","u":"$request_uri","s":"$status"}',
            '{"a":"8.8.8.8","t":"1760129736.1","u":"/a?b=c","s":"200"}',
        ),
        ("json:remote_host=a,time=t,target=u,status=s", '{"a":"8.8.8.8","t":"1760129736.1","u":"/a?b=c","s":"200"}'),
    ],
)
@pytest.mark.parametrize("copies", [1, 100])
def test_a_log_of_targets_without_methods_is_one_of_requests(notation, line, copies):
    entries = parse_block(f"{line}\n".encode() * copies, format_of(notation)).entries.to_pylist()
    assert [(row["method"], row["target"], row["status"]) for row in entries] == [("GET", "/a?b=c", "200")] * copies


@pytest.mark.parametrize("name", [name for name, known in FORMATS.items() if re.fullmatch("%[^…]*", known.notation)])
def test_the_notations_of_the_known_formats_compile_to_the_same_columns(name):
    known = FORMATS[name]
    compiled = compile_notation(known.notation)
    assert [(field.name, field.shape) for field in compiled.fields] == [(field.name, field.shape) for field in known.fields]


@pytest.mark.parametrize(
    ("notation", "says"),
    [
        ("%h %t %r %Y", "%Y is not a directive"),
        ('%h %t "%r" "%{i,Referer}" %>s "%{User-Agent}i"', r"^%\{i,Referer\} is not a directive of mod_log_config$"),
        ('%h %t "%r" %>s "%{i,Referer}" "%{o,Foo}"', r"^%\{i,Referer\} is not a directive of mod_log_config$"),
        ('%h %t "%r" %>s 100% ', "^% is not a directive of mod_log_config$"),
        ("$remote_addr [$time_local] $request $jane", r"\$jane is not a variable"),
        ('$remote_addr [$time_locl] "$request"', r"\$time_locl is not a variable"),
        ('%h %{%s}t "%r"', "a time of this form"),
        ('%h "%r" %>s', "must hold the remote host, the time and the request"),
        ('$remote_addr "$request"', "must hold the remote host, the time and the request"),
        ('log_format json escape=json \'{"a": "$remote_addr"}\'', "must hold the remote host, the time and the request"),
        ('log_format json escape=json \'{"a": "$remote_addr", "b": "$jane"}\'', r"\$jane is not a variable"),
        ("combine", "neither the name of a format nor a notation"),
    ],
)
def test_what_is_wrong_with_a_notation_is_said(notation, says):
    with pytest.raises(ValueError, match=says):
        format_of(notation)


@pytest.mark.parametrize(
    "notation",
    [
        '$http_x_forwarded_for - $remote_user [$time_local] "$request" $status',
        '$http_x_forwarded_for - $remote_user  [$time_local] "$request" $status',
    ],
    ids=["by columns", "by expression"],
)
def test_a_space_in_a_header_does_not_move_what_stands_behind_it(notation):
    """Else a client who sends `X-Forwarded-For: 1.2.3.4 x` would be who it says."""
    space = notation.partition("$remote_user")[2].partition("[")[0]
    line = f'%s - -{space}[10/Oct/2025:13:55:36 -0700] "GET /a HTTP/1.1" 200\n'
    parsed = parse_block(
        "".join(line % listed for listed in ("1.2.3.4, 8.8.8.8", "1.2.3.4 x, 8.8.8.8")).encode(), format_of(notation)
    )
    assert parsed.entries["remote_host"].to_pylist() == ["8.8.8.8"]
    assert [reject.reason for reject in parsed.rejects] == ["fields"]


@pytest.mark.parametrize("copies", [1, 50])
def test_what_stands_in_a_notation_must_stand_in_the_line(copies):
    notation = '$remote_addr -> [$time_local] "$request" st=200 $status'
    line = '8.8.8.8 -> [10/Oct/2025:13:55:36 -0700] "GET /a HTTP/1.1" st=200 200\n'
    log = (line + line.replace("->", "=>") + line.replace("st=200", "st.200")) * copies
    parsed = parse_block(log.encode(), format_of(notation))
    assert (parsed.entries.num_rows, len(parsed.rejects)) == (copies, 2 * copies)


NGINX_JSON = """log_format  mine escape=json
    '{'
      '"when":"$time_iso8601",'
      '"client":{"ip":"$remote_addr","ua":"$http_user_agent"},'
      '"asked":"$request_method $request_uri",'
      '"verb":"$request_method","path":"$request_uri",'
      '"code":$status,"sent":$body_bytes_sent,"upstream":"$upstream_addr"'
    '}';"""


def test_a_log_format_that_writes_json_names_its_keys():
    known = format_of(NGINX_JSON)
    line = (
        '{"when":"2025-10-10T13:55:36-07:00","client":{"ip":"8.8.8.8","ua":"A \\"b\\""},"asked":"GET /a?b","verb":"GET",'
        '"path":"/a?b","code":200,"sent":5,"upstream":""}\n'
    )
    (row,) = rows(NGINX_JSON, line)
    expected = {"remote_host": "8.8.8.8", "request_time": AT_13_55_36, "method": "GET", "target": "/a?b", "status": "200"}
    expected |= {"bytes_sent": 5, "user_agent": 'A "b"'}
    assert {name: row[name] for name in expected} == expected
    assert known.name == NGINX_JSON


APACHE_JSON = (
    r'LogFormat "{\"time\":\"%t\",\"client\":{\"ip\":\"%h\"},\"user agent\":\"%{User-Agent}i\",'
    r'\"req\":\"%r\",\"s\":{\"code\":%>s}}" json'
)


def test_a_log_format_of_apache_that_writes_json_names_its_keys():
    line = (
        '{"time":"[10/Oct/2025:13:55:36 -0700]","client":{"ip":"8.8.8.8"},"user agent":"A","req":"GET /a HTTP/1.1",'
        '"s":{"code":200}}\n'
    )
    for copies in (1, 200):
        found = rows(APACHE_JSON, line * copies)
        assert len(found) == copies
        for row in found:
            expected = {"remote_host": "8.8.8.8", "request_time": AT_13_55_36, "target": "/a", "status": "200", "user_agent": "A"}
            assert {name: row[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("notation", "line"),
    [
        (
            '{"t":"$time_iso8601","ip":"$remote_addr","request":"$request_method $request_uri $server_protocol","s":$status}',
            '{"t":"2025-10-10T13:55:36-07:00","ip":"8.8.8.8","request":"GET /a HTTP/2.0","s":200}',
        ),
        (
            '{"t":"$time_iso8601","ip":["$remote_addr"],"request":"$request","s":"$status"}',
            '{"t":"2025-10-10T13:55:36-07:00","ip":["8.8.8.8"],"request":"GET /a HTTP/2.0","s":"200"}',
        ),
        (
            "{$remote_addr} [$time_local] $request_method $request_uri $status",
            "{8.8.8.8} [10/Oct/2025:13:55:36 -0700] GET /a 200",
        ),
    ],
)
def test_what_is_json_only_in_part_is_read_by_its_notation(notation, line):
    (row,) = rows(notation, line + "\n")
    assert (row["remote_host"], row["target"], row["status"]) == ("8.8.8.8", "/a", "200")
    assert row["request_time"] == AT_13_55_36


def test_json_with_x_forwarded_for_in_the_addresss_place():
    notation = '{"t":"$time_iso8601","ip":"$http_x_forwarded_for","request":"$request","s":"$status"}'
    (row,) = rows(notation, '{"t":"2025-10-10T13:55:36-07:00","ip":"1.1.1.1, 8.8.8.8","request":"GET /a HTTP/2.0","s":"200"}\n')
    assert describe([row["remote_host"]]) == describe(["8.8.8.8"])


def test_a_notation_that_is_nested_without_end_is_an_error_and_no_crash():
    with pytest.raises(ValueError, match="must hold"):
        format_of('{"a":' * 100_000 + '"$status"' + "}" * 100_000)


@pytest.mark.parametrize("unit", [": ", "a, ", "1 : ", ", ", "/a"])
@pytest.mark.parametrize("space", [" ", "  "], ids=["by columns", "by expression"])
def test_lists_of_several_servers_are_no_more_than_that(unit, space):
    """Where one list could end wherever another begins, a line of these would take hours."""
    notation = f'$remote_addr{space}[$time_local] "$request" $status' + " $upstream_addr" * 6 + " $pipe"
    line = f'8.8.8.8{space}[10/Oct/2025:13:55:36 -0700] "GET / HTTP/1.1" 200 {unit * 2_000}"\n'
    assert len(parse_block(line.encode(), compile_notation(notation)).rejects) == 1


def test_a_url_out_of_its_parts_that_is_cut_off_is_rejected():
    """Where host and path could end anywhere, it would take minutes."""
    known = compile_notation("$remote_addr [$time_local] $request_method $http_host$uri$is_args$args $status")
    parsed = parse_block(b"8.8.8.8 [10/Oct/2025:13:55:36 -0700] GET www.example.org" + b"/a" * 8_000 + b"\n", known)
    assert [reject.reason for reject in parsed.rejects] == ["fields"]


WITHOUT_PLAIN_SEPARATORS = (
    '"%{Referer}i %{User-Agent}i %{Host}i" %h %t "%r"',
    '$remote_addr [$time_local] "$http_foo $request" $status',
    "$remote_addr $uri$is_args$args $http_referer $http_user_agent [$time_local]",
    '%h %l %u %t "%r" %>s %b %{Referer}i %{User-Agent}i %{Cookie}i [%D]',
)


@pytest.mark.parametrize("notation", WITHOUT_PLAIN_SEPARATORS)
@pytest.mark.parametrize("unit", ["a ", '"a ', "a, ", "/a?", "[10/Oct/2025:13:55:36 -0700] ", "\\x22 ", "\0"])
def test_a_line_without_end_is_looked_at_as_often_as_it_is_long(notation, unit):
    """Were each of its spaces tried as the end of each of its values, this would take days."""
    known = compile_notation(notation)
    for before in ("", '"', "8.8.8.8 /", '8.8.8.8 - - [10/Oct/2025:13:55:36 -0700] "GET / HTTP/1.1" 200 5 '):
        line = before + unit * (1_000_000 // len(unit))
        assert parse_block(f"{line}\n".encode(), known).lines == 1


TEXT = st.text(st.characters(codec="ascii", categories=["L", "N", "P", "S", "Zs"]), max_size=12)


@given(st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=4))
def test_by_columns_or_by_one_expression_the_same_is_read(values):
    notation = '%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i"'
    by_columns = compile_notation(notation)
    # A second space is not for columns; without it, the expression is that of the same format.
    by_expression = compile_notation(notation.replace("%h %l", "%h  %l"))
    by_expression = replace(by_expression, expression=by_expression.expression.replace(r"\ \ ", r"\ "))
    assert by_columns.expression is None

    def escaped(text):
        return text.replace("\\", "\\\\").replace('"', '\\"')

    log = "".join(
        f'8.8.8.8 - - [10/Oct/2025:13:55:36 -0700] "GET /{escaped(a)} HTTP/1.1" 200 5 "{escaped(a)}" "{escaped(b)}"\n'
        for a, b in values
    )
    first, second = (parse_block(log.encode(), known) for known in (by_columns, by_expression))
    assert not first.rejects
    assert not second.rejects
    key = lambda row: repr(sorted(row.items()))  # noqa: E731
    assert sorted(first.entries.to_pylist(), key=key) == sorted(second.entries.to_pylist(), key=key)


@pytest.mark.parametrize(
    ("notation", "line"),
    [
        ("%{X-Forwarded-For}i %l %u %t", "1.2.3.4 x, 203.0.113.9 - - TIME"),
        ("%{X-Forwarded-For}i %u %t", "1.2.3.4 x, 203.0.113.9 bob TIME"),
        ("%{X-Forwarded-For}i - %u %t", "1.2.3.4 x, 203.0.113.9 - bob TIME"),
        ("%{X-Forwarded-For}i %{Host}i %t", "1.2.3.4 x, 203.0.113.9 www.example.org TIME"),
        ("%{X-Forwarded-For}i %h %t", "9.9.9.9 1.2.3.4, 8.8.8.8 203.0.113.9 TIME"),
        ("%h %{X-Forwarded-For}i %t", "203.0.113.9 1.2.3.4 x, 8.8.8.8 TIME"),
    ],
)
def test_a_client_that_sends_spaces_in_x_forwarded_for_does_not_choose_its_address(notation, line):
    known = format_of(f'{notation} "%r" %>s')
    block = f'{line.replace("TIME", "[03/Mar/2026:10:00:00 +0000]")} "GET / HTTP/1.1" 200\n'.encode()
    for copies in (1, 40):
        hosts = set(parse_block(block * copies, known).entries["remote_host"].to_pylist())
        assert hosts <= {"203.0.113.9"}


@pytest.mark.parametrize(
    ("notation", "unsure"),
    [
        ("%{X-Forwarded-For}i %h %u %t", True),
        ("%{Cookie}i %h %l %u %t", True),
        ('"%{X-Forwarded-For}i" %h %u %t', False),
        ("%h %{X-Forwarded-For}i %u %t", False),
        ("%{X-Forwarded-For}i %u %t", False),
        ("%v %h %u %t", False),
    ],
)
def test_a_header_without_quotes_before_the_address_is_told_of(notation, unsure):
    assert bool(format_of(f'{notation} "%r" %>s').note) == unsure
