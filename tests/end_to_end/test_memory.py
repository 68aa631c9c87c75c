"""Memory from the command line: what a run may take, whatever clients send."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys

import pytest

from benchmarks.memory import SHAPES
from benchmarks.processes import peak_memory
from tests.logs import UNNAMED

MIB = 1 << 20
TOLD = [*UNNAMED, "--one-network", "publish", "--timezone", "UTC", "--period", "day", "--date", "2026-05-17"]


def command(folder, out, *words):
    return [sys.executable, "-m", "pipeline", "run", "--input", f"{folder}/*", "--output", str(out), *TOLD, *words]


@pytest.fixture(scope="module")
def hosts(tmp_path_factory):
    """Each line names another site, as a scanner can."""
    folder = tmp_path_factory.mktemp("hosts")
    SHAPES["hosts"][1](folder, 60_000)
    return folder


def test_a_run_that_surely_takes_too_much_is_refused_with_what_would_do(hosts, tmp_path):
    refused = subprocess.run(command(hosts, tmp_path / "out", "--workers", "4", "--max-memory", "300M"), capture_output=True)
    assert refused.returncode == 2
    said = refused.stderr.decode()
    assert "would take about" in said
    assert "--workers 0 it would take about" in said
    assert not list((tmp_path / "out").glob("*/*"))


def test_a_run_that_takes_more_than_it_may_ends_by_itself(hosts, tmp_path):
    allowed = 180 * MIB
    words = ["--workers", "0", "--block-mib", "1", "--max-memory", "180M"]
    peak, code, said = peak_memory(command(hosts, tmp_path / "out", *words))
    assert code == 2
    assert "took more memory than it may" in said
    assert "Traceback" not in said
    assert peak <= 1.1 * allowed
    assert not list((tmp_path / "out").glob("*/*"))


@pytest.mark.long
def test_a_machine_of_512_mb_runs_a_log_of_100_mb(tmp_path):
    folder = tmp_path / "log"
    folder.mkdir()
    SHAPES["realistic"][1](folder, 400_000)
    assert sum(file.stat().st_size for file in folder.iterdir()) > 95 * MIB
    record = tmp_path / "record.json"
    words = ["--workers", "0", "--max-memory", "384M", "--run-record", str(record)]
    peak, code, said = peak_memory(command(folder, tmp_path / "out", *words))
    assert code == 0, said
    assert peak < 384 * MIB
    told = json.loads(record.read_text())["peak_memory_bytes"]
    assert 0.7 * peak < told < 1.3 * peak


@pytest.mark.long
def test_plan_and_peak_agree_within_a_factor_of_two(tmp_path):
    for profile in ("realistic", "scattered"):
        folder = tmp_path / profile
        folder.mkdir()
        SHAPES[profile][1](folder, 300_000)
        for workers in ("0", "2"):
            planned = [*command(folder, tmp_path / "out", "--workers", workers)]
            planned[3] = "plan"
            told = subprocess.run(planned, capture_output=True, text=True, check=True).stdout
            about = int(told.split("Memory: about ")[1].split(" MB")[0].replace(",", ""))
            peak, code, _ = peak_memory(command(folder, tmp_path / f"{profile}-{workers}", "--workers", workers))
            assert code == 0
            assert peak / 2 <= about * 1_000_000 <= peak * 2, (profile, workers, about, peak)


@pytest.mark.long
@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_no_value_that_clients_choose_takes_more_than_the_documents_say(tmp_path, shape):
    from benchmarks.memory import FIXED_BYTES, LINE_BYTES

    lines = 30_000
    folder = tmp_path / "log"
    folder.mkdir()
    SHAPES[shape][1](folder, lines)
    words = ["--workers", "2", "--max-reject-ratio", "1"]
    peak, code, said = peak_memory(command(folder, tmp_path / "out", *words))
    assert code == 0, said
    assert peak <= FIXED_BYTES + LINE_BYTES * lines


def test_shapes_are_what_their_names_say(tmp_path):
    for name, column in (("hosts", 0), ("paths", 7), ("referrers", 11)):
        folder = tmp_path / name
        folder.mkdir()
        SHAPES[name][1](folder, 500)
        words = [line.split(" ")[column] for line in (folder / "access.log").read_text().splitlines()]
        assert len(set(words)) == 500


@pytest.mark.long
def test_the_first_lines_of_many_files_do_not_add_up(tmp_path):
    """They are looked at before a run begins, and kept to its end."""
    words, peaks = ["--workers", "0", "--format", "site_combined"], {}
    for count in (1, 150):
        folder = tmp_path / f"of {count}"
        folder.mkdir()
        for number in range(count):
            client = f"www.garden.example:443 20.{number}.0.1"
            line = f'{client} - - [17/May/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 5 "-" "{"x" * 7_000}"\n'
            with gzip.open(folder / f"{number}.log.gz", "wt", compresslevel=1) as file:
                file.write(line * 150)
        peaks[count], code, said = peak_memory(command(folder, tmp_path / f"out {count}", *words))
        assert code == 0, said
    assert peaks[150] - peaks[1] < 100 * MIB, peaks
