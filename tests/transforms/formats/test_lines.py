"""Line formats: lines from the servers' documentation are read correctly."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.hosts import describe
from tests.logs import CHROME, address
from tests.transforms.formats.test_golden import log_of
from transforms.formats.registry import FORMATS, format_of
from transforms.parsing.detect import as_in, detect
from transforms.parsing.parse import parse_block

pytestmark = pytest.mark.usefixtures("each_kernel")

# After AWS's documentation of Application Load Balancers: an HTTPS entry, and one whose target closed the connection.
ALB = (
    "https 2018-07-02T22:23:00.186641Z app/my-loadbalancer/50dc6c495c0c9188 192.0.2.99:2817 10.0.0.1:80 0.086 0.048 0.037 200 200"
    ' 0 57 "GET https://www.example.com:443/a?b HTTP/1.1" "curl/7.46.0" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2'
    " arn:aws:elasticloadbalancing:us-east-2:123456789012:targetgroup/my-targets/73e2d6bc24d8a067"
    ' "Root=1-58337281-1d84f3d73c47ec4e58577259" "www.example.com" "arn:aws:acm:us-east-2:123456789012:certificate/12345678" 1'
    ' 2018-07-02T22:22:48.364000Z "authenticate,forward" "-" "-" "10.0.0.1:80" "200" "-" "-" TID_123456\n'
)
ALB_SHORT = ALB.replace(' "-" "-" TID_123456', "").replace("0.086 0.048 0.037 200 200", "-1 -1 -1 502 -")
# After AWS's documentation of Classic Load Balancers: an HTTP entry; a TCP entry has no request.
ELB = (
    "2015-05-13T23:39:43.945958Z my-loadbalancer 192.0.2.99:2817 10.0.0.1:80 0.000073 0.001048 0.000057 200 200 0 29"
    ' "GET http://www.example.com:80/ HTTP/1.1" "curl/7.38.0" - -\n'
)
ELB_TCP = (
    "2015-05-13T23:39:43.945958Z my-loadbalancer 192.0.2.99:2817 10.0.0.1:80 0.001069 0.000028 0.000041 - - 82 305"
    ' "- - - " "-" - -\n'
)
# After AWS's documentation of S3 server access logs.
S3 = (
    "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be awsexamplebucket1 [06/Feb/2019:00:00:38 +0000] 192.0.2.3"
    " 79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be 3E57427F3EXAMPLE REST.GET.OBJECT photos/a.jpg"
    ' "GET /awsexamplebucket1/photos/a.jpg?x HTTP/1.1" 200 - 113 4096 7 6 "https://x.example/" "S3Console/0.4" -'
    " s9lzHYrFp76ZVxRcpX9 SigV4 ECDHE-RSA-AES128-GCM-SHA256 AuthHeader awsexamplebucket1.s3.us-west-1.amazonaws.com TLSV1.2 - -\n"
)
# After the Squid wiki.
SQUID = "1286536309.450    180 192.0.2.224 TCP_MISS/200 411 GET http://www.example.com/a?b - HIER_DIRECT/203.0.113.5 text/html\n"

CASES = {
    "aws_alb": (
        ALB,
        {"site": "www.example.com", "target": "/a?b", "status": "200", "bytes_sent": 57, "user_agent": "curl/7.46.0"},
    ),
    "aws_alb before 2020": (ALB_SHORT, {"status": "502", "target": "/a?b", "request_time": 1530570180}),
    "aws_elb": (ELB, {"target": "/", "status": "200", "bytes_sent": 29, "user_agent": "curl/7.38.0", "request_time": 1431560383}),
    "aws_s3": (
        S3,
        {
            "site": "awsexamplebucket1",
            "status": "200",
            "bytes_sent": 113,
            "referer": "https://x.example/",
            "request_time": 1549411238,
        },
    ),
    "aws_s3 with quotes in the agent": (
        S3.replace("S3Console/0.4", 'Moz "x" y'),
        {"target": "/awsexamplebucket1/photos/a.jpg?x", "user_agent": 'Moz "x" y'},
    ),
    "squid after the clock was set back": (SQUID.replace(" 180 ", "  -1 "), {"target": "/a?b", "bytes_sent": 411}),
    "squid": (
        SQUID,
        {"method": "GET", "target": "/a?b", "protocol": "", "status": "200", "bytes_sent": 411, "request_time": 1286536309},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_each_writes(case):
    line, expected = CASES[case]
    parsed = parse_block(line.encode() * 2 + b"broken\n", FORMATS[case.partition(" ")[0]])
    assert [reject.reason for reject in parsed.rejects] == ["fields"]
    for row in parsed.entries.to_pylist():
        assert {name: row[name] for name in expected} == expected
        assert row["remote_host"].startswith("192.0.2.")
        assert ":" not in row["remote_host"]


def test_tcp_connections_are_no_requests():
    parsed = parse_block((ELB + ELB_TCP + ELB).encode(), FORMATS["aws_elb"])
    assert (parsed.entries.num_rows, parsed.ignored, parsed.rejects) == (2, {"not_http": 1}, ())


@pytest.mark.parametrize("case", CASES)
def test_each_is_recognised(case):
    line, _ = CASES[case]
    assert detect(line.encode() * 3, FORMATS, complete=True).format == case.partition(" ")[0]


def test_further_fields_may_be_any_as_long_as_their_quotes_are_paired():
    known = ALB[: ALB.index(" 1 2018")]
    block = "".join(known + more + "\n" for more in ("", ' 1 "a b" c', "  d", ' "', ' x"y z"', ' "a"b" c')).encode()
    parsed = parse_block(block, FORMATS["aws_alb"])
    starts = [at for at, byte in enumerate(b"\n" + block[:-1]) if byte == 10]
    assert [reject.offset for reject in parsed.rejects] == [starts[3], starts[5]]
    assert parsed.entries["target"].to_pylist() == ["/a?b"] * 4


COMBINED = f'203.0.113.9 - - [03/Mar/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 842 "-" "{CHROME}"\n'


@pytest.mark.parametrize(
    "prefix",
    [
        "2026-03-03T10:00:00.123456789Z stdout F ",
        "2026-03-03T10:00:00.123456789+01:00 stderr F ",
        "web-1  | ",
        "project_web_1 | ",
        "\x1b[36mweb-1  | \x1b[0m",
        "\x1b[33mweb-1  |\x1b[0m ",
        "web_web.1.k2xqz8@node-1    | ",
        "[pod/nginx-7c5/nginx] ",
        "2026-03-03T10:00:00.123456+00:00 app[web.1]: ",
        "Mar  3 10:00:00 web1 nginx: ",
    ],
)
def test_what_the_runtime_of_a_container_writes_in_front_is_no_part_of_the_line(prefix):
    block = (prefix + COMBINED).encode() * 50
    name = detect(block, FORMATS, complete=True).format
    assert name == "syslog:combined"
    parsed = parse_block(block, format_of(name))
    assert parsed.entries.num_rows == 50
    assert set(parsed.entries["remote_host"].to_pylist()) == {"203.0.113.9"}


@pytest.mark.parametrize(
    "listed",
    ["9.9.9.9, 8.8.8.8", "9.9.9.9,8.8.8.8", "9.9.9.9,1.1.1.1, 8.8.8.8", "9.9.9.9, 1.1.1.1,8.8.8.8", "1.1.1.1,[::ffff:8.8.8.8]:1"],
)
@pytest.mark.parametrize("copies", [1, 50])
def test_of_a_list_in_the_addresss_place_the_last_is_the_client(listed, copies):
    line = COMBINED.replace("203.0.113.9", listed, 1)
    json_line = f'{{"client_ip":"{listed}","time":"2026-03-03T10:00:00Z","request":"GET / HTTP/1.1","status":200}}\n'
    for name, log in (("combined", line), ("nginx_json", json_line)):
        entries = parse_block(log.encode() * copies, format_of(name)).entries
        assert describe(entries["remote_host"].to_pylist()) == describe(["8.8.8.8"]) * copies


@pytest.mark.parametrize("copies", [1, 100])
def test_a_header_that_stood_several_times_is_one(copies):
    """A proxy may append to X-Forwarded-For by a header of its own; what stands before that anybody can write."""
    line = (
        '{"ts":1772532000,"request":{"remote_ip":"10.0.0.1","method":"GET","host":"www.example.org","uri":"/",'
        '"headers":{"X-Forwarded-For":["1.1.1.1","8.8.8.8"],"User-Agent":["A"],"Referer":[]}},"size":1,"status":200}\n'
    )
    odd = line.replace('"A"', r'"A \u0041"')
    for each in (line, odd):
        rows = parse_block(each.encode() * copies, FORMATS["caddy"]).entries.to_pylist()
        assert [row["forwarded_for"] for row in rows] == ["1.1.1.1, 8.8.8.8"] * copies


@pytest.mark.parametrize("copies", [1, 100])
def test_a_decoded_path_may_hold_spaces(copies):
    line = (
        '{"remote_addr":"8.8.8.8","time":"2026-03-03T10:00:00Z","request_method":"GET","uri":"/Meine Datei.pdf","status":200}\n'
    )
    rows = parse_block(line.encode() * copies, FORMATS["nginx_json"]).entries.to_pylist()
    assert [(row["method"], row["target"]) for row in rows] == [("GET", "/Meine%20Datei.pdf")] * copies


@pytest.mark.parametrize("copies", [1, 100])
def test_a_request_that_the_log_daemon_cut_is_one(copies):
    line = (
        "Mar  3 10:00:00 lb1 haproxy[14389]: 8.8.8.8:56059 [03/Mar/2026:10:00:00.380] frt~ app/s1 0/0/1/2/3 200 512 - - ----"
        ' 1/1/0/0/0 0/0 "GET /saml?SAMLResponse=AAAA'
    )
    rows = parse_block(f"{line}\n".encode() * copies, format_of("syslog:haproxy")).entries.to_pylist()
    assert [(row["target"], row["status"]) for row in rows] == [("/saml?SAMLResponse=AAAA", "200")] * copies


def test_referrers_that_no_line_of_the_sample_has_are_not_unknown():
    """Google leaves out keys without a value; the first lines may be a monitor's."""
    line = b'{"timestamp":"2026-03-03T10:00:00Z","httpRequest":{"remoteIp":"8.8.8.8","requestMethod":"GET","requestUrl":"http://a/"}}'
    assert as_in("google_load_balancer", [line] * 10) == "google_load_balancer"


