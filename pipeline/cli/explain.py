"""`explain`: the guarantee and its limits in plain words, with the numbers of the options, or those that a data set states."""

from __future__ import annotations

import argparse

from pipeline.cli import terminal
from pipeline.cli.described import described
from pipeline.config.policy import policy_of_options
from pipeline.dataset.dataset import DataSet
from pipeline.dataset.manifest import Manifest, policy_class_of
from pipeline.errors import EXIT_INPUT, EXIT_OUTPUT, EXIT_USAGE, JobError
from pipeline.words import reflowed
from transforms.period import Period

WIDTH = 115


def explain(options: argparse.Namespace, _: list[str]) -> None:
    """Print to standard output."""
    if options.output is None:
        text = policy_of_options(options, explained=True).explanation(options.period or Period.DAY.value)
    else:
        _refuse_others(options)
        text = _stated(options.output)
    with terminal.printing() as console:
        console.print(reflowed(text, min(console.width, WIDTH)), end="", soft_wrap=True)


def _refuse_others(options: argparse.Namespace) -> None:
    from pipeline.cli.options import parser

    without = vars(parser().parse_args([options.command]))
    given = [name for name, value in vars(options).items() if name != "output" and value != without[name]]
    if given:
        message = f"--{given[0].replace('_', '-')}: {options.output} states its own. Leave the option or the folder out."
        raise JobError(EXIT_USAGE, "usage", message)


def _stated(output: str) -> str:
    """The explanation of each guarantee that the manifests state: of a data set with one, of that one."""
    data = DataSet(output)
    manifests = data.manifests()
    if not manifests:
        raise JobError(EXIT_INPUT, "missing", f"{output}: no published day is there (no _manifest/YYYY-MM-DD.json).")
    dates: dict[str, list[str]] = {}
    for date, manifest in manifests.items():
        dates.setdefault(_explanation(output, manifest), []).append(date)
    parts = []
    for text, own in dates.items():
        about = "\n".join(described(data, {date: manifests[date] for date in own}))
        parts.append(f"{output} states: {about}\n\n{text}")
    return "\n\n".join(part.rstrip("\n") for part in parts) + "\n"


def _explanation(output: str, manifest: Manifest) -> str:
    policy, period = policy_class_of(manifest), manifest.get("period")
    try:
        return policy.from_facts(manifest).explanation(Period(period).value)
    except (ValueError, KeyError, TypeError, AttributeError):
        message = f"{output}, {manifest['date']}: its manifest states no guarantee that this version knows. `verify` says more."
        raise JobError(EXIT_OUTPUT, "bad_manifest", message) from None
