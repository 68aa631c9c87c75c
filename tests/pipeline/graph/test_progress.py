"""The progress bar draws when it is told something, so it needs no thread."""

from __future__ import annotations

import io
import sys
import threading

from pipeline.graph import progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_starts_no_thread_and_draws_what_it_is_told(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    before = threading.active_count()
    with progress.shown(1_000_000):
        progress.consumed(500_000)
        progress.counted(1_234)
        assert threading.active_count() == before
        assert "1,234 lines" in sys.stderr.getvalue()
        assert "0.5/1.0 MB" in sys.stderr.getvalue()