def test_visitors_behind_two_proxies_are_not_one():
    lists = [f"{address(n)}, {address(1000 + n)}" if n % 2 else address(n) for n in range(600)]
    block = "".join(COMBINED.replace("203.0.113.9", each) for each in lists).encode()
    name = detect(block, FORMATS, complete=True).format
    assert name == "combined"
    parsed = parse_block(block, format_of(name))
    assert sorted(parsed.entries["remote_host"].to_pylist()) == sorted(each.rpartition(", ")[2] for each in lists)


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("203.0.113.9 10.0.0.4" + COMBINED[11:], "forwarded_combined"),
        ("203.0.113.9, 198.51.100.3 10.0.0.4" + COMBINED[11:], "forwarded_combined"),
        ("10.0.2.100 (203.0.113.9)" + COMBINED[11:], "beanstalk"),
        ("www.example.org 203.0.113.9" + COMBINED[11:], "site_combined"),
        ("www.example.org 203.0.113.9" + COMBINED[11:-1] + " 12345\n", "site_combined_more"),
        ("www.example.org:443 203.0.113.9" + COMBINED[11:-1] + " 12345\n", "site_combined_more"),
        (COMBINED[:-1] + ' "2.31"\n', "combined_more"),
        (COMBINED[:-1] + ' "198.51.100.7"\n', "combined_forwarded"),
        (COMBINED[:-1] + ' "198.51.100.7" "www.example.org"\n', "combined_forwarded_more"),
    ],
)
def test_no_address_is_taken_for_a_site_and_no_other_text_for_an_address(line, name):
    assert detect(line.encode() * 20, FORMATS, complete=True).format == name


