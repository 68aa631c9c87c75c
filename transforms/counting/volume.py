"""The exact volume of many hits. Logged sizes have up to 18 digits, so a dozen of them may be more than 64 bits hold."""

from __future__ import annotations

import numpy as np

from transforms.columns import Integers

_LOW = np.int64(0xFFFFFFFF)


def volume_of(sizes: Integers) -> int:
    """The sum of a column of 64-bit integers, exact. High and low halves are added apart: 2³¹ rows overflow neither sum.

    >>> volume_of(np.full(12, 999_999_999_999_999_999))
    11999999999999999988
    """
    return (int((sizes >> np.int64(32)).sum(dtype=np.int64)) << 32) + int((sizes & _LOW).sum(dtype=np.int64))
