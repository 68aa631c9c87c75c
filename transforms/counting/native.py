"""Counts with the native kernel: numpy's columns go in as bytes, and its bytes come out as numpy's columns."""

from __future__ import annotations

import contextlib

import numpy as np

from transforms.columns import Codes, Flags, Keys, Numbers

with contextlib.suppress(ImportError):  # then nobody calls this module: see transforms.kernel
    from transforms import _kernel


class Grouping:
    """See `kernels.Grouping`."""

    def __init__(self, rows: int) -> None:
        self.made = _kernel.Grouping(rows)

    @classmethod
    def _of(cls, made: _kernel.Grouping) -> Grouping:
        grouping = cls.__new__(cls)
        grouping.made = made
        return grouping

    def __len__(self) -> int:
        return len(self.made)

    def of_row(self) -> Codes:
        """See `kernels.Grouping`."""
        return _numbers(self.made.of_row())

    def divided(self, codes: Codes, width: int, admitted: Flags | None = None) -> tuple[Grouping, Codes, Codes]:
        """See `kernels.Grouping`."""
        made, above, own = self.made.divided(_bytes(codes), width, None if admitted is None else admitted.tobytes())
        return self._of(made), _numbers(above), _numbers(own)

    def placed(self, codes: Codes, width: int, above: Codes, own: Codes) -> Grouping:
        """See `kernels.Grouping`."""
        return self._of(self.made.placed(_bytes(codes), width, _bytes(above), _bytes(own)))

    def outside(self, other: Grouping, chosen: Flags) -> Grouping:
        """See `kernels.Grouping`."""
        return self._of(self.made.outside(other.made, chosen.tobytes()))


class Units:
    """See `kernels.Units`."""

    def __init__(self, networks: Numbers, addresses: Numbers, visitors: Numbers) -> None:
        self.made = _kernel.Units(_bytes(networks), _bytes(addresses), _bytes(visitors))

    def counts(self, grouping: Grouping, caps: Codes) -> tuple[Numbers, ...]:
        """See `kernels.Units`."""
        return tuple(map(_numbers, self.made.counts(grouping.made, _bytes(caps))))


class Absorbed:
    """See `kernels.Absorbed`."""

    def __init__(self, failing: Grouping, own: Codes, before: Absorbed | None, passed: Codes) -> None:
        self._made: _kernel.Absorbed = _kernel.Absorbed(
            failing.made, _bytes(own), before._made if before else None, _bytes(passed)
        )

    def visitors(self, units: Units, own: Grouping) -> tuple[Codes, ...]:
        """See `kernels.Absorbed`."""
        return tuple(map(_numbers, self._made.visitors(units.made, own.made)))


def ordered(dates: Codes, networks: Keys, addresses: Keys, visitors: Keys, lengths: Codes, seconds: Codes) -> tuple[object, ...]:
    """See `kernels.Ordered`."""
    rows, owners, hits, numbers, starts = _kernel.prepared(
        _bytes(dates), _keys(networks), _keys(addresses), _keys(visitors), _bytes(lengths), _bytes(seconds)
    )
    return _numbers(rows), _numbers(owners), _numbers(hits), list(map(_numbers, numbers)), starts


def partition(networks: Keys, owners: Codes, shards: int) -> tuple[Codes, ...]:
    """See `kernels.Partition`."""
    return tuple(map(_numbers, _kernel.partition(_keys(networks), _bytes(owners), shards)))


def _bytes(numbers: Codes) -> bytes:
    return numbers.astype("<i4", copy=False).tobytes()


def _keys(keys: Keys) -> bytes:
    return keys.astype("<u8", copy=False).tobytes()


def _numbers(made: bytes) -> Codes:
    return np.frombuffer(made, "<i4")
