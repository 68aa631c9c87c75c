"""Joins the pieces of one shard into visitors and hits. Pieces made with different secrets are refused."""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa

from transforms.wire import joined, unpack


class SecretChangedError(Exception):
    """Pieces of one shard were made with different secrets: a runner has computed a stage again."""


def gather(pieces: Iterable[bytes]) -> tuple[pa.Table, pa.Table]:
    """Visitors, each with its number of `hits`, and the hits in the order of their visitors (see `shard`).

    Raises `SecretChangedError`: keys derived from two secrets cannot be matched.
    """
    visitor_parts, hit_parts, secrets = [], [], set()
    for piece in pieces:
        tables = unpack(piece)
        secrets.add((tables["visitors"].schema.metadata or {}).get(b"secret"))
        visitor_parts.append(tables["visitors"].replace_schema_metadata(None))
        hit_parts.append(tables["hits"])
    if len(secrets) > 1:
        raise SecretChangedError
    return joined(visitor_parts), joined(hit_parts)
