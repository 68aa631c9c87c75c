"""JSON formats: lines from the servers' documentation are read correctly, by block and line by line."""

from __future__ import annotations

import json

import pytest

from transforms.formats.registry import FORMATS, format_of
from transforms.parsing.detect import as_in, detect
from transforms.parsing.parse import parse_block

pytestmark = pytest.mark.usefixtures("each_kernel")

# After the example of Caddy's documentation ("Logging", access logs).
CADDY = {
    "level": "info",
    "ts": 1760129736.5241024,
    "logger": "http.log.access",
    "msg": "handled request",
    "request": {
        "remote_ip": "10.0.0.1",
        "remote_port": "41342",
        "client_ip": "8.8.8.8",
        "proto": "HTTP/2.0",
        "method": "GET",
        "host": "www.example.org",
        "uri": "/a?b=c",
        "headers": {"User-Agent": ["curl/7.82.0"], "Accept": ["*/*"], "Referer": ["https://x.example/"], "Dnt": ["1"]},
        "tls": {"resumed": False, "version": 772},
    },
    "bytes_read": 0,
    "user_id": "",
    "duration": 0.000929675,
    "size": 10900,
    "status": 200,
    "resp_headers": {"Server": ["Caddy"], "Content-Encoding": ["gzip"]},
}
# After Traefik's documentation ("Access Logs", JSON format).
TRAEFIK = {
    "ClientAddr": "8.8.8.8:50220",
    "ClientHost": "8.8.8.8",
    "ClientUsername": "-",
    "DownstreamContentSize": 10900,
    "DownstreamStatus": 200,
    "Duration": 1234567,
    "RequestHost": "www.example.org",
    "RequestMethod": "GET",
    "RequestPath": "/a?b=c",
    "RequestProtocol": "HTTP/2.0",
    "StartUTC": "2025-10-10T20:55:36.123456789Z",
    "StartLocal": "2025-10-10T22:55:36.123456789+02:00",
    "request_User-Agent": "curl/7.82.0",
    "request_Referer": "https://x.example/",
    "level": "info",
    "msg": "",
}
# After Google Cloud's documentation (LogEntry, HttpRequest: responseSize is a number in quotes).
GOOGLE = {
    "httpRequest": {
        "requestMethod": "GET",
        "requestUrl": "https://www.example.org/a?b=c",
        "status": 200,
        "responseSize": "10900",
        "userAgent": "curl/7.82.0",
        "remoteIp": "8.8.8.8",
        "referer": "https://x.example/",
        "protocol": "HTTP/2.0",
        "latency": "0.05s",
    },
    "resource": {"type": "http_load_balancer"},
    "timestamp": "2025-10-10T20:55:36.123456Z",
}
NGINX = {
    "time_local": "10/Oct/2025:20:55:36 +0000",
    "remote_addr": "8.8.8.8",
    "remote_user": "",
    "request": "GET /a?b=c HTTP/2.0",
    "status": "200",
    "body_bytes_sent": "10900",
    "request_time": "0.000",
    "http_referrer": "https://x.example/",
    "http_user_agent": "curl/7.82.0",
    "host": "www.example.org",
}
# After Cloudflare's documentation (Logpush, HTTP requests).
CLOUDFLARE = {
    "ClientIP": "8.8.8.8",
    "ClientRequestHost": "www.example.org",
    "ClientRequestMethod": "GET",
    "ClientRequestURI": "/a?b=c",
    "ClientRequestProtocol": "HTTP/2",
    "ClientRequestReferer": "https://x.example/",
    "ClientRequestUserAgent": "curl/7.82.0",
    "EdgeEndTimestamp": "2025-10-10T20:55:36Z",
    "EdgeResponseBytes": 10900,
    "EdgeResponseStatus": 200,
    "EdgeStartTimestamp": "2025-10-10T20:55:36Z",
}
SAMPLES = {"caddy": CADDY, "traefik_json": TRAEFIK, "google_load_balancer": GOOGLE, "nginx_json": NGINX}