LATER = {
    "a site": "www.example.org " + COMBINED,
    "a site and its port": "www.example.org:443 " + COMBINED,
    "a log daemon's prefix": "May 17 10:05:04 web1 nginx: " + COMBINED,
    "a list in front": "198.51.100.7 " + COMBINED,
    "a list with a space": "8.8.8.8 x, " + COMBINED,
    "a list without a space": "8.8.8.8 x," + COMBINED,
    "a time and an address behind": COMBINED[:-1] + ' 0.384 "2a02::1"\n',
}
READ_BY = {
    "forwarded_combined": ["a list in front", "a list with a space", "a list without a space"],
    "vhost_combined": ["a site and its port"],
    "combined_more": ["a time and an address behind"],
}


@pytest.mark.parametrize("name", ["combined", "lighttpd", *READ_BY])
@pytest.mark.parametrize("later", LATER)
def test_a_line_of_another_format_is_no_line_of_this(name, later):
    """Not even as one whose user's name has many words: its address would be a word of the line, as its client chose it."""
    entries = parse_block(LATER[later].encode(), format_of(name)).entries.to_pylist()
    assert [entry["remote_host"].rpartition(",")[2] for entry in entries] == ["203.0.113.9"] * (later in READ_BY.get(name, []))


NO_FORMAT = {
    "a cache's state behind the bytes": COMBINED.replace(" 842 ", " 842 HIT ")[:-1] + ' "-"\n',
    "a time behind the bytes": COMBINED.replace(" 842 ", " 842 0.{n:03} ")[:-1] + ' "-"\n',
    "a time in front": "10{n:03} " + COMBINED,
    "a request's id in front": "8f3c2a{n:026x} " + COMBINED,
    "a scheme in front": "https " + COMBINED,
    "a version of TLS in front": "TLSv1.3 " + COMBINED,
    "a country in front": "DE " + COMBINED,
    "times before the user": COMBINED.replace(" - - ", " - 0.123 0.001 - ", 1),
    "a quote in front": '"' + COMBINED,
    "a file's name in front": "access.log:" + COMBINED,
    "agent and referrer, in that order": COMBINED.replace(f'"-" "{CHROME}"', f'"{CHROME}" "https://www.example.com/"'),
    "a host before the referrer": COMBINED.replace('"-" "', '"www.example.org" "https://www.example.com/" "'),
    "a time before the referrer": COMBINED.replace('"-" "', '"0.003" "-" "'),
    "clients behind their proxies": "172.68.{n}.1 " + COMBINED.replace("203.0.113.9", "20.1.{n}.9"),
    "a private address before the client's": "10.0.0.{n} " + COMBINED.replace("203.0.113.9", "20.1.{n}.9"),
}
NO_FORMAT["clients behind their proxies"] = NO_FORMAT["clients behind their proxies"].replace("172.68.{n}.1", "172.68.1.1")


