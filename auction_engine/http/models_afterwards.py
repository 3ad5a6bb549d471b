"""The models of a person's own affairs and of a lot's course in the API."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from auction_engine.http.models import Amount, Model, Texts, Whole
from auction_engine.rules.complaints import State
from auction_engine.rules.lot import Status


class CourseStep(Model):
    """One thing the public saw. A `fall` is no entry: it follows from the rules."""

    model_config = ConfigDict(extra="allow")

    kind: Literal["bid", "fall", "turn", "opened", "extended", "closed"]
    at_ms: Whole
    seq: Whole | None = None
    text: Texts | None = Field(None, description="What happened, of a turn.")


class LotCourse(Model):
    """The public course of a lot, the same for everybody."""

    lot: Whole
    title: Texts
    seq: Whole = Field(description="The last journal entry it tells of.")
    currency: str
    minor_digits: Whole
    starting_price_minor: Amount
    start_ms: Whole
    over: bool
    falls: bool
    steps: list[CourseStep]


class OwnDuty(Model):
    """Something to do now; `due_ms` null where no moment is set."""

    lot: Whole
    what: Literal["SIGN", "PAY", "ANSWER_OFFER", "CLAIM_ABSENCE", "DEPOSIT", "DECIDE_CHANGE"]
    due_ms: Whole | None
    amount_minor: Whole | None
    rule: str = Field(description="Its article; empty where the lot names no rule pack.")
    verified: bool


class OwnRefund(Model):
    amount_minor: Amount
    state: Literal["DUE", "PREPARED", "ORDERED", "BOOKED", "FAILED", "CANCELLED"]
    due_on: str | None
    booked_on: str | None
    bank_ref: str | None


class OwnDepositShort(Model):
    """The own deposit of a lot and, where it goes back, the refund."""

    state: str
    amount_minor: Amount
    reference: str
    due_on: str | None
    refund: OwnRefund | None


class OwnLot(Model):
    """An own lot: counts of the own bids, and where one stands."""

    lot: Whole
    status: Status
    code: str | None
    standing: str
    currency: str
    minor_digits: Whole
    accepted: Whole
    refused: Whole
    best_minor: Amount | None
    deposit: OwnDepositShort | None


class OwnComplaint(Model):
    id: Whole
    number: str
    lot: Whole
    addressee: Literal["ORGANISATION", "AGENCY"]
    state: State
    filed_at: str
    due_on: str | None


class Mine(Model):
    """What is one's own: what to do now, lots, complaints."""

    duties: list[OwnDuty]
    lots: list[OwnLot]
    complaints: list[OwnComplaint]


class OwnEntry(Model):
    """A journal entry about oneself; `hash` is its seal, as in the lot's export."""

    seq: Whole
    at_ms: Whole
    kind: str
    amount_minor: Whole | None
    n: Whole | None
    reason: str | None
    minimum_minor: Whole | None
    bid_id: str | None
    hash: str


class Seal(Model):
    seq: Whole
    seal: str


class PricePayTo(Model):
    name: str
    account: str
    bank: str


class OwnPrice(Model):
    """The price of what one has won, and how it is paid."""

    amount_minor: Amount
    paid_minor: Whole
    due_on: str | None
    reference: str
    pay_to: PricePayTo | None


class OwnEvidence(Model):
    """Everything on record of the person who asks, in one lot."""

    lot: Whole
    code: str | None
    status: Status
    currency: str
    minor_digits: Whole
    made_ms: Whole
    head: Seal = Field(description="The journal's last entry when this was made.")
    accepted: Whole
    refused: Whole
    best_minor: Amount | None
    entries: list[OwnEntry]
    deposit: OwnDepositShort | None
    price: OwnPrice | None
    duties: list[OwnDuty]
    days: list[dict[str, Any]]
    signatures: list[dict[str, Any]]


class NewSignature(Model):
    """The SHA-256 of the document that is signed, and the own code in the lot, typed again."""

    sha256: Annotated[str, Field(max_length=64)]
    code: Annotated[str, Field(max_length=20)]


class OwnMinutes(Model):
    """The minutes of one's own win. `open`: they wait for the winner's signature."""

    lot: Whole
    seq: Whole
    sha256: str
    document: dict[str, Any]
    open: bool
    due_ms: Whole | None
    signature: Whole | None
    signed_at: str | None