def block(*lines: object) -> bytes:
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


def rows(name: str, data: bytes) -> list[dict[str, object]]:
    parsed = parse_block(data, format_of(name))
    assert not parsed.rejects
    return parsed.entries.to_pylist()


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("odd", [False, True])
def test_what_each_server_writes(name, odd):
    # A line with an escape that JSON does not know is read by itself, and the others with it, if they must be.
    data = block(SAMPLES[name], SAMPLES[name])
    if odd:
        data = data.replace(b"curl/7.82.0", b"curl\\x2f7.82.0", 1)
    found = rows(name, data)
    assert len(found) == 2
    for row in found:
        assert row["remote_host"] == "8.8.8.8"
        assert row["request_time"] == 1760129736
        assert (row["method"], row["target"], row["protocol"]) == ("GET", "/a?b=c", "HTTP/2.0")
        assert (row["status"], row["bytes_sent"]) == ("200", 10900)
        assert (row["referer"], row["user_agent"]) == ("https://x.example/", "curl/7.82.0")
        assert row["site"] == "www.example.org"
        assert row["opted_out"] == (name == "caddy")


@pytest.mark.parametrize("name", SAMPLES)
def test_each_is_recognised(name):
    assert detect(block(*[SAMPLES[name]] * 3), FORMATS, complete=True).format == name


def test_headers_that_a_request_lacks_are_empty_and_not_unknown():
    bare = {**CADDY, "request": {**CADDY["request"], "headers": {}}}
    for data in (block(CADDY, bare), block(bare, CADDY)):
        agents = sorted(row["user_agent"] for row in rows("caddy", data))
        assert agents == ["-", "curl/7.82.0"]
        assert sorted(row["opted_out"] for row in rows("caddy", data)) == [False, True]


def test_a_log_without_a_key_for_agents_has_none():
    without = {key: value for key, value in NGINX.items() if key != "http_user_agent"}
    data = block(without, without)
    known = as_in("nginx_json", data.splitlines())
    assert known == "nginx_json without user_agent forwarded_for tls_version dnt gpc"
    assert [row["user_agent"] for row in rows(known, data)] == [None, None]
    # Of a log that has it elsewhere, the same lines say that the request had none.
    assert [row["user_agent"] for row in rows("nginx_json", data)] == ["-", "-"]


def test_values_of_another_type_and_broken_lines():
    number = {**NGINX, "status": 200, "body_bytes_sent": 10900}
    data = block(NGINX, number) + b'{"time_local": "10/Oct\n' + b'["a"]\n' + b"{}\n" + b"\n" + block(NGINX)
    parsed = parse_block(data, FORMATS["nginx_json"])
    assert [row["bytes_sent"] for row in parsed.entries.to_pylist()] == [10900] * 3
    assert [reject.reason for reject in parsed.rejects] == ["fields"] * 3
    assert parsed.ignored == {"blank": 1}
    assert parsed.lines == 7


def test_times_that_do_not_exist_are_rejected():
    parsed = parse_block(block(NGINX, {**NGINX, "time_local": "31/Feb/2025:20:55:36 +0000"}), FORMATS["nginx_json"])
    assert (parsed.entries.num_rows, [reject.reason for reject in parsed.rejects]) == (1, ["time"])


def test_a_spoiled_time_does_not_spoil_the_times_after_it():
    spoiled = {**NGINX, "time_local": "10/Oct/20 25:20:55:36 +0000"}
    parsed = parse_block(block(spoiled, *[NGINX] * 3), FORMATS["nginx_json"])
    assert (parsed.entries.num_rows, [reject.reason for reject in parsed.rejects]) == (3, ["time"])


def test_numbers_that_are_no_times_and_sizes_are_no_error():
    odd = {**CADDY, "ts": 1.7e75}, {**CADDY, "size": 5.1e54}
    parsed = parse_block(block(CADDY, *odd), FORMATS["caddy"])
    assert sorted(parsed.entries["bytes_sent"].to_pylist()) == [0, 10900]
    assert [reject.reason for reject in parsed.rejects] == ["fields"]


