"""Parses a block of log bytes into entries, and accounts for every line that is not one.

The kernel reads the lines' columns; each distinct time, request and size is read here. Lines are rejected with a position and a
reason code, never with a byte of their content.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms import kernel
from transforms.clock import UTC
from transforms.columns import TEXT, Flags, Seconds, as_one, distinct, distinct_pairs, filled, recode
from transforms.formats import RAW_COLUMNS, Clock, Format
from transforms.parsing import native, plain, times
from transforms.parsing.entry import entry_schema
from transforms.parsing.rows import CLOCK, IGNORED_REASONS, TIME, Rows
from transforms.reserved import UNKNOWN

_REQUEST_ARROW = (
    r"^(?P<method>[A-Z][A-Z_-]{0,19}) (?:(?i:https?)://[^/?# ]*)?(?P<target>/[^ ]*) (?P<protocol>HTTP/[0-9](?:\.[0-9])?)$"
)
_PROTOCOL = r"^HTTP/[0-9](?:\.[0-9])?$"
_REQUEST = re.compile(r"([A-Z][A-Z_-]{0,19}) (?:(.+) (HTTP/[0-9](?:\.[0-9])?)|(\S+))")
_SITE_IN_REQUEST = r"^(?:CONNECT |[A-Z][A-Z_-]* https?://)(?P<site>\[[^\] ]*\]|[^/?#: ]+)"
_STATUS = r"^(?:[0-9]{1,3}|-1)$"  # also Envoy's and Caddy's 0, HAProxy's -1; JSON and a format of one's own may hold any text
_SIZE = r"^[0-9]{1,18}$"
_ABSOLUTE = re.compile(r"https?://[^/?#]*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Reject:
    """A line that could not be read: byte offset from the start of the (decompressed) file, and a reason code."""

    offset: int
    reason: str


@dataclass(frozen=True, slots=True)
class Parsed:
    """Entries of a block (schema ENTRY) and the account of its other lines: lines = entries + ignored + rejects.

    `ambiguous` are the entries whose time the log's clock showed twice (in autumn; the first was taken).
    """

    entries: pa.Table
    lines: int
    ignored: dict[str, int]
    rejects: tuple[Reject, ...]
    ambiguous: int = 0


def parse_block(
    block: bytes, log_format: Format, offset: int = 0, log_time_zone: str = UTC, further: tuple[str, ...] = ()
) -> Parsed:
    """Parse whole lines; `offset` is where the block begins in its file, in bytes. Times without zone are in `log_time_zone`.

    `further` are the columns wanted in addition to those of ENTRY. A column that the format lacks is null.
    """
    log_format = log_format.reading(further)
    read_block = plain.read_block if kernel.native is None else native.read_block
    rows = read_block(block, log_format, offset == 0)
    ignored = Counter(reason for _, reason in rows.others if reason in IGNORED_REASONS)
    rejects = [Reject(offset + start, reason) for start, reason in rows.others if reason not in IGNORED_REASONS]
    raw, starts = _raw_table(rows, log_format), rows.starts
    for column, value, reason in log_format.ignored:
        is_request = _is_other(raw[column], value)
        if not is_request.all():
            ignored[reason] += len(is_request) - int(is_request.sum())
            raw, starts = raw.filter(pa.array(is_request)), starts[is_request]
    seconds, valid, ambiguous = _read_times(raw, log_format, log_time_zone)
    if not valid.all():
        rejects += [Reject(offset + start, TIME) for start in starts[~valid].tolist()]
        raw, seconds = raw.filter(pa.array(valid)), seconds[valid]
    entries = _entries(_completed(raw.drop_columns([CLOCK]), log_format), seconds, log_format.site_in_request, further)
    if entries.num_rows + sum(ignored.values()) + len(rejects) != rows.lines:
        raise ValueError("lines are unaccounted for")
    rejected = tuple(sorted(rejects, key=lambda reject: reject.offset))
    return Parsed(entries, rows.lines, dict(ignored), rejected, int(ambiguous.sum()))


def _raw_table(rows: Rows, log_format: Format) -> pa.Table:
    """A table of RAW_COLUMNS, the format's further columns and CLOCK; absent ones are null."""
    names = (*RAW_COLUMNS, *log_format.further, CLOCK)
    return pa.table({name: rows.columns.get(name, pa.nulls(len(rows.starts), TEXT)) for name in names})


