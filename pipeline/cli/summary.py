"""What the operator reads on the terminal when a run is over, from its record."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from typing import Any

from rich.console import Console
from rich.table import Table

from pipeline.cli.terminal import indented
from pipeline.graph.coverage import EDGE
from pipeline.graph.run_record import BEGINS_INSIDE, OUT_OF_WINDOW
from pipeline.graph.sites import Doubt, other_sites_sentence
from pipeline.words import noun, plural, shown
from transforms.masking.ignored import RULE_REASONS
from transforms.parsing.rows import IGNORED_REASONS, REJECT_REASONS
from transforms.privacy.policy import Policy, policy_of

_WIDE = 1_000
_MANY = 6
"""Of so many reports in each, a table has two halves."""


def show(record: dict[str, Any], console: Console) -> None:
    """Print the summary of a run."""
    _lines(record, console)
    if record["days"]:
        _reports(record, console)
    found = [warning for name, warning in warnings(record) if name != BEGINS_INSIDE]  # which the verdict says
    if found:
        console.print()
    for warning in found:
        console.print(warning, style="yellow")
    _verdict(record, console)


def _lines(record: dict[str, Any], console: Console) -> None:
    lines, period = record["lines"], record["facts"]["period"]
    table = Table.grid(padding=(0, 1))
    table.add_column(justify="right", no_wrap=True)
    table.add_column()
    by_clock = f", by the clock of {record['facts']['time_zone']}" if record["why_time_zone"] else ""
    rows = [(lines["read"], _read_from(record)), (lines["counted"], f"counted{by_clock}")]
    rows.append((lines["out_of_window"], f"of {period}s that this run does not publish"))
    rows.append((lines["opted_out"], "left out, because the visitor opted out"))
    for name, meanings in (("ignored", IGNORED_REASONS | RULE_REASONS), ("rejected", REJECT_REASONS)):
        reasons = "; ".join(f"{meanings[reason]} ({count:,})" for reason, count in lines[name].items())
        rows.append((sum(lines[name].values()), f"{name}: {reasons}"))
    for number, (count, what) in enumerate(rows):
        if count or number < 2:
            table.add_row(f"{count:,}", what)
    console.print(table)
    first = next(((path, *file["examples"][0]) for path, file in record["files"].items() if file["examples"]), None)
    if first:
        console.print(f"The first rejected line: {shown(first[0])}, at byte {first[1]:,}. --run-record lists more.")
    for each in record["formats"]:
        name = f" in the format {each['format']}" if each["format"] else ""
        console.print(f"{plural(each['files'], 'file')}{name}: {'; '.join(each['in_short'])}")


def _read_from(record: dict[str, Any]) -> str:
    empty = len(record["empty_files"])
    files = len(record["files"]) + empty
    of_them = f", {empty:,} of them empty" if files > 1 else ", which is empty"
    return f"{noun(record['lines']['read'], 'line')} read from {plural(files, 'file')}{of_them if empty else ''}"


def _reports(record: dict[str, Any], console: Console) -> None:
    figures = _policy_of(record).figures([*record["days"].values()])
    console.print()
    if figures.rows:
        _figures(figures.titles, figures.rows, console)
    for note in figures.notes:
        console.print(note)


def _policy_of(record: dict[str, Any]) -> Policy:
    return policy_of(record["facts"]).from_facts(record["facts"])


def _figures(titles: Sequence[str], rows: Sequence[tuple[str, ...]], console: Console) -> None:
    """A table of reports: of many in two halves beside each other, if they fit. If not even one fits, lines below each name."""
    half = (len(rows) + 1) // 2
    halves = [[*one, *other] for one, other in zip_longest(rows[:half], rows[half:], fillvalue=())]
    for columns, lines in ((2, halves), (1, rows)):
        table = Table(box=None, padding=(0, 2, 0, 0))
        for _ in range(columns):
            table.add_column("report", no_wrap=True)
            for title in titles:
                table.add_column(title, justify="right")
        for line in lines:
            table.add_row(*line)
        fits = console.measure(table, options=console.options.update(max_width=_WIDE)).minimum <= console.width
        if fits and columns <= max(1, len(rows) // _MANY):
            console.print(table)
            return
    for name, *figures in rows:
        console.print(name)
        console.print(indented(", ".join(f"{title}: {figure}" for title, figure in zip(titles, figures, strict=True) if figure)))


def warnings(record: dict[str, Any]) -> list[tuple[str, str]]:
    """What the operator should look into: a name for programs, a sentence for people.

    A proxy is told of by the first run into a data set: every night it would be the same.
    """
    found = []
    period = record["facts"]["period"]
    dominated = [date for date, day in record["days"].items() if _may_be_a_proxy(day)]
    if dominated and record["first"]:
        found.append(
            (
                "one_network_dominates",
                f"More than half of people's hits of {_span(dominated, period)} come from one network, or from private "
                "addresses: this looks like a proxy, and hides your visitors. If the log holds X-Forwarded-For, see "
                "--trusted-proxies.",
            )
        )
    if record["ambiguous_times"]:
        found.append(
            (
                "ambiguous_times",
                f"{plural(record['ambiguous_times'], 'line')} from the hour that clocks in --log-timezone showed twice: the "
                "first was taken for all. Log the offset from UTC as well, and they can be told apart.",
            )
        )
    found += _policy_of(record).warnings([*record["days"].values()], {file["site"] for file in record["files"].values()} - {None})
    found += [("doubtful_site", Doubt(**doubt).sentence()) for doubt in record["doubtful_sites"]]
    if record["other_sites"]:
        found.append(("other_site", other_sites_sentence(record)))
    cut = [date for date, day in record["days_left_out"].items() if day["reason"] == BEGINS_INSIDE]
    if cut:
        text = (
            f"{cut[0]} is not published: the input begins inside this {period}, and it is published once. Give the files before, "
            f"too, or publish it as it is with --date {cut[0]}."
        )
        found.append((BEGINS_INSIDE, text))
    edges = [date for date, day in record["days"].items() if day["coverage"] == EDGE]
    if edges and not record["asked"]:
        text = (
            f"{' and '.join(edges)} may lack lines: the input begins or ends there. Next time give the files around it, or name "
            f"the {period} with --date."
        )
        found.append(("edge_published", text))
    without = record["days_without_lines"]
    if without:
        found.append(("days_without_lines", f"The input has no line of {', '.join(without)}. Is it in another file?"))
    if not record["lines"]["read"]:
        found.append(("no_line", "The input holds no line. Has the log been rotated, or is it elsewhere?"))
    return found


def _may_be_a_proxy(day: dict[str, Any]) -> bool:
    """One public address that makes most hits is no proxy: the policy warns of it."""
    return day["local_addresses_dominate"] or (day["one_network_dominates"] and not day.get("one_address_dominates"))


def _verdict(record: dict[str, Any], console: Console) -> None:
    """What was published and what not, and what to do next: last, so that it is what stays in sight."""
    period, days = record["facts"]["period"], record["days"]
    console.print()
    by_reason: dict[str, list[str]] = {}
    for date, day in record["days_left_out"].items():
        by_reason.setdefault(day["reason"], []).append(date)
    for reason, dates in by_reason.items():
        way_out = f" --date {dates[0]} publishes it as it is." if reason == BEGINS_INSIDE else ""
        console.print(f"Not published: {_span(dates, period)}: {OUT_OF_WINDOW[reason].format(period=period)}.{way_out}")
    took = f"{record['seconds']:.1f} s, {record['peak_memory_bytes'] / 1e6:,.0f} MB"
    if not days:
        console.print(f"Nothing was published: no {period} of the input is ended, new and whole. {took}")
        return
    edges = [date for date, day in days.items() if day["coverage"] == EDGE]
    if edges and record["asked"]:
        console.print(f"The input begins or ends in {_span(edges, period)}, which may be incomplete.")
    output, lines = shown(record["output"].rstrip("/")), sum(day["lines"] for day in days.values())
    console.print(f"Published: {_span([*days], period)}, {plural(lines, 'line')}. {took}")
    console.print("To look at it, for example in DuckDB:")
    console.print(f"  FROM '{output}/pages/*.parquet'", highlight=False, soft_wrap=True)


def _span(dates: list[str], period: str) -> str:
    """Periods by their first days.

    >>> _span(["2026-03-02"], "day"), _span(["2026-03-02", "2026-03-09"], "week")
    ('2026-03-02', '2026-03-02 to 2026-03-09 (2 weeks)')
    >>> _span(["2026-03-02"], "week")
    'the week from 2026-03-02'
    """
    if len(dates) == 1:
        return dates[0] if period == "day" else f"the {period} from {dates[0]}"
    return f"{dates[0]} to {dates[-1]} ({len(dates)} {period}s)"