@pytest.mark.parametrize("copies", [1, 100])
@pytest.mark.parametrize(
    ("written", "read"),
    [("\\ud800", "\ufffd"), ("\\uDFFFx", "\ufffdx"), ("\\ud83d\\ude00", "\U0001f600"), ("\\ude00\\ud83d", "\ufffd\ufffd")],
)
def test_half_a_letter_is_no_letter_and_no_error(copies, written, read):
    odd = block(NGINX).replace(NGINX["http_user_agent"].encode(), written.encode())
    assert odd != block(NGINX)
    parsed = parse_block(block(NGINX) + odd * copies + block(NGINX), FORMATS["nginx_json"])
    assert not parsed.rejects
    assert sorted(parsed.entries["user_agent"].to_pylist()) == sorted([NGINX["http_user_agent"]] * 2 + [read] * copies)


UNQUOTED = (
    '{"time_iso8601":"2025-10-10T20:55:36+00:00","remote_addr":"8.8.8.8","request":"GET /%s HTTP/1.1","status":200,'
    '"body_bytes_sent":%s,"upstream_response_time":%s,"http_user_agent":"a\\":-,b\\":}","gzip_ratio":%s}\n'
)


@pytest.mark.parametrize("copies", [1, 100])
def test_what_nginx_writes_of_an_absent_number_without_quotes_is_nothing(copies):
    """`$upstream_response_time` of a static file is `-`, and with escape=json nothing at all."""
    log = "".join(UNQUOTED % words for words in [("a", 5, "-", "-"), ("b", "", "", ""), ("c", "-", 0.1, 2.5)] * copies)
    entries = rows("nginx_json", log.encode())
    assert sorted({(row["target"], row["bytes_sent"]) for row in entries}) == [("/a", 5), ("/b", 0), ("/c", 0)]
    assert len(entries) == 3 * copies
    assert {row["user_agent"] for row in entries} == {'a":-,b":}'}


@pytest.mark.parametrize("copies", [1, 100])
def test_an_absent_value_does_not_excuse_what_is_no_json(copies):
    log = (UNQUOTED % ("a", 5, "-", "-")) + '{"time_iso8601":-,,}\n' + '{"a":-"b"}\n'
    parsed = parse_block(log.encode() * copies, format_of("nginx_json"))
    assert (parsed.entries.num_rows, len(parsed.rejects)) == (copies, 2 * copies)


def test_cloudflare_with_the_time_of_the_end_only():
    line = {"ClientIP": "8.8.8.8", "ClientRequestMethod": "GET", "ClientRequestURI": "/a", "EdgeEndTimestamp": 1760129736}
    (row,) = rows("cloudflare", block(line))
    assert (row["request_time"], row["target"]) == (1760129736, "/a")
    assert detect(block(line) * 3, FORMATS, complete=True).format == "cloudflare"


