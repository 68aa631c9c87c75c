"""What the operator reads on the terminal when a run is over, from its record."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from pipeline.cli.terminal import indented
from pipeline.graph.run_record import EDGE, OUT_OF_WINDOW
from pipeline.graph.sites import Doubt, other_sites_sentence
from pipeline.words import noun, plural, shown
from transforms.masking.ignored import RULE_REASONS
from transforms.parsing.parse import IGNORED_REASONS, REJECT_REASONS
from transforms.privacy.policy import Policy, policy_of

_WIDE = 1_000


def show(record: dict[str, Any], console: Console) -> None:
    """Print the summary of a run."""
    _lines(record, console)
    if record["days"]:
        _days(record, console)
        _reports(record, console)
    _left_out(record, console)
    for _, warning in warnings(record):
        console.print(f"\n{warning}", style="yellow")
    _footer(record, console)


def _lines(record: dict[str, Any], console: Console) -> None:
    lines = record["lines"]
    table = Table.grid(padding=(0, 1))
    table.add_column(justify="right", no_wrap=True)
    table.add_column()
    table.add_row(f"{lines['read']:,}", _read_from(record))
    table.add_row(f"{lines['counted']:,}", "counted")
    table.add_row(f"{lines['out_of_window']:,}", "out of window: of days that this run does not publish")
    if lines["opted_out"]:
        table.add_row(f"{lines['opted_out']:,}", "left out, because the visitor opted out")
    for name, meanings in (("ignored", IGNORED_REASONS | RULE_REASONS), ("rejected", REJECT_REASONS)):
        reasons = "; ".join(f"{meanings[reason]} ({count:,})" for reason, count in lines[name].items())
        table.add_row(f"{sum(lines[name].values()):,}", name + (f": {reasons}" if reasons else ""))
    console.print(table)
    first = next(((path, *file["examples"][0]) for path, file in record["files"].items() if file["examples"]), None)
    if first:
        console.print(f"The first rejected line: {shown(first[0])}, at byte {first[1]:,}. --run-record lists more.")
    console.print()
    for each in record["formats"]:
        name = f" in the format {each['format']}" if each["format"] else ""
        console.print(f"{plural(each['files'], 'file')}{name}: {'; '.join(each['in_short'])}")


def _read_from(record: dict[str, Any]) -> str:
    empty = len(record["empty_files"])
    files = len(record["files"]) + empty
    of_them = f", {empty:,} of them empty" if files > 1 else ", which is empty"
    return f"{noun(record['lines']['read'], 'line')} read from {plural(files, 'file')}{of_them if empty else ''}"


def _days(record: dict[str, Any], console: Console) -> None:
    console.print()
    for date, day in record["days"].items():
        console.print(f"{date}  published, {plural(day['lines'], 'line')}{'  (edge)' if day['coverage'] == EDGE else ''}")
    if any(day["coverage"] == EDGE for day in record["days"].values()):
        console.print("(edge): the input begins or ends in this day, which may be incomplete.")


def _reports(record: dict[str, Any], console: Console) -> None:
    figures = _policy_of(record).figures([*record["days"].values()])
    _figures(figures.titles, figures.rows, console)
    for note in figures.notes:
        console.print(f"\n{note}")
    if figures.legend:
        legend = Table.grid(padding=(0, 0, 0, 2))
        for term, meaning in figures.legend:
            legend.add_row(term, meaning)
        console.print(legend)


def _policy_of(record: dict[str, Any]) -> Policy:
    return policy_of(record["facts"]).from_facts(record["facts"])


def _figures(titles: Sequence[str], rows: Sequence[tuple[str, ...]], console: Console) -> None:
    """A table of reports; where the terminal is too narrow for its numbers, they are lines below each report's name."""
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("report", no_wrap=True)
    for title in titles:
        table.add_column(title, justify="right")
    for row in rows:
        table.add_row(*row)
    console.print()
    if console.measure(table, options=console.options.update(max_width=_WIDE)).minimum <= console.width:
        console.print(table)
        return
    for name, *figures in rows:
        console.print(name)
        console.print(indented(", ".join(f"{title}: {figure}" for title, figure in zip(titles, figures, strict=True) if figure)))


def _left_out(record: dict[str, Any], console: Console) -> None:
    by_reason: dict[str, list[str]] = {}
    for date, day in record["days_left_out"].items():
        by_reason.setdefault(day["reason"], []).append(date)
    for reason, dates in by_reason.items():
        console.print(f"Not published: {_span(dates)}: {OUT_OF_WINDOW[reason]}.")
    if not record["days"]:
        console.print("Nothing was published: no day of the input is ended and new.")


def warnings(record: dict[str, Any]) -> list[tuple[str, str]]:
    """What the operator should look into: a name for programs, a sentence for people.

    A proxy is told of by the first run into a data set: every night it would be the same.
    """
    found = []
    dominated = [date for date, day in record["days"].items() if _may_be_a_proxy(day)]
    if dominated and record["first"]:
        found.append(
            (
                "one_network_dominates",
                f"More than half of people's hits of {_span(dominated)} come from one network, or from private addresses: this "
                "looks like a proxy, and hides your visitors. If the log holds X-Forwarded-For, see --trusted-proxies.",
            )
        )
    if record["ambiguous_times"]:
        found.append(
            (
                "ambiguous_times",
                f"{plural(record['ambiguous_times'], 'line')} from the hour that clocks in --log-timezone showed twice: the "
                "first was taken for all.",
            )
        )
    found += _policy_of(record).warnings([*record["days"].values()], {file["site"] for file in record["files"].values()} - {None})
    found += [("doubtful_site", Doubt(**doubt).sentence()) for doubt in record["doubtful_sites"]]
    if record["other_sites"]:
        found.append(("other_site", other_sites_sentence(record)))
    edges = [date for date, day in record["days"].items() if day["coverage"] == EDGE]
    if edges and not record["asked"]:
        period = record["facts"]["period"]
        text = (
            f"The input begins or ends in {' and in '.join(edges)}, and a {period} is published once: lines of it that are "
            f"elsewhere are left out. Next time name the {period} with --date, and give the files before and after it, too. "
            "What is published by now only --replace can change, which weakens the guarantee: see README.md."
        )
        found.append(("edge_published", text))
    without = record["days_without_lines"]
    if without:
        found.append(("days_without_lines", f"Asked for, but without any line in the input: {', '.join(without)}."))
    if not record["lines"]["read"]:
        found.append(("no_line", "The input holds no line."))
    return found


def _may_be_a_proxy(day: dict[str, Any]) -> bool:
    """One public address that makes most hits is no proxy: the policy warns of it."""
    return day["local_addresses_dominate"] or (day["one_network_dominates"] and not day.get("one_address_dominates"))


def _footer(record: dict[str, Any], console: Console) -> None:
    if record["days"]:
        output = shown(record["output"].rstrip("/"))
        console.print(f"\nParquet in {output}/, for example in DuckDB:")
        query = f"FROM '{output}/pages/*.parquet'"
        console.print(f"  {query}", highlight=False, soft_wrap=True)
    console.print(f"{record['seconds']:.1f} s, peak memory {record['peak_memory_bytes'] / 1e6:,.0f} MB")


def _span(dates: list[str]) -> str:
    return dates[0] if len(dates) == 1 else f"{dates[0]} to {dates[-1]} ({len(dates)} days)"