@pytest.mark.parametrize("line", NO_FORMAT.values(), ids=NO_FORMAT)
def test_what_only_looks_like_a_format_is_not_taken_for_it(line):
    block = "".join(line.replace("{n", "{0").format(n % 250) for n in range(500)).encode()
    assert detect(block, FORMATS, complete=True).format is None


IN_USE = {
    "a site of hexadecimal letters in the ident's place": ("84.1.{n}.9 abc.de - " + COMBINED[16:], "lighttpd"),
    "a private site in the ident's place": ("84.1.{n}.9 192.168.1.2 - " + COMBINED[16:], "combined"),
    "the only word of a site in an intranet": ("wiki " + COMBINED, "site_combined"),
    "the server without a name": ("_:8081 " + COMBINED, "vhost_combined"),
    "addresses that are made unreadable": (COMBINED.replace("203.0.113.9", "84.1.{n}.*"), "combined"),
    "referrers that are made unreadable": (COMBINED.replace('"-"', '"[hidden]"'), "combined"),
    "clients behind the edges of a CDN": ("20.1.{m}.9 172.68.{n}.1" + COMBINED[11:], "forwarded_combined"),
}


@pytest.mark.parametrize(("line", "name"), IN_USE.values(), ids=IN_USE)
def test_what_is_in_use_is_recognised_and_read(line, name):
    lines = [line.replace("{n}", str(n % 150)).replace("{m}", str(n % 60)) for n in range(300)]
    block = "".join(lines).encode()
    assert detect(block, FORMATS, complete=True).format == name
    assert parse_block(block, format_of(name)).entries.num_rows == 300


@pytest.mark.parametrize(
    "user",
    ["CN=Jane Doe,O=Example\\\\, Inc.,2.5.4.97=VATDE-1,C=US", "CN=Jane Doe,OU=IT - Ops", "Doe, Jane", "EXAMPLE\\\\jane doe"],
)
def test_a_users_name_may_be_that_of_a_certificate(user):
    entries = parse_block(COMBINED.replace(" - - ", f" - {user} ", 1).encode(), format_of("combined")).entries
    assert entries["remote_host"].to_pylist() == ["203.0.113.9"]


