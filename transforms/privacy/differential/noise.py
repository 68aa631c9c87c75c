"""Adds discrete Gaussian noise to bounded counts.

The noise is OpenDP's, which is exact: the low bits of floating-point noise would reveal the count.
"""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np

from transforms.columns import Integers
from transforms.privacy.differential.budget import Mechanism


class NoiseError(Exception):
    """OpenDP does not confirm what the mechanism is said to cost. Carries the report's and measure's names only."""


def is_available() -> bool:
    """Whether OpenDP, which is an extra of the package, is installed."""
    return find_spec("opendp") is not None


def with_noise(counts: Integers, mechanism: Mechanism) -> Integers:
    """The counts, each with discrete Gaussian noise of its own.

    Raises `NoiseError` if OpenDP computes a greater ρ than the mechanism's.
    """
    # Imported where it is used: it loads a library of 40 MB that the default mode never needs.
    import opendp.prelude as dp

    dp.enable_features("contrib")
    space = dp.vector_domain(dp.atom_domain(T="i64")), dp.l2_distance(T=float)
    measurement = dp.m.make_gaussian(*space, scale=mechanism.scale)
    if measurement.map(mechanism.sensitivity) > mechanism.rho * (1 + 1e-9):
        raise NoiseError(f"{mechanism.report}, {mechanism.measure}")
    return np.array(measurement(counts.tolist()), np.int64)
