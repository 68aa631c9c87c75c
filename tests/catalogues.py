"""The catalogues of jobs without configuration, and the dimensions that travel in them, for tests."""

from __future__ import annotations

from transforms.counting.visits import is_of_visits
from transforms.privacy.differential.budget import Budget, bounded
from transforms.privacy.differential.policy import Differential
from transforms.reports.defaults import default_catalogue

REPORTS = default_catalogue()
NOISY_REPORTS = bounded(REPORTS)
TRAVELLING = Differential(Budget(("www.example.org",))).travelling(REPORTS)
"""What every policy needs of hits and visitors."""

OF_VISITS = tuple(filter(is_of_visits, REPORTS.all_dimensions()))
