"""Takes a manifest and published tables, gives what is wrong with them by the rules of their mode, for `verify`: a mode a file.

Each mode has the same parts: the reports that it publishes, what their schemas and metadata must say, which measures its rows
divide, and checks of its own for rows and for the whole period. No sentence echoes a value.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import pyarrow as pa

from transforms.reports.report import Catalogue, Report


class Mode(Protocol):
    """The checks of a mode, for one period."""

    @property
    def facts(self) -> tuple[str, ...]:
        """What manifest and metadata state."""

    @property
    def reports(self) -> Catalogue:
        """The reports that are published."""

    @property
    def overlapping(self) -> tuple[str, ...]:
        """Measures of which a parent's lies between the greatest and the sum of its rows."""

    def stated(self) -> Iterator[str]:
        """What the manifest should state and does not."""

    def noise(self, report: Report) -> dict[str, dict[str, str]] | None:
        """What the metadata say of the noise on each measure, if there is any."""

    def rows(self, report: Report, table: pa.Table, parents: pa.Table | None) -> Iterator[str]:
        """What is wrong with rows; `parents` are those that the report divides."""

    def period(self) -> Iterator[str]:
        """What is wrong with the period as a whole."""


COMMON_FACTS = ("time_zone", "log_time_zone", "period", "opt_out", "country_database", "rules")
