"""Takes a block of log bytes and its format, gives its entries and an account of every line that is none.

Plain lines go the columnar way, odd ones the exact way; both meet before times and requests are read, so these rules exist once.
Lines are rejected with a position and a reason code, never with a byte of their content.
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from transforms.columns import distinct, recode
from transforms.formats import RAW_COLUMNS, Format, columnar, exact
from transforms.schema import ENTRY, TEXT

BLANK = "blank"
COMMENT = "comment"
FIELDS = "fields"
TIME = "time"
TOO_LONG = "too_long"

IGNORED_REASONS = {BLANK: "empty line", COMMENT: "line that begins with #"}
REJECT_REASONS = {
    FIELDS: "the line does not have the fields of its format",
    TIME: "the time is not a time of the calendar",
    TOO_LONG: "the line is longer than 1 MiB",
}

_MONTHS = {name: number for number, name in enumerate(calendar.month_abbr) if name}
_REQUEST_ARROW = r"^(?P<method>[A-Z][A-Z_-]{0,19}) (?P<target>/[^ ]*) (?P<protocol>HTTP/[0-9](?:\.[0-9])?)$"
_REQUEST = re.compile(r"([A-Z][A-Z_-]{0,19}) (?:(.+) (HTTP/[0-9](?:\.[0-9])?)|(\S+))")
_ABSOLUTE = re.compile(r"https?://[^/?#]*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Reject:
    """A line that could not be read: byte offset from the start of the (decompressed) file, and a reason code."""

    offset: int
    reason: str


@dataclass(frozen=True, slots=True)
class Parsed:
    """Entries of a block (schema ENTRY) and the account of its other lines: lines = entries + ignored + rejects."""

    entries: pa.Table
    lines: int
    ignored: dict[str, int]
    rejects: tuple[Reject, ...]


def parse_block(block: bytes, log_format: Format, offset: int = 0) -> Parsed:
    """Parse whole lines; `offset` is where the block begins in its file, in bytes."""
    lines = columnar.find_lines(block)
    plain = columnar.split(block, lines, log_format)
    ignored: dict[str, int] = {}
    rejects: list[Reject] = []
    rows: list[dict[str, str | None]] = []
    offsets: list[int] = []
    for number in plain.odd.tolist():
        start, end = int(lines.starts[number]), int(lines.ends[number])
        outcome = _exact_line(block[start:end], log_format, first_of_file=offset + start == 0)
        if isinstance(outcome, dict):
            rows.append(outcome)
            offsets.append(offset + start)
        elif outcome in IGNORED_REASONS:
            ignored[outcome] = ignored.get(outcome, 0) + 1
        else:
            rejects.append(Reject(offset + start, outcome))
    raw = plain.columns
    if rows:
        columns = {
            name: pa.array([row.get(name) for row in rows], pa.string() if name == "time" else TEXT) for name in RAW_COLUMNS
        }
        raw = pa.concat_tables([raw, pa.table(columns)]).unify_dictionaries().combine_chunks()
    seconds, valid = _seconds(raw["time"], raw["zone"])
    if not valid.all():
        bad = np.flatnonzero(~valid)
        starts = np.append(np.delete(lines.starts, plain.odd) + offset, np.asarray(offsets, np.int64))
        rejects.extend(Reject(int(starts[row]), TIME) for row in bad.tolist())
        raw, seconds = raw.filter(pa.array(valid)), seconds[valid]
    entries = _entries(raw, seconds)
    count = len(lines.starts)
    if entries.num_rows + sum(ignored.values()) + len(rejects) != count:
        raise ValueError("lines are unaccounted for")
    return Parsed(entries, count, ignored, tuple(sorted(rejects, key=lambda reject: reject.offset)))


def _exact_line(line: bytes, log_format: Format, first_of_file: bool) -> dict[str, str | None] | str:
    """The line's raw columns, or a reason."""
    if first_of_file:
        line = line.removeprefix(b"\xef\xbb\xbf")
    if not line.strip():
        return BLANK
    if line.startswith(b"#"):
        return COMMENT
    if len(line) > columnar.MAX_LINE_BYTES:
        return TOO_LONG
    return exact.split_line(line, log_format) or FIELDS


