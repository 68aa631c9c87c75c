"""Parses times as servers write them into seconds since 1970 UTC, and tells which of them are valid calendar times.

Digits are read by their position, for all rows at once: parsing dates one by one is the slowest part of most log readers.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from transforms.clock import utc_seconds
from transforms.columns import Bytes, Flags, Seconds, distinct, points_in, recode, spans_of, texts_at
from transforms.formats import Clock

_MONTHS = {name: number for number, name in enumerate(calendar.month_abbr) if name}
_CLF_WIDTH = 20  # 17/May/2015:10:05:03
_ISO_WIDTH = 19  # 2015-05-17T10:05:03
_ISO_ZONE = r"^(?: ?(?:Z|UTC|[+-][0-9]{2}(?::?[0-9]{2})?)|)$"
_ZONE = re.compile(r"[+-][0-9]{4}")


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds since 1970 UTC, which of them are valid, and which a clock without zone shows twice (the first is taken).

    `stated` are the valid times that state their zone, and `offsets` the seconds by which it is ahead of UTC.
    """

    seconds: Seconds
    valid: Flags
    ambiguous: Flags
    stated: Flags
    offsets: Seconds


def read_times(times: pa.Array, zones: pa.Array, clock: Clock, log_time_zone: str) -> Times:
    """Times as text; `zones` holds the zones of CLF times, "" for none. Times without a zone are in `log_time_zone`."""
    if clock is Clock.EPOCH:
        seconds, valid = _of_epoch(times)
        none = np.zeros(len(seconds), np.bool_)
        return Times(seconds, valid, none, none, np.zeros(len(seconds), np.int64))
    local, fits, zones = _of_clf(times, zones) if clock is Clock.CLF else _of_iso(times)
    zone, zones_valid, unsaid = _zone_seconds(zones)
    valid = fits & zones_valid
    seconds, ambiguous = local - zone, np.zeros(len(local), np.bool_)
    if unsaid.any():
        seconds[unsaid], ambiguous[unsaid] = utc_seconds(local[unsaid], log_time_zone)
    return Times(seconds, valid, ambiguous & valid, valid & ~unsaid, zone)


def _of_clf(times: pa.Array, zones: pa.Array) -> tuple[Seconds, Flags, pa.Array]:
    grid, fits = _grid(times, _CLF_WIDTH)
    local, valid = _local(grid[:, :11], _clf_days, grid[:, 12:])
    return local, fits & valid & (grid[:, 11] == ord(":")), zones


def _clf_days(dates: Bytes) -> tuple[Seconds, Flags]:
    digits = dates[:, [0, 1, 7, 8, 9, 10]].astype(np.int64) - 48
    fits = (dates[:, [2, 6]] == ord("/")).all(axis=1)
    letters = (dates[:, 3].astype(np.int64) << 16) | (dates[:, 4].astype(np.int64) << 8) | dates[:, 5]
    month = np.zeros(len(dates), np.int64)
    for name, number in _MONTHS.items():
        month[letters == int.from_bytes(name.encode(), "big")] = number
    return _days(digits, digits[:, 2:] @ np.array([1000, 100, 10, 1]), month, digits[:, :2] @ np.array([10, 1]), fits)


def _iso_days(dates: Bytes) -> tuple[Seconds, Flags]:
    digits = dates[:, [0, 1, 2, 3, 5, 6, 8, 9]].astype(np.int64) - 48
    marks = dates[:, [4, 7]]
    fits = (marks == ord("-")).all(axis=1) | (marks == ord("/")).all(axis=1)
    month, day = digits[:, 4:6] @ np.array([10, 1]), digits[:, 6:] @ np.array([10, 1])
    return _days(digits, digits[:, :4] @ np.array([1000, 100, 10, 1]), month, day, fits)


