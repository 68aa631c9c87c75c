"""Measure what readers make of a published data set in each layout that it could have: the figures of docs/design/layout.md.

The readers need an environment of their own: DuckDB, pandas, Polars, pyarrow, and PySpark with Java 17 or later.

    python3 -m venv build/readers && build/readers/bin/pip install duckdb pandas polars pyarrow pyspark
    build/readers/bin/python benchmarks/layout.py

The reports of the source's first day are written in each candidate layout, for two days. Every call gives a number, which is
compared with what its caller means; at the root that is the traffic of the site, which `daily` holds. The tables go to standard
output, and every outcome with the text of its error to results.json in the folder of `--work`.
"""

from __future__ import annotations

import argparse
import datetime
import glob
import json
import logging
import shutil
from collections import Counter
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq

PACKAGES = {"duckdb": "duckdb", "pandas": "pandas", "pyarrow": "pyarrow", "polars": "polars", "spark": "pyspark"}
GUARD = "read_one_report_at_a_time"

# Paths of a report's day, and kinds of guard: text, nothing, Parquet with structs, Parquet with the sentence as its only column.
PATH, FLAT, DAY_KEY = "{report}/date={day}/data.parquet", "{report}/{day}.parquet", "{report}/day={day}/data.parquet"
TEXT, EMPTY, STRUCT, NAMED = "text", "empty", "struct", "named"


@dataclass(frozen=True)
class Candidate:
    """A layout: where a report's day is, whether the file has a `date` column, and which guards there are."""

    name: str
    file: str
    date_inside: bool
    guards: tuple[tuple[str, str], ...] = ()  # kind and path; with {day} in the path, one for each day


CANDIDATES = (
    Candidate("A", PATH, False),
    Candidate("B", "report={report}/date={day}/data.parquet", False),
    Candidate("C", FLAT, True),
    Candidate("D", PATH, True),
    Candidate("day=D", DAY_KEY, True),
    Candidate("E on C, first, each day", FLAT, True, ((STRUCT, f"0_{GUARD}/{{day}}.parquet"),)),
    Candidate("F on A, first, each day", PATH, False, ((TEXT, f"0_{GUARD}/date={{day}}/data.parquet"),)),
    Candidate("F on day=D, first, each day", DAY_KEY, True, ((TEXT, f"0_{GUARD}/day={{day}}/data.parquet"),)),
    Candidate("F on C, first, one, at the root", FLAT, True, ((TEXT, f"0_{GUARD}.parquet"),)),
    Candidate("F on C, first, one", FLAT, True, ((TEXT, f"0_{GUARD}/not_a_table.parquet"),)),
    Candidate("F on C, empty, each day", FLAT, True, ((EMPTY, f"0_{GUARD}/{{day}}.parquet"),)),
    Candidate("F on C, hidden, each day", FLAT, True, ((TEXT, f"_{GUARD}/{{day}}.parquet"),)),
    Candidate("F on C, last, each day", FLAT, True, ((TEXT, f"zz_{GUARD}/{{day}}.parquet"),)),
    Candidate("F on C, first, each day", FLAT, True, ((TEXT, f"0_{GUARD}/{{day}}.parquet"),)),
    Candidate("named column alone on C", FLAT, True, ((NAMED, f"0_{GUARD}/0.parquet"),)),
    Candidate("G", FLAT, True, ((NAMED, f"0_{GUARD}/0.parquet"), (TEXT, f"0_{GUARD}/{{day}}.parquet"))),
)
SETS = {"all reports": None, "daily, kinds, pages": ("daily", "kinds", "pages"), "daily, hourly": ("daily", "hourly")}


@dataclass(frozen=True)
class Source:
    """Reports of one published day, which stand for those of all `days`, the text of its guard, and what that begins with."""

    days: tuple[datetime.date, ...]
    tables: dict[str, pa.Table]
    guard: str
    sentence: str


