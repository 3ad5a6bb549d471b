"""What is asked in the address of a page or of the API, and the answer: kept for a moment."""

import asyncio
import time
from collections.abc import Mapping
from datetime import date
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from auction_engine.desk.statistics import computing, periods
from auction_engine.desk.statistics.computing import BYS, Answer, By, Group, Question
from auction_engine.desk.statistics.periods import NAMED, STEPS, Period, Step
from auction_engine.http.presenting import ZONE
from auction_engine.http.problems import Problem, Storage
from auction_engine.http.web import Ask, Web
from auction_engine.identity import access
from auction_engine.identity.access import Act, Scope
from auction_engine.ledger import store
from auction_engine.rules import calendar

DIMENSIONS: tuple[By, ...] = ("agency", "organisation", "kind", "province")
_USUAL = "12_months"
_AT_ONCE = 2
_PAGE_S = 10.0
# So many different questions are kept, each for so long: many who ask the same ask once.
_KEPT, _FRESH_S = 200, 10.0
_MOST_NUMBER = 2**53
_LONGEST = 200


class Side(NamedTuple):
    """Whose statistics: where their pages are, what may be seen, what may be told apart."""

    name: str
    base: str
    act: Act
    dimensions: tuple[By, ...]


SIDES = {
    "public": Side("public", "/statistics", Act.SEE_STATISTICS, DIMENSIONS),
    "desk": Side(
        "desk", "/desk/statistics", Act.SEE_DESK_STATISTICS, ("agency", "kind", "province")
    ),
    "agency": Side(
        "agency", "/agency/statistics", Act.SEE_AGENCY_STATISTICS,
        ("organisation", "kind", "province"),
    ),
}  # fmt: skip


class Asked(NamedTuple):
    """A question as it was asked. `chosen`: the named period, None where days were given.

    `by` is the dimension beside the steps of time, `nobody` whether the asker works for no house.
    """

    side: Side
    question: Question
    chosen: str | None
    step: Step
    by: By
    nobody: bool = False


def understand(web: Web, ask: Ask, side: Side) -> Asked:
    """The question in the address. Raises Problem 400 for what cannot be asked."""
    given = ask.request.query_params
    today = calendar.local_day(web.now_ms(), ZONE.key)
    chosen, period = _period(given, today)
    step = _one_of(given, "step", STEPS, periods.fitting(period))
    while len(periods.steps(period, step)) >= periods.MOST_STEPS and step != "year":
        step = STEPS[STEPS.index(step) + 1]
    dimensions = tuple(name for name in side.dimensions if name not in given)
    by = _one_of(given, "by", BYS, "kind" if "kind" in dimensions else (*dimensions, "kind")[0])
    reach = access.reach(side.act, ask.viewer)
    question = Question(
        period,
        step,
        today,
        currency=_text(given, "currency") or "",
        organisation=_number(given, "organisation"),
        agency=_number(given, "agency"),
        kind=_text(given, "kind"),
        province=_text(given, "province"),
        public=side.name == "public",
    )
    if reach.scope is Scope.ORGANISATION:
        question = question._replace(organisation=reach.body or 0)
    elif reach.scope is Scope.AGENCY:
        question = question._replace(agency=reach.body or 0)
    house = reach.scope in (Scope.ORGANISATION, Scope.AGENCY)
    return Asked(side, question, chosen, step, by, house and reach.body is None)


def _period(given: Mapping[str, str], today: date) -> tuple[str | None, Period]:
    if given.get("from") or given.get("to"):
        first = _day(given, "from") or periods.FIRST
        last = _day(given, "to") or today
        if last < first:
            raise Problem(400, "BAD_MESSAGE", "`from` must not be after `to`.")
        return None, Period(first, last)
    chosen = _one_of(given, "period", NAMED, _USUAL)
    return chosen, periods.named(chosen, today)


def _day(given: Mapping[str, str], name: str) -> date | None:
    text = given.get(name, "")
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or not date(1900, 1, 1) <= day <= date(2200, 12, 31):
        raise Problem(400, "BAD_MESSAGE", f"`{name}` must be a day such as 2026-09-15.")
    return day


def _one_of(given: Mapping[str, str], name: str, known: Any, otherwise: Any) -> Any:
    text = given.get(name, "")
    if not text:
        return otherwise
    if text not in known:
        raise Problem(400, "BAD_MESSAGE", f"`{name}` must be one of {', '.join(known)}.")
    return text