BALANCER = COMBINED.replace("203.0.113.9", "10.0.0.1")


@pytest.mark.parametrize(
    ("lines", "name"),
    [
        ({BALANCER: 90, BALANCER.replace('"-" "', '"-" "https://a.b/'): 10}, "combined"),
        ({"www.example.org:443 " + BALANCER: 90, "198.51.100.1:443 " + BALANCER: 10}, "vhost_combined"),
        ({"www.example.org:443 " + BALANCER: 20, "198.51.100.1:443 " + BALANCER: 80}, "vhost_combined"),
        ({"www.example.org " + BALANCER: 90, "198.51.100.1 " + BALANCER: 10}, "site_combined"),
        ({"www.example.org " + BALANCER: 60, **{f"198.51.100.{n} " + BALANCER: 1 for n in range(40)}}, "site_combined"),
    ],
)
def test_what_comes_through_one_balancer_is_recognised(lines, name):
    block = "".join(line * count for line, count in lines.items()).encode()
    assert detect(block, FORMATS, complete=True).format == name


@pytest.mark.parametrize("sent", [("-", "https://a.b"), ("-", "1.0"), ("Mozilla/5.0 (X11)", "x"), ("1.5", "x")])
def test_one_client_cannot_make_a_format_unknown(sent):
    flood = COMBINED.replace(f'"-" "{CHROME}"', '"{}" "{}"'.format(*sent)) * 900
    block = flood + "".join(COMBINED.replace("203.0.113.9", address(n)) for n in range(1, 101))
    assert detect(block.encode(), FORMATS, complete=True).format == "combined"


def test_clients_cannot_make_the_proxy_their_address():
    """Of X-Forwarded-For before the address, to which some clients write a host's name."""
    for visitors in (880, 20):
        lines = [f"20.1.{n % visitors % 250}.{n % visitors // 250} 10.0.0.1{COMBINED[11:]}" for n in range(880)]
        for claimed in ("foo", "www.example.org"):
            block = "".join(lines + [f"{claimed} 10.0.0.1{COMBINED[11:]}"] * 120).encode()
            assert detect(block, FORMATS, complete=True).format == "forwarded_combined"


@pytest.mark.parametrize("header", ["#Fields: x", "#Fields: date time c-ip cs-uri-stem x", "#x, 9.9.9.9 - -\n#Fields: x"])
def test_a_client_cannot_declare_a_logs_fields(header):
    block = "".join(COMBINED.replace("203", f"{header}, 203", 1) if n == 250 else COMBINED for n in range(500)).encode()
    assert detect(block, FORMATS, complete=True).format == "combined"


@pytest.mark.parametrize("beside", ["", COMBINED[:-2] + '\xff"\n', COMBINED[:-2] + '\\""\n'])
def test_a_line_that_begins_as_a_comment_is_one_whatever_stands_beside_it(beside):
    parsed = parse_block(("#" + COMBINED[:-2] + '\u00e9"\n' + beside).encode("latin-1"), FORMATS["combined"])
    assert parsed.ignored == {"comment": 1}


def test_where_requests_are_urls_these_name_the_site():
    block = (COMBINED.replace("GET /", "GET http://www.example.org:8080/a")[:-1] + " hit\n" + COMBINED).encode()
    for name in ("absolute:combined_more", "syslog:absolute:combined_more"):
        assert parse_block(block, format_of(name)).entries["site"].to_pylist() == ["www.example.org", None]
    for name in ("absolute:varnish", "absolute:site_combined", "absolute:caddy", "absolute:iis"):
        with pytest.raises(ValueError, match=r"name their site themselves|neither the name"):
            format_of(name)


def _of(line: str, more: str = "", behind: str = "", **changed: str) -> str:
    for old, new in changed.items():
        line = line.replace({"ident": "- -", "target": "GET /"}[old], new)
    return f"{behind}{line[:-1]}{more}\n"


BY_HOST, BY_ADDRESS = _of(COMBINED, ident="www.example.org -"), _of(COMBINED, ident="198.51.100.1 -")
FORWARDED, NO_ADDRESS, MORE = (_of(COMBINED, more) for more in (' "198.51.100.7"', ' "${jndi}"', ' "gzip" 0.1'))
BEHIND_SITE, BEHIND_PORT = (_of(COMBINED, behind=behind) for behind in ("www.example.org ", "www.example.org:443 "))
ABSOLUTE = _of(COMBINED, target="GET http://www.example.org/")


