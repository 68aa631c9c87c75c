"""Wrapped lines: each kernel takes the same text out of them."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from transforms import kernel
from transforms.formats import DOCKER, SYSLOG
from transforms.parsing import native
from transforms.parsing.wrapped import BARE

TIME = '"2026-03-03T10:00:00.123456789Z"'


def stored(text: str, stream: str = "stdout", time: str = TIME, html: bool = True) -> bytes:
    """A line as Docker's jsonlog writes it: with what HTML would mind escaped, too."""
    log = json.dumps(text + "\n", ensure_ascii=False)
    for letter in "<>&" if html else "":
        log = log.replace(letter, f"\\u{ord(letter):04x}")
    return f'{{"log":{log},"stream":"{stream}","time":{time}}}'.encode()


def bare(line: bytes, wrapping: str = DOCKER) -> bytes:
    """The line out of its wrapper, by each kernel."""
    text = BARE[wrapping](line)
    if kernel.native:
        assert native.envelope(wrapping).bare(line) == text
    return text


PRINTED = st.text(st.sampled_from('a "\\<>&/\t\u00e9\u2028') | st.characters(exclude_categories=("Cs",), exclude_characters="\n"))
STORED = st.builds(
    stored, PRINTED, st.sampled_from(("stdout", "stderr")), st.sampled_from((TIME, '"now"', '"t1"', '""', "1")), st.booleans()
)
SPOILED = st.sampled_from(
    (
        b"",
        b"\\",
        b'"',
        b'\\"',
        b'{"log":"',
        stored('a"b').replace(b'\\"', b'"'),
        stored("a").replace(b"\\n", b""),
        stored("a").replace(b"\\n", b"\\n\\n"),
        stored("a") + b"\r",
        stored("a") + b" ",
        stored("a").replace(b',"time"', b',"attrs":{"tag":"web"},"time"'),
        stored("Q").replace(b"Q", b"a\\u0022"),
        stored("Q").replace(b"Q", b"a\\u0026\\\\u0026"),
        stored("Q").replace(b"Q", b"\xff"),
        stored("Q").replace(b"Q", b"\t"),
        stored("a")[:-1],
        stored("a")[1:],
    )
)


@given(STORED | SPOILED)
def test_a_stored_line_is_the_same_for_each_kernel(line):
    bare(line)


@given(PRINTED)
def test_what_a_container_printed_is_read_back(text):
    assert bare(stored(text)) == text.encode()


PREFIXES = (
    "Mar  3 10:00:00 web1 nginx: ",
    "<134>Mar  3 10:00:00 web1 haproxy[4711]: ",
    "2026-03-03T10:00:00.123+01:00 web1 app[web.1]: ",
    "Mar  3 10:00:00 haproxy[4711]: ",
    "Mar  3 10:00:00 web1: nginx: ",
    "Mar  3 10:00:00 web1 nginx:  ",
    "Mar  3 10:00:00 web1 ng:inx: ",
    "Mar  3 10:00:00 a b c: ",
    "Mar 03 10:00 web1 nginx: ",
    "<134>1 2026-03-03T10:00:00Z web1 nginx 4711 - - ",
    "2026-03-03T10:00:00.1Z stdout F ",
    "web-1  | ",
    ": ",
    "",
)
BARE_TEXT = st.text(st.sampled_from("ab:  [].") | st.characters(exclude_categories=("Cs",), exclude_characters="\n"))


@given(st.builds("{}{}".format, st.sampled_from(PREFIXES), BARE_TEXT).map(str.encode))
def test_a_line_behind_a_prefix_is_the_same_for_each_kernel(line):
    bare(line, SYSLOG)


def test_a_prefix_is_taken_off():
    assert [bare(prefix.encode() + b"x", SYSLOG) for prefix in PREFIXES[:4]] == [b"x"] * 4
