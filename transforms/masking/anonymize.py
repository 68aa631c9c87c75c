"""Masks entries: keys replace addresses, paths are scrubbed, and only the selected columns remain.

This is the step after which no address, user name or query exists any more. Every column of its output is selected by name.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.clock import DAY_SECONDS, HOUR_SECONDS, UTC, local_seconds
from transforms.columns import Codes, Flags, Keys, Numbers, distinct, distinct_pairs, filled, recode, rows_of_bytes
from transforms.masking import secret as secrets
from transforms.masking.address import places
from transforms.masking.client import Proxies, hosts_of
from transforms.masking.masked import MASKED_VISITOR, masked_schema
from transforms.masking.path import scrub_paths
from transforms.masking.routes import Routes
from transforms.masking.site import publishable_site
from transforms.parsing.entry import ENTRY
from transforms.period import Window
from transforms.reserved import NONE, UNKNOWN

_MINUTE_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Masked:
    """Visitors (schema MASKED_VISITOR) and their hits (schema MASKED), and by period (its first day since 1970) all lines.

    `period_first` are the minutes of the local clock from a period's beginning to its first line, whole ones; `period_opted_out`
    the lines in the window that were left out because their visitors opted out.
    """

    visitors: pa.Table
    hits: pa.Table
    period_lines: dict[int, int]
    period_first: dict[int, int]
    period_opted_out: dict[int, int]


def first_minutes(entries: pa.Table, window: Window, time_zone: str) -> dict[int, int]:
    """The whole minutes from the beginning of each period, by its first day, to its first entry."""
    local = local_seconds(entries["request_time"].to_numpy(), time_zone)
    starts = window.period.first_days(local // DAY_SECONDS)
    periods, codes = np.unique(starts, return_inverse=True)
    first = np.full(len(periods), np.iinfo(np.int64).max)
    np.minimum.at(first, codes, (local - starts * DAY_SECONDS) // _MINUTE_SECONDS)
    return dict(zip(periods.tolist(), first.tolist(), strict=True))


def anonymize(
    entries: pa.Table,
    secret: bytes,
    window: Window,
    site: str | None = None,
    time_zone: str = UTC,
    proxies: Proxies | None = None,
    routes: Routes | None = None,
    exclude_opted_out: bool = False,
) -> Masked:
    """Mask the entries (schema ENTRY) of the window, by periods of the time zone's calendar.

    `site` names the site where the format has none, or only URLs could name it and that of a line does not; `proxies` are those
    whose X-Forwarded-For is trusted; `routes` the sites' own templates for paths; with `exclude_opted_out`, requests that carry a
    signal against tracking are not counted at all.
    """
    local = local_seconds(entries["request_time"].to_numpy(), time_zone)
    starts = window.period.first_days(local // DAY_SECONDS)
    periods, period_codes, period_counts = np.unique(starts, return_inverse=True, return_counts=True)
    period_lines = dict(zip(periods.tolist(), period_counts.tolist(), strict=True))
    keep = np.fromiter(map(window.includes, periods.tolist()), np.bool_, len(periods))[period_codes]
    out = keep & entries["opted_out"].to_numpy() if exclude_opted_out else np.zeros(len(keep), np.bool_)
    opted_out = np.bincount(period_codes[out], minlength=len(periods))
    keep &= ~out
    if not keep.all():
        entries, local, period_codes = entries.filter(pa.array(keep)), local[keep], period_codes[keep]
    dates = periods[period_codes].astype(np.int32) if len(periods) else np.zeros(0, np.int32)
    visitors, visitor_codes = _visitors(hosts_of(entries, proxies), entries["user_agent"], dates, secret)
    sites = _sites(entries["site"], site)
    target_codes, targets = distinct(entries["target"])
    paths = recode(target_codes, scrub_paths(targets))
    if routes is not None:
        paths = routes.apply(sites, entries["target"], paths)
    pathless = _equal(paths, NONE)
    # Of UTC, because a local clock may run backwards.
    seconds = entries["request_time"].to_numpy() - dates.astype(np.int64) * DAY_SECONDS
    hours = local % DAY_SECONDS // HOUR_SECONDS
    further = tuple(name for name in entries.column_names if name not in ENTRY.names)
    hits = pa.table(
        {
            "visitor": visitor_codes,
            "second": seconds.astype(np.int32),
            "hour": hours.astype(np.int32),
            "site": sites,
            # CONNECT has no path: two reports together would tell how many other requests have none.
            "method": _without(entries["method"], pathless),
            "protocol": _without(entries["protocol"], pathless),
            "status": entries["status"],
            "path": paths,
            "referer": entries["referer"],
            "bytes_sent": entries["bytes_sent"],
            **{name: entries[name] for name in further},
        },
        schema=masked_schema(further),
    )
    return Masked(
        visitors,
        hits,
        period_lines,
        period_first=first_minutes(entries, window, time_zone),
        period_opted_out={period: lines for period, lines in zip(periods.tolist(), opted_out.tolist(), strict=True) if lines},
    )


def _visitors(hosts: pa.ChunkedArray, user_agents: pa.ChunkedArray, dates: Numbers, secret: bytes) -> tuple[pa.Table, Codes]:
    """One row a visitor and day, and each entry's row number in it."""
    agents, agent_codes, agent_keys = _agents(user_agents, secret)
    host_codes, host_values = distinct(hosts)
    units, unit_codes = _units(host_codes, host_values, dates, secret)
    codes, units_of, agents_of = distinct_pairs(unit_codes, agent_codes)
    rows = pa.array(units_of)
    address_keys = units["address_key"].to_numpy()[units_of]
    messages = rows_of_bytes(np.stack([address_keys, agent_keys[agents_of]], axis=1).view(np.uint8)).to_pylist()
    visitor_keys = secrets.keys(secret, secrets.VISITOR, messages)
    visitors = pa.table(
        {
            "date": units["date"].take(rows),
            "network_key": units["network_key"].take(rows),
            "address_key": address_keys,
            "visitor_key": visitor_keys,
            "local": units["local"].take(rows),
            "prefix": units["prefix"].take(rows),
            "user_agent": agents.take(pa.array(agents_of)),
        },
        schema=MASKED_VISITOR,
    )
    return visitors, codes


