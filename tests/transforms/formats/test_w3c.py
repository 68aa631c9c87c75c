"""W3C logs of IIS and CloudFront are read as documented, also if the header changes in the middle."""

from __future__ import annotations

import pytest

from pipeline.__main__ import main
from tests.logs import UNNAMED, address
from transforms.formats.registry import FORMATS, format_of
from transforms.formats.w3c import by_header, header_in
from transforms.parsing.detect import detect
from transforms.parsing.parse import parse_block

pytestmark = pytest.mark.usefixtures("each_kernel")

# After Microsoft's documentation of IIS, with its default fields.
IIS = """#Software: Microsoft Internet Information Services 10.0
#Version: 1.0
#Date: 2025-10-10 20:55:36
#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status time-taken
2025-10-10 20:55:36 10.0.0.1 GET /a b=c 443 - 8.8.8.8 Mozilla/5.0+(Windows+NT+10.0) https://x.example/ 200 15
2025-10-10 20:55:36 10.0.0.1 GET /a - 443 DOMAIN\\jane 8.8.8.8 - - 404 3
"""
# After AWS's documentation of CloudFront's standard logs.
CLOUDFRONT = (
    "#Version: 1.0\n"
    "#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) cs(User-Agent)"
    " cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id x-host-header cs-protocol cs-bytes time-taken"
    " x-forwarded-for cs-protocol-version\n"
    + "\t".join(
        "2025-10-10 20:55:36 LAX1 2390282 8.8.8.8 GET d111111abcdef8.cloudfront.net /a 200 https://x.example/ "
        "Mozilla/4.0%2520(compatible;%2520MSIE%25205.0b1) b=c - Hit a== www.example.org https 23 0.001 - HTTP/2.0".split()
    )
    + "\n"
)


def read(log: str):
    (words, _, _), *_ = list(by_header(log.encode(), header_in(log.encode())))
    entries = []
    for words, at, part in by_header(log.encode(), header_in(log.encode())):
        parsed = parse_block(part, format_of(words), at)
        assert not parsed.rejects
        entries += parsed.entries.to_pylist()
    return entries


def test_iis():
    first, second = read(IIS)
    assert (first["remote_host"], first["method"], first["target"], first["protocol"]) == ("8.8.8.8", "GET", "/a?b=c", "")
    assert (first["status"], first["user_agent"], first["referer"]) == (
        "200",
        "Mozilla/5.0 (Windows NT 10.0)",
        "https://x.example/",
    )
    assert first["request_time"] == second["request_time"] == 1760129736
    assert (second["target"], second["status"], second["user_agent"]) == ("/a", "404", "-")
    assert "jane" not in repr(second)


def test_cloudfront():
    (row,) = read(CLOUDFRONT)
    assert (row["remote_host"], row["target"], row["protocol"], row["bytes_sent"]) == ("8.8.8.8", "/a?b=c", "HTTP/2.0", 2390282)
    assert row["user_agent"] == "Mozilla/4.0 (compatible; MSIE 5.0b1)"
    assert row["site"] == "www.example.org"


def test_a_header_in_the_middle_changes_what_follows():
    other = "#Fields: time date c-ip cs-uri-stem cs-method\n20:55:36 2025-10-10 9.9.9.9 /b GET\n"
    hosts = [(row["remote_host"], row["target"]) for row in read(IIS + other + IIS)]
    assert hosts == [("8.8.8.8", "/a?b=c"), ("8.8.8.8", "/a"), ("9.9.9.9", "/b"), ("8.8.8.8", "/a?b=c"), ("8.8.8.8", "/a")]


@pytest.mark.parametrize(
    "log",
    [
        IIS + IIS.replace(" time-taken", " time-taken cs-host").replace(" 15\n", " 15 a\n").replace(" 3\n", " 3 a\n") * 2,
        IIS[: IIS.index("2025-10-10 20:55:36 10")] + IIS.replace(" time-taken", "").replace(" 15\n", "\n").replace(" 3\n", "\n"),
    ],
    ids=["after two lines", "at once"],
)
def test_each_line_of_the_sample_is_tried_on_the_header_before_it(tmp_path, log, capsys):
    found = detect(log.encode(), FORMATS, complete=True)
    assert (found.format, found.confidence) == (header_in(log.encode()), 1.0)
    (tmp_path / "ex.log").write_text(log)
    assert main(["formats", str(tmp_path / "ex.log")]) == 0
    assert f"fits {found.lines} of {found.lines} lines tried (100%)" in capsys.readouterr().out


