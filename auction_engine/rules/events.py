"""What happened to a lot. Events are facts: they are recorded, hashed and never changed.

Each event turns into a flat dict of JSON integers, strings, booleans and nulls (`body`) and
back (`from_body`); `kind` is its stable name in the journal.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from operator import itemgetter
from typing import Any, ClassVar, Literal

from auction_engine.rules.lifecycle import TURNS
from auction_engine.rules.lot import Status
from auction_engine.rules.params import LotParams

Reason = Literal[
    "NOT_OPEN_YET",
    "PAUSED",
    "CLOSED",
    "TOO_LATE",
    "NOT_ADMITTED",
    "OUT",
    "DEPOSIT_MISSING",
    "NOT_IN_ROUND",
    "ALREADY_LEADING",
    "ALREADY_ACCEPTED",
    "BELOW_START",
    "BELOW_MIN_INCREMENT",
    "BELOW_OWN_MAXIMUM",
    "NOT_ON_STEP",
    "CONFIRMATION_NEEDED",
    "NO_AUTOMATIC_BIDS",
    "STALE_PRICE",
    "WRONG_METHOD",
    "UNREADABLE",
]


@dataclass(slots=True)
class LotDrafted:
    kind: ClassVar[str] = "lot.drafted"
    params: LotParams

    def body(self) -> dict[str, Any]:
        return {"params": self.params.to_json()}


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


# What a bid said beside its amount: {"step", "automatic", "confirmed"}, each only where it says
# something; None for a plain bid.
How = dict[str, Any] | None


@dataclass(slots=True)
class BidAccepted:
    """The `n`th accepted bid of the lot; from now on the price."""

    kind: ClassVar[str] = "bid.accepted"
    bidder: int
    bid_id: str
    amount_minor: int
    n: int
    how: How = None

    def body(self) -> dict[str, Any]:
        body: dict[str, Any] = {
            "bidder": self.bidder,
            "bid_id": self.bid_id,
            "amount_minor": self.amount_minor,
            "n": self.n,
        }
        if self.how is not None:
            body["how"] = self.how
        return body


@dataclass(slots=True)
class BidRefused:
    """`minimum_minor` is what this bidder could have bid validly at that moment, or None."""

    kind: ClassVar[str] = "bid.refused"
    bidder: int
    bid_id: str
    amount_minor: int | None  # None for a sealed bid
    reason: Reason
    minimum_minor: int | None
    how: How = None

    def body(self) -> dict[str, Any]:
        body: dict[str, Any] = {
            "bidder": self.bidder,
            "bid_id": self.bid_id,
            "amount_minor": self.amount_minor,
            "reason": self.reason,
            "minimum_minor": self.minimum_minor,
        }
        if self.how is not None:
            body["how"] = self.how
        return body


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


@dataclass(slots=True)
class MaximumSet:
    """A secret maximum was recorded; what the lot shows of it are the `bid.automatic` after it."""

    kind: ClassVar[str] = "maximum.set"
    bidder: int
    bid_id: str
    amount_minor: int
    how: How = None

    def body(self) -> dict[str, Any]:
        body: dict[str, Any] = {
            "bidder": self.bidder,
            "bid_id": self.bid_id,
            "amount_minor": self.amount_minor,
        }
        if self.how is not None:
            body["how"] = self.how
        return body


@dataclass(slots=True)
class BidAutomatic:
    """The `n`th accepted bid, made for `bidder` within his maximum; from now on the price."""

    kind: ClassVar[str] = "bid.automatic"
    bidder: int
    amount_minor: int
    n: int

    def body(self) -> dict[str, Any]:
        return {"bidder": self.bidder, "amount_minor": self.amount_minor, "n": self.n}


@dataclass(slots=True)
class BidSealed:
    """A box that nobody can read before the opening; the bidder's earlier box is void."""

    kind: ClassVar[str] = "bid.sealed"
    bidder: int
    bid_id: str
    box: str

    def body(self) -> dict[str, Any]:
        return {"bidder": self.bidder, "bid_id": self.bid_id, "box": self.box}


@dataclass(slots=True)
class BidderEntered:
    """An admitted bidder has come into the room for the first time."""

    kind: ClassVar[str] = "bidder.entered"
    bidder: int

    def body(self) -> dict[str, Any]:
        return {"bidder": self.bidder}


@dataclass(slots=True)
class Turn:
    """A turn in the lot's life: one row of `lifecycle.ROWS`. Its status is `status` from now on.

    `data` holds the row's fields and, for acts of people, `by` (account), `role` and `reason`.
    """

    kind: str
    status: Status
    data: dict[str, Any]

    def body(self) -> dict[str, Any]:
        return {"status": self.status, "data": self.data}


Event = (
    LotDrafted
    | LotListed
    | BidderAdmitted
    | BidderEntered
    | LotOpened
    | BidAccepted
    | BidAutomatic
    | BidRefused
    | MaximumSet
    | BidSealed
    | LotExtended
    | LotClosed
    | Turn
)
BY_KIND: dict[str, type[Any]] = {
    cls.kind: cls
    for cls in (
        LotDrafted,
        LotListed,
        BidderAdmitted,
        BidderEntered,
        LotOpened,
        BidAccepted,
        BidAutomatic,
        BidRefused,
        MaximumSet,
        BidSealed,
        LotExtended,
        LotClosed,
    )
}


def _reader(cls: type[Any]) -> Callable[[dict[str, Any]], Iterable[Any]]:
    names = [f.name for f in fields(cls) if f.name != "how"]
    if len(names) > 1:
        return itemgetter(*names)
    return lambda body: [body[name] for name in names]


_FIELDS = {kind: _reader(cls) for kind, cls in BY_KIND.items()}


def from_body(kind: str, body: dict[str, Any]) -> Event:
    """The event of this kind in `body`; keys that are not its fields are ignored.

    Raises KeyError for an unknown kind or a missing field, ParamsError for bad parameters.
    """
    if kind in TURNS:
        return Turn(kind, body["status"], body["data"])
    cls = BY_KIND[kind]
    if cls is LotListed or cls is LotDrafted:
        return cls(LotParams.from_json(body["params"]))  # type: ignore[no-any-return]
    event: Event = cls(*_FIELDS[kind](body))
    if "how" in body and isinstance(event, BidAccepted | BidRefused | MaximumSet):
        event.how = body["how"]
    return event
