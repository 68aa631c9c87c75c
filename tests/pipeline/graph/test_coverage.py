"""Where the input begins inside a period, and how few lines do not show that it goes on."""

from __future__ import annotations

import pytest

from pipeline.config.days import to_day
from pipeline.graph.coverage import coverage_of, cut_period
from transforms.period import Period, Window

DAY = "2026-03-03"
WINDOW = Window(end=to_day("2026-03-20"))
NOON, DAY_MINUTES = 12 * 60, 24 * 60


def cut(lines: dict[str, int], first: dict[str, int] | int, window: Window = WINDOW) -> str | None:
    return cut_period(lines, first if isinstance(first, dict) else dict.fromkeys(lines, first), window)


@pytest.mark.parametrize(
    ("lines", "first", "is_cut"),
    [
        (80, NOON, True),  # 80 in the second half: a quarter of that rate makes 20 in the first
        (79, NOON, False),
        (240, 6 * 60, True),
        (239, 6 * 60, False),
        (100_000, 0, False),
        (115_120, 1, True),  # a minute of a site with 80 lines a minute
        (115_119, 1, False),
        (1, DAY_MINUTES - 1, True),  # as busy as its last minute
    ],
)
def test_a_quarter_of_the_rate_from_the_first_line_on_would_have_made_twenty_before(lines, first, is_cut):
    assert cut({DAY: lines}, first) == (DAY if is_cut else None)


@pytest.mark.parametrize(("lines", "is_cut"), [(240, True), (239, False)])
@pytest.mark.parametrize(
    ("period", "date", "days"),
    [(Period.WEEK, "2026-03-02", 7), (Period.MONTH, "2026-02-01", 28), (Period.MONTH, "2026-01-01", 31)],
)
def test_a_longer_period_is_judged_by_all_of_its_minutes(period, date, days, lines, is_cut):
    window = Window(end=to_day("2026-03-20"), period=period)
    assert cut({date: lines}, days * DAY_MINUTES // 4, window) == (date if is_cut else None)


@pytest.mark.parametrize(
    "before",
    [
        {"2026-03-02": 1},
        {"2026-02-24": 1},  # a week without a line may be a holiday
        {"2026-01-01": 20},
        {"1970-01-01": 19, "2026-01-01": 1},
    ],
)
def test_a_day_that_is_not_the_first_is_never_held_back(before):
    first = {**dict.fromkeys(before, 0), DAY: NOON}
    assert cut({**before, DAY: 1_000, "2026-03-04": 1_000}, {**first, "2026-03-04": NOON}) is None


@pytest.mark.parametrize("strays", [{"1970-01-01": 1}, {"1970-01-01": 10, "2026-02-01": 9}])
def test_stray_lines_long_before_do_not_make_it_another(strays):
    assert cut({**strays, DAY: 1_000}, {**dict.fromkeys(strays, 0), DAY: NOON}) == DAY


@pytest.mark.parametrize(
    "window",
    [
        Window(end=to_day("2026-03-20"), published=frozenset({to_day(DAY)})),
        Window(end=to_day(DAY)),
        Window(end=to_day("2026-03-20"), asked=frozenset({to_day("2026-03-04")})),
    ],
)
def test_what_this_run_does_not_publish_is_not_held_back(window):
    assert cut({DAY: 1_000, "2026-03-04": 1_000}, NOON, window) is None


def test_no_line_is_no_period():
    assert cut({}, {}) is None


@pytest.mark.parametrize(
    ("before", "after", "coverage"),
    [(20, 20, "full"), (19, 20, "edge"), (20, 19, "edge"), (0, 20, "edge"), (20, 0, "edge")],
)
def test_twenty_lines_before_and_after_show_that_the_input_goes_on(before, after, coverage):
    lines = {"1970-01-01": 1, "2026-03-02": before - 1, DAY: 500, "2026-03-04": after - 1, "2036-02-07": 1}
    assert coverage_of(DAY, {date: count for date, count in lines.items() if count > 0}, False) == (
        coverage if before and after else "edge"
    )
    assert coverage_of(DAY, lines, True) == "not_told"


def test_stray_lines_of_wrong_clocks_do_not():
    assert coverage_of(DAY, {"1970-01-01": 3, DAY: 500, "2036-02-07": 3}, False) == "edge"


def test_a_period_without_lines_is_at_an_edge():
    assert coverage_of(DAY, {}, False) == "edge"