def test_a_later_header_of_the_sample_that_lacks_fields_is_told_before_the_run(tmp_path, capsys):
    (tmp_path / "ex.log").write_text(IIS + "#Fields: date time cs-uri-stem\n2025-10-10 20:55:36 /\n")
    assert main(["formats", str(tmp_path / "ex.log")]) == 6
    assert "does not name date, time, c-ip and cs-uri-stem" in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("Mozilla/5.0+(Windows+NT+10.0)", "Mozilla/5.0 (Windows NT 10.0)"),
        ("My%20App/1.0+CFNetwork/1410.0.3+Darwin/22.6.0", "My%20App/1.0 CFNetwork/1410.0.3 Darwin/22.6.0"),
        ("-", "-"),
    ],
)
def test_an_agent_of_iis_has_plus_for_space_and_no_escapes(written, sent):
    assert read(IIS.replace("Mozilla/5.0+(Windows+NT+10.0)", written))[0]["user_agent"] == sent


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("Mozilla/5.0%20(X11)", "Mozilla/5.0 (X11)"),
        ("Mozilla/5.0%2520(X11)", "Mozilla/5.0 (X11)"),  # older logs are encoded twice
        ("My%2520App/1.0%20CFNetwork/1410", "My%20App/1.0 CFNetwork/1410"),
        ("a+b%20%22c%22%2525", 'a+b "c"%25'),
    ],
)
def test_an_agent_of_cloudfront_is_decoded_as_often_as_it_was_encoded(written, sent):
    assert read(CLOUDFRONT.replace("Mozilla/4.0%2520(compatible;%2520MSIE%25205.0b1)", written))[0]["user_agent"] == sent


def test_a_referrer_of_cloudfront_is_the_url_that_was_sent():
    log = CLOUDFRONT.replace("https://x.example/", "https://x.example/%5Ba%5D?q=a%2520b%252Bc")
    assert read(log)[0]["referer"] == "https://x.example/[a]?q=a%20b%2Bc"


# After Tomcat's documentation of ExtendedAccessLogValve, which puts values into quotes, and writes a quote within them twice.
TOMCAT = """#Fields: date time c-ip cs-method cs-uri-stem sc-status bytes cs(User-Agent) cs(Referer)
2025-10-10 20:55:36 8.8.8.8 GET /a 200 10900 "Mozilla/5.0 ""x"" y" "https://x.example/"
2025-10-10 20:55:36 8.8.8.8 GET /a 200 10900 "" ""
2025-10-10 20:55:36 8.8.8.8 GET /a 200 10900 "a b" "x""\"
"""


def test_a_quote_that_is_written_twice_within_quotes_is_one():
    rows = sorted(read(TOMCAT), key=lambda row: row["user_agent"])
    told = [(row["bytes_sent"], row["user_agent"], row["referer"]) for row in rows]
    assert told == [(10900, "", ""), (10900, 'Mozilla/5.0 "x" y', "https://x.example/"), (10900, "a b", 'x"')]


@pytest.mark.parametrize("end", ["", "\r"])
@pytest.mark.parametrize(
    ("log", "separator"), [(IIS, " "), (CLOUDFRONT, "\t"), (TOMCAT, " ")], ids=["IIS", "CloudFront", "Tomcat"]
)
def test_lines_may_end_in_a_separator(log, separator, end):
    ending = "".join(line + ("" if line.startswith("#") else separator) + end + "\n" for line in log.splitlines())
    assert read(ending) == read(log)
    assert detect(ending.encode(), FORMATS, complete=True).confidence == 1.0
    words = header_in(ending.encode())
    assert header_in(ending.encode().split(b"\n2025")[0] + b"\n", words) == words  # a block that ends with its header


def test_bytes_sent_are_preferred_to_bytes_of_whichever_direction():
    assert [row["bytes_sent"] for row in read(IIS.replace("s-port", "bytes").replace("time-taken", "sc-bytes"))] == [15, 3]


def test_a_block_that_begins_in_the_middle_has_the_header_before_it():
    words = header_in(IIS.encode())
    line = IIS.splitlines()[-1].encode() + b"\n"
    assert list(by_header(line, words)) == [(words, 0, line)]