@pytest.mark.parametrize(
    ("lines", "name"),
    [
        # As many lines are read by the narrower format, which knows more.
        ({BY_HOST: 3, BY_ADDRESS: 7}, "lighttpd"),
        ({FORWARDED: 6, NO_ADDRESS: 4}, "combined_forwarded"),
        ({ABSOLUTE: 98, COMBINED: 2}, "varnish"),
        # Too few lines show that they are of it.
        ({BY_HOST: 5, COMBINED: 95}, "combined"),
        ({ABSOLUTE: 7, COMBINED: 3}, "combined"),
        ({ABSOLUTE[:-1] + " hit\n": 98, COMBINED[:-1] + " miss\n": 2}, "absolute:combined_more"),
        ({ABSOLUTE[:-1] + ' "198.51.100.7"\n': 10}, "absolute:combined_forwarded"),
        ({"web-1  | " + ABSOLUTE[:-1] + " hit\n": 10}, "syslog:absolute:combined_more"),
        ({ABSOLUTE[:-1] + " hit\n": 7, MORE: 3}, "combined_more"),
        ({FORWARDED: 3, NO_ADDRESS: 7}, "combined_more"),
        # It would reject more lines than a run may.
        ({COMBINED: 85, MORE: 15}, "combined_more"),
        ({COMBINED: 7, _of(COMBINED, " 512 1142"): 3}, "combined_more"),
        ({COMBINED: 4, FORWARDED: 6}, "combined_more"),
        ({BEHIND_SITE: 4, BEHIND_PORT: 6}, "site_combined"),
        ({_of(COMBINED, " 512 1142"): 6, _of(COMBINED, " 0.001 0.002"): 4}, "combined_timed"),
        ({"web-1  | " + COMBINED: 85, "web-1  | " + MORE: 15}, "syslog:combined_more"),
        # A few lines with a quote that was not escaped.
        ({COMBINED: 996, MORE: 4}, "combined"),
        ({COMBINED: 98, MORE: 2}, "combined_more"),
        # What is asked by address stands where others have X-Forwarded-For.
        ({BEHIND_PORT: 6, _of(COMBINED, behind="127.0.1.1:80 "): 4}, "vhost_combined"),
        ({_of(COMBINED, behind="127.0.1.1:80 "): 10}, "vhost_combined"),
        ({BEHIND_SITE: 4, _of(COMBINED, behind="198.51.100.1 "): 6}, "site_combined"),
        ({BEHIND_SITE: 2, _of(COMBINED, behind="198.51.100.1 "): 8}, "site_combined"),
        # Health checks have none.
        ({_of(COMBINED, behind="- "): 6, _of(COMBINED, behind="198.51.100.1 "): 4}, "forwarded_combined"),
        ({_of(COMBINED, behind="1.2.3.4,5.6.7.8 "): 5, _of(COMBINED, behind="${jndi:ldap://a} "): 1}, "forwarded_combined"),
        # Two families.
        ({COMBINED: 6, BEHIND_SITE: 4}, None),
    ],
)
@pytest.mark.parametrize("times", [1, 10])
def test_of_formats_that_fit_each_others_lines_the_one_is_taken_that_knows_most_and_loses_none(lines, name, times):
    mixed = "".join(line * count * times for line, count in lines.items()).encode()
    assert detect(mixed, FORMATS, complete=True).format == name
    if name not in (None, "combined"):
        assert not parse_block(mixed, format_of(name)).rejects


