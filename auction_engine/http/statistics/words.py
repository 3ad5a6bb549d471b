"""Figures in words: names, definitions, numbers, days, and what groups are called."""

from datetime import date
from typing import Any

from auction_engine.desk.statistics import periods
from auction_engine.desk.statistics.figures import BY_KEY, Figure
from auction_engine.desk.statistics.periods import Period, Step
from auction_engine.http import presenting_amounts as amounts
from auction_engine.http.presenting import Presenter
from auction_engine.rules.pack_words import citation
from auction_engine.rules.postings.chart import CHART

NONE = "–"
_DAY_MS, _HOUR_MS, _MINUTE_MS = 86_400_000, 3_600_000, 60_000


class Words:
    """The words of one language, with amounts in one currency."""

    def __init__(self, presenter: Presenter, lang: str, currency: str, minor_digits: int) -> None:
        self._presenter = presenter
        self.lang = lang
        self.currency = currency
        self.minor_digits = minor_digits

    def t(self, key: str, **values: Any) -> str:
        return self._presenter.text(self.lang, f"statistics.{key}", **values)

    def name(self, key: str) -> str:
        """What a figure is called."""
        return self.t(f"figure.{key}")

    def define(self, key: str) -> str:
        """What is counted, and on which day."""
        return self.t(f"define.{key}")

    def basis(self, key: str) -> str:
        """The article that asks for it or says what it is; '' where none is known."""
        found = BY_KEY[key].basis
        return str(getattr(citation(found), self.lang)) if found else ""

    def value(self, key: str, value: Any) -> str:
        """A figure as people read it; of spreads the median."""
        return self.of(BY_KEY[key], value)

    def of(self, figure: Figure, value: Any) -> str:
        if value is None:
            return NONE
        if figure.unit == "count":
            return self.whole(value)
        if figure.unit == "money":
            return self.money(value)
        if figure.unit == "share":
            return self.percent(value)
        middle = value[2]
        return self.percent(middle) if figure.unit == "spread" else self.time(middle)

    def around(self, key: str, value: Any) -> str:
        """The quartiles of a spread in brackets; '' of everything else."""
        figure = BY_KEY[key]
        if value is None or figure.unit not in ("spread", "times"):
            return ""
        say = self.percent if figure.unit == "spread" else self.time
        return self.t("around", low=say(value[1]), high=say(value[3]))

    def whole(self, value: int) -> str:
        return amounts.number(value, 0, self.lang)

    def money(self, minor: int) -> str:
        return amounts.money(minor, self.currency, self.minor_digits, self.lang)

    def percent(self, share: float) -> str:
        """A share as a percentage with one decimal."""
        return f"{self.decimal(share * 100)}{amounts.NBSP}%"

    def decimal(self, value: float) -> str:
        """A number with one decimal, none where it would be 0."""
        whole, tenth = divmod(round(value * 10), 10)
        text = amounts.number(whole, 0, self.lang)
        return f"{text}{amounts.DECIMAL_MARK[self.lang]}{tenth}" if tenth else text

    def time(self, ms: float) -> str:
        """How long, in the one unit that fits."""
        for unit, size in (("days", _DAY_MS), ("hours", _HOUR_MS), ("minutes", _MINUTE_MS)):
            if ms >= size:
                return self._timed(unit, ms / size)
        return self._timed("seconds", ms / 1000)

    def _timed(self, unit: str, number: float) -> str:
        said = self.t(f"time.{unit}", n=self.decimal(number))
        return said.replace(" ", amounts.NBSP)  # a number and its unit stay together

    def day(self, day: date) -> str:
        return day.strftime("%d/%m/%Y") if self.lang == "vi" else f"{day.day} {day:%b %Y}"

    def period(self, period: Period) -> str:
        if period.first <= periods.FIRST:
            return self.t("until", last=self.day(period.last))
        return self.t("between", first=self.day(period.first), last=self.day(period.last))

    def step(self, key: str, step: Step, short: bool = False) -> str:
        """A step of time: 15/09/2026, 09/2026, Quý 3/2026, 2026."""
        if step == "year":
            return key
        if step == "quarter":
            year, _, number = key.partition("-Q")
            return self.t("quarter.short" if short else "quarter", n=number, year=year)
        day = date.fromisoformat(key if step == "day" else f"{key}-01")
        if step == "day":
            return day.strftime("%d/%m") if short else self.day(day)
        if self.lang == "vi":
            return day.strftime("%m/%y" if short else "%m/%Y")
        return f"{day:%b}" if short else f"{day:%b %Y}"

    def group(self, by: str, key: str, name: dict[str, str] | None) -> str:
        """What a group is called, whatever it is a group of."""
        if name is not None:
            return name[self.lang]
        if by in periods.STEPS:
            return self.step(key, by)
        if not key:
            return self.t("unnamed")
        known = f"kind.{key}"
        if by == "kind" and self._presenter.has_text(self.lang, f"statistics.{known}"):
            return self.t(known)
        return key

    def code(self, texts: str, code: str) -> str:
        """A reason, ground or account in words; as it is where there are none."""
        if code in CHART:
            entry = CHART[code]
            return entry.vi if self.lang == "vi" else entry.en
        key = f"{texts}.{code}"
        if not self._presenter.has_text(self.lang, key):
            return code
        text = self._presenter.text(self.lang, key).rstrip(".")
        return text[:1].upper() + text[1:]
