"""Logs the events of a run to standard error, as text or as JSON, and silences all other loggers.

Libraries write messages that may quote elements of a pipeline. So the only handler lets through nothing but this program's own
messages.
"""

from __future__ import annotations

import datetime
import json
import logging
import sys
import warnings

from pipeline.words import encodable, shown

_LOGGER = logging.getLogger("weblog_anonymizer")


class _OwnEvents(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        return record.name == _LOGGER.name


class _Text(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return encodable(f"weblog-anonymizer: {shown(record.getMessage())}", sys.stderr.encoding)


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        time = datetime.datetime.fromtimestamp(record.created, datetime.timezone.utc).isoformat(timespec="seconds")
        event = {"time": time, "level": record.levelname.lower(), "message": record.getMessage()}
        return json.dumps(event | getattr(record, "facts", {}))


def quieten(log_format: str | None = None) -> None:
    """Silence everything except this program's events. Beam installs its own handler when it is imported: call again then."""
    logging.raiseExceptions = False  # else an event that cannot be written is shown with a traceback
    root = logging.getLogger()
    for handler in [*root.handlers]:
        if not (log_format is None and any(isinstance(own, _OwnEvents) for own in handler.filters)):
            root.removeHandler(handler)
    if log_format is not None:
        handler = logging.StreamHandler()
        handler.addFilter(_OwnEvents())
        handler.setFormatter(_Json() if log_format == "json" else _Text())
        root.addHandler(handler)
        # On a terminal the progress bar and the summary tell the same, better.
        _LOGGER.setLevel(logging.WARNING if log_format == "text" and sys.stderr.isatty() else logging.INFO)
    warnings.filterwarnings("ignore", module="apache_beam")


def event(name: str, message: str, level: int = logging.INFO, **facts: object) -> None:
    """Log an event; `message` and `facts` name files, dates and numbers, never anything from a log line."""
    _LOGGER.log(level, message, extra={"facts": {"event": name, **facts}})
