"""Golden logs: each line becomes the entry that its vendor's documentation says, and each log's format is detected.

A folder of `golden/` holds `input.log`, `expected.jsonl` with an object for each of its lines (an entry, {"ignored": reason} or
{"rejected": reason}), and `source.txt`, which says where the vendor documents this. Expectations were written from there, never
from the parser.
"""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest

from transforms.formats import w3c
from transforms.formats.registry import FORMATS, format_of
from transforms.parsing.detect import as_in, detect, sample_lines, wider
from transforms.parsing.entry import ENTRY
from transforms.parsing.parse import parse_block

pytestmark = pytest.mark.usefixtures("each_kernel")

GOLDEN = Path(__file__).parent / "golden"
FOLDERS = sorted(folder.name for folder in GOLDEN.iterdir())
W3C = {"cloudfront", "iis", "incapsula", "netscaler", "shoutcast"}
OTHER_NAMES = {
    "haproxy": "syslog:haproxy",
    "cloudflare_ms": "cloudflare",
    "cloudflare_ns": "cloudflare",
    "cloudflare_s": "cloudflare",
    "docker_caddy": "docker:caddy",
    "docker_combined_forwarded": "docker:combined_forwarded",
    "docker_logs": "syslog:combined",
    "fastly": "nginx_json",
    "ovh": "lighttpd",
    "syslog_combined": "syslog:combined",
    "syslog_combined_5424": "syslog:combined",
    "syslog_common": "syslog:common",
    "syslog_fastly": "syslog:nginx_json",
    "vhost_combined_more": "site_combined_more",
}
"""Formats of folders that are not called by their format, or are one of several with it."""

MAY_BE_ABSENT = {"site", "forwarded_for", "referer", "user_agent"}


def log_of(folder: str) -> bytes:
    return (GOLDEN / folder / "input.log").read_bytes()


def format_name(folder: str) -> str:
    """The folder's format, for W3C by the log's own header."""
    if folder in W3C:
        declared = w3c.header_in(log_of(folder))
        assert declared is not None
        return declared
    return OTHER_NAMES.get(folder, folder)


def known_of(folder: str) -> str:
    """The same as a run takes it: without the columns that the log does not have."""
    return as_in(format_name(folder), sample_lines(log_of(folder), complete=True))


def detected(log: bytes) -> str | None:
    """The format that a whole file is taken for when nothing is said of it."""
    return detect(log, FORMATS, complete=True).format


def expected_of(folder: str) -> tuple[list[dict[str, object]], Counter[str], list[tuple[int, str]]]:
    """Entries, how many lines are ignored by reason, and rejects by offset, as the folder says."""
    lines = log_of(folder).removesuffix(b"\n").split(b"\n")
    outcomes = [json.loads(line) for line in (GOLDEN / folder / "expected.jsonl").read_text("utf-8").splitlines()]
    starts = itertools.accumulate((len(line) + 1 for line in lines[:-1]), initial=0)
    rejects = [(start, outcome["rejected"]) for start, outcome in zip(starts, outcomes, strict=True) if "rejected" in outcome]
    ignored = Counter(outcome["ignored"] for outcome in outcomes if "ignored" in outcome)
    return [outcome for outcome in outcomes if outcome.keys().isdisjoint({"ignored", "rejected"})], ignored, rejects


def in_order(entries: list[dict[str, object]]) -> list[dict[str, object]]:
    """The entries by what they say: the order in which a block's entries come is nobody's business.

    What a server writes for an absent value is absent: no later step tells `-` from the empty string.
    """
    same = [{name: "" if value == "-" and name in MAY_BE_ABSENT else value for name, value in entry.items()} for entry in entries]
    return sorted(same, key=lambda entry: json.dumps(entry, sort_keys=True))


def check(folder: str, blocks: Iterable[tuple[str, int, bytes]]) -> None:
    """Each block is its format, its position and its bytes."""
    entries, ignored, rejects = [], Counter(), []
    for name, position, block in blocks:
        parsed = parse_block(block, format_of(name), position)
        entries += parsed.entries.to_pylist()
        ignored.update(parsed.ignored)
        rejects += [(reject.offset, reject.reason) for reject in parsed.rejects]
    expected_entries, expected_ignored, expected_rejects = expected_of(folder)
    assert rejects == expected_rejects
    assert ignored == expected_ignored
    assert in_order(entries) == in_order(expected_entries)


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_line_becomes_what_the_vendor_says(folder):
    check(folder, w3c.by_header(log_of(folder), known_of(folder)))


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_line_becomes_the_same_without_its_neighbours(folder):
    blocks = []
    for name, position, part in w3c.by_header(log_of(folder), known_of(folder)):
        for line in part.removesuffix(b"\n").split(b"\n"):
            blocks.append((name, position, line + b"\n"))
            position += len(line) + 1
    check(folder, blocks)


@pytest.mark.parametrize("folder", FOLDERS)
def test_an_expectation_names_every_column(folder):
    for entry in expected_of(folder)[0]:
        assert list(entry) == ENTRY.names


def test_every_format_has_a_golden_log():
    named = {format_name(folder).rpartition(":")[2] for folder in set(FOLDERS) - W3C}
    assert named == {*FORMATS} - {"combined_more"}  # that is no server's own: all that begin as combined


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_golden_log_is_taken_for_its_format(folder):
    assert detected(log_of(folder)) == format_name(folder)


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_hundred_of_its_lines_are_taken_for_no_other_format(folder):
    assert detected(b"\n".join(sample(folder, 100))) == format_name(folder)


@pytest.mark.parametrize("folder", FOLDERS)
def test_half_of_it_and_half_of_another_are_taken_for_no_third_format(folder):
    for other in FOLDERS:
        mixed = b"\n".join([*sample(folder, 10), *sample(other, 10)])
        both = set(wider(format_name(folder))) & set(wider(format_name(other)))  # what all lines of either fit, too
        assert detected(mixed) in {None, format_name(folder), format_name(other), *both}, other


def sample(folder: str, count: int) -> list[bytes]:
    """As many of a log's lines that are entries, behind their header if they have one."""
    lines = log_of(folder).removesuffix(b"\n").split(b"\n")
    headers = [number for number, line in enumerate(lines) if line.startswith(b"#Fields")]
    outcomes = (GOLDEN / folder / "expected.jsonl").read_text("utf-8").splitlines()
    if len(headers) > 1:  # what follows has other fields
        lines, outcomes = lines[: headers[1]], outcomes[: headers[1]]
    entries = [line for line, outcome in zip(lines, outcomes, strict=True) if "request_time" in json.loads(outcome)]
    return [*(lines[number] for number in headers[:1]), *itertools.islice(itertools.cycle(entries), count)]
