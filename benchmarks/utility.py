"""Measures the utility that the guarantee leaves: the share of hits and of rows that are published by name.

    python benchmarks/utility.py --visitors 200 2000 20000 200000 --k 5 10 20
    python benchmarks/utility.py --visitors 200 2000 20000 200000 --epsilon 1 2 4

`--epsilon` measures the dp mode. There a row counts if it is named and its hits exceed the half width of their noise. Hits beyond
the contribution bounds do not count either.

Days are those of `examples/generate.py`, so the same arguments give the same tables. A week is seven of them. The generator's
visitors never return on another day, so a real week has fewer addresses for its hits than this one.
"""

from __future__ import annotations

import argparse
import datetime
import json
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

import pyarrow as pa  # noqa: E402
import pyarrow.compute as pc  # noqa: E402

from examples.generate import generate  # noqa: E402
from transforms.block import Block, Rules, process_block  # noqa: E402
from transforms.columns import cell_keys  # noqa: E402
from transforms.counting.count import add_counts, count_day, merge_pieces  # noqa: E402
from transforms.counting.visits import is_of_visits  # noqa: E402
from transforms.masking.secret import new_secret  # noqa: E402
from transforms.parsing.read import blocks  # noqa: E402
from transforms.period import PERIODS, Window  # noqa: E402
from transforms.privacy.differential.bound import count_bounded, unpacked  # noqa: E402
from transforms.privacy.differential.budget import BOUNDS, Budget  # noqa: E402
from transforms.privacy.differential.policy import Differential  # noqa: E402
from transforms.privacy.differential.release import release_noisy  # noqa: E402
from transforms.privacy.policy import DEFAULT_ADDRESSES, MIN_ADDRESSES  # noqa: E402
from transforms.privacy.release import Released  # noqa: E402
from transforms.privacy.threshold.counting import count_folds  # noqa: E402
from transforms.privacy.threshold.gate import Gate  # noqa: E402
from transforms.privacy.threshold.release import plan_release, release  # noqa: E402
from transforms.reports.defaults import default_catalogue  # noqa: E402
from transforms.reports.report import Report  # noqa: E402
from transforms.reserved import OTHER  # noqa: E402
from transforms.wire import pack, unpack  # noqa: E402

REPORTS = default_catalogue()
NOISY_REPORTS = REPORTS.of(BOUNDS)
TRAVELLING = Differential(Budget(("www.example.org",))).travelling(REPORTS)
OF_VISITS = tuple(filter(is_of_visits, REPORTS.all_dimensions()))

LINES_OF_A_VISITOR = 13.6
"""Lines of the generator's day for each human visitor, those of robots among them."""

SITE = "www.example.org"
MONDAY = datetime.date(2026, 3, 2)
BLOCK_BYTES = 16 << 20
LINES_OF_A_SHARD = 500_000


class Named(NamedTuple):
    """How many rows and hits a report's counts have, and how many of each are published by name (dp mode: and told)."""

    rows: int
    named_rows: int
    hits: int
    named_hits: int

    def share(self, what: str) -> str:
        """Named of all rows, or hits, in percent; `–` where there are none."""
        whole = getattr(self, what)
        return f"{100 * getattr(self, f'named_{what}') / whole:.0f}" if whole else "–"


def main(arguments: list[str] | None = None) -> int:
    """Publish each size by day and by week with each k, print a table for hits and one for rows."""
    options = _parser().parse_args(arguments)
    noisy = options.epsilon is not None
    word, name, settings = ("Told", "ε", options.epsilon) if noisy else ("Named", "k", options.k)
    found: dict[tuple[int, str, float], dict[str, Named]] = {}
    for visitors in options.visitors:
        for period in PERIODS:
            pieces = pieces_of(visitors, period)
            for setting, named in (told(pieces, settings) if noisy else published(pieces, settings)).items():
                found[visitors, period, setting] = named
    columns = [(visitors, period) for visitors in options.visitors for period in PERIODS]
    for what in ("hits", "rows"):
        print(f"\n{word} of all {what}, in %, for {name} = {' · '.join(f'{setting:g}' for setting in settings)}\n")
        print(f"| report | {' | '.join(f'{visitors:,} by {period}' for visitors, period in columns)} |")
        print("|---|" + "---|" * len(columns))
        for report in NOISY_REPORTS if noisy else REPORTS:
            cells = (" · ".join(found[(*column, each)][report.name].share(what) for each in settings) for column in columns)
            print(f"| `{report.name}` | {' | '.join(cells)} |")
    if options.json:
        figures = [
            {"visitors": visitors, "period": period, name: setting, "report": report, **named._asdict()}
            for (visitors, period, setting), reports in found.items()
            for report, named in reports.items()
        ]
        options.json.write_text(json.dumps(figures, indent=1) + "\n")
    return 0


