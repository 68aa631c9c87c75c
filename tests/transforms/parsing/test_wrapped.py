"""Wrapped lines: a block of them unwraps to the same lines as each of them alone."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.formats import DOCKER, SYSLOG
from transforms.parsing.oddities import PIECE_BYTES, find_lines
from transforms.parsing.wrapped import UNWRAPPERS, Unwrapper

DAEMON = UNWRAPPERS[DOCKER]
TIME = '"2026-03-03T10:00:00.123456789Z"'


def stored(text: str, stream: str = "stdout", time: str = TIME, html: bool = True) -> bytes:
    """A line as Docker's jsonlog writes it: with what HTML would mind escaped, too."""
    log = json.dumps(text + "\n", ensure_ascii=False)
    for letter in "<>&" if html else "":
        log = log.replace(letter, f"\\u{ord(letter):04x}")
    return f'{{"log":{log},"stream":"{stream}","time":{time}}}'.encode()


def in_a_block(lines: list[bytes], ended: bool = True, wrapping: Unwrapper = DAEMON) -> list[bytes]:
    block = b"\n".join(lines) + (b"\n" if ended else b"")
    bare, found = wrapping.all_bare(block, find_lines(block))
    assert len(found.starts) == len(lines)
    if ended:  # else an empty line at the end is one only because the stored one was
        again = find_lines(bare)
        assert [again.starts.tolist(), again.ends.tolist()] == [found.starts.tolist(), found.ends.tolist()]
        assert again.specials.tolist() == found.specials.tolist()
    return [bare[start:end] for start, end in zip(found.starts, found.ends, strict=True)]


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


@given(st.lists(STORED | SPOILED, min_size=1, max_size=8), st.booleans())
def test_a_block_holds_what_its_lines_hold(lines, ended):
    if ended or lines[-1]:
        assert in_a_block(lines, ended) == [DAEMON.bare(line) for line in lines]


@given(st.lists(PRINTED, min_size=1, max_size=8))
def test_what_a_container_printed_is_read_back(texts):
    assert in_a_block([stored(text) for text in texts]) == [text.encode() for text in texts]


@pytest.mark.parametrize("odd", [stored("\\"), stored("x", "stderr"), b"no object"])
def test_an_odd_line_moves_none_of_the_others_in_a_block_of_several_pieces(odd):
    texts = [f'{number} "GET /?a=1&b=2 HTTP/1.1" {"x" * 400}' for number in range(3 * PIECE_BYTES // 400)]
    lines = [stored(text) for text in texts]
    at = len(lines) // 2
    found = in_a_block([*lines[:at], odd, *lines[at:]])
    assert found == [*(text.encode() for text in texts[:at]), DAEMON.bare(odd), *(text.encode() for text in texts[at:])]


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
BARE = st.text(st.sampled_from("ab:  [].") | st.characters(exclude_categories=("Cs",), exclude_characters="\n"))


@given(st.lists(st.builds("{}{}".format, st.sampled_from(PREFIXES), BARE).map(str.encode), min_size=1, max_size=8), st.booleans())
def test_a_block_behind_prefixes_holds_what_its_lines_hold(lines, ended):
    if ended or lines[-1]:
        assert in_a_block(lines, ended, UNWRAPPERS[SYSLOG]) == [UNWRAPPERS[SYSLOG].bare(line) for line in lines]
