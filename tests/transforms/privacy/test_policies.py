"""What every policy must do, whichever it is: the contract that the graph, the data set and the commands rely on."""

from __future__ import annotations

import dataclasses

import pytest

from pipeline.outputs.parquet import parquet_files
from tests.catalogues import REPORTS
from tests.eager import EVERYTHING
from tests.logs import crowd
from transforms.block import Block, Rules, process_block
from transforms.masking.secret import new_secret
from transforms.privacy.policy import Policy, Settings, policies, policy_of
from transforms.privacy.release import Folded, Released

DATE, SITE = "2026-03-03", "www.example.org"
SETTINGS = Settings(declare_site=(SITE,), date=DATE)
LOG = crowd(40) + crowd(15, 100, request="GET /b HTTP/1.1")


@pytest.fixture(params=policies().values(), ids=policies())
def policy(request) -> Policy:
    """Each policy, as the same settings make it."""
    settings = SETTINGS if request.param.own_settings else dataclasses.replace(SETTINGS, declare_site=())
    return request.param.from_settings(settings)


def counted(policy, shards=3):
    catalogue = policy.published(REPORTS)
    rules = Rules(shards, EVERYTHING, policy.travelling(catalogue))
    pieces, _ = process_block(Block("log", "combined", 0, len(LOG), LOG, site=SITE), rules, new_secret())
    return catalogue, [counted for piece in pieces.values() for counted in policy.count([piece], catalogue).values()]


def test_its_facts_give_it_back(policy):
    facts = policy.facts()
    assert facts["mode"] == policy.mode
    assert policy_of(facts) is type(policy)
    assert type(policy).from_facts(facts) == policy
    assert all(isinstance(value, str) for value in facts.values())


def test_it_publishes_reports_of_the_catalogue_with_their_parents(policy):
    published = policy.published(REPORTS)
    assert set(published.names()) <= set(REPORTS.names())
    assert published.root() == REPORTS.root()


def test_a_period_is_counted_planned_and_released(policy):
    catalogue, shards = counted(policy)
    planned = policy.plan([each.counts for each in shards], catalogue)
    recounts = [policy.recount(DATE, each.kept, catalogue, planned.plan) for each in shards if each.kept]
    assert {date for date, _ in recounts} <= {DATE}
    assert bool(recounts) == (planned.plan is not None)
    released, told = policy.release(planned.counts, [counts for _, counts in recounts], catalogue)
    assert isinstance(released, Released)
    assert set(released.tables) == set(catalogue.names())
    assert isinstance(told, dict)
    files = parquet_files(released, DATE, catalogue, policy.facts())
    assert set(files) == set(catalogue.names())


def test_counts_add_up_in_any_order(policy):
    catalogue, shards = counted(policy)
    parts = [each.counts for each in shards]
    assert len(parts) > 1
    assert policy.plan(parts, catalogue) == policy.plan(parts[::-1], catalogue)


def test_only_announced_periods_have_counts_without_lines(policy):
    catalogue = policy.published(REPORTS)
    if policy.announced:
        planned = policy.plan([policy.without_lines()], catalogue)
        released, _ = policy.release(planned.counts, [], catalogue)
        assert all(table.num_rows for table in released.tables.values())
    else:
        assert policy.without_lines() is None


def test_it_explains_itself_with_its_numbers(policy):
    text = policy.explanation("week")
    assert "week" in text
    assert "{" not in text
    assert policy.in_short("week")
    assert str(SETTINGS.min_addresses) in text


def test_its_checks_know_the_columns_that_it_writes(policy):
    catalogue, shards = counted(policy)
    planned = policy.plan([each.counts for each in shards], catalogue)
    recounts = [policy.recount(DATE, each.kept, catalogue, planned.plan)[1] for each in shards if each.kept]
    released, _ = policy.release(planned.counts, recounts, catalogue)
    manifest = {**policy.facts(), "date": DATE, "revision": 1, "run_id": "r", "reports": catalogue.described()}
    entry = policy.budget_entry({key: manifest[key] for key in manifest if key != "revision"}) if policy.draws else None
    checks = type(policy).checks(manifest, catalogue, entry)
    assert set(checks.facts) == set(policy.facts())
    assert list(checks.stated()) == []
    for report in catalogue:
        assert checks.measures(report) == tuple(released.measures[report.name])


def test_figures_have_a_row_for_each_report(policy):
    catalogue = policy.published(REPORTS)
    numbers = {"rows": 2, "hits": 9, **dataclasses.asdict(Folded(under=1, unnamed=3))}
    figures = policy.figures([{"reports": dict.fromkeys(catalogue.names(), numbers)}])
    assert [row[0] for row in figures.rows] == list(catalogue.names())
    assert {len(row) for row in figures.rows} == {1 + len(figures.titles)}


def test_an_unknown_mode_is_refused():
    for facts in ({}, {"mode": "none"}, {"mode": ["threshold"]}):
        with pytest.raises(ValueError, match="does not know"):
            policy_of(facts)
