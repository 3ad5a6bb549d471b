"""Working days: Vietnam's days off, swapped Saturdays, and both ways of counting."""

from __future__ import annotations

from datetime import date, timedelta

import holidays
import pytest

from auction_engine.rules import calendar as days
from auction_engine.rules.pack_base import Span

VN = "vn-public-holidays@2026.1"
HANOI = "Asia/Ho_Chi_Minh"
# Where our data differs from the library: the dispatch 12729/VPCP-KGVX came after its data.
KNOWN_DIFFERENCES = {date(2026, 1, 2), date(2026, 1, 10)}


@pytest.fixture
def vn() -> days.Calendar:
    return days.load(VN)


def every_day(first: date, last: date) -> list[date]:
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def test_vietnam_agrees_with_the_holidays_library_day_by_day(vn: days.Calendar) -> None:
    library = holidays.country_holidays("VN", years=range(2024, 2029))
    differing = {
        day
        for day in every_day(date(2024, 1, 1), date(2028, 12, 31))
        if vn.is_working(day) != library.is_working_day(day)
    }
    assert differing == KNOWN_DIFFERENCES


@pytest.mark.parametrize(
    ("day", "works"),
    [
        (date(2024, 2, 7), True),
        (date(2024, 2, 8), False),  # Tết
        (date(2024, 2, 14), False),
        (date(2024, 2, 15), True),
        (date(2024, 4, 18), False),  # Hùng Kings
        (date(2024, 5, 4), True),  # a Saturday worked for Monday 29/04
        (date(2024, 4, 29), False),
        (date(2024, 5, 11), False),  # an ordinary Saturday
        (date(2025, 1, 27), False),
        (date(2025, 1, 31), False),
        (date(2025, 2, 3), True),
        (date(2025, 4, 26), True),
        (date(2026, 1, 2), False),
        (date(2026, 1, 10), True),
        (date(2026, 4, 26), False),
        (date(2026, 4, 27), False),  # Hùng Kings fell on a Sunday
        (date(2026, 8, 22), True),
        (date(2026, 9, 1), False),
    ],
)
def test_days_on_and_off_in_vietnam(vn: days.Calendar, day: date, works: bool) -> None:
    assert vn.is_working(day) is works


@pytest.mark.parametrize("day", [date(2023, 12, 29), date(2029, 1, 2)])
def test_a_day_outside_the_data_is_refused(vn: days.Calendar, day: date) -> None:
    with pytest.raises(days.CalendarError, match="says nothing about"):
        vn.is_working(day)


def test_counting_runs_out_of_data_loudly(vn: days.Calendar) -> None:
    with pytest.raises(days.CalendarError):
        days.add_working_days(vn, date(2028, 12, 28), 5)


def test_working_days_skip_tet(vn: days.Calendar) -> None:
    assert days.add_working_days(vn, date(2026, 2, 12), 3) == date(2026, 2, 24)
    assert days.minus_working_days(vn, date(2026, 2, 24), 3) == date(2026, 2, 12)


def test_zero_working_days_is_the_day_itself(vn: days.Calendar) -> None:
    assert days.add_working_days(vn, date(2026, 2, 17), 0) == date(2026, 2, 17)


def test_a_negative_number_is_refused(vn: days.Calendar) -> None:
    with pytest.raises(ValueError, match="not negative"):
        days.add_working_days(vn, date(2026, 3, 2), -1)


def test_the_first_day_is_not_counted(vn: days.Calendar) -> None:
    monday = date(2026, 6, 1)
    assert days.after(vn, monday, Span(working_days=3)) == date(2026, 6, 4)
    assert days.after(vn, monday, Span(days=3)) == date(2026, 6, 4)


@pytest.mark.parametrize(
    ("start", "span", "plain", "moved"),
    [
        (date(2026, 6, 1), Span(days=30), date(2026, 7, 1), date(2026, 7, 1)),
        (date(2026, 6, 4), Span(days=30), date(2026, 7, 4), date(2026, 7, 6)),  # a Saturday
        (date(2026, 3, 31), Span(days=30), date(2026, 4, 30), date(2026, 5, 4)),  # two holidays
        (date(2026, 1, 31), Span(months=1), date(2026, 2, 28), date(2026, 3, 2)),
        (date(2024, 2, 29), Span(years=1), date(2025, 2, 28), date(2025, 2, 28)),
        (date(2026, 8, 31), Span(months=1), date(2026, 9, 30), date(2026, 9, 30)),
        (date(2026, 6, 30), Span(months=6), date(2026, 12, 30), date(2026, 12, 30)),
    ],
)
def test_a_period_ending_on_a_day_off_ends_on_the_next_working_day(
    vn: days.Calendar, start: date, span: Span, plain: date, moved: date
) -> None:
    assert days.after(vn, start, span, to_working_day=False) == plain
    assert days.after(vn, start, span) == moved