def _read_times(raw: pa.Table, log_format: Format, log_time_zone: str) -> tuple[Seconds, Flags, Flags]:
    """Seconds since 1970 UTC of each row, which of them are valid, and which are ambiguous. Each distinct time is read once."""
    seconds, valid, ambiguous = (
        np.zeros(raw.num_rows, np.int64),
        np.zeros(raw.num_rows, np.bool_),
        np.zeros(raw.num_rows, np.bool_),
    )
    codes, texts = distinct(filled(raw["time"], ""))
    zone_codes, zones = distinct(filled(raw["zone"], ""))
    if len(zones) > 1:
        codes, of_texts, of_zones = distinct_pairs(codes, zone_codes)
        texts, zones = texts.take(pa.array(of_texts)), zones.take(pa.array(of_zones))
    else:
        zones = pa.array(zones.to_pylist() * len(texts), pa.string())
    clock_codes, clocks = distinct(filled(raw[CLOCK], log_format.clock.value))
    for number, clock in enumerate(clocks.to_pylist()):
        read, rows = times.read_times(texts, zones, Clock(clock), log_time_zone), clock_codes == number
        own = codes[rows]
        seconds[rows], valid[rows], ambiguous[rows] = read.seconds.take(own), read.valid.take(own), read.ambiguous.take(own)
    return seconds, valid, ambiguous


def _is_other(column: pa.ChunkedArray, value: str) -> Flags:
    """Which rows have another value; each distinct value is compared once."""
    codes, values = distinct(filled(column, "-"))
    at = pc.index(values, value).as_py()
    return np.ones(len(codes), np.bool_) if at < 0 else codes != at


def _completed(raw: pa.Table, log_format: Format) -> pa.Table:
    """The columns in the same form for every format: the request line joined from its parts, and `-` for a missing value.

    In a format with targets and without methods, every request is a GET. Otherwise none would be a page. A column that the format
    lacks stays null. This never depends on the block, because blocks are cut anywhere.
    """
    raw = _with_targets(raw) if log_format.keys and raw.num_rows else raw
    if log_format.has("target") and not log_format.has("method"):
        raw = raw.set_column(raw.column_names.index("method"), "method", recode(np.zeros(raw.num_rows, np.int32), ["GET"]))
    columns = {name: raw[name] for name in raw.column_names}
    if raw.num_rows and columns["request"].null_count:
        columns["request"] = _joined_request(raw)
    for name, column in columns.items():
        if log_format.has(name) or name in ("status", "bytes_sent"):
            columns[name] = filled(column, "-")
    return pa.table(columns)


def _with_targets(raw: pa.Table) -> pa.Table:
    """If JSON has the target under `request`, next to a method (as Logstash's patterns do), moves it to `target`."""
    request = as_one(raw["request"])
    codes = pc.fill_null(request.indices, len(request.dictionary))
    is_target = pc.match_substring_regex(request.dictionary, r"^(?:(?i:https?):/)?/[^ ]*$")
    if not pc.any(is_target).as_py():
        return raw
    is_target = pa.concat_arrays([is_target, pa.array([False])]).take(codes)
    named = pc.and_(is_target, pc.is_valid(as_one(raw["method"]).cast(pa.string())))
    texts = request.cast(pa.string())
    target = pc.if_else(named, texts, as_one(raw["target"]).cast(pa.string()))
    raw = raw.set_column(raw.column_names.index("target"), "target", target.dictionary_encode())
    rest = pc.if_else(named, None, texts)
    return raw.set_column(raw.column_names.index("request"), "request", rest.dictionary_encode())


