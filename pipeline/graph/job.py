"""The job: all that the graph needs to know, without the secret, without log content."""

from __future__ import annotations

from dataclasses import dataclass

from transforms.block import Rules
from transforms.privacy.policy import Policy
from transforms.reports.report import Catalogue


@dataclass(frozen=True, slots=True)
class InputFile:
    """A file to read: its size in bytes, how it is compressed (`plain`, `gz`, `bz2`, `zst`), and its log format.

    `identity` is a local file's device and inode, which identify it if its name is given to another file. `site` is that of
    lines that name none.
    """

    path: str
    size: int
    compression: str
    format: str
    local: bool
    identity: tuple[int, int] | None = None
    site: str | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """One run. `asked` are the days requested with --date (ISO), empty for every ended day that is not yet published.

    `awaited` says whether the launcher waits. If it does, the last step leaves it the run record. If not, the job cleans up by
    itself.
    """

    run_id: str
    files: tuple[InputFile, ...]
    output: str
    rules: Rules
    policy: Policy
    catalogue: Catalogue
    block_bytes: int
    max_reject_ratio: float
    asked: tuple[str, ...]
    replace: bool
    awaited: bool
    facts: tuple[tuple[str, str], ...]
    refuses_one_network: bool = True