def read_source(root: Path) -> Source:
    guards = sorted((root / f"0_{GUARD}").glob("*.parquet"))
    if not guards:
        raise SystemExit(f"--source: no data set is published in {root}")
    day = datetime.date.fromisoformat(guards[0].stem)
    tables = {file.parent.name: pq.ParquetFile(file).read() for file in sorted(root.glob(f"[a-z]*/{day}.parquet"))}
    text = guards[0].read_text()
    return Source((day, day + datetime.timedelta(1)), tables, text, text.partition(".")[0])


def build(root: Path, candidate: Candidate, source: Source) -> None:
    shutil.rmtree(root, ignore_errors=True)
    for day in source.days:
        for report, table in source.tables.items():
            dated = table.set_column(0, table.schema.field("date"), pa.array([day] * table.num_rows, pa.date32()))
            file = root / candidate.file.format(report=report, day=day)
            file.parent.mkdir(parents=True, exist_ok=True)
            pq.write_table(dated if candidate.date_inside else table.drop_columns("date"), file, compression="zstd")
        for kind, path in candidate.guards:
            write_guard(root / path.format(day=day), kind, source)
        (root / "_manifest").mkdir(exist_ok=True)
        (root / "_manifest" / f"{day}.json").write_text("{}\n")
    (root / "_lock").touch()


def write_guard(file: Path, kind: str, source: Source) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    if kind == STRUCT:
        pq.write_table(pa.table({name: [{"note": source.sentence}] for name in source.tables["daily"].column_names}), file)
    elif kind == NAMED:
        pq.write_table(pa.table({source.sentence: pa.array([], pa.string())}), file)
    else:
        file.write_text(source.guard if kind == TEXT else "")


ONE_REPORT = ("file", "folder", "glob", "date")  # hits of one report: a file, both days by folder or glob, one day by `date`
ROOT = ("hits", "human", "rows", "day")  # what is read at the root: all hits, hits of humans, rows, hits of one day
LOOK, ON_PURPOSE = "look", "purpose"  # a few rows at the root, no number; all hits at the root, past the guard

