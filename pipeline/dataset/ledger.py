"""The ledger: what each period of a policy that draws has spent. Its entries are public, like manifests.

Noise drawn twice for the same period costs its privacy budget twice. So a period is entered before anybody can see the first of
its files, with the hashes of all of them, and from then on these files are its release, or there is none.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from pipeline.dataset import layout
from pipeline.dataset.document import to_bytes
from pipeline.dataset.storage import open_storage
from pipeline.errors import EXIT_ALREADY_PUBLISHED, EXIT_OUTPUT, EXIT_UNEXPECTED, JobError


def spend(output: str, entry: dict[str, Any]) -> None:
    """Enter a period. Idempotent: the same entry is accepted again, any other for this period is refused."""
    storage = open_storage(output)
    if storage.create(layout.ledger_path(entry["date"]), to_bytes(entry)):
        return
    before = entries(output)[entry["date"]]
    if before["manifest"]["run_id"] != entry["manifest"]["run_id"]:
        message = f"{entry['date']}: another run has spent its privacy budget in the meantime."
        raise JobError(EXIT_ALREADY_PUBLISHED, "budget_spent", message)
    elif before != json.loads(to_bytes(entry)):
        message = f"{entry['date']}: the runner drew noise twice. What was drawn first stands. Run again to publish it."
        raise JobError(EXIT_UNEXPECTED, "noise_drawn_twice", message)


def entries(output: str) -> dict[str, dict[str, Any]]:
    """The entries by date."""
    found = {}
    for path, data in open_storage(output).read_all(layout.LEDGER).items():
        if not layout.is_ledger_entry(path):
            continue
        try:
            entry = json.loads(data)
            if path != layout.ledger_path(entry["date"]) or not isinstance(entry["manifest"]["run_id"], str):
                raise ValueError
            if not all(isinstance(about["sha256"], str) for about in entry["manifest"]["reports"].values()):
                raise ValueError
            found[entry["date"]] = entry
        except (ValueError, KeyError, TypeError, AttributeError):
            raise JobError(EXIT_OUTPUT, "bad_ledger", f"{output}/{path}: not an entry of the ledger. Restore it.") from None
    return found


def check_own(output: str, date: str, run_id: str) -> None:
    """Raise unless the period is entered for this run, and not given up: what the ledger does not name must not be published."""
    entry = entries(output).get(date)
    if entry is None or entry["manifest"]["run_id"] != run_id or entry.get("unpublished"):
        message = (
            f"{date}: the ledger names another release, or none. Only one job may publish to an output at a time. If the entry "
            f"{layout.ledger_path(date)} was lost, restore it."
        )
        raise JobError(EXIT_ALREADY_PUBLISHED, "budget_spent", message)


def give_up(output: str, entry: dict[str, Any]) -> None:
    """Note that a period's files are not all there: it is spent, and will not be published."""
    open_storage(output).write(layout.ledger_path(entry["date"]), to_bytes({**entry, "unpublished": True}))


def refuse_spent(entered: dict[str, dict[str, Any]], published: Iterable[str], asked: tuple[str, ...]) -> None:
    """Refuse to publish a period whose budget is spent, with a release or without (exit 4)."""
    for date in asked:
        if date in published:
            message = f"{date} is published already, and with noise it is published once: its privacy budget is spent."
            raise JobError(EXIT_ALREADY_PUBLISHED, "already_published", message)
        if date not in entered:
            continue
        if entered[date].get("unpublished"):
            message = (
                f"{date}: its privacy budget is spent. A run drew its noise and was interrupted before all files were there, or "
                "its release was removed. Drawing again would spend the budget twice, so this period stays unpublished."
            )
            raise JobError(EXIT_ALREADY_PUBLISHED, "budget_spent", message)
        # Only `plan` sees this: a run has settled it before.
        message = (
            f"{date}: a run was interrupted that had drawn its noise. The next `run` publishes what was drawn, or gives it up."
        )
        raise JobError(EXIT_ALREADY_PUBLISHED, "budget_spent", message)
