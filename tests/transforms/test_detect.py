"""Takes the first lines of logs, checks which format they are taken for."""

from __future__ import annotations

import pytest

from tests.logs import line
from transforms.formats.detect import detect
from transforms.formats.registry import FORMATS

COMMON = b'8.8.8.8 - frank [10/Oct/2025:13:55:36 -0700] "GET /x HTTP/1.0" 200 2326\n'
SAMPLES = {
    "combined": line(),
    "common": COMMON,
    "vhost_combined": b"www.example.org:443 " + line(),
    "vhost_common": b"www.example.org:443 " + COMMON,
    "site_combined": b"www.example.org " + line(),
    "site_common": b"www.example.org " + COMMON,
}


@pytest.mark.parametrize("name", SAMPLES)
def test_each_format_is_recognised(name):
    found = detect(SAMPLES[name] * 3, FORMATS, complete=True)
    assert found.format == name
    assert found.confidence == 1.0


@pytest.mark.parametrize("name", SAMPLES)
def test_comments_blank_lines_and_some_junk_do_not_hide_it(name):
    sample = b"# comment\n\n" + SAMPLES[name] * 6 + b"junk\n" * 5
    found = detect(sample + b"8.8.8.8 - - [10/Oct/2025:13:5", FORMATS)
    assert (found.format, found.lines) == (name, 11)


@pytest.mark.parametrize("sample", [b"", b"\n", b"junk\n" * 10, bytes(1000), line() + b"www.example.org:80 " + line()])
def test_without_a_clear_winner_there_is_none(sample):
    assert detect(sample, FORMATS, complete=True).format is None


def test_a_user_name_with_a_space_does_not_make_it_another_format():
    assert detect(line() * 5 + line(user="Jane Doe"), FORMATS, complete=True).format == "combined"
