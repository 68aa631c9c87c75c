"""Partitions the visitors and hits of a block by network: everything that one network did is in one shard.

A piece holds its visitors in a row and their hits in the same order, so that each visitor says how many hits are its own and no
hit needs a reference. The secret's fingerprint travels with it.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from transforms.counting.kernels import partition
from transforms.wire import compact, pack


def shard(visitors: pa.Table, hits: pa.Table, shards: int, fingerprint: str) -> dict[int, bytes]:
    """Packed pieces (tables `visitors`, `hits`) by shard number; shards without hits are absent."""
    if not hits.num_rows:
        return {}
    parts = partition(visitors["network_key"].to_numpy(), hits["visitor"].to_numpy(), shards)
    own_hits = pa.field("hits", pa.int32(), nullable=False)
    visitors = visitors.take(pa.array(parts.visitors)).append_column(own_hits, pa.array(parts.lengths))
    hits = hits.drop_columns(["visitor"]).take(pa.array(parts.hits))
    visitor_ends = np.cumsum(parts.sizes)
    hit_ends = np.concatenate([[0], np.cumsum(parts.lengths)])[visitor_ends]
    pieces = {}
    start = hit_start = 0
    for at, (end, hit_end) in enumerate(zip(visitor_ends.tolist(), hit_ends.tolist(), strict=True)):
        if end > start:
            pieces[at] = pack(
                {
                    "visitors": compact(visitors.slice(start, end - start)).replace_schema_metadata({"secret": fingerprint}),
                    "hits": compact(hits.slice(hit_start, hit_end - hit_start)),
                }
            )
        start, hit_start = end, hit_end
    return pieces