# After the documentation, or the source, of each; of Apache a LogFormat that is much copied.
USUAL = {
    "Echo": '{"time":"2025-10-10T20:55:36.123456789Z","id":"","remote_ip":"8.8.8.8","host":"www.example.org","method":"GET",'
    '"uri":"/a?b=c","user_agent":"curl/7.82.0","status":200,"error":"","latency":302094,"latency_human":"302.094µs","bytes_in":0,'
    '"bytes_out":10900}',
    "GitLab Workhorse": '{"content_type":"text/html","correlation_id":"01","duration_ms":9,"host":"www.example.org",'
    '"level":"info","method":"GET","msg":"access","proto":"HTTP/1.1","referrer":"","remote_addr":"8.8.8.8:0","remote_ip":"8.8.8.8",'
    '"status":200,"system":"http","time":"2025-10-10T20:55:36Z","ttfb_ms":9,"uri":"/a?b=c","user_agent":"curl/7.82.0","written_bytes":10900}',
    "Netlify": '{"client_ip":"8.8.8.8","content_type":"text/html","domain":"www.example.org","log_type":"traffic","method":"GET",'
    '"referrer":"","response_size":10900,"status_code":200,"timestamp":"2025-10-10T20:55:36.000Z",'
    '"url":"https://www.example.org/a?b=c","user_agent":"curl/7.82.0"}',
    "Apache": '{"time":"[10/Oct/2025:20:55:36 +0000]","remoteIP":"8.8.8.8","host":"www.example.org","request":"/a",'
    '"query":"?b=c","method":"GET","status":"200","userAgent":"curl/7.82.0","referer":"-","responseSize":"10900"}',
    "camel case": '{"timestamp":"2025-10-10T20:55:36Z","remoteAddr":"8.8.8.8","host":"www.example.org","requestMethod":"GET",'
    '"requestUri":"/a?b=c","statusCode":200,"userAgent":"curl/7.82.0","responseSize":10900}',
    "a duration under msec": '{"timestamp":"2025-10-10T20:55:36Z","msec":12,"remote_addr":"8.8.8.8","host":"www.example.org",'
    '"method":"GET","uri":"/a?b=c","status":200,"user_agent":"curl/7.82.0","bytes":10900}',
}


@pytest.mark.parametrize("copies", [3, 100])
@pytest.mark.parametrize("name", USUAL)
def test_usual_keys_are_known(name, copies):
    data = USUAL[name].encode() + b"\n"
    assert detect(data * copies, FORMATS, complete=True).format == "nginx_json"
    for row in rows("nginx_json", data * copies):
        told = (
            row["remote_host"],
            row["site"],
            row["method"],
            row["target"],
            row["status"],
            row["bytes_sent"],
            row["user_agent"],
        )
        assert told == ("8.8.8.8", "www.example.org", "GET", "/a?b=c", "200", 10900, "curl/7.82.0")
        assert row["request_time"] == 1760129736


def test_a_line_whose_time_is_none_is_not_taken_for_one_of_the_format():
    data = block(*[{**NGINX, "time_local": "0.012"}] * 3)
    assert detect(data, FORMATS, complete=True).format is None


@pytest.mark.parametrize(
    "words", ["json:remote_host=ip,time=t,target=u,dnt=dnt,site=host", '{"ip":"%h","t":"%t","u":"%U","d":"%{DNT}i"}']
)
def test_columns_that_a_user_named_are_never_dropped(words):
    assert as_in(words, block({"ip": "8.8.8.8", "t": "2025-10-10T20:55:36Z", "u": "/"}).splitlines()) == words


@pytest.mark.parametrize("time", ["2025-10-10T20:55:36Z[]", "[2025-10-10T20:55:36Z", "10/Oct/2025:20:55:36 +0000]"])
def test_a_bracket_beside_a_time_is_no_part_of_it_in_whichever_line(time):
    plain = {**NGINX, "time_local": "10/Oct/2025:20:55:36 +0000" if "Oct" in time else "2025-10-10T20:55:36Z"}
    data = block(*[plain] * 100, {**plain, "time_local": time}, *[plain] * 100)
    assert [row["request_time"] for row in rows("nginx_json", data)] == [1760129736] * 201


def test_keys_of_your_own():
    line = {"who": {"ip": "8.8.8.8"}, "when": 1760129736123, "did": "GET", "what": "/a?b=c", "code": 404, "ua": "A"}
    words = "json:remote_host=who>ip,time=when,method=did,target=what,status=code,user_agent=ua"
    (row,) = parse_block(block(line), format_of(words)).entries.to_pylist()
    assert (row["remote_host"], row["request_time"], row["target"], row["status"]) == ("8.8.8.8", 1760129736, "/a?b=c", "404")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("json:ip", "is not column=key"),
        ("json:client=ip", "the column is one of site, remote_host"),
        ("json:remote_host=ip,time=t", "are needed"),
    ],
)
def test_what_is_wrong_with_a_map_is_said(words, says):
    with pytest.raises(ValueError, match=says):
        format_of(words)
