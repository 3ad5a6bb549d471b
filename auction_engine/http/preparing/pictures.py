"""Pictures of a session not yet held: its dates in a calendar, its course in virtual time. Pure.

The course is drawn twice, for a wide and for a narrow page, so that letters stay as large as
others.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from math import ceil
from typing import NamedTuple

from auction_engine.desk.preparing.choices import Choices
from auction_engine.desk.preparing.running import Course
from auction_engine.http.presenting import local_time
from auction_engine.rules import calendar as days
from auction_engine.rules.pack import Pack

_DAY = timedelta(days=1)
_MOST_MONTHS = 6
_WIDTH = {"wide": 640, "narrow": 288}
_LEFT, _RIGHT, _TOP, _ROW = 36, 10, 8, 34
_AXIS = 24
_STEPS_MIN = (5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 10_080, 43_200)
_MINUTE_MS = 60_000
# Where a moment (UTC ms) lies across the picture.
Scale = Callable[[int], float]


class Mark(NamedTuple):
    """A shape: `rect` x y w h, `line` x y to x+w y+h, or `text` at x y; `look` is its class."""

    what: str
    look: str
    x: float
    y: float
    w: float = 0
    h: float = 0
    text: str = ""


class Picture(NamedTuple):
    """A picture of one size with its shapes."""

    width: int
    height: int
    marks: list[Mark]


# --- the course of a session ------------------------------------------------------------------


def course(courses: Sequence[Course], lang: str) -> dict[str, Picture]:
    """Each lot as a row: the window published, the time kept for extensions, and how it went."""
    return {size: _course(courses, lang, width, size) for size, width in _WIDTH.items()}


def _course(courses: Sequence[Course], lang: str, width: int, size: str) -> Picture:
    starts = [one.planned[0] for one in courses]
    ends = [max(filter(None, (*one.planned, one.ended_ms))) for one in courses]
    first, last = min(starts), max(ends)
    first -= (last - first) // 40 or _MINUTE_MS
    last += (last - first) // 40 or _MINUTE_MS
    plot = width - _LEFT - _RIGHT

    def x(at_ms: int) -> float:
        return round(_LEFT + plot * (at_ms - first) / (last - first), 1)

    height = _TOP + _ROW * len(courses) + _AXIS
    marks = _axis(first, last, x, height, lang, 6 if size == "wide" else 3)
    for n, one in enumerate(courses):
        marks += _row(one, x, _TOP + n * _ROW)
    return Picture(width, height, marks)


def _axis(first: int, last: int, x: Scale, height: int, lang: str, most: int) -> list[Mark]:
    span_min = (last - first) / _MINUTE_MS
    step_ms = next((s for s in _STEPS_MIN if span_min / s <= most), _STEPS_MIN[-1]) * _MINUTE_MS
    marks = []
    at_ms = ceil(first / step_ms) * step_ms
    while at_ms <= last:
        marks.append(Mark("line", "grid", x(at_ms), _TOP, 0, height - _TOP - _AXIS))
        marks.append(Mark("text", "when", x(at_ms), height - 8, text=local_time(at_ms, lang)[:5]))
        at_ms += step_ms
    return marks


def _row(one: Course, x: Scale, y: float) -> list[Mark]:
    start_ms, end_ms, latest_ms = one.planned
    marks = [Mark("text", "lot", _LEFT - 8, y + 21, text=str(one.lot))]
    end_ms = end_ms or latest_ms or start_ms
    marks.append(Mark("rect", "planned", x(start_ms), y + 4, round(x(end_ms) - x(start_ms), 1), 24))
    if latest_ms is not None and latest_ms > end_ms:
        kept = round(x(latest_ms) - x(end_ms), 1)
        marks.append(Mark("rect", "kept", x(end_ms), y + 4, kept, 24))
    if one.opened_ms is not None and one.ended_ms is not None:
        ran = max(2.0, round(x(one.ended_ms) - x(one.opened_ms), 1))
        marks.append(Mark("rect", "ran", x(one.opened_ms), y + 10, ran, 12))
    for mark in one.marks:
        if mark.kind == "bid.accepted":
            marks.append(Mark("line", "bid", x(mark.at_ms), y + 7, 0, 18))
    if one.outcome == "FAILED":
        at = x(one.ended_ms or start_ms)
        marks += [Mark("line", "failed", at - 5, y + 11, 10, 10),
                  Mark("line", "failed", at - 5, y + 21, 10, -10)]  # fmt: skip
    return marks


# --- the dates in a calendar --------------------------------------------------------------------


@dataclass(slots=True)
class Cell:
    """A day: its number, whether it is off (or worked instead), and what happens on it."""

    day: date
    off: bool
    worked: bool
    marks: list[str] = field(default_factory=list)


class Month(NamedTuple):
    """A month in weeks from Monday; None is a day of another month."""

    first: date
    weeks: list[list[Cell | None]]


def months(pack: Pack, choices: Choices) -> list[Month]:
    """The months from the posting to the opening with what was chosen; empty while it is little.

    A mark is the name of a choice (`posting_on`, `opening`, …).
    """
    marks = _marked(choices)
    if not marks:
        return []
    calendar = days.load(pack.calendar)
    first, last = min(marks).replace(day=1), max(marks)
    found: list[Month] = []
    while first <= last and len(found) < _MOST_MONTHS:
        found.append(_month(calendar, first, marks))
        first = (first + 32 * _DAY).replace(day=1)
    return found


def _marked(choices: Choices) -> dict[date, list[str]]:
    dates = choices.dates
    named: list[tuple[str, date | None]] = [("posting_on", dates.posting_on)]
    named += [("notice", notice.on) for notice in dates.notices]
    named += [("viewing_on", day) for day in dates.viewing_on]
    for name in ("registration_open", "registration_close", "deposit_open", "deposit_close",
                 "opening"):  # fmt: skip
        moment = getattr(dates, name)
        named.append((name, None if moment is None else moment.date()))
    found: dict[date, list[str]] = {}
    for name, day in named:
        if day is not None and name not in found.setdefault(day, []):
            found[day].append(name)
    return found


def _month(calendar: days.Calendar, first: date, marks: Mapping[date, list[str]]) -> Month:
    cells: list[Cell | None] = [None] * first.weekday()
    day = first
    while day.month == first.month:
        try:
            off = not calendar.is_working(day)
        except days.CalendarError:  # the check says so
            off = False
        cells.append(Cell(day, off, day in calendar.worked, marks.get(day, [])))
        day += _DAY
    cells += [None] * (-len(cells) % 7)
    return Month(first, [cells[n : n + 7] for n in range(0, len(cells), 7)])