def _joined_request(raw: pa.Table) -> pa.DictionaryArray:
    """The request lines. A missing one is joined from its four parts, once for each distinct combination."""
    codes, count = np.zeros(raw.num_rows, np.int32), 1
    texts: list[pa.Array] = []
    for name in ("method", "target", "query", "protocol"):
        own_codes, values = distinct(filled(raw[name], "-"))
        before, own = np.arange(count), np.zeros(count, np.int64)
        if len(values) > 1:
            codes, before, own = distinct_pairs(codes, own_codes)
        own_texts = pc.if_else(pc.equal(values, "-"), "", values).take(pa.array(own))
        texts, count = [*(text.take(pa.array(before)) for text in texts), own_texts], len(own)
    method, target, query, protocol = texts
    method, protocol = pc.utf8_upper(method), pc.utf8_upper(protocol)
    protocol = pc.if_else(pc.match_substring_regex(protocol, _PROTOCOL), protocol, "")  # not https, h2
    query = pc.if_else(pc.match_substring(target, "?"), "", query)  # $request_uri holds it already
    mark = pc.if_else(pc.or_(pc.equal(query, ""), pc.starts_with(query, "?")), "", "?")
    asked = pc.binary_join_element_wise(target, mark, query, "")
    # A decoded path may hold spaces, behind which nothing tells where it ends.
    whole = pc.binary_join_element_wise(method, pc.replace_substring(asked, " ", "%20"), " ")
    line = pc.if_else(pc.equal(protocol, ""), whole, pc.binary_join_element_wise(method, asked, protocol, " "))
    joined = recode(codes, line)
    if raw["request"].null_count == raw.num_rows:
        return joined
    return as_one(pc.coalesce(raw["request"].cast(pa.string()), joined.cast(pa.string()))).dictionary_encode()


def _entries(raw: pa.Table, seconds: Seconds, site_in_request: bool, further: tuple[str, ...]) -> pa.Table:
    request_codes, requests = distinct(raw["request"])
    site = raw["site"]
    if site_in_request:
        named = pc.struct_field(pc.extract_regex(requests, _SITE_IN_REQUEST), "site")
        site = named.dictionary_encode().take(pa.array(request_codes))  # null, where the line's URL names none
    methods, targets, protocols = split_requests(requests)
    status_codes, statuses = distinct(raw["status"])
    bytes_codes, sizes = distinct(raw["bytes_sent"])
    sizes = pc.cast(pc.if_else(pc.match_substring_regex(sizes, _SIZE), sizes, _too_large(sizes)), pa.int64())
    return pa.table(
        {
            "site": site,
            "remote_host": raw["remote_host"],
            "forwarded_for": raw["forwarded_for"],
            "request_time": seconds,
            "method": recode(request_codes, methods),
            "target": recode(request_codes, targets),
            "protocol": recode(request_codes, protocols),
            "status": recode(status_codes, pc.if_else(pc.match_substring_regex(statuses, _STATUS), statuses, UNKNOWN)),
            "bytes_sent": sizes.to_numpy()[bytes_codes] if len(sizes) else np.zeros(0, np.int64),
            "referer": raw["referer"],
            "user_agent": raw["user_agent"],
            "opted_out": _opted_out(raw),
            **{name: raw[name] if name in raw.column_names else pa.nulls(raw.num_rows, TEXT) for name in further},
        },
        schema=entry_schema(further),
    )


def _too_large(sizes: pa.Array) -> pa.Array:
    """The largest size for numbers of more digits than a size has, 0 for what is no number."""
    return pc.if_else(pc.match_substring_regex(sizes, r"^[0-9]{19,}$"), "9" * 18, "0")


def _opted_out(raw: pa.Table) -> Flags:
    """Which requests carry a signal against tracking, where it is logged: DNT: 1 or Sec-GPC: 1."""
    out = np.zeros(raw.num_rows, np.bool_)
    for name in ("dnt", "gpc"):
        if not raw[name].null_count:
            codes, values = distinct(raw[name])
            out |= pc.equal(values, "1").to_numpy(zero_copy_only=False)[codes]
    return out


def split_requests(requests: pa.Array) -> tuple[pa.Array, pa.Array, pa.Array]:
    """Method, target and protocol of each request line; method "" marks one that is not a request, protocol "" one without."""
    found = pc.extract_regex(requests, _REQUEST_ARROW)
    parts = tuple(pc.struct_field(found, name) for name in ("method", "target", "protocol"))
    missing = pc.fill_null(pc.equal(parts[0], "CONNECT"), True)  # its target is no path, even if it looks like a URL
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
