"""Measures the utility that the guarantee leaves: the shares of hits that a report does not show under their own value.

    python benchmarks/utility.py --visitors 40 150 400 1000 10000
    python benchmarks/utility.py --log access.log --site www.example.org
    python benchmarks/utility.py --visitors 200 2000 20000 --epsilon 1 2 4

In the mode `threshold` a hit of a rare value is *unnamed*, in a row `(other)`, or *misnamed*, in the row that absorbed it. Both
are measured, by report, of the hits that it divides. `--epsilon` measures the dp mode. There a row counts if it is named and its
hits exceed the half width of their noise. Hits beyond the contribution bounds do not count either.

Days are those of `examples/generate.py`, so the same arguments give the same tables. A week is seven of them, a month March.
The generator's visitors never return on another day, so a real week has fewer addresses for its hits than this one.
"""

from __future__ import annotations

import argparse
import datetime
import json
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
import pyarrow as pa  # noqa: E402
import pyarrow.compute as pc  # noqa: E402

from examples.generate import generate  # noqa: E402
from transforms.block import Block, Rules, process_block  # noqa: E402
from transforms.columns import cell_keys  # noqa: E402
from transforms.counting.count import add_counts, count_day, merge_pieces  # noqa: E402
from transforms.counting.partial import add_partial  # noqa: E402
from transforms.counting.visits import is_of_visits  # noqa: E402
from transforms.masking.secret import new_secret  # noqa: E402
from transforms.parsing.read import blocks  # noqa: E402
from transforms.period import Period, Window  # noqa: E402
from transforms.privacy.differential.bound import count_bounded, unpacked  # noqa: E402
from transforms.privacy.differential.budget import Budget  # noqa: E402
from transforms.privacy.differential.policy import Differential  # noqa: E402
from transforms.privacy.differential.release import release_noisy  # noqa: E402
from transforms.privacy.policy import DEFAULT_ADDRESSES  # noqa: E402
from transforms.privacy.threshold.counting import count_parts  # noqa: E402
from transforms.privacy.threshold.gate import Gate  # noqa: E402
from transforms.privacy.threshold.plan import judge  # noqa: E402
from transforms.privacy.threshold.release import release  # noqa: E402
from transforms.reports.defaults import default_catalogue  # noqa: E402
from transforms.reports.report import Report  # noqa: E402
from transforms.reserved import OTHER  # noqa: E402
from transforms.wire import pack, pack_each, unpack  # noqa: E402

SITE = "www.example.org"
REPORTS = default_catalogue()
NOISY = Differential(Budget((SITE,)))
NOISY_REPORTS = NOISY.published(REPORTS)
TRAVELLING = NOISY.travelling(REPORTS)
OF_VISITS = tuple(filter(is_of_visits, REPORTS.all_dimensions()))

LINES_OF_A_VISITOR = 13.6
"""Lines of the generator's day for each human visitor, those of robots among them."""

BLOCK_BYTES = 16 << 20
LINES_OF_A_SHARD = 500_000
_EPOCH = datetime.date(1970, 1, 1)
_SOME_DAY = (datetime.date(2026, 3, 2) - _EPOCH).days

Source = Callable[[Period], Iterator[bytes]]
"""The bytes of a log for a period."""


class Hidden(NamedTuple):
    """The hits that a report divides, and how many of them it shows under no value, and under another one."""

    hits: int = 0
    unnamed: int = 0
    misnamed: int = 0

    def shares(self) -> str:
        """Unnamed + misnamed, in percent; `–` without hits."""
        return f"{100 * self.unnamed / self.hits:.1f} + {100 * self.misnamed / self.hits:.1f}" if self.hits else "–"


class Heard(NamedTuple):
    """How many rows and hits a report of the dp mode has, and how many are named and stand out from their noise."""

    rows: int
    named_rows: int
    hits: int
    named_hits: int

    def share(self, what: str) -> str:
        """Named of all rows, or hits, in percent; `–` where there are none."""
        whole = getattr(self, what)
        return f"{100 * getattr(self, f'named_{what}') / whole:.0f}" if whole else "–"


