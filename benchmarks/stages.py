"""Measures the CPU seconds and lines/s of each stage on one core: where the time of a run goes.

    python benchmarks/stages.py build/benchmarks/realistic-1000000.log

Everything runs in this process, one stage after the other, without Beam and without a pool. `--profile STAGE` lists the functions
of one stage by their own time. Profiling slows Python code down more than Arrow and numpy.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import pstats
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

import pyarrow as pa  # noqa: E402

from pipeline.config.days import to_date  # noqa: E402
from pipeline.outputs import parquet as write  # noqa: E402
from transforms import block  # noqa: E402
from transforms.counting import count  # noqa: E402
from transforms.counting.visits import is_of_visits  # noqa: E402
from transforms.formats.registry import FORMATS  # noqa: E402
from transforms.masking.secret import new_secret  # noqa: E402
from transforms.parsing import read  # noqa: E402
from transforms.parsing.detect import SAMPLE_BYTES, detect  # noqa: E402
from transforms.period import Window  # noqa: E402
from transforms.privacy.threshold import counting, release  # noqa: E402
from transforms.privacy.threshold.gate import Gate  # noqa: E402
from transforms.privacy.threshold.plan import judge  # noqa: E402
from transforms.privacy.threshold.policy import Threshold  # noqa: E402
from transforms.reports.defaults import default_catalogue  # noqa: E402
from transforms.wire import pack, unpack  # noqa: E402

REPORTS = default_catalogue()
OF_VISITS = tuple(filter(is_of_visits, REPORTS.all_dimensions()))

STAGES = (
    "read",
    "parse",
    "anonymize",
    "enrich",
    "shard",
    "merge",
    "count",
    "pack",
    "keep",
    "judge",
    "recount",
    "release",
    "write",
)
PRIVACY = ("keep", "judge", "recount", "release")
"""What a program that publishes every count would not do: keep the rows for a second pass, plan, count again, release."""

EVERYTHING = Window(end=1_000_000)
MIB = 1 << 20


class Stages:
    """Seconds of each stage, and the profile of one of them."""

    def __init__(self, profiled: str | None = None) -> None:
        self.seconds = dict.fromkeys(STAGES, 0.0)
        self.profile = cProfile.Profile()
        self._profiled = profiled

    def timed(self, stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The same function; what it takes is added to its stage."""

        def call(*arguments: Any, **named: Any) -> Any:
            began = time.process_time()
            try:
                if stage == self._profiled:
                    return self.profile.runcall(function, *arguments, **named)
                return function(*arguments, **named)
            finally:
                self.seconds[stage] += time.process_time() - began

        return call


def main(arguments: list[str] | None = None) -> int:
    """Take the log's way a few times, print a table."""
    options = _parser().parse_args(arguments)
    pa.set_cpu_count(1)  # as in a worker
    with open(options.log, "rb") as file:
        log_format = detect(file.read(SAMPLE_BYTES), FORMATS, complete=options.log.stat().st_size <= SAMPLE_BYTES).format
    if log_format is None:
        raise SystemExit(f"{options.log}: the format is not clear")
    began = time.process_time()
    block.warm_up()
    rules_seconds = time.process_time() - began
    runs = []
    for _ in range(options.runs):
        stages = Stages(options.profile)
        lines = take_way(options.log, log_format, options.block_mib * MIB, options.shards, stages)
        runs.append(stages.seconds)
    median = {stage: statistics.median(run[stage] for run in runs) for stage in STAGES}
    _show(median, lines, rules_seconds, options)
    if options.profile:
        pstats.Stats(stages.profile).sort_stats("tottime").print_stats(25)
    if options.json:
        options.json.write_text(json.dumps({"lines": lines, "seconds": median, "runs": runs}, indent=2) + "\n")
    return 0


def take_way(log: Path, log_format: str, block_bytes: int, shards: int, stages: Stages) -> int:
    """From the file to the bytes of the Parquet files; gives the number of lines."""
    gate, secret = Gate(), new_secret()
    rules = block.Rules(shards, EVERYTHING, Threshold().travelling(REPORTS))
    lines, pieces = 0, {}
    # A block's stages are timed where `process_block` calls them, so that this file need not know what they take.
    verbs = {"read": "_read", "parse": "parse_block", "anonymize": "anonymize", "enrich": "enrich", "shard": "shard"}
    originals = {name: getattr(block, name) for name in verbs.values()}
    try:
        for stage, name in verbs.items():
            setattr(block, name, stages.timed(stage, originals[name]))
        with open(log, "rb") as file:
            cuts = list(stages.timed("read", lambda: list(read.spans(file, log.stat().st_size, block_bytes)))())
        for start, end in cuts:
            made, account = block.process_block(
                block.Block(str(log), log_format, start, end - start, site="www.example.org"), rules, secret
            )
            lines += account.read
            for number, piece in made.items():
                pieces.setdefault(number, []).append(piece)
    finally:
        for name, function in originals.items():
            setattr(block, name, function)
    counts: dict[int, list[bytes]] = {}
    prepared: dict[int, list[bytes]] = {}
    for own in pieces.values():
        for day, rows in stages.timed("merge", count.merge_pieces)(own, OF_VISITS).items():
            counted = stages.timed("count", lambda *of: dict(count.count_day(*of)))(rows, REPORTS, gate.caps())
            counts.setdefault(day, []).append(stages.timed("pack", pack)(counted))
            prepared.setdefault(day, []).append(stages.timed("keep", pack)({"rows": rows}))
    for day, parts in counts.items():
        judged = stages.timed("judge", judge)(parts, REPORTS, gate)
        plan = {name: each.plan for name, each in judged.items()}
        seconds = [_recount(stages, rows, gate, plan) for rows in prepared[day]]
        second = stages.timed("recount", count.add_counts)(seconds)
        released = stages.timed("release", release.release)(judged, second, REPORTS, gate)
        stages.timed("write", write.parquet_files)(released, to_date(day), REPORTS, {})
    return lines


def _recount(stages: Stages, prepared: bytes, gate: Gate, plan: dict[str, pa.Table]) -> dict[str, pa.Table]:
    rows = stages.timed("keep", unpack)(prepared)["rows"]
    second: dict[str, pa.Table] = stages.timed("recount", counting.count_parts)(rows, REPORTS, gate, plan)
    return second


def _show(seconds: dict[str, float], lines: int, rules_seconds: float, options: argparse.Namespace) -> None:
    total = sum(seconds.values())
    print(f"{lines:,} lines, {options.log.stat().st_size / 1e6:,.0f} MB, one core, median of {options.runs} runs;", end=" ")
    print(f"before the first block {rules_seconds:.2f} s for rules and lists\n")
    print("| stage | seconds | share | lines/s |\n|---|---|---|---|")
    for stage, taken in [*seconds.items(), ("all", total)]:
        print(f"| {stage} | {taken:.3f} | {taken / total:.0%} | {lines / max(taken, 1e-9):,.0f} |")
    privacy = sum(seconds[stage] for stage in PRIVACY)
    print(f"\n{', '.join(PRIVACY[:-1])} and {PRIVACY[-1]} add {privacy / (total - privacy):.0%} to all the others.")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("log", type=Path, help="a plain log file")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--block-mib", type=int, default=16)
    parser.add_argument("--shards", type=int, default=4, help="a run with two workers has four")
    parser.add_argument("--profile", choices=STAGES, help="show the functions of this stage")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    return parser


if __name__ == "__main__":
    sys.exit(main())