def _agents(column: pa.ChunkedArray, secret: bytes) -> tuple[pa.Array, Codes, Keys]:
    """Distinct agents as a column (null: the format has none), each entry's code in it, and a key for each."""
    if column.null_count:
        absent = pa.DictionaryArray.from_arrays(pa.array([None], pa.int32()), pa.array([], pa.string()))
        # An absent agent and every agent that exists are told apart by the first byte.
        return absent, np.zeros(len(column), np.int32), secrets.keys(secret, secrets.AGENT, [b"0"])
    codes, values = distinct(column)
    messages = [b"1" + value.encode() for value in values.to_pylist()]
    return values.dictionary_encode(), codes, secrets.keys(secret, secrets.AGENT, messages)


def _units(host_codes: Codes, hosts: pa.Array, dates: Numbers, secret: bytes) -> tuple[pa.Table, Codes]:
    """One row an address (the privacy unit) and day with its keys and prefix, and each entry's row number in it."""
    first = int(dates.min()) if len(dates) else 0
    codes, host_of, days_of = distinct_pairs(host_codes, dates - first)
    date_of = (days_of + first).astype(np.int32)
    # A period's bytes stand before those of the place.
    known = places(hosts)
    periods, codes_of = np.unique(date_of, return_inverse=True)
    framed = rows_of_bytes(periods.astype(">i4").view(np.uint8).reshape(-1, 4)).take(pa.array(codes_of))
    # Several hosts may be one unit (an IPv6 /56, everything local): one row for each message.
    units = pc.binary_join_element_wise(framed, known.units.take(pa.array(host_of)), b"").dictionary_encode()
    unit_of = units.indices.to_numpy()
    _, row_of_unit = np.unique(unit_of, return_index=True)
    hosts_of_units = pa.array(host_of[row_of_unit])
    networks = pc.binary_join_element_wise(framed.take(pa.array(row_of_unit)), known.networks.take(hosts_of_units), b"")
    networks = networks.dictionary_encode()
    network_keys = secrets.keys(secret, secrets.NETWORK, networks.dictionary.to_pylist())
    table = pa.table(
        {
            "date": date_of[row_of_unit],
            "network_key": network_keys[networks.indices.to_numpy()],
            "address_key": secrets.keys(secret, secrets.ADDRESS, units.dictionary.to_pylist()),
            "local": known.are_local().take(hosts_of_units),
            "prefix": known.prefixes.take(hosts_of_units).dictionary_encode(),
        }
    )
    return table, unit_of[codes]


def _equal(column: pa.DictionaryArray, text: str) -> Flags:
    codes, values = distinct(column)
    return np.asarray(pc.equal(values, text).to_numpy(zero_copy_only=False), np.bool_)[codes]


def _without(column: pa.ChunkedArray, where: Flags) -> pa.ChunkedArray | pa.DictionaryArray:
    """The column, empty in some rows."""
    if not where.any():
        return column
    codes, values = distinct(column)
    return recode(np.where(where, len(values), codes), pa.concat_arrays([values, pa.array([""], pa.string())]))


def _sites(column: pa.ChunkedArray, default: str | None) -> pa.DictionaryArray:
    codes, values = distinct(filled(column, default or UNKNOWN))
    return recode(codes, [publishable_site(value) for value in values.to_pylist()])
