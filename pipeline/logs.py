"""Takes nothing, gives quiet libraries: Beam's own messages may quote elements, so only what this program says is shown."""

from __future__ import annotations

import logging
import warnings


def quieten() -> None:
    """Before Beam is imported: it installs a handler and warns about extras that are not needed."""
    logging.basicConfig(level=logging.CRITICAL, force=True)
    logging.getLogger().setLevel(logging.CRITICAL)
    warnings.filterwarnings("ignore", module="apache_beam")
