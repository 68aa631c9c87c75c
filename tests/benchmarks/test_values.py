"""The measurement of ordinary paths: the figures in docs/privacy.md are those of this program."""

from __future__ import annotations

from pathlib import Path

from benchmarks.values import kinds, lost

PRIVACY = (Path(__file__).parents[2] / "docs" / "privacy.md").read_text(encoding="utf-8")


def test_the_document_has_the_figures():
    measured = {kind: (len(paths), *lost(paths)) for kind, paths in kinds()}
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in PRIVACY.splitlines() if line.startswith("| ")]
    told = {row[0]: (int(row[1]), int(row[3]), int(row[5])) for row in rows if len(row) == 6 and row[0] in measured}
    assert len(told) == 9
    assert {kind: figures for kind, figures in measured.items() if kind in told} == told
    others = [figures for kind, figures in measured.items() if kind not in told]
    assert f"| {sum(number for number, *_ in others)} | 0 | 0 | 0 | 0 |" in PRIVACY
    assert not any(sum(figures[1:]) for figures in others)
