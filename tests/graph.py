"""Lists everything that a pipeline's proto carries, with pickled functions unpacked, for tests that search it."""

from __future__ import annotations

import base64
import bz2
import re
from collections.abc import Iterator

from apache_beam.portability.api import beam_runner_api_pb2


def payloads(pipeline: beam_runner_api_pb2.Pipeline) -> Iterator[bytes]:
    """The graph as it is sent, and what its pickled functions hold, for these are compressed."""
    yield pipeline.SerializeToString()
    for part in (*pipeline.components.transforms.values(), *pipeline.components.coders.values()):
        yield from _unpacked(part.SerializeToString())


def _unpacked(data: bytes) -> Iterator[bytes]:
    for packed in re.findall(rb"QlpoO[A-Za-z0-9+/=]+", data):  # base64 of "BZh9"
        content = bz2.BZ2Decompressor().decompress(base64.b64decode(packed[: len(packed) // 4 * 4]))
        yield content
        yield from _unpacked(content)
