"""`verify`: what is wrong with a published data set, as far as it can be checked from outside, without the logs.

It works by allow-list. Each table is written again from its rows, each JSON file from what it says, and bytes are compared; every
fact, every value of a closed vocabulary and every path must be one that this program makes. What a policy promises of its own its
`Checks` look at.
"""

from __future__ import annotations

import argparse

from pipeline import limits
from pipeline.audit.period import PublishedPeriod, of_ledger
from pipeline.audit.places import Places
from pipeline.audit.tree import Document, Tree, document, open_tree
from pipeline.cli import terminal
from pipeline.cli.described import described
from pipeline.config.config import reports_of_this_version
from pipeline.dataset import layout
from pipeline.dataset.dataset import DataSet
from pipeline.dataset.lock import holder
from pipeline.dataset.manifest import other_layout
from pipeline.errors import EXIT_INPUT, EXIT_VIOLATION, JobError
from pipeline.outputs.decoder import Decoder
from pipeline.words import plural, shown
from transforms.privacy.policy import Checks

_CHECKED = """\
Checked: hashes; each table and each JSON file holds what this program writes for its rows and facts, and no byte more; \
every fact, every path, and every value of a closed vocabulary is one that this program makes; every report divides its parent \
exactly; rows are sorted; {checked}; no value looks like an address, an e-mail address, a telephone or card number, or an \
identifier.
Not to be seen from outside: {unseen}; what numbers, and names that come from the log, tell somebody who knows more."""
_OTHER_LISTS = """\
{days}: made by other versions of the lists of browsers, systems and bots. Names that this version does not list were only \
searched for what looks like a person's."""
_UNKNOWN = "Reports that this version does not have: {names}. Their names and descriptions were only searched for the same."


def verify(options: argparse.Namespace, _: list[str]) -> None:
    """Print each violation, never with the value; raises `JobError` (exit 5) if there is one."""
    try:
        _verify(options.output)
    except OSError as error:
        short = limits.missing(error)
        if short:
            raise limits.job_error(short) from None
        raise JobError(EXIT_INPUT, "unreadable", f"{error.filename or options.output}: {error.strerror}.") from None


def _verify(output: str) -> None:
    at_work = holder(output)
    tree = open_tree(output)
    old = next(filter(layout.is_of_version_1, sorted(tree.files)), None)
    if old:
        raise other_layout(f"{output}/{old}")
    manifests = _manifests(tree)
    if not manifests and not any(layout.is_records(path) for path in (*tree.files, *tree.folders, *tree.links)):
        raise JobError(EXIT_INPUT, "missing", f"{output}: no published day is there (no _manifest/YYYY-MM-DD.json).")
    stated = {date: found.value for date, found in manifests.items()}
    titles = {report.name: report.title for report in reports_of_this_version()}
    violations = [*Places(tree, stated, titles, at_work).violations(), *of_ledger(tree, stated, at_work)]
    with Decoder() as decoder:
        periods = [PublishedPeriod(tree, date, found, decoder, titles) for date, found in manifests.items()]
        violations += [violation for period in periods for violation in period.violations()]
    with terminal.printing() as console:
        for violation in violations:
            console.print(shown(violation))
        if not violations:
            console.print("\n".join(_all_good(output, periods)))
    if violations:
        message = (
            f"{output}: {plural(len(violations), 'violation')}, of {plural(len(manifests), 'published day')}. See the list above."
        )
        if at_work:
            message = f"{message.removesuffix('.')}; but {at_work} is publishing there. Verify again when it has ended."
        raise JobError(EXIT_VIOLATION, "violations", message)


def _manifests(tree: Tree) -> dict[str, Document]:
    """The manifests by the dates that their names say."""
    found = {layout.stem(path): document(tree, path) for path in sorted(filter(layout.is_manifest, tree.files))}
    return {date: each for date, each in found.items() if each is not None}


def _all_good(output: str, periods: list[PublishedPeriod]) -> list[str]:
    rows, files = sum(period.rows for period in periods), sum(period.files for period in periods)
    data = DataSet(output)
    manifests = data.manifests()
    said = [*described(data, manifests)] if manifests else []
    policies: dict[str, type[Checks]] = {type(each.checks).__name__: type(each.checks) for each in periods if each.checks}
    said += [_CHECKED.format(checked=checks.checked, unseen=checks.unseen) for checks in policies.values()]
    others = sum(period.has_other_lists for period in periods)
    unknown = sorted({name for period in periods for name in period.unknown})
    said += [_OTHER_LISTS.format(days=plural(others, "day"))] if others else []
    said += [_UNKNOWN.format(names=", ".join(unknown))] if unknown else []
    return [*said, f"{plural(files, 'file')}, {plural(rows, 'row')}: no violation."]
