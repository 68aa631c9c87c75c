"""The databases that dimensions look values up in, opened for one job."""

from __future__ import annotations

from dataclasses import dataclass

from transforms.dimensions.country import CountryLookup


@dataclass(frozen=True, slots=True)
class Lookups:
    """Open databases."""

    countries: CountryLookup
