"""A session of many lots as it is planned: their order, and the cases they pay for.

Law 106/2025 Art. 83(6), before it Decree 62/2015 Art. 27(3): several assets of one case are sold
from the most valuable down, and no more of them than claim and costs need.
"""

from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args

from auction_engine.rules.money import MAX_AMOUNT_MINOR
from auction_engine.rules.parts import MAX_MS, ParamsError, whole

Order = Literal["PARALLEL", "SEQUENTIAL", "STAGGERED", "ORDER_BY_VALUE"]
ORDERS: tuple[Order, ...] = get_args(Order)
# The orders in which one lot waits for another.
IN_TURN: tuple[Order, ...] = ("SEQUENTIAL", "ORDER_BY_VALUE")
MINUTE_MS = 60_000
_LONGEST_NAME = 200


class SessionError(ValueError):
    """A session that cannot be conducted. `lot` is the one it fails for, None for the whole."""

    def __init__(self, lot: int | None, text: str) -> None:
        super().__init__(text if lot is None else f"lot {lot}: {text}")
        self.lot = lot
        self.text = text


@dataclass(frozen=True, slots=True)
class Place:
    """A lot's place. `slot_ms`: time kept free for it, where its rules do not bound its end."""

    lot: int
    value_minor: int | None = None
    case: str | None = None
    slot_ms: int | None = None

    def __post_init__(self) -> None:
        if type(self.lot) is not int or not 0 < self.lot <= MAX_AMOUNT_MINOR:
            raise SessionError(None, "a place names the number of its lot")
        for name, most in (("value_minor", MAX_AMOUNT_MINOR), ("slot_ms", MAX_MS)):
            if getattr(self, name) is not None:
                _whole(self.lot, name, getattr(self, name), 1, most)
        if self.case is not None:
            _name(self.lot, self.case)


@dataclass(frozen=True, slots=True)
class Case:
    """An enforcement case: when its lots have brought claim and costs, the rest is not sold."""

    name: str
    claim_minor: int
    costs_minor: int = 0

    def __post_init__(self) -> None:
        _name(None, self.name)
        _whole(None, f"{self.name}: claim_minor", self.claim_minor, 1, MAX_AMOUNT_MINOR)
        _whole(None, f"{self.name}: costs_minor", self.costs_minor, 0, MAX_AMOUNT_MINOR)


@dataclass(frozen=True, slots=True)
class Session:
    """How the lots of a session follow each other; `places` are in the order announced.

    PARALLEL: all at once. STAGGERED: each `stagger_ms` after the one before. SEQUENTIAL: each when
    the one before is over, `gap_ms` later. ORDER_BY_VALUE: so too, the most valuable first, with
    the stop of `cases`.
    A lot whose turn has not come is put off `lead_ms` before its opening, and opens `notice_ms`
    after its new time is made known at the earliest, at a full `round_ms`.
    """

    order: Order
    places: tuple[Place, ...]
    cases: tuple[Case, ...] = ()
    gap_ms: int = 5 * MINUTE_MS
    stagger_ms: int | None = None
    lead_ms: int = MINUTE_MS
    notice_ms: int = 5 * MINUTE_MS
    round_ms: int = MINUTE_MS

    def __post_init__(self) -> None:
        if self.order not in ORDERS:
            raise SessionError(None, "the order must be " + " or ".join(ORDERS))
        if not self.places:
            raise SessionError(None, "there is no lot in it")
        _whole(None, "gap_ms", self.gap_ms, 0, MAX_MS)
        for name in ("lead_ms", "notice_ms", "round_ms"):
            _whole(None, name, getattr(self, name), 1, MAX_MS)
        if (self.order == "STAGGERED") != (self.stagger_ms is not None):
            raise SessionError(None, "stagger_ms goes with STAGGERED, and only with it")
        if self.stagger_ms is not None:
            _whole(None, "stagger_ms", self.stagger_ms, 1, MAX_MS)
        _check_places(self)
        _check_cases(self)

    def to_json(self) -> dict[str, Any]:
        """A plain dict with everything there is to say."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: object) -> "Session":
        """The session in a decoded JSON object. Raises SessionError."""
        values = _object(cls, data)
        for name, kind in (("places", Place), ("cases", Case)):
            items = values.get(name, [])
            if not isinstance(items, list | tuple):
                raise SessionError(None, f"{name} must be a list")
            values[name] = tuple(kind(**_object(kind, item)) for item in items)
        return cls(**values)

    def case_of(self, lot: int) -> str | None:
        """The case that `lot` pays for, if any."""
        return next((place.case for place in self.places if place.lot == lot), None)


def ranked(session: Session) -> list[Place]:
    """The places in the order of their turns; of equal values the one announced first."""
    if session.order != "ORDER_BY_VALUE":
        return list(session.places)
    return sorted(session.places, key=lambda place: -(place.value_minor or 0))


def _object(kind: type[Any], data: object) -> dict[str, Any]:
    names = {field.name for field in fields(kind)}
    if not isinstance(data, dict) or not data.keys() <= names:
        raise SessionError(None, f"a {kind.__name__} has the fields {', '.join(sorted(names))}")
    needed = {"Session": {"order", "places"}, "Place": {"lot"}}.get(
        kind.__name__, {"name", "claim_minor"}
    )
    if missing := needed - data.keys():
        raise SessionError(None, f"a {kind.__name__} needs `{min(missing)}`")
    return dict(data)


def _whole(lot: int | None, name: str, value: object, least: int, most: int) -> None:
    try:
        whole(name, value, least, most)
    except ParamsError as error:
        raise SessionError(lot, str(error)) from None


def _name(lot: int | None, name: object) -> None:
    if type(name) is not str or not 0 < len(name) <= _LONGEST_NAME or not name.isprintable():
        raise SessionError(lot, "a case has a name")


def _check_places(session: Session) -> None:
    seen: set[int] = set()
    for place in session.places:
        if place.lot in seen:
            raise SessionError(place.lot, "it is in the session twice")
        seen.add(place.lot)
        if session.order == "ORDER_BY_VALUE" and place.value_minor is None:
            raise SessionError(place.lot, "an order by value needs its value")


def _check_cases(session: Session) -> None:
    if session.cases and session.order != "ORDER_BY_VALUE":
        raise SessionError(
            None, "lots of a case are sold in ORDER_BY_VALUE (Law 106/2025 Art. 83(6))"
        )
    names = [case.name for case in session.cases]
    for name in names:
        if names.count(name) > 1:
            raise SessionError(None, f"the case {name} is there twice")
        if all(place.case != name for place in session.places):
            raise SessionError(None, f"the case {name} has no lot")
    for place in session.places:
        if place.case is not None and place.case not in names:
            raise SessionError(place.lot, f"there is no case {place.case}")