def _of_iso(times: pa.Array) -> tuple[Seconds, Flags, pa.Array]:
    data, starts, ends = _without_brackets(times)
    fits = ends - starts >= _ISO_WIDTH
    second = np.where(fits, starts + _ISO_WIDTH, ends)
    zone = ends - _zone_widths(data, second, ends)
    grid = _bytes_at(data, np.where(fits, starts, 0), _ISO_WIDTH)
    local, valid = _local(grid[:, :10], _iso_days, grid[:, 11:])
    fits &= (grid[:, 10] == ord("T")) | (grid[:, 10] == ord(" "))
    if (second < zone).any():
        mark = data.take(second, mode="clip")
        fraction = np.minimum(second + 1, zone)
        fits &= (second == zone) | (
            ((mark == ord(".")) | (mark == ord(","))) & _are_digits(*texts_at(data, *_spans(fraction, zone)))
        )
    codes, values = distinct(texts_at(data, *_spans(zone, ends))[0])
    fits &= pc.match_substring_regex(values, _ISO_ZONE).to_numpy(zero_copy_only=False)[codes]
    for written, read in ((r"^ ", ""), (r"^(?:Z|UTC)$", "+0000"), (r":", ""), (r"^([+-][0-9]{2})$", r"\100")):
        values = pc.replace_substring_regex(values, written, read)
    return local, fits & valid, recode(codes, values)


def _bytes_at(data: Bytes, begins: Seconds, width: int) -> Bytes:
    """The bytes from each position on, in rows of the width; of what is shorter than that altogether, zeros."""
    if len(data) < width:
        return np.zeros((len(begins), width), np.uint8)
    rows: npt.NDArray[np.void] = np.ndarray((len(data) - width + 1,), f"V{width}", data, 0, (1,))
    return rows[begins].view(np.uint8).reshape(len(begins), width)


def _zone_widths(data: Bytes, begin: Seconds, ends: Seconds) -> Seconds:
    """How many bytes at the end of texts look like a zone: Z, UTC, +00, +00:00 or +0000, perhaps behind a blank.

    `begin` is where it may begin.
    """
    widths = np.zeros(len(ends), np.int64)
    for width, signs in ((1, b"Z"), (3, b"U+-"), (5, b"+-"), (6, b"+-")):
        byte = data.take(ends - width, mode="clip")
        widths[np.logical_or.reduce([byte == sign for sign in signs]) & (ends - width >= begin)] = width
    before = ends - widths - 1
    widths[(widths > 0) & (before >= begin) & (data.take(before, mode="clip") == ord(" "))] += 1
    return widths


