"""Publishes a log as an attacker sees it, with the program intact or with one of its rules disabled.

Each attack runs twice: against the program, where it must learn nothing, and against the program without the rule that stops it,
where it must succeed. An attack that never succeeds would prove nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

import numpy as np
import pyarrow.compute as pc

from tests.catalogues import REPORTS
from tests.eager import release_log, tables_of
from transforms.counting.measures import EVIDENCE
from transforms.dimensions.agent import TRAFFIC_KINDS
from transforms.privacy import release as door
from transforms.privacy.threshold import measures
from transforms.privacy.threshold import plan as planning
from transforms.privacy.threshold import release as suppression
from transforms.privacy.threshold.gate import Gate
from transforms.reports.report import Catalogue, Report

DAY, SITE, K = "2026-03-03", "www.example.org", 10

Tables = dict[str, dict[tuple[str, ...], tuple[int, ...]]]


def published(log: bytes, **options: object) -> Tables:
    """Rows of each report: dimensions → hits, and visitors where they are published."""
    # In one shard, because these are many; nothing depends on their number (test_order, test_reference).
    return tables_of(release_log(log, k=K, **{"shards": 1, **options})).get(DAY, {})


def hits(tables: Tables, report: str, **named: str) -> int:
    """Hits of a report's rows by name (not `(other)`) that have these values."""
    return sum(
        row[0]
        for key, row in tables.get(report, {}).items()
        if "(other)" not in key and named.items() <= dict(zip(REPORTS.columns(report), key, strict=True)).items()
    )


@contextmanager
def without_gate() -> Iterator[None]:
    """Every row passes: what is published is what was counted."""
    with patch.object(Gate, "admits", lambda _, counts, report: np.ones(counts.num_rows, np.bool_)):
        yield


@contextmanager
def visitors_instead_of_addresses() -> Iterator[None]:
    """A gate that counts visitors, as most programs do."""
    with patch.object(Gate, "admits", lambda gate, counts, _: np.asarray(counts["visitors"].to_numpy() >= gate.min_addresses)):
        yield


@contextmanager
def without_caps() -> Iterator[None]:
    """A gate that counts all addresses, whatever their network."""
    with patch.object(Gate, "caps", lambda _: dict.fromkeys(TRAFFIC_KINDS, 10**6)):
        yield


@contextmanager
def without_absorption() -> Iterator[None]:
    """Failing cells are simply left out, and nobody checks that tables add up."""

    def leave_out(report, judged, *_):
        named = judged.named
        nothing = np.zeros(named.num_rows, np.int64)
        return suppression.Rows(named, named.slice(0, 0), nothing, nothing, nothing)

    with patch.object(suppression, "_absorbed", leave_out), patch.object(door, "check", lambda *_: None):
        yield


@contextmanager
def weakest_absorbs() -> Iterator[None]:
    """The smallest passing cell absorbs those that fail, so that most is named."""

    def smallest(planned, parent, own):
        order = pc.sort_indices(planned, [(EVIDENCE, "ascending"), (own, "ascending")]).to_numpy()
        _, first = np.unique(parent[order], return_index=True)
        return order[first]

    with patch.object(planning, "_largest", smallest):
        yield


@contextmanager
def other_of_two() -> Iterator[None]:
    """What fails is `(other)` whenever it passes together, though it may be known of what it consists."""
    with patch.object(suppression, "few_left", lambda _, parents, __: np.zeros(parents.num_rows, np.bool_)):
        yield


@contextmanager
def exact_visitors() -> Iterator[None]:
    """Visitors as they are."""
    with patch.object(measures, "rounded_visitors", lambda visitors, *_: visitors):
        yield


@contextmanager
def with_reports(*reports: Report) -> Iterator[None]:
    """Another catalogue, without the sibling rule: these reports in place of those of the same name, or at the end."""
    instead = {report.name: report for report in reports}
    own = [instead.pop(report.name, report) for report in REPORTS]
    with patch.object(Catalogue, "_refuse_relatives", lambda *_: None):
        catalogue = Catalogue([*own, *instead.values()])
    with (
        patch.object(Catalogue, "_refuse_relatives", lambda *_: None),
        patch("tests.eager.REPORTS", catalogue),
        patch(f"{__name__}.REPORTS", catalogue),
    ):
        yield
