"""Takes a run record, gives what the operator reads on the terminal when the run is over."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table

from pipeline.run_record import OUT_OF_WINDOW
from transforms.parse import IGNORED_REASONS, REJECT_REASONS
from transforms.policies.threshold import NETWORK_CAP


def show(record: dict[str, Any], console: Console) -> None:
    """Print the summary of a run."""
    _lines(record, console)
    if record["days"]:
        _days(record, console)
        _reports(record, console)
    _left_out(record, console)
    _warnings(record, console)
    _footer(record, console)


def _lines(record: dict[str, Any], console: Console) -> None:
    lines = record["lines"]
    table = Table.grid(padding=(0, 1))
    table.add_column(justify="right", no_wrap=True)
    table.add_column()
    table.add_row(f"{lines['read']:,}", f"lines read from {_plural(len(record['files']), 'file')}")
    table.add_row(f"{lines['counted']:,}", "counted")
    table.add_row(f"{lines['out_of_window']:,}", "out of window")
    if lines["opted_out"]:
        table.add_row(f"{lines['opted_out']:,}", "left out, because the visitor opted out")
    for name, meanings in (("ignored", IGNORED_REASONS), ("rejected", REJECT_REASONS)):
        reasons = "; ".join(f"{count:,} {meanings[reason]}" for reason, count in lines[name].items())
        table.add_row(f"{sum(lines[name].values()):,}", name + (f" ({reasons})" if reasons else ""))
    console.print(table)
    console.print()
    for each in record["formats"]:
        said = f"{_plural(each['files'], 'file')} in the format {each['format']}: {'; '.join(each['why'])}"
        console.print(said, markup=False, soft_wrap=True)


def _days(record: dict[str, Any], console: Console) -> None:
    console.print()
    for date, day in record["days"].items():
        edge = "  at the edge of the input, perhaps incomplete" if day["coverage"] == "edge" else ""
        console.print(f"{date}  published, {day['lines']:,} lines{edge}", soft_wrap=True)


def _reports(record: dict[str, Any], console: Console) -> None:
    totals: dict[str, dict[str, int]] = {}
    for day in record["days"].values():
        for name, figures in day["reports"].items():
            total = totals.setdefault(name, dict.fromkeys(figures, 0))
            for figure, value in figures.items():
                total[figure] += value
    k = record["facts"]["min_addresses"]
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("report")
    for title in ("rows", f"under {k}", "joined", "hits in (other)"):
        table.add_column(title, justify="right")
    for name, total in totals.items():
        of = total["hits"] if name != "daily" else total["hits"] + total["hits_other"]
        share = f"{100 * total['hits_other'] / of:.1f} %" if of else "–"
        table.add_row(name, f"{total['rows']:,}", f"{total['rows_under']:,}", f"{total['rows_joined']:,}", share)
    console.print()
    console.print(table)
    console.print(
        f"\nA row is published if it has at least {k} addresses, of which at most {NETWORK_CAP} of one network count (of bots "
        "all). Rows under that stand together as (other); in daily they are left out of everything. Where (other) was under it "
        "too, the smallest other row joined it."
    )


def _left_out(record: dict[str, Any], console: Console) -> None:
    by_reason: dict[str, list[str]] = {}
    for date, day in record["days_left_out"].items():
        by_reason.setdefault(day["reason"], []).append(date)
    for reason, dates in by_reason.items():
        span = dates[0] if len(dates) == 1 else f"{dates[0]} to {dates[-1]} ({len(dates)} days)"
        console.print(f"Not published: {span}: {OUT_OF_WINDOW[reason]}.")
    without = record["days_without_lines"]
    if without:
        console.print(f"Asked for, but without any line in the input: {', '.join(without)}.", style="yellow")
    if not record["lines"]["read"]:
        console.print("The input holds no line.", style="yellow")
    if not record["days"]:
        console.print("Nothing was published: no day of the input is ended and new.")


def _warnings(record: dict[str, Any], console: Console) -> None:
    if any(day["one_network_dominates"] for day in record["days"].values()):
        console.print(
            "More than half of the hits of a day come from one network: this looks like a proxy, and hides your visitors. If the "
            "log holds X-Forwarded-For, see --trusted-proxies.",
            style="yellow",
        )
    if record["ambiguous_times"]:
        console.print(
            f"{_plural(record['ambiguous_times'], 'line')} from the hour that clocks in --log-timezone showed twice: the first "
            "was taken for all.",
            style="yellow",
        )
    if any(day["unknown_site"] for day in record["days"].values()):
        console.print("The log names no site: say --site www.example.org to have it in the tables.", style="yellow")


def _footer(record: dict[str, Any], console: Console) -> None:
    if record["days"]:
        output = record["output"].rstrip("/")
        console.print(f"\nParquet in {output}/, for example in DuckDB:")
        query = f"FROM read_parquet('{output}/pages/**/*.parquet', hive_partitioning=true)"
        console.print(f"  {query}", highlight=False, soft_wrap=True)
    console.print(f"{record['seconds']:.1f} s, peak memory {record['peak_memory_bytes'] / 1e6:,.0f} MB")


def _plural(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"
