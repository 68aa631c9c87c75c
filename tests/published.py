"""What a published data set holds, for tests."""

from __future__ import annotations

from pathlib import Path

GUARD = "0_read_one_report_at_a_time"


def tables(output: Path) -> list[Path]:
    """The files of tables below a folder, sorted: all Parquet files except the guards."""
    return sorted(path for path in output.rglob("*.parquet") if path.parent.name != GUARD)
