"""The catalogues of jobs without configuration, and the dimensions that travel in them, for tests."""

from __future__ import annotations

from transforms.dimensions.dimension import Scope
from transforms.privacy.differential.budget import BOUNDS, Budget
from transforms.privacy.differential.policy import Differential
from transforms.reports.defaults import default_catalogue

REPORTS = default_catalogue()
NOISY_REPORTS = REPORTS.of(BOUNDS)
TRAVELLING = Differential(Budget(("www.example.org",))).travelling(REPORTS)
"""What every policy needs of hits and visitors."""

OF_VISITS = tuple(dimension for dimension in REPORTS.all_dimensions() if dimension.scope is Scope.VISIT)