# After Microsoft's and AWS's documentation of these logs.
BY_KEYS = {
    "Azure Application Gateway": (
        r'{"timeStamp":"2021-10-14T22:17:11+00:00","operationName":"ApplicationGatewayAccess","properties":{"clientIP":"192.0.2.24",'
        r'"clientPort":45057,"httpMethod":"GET","originalRequestUriWithArgs":"\/a?b=1","requestUri":"\/","requestQuery":"b=1",'
        r'"userAgent":"Mozilla\/5.0 (X11)","httpStatus":200,"httpVersion":"HTTP\/1.1","sentBytes":466,'
        r'"originalHost":"www.example.org","host":"10.0.0.4"}}',
        {
            "site": "www.example.org",
            "remote_host": "192.0.2.24",
            "request_time": 1634249831,
            "target": "/a?b=1",
            "bytes_sent": 466,
            "user_agent": "Mozilla/5.0 (X11)",
        },
    ),
    "Azure Front Door": (
        '{"time":"2020-06-09T22:32:17.8383427Z","category":"FrontDoorAccessLog","properties":{"httpMethod":"GET","httpVersion":"2.0",'
        '"requestUri":"https://www.example.org:443/?q=a","requestBytes":"715","responseBytes":"380","userAgent":"Mozilla/5.0",'
        '"clientIp":"198.51.100.7","socketIp":"192.0.2.24","clientPort":"52097","httpStatusCode":"200","referer":"https://x.example/"}}',
        {
            "site": "www.example.org",
            "remote_host": "192.0.2.24",
            "forwarded_for": "198.51.100.7",
            "request_time": 1591741937,
            "target": "/?q=a",
            "status": "200",
            "bytes_sent": 380,
            "referer": "https://x.example/",
        },
    ),
    "AWS API Gateway": (
        '{"requestId":"c6af9ac6","ip":"192.0.2.24","caller":"-","user":"-","requestTime":"09/Jun/2020:22:32:17 +0000",'
        '"httpMethod":"GET","resourcePath":"/pets","status":"200","protocol":"HTTP/1.1","responseLength":"380"}',
        {"remote_host": "192.0.2.24", "request_time": 1591741937, "target": "/pets", "protocol": "HTTP/1.1", "bytes_sent": 380},
    ),
}


@pytest.mark.parametrize("name", BY_KEYS)
def test_the_keys_that_the_documentation_names_read_the_log(name):
    documented = (Path(__file__).parents[3] / "docs" / "formats.md").read_text("utf-8")
    keys = re.search(rf"^- {name}.*: `(json:.*?)`", documented, re.MULTILINE)
    assert keys
    line, expected = BY_KEYS[name]
    (entry,) = parse_block(line.encode() + b"\n", format_of(keys[1])).entries.to_pylist()
    assert {column: entry[column] for column in expected} == expected


@pytest.mark.parametrize("folder", ["caddy", "haproxy"])
def test_what_a_server_says_of_itself_does_not_keep_its_requests_from_being_recognised(folder):
    lines = log_of(folder).splitlines(keepends=True)
    of_itself = {
        "caddy": b'{"level":"info","ts":1772532000.1,"logger":"tls","msg":"cleaning storage unit"}\n',
        "haproxy": b"Mar  3 10:00:00 lb1 haproxy[14389]: 198.51.100.30:56059 [03/Mar/2026:10:00:00.380] frt/f1: Timeout\n",
    }[folder]
    found = detect(b"".join(lines[:10]) + of_itself * 15, FORMATS, complete=True)
    assert found.format == {"haproxy": "syslog:haproxy"}.get(folder, folder)
    assert found.confidence > 0.8
    assert detect(of_itself * 15, FORMATS, complete=True).format is None


@pytest.mark.parametrize("name", FORMATS)
def test_a_list_without_end_is_read_to_its_end_and_no_further(name):
    """Were each of its commas tried with the rest of the line, this would take hours."""
    for listed in (b"203.0.113.9, ", b"a/", b"a, (", b'", "'):
        parsed = parse_block(listed * (600_000 // len(listed)) + b"\n", FORMATS[name])
        assert [reject.reason for reject in parsed.rejects] == ["fields"]


ISTIO = (
    '[2026-03-03T10:00:00.000Z] "GET / HTTP/1.1" 200 - via_upstream - "-" 0 5 1 1 {} "agent" "id" "www.example.org" "10.0.0.1:80"'
    " outbound 10.0.0.2:40 10.0.0.2:84 203.0.113.9:55 www.example.org default\n"
)


@pytest.mark.parametrize("copies", [1, 50])
@pytest.mark.parametrize("sent", ['"8.8.8.8" "x, 203.0.113.9"', '"8.8.8.8" "x" "y, 203.0.113.9"'])
def test_a_quote_in_a_header_that_istio_does_not_escape_moves_no_field(copies, sent):
    assert parse_block(ISTIO.format('"8.8.8.8, 203.0.113.9"').encode() * copies, format_of("istio")).entries.num_rows == copies
    assert parse_block(ISTIO.format(sent).encode() * copies, format_of("istio")).entries.num_rows == 0
