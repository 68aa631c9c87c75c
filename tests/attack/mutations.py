"""Publishes a log as an attacker sees it, with the program intact or with one of its rules disabled.

Each attack runs twice: against the program, where it must learn nothing, and against the program without the rule that stops it,
where it must succeed. An attack that never succeeds would prove nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

import numpy as np

from tests.catalogues import REPORTS
from tests.eager import release_log, tables_of
from transforms.dimensions.agent import TRAFFIC_KINDS
from transforms.privacy import release as door
from transforms.privacy.threshold import release as suppression
from transforms.privacy.threshold.gate import Gate
from transforms.reports.report import Catalogue, Report

DAY, SITE, K = "2026-03-03", "www.example.org", 10

Tables = dict[str, dict[tuple[str, ...], tuple[int, ...]]]

RELEASE, DIVIDED = suppression.release, door.divided


def published(log: bytes, **options: object) -> Tables:
    """Rows of each report: dimensions → hits, visitors, visits, bytes."""
    return tables_of(release_log(log, k=K, **options)).get(DAY, {})


def hits(tables: Tables, report: str, **named: str) -> int:
    """Hits of a report's rows by name (not `(other)`) that have these values."""
    return sum(
        row[0]
        for key, row in tables[report].items()
        if "(other)" not in key and named.items() <= dict(zip(REPORTS.columns(report), key, strict=True)).items()
    )


@contextmanager
def without_gate() -> Iterator[None]:
    """Every row passes: what is published is what was counted."""
    with patch.object(Gate, "admits", lambda _, counts: np.ones(counts.num_rows, np.bool_)):
        yield


@contextmanager
def visitors_instead_of_addresses() -> Iterator[None]:
    """A gate that counts visitors, as most programs do."""
    with patch.object(Gate, "admits", lambda gate, counts: np.asarray(counts["visitors"].to_numpy() >= gate.min_addresses)):
        yield


@contextmanager
def without_caps() -> Iterator[None]:
    """A gate that counts all addresses, whatever their network."""
    with patch.object(Gate, "caps", lambda _: dict.fromkeys(TRAFFIC_KINDS, 10**6)):
        yield


@contextmanager
def without_folds() -> Iterator[None]:
    """Failing rows are simply left out, and nobody checks that tables add up."""

    def leave_out(report, table, folds, parents, plan, catalogue, gate):
        return table.filter(door.is_in(door.keys_of(table, catalogue, report.name), door.keys_of(plan, catalogue, report.name)))

    with patch.object(suppression, "_fold", leave_out), patch.object(door, "check", lambda *_: None):
        yield


@contextmanager
def without_forest() -> Iterator[None]:
    """A report divides the rows of its parent that were counted and pass, whether they were published or folded."""

    def release(counts, folds, catalogue, gate):
        def divided(_, report):
            parents = counts[report.parent]
            return DIVIDED(parents.filter(gate.admits(parents)), report)

        with patch.object(suppression, "divided", divided), patch.object(door, "divided", divided):
            return RELEASE(counts, folds, catalogue, gate)

    with patch("tests.eager.release", release):
        yield


@contextmanager
def with_reports(*reports: Report) -> Iterator[None]:
    """Another catalogue, without the sibling rule: these reports in place of those of the same name, or at the end."""
    instead = {report.name: report for report in reports}
    own = [instead.pop(report.name, report) for report in REPORTS]
    with patch.object(Catalogue, "_refuse_relatives", lambda *_: None):
        catalogue = Catalogue([*own, *instead.values()])
    with patch("tests.eager.REPORTS", catalogue), patch(f"{__name__}.REPORTS", catalogue):
        yield
