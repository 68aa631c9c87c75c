"""Measures the memory of whole runs on logs whose values clients choose.

    python benchmarks/memory.py --lines 500000 1000000

Each shape is a log in which one thing has as many values as a client can give it. The limit is that of docs/operations.md.
"""

from __future__ import annotations

import argparse
import gzip
import os
import random
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.processes import peak_memory  # noqa: E402

FIXED_BYTES, LINE_BYTES = 600_000_000, 300
"""The limit: so many bytes, and so many for each line."""

BATCH = 10_000
AGENT = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"


def _line(
    number: int, draw: random.Random, host: str = "", path: str = "", referrer: str = "-", agent: str = AGENT, address: str = ""
) -> str:
    address = address or f"{11 + draw.randrange(180)}.{draw.randrange(256)}.{draw.randrange(256)}.{draw.randrange(1, 255)}"
    second = number * 86_000 // max(_total, 1)
    clock = f"{second // 3_600:02}:{second // 60 % 60:02}:{second % 60:02}"
    path = path or f"/page/{draw.randrange(300)}"
    host = host or "www.garden.example"
    return f'{host}:443 {address} - - [17/May/2026:{clock} +0000] "GET {path} HTTP/1.1" 200 5120 "{referrer}" "{agent}"\n'


_total = 0
_DIGITS = "abcdefghijklmnopqrstuvwxyz"


def _word(number: int) -> str:
    """A word for each number, without digits, which would be masked."""
    letters = []
    for _ in range(5):
        number, digit = divmod(number, 26)
        letters.append(_DIGITS[digit])
    return "".join(letters)


def _hosts(number: int, draw: random.Random) -> str:
    return _line(number, draw, host=f"www.{_word(number)}.example")


def _paths(number: int, draw: random.Random) -> str:
    return _line(number, draw, path=f"/{_word(number)}/{_word(number * 7)}")


def _referrers(number: int, draw: random.Random) -> str:
    return _line(number, draw, referrer=f"https://{_word(number)}.com/")


def _agents(number: int, draw: random.Random) -> str:
    return _line(number, draw, agent=f"Mozilla/5.0 {_word(number)}")


def _all(number: int, draw: random.Random) -> str:
    word = _word(number)
    return _line(number, draw, f"www.{word}.example", f"/{word}/{word}", f"https://{word}.com/", f"Mozilla/5.0 {word}")


def _one_address(number: int, draw: random.Random) -> str:
    return _line(number, draw, path=f"/{_word(draw.randrange(26**4))}/", address="203.0.113.9")


def _repeated(number: int, draw: random.Random) -> str:
    return _line(0, random.Random(1))


def _of_lines(shape: Callable[[int, random.Random], str]) -> Callable[[Path, int], None]:
    def write(folder: Path, lines: int) -> None:
        with (folder / "access.log").open("w") as file:
            file.writelines(_batches(shape, lines))

    return write


def _batches(shape: Callable[[int, random.Random], str], lines: int) -> Iterator[str]:
    global _total
    _total, draw = lines, random.Random(20)
    for first in range(0, lines, BATCH):
        yield "".join(shape(number, draw) for number in range(first, min(first + BATCH, lines)))


def _as_archive(folder: Path, lines: int) -> None:
    with gzip.open(folder / "access.log.gz", "wt", compresslevel=6) as file:
        file.writelines(_batches(_repeated, lines))


def _with_hole(folder: Path, lines: int) -> None:
    """A good log, and behind it a hole as large as the lines would be, such as copytruncate leaves."""
    _of_lines(_pages)(folder, lines // 10)
    log = folder / "access.log"
    os.truncate(log, log.stat().st_size + lines * 2_000)


def _pages(number: int, draw: random.Random) -> str:
    return _line(number, draw)


def _in_files(folder: Path, lines: int) -> None:
    """Files of 100 lines."""
    for number, batch in enumerate(_batches(_pages, lines)):
        rows = batch.splitlines(keepends=True)
        for first in range(0, len(rows), 100):
            (folder / f"access-{number:05}-{first:05}.log").write_text("".join(rows[first : first + 100]))


def _generated(profile: str) -> Callable[[Path, int], None]:
    def write(folder: Path, lines: int) -> None:
        import subprocess

        command = [sys.executable, str(ROOT / "examples" / "generate.py"), "--output", str(folder / "access.log")]
        subprocess.run(
            [*command, "--lines", str(lines), "--date", "2026-05-17", "--profile", profile, "--format", "vhost_combined"],
            check=True,
        )

    return write


SHAPES: dict[str, tuple[str, Callable[[Path, int], None]]] = {
    "realistic": ("a usual day", _generated("realistic")),
    "scattered": ("each line of another visitor", _generated("scattered")),
    "hosts": ("each line names another site", _of_lines(_hosts)),
    "paths": ("each line has a path of its own", _of_lines(_paths)),
    "referrers": ("each line has a referrer of its own", _of_lines(_referrers)),
    "agents": ("each line has an agent of its own", _of_lines(_agents)),
    "all": ("each line has all of these of its own", _of_lines(_all)),
    "one_address": ("all lines are of one address", _of_lines(_one_address)),
    "repeated": ("one line, again and again, in an archive", _as_archive),
    "hole": ("a log that ends with NULs, 2,000 bytes of them for each line", _with_hole),
    "files": ("files of 100 lines", _in_files),
}


def main(arguments: list[str] | None = None) -> int:
    """Generate the logs once, run, print a table."""
    options = _parser().parse_args(arguments)
    print("| log | lines | peak memory | limit | seconds | exit code |\n|---|---|---|---|---|---|")
    over = 0
    for name in options.shapes or SHAPES:
        for lines in options.lines:
            folder = options.work / f"{name}-{lines}"
            if not folder.exists():
                folder.mkdir(parents=True)
                SHAPES[name][1](folder, lines)
            out = options.work / "out"
            shutil.rmtree(out, ignore_errors=True)
            began = time.perf_counter()
            peak, code, error = peak_memory(_command(folder, out, options))
            seconds = time.perf_counter() - began
            allowed = FIXED_BYTES + LINE_BYTES * lines
            over += peak > allowed
            figures = f"{peak / 1e6:,.0f} MB | {allowed / 1e6:,.0f} MB | {seconds:.0f} | {code}"
            print(f"| {SHAPES[name][0]} | {lines:,} | {figures} |", flush=True)
            if code:
                print(error[-400:], file=sys.stderr)
            if not options.keep:
                shutil.rmtree(folder)
    return 1 if over else 0


def _command(folder: Path, out: Path, options: argparse.Namespace) -> list[str]:
    command = [sys.executable, "-m", "pipeline", "run", "--input", str(folder / "*"), "--output", str(out)]
    told = ["--site", "www.garden.example", "--timezone", "UTC", "--period", "day", "--max-reject-ratio", "1"]
    told += ["--one-network", "publish"]
    return [*command, *told, "--date", "2026-05-17", "--workers", str(options.workers), *options.run_options]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--lines", type=int, nargs="+", default=[500_000, 1_000_000])
    parser.add_argument("--shapes", nargs="+", choices=tuple(SHAPES))
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "memory", help="where logs and results are kept")
    parser.add_argument("--keep", action="store_true", help="keep the logs")
    parser.add_argument("run_options", nargs="*", help="options for `run`, behind --")
    return parser


if __name__ == "__main__":
    sys.exit(main())