def _of_epoch(times: pa.Array) -> tuple[Seconds, Flags]:
    data, starts, ends = _without_brackets(times)
    valid, points = points_in(data, starts, ends)
    width = points - starts
    valid &= (width >= 9) & (width <= 19) & (points != ends - 1)
    (wholes,) = texts_at(data, *_spans(starts, points))
    number = pc.cast(wholes if valid.all() else pc.if_else(pa.array(valid), wholes, "0"), pa.uint64()).to_numpy()
    # More digits than seconds will have before the year 5000 are of milli-, micro- or nanoseconds.
    for limit, unit in ((10**17, 10**9), (10**14, 10**6), (10**11, 10**3)):
        finer = number >= limit
        if finer.any():
            number = np.where(finer, number // unit, number)
    return number.astype(np.int64), valid


def _without_brackets(times: pa.Array) -> tuple[Bytes, Seconds, Seconds]:
    data, starts, ends = spans_of(times)
    starts = starts + ((data.take(starts, mode="clip") == ord("[")) & (starts < ends))
    return data, starts, ends - ((data.take(ends - 1, mode="clip") == ord("]")) & (starts < ends))


def _spans(*edges: Seconds) -> tuple[Seconds, Seconds]:
    """Where spans begin and end that follow each other between the edges, a row each."""
    return np.stack(edges[:-1]), np.stack(edges[1:])


def _are_digits(texts: pa.StringArray) -> Flags:
    return np.asarray(pc.ascii_is_decimal(texts).to_numpy(zero_copy_only=False), np.bool_)


def _grid(texts: pa.Array, width: int) -> tuple[Bytes, Flags]:
    """The texts' bytes in rows of the width, and which texts have it; the others are question marks."""
    text = pc.cast(texts, pa.binary())
    fits = pc.fill_null(pc.equal(pc.binary_length(text), width), False)
    if not pc.all(fits).as_py():
        text = pc.if_else(fits, text, pa.scalar(b"?" * width, pa.binary()))
    count = len(text)
    if not count:
        return np.zeros((0, width), np.uint8), np.zeros(0, np.bool_)
    text = pa.concat_arrays([text])
    start = np.frombuffer(text.buffers()[1], np.int32)[text.offset]
    grid = np.frombuffer(text.buffers()[2], np.uint8)[start : start + count * width].reshape(count, width)
    return grid, np.array(fits.to_numpy(zero_copy_only=False), np.bool_)


def _local(dates: Bytes, days_of: Callable[[Bytes], tuple[Seconds, Flags]], clocks: Bytes) -> tuple[Seconds, Flags]:
    """Seconds since 1970 by a local clock. Most lines have the date of the one before, and it is read once."""
    first = np.ones(len(dates), np.bool_)
    whole = np.ascontiguousarray(dates).view(f"V{dates.shape[1]}")[:, 0]
    first[1:] = whole[1:] != whole[:-1]
    days, valid = days_of(dates[first])
    run = np.cumsum(first) - 1
    seconds, fits = _seconds_of_day(np.ascontiguousarray(clocks).view("<i8")[:, 0])
    return days[run] * 86_400 + seconds, valid[run] & fits


def _days(digits: Seconds, year: Seconds, month: Seconds, day: Seconds, fits: Flags) -> tuple[Seconds, Flags]:
    """Days since 1970, and which dates are in the calendar; `digits` are the digits of the dates."""
    valid = fits & ((digits >= 0) & (digits <= 9)).all(axis=1)
    valid &= (month > 0) & (month <= 12) & (year >= 1970) & (year <= 9998)
    year, month = np.where(valid, year, 1970), np.where(valid, month, 1)
    first = (year - 1970).astype("datetime64[Y]").astype("datetime64[M]") + (month - 1)
    month_start = first.astype("datetime64[D]").astype(np.int64)
    month_end = (first + 1).astype("datetime64[D]").astype(np.int64)
    return month_start + day - 1, valid & (day >= 1) & (day <= month_end - month_start)


def _seconds_of_day(clocks: Seconds) -> tuple[Seconds, Flags]:
    """Seconds since midnight of texts such as 10:05:03, whose eight bytes are packed into one number, the first one lowest."""
    digits = clocks ^ int.from_bytes(b"00:00:00", "little")  # of a digit its value remains, of a colon nothing
    # Six more than a digit is less than 16; of any other byte some of the upper four bits are set, before or then.
    six, upper = (
        int.from_bytes(mask, "little", signed=True) for mask in (b"\6\6\0\6\6\0\6\6", b"\xf0\xf0\xff\xf0\xf0\xff\xf0\xf0")
    )
    fits = (((digits + six) | digits) & upper) == 0
    hour, minute, second = ((digits >> at & 15) * 10 + (digits >> at + 8 & 15) for at in (0, 24, 48))
    # A leap second (:60) counts as the second before it.
    return hour * 3_600 + minute * 60 + np.minimum(second, 59), fits & (hour < 24) & (minute < 60) & (second <= 60)


def _zone_seconds(zones: pa.Array) -> tuple[Seconds, Flags, Flags]:
    """Offsets of zones such as +0100, which are valid, and which are missing."""
    codes, values = distinct(zones)
    offsets, valid, unsaid = [], [], []
    for value in values.to_pylist():
        hours, minutes = (int(value[1:3]), int(value[3:5])) if _ZONE.fullmatch(value) else (0, 0) if not value else (99, 0)
        offsets.append((hours * 3_600 + minutes * 60) * (-1 if value[:1] == "-" else 1))
        valid.append(hours <= 15 and minutes < 60)
        unsaid.append(not value)
    return np.asarray(offsets, np.int64)[codes], np.asarray(valid, np.bool_)[codes], np.asarray(unsaid, np.bool_)[codes]
