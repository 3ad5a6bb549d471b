"""What happened to a lot. Events are facts: they are recorded, hashed and never changed.

Each event turns into a flat dict of JSON integers, strings, booleans and nulls (`body`) and
back (`from_body`); `kind` is its stable name in the journal.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from operator import itemgetter
from typing import Any, ClassVar, Literal

from auction_engine.rules.params import LotParams

Reason = Literal[
    "NOT_OPEN_YET",
    "CLOSED",
    "NOT_ADMITTED",
    "ALREADY_LEADING",
    "BELOW_START",
    "BELOW_MIN_INCREMENT",
]


@dataclass(slots=True)
class LotListed:
    kind: ClassVar[str] = "lot.listed"
    params: LotParams

    def body(self) -> dict[str, Any]:
        return {"params": self.params.to_json()}


@dataclass(slots=True)
class BidderAdmitted:
    kind: ClassVar[str] = "bidder.admitted"
    bidder: int
    code: str
    robot: bool

    def body(self) -> dict[str, Any]:
        return {"bidder": self.bidder, "code": self.code, "robot": self.robot}


@dataclass(slots=True)
class LotOpened:
    kind: ClassVar[str] = "lot.opened"

    def body(self) -> dict[str, Any]:
        return {}


@dataclass(slots=True)
class BidAccepted:
    """The `n`th accepted bid of the lot; from now on the price."""

    kind: ClassVar[str] = "bid.accepted"
    bidder: int
    bid_id: str
    amount_minor: int
    n: int

    def body(self) -> dict[str, Any]:
        return {
            "bidder": self.bidder,
            "bid_id": self.bid_id,
            "amount_minor": self.amount_minor,
            "n": self.n,
        }


@dataclass(slots=True)
class BidRefused:
    """`minimum_minor` is what this bidder could have bid validly at that moment, or None."""

    kind: ClassVar[str] = "bid.refused"
    bidder: int
    bid_id: str
    amount_minor: int
    reason: Reason
    minimum_minor: int | None

    def body(self) -> dict[str, Any]:
        return {
            "bidder": self.bidder,
            "bid_id": self.bid_id,
            "amount_minor": self.amount_minor,
            "reason": self.reason,
            "minimum_minor": self.minimum_minor,
        }


@dataclass(slots=True)
class LotExtended:
    """The end moved to `end_ms` because of accepted bid number `n`; the `count`th time."""

    kind: ClassVar[str] = "lot.extended"
    end_ms: int
    n: int
    count: int

    def body(self) -> dict[str, Any]:
        return {"end_ms": self.end_ms, "n": self.n, "count": self.count}


@dataclass(slots=True)
class LotClosed:
    """No bid counts after this. Leader, price and number are None, None, 0 without a bid."""

    kind: ClassVar[str] = "lot.closed"
    leader: int | None
    price_minor: int | None
    n: int

    def body(self) -> dict[str, Any]:
        return {"leader": self.leader, "price_minor": self.price_minor, "n": self.n}


Event = LotListed | BidderAdmitted | LotOpened | BidAccepted | BidRefused | LotExtended | LotClosed
BY_KIND: dict[str, type[Event]] = {
    cls.kind: cls
    for cls in (
        LotListed,
        BidderAdmitted,
        LotOpened,
        BidAccepted,
        BidRefused,
        LotExtended,
        LotClosed,
    )
}


def _reader(cls: type[Event]) -> Callable[[dict[str, Any]], Iterable[Any]]:
    names = [f.name for f in fields(cls)]
    if len(names) > 1:
        return itemgetter(*names)
    return lambda body: [body[name] for name in names]


_FIELDS = {kind: _reader(cls) for kind, cls in BY_KIND.items()}


def from_body(kind: str, body: dict[str, Any]) -> Event:
    """The event of this kind in `body`; keys that are not its fields are ignored.

    Raises KeyError for an unknown kind or a missing field, ParamsError for bad parameters.
    """
    cls = BY_KIND[kind]
    if cls is LotListed:
        return LotListed(LotParams.from_json(body["params"]))
    return cls(*_FIELDS[kind](body))
