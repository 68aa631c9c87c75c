"""Privacy accounting of the dp mode: ε and δ agree with brute force and with two independent accountants."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from dp_accounting import GaussianDpEvent
from dp_accounting.pld import PLDAccountant
from dp_accounting.rdp import RdpAccountant
from hypothesis import given
from hypothesis import strategies as st

from tests.catalogues import NOISY_REPORTS, REPORTS
from transforms.dimensions.referrer import CHANNEL, SOURCE
from transforms.dimensions.request import PATH
from transforms.dimensions.timing import DAY_PART, HOUR
from transforms.privacy.differential import budget as differential
from transforms.privacy.differential.budget import (
    BOUNDS,
    MAX_DELTA,
    MIN_EPSILON,
    SHARES,
    Bound,
    Budget,
    Mechanism,
    bounded,
    delta_of,
    epsilon_of,
    rho_of,
    spent,
    threshold_of,
)
from transforms.privacy.differential.budget import NOISY as NOISY_MEASURES
from transforms.privacy.differential.entry import budget_of
from transforms.privacy.differential.noise import NoiseError, with_noise
from transforms.privacy.differential.policy import Differential
from transforms.reports.report import Catalogue, CatalogueError, Report

POLICY = Budget(("www.example.org",))
budgets = st.tuples(st.floats(MIN_EPSILON, 20), st.floats(1e-12, MAX_DELTA))


@given(budgets)
def test_all_mechanisms_together_cost_no_more_than_the_budget_and_not_much_less(budget):
    policy = Budget(("www.example.org",), *budget)
    epsilon, delta = spent(policy.mechanisms(), policy.noise_delta())
    assert 0.99 * policy.epsilon < epsilon <= policy.epsilon
    assert policy.delta / 2 < delta <= policy.delta


@pytest.mark.parametrize("accountant", [RdpAccountant, PLDAccountant])
@pytest.mark.parametrize("epsilon", [0.1, 1.0, 2.0, 8.0])
def test_other_accountants_find_no_higher_cost(accountant, epsilon):
    policy = Budget(("www.example.org",), epsilon)
    account = accountant()
    for each in policy.mechanisms():
        account.compose(GaussianDpEvent(each.scale / each.sensitivity))
    found = account.get_epsilon(policy.noise_delta())
    # They reckon more exactly than the closed form, so they find less, but not something else altogether.
    assert 0.6 * epsilon < found <= epsilon


def test_every_measure_of_every_noisy_report_has_one_mechanism():
    parts = [(each.report, each.measure) for each in POLICY.mechanisms()]
    assert len(parts) == len(set(parts))
    assert set(parts) == {(report, measure) for report in NOISY_REPORTS.names() for measure in NOISY_MEASURES}
    assert set(SHARES) == set(NOISY_MEASURES)
    assert sum(SHARES.values()) == 1
    for report in NOISY_REPORTS:
        own = REPORTS[report.name]
        assert (own.title, own.dimension, own.where) == (report.title, report.dimension, report.where)
        assert report.parent is None or report.parent in BOUNDS


@pytest.mark.parametrize(("cells", "most", "total"), [(2, 3, 4), (3, 2, 4), (1, 5, 4), (4, 1, 4), (3, 3, 6)])
def test_the_sensitivity_of_hits_is_the_longest_vector_that_the_bounds_allow(monkeypatch, cells, most, total):
    monkeypatch.setattr(differential, "UNIT_HITS", total)
    allowed = [vector for vector in itertools.product(range(most + 1), repeat=cells) if sum(vector) <= total]
    longest = max(math.sqrt(sum(hits * hits for hits in vector)) for vector in allowed)
    claimed = Bound(cells, most).sensitivity("hits")
    assert longest <= claimed + 1e-12
    assert claimed <= longest * 1.3


@given(st.floats(MIN_EPSILON, 20), st.floats(1e-12, 0.1))
def test_the_closed_form_and_its_inverse(epsilon, delta):
    assert epsilon_of(rho_of(epsilon, delta), delta) == pytest.approx(epsilon)


@pytest.mark.parametrize("scale", [0.7, 5.0, 37.74])
def test_tails_are_those_of_the_discrete_gaussian(scale):
    numbers = np.arange(-2000, 2001)
    weights = np.exp(-(numbers**2) / (2 * scale**2))
    for threshold in (1, 2, 5, 40):
        expected = 3 * weights[numbers >= threshold - 1].sum() / weights.sum()
        assert delta_of(3, scale, threshold) == pytest.approx(expected, rel=1e-9, abs=1e-300)


@given(st.integers(1, 20), st.floats(0.5, 500), st.floats(1e-12, 1e-3))
def test_the_threshold_is_the_lowest_that_delta_pays_for(cells, scale, delta):
    threshold, cost = threshold_of(cells, scale, delta)
    assert cost == delta_of(cells, scale, threshold) <= delta
    assert threshold == 1 or delta_of(cells, scale, threshold - 1) > delta


def test_adding_noise_to_the_whole_count_of_a_cell_that_k_opens_would_break_delta():
    """The step from k - 1, which is never named, to k must cost no more than that from 0 to 1."""
    (pages,) = (each for each in POLICY.mechanisms() if each.report == "pages" and each.threshold)
    assert pages.delta <= POLICY.delta / 4
    unshifted = delta_of(BOUNDS["pages"].cells, pages.scale, pages.threshold - (POLICY.min_addresses - 1))
    assert unshifted > POLICY.delta / 4


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"epsilon": 0.0}, "epsilon is 0,"),
        ({"epsilon": math.inf}, "epsilon is inf"),
        ({"epsilon": math.nan}, "epsilon is nan"),
        ({"delta": 0.0}, "delta is 0,"),
        ({"delta": 2e-5}, "delta is 2e-05, but must be from 1e-100 to 1e-05"),
        ({"delta": math.nan}, "delta is nan"),
        ({"min_addresses": 4}, "min_addresses is 4"),
        ({"sites": ()}, "no site"),
    ],
)
def test_what_promises_too_little_is_no_policy(change, said):
    with pytest.raises(ValueError, match=said):
        Budget(**{"sites": ("www.example.org",), **change})


def test_a_policy_can_be_read_from_its_facts():
    policy = Budget(("a.example", "b.example"), 1.5, 2e-8, 12)
    assert budget_of(Differential(policy).facts()) == policy


def test_noise_is_discrete_gaussian_of_the_stated_scale_and_drawn_for_each_cell():
    """20,000 draws: each bound is missed by chance once in a million runs or more rarely."""
    (mechanism,) = (each for each in POLICY.mechanisms() if (each.report, each.measure) == ("pages", "visitors"))
    noise = with_noise(np.full(20_000, 1000), mechanism) - 1000
    scale = mechanism.scale
    assert abs(noise.mean()) < 5 * scale / math.sqrt(len(noise))
    assert abs(noise.std() / scale - 1) < 5 / math.sqrt(2 * len(noise))
    within = np.mean(np.abs(noise) <= mechanism.half_width)
    assert 0.94 < within < 0.965
    assert abs(np.corrcoef(noise[1:], noise[:-1])[0, 1]) < 5 / math.sqrt(len(noise))
    assert not np.array_equal(noise, with_noise(np.full(20_000, 1000), mechanism) - 1000)


def test_noise_that_costs_more_than_it_is_said_to_is_not_drawn():
    with pytest.raises(NoiseError, match="pages, hits"):
        with_noise(np.zeros(3, np.int64), Mechanism("pages", "hits", sensitivity=8.0, scale=10.0, rho=0.3))


def test_the_door_of_noise_takes_great_and_no_counts():
    mechanism = Mechanism("daily", "bytes_sent", 2e6, 4e7, 0.00125)
    assert abs(int(with_noise(np.array([10**15]), mechanism)[0]) - 10**15) < 10**9
    assert with_noise(np.zeros(0, np.int64), mechanism).tolist() == []


def test_a_bound_holds_for_the_division_that_it_is_declared_for_and_no_other():
    daily, kinds = REPORTS["daily"], REPORTS["kinds"]
    assert bounded(REPORTS).names() == tuple(each.name for each in REPORTS if each.name in BOUNDS)
    assert bounded(bounded(REPORTS)) == bounded(REPORTS)
    by_hour = [daily, Report("channels", "", HOUR, "daily"), Report("sources", "", SOURCE, "channels")]
    assert bounded(Catalogue(by_hour)).names() == ("daily",)
    for values in (("download",), ("page", "download")):
        pages = Report("pages", "", PATH, "kinds", where=("kind", *values))
        assert bounded(Catalogue([daily, kinds, pages])).names() == ("daily", "kinds")


def test_levels_without_a_bound_are_skipped():
    noisy = bounded(REPORTS)
    assert (REPORTS["hourly"].parent, noisy["hourly"].parent) == ("day_parts", "daily")
    assert (REPORTS["pages"].parent, noisy["pages"].parent) == ("sections", "kinds")
    assert noisy.columns("hourly") == ("site", "traffic", "hour")
    assert noisy.columns("pages") == ("site", "traffic", "kind", "path")


@pytest.mark.parametrize(
    ("between", "kept"),
    [
        ([], True),
        ([Report("parts", "", DAY_PART, "daily")], True),
        ([Report("parts", "", DAY_PART, "daily", where=("traffic", "human"))], False),  # of other rows
        ([Report("channels_of_hours", "", CHANNEL, "daily")], False),  # which an hour does not determine
        ([Report("channels_of_hours", "", CHANNEL, "daily"), Report("parts", "", DAY_PART, "channels_of_hours")], False),
    ],
)
def test_a_report_whose_rows_would_be_others_without_a_skipped_level_is_left_out(between, kept):
    above = between[-1].name if between else "daily"
    noisy = bounded(Catalogue([REPORTS["daily"], *between, Report("hourly", "", HOUR, above)]))
    assert noisy.names() == (("daily", "hourly") if kept else ("daily",))


def test_without_a_root_that_has_a_bound_nothing_is_left(monkeypatch):
    monkeypatch.setattr(differential, "BOUNDS", {name: BOUNDS[name] for name in BOUNDS if name != "daily"})
    with pytest.raises(CatalogueError, match="a catalogue needs at least its root"):
        bounded(REPORTS)
