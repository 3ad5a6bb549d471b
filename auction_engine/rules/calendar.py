"""Working days: which days count, and how periods of days are counted.

Calendars are versioned data (`calendars/*.yaml`). Local days are `datetime.date`, moments are UTC
milliseconds. A day outside a calendar's data is refused: a date that ignores Tết voids an auction.
"""

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from importlib import resources
from typing import Any
from zoneinfo import ZoneInfo

from auction_engine.rules import strict_yaml
from auction_engine.rules.pack_base import Counting, Span

_WEEKDAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
_DAY = timedelta(days=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class CalendarError(ValueError):
    """A calendar that does not exist, is broken, or knows nothing of the day asked about."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """Days off of one country. `since` and `until` bound what it knows; None is no bound."""

    id: str
    weekend: frozenset[int]  # 0 is Monday
    days_off: Mapping[date, str]  # and their English name
    worked: frozenset[date]  # weekend days worked instead of another day
    since: date | None
    until: date | None
    unverified_years: frozenset[int]

    def is_working(self, day: date) -> bool:
        """Whether state bodies work on `day`. Raises CalendarError outside the data."""
        if (self.since is not None and day < self.since) or (
            self.until is not None and day > self.until
        ):
            raise CalendarError(f"{self.id} says nothing about {day}: it has {self.covers()}")
        if day in self.worked:
            return True
        return day.weekday() not in self.weekend and day not in self.days_off

    def covers(self) -> str:
        """The first and the last day it has data for, as text."""
        return f"{self.since or '…'} – {self.until or '…'}"


def ids() -> tuple[str, ...]:
    """The calendars that are shipped, in order."""
    files = resources.files(__package__).joinpath("calendars").iterdir()
    return tuple(sorted(f.name.removesuffix(".yaml") for f in files if f.name.endswith(".yaml")))


@cache
def load(calendar_id: str) -> Calendar:
    """The shipped calendar of this id, e.g. `vn-public-holidays@2026.1`. Raises CalendarError."""
    if calendar_id not in ids():
        raise CalendarError(f"{calendar_id} is not a calendar; there are {', '.join(ids())}")
    file = resources.files(__package__).joinpath("calendars", f"{calendar_id}.yaml")
    return read(file.read_text("utf-8"))


def read(text: str) -> Calendar:
    """The calendar in a YAML text. Raises CalendarError, also for a day under another year."""
    try:
        data = strict_yaml.load(text)
        days_off, worked = _days(data["years"])
        covers = data["covers"] or {}
        return Calendar(
            id=data["id"],
            weekend=frozenset(_WEEKDAYS.index(name) for name in data["weekend"]),
            days_off=days_off,
            worked=frozenset(worked),
            since=covers.get("since"),
            until=covers.get("until"),
            unverified_years=frozenset(
                year for entry in data["unverified"] for year in entry["years"]
            ),
        )
    except CalendarError:
        raise
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise CalendarError(f"not a calendar: {error}") from None


def _days(years: dict[int, list[dict[str, Any]]]) -> tuple[dict[date, str], set[date]]:
    days_off: dict[date, str] = {}
    worked: set[date] = set()
    for year, entries in years.items():
        for entry in entries:
            day, until = entry["date"], entry.get("until", entry["date"])
            if day.year != year or until < day:
                raise CalendarError(f"{day} to {until} does not belong under {year}")
            while day <= until:
                if day in days_off:
                    raise CalendarError(f"{day} is listed twice")
                days_off[day] = entry["name"]["en"]
                day += _DAY
            if (instead := entry.get("worked_instead")) is not None:
                worked.add(instead)
    return days_off, worked


def add_working_days(calendar: Calendar, day: date, n: int) -> date:
    """The `n`th working day after `day`, which itself is not counted (Civil Code 2015 Art. 147).

    0 gives `day` itself. Raises CalendarError outside the data, ValueError for a negative `n`.
    """
    return _step(calendar, day, n, _DAY)


def minus_working_days(calendar: Calendar, day: date, n: int) -> date:
    """The `n`th working day before `day`, which itself is not counted. Raises as the other."""
    return _step(calendar, day, n, -_DAY)


def _step(calendar: Calendar, day: date, n: int, by: timedelta) -> date:
    if n < 0:
        raise ValueError("a number of days is not negative")
    while n:
        day += by
        n -= calendar.is_working(day)
    return day


def next_working_day(calendar: Calendar, day: date) -> date:
    """`day`, or the first working day after it (Civil Code 2015 Art. 148(5))."""
    while not calendar.is_working(day):
        day += _DAY
    return day


def previous_working_day(calendar: Calendar, day: date) -> date:
    """`day`, or the last working day before it."""
    while not calendar.is_working(day):
        day -= _DAY
    return day


def after(calendar: Calendar, day: date, span: Span, *, to_working_day: bool = True) -> date:
    """The last day of a period that begins with `day`: the first day is not counted.

    With `to_working_day` a period of days, months or years that ends on a day off ends on the
    next working day (Civil Code 2015 Arts. 147-148). Raises CalendarError outside the data.
    """
    if span.unit == "working_days":
        return add_working_days(calendar, day, span.n)
    end = day + span.n * _DAY if span.unit == "days" else _add_months(day, _months(span))
    return next_working_day(calendar, end) if to_working_day else end


def before(calendar: Calendar, day: date, span: Span, counting: Counting) -> date:
    """The latest day that lies `span` before `day`.

    DAY_MINUS_N: two days before Saturday is Thursday. FULL_DAYS_BETWEEN: two full days lie
    between, so it is Wednesday, or the working day before if that is a day off. A period counted
    backwards is never shortened by a day off. Raises CalendarError outside the data.
    """
    if span.unit == "working_days":
        start = minus_working_days(calendar, day, span.n)
    elif span.unit == "days":
        start = day - span.n * _DAY
    else:
        start = _add_months(day, -_months(span))
    if counting == "DAY_MINUS_N" or span.n == 0:
        return start
    return previous_working_day(calendar, start - _DAY)


def latest_start(calendar: Calendar, end: date, span: Span) -> date:
    """The last day from which a period counted on from it has run by `end`.

    Not the same as counting back where `end` is a day off: two working days after Thursday is
    Monday, so for a Sunday it is Wednesday. Raises CalendarError outside the data.
    """
    day = end
    while after(calendar, day, span, to_working_day=False) > end:
        day -= _DAY
    return day


def working_days_between(calendar: Calendar, first: date, last: date) -> int:
    """Working days that lie strictly between two days."""
    days = (first + number * _DAY for number in range(1, (last - first).days))
    return sum(map(calendar.is_working, days))


def _months(span: Span) -> int:
    return span.n * 12 if span.unit == "years" else span.n


def _add_months(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def local_day(at_ms: int, zone: str) -> date:
    """The day on the wall of `zone` at a moment in UTC milliseconds."""
    return (_EPOCH + timedelta(milliseconds=at_ms)).astimezone(ZoneInfo(zone)).date()


def at_time_ms(day: date, clock: str, zone: str) -> int:
    """UTC milliseconds of a local day and time `HH:MM` in `zone`."""
    hours, minutes = clock.split(":")
    moment = datetime(day.year, day.month, day.day, int(hours), int(minutes), tzinfo=ZoneInfo(zone))
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def end_of_day_ms(day: date, zone: str) -> int:
    """The last millisecond of a local day in `zone`, as UTC milliseconds."""
    return at_time_ms(day + _DAY, "00:00", zone) - 1


def clock(at_ms: int, zone: str) -> str:
    """The time `HH:MM` on the wall of `zone` at a moment in UTC milliseconds."""
    return f"{(_EPOCH + timedelta(milliseconds=at_ms)).astimezone(ZoneInfo(zone)):%H:%M}"
