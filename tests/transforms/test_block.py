"""One call of a worker: which country database it opens, and that it makes the same of a log with either kernel."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.catalogues import TRAVELLING
from tests.kernels import BUILT, running
from tests.logs import crowd
from transforms import block, kernel
from transforms.dimensions.country import CountryLookup
from transforms.formats import w3c
from transforms.formats.registry import FORMATS
from transforms.parsing.detect import as_in, detect, sample_lines
from transforms.period import Window

OPEN = CountryLookup.open
DATABASE = str(Path(__file__).parents[1] / "data" / "geo" / "GeoLite2-Country-Test.mmdb")


@pytest.mark.parametrize("path", [None, DATABASE])
def test_a_worker_opens_the_database_of_its_job_once_and_no_other(monkeypatch, path):
    opened = []

    def open_database(path=None):
        opened.append(path)
        return OPEN(path)

    monkeypatch.setattr(CountryLookup, "open", open_database)
    block._lookups.cache_clear()
    block.warm_up()
    rules = block.Rules(1, Window(end=1_000_000), TRAVELLING, country_database=path)
    for _ in range(2):
        log = crowd(3)
        block.process_block(block.Block("log", "combined", 0, len(log), log), rules, bytes(32))
    block._lookups.cache_clear()
    assert opened == [path]


GOLDEN = Path(__file__).parent / "formats" / "golden"


@pytest.mark.skipif(kernel.NATIVE not in BUILT, reason="the native kernel is not built: cargo was not found")
@pytest.mark.parametrize("folder", sorted(folder.name for folder in GOLDEN.iterdir()))
def test_each_kernel_makes_the_same_pieces_byte_for_byte(folder):
    """What is published is made of the pieces alone."""
    log = (GOLDEN / folder / "input.log").read_bytes()
    found = w3c.header_in(log) or detect(log, FORMATS, complete=True).likeliest
    known = as_in(found, sample_lines(log, complete=True))
    outcomes = []
    for name in BUILT:
        with running(name):
            rules = block.Rules(2, Window(end=1_000_000), TRAVELLING)
            of_log = block.Block("log", known, 0, len(log), log, site="www.example.org")
            outcomes.append(block.process_block(of_log, rules, bytes(32)))
    assert outcomes[0] == outcomes[1]


@pytest.mark.parametrize("planned", [kernel.NATIVE, kernel.PYTHON])
def test_a_worker_without_the_native_kernel_takes_no_job_that_was_planned_with_it(planned):
    log = crowd(3)
    rules = block.Rules(1, Window(end=1_000_000), TRAVELLING, kernel=planned)
    with running(kernel.PYTHON):
        if planned == kernel.NATIVE:
            with pytest.raises(block.BlockError) as caught:
                block.process_block(block.Block("log", "combined", 0, len(log), log), rules, bytes(32))
            assert caught.value.reason == block.NO_KERNEL
        else:
            block.process_block(block.Block("log", "combined", 0, len(log), log), rules, bytes(32))
