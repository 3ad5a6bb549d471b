"""Bodies of the JSON API, for its description. Amounts are minor units, times UTC milliseconds."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from auction_engine.rules.events import Reason
from auction_engine.rules.lot import Status

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
    """A bid within `trigger_ms` of the end moves it to `by_ms` after that bid; ROUNDS: a further
    round of `by_ms` for those who bid. `max_count` null: as often as it takes.
    """

    trigger_ms: Whole
    by_ms: Whole
    max_count: Whole | None
    cap_ms: Whole | None = None
    mode: Literal["LATE_BID", "ROUNDS"] = "LATE_BID"


class Falling(Model):
    """A falling price: step `step` begins at `from_ms`, each price stands for `interval_ms`."""

    step: Whole
    from_ms: Whole
    interval_ms: Whole
    prices_minor: Annotated[
        list[Amount], Field(description="Of every step; the last is the lowest.")
    ]
    draw: Annotated[bool, Field(description="Lots are drawn among acceptances of one step.")]
    late_ms: Annotated[
        Whole | None,
        Field(description="When the first acceptance came that was too late for the one recorded."),
    ]


class Confirm(Model):
    """Amounts beyond these must be confirmed: hundredths of a percent of the price, or steps."""

    ratio_bp: Whole | None
    steps: Whole | None


class Life(Model):
    """Where the lot stands beside its price."""

    status: Status
    method: Literal["ASCENDING", "DESCENDING", "SEALED"]
    automatic: Annotated[bool, Field(description="Secret maxima may be set.")]
    ground: str | None
    since_ms: Annotated[Whole | None, Field(description="Since when the lot is paused.")]
    due_ms: Annotated[Whole | None, Field(description="When this status ends by itself.")]
    round: Whole
    stage: Annotated[Whole, Field(description="Phase of a hybrid lot, 0 for the first.")]
    stages: Whole
    winner: Code | None
    award_minor: Amount | None
    failure: str | None
    confirm: Confirm | None = None
    reserve_minor: Annotated[Whole | None, Field(description="0: secret.")] = None
    in_round: Annotated[list[Code] | None, Field(description="Who may bid in this round.")] = None
    falling: Falling | None = None


class LotState(Model):
    phase: Literal["scheduled", "open", "paused", "closed"]
    price_minor: Amount | None
    leader: Code | None
    n: Whole
    minimum_minor: Amount | None
    start_ms: Whole
    end_ms: Whole | None
    extensions: Whole
    extended_by: Whole | None
    robots: list[Code]
    life: Annotated[
        Life | None, Field(description="Missing for a lot of which only plain bids are taken.")
    ] = None


class AcceptedBid(Model):
    n: Whole
    seq: Whole
    at_ms: Whole
    code: Code
    amount_minor: Amount
    automatic: Annotated[bool, Field(description="Made within a secret maximum.")] = False
    void: Annotated[bool, Field(description="Withdrawn, or of somebody disqualified.")] = False


class OwnRefusedBid(Model):
    seq: Whole
    at_ms: Whole
    amount_minor: Annotated[Amount | None, Field(description="Null for a sealed bid.")]
    reason: Reason
    minimum_minor: Amount | None


class Box(Model):
    """The own sealed bid that counts."""

    seq: Whole
    at_ms: Whole
    bid_id: BidId


class DepositOnRecord(Model):
    """No bid is taken while it is missing. `needed_minor` is 0 of a bidder who is exempt."""

    state: Literal["HELD", "MISSING"]
    amount_minor: Whole
    needed_minor: Whole


class You(Model):
    """The signed-in bidder's own standing. `out` and `forfeit` name their ground."""

    code: Code | None
    admitted: bool
    leading: bool
    best_minor: Amount | None
    refused: list[OwnRefusedBid]
    maximum_minor: Annotated[Amount | None, Field(description="The own secret maximum.")] = None
    sealed: Box | None = None
    out: str | None = None
    forfeit: str | None = None
    deposit: Annotated[
        DepositOnRecord | None, Field(description="Where the lot's record knows the deposits.")
    ] = None


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
    """`step` is the price step an acceptance saw (falling prices, and only they)."""

    bid_id: BidId
    amount_minor: Amount
    step: Whole | None = None
    automatic: Annotated[bool, Field(description="The amount is a secret maximum.")] = False
    confirmed: Annotated[bool, Field(description="An unusual amount, confirmed.")] = False


class Recorded(Model):
    """The bid is on disk: the `n`th accepted one, or null for what stays secret."""

    t: Literal["recorded"]
    lot: Whole
    bid_id: BidId
    n: Whole | None
    seq: Whole
    at_ms: Whole
    amount_minor: Amount | None
    automatic: Annotated[bool, Field(description="A secret maximum.")] = False
    receipt: Annotated[str | None, Field(description="Of a sealed bid.")] = None
    repeat: Annotated[bool, Field(description="The bid_id had been answered before.")]


class Refused(Model):
    """The bid is on disk as refused; `minimum_minor` is what would be accepted now."""

    t: Literal["refused"]
    lot: Whole
    bid_id: BidId
    reason: Reason
    minimum_minor: Amount | None
    seq: Whole
    at_ms: Whole
    amount_minor: Amount | None
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
    code: Annotated[
        str | None, Field(max_length=60, description="Of the second step, if the account has one.")
    ] = None


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
