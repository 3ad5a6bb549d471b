"""Periods of local days: from a day to a day, in steps of days, months, quarters or years. Pure."""

from datetime import date, timedelta
from typing import Literal, NamedTuple, get_args

Step = Literal["day", "month", "quarter", "year"]
STEPS: tuple[Step, ...] = get_args(Step)
# What is asked by name and follows today.
Named = Literal["month", "quarter", "year", "last_year", "12_months", "all"]
NAMED: tuple[Named, ...] = get_args(Named)
FIRST = date(2017, 7, 1)  # Law 01/2016/QH14 in force; nothing here is older
MOST_STEPS = 400


class Period(NamedTuple):
    """Both days belong to it."""

    first: date
    last: date


def named(name: Named, today: date) -> Period:
    """The period of this name on the local day `today`."""
    year = Period(date(today.year, 1, 1), date(today.year, 12, 31))
    if name == "year":
        return year
    if name == "last_year":
        return Period(date(today.year - 1, 1, 1), date(today.year - 1, 12, 31))
    if name == "all":
        return Period(min(FIRST, today), today)
    first = begin(today, "quarter" if name == "quarter" else "month")
    if name == "12_months":
        first = first.replace(year=first.year - 1)
        return Period(begin(first + timedelta(days=32), "month"), today)
    return Period(first, following(first, "quarter" if name == "quarter" else "month") - _DAY)


_DAY = timedelta(days=1)


def begin(day: date, step: Step) -> date:
    """The first day of the step in which `day` lies."""
    if step == "day":
        return day
    if step == "year":
        return day.replace(month=1, day=1)
    month = day.month if step == "month" else (day.month - 1) // 3 * 3 + 1
    return day.replace(month=month, day=1)


def following(first: date, step: Step) -> date:
    """The first day of the next step."""
    if step == "day":
        return first + _DAY
    months = {"month": 1, "quarter": 3, "year": 12}[step]
    years, month = divmod(first.month - 1 + months, 12)
    return date(first.year + years, month + 1, 1)


def steps(period: Period, step: Step) -> list[date]:
    """The first day of each step that the period touches; the newest where there are too many."""
    found = []
    at = begin(period.first, step)
    while at <= period.last:
        found.append(at)
        at = following(at, step)
    return found[-MOST_STEPS:]


def fitting(period: Period) -> Step:
    """A step of which the period has neither too many nor too few."""
    days = (period.last - period.first).days + 1
    if days <= 45:
        return "day"
    return "month" if days <= 3 * 366 else "year"


def key(first: date, step: Step) -> str:
    """A step's name for programs: 2026-09-15, 2026-09, 2026-Q3, 2026."""
    if step == "quarter":
        return f"{first.year}-Q{(first.month + 2) // 3}"
    return {"day": f"{first:%Y-%m-%d}", "month": f"{first:%Y-%m}", "year": f"{first:%Y}"}[step]