def main(arguments: list[str] | None = None) -> int:
    """Publish each log by each period, print tables."""
    options = _parser().parse_args(arguments)
    sources: dict[str, Source] = {f"{visitors:,}": _generated(visitors) for visitors in options.visitors}
    if options.log:
        sources[options.log.name] = lambda _: iter([options.log.read_bytes()])
    columns = [(name, period) for name in sources for period in options.periods]
    if options.epsilon:
        figures = _show_heard(sources, columns, options.epsilon)
    else:
        figures = _show_hidden(sources, columns, options.k, options.format, options.site)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n")
    return 0


def _show_hidden(
    sources: dict[str, Source], columns: list[tuple[str, str]], ks: list[int], log_format: str, site: str
) -> list[dict[str, object]]:
    found: dict[tuple[str, str, int], dict[str, Hidden]] = {}
    for name, period in columns:
        prepared = prepared_rows(pieces_of(sources[name], period, log_format, site))
        found |= {(name, period, k): hidden(prepared, Gate(k)) for k in ks}
    for k in ks:
        print(f"\nUnnamed + misnamed of all hits, in %, k = {k}\n")
        print(f"| report | {' | '.join(f'{name} by {period}' for name, period in columns)} |")
        print("|---|" + "---|" * len(columns))
        for report in REPORTS:
            cells = (found[(*column, k)].get(report.name, Hidden()).shares() for column in columns)
            print(f"| `{report.name}` | {' | '.join(cells)} |")
    return [
        {"visitors": name, "period": period, "k": k, "report": report, **figures._asdict()}
        for (name, period, k), reports in found.items()
        for report, figures in reports.items()
    ]


def _show_heard(sources: dict[str, Source], columns: list[tuple[str, str]], epsilons: list[float]) -> list[dict[str, object]]:
    found: dict[tuple[str, str, float], dict[str, Heard]] = {}
    for name, period in columns:
        for epsilon, heard in told(pieces_of(sources[name], period, "combined", SITE), epsilons).items():
            found[name, period, epsilon] = heard
    for what in ("hits", "rows"):
        print(f"\nTold of all {what}, in %, for ε = {' · '.join(f'{each:g}' for each in epsilons)}\n")
        print(f"| report | {' | '.join(f'{name} by {period}' for name, period in columns)} |")
        print("|---|" + "---|" * len(columns))
        for report in NOISY_REPORTS:
            cells = (" · ".join(found[(*column, each)][report.name].share(what) for each in epsilons) for column in columns)
            print(f"| `{report.name}` | {' | '.join(cells)} |")
    return [
        {"visitors": name, "period": period, "ε": epsilon, "report": report, **figures._asdict()}
        for (name, period, epsilon), reports in found.items()
        for report, figures in reports.items()
    ]


def _generated(visitors: int) -> Source:
    """Periods of a site with so many human visitors a day."""

    def log(period: Period) -> Iterator[bytes]:
        first = period.first_day(_SOME_DAY)
        day = _EPOCH + datetime.timedelta(first)
        return generate(round(visitors * LINES_OF_A_VISITOR), day=day, days=period.next(first) - first)

    return log