def _number(given: Mapping[str, str], name: str) -> int | None:
    text = given.get(name, "")
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and 0 < int(text[:20]) < _MOST_NUMBER):
        raise Problem(400, "BAD_MESSAGE", f"`{name}` must be a number.")
    return int(text)


def _text(given: Mapping[str, str], name: str) -> str | None:
    """A word to look for; nothing a database could not hold is ever found."""
    text = given.get(name, "")[:_LONGEST]
    return "".join(letter for letter in text if letter.isprintable()) or None


def too_many(asked: Asked, step: Step) -> bool:
    """Whether the period has more such steps than are told."""
    return len(periods.steps(asked.question.period, step)) >= periods.MOST_STEPS


class Parts:
    """What one process has for statistics: a place in line, and answers given a moment ago."""

    def __init__(self) -> None:
        self.free = asyncio.Semaphore(_AT_ONCE)
        self.storage = Storage(_PAGE_S, waiting_max=64)
        self.kept: dict[Any, tuple[float, Any]] = {}

    def find(self, key: Any) -> Any:
        """What was answered to `key` within the last moments, else None."""
        found = self.kept.get(key)
        return found[1] if found is not None and found[0] > time.monotonic() else None

    def keep(self, key: Any, value: Any) -> None:
        while len(self.kept) >= _KEPT:
            del self.kept[next(iter(self.kept))]
        self.kept.pop(key, None)
        self.kept[key] = (time.monotonic() + _FRESH_S, value)


_parts: WeakKeyDictionary[Web, Parts] = WeakKeyDictionary()


class Found(NamedTuple):
    """The answers by time and by dimension, and what else can be asked."""

    asked: Asked
    by_time: Answer
    by_dimension: Answer
    currencies: list[str]
    choices: dict[str, list[tuple[str, Any]]]
    house: dict[str, str] | None
    demo: bool


async def answer(web: Web, asked: Asked, by: By | None = None) -> Answer:
    """One answer: by `by`, or by the steps of time. Raises Unavailable."""
    found = await _kept(web, asked, ("answer", by or asked.step), by)
    assert isinstance(found, Answer)
    return found


async def find(web: Web, asked: Asked) -> Found:
    """Everything a page shows. Raises Unavailable."""
    found = await _kept(web, asked, ("page", asked.by, asked.chosen), None)
    assert isinstance(found, Found)
    return found._replace(asked=asked._replace(question=found.by_time.question))


async def _kept(web: Web, asked: Asked, what: tuple[Any, ...], by: By | None) -> Any:
    parts = _parts.setdefault(web, Parts())
    key = (asked.question, asked.side.name, *what)
    if (known := parts.find(key)) is not None:
        return known

    async def ask_ledger() -> Any:
        async with parts.free:
            # Somebody may have asked the same while this one stood in line.
            if (known := parts.find(key)) is not None:
                return known
            connection = await store.connect(
                web.settings.database_url or "",
                timeout_s=_PAGE_S,
                application="auction-statistics",
            )
            try:
                made = await _ask(connection, asked, what[0], by)
            finally:
                connection.terminate()
            parts.keep(key, made)
            return made

    return await parts.storage.ledger(ask_ledger())


def _since_the_first(groups: list[Group]) -> list[Group]:
    """Without the steps before anything happened."""
    some = (n for n, one in enumerate(groups) if any(value for value in one.values.values()))
    return groups[next(some, len(groups)) :]


async def _ask(connection: Any, asked: Asked, what: str, by: By | None) -> Any:
    question = asked.question
    currencies = await computing.currencies(connection, question)
    if not question.currency:
        question = question._replace(currency=currencies[0] if currencies else "VND")
    if what == "answer":
        return await computing.compute(connection, question._replace(by=by or asked.step))
    asked = asked._replace(question=question)
    by_time = await computing.compute(connection, question)
    if asked.chosen == "all":
        by_time = by_time._replace(groups=_since_the_first(by_time.groups))
    body = question.organisation if asked.side.name == "desk" else question.agency
    return Found(
        asked,
        by_time,
        await computing.compute(connection, question._replace(by=asked.by)),
        currencies,
        await computing.choices(connection, question, asked.side.dimensions),
        await computing.name_of(connection, body) if asked.side.name != "public" else None,
        await computing.any_demo(connection, question),
    )
