"""Measures the time and memory of whole runs against GoAccess on the same log, in pairs.

    python benchmarks/run.py --lines 1000000 --pairs 5

Absolute seconds depend on the machine and on its load. The ratio of two consecutive runs depends on them much less.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.processes import peak_memory  # noqa: E402

COUNTRIES = ROOT / "transforms" / "data" / "country.mmdb"
SITES = "www.garden.example,shop.garden.example,forum.garden.example"


def main(arguments: list[str] | None = None) -> int:
    """Generate the log once, time the pairs, print a table."""
    options = _parser().parse_args(arguments)
    options.work.mkdir(parents=True, exist_ok=True)
    log = options.work / f"{options.profile}-{options.lines}.log"
    if not log.exists():
        made = [sys.executable, str(ROOT / "examples" / "generate.py"), "--output", str(log), "--lines", str(options.lines)]
        subprocess.run([*made, "--profile", options.profile, "--format", "vhost_combined", "--sites", SITES], check=True)
    programs = {"weblog-anonymizer": _ours(log, options)}
    if shutil.which("goaccess"):
        programs["goaccess"] = _goaccess(log, options.work)
        # The same database as ours, without the panel that it has no names for.
        countries = [f"--geoip-database={COUNTRIES}", "--ignore-panel=ASN"]
        programs["goaccess, countries"] = [*_goaccess(log, options.work), *countries]
    else:
        print("goaccess is not installed (apt-get install goaccess): without it there is nothing to compare with.")
    programs["wc -l"] = ["wc", "-l", str(log)]
    seconds: dict[str, list[float]] = {name: [] for name in programs}
    for _ in range(options.pairs):
        for name, command in programs.items():
            shutil.rmtree(options.work / "out", ignore_errors=True)
            seconds[name].append(_seconds(command))
    memory = {}
    for name, command in programs.items():
        shutil.rmtree(options.work / "out", ignore_errors=True)
        memory[name], _, _ = peak_memory(command)
    _show(seconds, memory, options, log)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--profile", choices=("realistic", "scattered"), default="realistic")
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "benchmarks", help="where logs and results are kept")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    return parser


def _ours(log: Path, options: argparse.Namespace) -> list[str]:
    command = [sys.executable, "-m", "pipeline", "run", "--input", str(log), "--output", str(options.work / "out")]
    told = ["--site", "www.example.org", "--timezone", "UTC", "--period", "day"]
    return [*command, *told, "--workers", str(options.workers)]


def _goaccess(log: Path, work: Path) -> list[str]:
    # All its panels, as JSON, without a terminal: what a nightly job would run.
    return [
        "goaccess",
        str(log),
        "--log-format=VCOMBINED",
        "--no-global-config",
        "--no-progress",
        "-o",
        str(work / "goaccess.json"),
    ]


def _seconds(command: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    return time.perf_counter() - began


def _show(seconds: dict[str, list[float]], memory: dict[str, int], options: argparse.Namespace, log: Path) -> None:
    size = log.stat().st_size
    print(
        f"\n{options.lines:,} lines ({options.profile}), {size / 1e6:,.0f} MB, {size / options.lines:.0f} bytes a line,", end=" "
    )
    print(f"{options.workers} workers, {options.pairs} pairs, {os.cpu_count()} cores\n")
    print("| program | seconds, median | lines/s | times as long as ours, median (range) | peak memory |\n|---|---|---|---|---|")
    figures = {}
    for name, runs in seconds.items():
        ratios = [theirs / own for theirs, own in zip(runs, seconds["weblog-anonymizer"], strict=True)]
        median = statistics.median(runs)
        spread = f"{statistics.median(ratios):.2f} ({min(ratios):.2f}–{max(ratios):.2f})"
        print(f"| {name} | {median:.2f} | {options.lines / median:,.0f} | {spread} | {memory[name] / 1e6:,.0f} MB |")
        figures[name] = {"seconds": runs, "ratios": ratios, "peak_memory_bytes": memory[name]}
    if options.json:
        options.json.write_text(json.dumps({"lines": options.lines, "bytes": size, "programs": figures}, indent=2) + "\n")


if __name__ == "__main__":
    sys.exit(main())