# Reader, meaning and code of each call. DuckDB's code is a FROM clause, all other code is Python. `names_of` has the names.
# Calls at the root that fail with every candidate are left out.
CALLS = """
duckdb  file     '{file}'
duckdb  glob     '{files}'
duckdb  hits     '{deep}'
duckdb  hits     read_parquet('{deep}', hive_partitioning = true)
duckdb  hits     read_parquet('{deep}', union_by_name = true)
duckdb  hits     '{root}/*/*.parquet'
duckdb  hits     '{root}/*/*/*.parquet'
duckdb  hits     read_parquet('{root}/*/*.parquet', union_by_name = true)
duckdb  human    '{deep}' WHERE traffic = 'human'
duckdb  rows     '{deep}'
duckdb  rows     read_parquet('{deep}', union_by_name = true)
duckdb  day      '{deep}' WHERE date = '{text}'
duckdb  day      read_parquet('{deep}', union_by_name = true) WHERE date = '{text}'
duckdb  day      '{files_of_day}'
duckdb  look     '{deep}' LIMIT 5
duckdb  look     read_parquet('{deep}', union_by_name = true) LIMIT 5
duckdb  purpose  '{root}/[a-y]*/**/*.parquet'
duckdb  purpose  read_parquet(['{root}/daily/**/*.parquet', '{root}/hourly/**/*.parquet'])
pandas  file     pd.read_parquet(file)
pandas  folder   pd.read_parquet(report)
pandas  glob     pd.concat(map(pd.read_parquet, glob(files)))
pandas  date     pd.read_parquet(report, filters=[('date', '==', day)])
pandas  date     pd.read_parquet(report, filters=[('date', '==', text)])
pandas  date     pd.read_parquet(report).loc[lambda df: df.date == day]
pandas  date     pd.read_parquet(report).loc[lambda df: df.date == text]
pandas  date     pd.read_parquet(report).loc[lambda df: df.date == pd.Timestamp(text)]
pandas  hits     pd.read_parquet(root)
pandas  hits     pd.read_parquet(root, columns=['hits'])
pandas  hits     pd.concat(map(pd.read_parquet, glob(deep)))
pandas  human    pd.read_parquet(root, filters=[('traffic', '==', 'human')])
pandas  day      pd.read_parquet(root, filters=[('date', '==', day)])
pandas  day      pd.read_parquet(root, filters=[('date', '==', text)])
pandas  day      pd.concat(map(pd.read_parquet, glob(files_of_day)))
pyarrow file     pq.read_table(file)
pyarrow folder   pq.read_table(report)
pyarrow folder   ds.dataset(report, partitioning='hive').to_table()
pyarrow folder   ds.dataset(report).to_table()
pyarrow hits     pq.read_table(root)
pyarrow hits     ds.dataset(root, partitioning='hive').to_table()
pyarrow hits     ds.dataset(root).to_table()
pyarrow hits     ds.dataset(glob(deep)).to_table()
pyarrow human    ds.dataset(root, partitioning='hive').to_table(filter=pc.field('traffic') == 'human')
pyarrow rows     ds.dataset(root, partitioning='hive').count_rows()
pyarrow day      ds.dataset(root, partitioning='hive').to_table(filter=pc.field('date') == day)
pyarrow day      ds.dataset(root, partitioning='hive').to_table(filter=pc.field('date') == text)
pyarrow day      ds.dataset(glob(files_of_day)).to_table()
pyarrow look     ds.dataset(root, partitioning='hive').head(5).num_rows
pyarrow purpose  ds.dataset(root, partitioning='hive', exclude_invalid_files=True).to_table()
polars  file     pl.read_parquet(file)
polars  folder   pl.read_parquet(report)
polars  glob     pl.scan_parquet(files)
polars  glob     pl.scan_parquet(files, hive_partitioning=True)
polars  hits     pl.scan_parquet(deep, extra_columns='ignore')
polars  hits     pl.scan_parquet(deep, missing_columns='insert', extra_columns='ignore')
polars  hits     pl.scan_parquet(root + '/*/*.parquet', missing_columns='insert', extra_columns='ignore')
polars  hits     pl.scan_parquet(root + '/*/*/*.parquet', missing_columns='insert', extra_columns='ignore')
polars  day      pl.scan_parquet(deep, hive_partitioning=True, extra_columns='ignore').filter(pl.col('date') == day)
polars  day      pl.scan_parquet(files_of_day, missing_columns='insert', extra_columns='ignore')
polars  look     pl.scan_parquet(deep).head(5).collect().height
polars  purpose  pl.scan_parquet(root + '/[a-y]*/**/*.parquet', missing_columns='insert', extra_columns='ignore')
spark   file     parquet(file)
spark   folder   parquet(report)
spark   folder   parquet(report, recursiveFileLookup=True)
spark   hits     parquet(root)
spark   hits     parquet(root, recursiveFileLookup=True)
spark   hits     parquet(root, recursiveFileLookup=True, mergeSchema=True)
spark   hits     parquet(root + '/*/*.parquet')
spark   hits     parquet(root + '/*/*/*.parquet')
spark   human    parquet(root, recursiveFileLookup=True).where("traffic = 'human'")
spark   rows     parquet(root).count()
spark   rows     parquet(root, recursiveFileLookup=True).count()
spark   day      parquet(root).where(f"date = DATE '{text}'")
spark   day      parquet(root, recursiveFileLookup=True).where(f"date = DATE '{text}'")
spark   day      parquet(files_of_day)
spark   look     len(parquet(root, recursiveFileLookup=True).take(5))
spark   purpose  parquet(root, recursiveFileLookup=True, ignoreCorruptFiles=True)
spark   purpose  parquet(root + '/daily', root + '/hourly')
"""


def names_of(root: Path, candidate: Candidate, report: str, day: datetime.date) -> dict[str, Any]:
    """The names in the code of a call: paths of a built candidate, a day as date and as text, and modules."""
    file = f"{root}/{candidate.file}"
    return {
        "root": str(root),
        "deep": f"{root}/**/*.parquet",
        "report": f"{root}/{candidate.file.split('/')[0].format(report=report)}",
        "file": file.format(report=report, day=day),
        "files": file.format(report=report, day="*"),  # all days of a report
        "files_of_day": file.format(report="*", day=day),  # one day of all reports
        **{"day": day, "text": str(day), "duckdb": duckdb, "pd": pd, "pc": pc, "pq": pq, "ds": ds, "pl": pl},
        "glob": lambda pattern: sorted(glob.glob(pattern, recursive=True)),
    }