def _seconds(times: pa.ChunkedArray, zones: pa.ChunkedArray) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Seconds since 1970 UTC of `17/May/2015:10:05:03` and `+0200`, and which of them are times of the calendar."""
    text = pc.cast(times.combine_chunks(), pa.binary())
    ascii_width = pc.equal(pc.binary_length(text), 20)
    if not pc.all(ascii_width).as_py():
        text = pc.if_else(ascii_width, text, pa.scalar(b"?" * 20, pa.binary()))
    count = len(text)
    if not count:
        return np.zeros(0, np.int64), np.zeros(0, np.bool_)
    text = pa.concat_arrays([text])
    start = np.frombuffer(text.buffers()[1], np.int32)[text.offset]
    grid = np.frombuffer(text.buffers()[2], np.uint8)[start : start + count * 20].reshape(count, 20)
    digits = grid[:, [0, 1, 7, 8, 9, 10, 12, 13, 15, 16, 18, 19]].astype(np.int64) - 48
    valid = ((digits >= 0) & (digits <= 9)).all(axis=1)
    valid &= (grid[:, [2, 6, 11, 14, 17]] == np.frombuffer(b"//:::", np.uint8)).all(axis=1)
    day, year = digits[:, 0] * 10 + digits[:, 1], digits[:, 2:6] @ np.array([1000, 100, 10, 1])
    hour, minute, second = (digits[:, at] * 10 + digits[:, at + 1] for at in (6, 8, 10))
    letters = (grid[:, 3].astype(np.int64) << 16) | (grid[:, 4].astype(np.int64) << 8) | grid[:, 5]
    month = np.zeros(count, np.int64)
    for name, number in _MONTHS.items():
        month[letters == int.from_bytes(name.encode(), "big")] = number
    # A leap second (:60) counts as the second before it.
    valid &= (month > 0) & (year >= 1970) & (year <= 9998) & (hour < 24) & (minute < 60) & (second <= 60)
    year, month = np.where(valid, year, 1970), np.where(valid, month, 1)
    first = (year - 1970).astype("datetime64[Y]").astype("datetime64[M]") + (month - 1)
    month_start = first.astype("datetime64[D]").astype(np.int64)
    month_end = (first + 1).astype("datetime64[D]").astype(np.int64)
    valid &= (day >= 1) & (day <= month_end - month_start)
    zone, zones_valid = _zone_seconds(zones)
    seconds = (month_start + day - 1) * 86_400 + hour * 3_600 + minute * 60 + np.minimum(second, 59) - zone
    return seconds, valid & zones_valid


def _zone_seconds(zones: pa.ChunkedArray) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    codes, values = distinct(zones)
    offsets, valid = [], []
    for value in values.to_pylist():
        hours, minutes = int(value[1:3]), int(value[3:5])
        offsets.append((hours * 3_600 + minutes * 60) * (-1 if value[0] == "-" else 1))
        valid.append(hours <= 15 and minutes < 60)
    return np.asarray(offsets, np.int64)[codes], np.asarray(valid, np.bool_)[codes]


def _entries(raw: pa.Table, seconds: npt.NDArray[np.int64]) -> pa.Table:
    request_codes, requests = distinct(raw["request"])
    methods, targets, protocols = split_requests(requests)
    status_codes, statuses = distinct(raw["status"])
    bytes_codes, sizes = distinct(raw["bytes_sent"])
    sizes = pc.cast(pc.if_else(pc.equal(sizes, "-"), "0", sizes), pa.int64())
    return pa.table(
        {
            "site": raw["site"],
            "remote_host": raw["remote_host"],
            "forwarded_for": raw["forwarded_for"],
            "request_time": seconds,
            "method": recode(request_codes, methods),
            "target": recode(request_codes, targets),
            "protocol": recode(request_codes, protocols),
            "status": recode(status_codes, pc.if_else(pc.equal(statuses, "-"), "(unknown)", statuses)),
            "bytes_sent": sizes.to_numpy()[bytes_codes] if len(sizes) else np.zeros(0, np.int64),
            "referer": raw["referer"],
            "user_agent": raw["user_agent"],
        },
        schema=ENTRY,
    )


def split_requests(requests: pa.Array) -> tuple[pa.Array, pa.Array, pa.Array]:
    """Method, target and protocol of each request line; method "" marks one that is not a request, protocol "" one without."""
    found = pc.extract_regex(requests, _REQUEST_ARROW)
    parts = tuple(pc.struct_field(found, name) for name in ("method", "target", "protocol"))
    missing = found.is_null()
    odd = requests.filter(missing).to_pylist()
    if not odd:
        return parts
    split = list(zip(*map(split_request, odd), strict=True))
    methods, targets, protocols = (
        pc.replace_with_mask(part, missing, pa.array(texts, pa.string())) for part, texts in zip(parts, split, strict=True)
    )
    return methods, targets, protocols


def split_request(request: str) -> tuple[str, str, str]:
    """Method, target and protocol of one request line by the exact rule; three times "" if it is not one.

    >>> split_request("GET /a b HTTP/1.1"), split_request("GET /old"), split_request("SSH-2.0-Go")
    (('GET', '/a b', 'HTTP/1.1'), ('GET', '/old', ''), ('', '', ''))
    """
    found = _REQUEST.fullmatch(request)
    if not found:
        return "", "", ""
    method, target, protocol = found.group(1), found.group(2) or found.group(4), found.group(3) or ""
    if target.startswith("/") or target == "*" or method == "CONNECT":
        return method, target, protocol
    absolute = _ABSOLUTE.match(target)
    if absolute:
        rest = target[absolute.end() :]
        return method, rest if rest.startswith("/") else "/" + rest, protocol
    return "", "", ""
