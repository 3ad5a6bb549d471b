"""Charts as shapes at places: the pages draw them as SVG without a script. Pure.

Each is made twice, for a wide and for a narrow page, so that its letters stay as large as others.
"""

from collections.abc import Callable, Sequence
from math import ceil, log10
from typing import NamedTuple

# Width and height in the units letters have 12 of, and the room left for the axis.
SIZES = {"wide": (640, 260), "narrow": (288, 220)}
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 8, 10, 26
_LABEL = {"wide": 60, "narrow": 62}
_DAY_MS = 86_400_000.0
# Units of time an axis may have, in milliseconds.
_TIMES = (("days", _DAY_MS), ("hours", 3_600_000.0), ("minutes", 60_000.0), ("seconds", 1_000.0))


class Mark(NamedTuple):
    """A shape: `rect` x y w h, `line` x y to x+w y+h, or `text` at x y; `look` is its class."""

    what: str
    look: str
    x: float
    y: float
    w: float = 0
    h: float = 0
    text: str = ""


class Chart(NamedTuple):
    """One chart, `marks` for each size. `text` says in words what it shows."""

    key: str
    title: str
    text: str
    legend: tuple[tuple[str, str], ...]
    marks: dict[str, list[Mark]]


class Box(NamedTuple):
    """Least, lower quartile, median, upper quartile, greatest; `says` it in words."""

    low: float
    q1: float
    median: float
    q3: float
    high: float
    says: str


def scale(highest: float, whole: bool = False) -> tuple[float, float]:
    """A round step of the axis and its end, for values up to `highest`: four steps or so."""
    if highest <= 0:
        return 1.0, 1.0
    rough = max(highest / 4, 1.0) if whole else highest / 4
    size = 10.0 ** int(log10(rough) // 1)
    steps = (1, 2, 5, 10) if whole else (1, 2, 2.5, 5, 10)
    step = next(size * one for one in steps if size * one >= rough * (1 - 1e-9))
    return step, step * max(1, ceil(highest / step - 1e-9))


class _Frame:
    """An axis from `least` to `most` with places for so many columns."""

    def __init__(self, size: str, columns: int, least: float, most: float) -> None:
        self.width, self.height = SIZES[size]
        self.size = size
        self.least, self.most = least, most
        self.wide = (self.width - _LEFT - _RIGHT) / max(1, columns)
        self.tall = self.height - _TOP - _BOTTOM
        self.marks: list[Mark] = []

    def y(self, value: float) -> float:
        share = (min(value, self.most) - self.least) / ((self.most - self.least) or 1)
        return round(_TOP + self.tall * (1 - share), 1)

    def x(self, column: int) -> float:
        """The middle of a column."""
        return round(_LEFT + self.wide * (column + 0.5), 1)

    def grid(self, step: float, say: Callable[[float], str]) -> None:
        at = self.least
        while at <= self.most + step * 1e-6:
            y = self.y(at)
            self.marks.append(Mark("line", "grid", _LEFT, y, self.width - _LEFT - _RIGHT, 0))
            self.marks.append(Mark("text", "y", _LEFT - 6, y + 4, text=say(at)))
            at += step

    def labels(self, names: Sequence[str]) -> None:
        """Names under the columns, as many as there is room for, the newest among them."""
        every = max(1, ceil(len(names) * _LABEL[self.size] / (self.width - _LEFT - _RIGHT)))
        for n, name in enumerate(names):
            if (len(names) - 1 - n) % every == 0:
                x = min(self.x(n), self.width - _LABEL[self.size] / 2)
                self.marks.append(Mark("text", "x", x, self.height - 8, text=name))

    def column(self, at: int, parts: Sequence[tuple[str, float]], says: str) -> None:
        """Values one upon the other."""
        wide = min(self.wide * 0.7, 40.0)
        below = 0.0
        for look, value in parts:
            if value > 0:
                top, bottom = self.y(below + value), self.y(below)
                x = round(self.x(at) - wide / 2, 1)
                self.marks.append(
                    Mark("rect", look, x, top, round(wide, 1), round(bottom - top, 1), says)
                )
                below += value

    def box(self, at: int, box: Box) -> None:
        """A box plot: whiskers to the extremes, a box of the quartiles, the median across it."""
        wide = min(self.wide * 0.6, 28.0)
        x, left = self.x(at), round(self.x(at) - wide / 2, 1)
        high, q3, q1, low = (self.y(value) for value in (box.high, box.q3, box.q1, box.low))
        self.marks.append(Mark("line", "whisker", x, high, 0, round(low - high, 1)))
        # A whisker that goes on beyond the axis has no end here.
        for y in (high, low) if box.high <= self.most else (low,):
            self.marks.append(
                Mark("line", "whisker", round(x - wide / 4, 1), y, round(wide / 2, 1), 0)
            )
        tall = max(round(q1 - q3, 1), 2.0)
        self.marks.append(Mark("rect", "box", left, q3, round(wide, 1), tall, box.says))
        self.marks.append(Mark("line", "median", left, self.y(box.median), round(wide, 1), 0))


def columns(
    names: Sequence[str],
    parts: Sequence[Sequence[tuple[str, float]]],
    says: Sequence[str],
    say: Callable[[float], str],
) -> dict[str, list[Mark]]:
    """Columns of counts; `parts` are (look, value) from below, `says` what each column says."""
    highest = max((sum(value for _, value in one) for one in parts), default=0)
    step, most = scale(highest, whole=True)  # there is no half of a lot
    made = {}
    for size in SIZES:
        frame = _Frame(size, len(names), 0, most)
        frame.grid(step, say)
        frame.labels(names)
        for n, (one, text) in enumerate(zip(parts, says, strict=True)):
            frame.column(n, one, text)
        made[size] = frame.marks
    return made


def boxes(
    names: Sequence[str],
    found: Sequence[Box | None],
    say: Callable[[float], str],
    line: float | None = None,
) -> dict[str, list[Mark]]:
    """Box plots, a place left empty where there is none; `line` is a value to compare with."""
    known = [box for box in found if box is not None]
    # One that is far beyond all others must not make the rest unreadable.
    most = max((max(box.q3 + 3 * (box.q3 - box.q1), box.median * 1.1) for box in known), default=0)
    values = [value for box in known for value in (box.low, min(box.high, most))]
    values += [] if line is None else [line]
    least = min(values, default=0.0)
    if line is None or least < 0 or least <= max(values, default=0.0) / 2:
        least = 0.0
    step, span = scale(max(values, default=1.0) - least)
    least = step * (least // step)
    while least + span < max(values, default=1.0):
        span += step
    made = {}
    for size in SIZES:
        frame = _Frame(size, len(names), least, least + span)
        frame.grid(step, say)
        frame.labels(names)
        if line is not None:
            y = frame.y(line)
            frame.marks.append(Mark("line", "mark", _LEFT, y, frame.width - _LEFT - _RIGHT, 0))
        for n, box in enumerate(found):
            if box is not None:
                frame.box(n, box)
        made[size] = frame.marks
    return made


def time_unit(found: Sequence[Box | None]) -> tuple[str, float]:
    """The unit of an axis of durations, and its size in milliseconds."""
    highest = max((box.high for box in found if box is not None), default=0.0)
    return next((one for one in _TIMES if highest >= 2 * one[1]), _TIMES[-1])


def in_unit(box: Box | None, size: float) -> Box | None:
    """The same box with its values in another unit."""
    if box is None:
        return None
    low, q1, median, q3, high = (value / size for value in box[:5])
    return Box(low, q1, median, q3, high, box.says)