def start_spark() -> Any:
    """A function that reads Parquet with Spark."""
    from pyspark.sql import SparkSession

    settings = {"spark.ui.enabled": "false", "spark.sql.shuffle.partitions": "1", "spark.driver.host": "localhost"}
    session = SparkSession.builder.master("local[1]").config(map=settings).getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    logging.disable()  # PySpark logs each error that it raises, with two stacks
    return lambda *paths, **options: session.read.options(**options).parquet(*paths)


def read(reader: str, meaning: str, code: str, names: dict[str, Any]) -> tuple[int | None, str | None]:
    """The number that a call gives, and the type of `date` if there is one."""
    if reader == "duckdb":
        dated = "sum(hits), any_value(typeof(date))"
        select = {"file": dated, "glob": dated, "rows": "count(*)", LOOK: "*"}.get(meaning, "sum(hits)")
        rows = duckdb.connect().execute(f"SELECT {select} FROM {code.format(**names)}").fetchall()
        return (len(rows), None) if meaning == LOOK else (*rows[0], None)[:2]
    result = eval(code, names)
    if isinstance(result, int):
        return result, None
    if isinstance(result, pd.DataFrame):
        dates = result.get("date", pd.Series(dtype="str"))
        kind = type(dates.iloc[0]).__name__ if len(dates) and dates.dtype == "object" else str(dates.dtype)
        return int(result["hits"].sum()), kind if "date" in result else None
    if isinstance(result, pa.Table):
        return pc.sum(result["hits"]).as_py(), str(result.schema.field("date").type) if "date" in result.column_names else None
    if isinstance(result, (pl.DataFrame, pl.LazyFrame)):
        kind = result.lazy().collect_schema().get("date")
        return result.lazy().select(pl.col("hits").sum()).collect().item(), str(kind) if kind else None
    return result.groupBy().sum("hits").collect()[0][0], dict(result.dtypes).get("date")


def meant(meaning: str, source: Source, report: str) -> int:
    """The number that the caller of a call means."""
    table = source.tables[report if meaning in ONE_REPORT else "daily"]
    if meaning == "human":
        table = table.filter(pc.field("traffic") == "human")
    of_day = table.num_rows if meaning == "rows" else pc.sum(table["hits"]).as_py()
    return of_day * (1 if meaning in ("file", "date", "day") else len(source.days))


def outcome(call: list[str], names: dict[str, Any], source: Source, report: str) -> dict[str, Any]:
    try:
        number, kind = read(*call, names)
    except Exception as error:  # noqa: BLE001 - the outcome, whatever it is
        text = f"{type(error).__name__}: {error}".replace(names["root"], "DIR")
        return {"is": "error", "told": GUARD in text or source.sentence in text, "text": text}
    if not number or call[1] == LOOK:
        return {"is": "rows" if number else "empty", "date": kind}
    factor = number / meant(call[1], source, report)
    return {"is": "right" if factor == 1 else "wrong", "factor": factor, "date": kind}


def measure(work: Path, source: Source, calls: list[list[str]], parquet: Any) -> list[dict[str, Any]]:
    results = []
    for name, reports in SETS.items():
        part = replace(source, tables={name: source.tables[name] for name in reports or source.tables})
        report = "pages" if "pages" in part.tables else "hourly"
        for number, candidate in enumerate(CANDIDATES):
            root = work / f"{len(part.tables)}_reports" / f"{number:02}"
            build(root, candidate, part)
            names = {**names_of(root, candidate, report, part.days[0]), "parquet": parquet}
            for call in calls:
                which = dict(zip(("set", "candidate", "reader", "meaning", "code"), (name, candidate.name, *call), strict=True))
                results.append({**which, **outcome(call, names, part, report)})
    return results


