"""What a manifest says: that a period is published, under which guarantee, with which reports and files. It is public."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypeGuard

from pipeline.dataset import layout
from pipeline.errors import EXIT_OUTPUT, JobError
from transforms.errors import translated
from transforms.privacy.policy import Policy, policy_of
from transforms.reports.report import Catalogue

SCHEMA_VERSION = 1
"""Version of the published tables' columns."""

OPT_OUT = ("ignore", "exclude")
"""What was done with requests that said DNT or Sec-GPC; the first unless something else was asked for."""

COMMON_FACTS = ("time_zone", "log_time_zone", "period", "opt_out", "routes", "ignored", "country_database", "rules")
"""What manifest and metadata state beside the facts of the policy."""

OWN_FACTS = ("layout", "schema_version", "date", "revision", "run_id", "reports")
"""What only the manifest states."""

STAGED = "staged"
"""Stated, as true, while a release replaces another one: its tables lie in the staging of its run until all are in place."""

Manifest = dict[str, Any]


def manifest_of(
    date: str,
    facts: Mapping[str, str],
    catalogue: Catalogue,
    hashes: Mapping[str, str],
    rows: Mapping[str, int],
) -> Manifest:
    """A period's manifest without `run_id` and `revision`; of each report what it divides, its file's hash, and its rows.

    All of it follows from the published tables, so it does not say how far the input goes: that depends on lines of other days.
    """
    described = catalogue.described()
    reports = {name: {**described[name], "rows": rows[name], "sha256": sha256} for name, sha256 in hashes.items()}
    return {**facts, "date": date, "layout": layout.VERSION, "schema_version": SCHEMA_VERSION, "reports": reports}


def read_manifest(data: bytes, place: str) -> Manifest:
    """The manifest in a file; `JobError` (exit 8) if it is invalid, or of another layout. `place` names the file in messages."""
    try:
        manifest = json.loads(data)
    except ValueError:
        manifest = None
    if not is_manifest(manifest):
        raise JobError(EXIT_OUTPUT, "bad_manifest", f"{place}: not a manifest. Restore or remove it.")
    if manifest.get("layout") != layout.VERSION:
        raise other_layout(place)
    return manifest


def is_manifest(document: Any) -> TypeGuard[Manifest]:
    """Whether a JSON document has what every manifest has."""
    names = {"date": str, "run_id": str, "revision": int, "reports": dict}
    return isinstance(document, dict) and all(isinstance(document.get(name), kind) for name, kind in names.items())


def other_layout(place: str) -> JobError:
    """The error for a file of a version whose files lie elsewhere."""
    message = (
        f"{place}: written by a version of weblog-anonymizer with another layout. Publish the days that it "
        "lacks into another --output. Use the version that wrote it to verify it, or to complete what was interrupted."
    )
    return JobError(EXIT_OUTPUT, "other_layout", message)


def table_path(manifest: Mapping[str, Any], report: str) -> str:
    """Where the table of a report lies, as the manifest says it."""
    if manifest.get(STAGED):
        return layout.staged_path(manifest["run_id"], report, manifest["date"], drawn=False)
    return layout.data_path(report, manifest["date"])


def catalogue_of(manifest: Mapping[str, Any]) -> Catalogue:
    """The reports that a manifest lists; `CatalogueError` if it does not describe them."""
    return Catalogue.from_described(manifest["reports"])


def policy_class_of(manifest: Mapping[str, Any]) -> type[Policy]:
    """The policy that a manifest states; `JobError` (exit 8) if this version does not know it."""

    def unknown(_: ValueError) -> JobError:
        message = (
            f"{manifest.get('date')}: its manifest states a mode that this version does not know. Use the one that wrote it."
        )
        return JobError(EXIT_OUTPUT, "bad_manifest", message)

    with translated(ValueError, unknown):
        return policy_of(manifest)
