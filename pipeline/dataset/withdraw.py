"""Takes a whole data set back, so that it can begin anew with another setting."""

from __future__ import annotations

from pipeline.dataset import layout
from pipeline.dataset.dataset import DataSet
from pipeline.dataset.manifest import Manifest, policy_class_of
from pipeline.errors import EXIT_USAGE, JobError


def withdrawable(output: str) -> dict[str, Manifest]:
    """The manifests of all published periods; raises `JobError` if a privacy budget was spent on one.

    A second release of a period with noise would spend its budget twice. What was spent does not come back with the files.
    """
    manifests = DataSet(output).manifests()
    drawn = next((date for date, manifest in manifests.items() if policy_class_of(manifest).draws), None)
    if drawn is not None:
        message = (
            f"{output}: {drawn} was published with noise, and its privacy budget is spent. Removing it gives nothing back: keep "
            "the data set, and publish other periods with other settings to another --output."
        )
        raise JobError(EXIT_USAGE, "spent", message)
    return manifests


def withdraw(output: str) -> None:
    """Remove all published periods. A period's manifest goes last: if this is interrupted, it can be done again."""
    storage = DataSet(output).storage
    for date, manifest in withdrawable(output).items():
        storage.delete(*(layout.data_path(report, date) for report in manifest["reports"]), layout.guard_path(date))
        storage.delete(layout.manifest_path(date))
