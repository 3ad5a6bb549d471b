"""Bodies of the statistics' API, for its description. Amounts are minor units."""

from typing import Annotated, Literal

from pydantic import Field

from auction_engine.http.models import Model, Texts, Whole

Spread = Annotated[
    list[float],
    Field(description="Least, lower quartile, median, upper quartile, greatest; times in ms."),
]
Figures = Annotated[
    dict[str, int | float | Spread | None],
    Field(description="Figures by key, see /api/statistics/figures; null: there is none."),
]


class Part(Model):
    """So many of one code, and how much money where it is about money."""

    code: str
    number: Whole
    minor: int | None


class Group(Model):
    """One step of time (2026-09, 2026-Q3, …), agency, organisation, kind or province."""

    key: str
    name: Annotated[Texts | None, Field(description="Of an agency or organisation.")]
    figures: Figures
    parts: dict[str, list[Part]]


class Statistics(Model):
    """Figures of a period of local days, both included."""

    from_: Annotated[str, Field(alias="from")]
    to: str
    by: str
    currency: Annotated[str, Field(description="Only lots sold in it are counted.")]
    minor_digits: Whole
    total: Figures
    parts: dict[str, list[Part]]
    groups: list[Group]


class Definition(Model):
    key: str
    unit: Literal["count", "money", "share", "spread", "times"]
    public: bool
    name: Texts
    definition: Texts
    basis: Annotated[Texts | None, Field(description="The article, where one is known.")]


class Definitions(Model):
    figures: list[Definition]