def pieces_of(source: Source, period: str, log_format: str, site: str) -> dict[int, list[bytes]]:
    """The pieces of a log by shard."""
    length = Period(period)
    parts = list(source(length))
    shards = max(1, sum(part.count(b"\n") for part in parts) // LINES_OF_A_SHARD)
    rules, secret = Rules(shards, Window(end=1_000_000, period=length), TRAVELLING), new_secret()
    pieces: dict[int, list[bytes]] = {}
    for offset, data in blocks(iter(parts), BLOCK_BYTES):
        block = Block("log", log_format, offset, len(data), data, site=site)
        for number, piece in process_block(block, rules, secret)[0].items():
            pieces.setdefault(number, []).append(piece)
    return pieces


def prepared_rows(pieces: dict[int, list[bytes]]) -> dict[int, list[bytes]]:
    """Packed prepared rows of each period, by shard."""
    prepared: dict[int, list[bytes]] = defaultdict(list)
    while pieces:
        for day, rows in merge_pieces(pieces.popitem()[1], OF_VISITS).items():
            prepared[day].append(pack({"rows": rows}))
    return prepared


def hidden(prepared: dict[int, list[bytes]], gate: Gate) -> dict[str, Hidden]:
    """What is hidden of each report, over all periods together."""
    total: dict[str, Hidden] = {}
    for shards in prepared.values():
        for name, figures in _hidden(shards, gate).items():
            total[name] = Hidden(*(a + b for a, b in zip(total.get(name, Hidden()), figures, strict=True)))
    return total


def _hidden(shards: Iterable[bytes], gate: Gate) -> dict[str, Hidden]:
    caps, rows = gate.caps(), [unpack(each)["rows"] for each in shards]
    judged = judge([pack_each(count_day(each, REPORTS, caps)) for each in rows], REPORTS, gate)
    plan = {name: each.plan for name, each in judged.items()}
    second = add_counts(count_parts(each, REPORTS, gate, plan) for each in rows)
    released = release(judged, second, REPORTS, gate)
    found = {}
    for report in (each for each in REPORTS):
        published = _of_people(report, released.tables[report.name])
        named = published
        for name in REPORTS.columns(report.name):
            named = named.filter(pc.not_equal(named[name], OTHER))
        all_hits, named_hits = (pc.sum(each["hits"]).as_py() or 0 for each in (published, named))
        counted = judged[report.name].named
        own = counted["hits"].take(_places(report, named, counted))
        found[report.name] = Hidden(all_hits, all_hits - named_hits, named_hits - (pc.sum(own).as_py() or 0))
    return found


def _of_people(report: Report, table: pa.Table) -> pa.Table:
    """Rows of people only; of robots in the reports that have no others."""
    robots = "bot_kind" in REPORTS.columns(report.name)
    return table if robots else table.filter(pc.equal(table["traffic"], "human"))


def _places(report: Report, rows: pa.Table, among: pa.Table) -> pa.Array:
    names = REPORTS.columns(report.name)
    return pc.index_in(cell_keys([rows[name] for name in names]), value_set=cell_keys([among[name] for name in names]))


def told(pieces: dict[int, list[bytes]], epsilons: list[float]) -> dict[float, dict[str, Heard]]:
    """What is told of each report of the dp mode, by ε."""
    bounded, exact = [], []
    while pieces:
        own = pieces.popitem()[1]
        (day,) = count_bounded(own, NOISY_REPORTS, (SITE,)).values()
        bounded.append(unpacked(day.counts)[0])
        (rows,) = merge_pieces(own, OF_VISITS).values()
        exact.append(pack_each(count_day(rows, NOISY_REPORTS, Gate().caps())))
    every = add_partial(exact, NOISY_REPORTS, lambda _, table: np.ones(table.num_rows, np.bool_))
    counts, all_counts = add_counts(bounded), {report.name: cells.kept for report, cells in every}
    return {epsilon: _told(counts, all_counts, Budget((SITE,), epsilon)) for epsilon in epsilons}


def _told(counts: dict[str, pa.Table], all_counts: dict[str, pa.Table], budget: Budget) -> dict[str, Heard]:
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
        found[report.name] = Heard(all_human.num_rows, seen.num_rows, total, heard_hits)
    return found


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--visitors", type=int, nargs="*", default=[], help="human visitors a day of generated logs")
    parser.add_argument("--log", type=Path, help="a log, plain")
    parser.add_argument("--format", default="combined", help="the log's format")
    parser.add_argument("--site", default=SITE, help="the site of a log that names none")
    parser.add_argument("--periods", choices=[period.value for period in Period], nargs="+", default=["day", "week"])
    parser.add_argument("--k", type=int, nargs="+", default=[DEFAULT_ADDRESSES])
    parser.add_argument("--epsilon", type=float, nargs="+", help="measure the dp mode, with these")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    return parser


if __name__ == "__main__":
    sys.exit(main())