def print_table(title: str, header: list[str], rows: list[list[Any]]) -> None:
    print(f"\n## {title}\n")
    for row in (header, ["---"] * len(header), *rows):
        print("| " + " | ".join(str(cell).replace("|", "¦") for cell in row) + " |")


def print_root(results: list[dict[str, Any]], readers: list[str]) -> None:
    rows = []
    for candidate in CANDIDATES:
        mine = [r for r in results if r["candidate"] == candidate.name]
        root, looks = [r for r in mine if r["meaning"] in ROOT], [r for r in mine if r["meaning"] == LOOK]
        states = Counter(r["is"] for r in root)
        wrong = Counter(r["reader"] for r in root if r["is"] == "wrong")
        told = f"{sum(r.get('told', False) for r in root)} of {states['error']}"
        look = f"{sum(r['is'] == 'rows' for r in looks)} of {len(looks)}"
        cells = [told, look, states["right"] + states["empty"]]
        rows.append([candidate.name, f"{states['wrong']} of {len(root)}", *(wrong[reader] for reader in readers), *cells])
    header = ["candidate", "silent wrong", *readers, "error says what to do", "look gives rows", "right or empty"]
    print_table("Calls at the root", header, rows)
    calls = Counter(r["reader"] for r in results if r["candidate"] == "A" and r["meaning"] in ROOT)
    print("\nCalls for each candidate: " + ", ".join(f"{calls[reader]} {reader}" for reader in readers))


def print_factors(results: list[dict[str, Any]]) -> None:
    rows = []
    for name in SETS:
        wrong = [r for r in results if r["set"] == name and r["candidate"] == "C" and r["is"] == "wrong"]
        rows.append([name, *(f"{max(r['factor'] for r in wrong if r['meaning'] == meaning):.2f}" for meaning in ROOT)])
    print_table("Largest factors of C", ["reports", *ROOT], rows)


def cell(result: dict[str, Any]) -> str:
    if result["is"] == "wrong":
        return f"× {result['factor']:.2f}"
    return result["date"] or "no date" if result["is"] == "right" and result["meaning"] != "date" else result["is"]


def print_calls(title: str, results: list[dict[str, Any]], candidates: list[str]) -> None:
    """The outcomes with all reports, a call in a line."""
    by_call: dict[tuple[str, ...], dict[str, str]] = {}
    for r in results:
        by_call.setdefault((r["reader"], r["meaning"], f"`{r['code']}`"), {})[r["candidate"]] = cell(r)
    rows = [[*call, *(row[name] for name in candidates)] for call, row in by_call.items()]
    print_table(title, ["reader", "meaning", "call", *candidates], rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--source", type=Path, default=Path("out/example"), help="a published data set, by default %(default)s")
    parser.add_argument("--work", type=Path, default=Path("build/layout"), help="folder to write to, by default %(default)s")
    parser.add_argument("--no-spark", action="store_true", help="leave Spark out, which takes most of the time")
    options = parser.parse_args()
    work = options.work.resolve()
    readers = [reader for reader in PACKAGES if reader != "spark" or not options.no_spark]
    calls = [line.split(maxsplit=2) for line in CALLS.strip().splitlines() if line.split()[0] in readers]
    results = measure(work, read_source(options.source), calls, None if options.no_spark else start_spark())
    (work / "results.json").write_text(json.dumps(results, indent=1, ensure_ascii=False))

    print("Versions: " + ", ".join(f"{PACKAGES[reader]} {version(PACKAGES[reader])}" for reader in readers))
    print_root(results, readers)
    print_factors(results)
    with_all = [r for r in results if r["set"] == "all reports"]
    print_calls("One report", [r for r in with_all if r["meaning"] in ONE_REPORT], [c.name for c in CANDIDATES if not c.guards])
    print_calls("Past the guard", [r for r in with_all if r["meaning"] == ON_PURPOSE], [c.name for c in CANDIDATES if c.guards])


if __name__ == "__main__":
    main()