def pieces_of(visitors: int, period: str) -> dict[int, list[bytes]]:
    """The pieces by shard of a period of a site with so many human visitors a day."""
    length = PERIODS[period]
    lines = round(visitors * LINES_OF_A_VISITOR)
    rules = Rules(max(1, lines * length // LINES_OF_A_SHARD), Window(end=1_000_000, length=length), TRAVELLING, SITE)
    secret = new_secret()
    pieces: dict[int, list[bytes]] = {}
    for offset, data in blocks(generate(lines, day=MONDAY, days=length), BLOCK_BYTES):
        for number, piece in process_block(Block("log", "combined", offset, len(data), data), rules, secret)[0].items():
            pieces.setdefault(number, []).append(piece)
    return pieces


def published(pieces: dict[int, list[bytes]], ks: list[int]) -> dict[int, dict[str, Named]]:
    """What is named of each report, by k."""
    prepared = []
    while pieces:
        (rows,) = merge_pieces(pieces.popitem()[1], OF_VISITS).values()
        prepared.append(pack({"rows": rows}))
    return {k: _published(prepared, Gate(k)) for k in ks}


def told(pieces: dict[int, list[bytes]], epsilons: list[float]) -> dict[float, dict[str, Named]]:
    """What is told of each report of the dp mode, by ε."""
    bounded, exact = [], []
    while pieces:
        own = pieces.popitem()[1]
        (day,) = count_bounded(own, NOISY_REPORTS, (SITE,)).values()
        bounded.append(unpacked(day.counts)[0])
        (rows,) = merge_pieces(own, OF_VISITS).values()
        exact.append(count_day(rows, NOISY_REPORTS, Gate().caps()))
    counts, all_counts = add_counts(bounded), add_counts(exact)
    return {epsilon: _told(counts, all_counts, Budget((SITE,), epsilon)) for epsilon in epsilons}


def _told(counts: dict[str, pa.Table], all_counts: dict[str, pa.Table], budget: Budget) -> dict[str, Named]:
    released = release_noisy(counts, NOISY_REPORTS, budget)
    width = {each.report: each.half_width for each in budget.mechanisms() if each.measure == "hits"}
    found = {}
    for report in NOISY_REPORTS:
        names = NOISY_REPORTS.columns(report.name)
        table = counts[report.name]
        named = pc.is_in(cell_keys([table[n] for n in names]), cell_keys([released.tables[report.name][n] for n in names]))
        heard = pc.and_(named, pc.greater(table["hits"], width[report.name]))
        all_human = all_counts[report.name]
        all_human = all_human.filter(pc.equal(all_human["traffic"], "human"))
        seen = table.filter(pc.and_(heard, pc.equal(table["traffic"], "human")))
        total, heard_hits = (pc.sum(each["hits"]).as_py() or 0 for each in (all_human, seen))
        found[report.name] = Named(all_human.num_rows, seen.num_rows, total, heard_hits)
    return found


def _published(prepared: list[bytes], gate: Gate) -> dict[str, Named]:
    caps = gate.caps()
    counts = add_counts(count_day(unpack(rows)["rows"], REPORTS, caps) for rows in prepared)
    plan = plan_release(counts, REPORTS, gate)
    folds = add_counts(count_folds(unpack(rows)["rows"], REPORTS, caps, plan) for rows in prepared)
    released = release(counts, folds, REPORTS, gate)
    return {report.name: _named(report, counts[report.name], released) for report in REPORTS}


def _named(report: Report, counts: pa.Table, released: Released) -> Named:
    """Of people only; of robots in the reports that have no others."""
    traffic = "bot" if "bot_kind" in REPORTS.columns(report.name) else "human"
    counts = counts.filter(pc.equal(counts["traffic"], traffic))
    named = released.tables[report.name]
    named = named.filter(pc.equal(named["traffic"], traffic))
    for name in REPORTS.columns(report.name):
        named = named.filter(pc.not_equal(named[name], OTHER))
    return Named(counts.num_rows, named.num_rows, pc.sum(counts["hits"]).as_py() or 0, pc.sum(named["hits"]).as_py() or 0)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--visitors", type=int, nargs="+", default=[200, 2_000, 20_000], help="human visitors a day")
    parser.add_argument("--k", type=int, nargs="+", default=[MIN_ADDRESSES, DEFAULT_ADDRESSES, 2 * DEFAULT_ADDRESSES])
    parser.add_argument("--epsilon", type=float, nargs="+", help="measure the dp mode, with these")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    return parser


if __name__ == "__main__":
    sys.exit(main())
