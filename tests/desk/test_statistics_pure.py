"""Periods, charts and provinces of the statistics: nothing but values."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auction_engine.desk.statistics import periods
from auction_engine.desk.statistics.facts import zone_of
from auction_engine.desk.statistics.periods import NAMED, STEPS, Period
from auction_engine.desk.statistics.reading import province_of
from auction_engine.http.statistics.charts import SIZES, Box, Mark, boxes, columns, scale

DAYS = st.dates(date(2017, 7, 1), date(2060, 12, 31))


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("month", date(2026, 2, 1), date(2026, 2, 28)),
        ("quarter", date(2026, 1, 1), date(2026, 3, 31)),
        ("year", date(2026, 1, 1), date(2026, 12, 31)),
        ("last_year", date(2025, 1, 1), date(2025, 12, 31)),
        ("12_months", date(2025, 3, 1), date(2026, 2, 28)),
        ("all", date(2017, 7, 1), date(2026, 2, 28)),
    ],
)
def test_named_periods(name: periods.Named, first: date, last: date) -> None:
    assert periods.named(name, date(2026, 2, 28)) == Period(first, last)


@given(DAYS, st.sampled_from(NAMED))
def test_a_named_period_holds_the_day_it_is_asked_on(today: date, name: periods.Named) -> None:
    period = periods.named(name, today)
    assert period.first <= period.last
    assert (period.first <= today <= period.last) == (name != "last_year")


@given(DAYS, st.integers(0, 380), st.sampled_from(STEPS))
def test_each_day_lies_in_one_step(first: date, days: int, step: periods.Step) -> None:
    period = Period(first, first + timedelta(days))
    begins = periods.steps(period, step)
    assert begins[0] <= period.first < periods.following(begins[0], step)
    assert begins[-1] <= period.last < periods.following(begins[-1], step)
    for one, following in pairwise(begins):
        assert periods.following(one, step) == following
    assert len({periods.key(one, step) for one in begins}) == len(begins)


@given(st.floats(0.001, 1e12))
def test_an_axis_reaches_what_it_shows(highest: float) -> None:
    step, end = scale(highest)
    assert end >= highest * (1 - 1e-9)
    assert 1 <= round(end / step) <= 6


@given(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), max_size=30))
def test_columns_are_as_tall_as_their_numbers(numbers: list[tuple[int, int]]) -> None:
    parts = [[("sold", float(a)), ("failed", float(b))] for a, b in numbers]
    names = [str(n) for n in range(len(numbers))]
    for size, marks in columns(names, parts, names, str).items():
        width, height = SIZES[size]
        rects = [mark for mark in marks if mark.what == "rect"]
        assert len(rects) == sum((a > 0) + (b > 0) for a, b in numbers)
        assert all(_inside(mark, width, height) for mark in marks)
        units = {
            round(mark.h / value, 1)
            for mark, value in zip(rects, _values(numbers), strict=True)
            if value > 50
        }
        assert len(units) <= 2  # one scale, but for rounding


def _values(numbers: list[tuple[int, int]]) -> list[int]:
    return [value for pair in numbers for value in pair if value > 0]


def _inside(mark: Mark, width: int, height: int) -> bool:
    x, y = (max(mark.x, mark.x + mark.w), max(mark.y, mark.y + mark.h))
    return 0 <= mark.x <= x <= width and 0 <= mark.y <= y <= height


SPREADS = st.lists(st.floats(0.3, 4), min_size=5, max_size=5).map(sorted)


@given(st.lists(st.none() | SPREADS, max_size=20), st.sampled_from([None, 1.0]))
def test_boxes_stand_within_their_picture(
    spreads: list[list[float] | None], line: float | None
) -> None:
    found = [None if one is None else Box(*one, "x") for one in spreads]  # type: ignore[call-arg, misc]
    names = [str(n) for n in range(len(found))]
    for size, marks in boxes(names, found, str, line).items():
        assert all(_inside(mark, *SIZES[size]) for mark in marks)
        assert sum(mark.what == "rect" for mark in marks) == sum(box is not None for box in found)


def test_one_far_away_leaves_the_others_readable() -> None:
    near = Box(1.0, 1.1, 1.2, 1.3, 1.4, "near")
    far = Box(1.0, 1.1, 1.2, 1.3, 90.0, "far")
    for marks in boxes(["a", "b"], [near, far], str, 1.0).values():
        rects = [mark for mark in marks if mark.what == "rect"]
        assert [mark.h for mark in rects] == [rects[0].h] * 2
        assert rects[0].h > 5


@pytest.mark.parametrize(
    ("province", "place", "found"),
    [
        ("Hải Yên", None, "Hải Yên"),
        ({"vi": "Hải  Yên", "en": "x"}, {"vi": "a, b"}, "Hải Yên"),
        (None, {"vi": "Xã Phú Khê, tỉnh An Lạc", "en": "x"}, "tỉnh An Lạc"),
        (None, "Phú Khê", "Phú Khê"),
        (None, None, ""),
        ({"en": "x"}, {"en": "y"}, ""),
    ],
)
def test_the_province_is_the_one_named_or_the_end_of_the_place(
    province: object, place: object, found: str
) -> None:
    assert province_of(province, place) == found


def test_days_are_those_of_the_packs_zone() -> None:
    assert zone_of("vn-voluntary") == zone_of(None) == zone_of("gone") == "Asia/Ho_Chi_Minh"
    assert zone_of("es-boe") == "Europe/Madrid"
