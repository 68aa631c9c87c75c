"""One call of a worker: which country database it opens."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.catalogues import TRAVELLING
from tests.logs import crowd
from transforms import block
from transforms.dimensions.country import CountryLookup
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
