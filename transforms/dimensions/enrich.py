"""Takes masked visitors and hits, gives visitors and hits with what is reported about them: country, device, kind, channel …

Everything is looked up once per distinct value. What comes out holds only keys, reportable dimensions and measures.
"""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from transforms.columns import distinct, recode
from transforms.dimensions.agents import describe_agent
from transforms.dimensions.country import CountryLookup
from transforms.dimensions.extensions import DOWNLOADS, PAGES, STATIC
from transforms.dimensions.http import publishable_method, publishable_protocol
from transforms.dimensions.referrers import describe_referrer, origins
from transforms.dimensions.vocabulary import KINDS
from transforms.hosts import site_domain
from transforms.masking.address import network_name
from transforms.masking.path import extension
from transforms.reserved import NONE, UNKNOWN
from transforms.schema import HIT, VISITOR

_INVALID, _NOT_FOUND, _ERROR, _REDIRECT, _STATIC, _DOWNLOAD, _PAGE, _OTHER = range(len(KINDS))
_STATUS = re.compile(r"[0-9]{3}")


def enrich(visitors: pa.Table, hits: pa.Table, countries: CountryLookup) -> tuple[pa.Table, pa.Table]:
    """Visitors (schema VISITOR) and hits (schema HIT) of MASKED_VISITOR and MASKED tables."""
    return _visitors(visitors, countries), _hits(hits)


def _visitors(visitors: pa.Table, countries: CountryLookup) -> pa.Table:
    prefix_codes, prefixes = distinct(visitors["prefix"])
    if visitors["user_agent"].null_count:
        agent_codes, agents = np.zeros(visitors.num_rows, np.int32), [describe_agent(None)]
    else:
        agent_codes, values = distinct(visitors["user_agent"])
        agents = [describe_agent(value) for value in values.to_pylist()]
    described = {
        name: recode(agent_codes, [getattr(agent, name) for agent in agents])
        for name in ("traffic", "device", "operating_system", "browser", "bot_kind", "bot")
    }
    columns = {name: visitors[name] for name in ("date", "network_key", "address_key", "visitor_key")}
    country = recode(prefix_codes, countries.codes(prefixes.to_pylist()))
    network = recode(prefix_codes, list(map(network_name, prefixes.to_pylist())))
    return pa.table({**columns, **described, "country": country, "network": network}).select(VISITOR.names).cast(VISITOR)


def _hits(hits: pa.Table) -> pa.Table:
    channels, sources = _referrers(hits["referer"], hits["site"])
    methods, protocols = _requests(hits["method"], hits["protocol"])
    kinds, file_types = _kinds(hits)
    return pa.table(
        {
            "visitor": hits["visitor"],
            "second": hits["second"],
            "site": hits["site"],
            "hour": hits["hour"],
            "kind": kinds,
            "method": methods,
            "protocol": protocols,
            "status": hits["status"],
            "path": hits["path"],
            "file_type": file_types,
            "channel": channels,
            "source": sources,
            "bytes_sent": hits["bytes_sent"],
        },
        schema=HIT,
    )


def _requests(methods: pa.ChunkedArray, protocols: pa.ChunkedArray) -> tuple[pa.DictionaryArray, pa.DictionaryArray]:
    """Published method and protocol of each hit."""
    method_codes, method_names = distinct(methods)
    protocol_codes, protocol_names = distinct(protocols)
    width = max(len(protocol_names), 1)
    pairs = [(method, protocol) for method in method_names.to_pylist() for protocol in protocol_names.to_pylist()]
    published = pa.array([publishable_protocol(*pair) for pair in pairs], pa.string())
    return (
        recode(method_codes, pa.array(list(map(publishable_method, method_names.to_pylist())), pa.string())),
        recode(method_codes * width + protocol_codes, published),
    )


def _kinds(hits: pa.Table) -> tuple[pa.DictionaryArray, pa.DictionaryArray]:
    """The kind of each hit, by what the method, then the status, then the extension say; and a static file's type."""
    method_codes, methods = distinct(hits["method"])
    status_codes, statuses = distinct(hits["status"])
    path_codes, paths = distinct(hits["path"])
    by_method = np.array([_INVALID if not method else -1 for method in methods.to_pylist()], np.int8)
    reads = np.array([method in ("GET", "POST") for method in methods.to_pylist()], np.bool_)
    by_status = np.array([_kind_of_status(status) for status in statuses.to_pylist()], np.int8)
    shown = np.array([status == "304" or status.startswith("2") for status in statuses.to_pylist()], np.bool_)
    extensions = list(map(extension, paths.to_pylist()))
    by_extension = np.array(list(map(_kind_of_extension, extensions)), np.int8)
    if not hits.num_rows:
        empty = recode(np.zeros(0, np.int32), pa.array([], pa.string()))
        return empty, empty
    kinds: npt.NDArray[np.int8] = by_extension[path_codes]
    is_page = reads[method_codes] & shown[status_codes]
    kinds = np.where((kinds == _PAGE) & ~is_page, _OTHER, kinds)
    kinds = np.where(by_status[status_codes] >= 0, by_status[status_codes], kinds)
    kinds = np.where(by_method[method_codes] >= 0, by_method[method_codes], kinds)
    types = np.where(kinds == _STATIC, path_codes, len(extensions))
    return recode(kinds.astype(np.int32), KINDS), recode(types.astype(np.int32), [*extensions, NONE])


def _kind_of_status(status: str) -> int:
    if not _STATUS.fullmatch(status) or status == "304":
        return -1
    if status in ("404", "410"):
        return _NOT_FOUND
    if status >= "400":
        return _ERROR
    return _REDIRECT if status.startswith("3") else -1


def _kind_of_extension(name: str) -> int:
    if name in STATIC:
        return _STATIC
    if name in DOWNLOADS:
        return _DOWNLOAD
    return _PAGE if not name or name in PAGES else _OTHER


def _referrers(referers: pa.ChunkedArray, sites: pa.ChunkedArray) -> tuple[pa.DictionaryArray, pa.DictionaryArray]:
    """Channel and source of each hit; a referrer of the site's own registrable domain is internal."""
    if referers.null_count:
        codes, known = np.zeros(len(referers), np.int32), [describe_referrer(None)]
    else:
        codes, values = distinct(referers)
        sources = origins(values).dictionary_encode()
        codes = sources.indices.to_numpy().take(codes) if len(codes) else codes
        known = [describe_referrer(value) for value in sources.dictionary.to_pylist()]
    site_codes, site_names = distinct(sites)
    own = np.array([site_domain(site) if site != UNKNOWN else "" for site in site_names.to_pylist()], object)
    domains = np.array([referrer.domain for referrer in known], object)
    domain_names = {name: number for number, name in enumerate(dict.fromkeys([*own.tolist(), *domains.tolist()]))}
    own_numbers = np.array([domain_names[name] for name in own.tolist()], np.int32)
    numbers = np.array([domain_names[name] for name in domains.tolist()], np.int32)
    if not len(codes):
        empty = recode(codes, pa.array([], pa.string()))
        return empty, empty
    internal = (numbers[codes] == own_numbers[site_codes]) & (numbers[codes] != domain_names.get("", -1))
    inside = np.where(internal, len(known), codes).astype(np.int32)
    return (
        recode(inside, [*(referrer.channel for referrer in known), "internal"]),
        recode(inside, [*(referrer.source for referrer in known), NONE]),
    )
