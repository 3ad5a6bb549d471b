"""What a list of lots is narrowed to, and how that stands in an address.

Nothing in an address is an error: what cannot be read is left out, and the page says what it shows.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from auction_engine.desk.search import codes
from auction_engine.desk.search.asking import Question, question
from auction_engine.desk.search.standing import ACTIVE, AFTER, ENDED, STATES

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
CURRENCY = "VND"
When = Literal["open", "ended", "all"]
WHENS: tuple[When, ...] = ("open", "ended", "all")
SORTS = ("best", "soon", "new", "cheap", "dear")
# The facets: of each any number of values may be chosen, and each is counted.
FACETS = ("kind", "province", "state", "method")
_MOST = 2**53
_MOST_CHOSEN = 40
_WHOLE = re.compile(r"[0-9]{1,15}").fullmatch


@dataclass(frozen=True, slots=True)
class Filters:
    """Amounts are minor units of CURRENCY, days those on which the bidding opens."""

    text: str = ""
    when: When = "open"
    kind: tuple[str, ...] = ()
    province: tuple[str, ...] = ()
    state: tuple[str, ...] = ()
    method: tuple[str, ...] = ()
    least: int | None = None
    most: int | None = None
    first: date | None = None
    last: date | None = None
    session: int | None = None
    sort: str = "soon"

    @property
    def asked(self) -> Question | None:
        """What the text asks for; None where it has no word."""
        return question(self.text) if self.text else None

    @property
    def scope(self) -> tuple[str, ...]:
        """The states that are looked at at all."""
        return {"open": ACTIVE, "ended": ENDED, "all": STATES}[self.when]

    def chosen(self, facet: str) -> tuple[str, ...]:
        """The values chosen of a facet, () for all."""
        values: tuple[str, ...] = getattr(self, facet)
        return values

    def pairs(self, lang: str | None = None) -> list[tuple[str, str]]:
        """The filters as an address says them, without what goes without saying."""
        found: list[tuple[str, str]] = []
        if self.text:
            found.append(("q", self.text))
        if self.when != "open":
            found.append(("when", self.when))
        for facet in FACETS:
            found += [(facet, value or "none") for value in self.chosen(facet)]
        for name, value in (("min", self.least), ("max", self.most), ("session", self.session)):
            if value is not None:
                found.append((name, str(value)))
        for name, day in (("from", self.first), ("to", self.last)):
            if day is not None:
                found.append((name, day.isoformat()))
        if self.sort != self.usual_sort:
            found.append(("sort", self.sort))
        if lang is not None:
            found.append(("lang", lang))
        return found

    def address(self, path: str = "/lots", **more: str) -> str:
        """The address of this list; `more` are further parameters."""
        query = urlencode([*self.pairs(), *more.items()])
        return f"{path}?{query}" if query else path

    @property
    def usual_sort(self) -> str:
        return "best" if self.text else "soon"

    @property
    def narrowed(self) -> bool:
        """Whether anything is narrowed but by `when`."""
        return self.without() != replace(self, sort=self.without().sort)

    def without(self) -> "Filters":
        """The same list with nothing narrowed."""
        return Filters(when=self.when)

    def dropping(self, name: str, value: str | None = None) -> "Filters":
        """The same without one value of a facet, or without the whole of `name`."""
        if name in FACETS:
            kept = tuple(v for v in self.chosen(name) if value is not None and v != value)
            return replace(self, **{name: kept})  # type: ignore[arg-type]
        empty: dict[str, dict[str, Any]] = {
            "q": {"text": "", "sort": "soon" if self.sort == "best" else self.sort},
            "price": {"least": None, "most": None},
            "date": {"first": None, "last": None},
            "session": {"session": None},
            "when": {"when": "all"},
        }
        return replace(self, **empty[name])

    def choosing(self, name: str, value: str) -> "Filters":
        """The same with one value of a facet alone."""
        return replace(self, **{name: (value,)})  # type: ignore[arg-type]


def read(params: Mapping[str, Any], values_of: Any) -> Filters:
    """The filters in an address. `values_of(name)` gives every value of a parameter."""
    asked = question(str(params.get("q", "")))
    when = params.get("when")
    least, most = _amount(params.get("min")), _amount(params.get("max"))
    if least is not None and most is not None and least > most:
        least, most = most, least
    first, last = _day(params.get("from")), _day(params.get("to"))
    session = params.get("session", "")
    found = Filters(
        text="" if asked is None else asked.typed,
        when=when if when in WHENS else "open",
        kind=_of(values_of("kind"), codes.kinds()),
        province=_of(
            ("" if value == "none" else value for value in values_of("province")),
            {*codes.provinces(), ""},
        ),
        state=_of(values_of("state"), STATES),
        method=_of(values_of("method"), codes.METHODS),
        least=least,
        most=most,
        first=first,
        last=last,
        session=int(session) if _WHOLE(session) else None,
    )
    if found.state and not set(found.state) & set(found.scope):
        # Somebody chose a state that has ended without saying so.
        found = replace(found, when="all")
    sort = params.get("sort")
    known = sort in SORTS and (sort != "best" or asked is not None)
    return replace(found, sort=str(sort) if known else found.usual_sort)


def _of(values: Iterable[str], known: Iterable[str]) -> tuple[str, ...]:
    """Those that are known, in the order in which they are, each once."""
    wanted = set(values)
    return tuple(value for value in known if value in wanted)[:_MOST_CHOSEN]


def _amount(text: Any) -> int | None:
    """What somebody typed as an amount of đồng; marks between its digits are left out."""
    figures = re.sub(r"[\s.,₫đ]", "", str(text or ""), flags=re.IGNORECASE)
    return min(int(figures), _MOST) if _WHOLE(figures) and figures.isascii() else None


def _day(text: Any) -> date | None:
    try:
        found = date.fromisoformat(str(text or "")[:10])
    except ValueError:
        return None
    return found if 2000 <= found.year < 9000 else None


def ms_of(day: date) -> int:
    """When a day begins in Vietnam, UTC ms."""
    start = datetime.combine(day, time(), ZONE)
    return int(start.astimezone(UTC).timestamp() * 1000)


def numbered(sql: str, values: dict[str, Any]) -> tuple[str, list[Any]]:
    """SQL with `:name` for each value as PostgreSQL takes it, and the values in that order."""
    names = [name for name in values if re.search(rf"(?<!:):{name}\b", sql)]
    for n, name in enumerate(names, 1):
        sql = re.sub(rf"(?<!:):{name}\b", f"${n}", sql)
    return sql, [values[name] for name in names]


def conditions(filters: Filters, query: str | None) -> tuple[list[str], dict[str, Any]]:
    """SQL conditions on `lot_search` of all but the facets, and their values."""
    found: list[str] = []
    values: dict[str, Any] = {}
    if query is not None:
        found.append("words @@ CAST(:query AS tsquery)")
        values["query"] = query
    if filters.least is not None or filters.most is not None:
        found.append("currency = :currency")
        values["currency"] = CURRENCY
    for name, sign, value in (("least", ">=", filters.least), ("most", "<=", filters.most)):
        if value is not None:
            found.append(f"price_minor {sign} :{name}")
            values[name] = value
    if filters.first is not None:
        found.append("opens_ms >= :first")
        values["first"] = ms_of(filters.first)
    if filters.last is not None:
        found.append("opens_ms < :last")
        values["last"] = ms_of(filters.last + timedelta(days=1))
    if filters.session is not None:
        found.append("session_id = :session")
        values["session"] = filters.session
    return found, values


def facet_conditions(filters: Filters) -> tuple[list[str], dict[str, Any]]:
    """The same of the facets."""
    found: list[str] = []
    values: dict[str, Any] = {}
    for facet in FACETS:
        chosen: Sequence[str] = filters.chosen(facet)
        if facet == "state":
            if not chosen and filters.when != "all":
                # Those that have ended stand after all others: a stretch of the order's index.
                found.append(f"place {'<' if filters.when == 'open' else '>='} {AFTER}")
            chosen = [state for state in filters.scope if state in chosen]
        if chosen:
            found.append(f"{facet} = ANY(:{facet})")
            values[facet] = list(chosen)
    return found, values
