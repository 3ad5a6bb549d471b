"""Bodies of the JSON API, for its description. Amounts are minor units, times UTC milliseconds."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Amount = Annotated[int, Field(gt=0, lt=2**53)]
Whole = Annotated[int, Field(ge=0, lt=2**53)]
BidId = Annotated[
    str, Field(pattern="^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", description="A UUID.")
]
Code = Annotated[str, Field(description="A bidder code such as B-042.")]


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Texts(Model):
    vi: str
    en: str


class Extension(Model):
    """A bid within `trigger_ms` of the end moves it to `by_ms` after that bid."""

    trigger_ms: Whole
    by_ms: Whole
    max_count: Whole


class LotState(Model):
    phase: Literal["scheduled", "open", "closed"]
    price_minor: Amount | None
    leader: Code | None
    n: Whole
    minimum_minor: Amount | None
    start_ms: Whole
    end_ms: Whole | None
    extensions: Whole
    extended_by: Whole | None
    robots: list[Code]


class AcceptedBid(Model):
    n: Whole
    seq: Whole
    at_ms: Whole
    code: Code
    amount_minor: Amount


class OwnRefusedBid(Model):
    seq: Whole
    at_ms: Whole
    amount_minor: Amount
    reason: str
    minimum_minor: Amount | None


class You(Model):
    """The signed-in bidder's own standing."""

    code: Code | None
    admitted: bool
    leading: bool
    best_minor: Amount | None
    refused: list[OwnRefusedBid]


class Lot(Model):
    id: Whole
    session: Whole
    title: Texts | None
    place: Texts | None
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")]
    minor_digits: Annotated[int, Field(ge=0, le=4)]
    starting_price_minor: Amount
    increment_minor: Amount
    extension: Extension | None
    state: LotState


class LotWithBids(Lot):
    epoch: Whole
    seq: Whole
    bids: Annotated[list[AcceptedBid], Field(max_length=200, description="Newest first.")]
    you: You | None


class Session(Model):
    id: Whole
    title: Texts
    organisation: Texts
    agency: Texts
    demo: bool


class Lots(Model):
    session: Session | None
    lots: list[Lot]


class Bids(Model):
    bids: Annotated[list[AcceptedBid], Field(max_length=200, description="Newest first.")]
    older: Annotated[Whole | None, Field(description="`before` of the next page, if any.")]


class NewBid(Model):
    bid_id: BidId
    amount_minor: Amount


class Recorded(Model):
    """The bid is on disk as the `n`th accepted bid."""

    t: Literal["recorded"]
    lot: Whole
    bid_id: BidId
    n: Whole
    seq: Whole
    at_ms: Whole
    amount_minor: Amount
    repeat: Annotated[bool, Field(description="The bid_id had been answered before.")]


class Refused(Model):
    """The bid is on disk as refused; `minimum_minor` is what would be accepted now."""

    t: Literal["refused"]
    lot: Whole
    bid_id: BidId
    reason: Literal[
        "BELOW_START",
        "BELOW_MIN_INCREMENT",
        "ALREADY_LEADING",
        "NOT_OPEN_YET",
        "CLOSED",
        "NOT_ADMITTED",
    ]
    minimum_minor: Amount | None
    seq: Whole
    at_ms: Whole
    amount_minor: Amount
    repeat: Annotated[bool, Field(description="The bid_id had been answered before.")]


class Busy(Model):
    """Nothing was recorded: send the same bid_id again after `retry_ms`."""

    t: Literal["busy"]
    lot: Whole
    bid_id: BidId
    retry_ms: Whole


class Problem(Model):
    """Why a request was not served. `code` is stable, `text` is for people."""

    t: Literal["error"]
    code: Annotated[str, Field(pattern="^[A-Z][A-Z0-9_]+$")]
    text: str
    bid_id: BidId | None = None


class NotReady(Model):
    """`failed` maps each part that does not work to the reason."""

    t: Literal["error"]
    code: Literal["NOT_READY"]
    text: str
    failed: dict[str, str]


class Login(Model):
    login: Annotated[str, Field(max_length=200)]
    password: Annotated[str, Field(max_length=256)]


class SignedIn(Model):
    csrf: Annotated[str, Field(description="To be sent as X-CSRF-Token.")]


class Ticket(Model):
    ticket: Annotated[str, Field(description="For `hello`; good once.")]
    expires_ms: Whole


class Now(Model):
    now_ms: Whole


class Live(Model):
    live: Literal[True]


class Ready(Model):
    ready: Literal[True]
