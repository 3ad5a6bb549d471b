"""What the sections of a rule pack are made of: spans, durations, texts, amounts.

Everything is frozen, refuses unknown keys, and has no default but "absent" (None), so that a pack
says what it means and a later version of the model does not change what an older pack says.
"""

import re
from collections.abc import Iterable
from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, model_validator
from pydantic_core import PydanticCustomError

from auction_engine.rules.money import MAX_AMOUNT_MINOR

Kind = Literal["movable", "immovable"]
Unit = Literal["working_days", "days", "months", "years"]
# How n days before a day are counted. DAY_MINUS_N: the day itself is not counted (Civil Code 2015
# Art. 147), so two days before Saturday is Thursday. FULL_DAYS_BETWEEN: n whole days lie between
# the last possible day and that day, so it is Wednesday.
Counting = Literal["DAY_MINUS_N", "FULL_DAYS_BETWEEN"]

_DURATION = re.compile(
    r"P(?=\d|T)(?:(?P<days>\d{1,5})D)?"
    r"(?:T(?=\d)(?:(?P<hours>\d{1,5})H)?(?:(?P<minutes>\d{1,5})M)?(?:(?P<seconds>\d{1,6})S)?)?"
)
# A century. More is never meant, and every sum of dates stays inside the calendar.
MOST_DAYS = 36_525


class Part(BaseModel):
    """A section of a pack."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


def refuse(found: Iterable[tuple[str, str]]) -> None:
    """Raise one error for every (path inside the section, sentence); nothing if there is none."""
    listed = list(found)
    if listed:
        raise PydanticCustomError("pack", "{text}", {"text": listed[0][1], "faults": listed})


def duration_ms(duration: timedelta) -> int:
    """Whole milliseconds of a duration."""
    return duration // timedelta(milliseconds=1)


def duration_iso(duration: timedelta) -> str:
    """The duration as ISO 8601, e.g. PT25M, PT24H as P1D."""
    minutes, seconds = divmod(duration.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days = f"{duration.days}D" if duration.days else ""
    parts = ((hours, "H"), (minutes, "M"), (seconds, "S"))
    time = "".join(f"{number}{letter}" for number, letter in parts if number)
    return f"P{days}T{time}" if time else f"P{days}"


def _duration(value: object) -> object:
    if isinstance(value, timedelta):
        return value
    found = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise PydanticCustomError("pack", "must be an ISO 8601 duration such as PT15M or P1D")
    duration = timedelta(**{name: int(text or 0) for name, text in found.groupdict().items()})
    if not timedelta(0) < duration <= timedelta(days=MOST_DAYS):
        raise PydanticCustomError("pack", "must be longer than nothing and shorter than a century")
    return duration


Duration = Annotated[timedelta, BeforeValidator(_duration), PlainSerializer(duration_iso)]
Amount = Annotated[int, Field(ge=1, le=MAX_AMOUNT_MINOR)]
# Hundredths of a percent: 500 is 5 %.
BasisPoints = Annotated[int, Field(ge=0, le=10_000)]
LocalTime = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]


class Text(Part):
    """The same sentence in Vietnamese and in English."""

    vi: Annotated[str, Field(min_length=1)]
    en: Annotated[str, Field(min_length=1)]


class Span(Part):
    """A number of days, months or years of one kind: exactly one of the four is given."""

    working_days: Annotated[int, Field(ge=0, le=MOST_DAYS)] | None = None
    days: Annotated[int, Field(ge=0, le=MOST_DAYS)] | None = None
    months: Annotated[int, Field(ge=1, le=1_200)] | None = None
    years: Annotated[int, Field(ge=1, le=100)] | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if len(self.model_dump(exclude_none=True)) != 1:
            text = "must give exactly one of working_days, days, months, years"
            raise PydanticCustomError("pack", "{text}", {"text": text})
        return self

    @property
    def unit(self) -> Unit:
        return next(name for name in _UNITS if getattr(self, name) is not None)

    @property
    def n(self) -> int:
        number: int = getattr(self, self.unit)
        return number


_UNITS: tuple[Unit, ...] = ("working_days", "days", "months", "years")


class SpanByKind(Part):
    """A span for movable and one for immovable property."""

    movable: Span
    immovable: Span

    def of(self, kind: Kind) -> Span:
        return self.movable if kind == "movable" else self.immovable


class DurationByKind(Part):
    """A duration for movable and one for immovable property."""

    movable: Duration
    immovable: Duration

    def of(self, kind: Kind) -> timedelta:
        return self.movable if kind == "movable" else self.immovable


def without_repeats(values: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse a list that names one thing twice."""
    if len(set(values)) != len(values):
        raise PydanticCustomError("pack", "names something twice")
    return values