@pytest.mark.parametrize(
    ("opening", "last"),
    [(date(2025, 11, 29), date(2025, 11, 26)), (date(2025, 4, 19), date(2025, 4, 16))],
)
def test_the_notices_of_2025_leave_two_full_working_days_between(
    vn: days.Calendar, opening: date, last: date
) -> None:
    two = Span(working_days=2)
    assert days.before(vn, opening, two, "FULL_DAYS_BETWEEN") == last
    assert days.working_days_between(vn, last, opening) == 2
    assert days.before(vn, opening, two, "DAY_MINUS_N") == last + timedelta(days=1)


def test_full_days_between_never_ends_on_a_day_off(vn: days.Calendar) -> None:
    # Wednesday: Monday and Tuesday lie between, Sunday and Saturday are days off.
    wednesday = date(2026, 6, 10)
    assert days.before(vn, wednesday, Span(working_days=2), "FULL_DAYS_BETWEEN") == date(2026, 6, 5)
    assert days.before(vn, wednesday, Span(days=2), "FULL_DAYS_BETWEEN") == date(2026, 6, 5)


def test_nothing_before_a_day_is_the_day_itself(vn: days.Calendar) -> None:
    for counting in ("DAY_MINUS_N", "FULL_DAYS_BETWEEN"):
        for span in (Span(days=0), Span(working_days=0)):
            assert days.before(vn, date(2026, 6, 10), span, counting) == date(2026, 6, 10)


def test_full_days_between_always_leaves_at_least_that_many(vn: days.Calendar) -> None:
    for opening in every_day(date(2026, 1, 20), date(2026, 6, 20)):
        for n in range(1, 9):
            last = days.before(vn, opening, Span(working_days=n), "FULL_DAYS_BETWEEN")
            assert vn.is_working(last)
            assert days.working_days_between(vn, last, opening) == n


def test_back_and_forth_meet_on_working_days(vn: days.Calendar) -> None:
    for day in filter(vn.is_working, every_day(date(2025, 1, 6), date(2025, 6, 30))):
        for n in (1, 2, 7):
            assert days.minus_working_days(vn, days.add_working_days(vn, day, n), n) == day


def test_weekends_only_knows_no_holidays_and_no_bounds() -> None:
    plain = days.load("weekends-only@1")
    assert plain.is_working(date(2026, 1, 1))
    assert not plain.is_working(date(1999, 1, 2))


def test_moments_are_utc_and_days_are_local() -> None:
    midnight = days.at_time_ms(date(2026, 7, 1), "00:00", HANOI)
    assert midnight == 1_782_838_800_000  # 2026-06-30T17:00:00Z
    assert days.local_day(midnight, HANOI) == date(2026, 7, 1)
    assert days.local_day(midnight - 1, HANOI) == date(2026, 6, 30)
    assert days.local_day(midnight, "Europe/Madrid") == date(2026, 6, 30)
    assert days.end_of_day_ms(date(2026, 6, 30), HANOI) == midnight - 1
    assert days.clock(midnight - 1, HANOI) == "23:59"


def test_a_day_of_summer_time_is_as_long_as_it_is() -> None:
    zone = "Europe/Vilnius"
    spring = date(2026, 3, 29)
    length = days.end_of_day_ms(spring, zone) + 1 - days.at_time_ms(spring, "00:00", zone)
    assert length == 23 * 3_600_000


def test_an_unknown_calendar_is_refused_with_those_there_are() -> None:
    with pytest.raises(days.CalendarError, match="weekends-only@1"):
        days.load("vn-public-holidays@1999.1")


def test_every_shipped_calendar_is_named_as_its_file() -> None:
    assert [days.load(name).id for name in days.ids()] == list(days.ids())


GOOD = """
id: x@1
weekend: [SAT, SUN]
covers: {since: 2026-01-01, until: 2026-12-31}
years:
  2026:
    - {date: 2026-01-01, name: {vi: a, en: b}}
unverified: []
"""


def test_a_small_calendar_is_read() -> None:
    assert not days.read(GOOD).is_working(date(2026, 1, 1))


@pytest.mark.parametrize(
    ("old", "new", "match"),
    [
        ("2026-01-01, name", "2025-01-01, name", "does not belong under 2026"),
        (
            "{vi: a, en: b}}\n",
            "{vi: a, en: b}}\n    - {date: 2026-01-01, name: {en: c}}\n",
            "twice",
        ),
        ("weekend: [SAT, SUN]\n", "", "not a calendar"),
        ("[SAT, SUN]", "[SAT, SON]", "not a calendar"),
        ("id: x@1\n", "id: x@1\nid: y@1\n", "line 3: `id` is given twice"),
        ("date: 2026-01-01, name", "date: 2026-01-05, until: 2026-01-04, name", "belong"),
    ],
)
def test_a_broken_calendar_is_refused(old: str, new: str, match: str) -> None:
    assert old in GOOD
    with pytest.raises(days.CalendarError, match=match):
        days.read(GOOD.replace(old, new))