def test_lines_with_other_fields_are_rejected_and_comments_ignored():
    words = header_in(IIS.encode())
    parsed = parse_block((IIS + "2025-10-10 20:55:36 too few\n2025-10-10 20:55:36" + " x" * 11 + "\n").encode(), format_of(words))
    assert parsed.entries.num_rows == 2
    assert parsed.ignored == {"comment": 4}
    assert [reject.reason for reject in parsed.rejects] == ["fields", "fields"]


def test_a_header_without_the_needed_fields_is_refused():
    with pytest.raises(ValueError, match="must name date, time, c-ip and cs-uri-stem"):
        format_of("w3c:date time cs-method")


@pytest.mark.parametrize("workers", ["0", "2"])
def test_from_the_command_line(tmp_path, workers, capsys):
    header = "#Fields: date time c-ip cs-method cs-uri-stem sc-status sc-bytes cs(User-Agent)\n"
    other = "#Fields: date time cs-method cs-uri-stem c-ip sc-status sc-bytes cs(User-Agent)\n"
    lines = [f"2026-03-03 10:00:00 {address(n)} GET /a 200 10 Mozilla/5.0+(X11;+Linux)+Firefox/127.0\n" for n in range(1, 13)]
    more = [f"2026-03-03 10:00:00 GET /a {address(n)} 200 10 Mozilla/5.0+(X11;+Linux)+Firefox/127.0\n" for n in range(20, 32)]
    (tmp_path / "u_ex260303.log").write_text(header + "".join(lines) + other + "".join(more))
    arguments = ["--input", str(tmp_path / "*.log"), "--output", str(tmp_path / "out"), "--workers", workers, *UNNAMED]
    assert main(["plan", *arguments]) == 0
    assert "W3C" in capsys.readouterr().out
    assert main(["run", *arguments]) == 0
    assert "24 counted" in capsys.readouterr().out


def test_a_header_that_lacks_fields_ends_the_run(tmp_path, capfd):
    (tmp_path / "a.log").write_text("#Fields: date time cs-method\n2026-03-03 10:00:00 GET\n")
    assert main(["run", "--input", str(tmp_path / "a.log"), "--output", str(tmp_path / "out"), "--workers", "0"]) == 6
    assert "does not name date, time, c-ip and cs-uri-stem" in capfd.readouterr().err


WIDE = "#Fields: date time c-ip cs-method cs-uri-stem" + " x" * (1 << 20) + "\n"
LINES = "".join(f"2026-03-03 10:00:00 {address(n)} GET /a\n" for n in range(1, 13))
TOO_LONG = "a line #Fields in it is longer than 64 KiB"


@pytest.mark.parametrize(
    ("log", "code", "expected"),
    [
        (WIDE + LINES, 6, TOO_LONG),
        ("#Version: 1.0\n" + WIDE + LINES, 6, TOO_LONG),
        ("#Fields: " + "x" * (2 << 20) + "\n" + LINES, 6, TOO_LONG),
        (WIDE.rstrip("\n"), 6, TOO_LONG),
        (WIDE.replace("x", "")[: 100 << 10] + "\n" + LINES, 6, TOO_LONG),
        ("#Fields: date time c-ip cs-method cs-uri-stem\n" + LINES * 1000 + WIDE + LINES, 6, TOO_LONG),
        ("#Version: 1.0\n#Remark: " + "x" * (2 << 20) + "\n" + LINES, 3, "Its first 1,048,576 bytes hold no request"),
        ("x" * (2 << 20), 3, "Its first line is longer than 256 KiB"),
        ("x" * (2 << 20) + "\n", 3, "Its first line is longer than 256 KiB"),
    ],
    ids=["first", "second", "one name", "alone", "spaces", "in the middle", "remark", "no format", "no format, one line"],
)
def test_a_line_that_is_much_too_long_is_said_of_its_file(tmp_path, capfd, log, code, expected):
    path = tmp_path / "u_ex.log"
    path.write_text(log)
    assert main(["run", "--input", str(path), "--output", str(tmp_path / "out"), "--workers", "0", *UNNAMED]) == code
    error = capfd.readouterr().err.splitlines()[-1]
    assert f"{path}: " in error
    assert expected in error
    assert not list(tmp_path.rglob("*.parquet"))
