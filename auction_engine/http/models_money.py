"""The models of the bidder's own deposit in the API."""

from typing import Literal

from pydantic import Field

from auction_engine.http.models import Model

State = Literal[
    "NOT_REGISTERED",
    "PREPARING",
    "WAITING",
    "SHORT",
    "GUARANTEE",
    "HELD",
    "EARNEST",
    "REMITTED",
    "REFUND",
    "REFUNDED",
    "FORFEITED",
]


class PayTo(Model):
    """Where the deposit is paid to."""

    name: str
    account: str
    bank: str
    reference: str = Field(description="To be written as it stands into the transfer's text.")


class OwnDeposit(Model):
    """The deposit of the bidder who asks, and where it is."""

    lot: int
    needed_minor: int
    currency: str
    minor_digits: int
    state: State = Field(
        description="WAITING and SHORT want money; REFUND is owed back, REFUNDED has left."
    )
    received_minor: int = Field(description="Received so far and not enough, while SHORT.")
    problems: list[Literal["LATE", "DUPLICATE", "OVERPAID", "NOT_EXPECTED"]] = Field(
        description="Why money that named this deposit was not taken for it; it goes back."
    )
    due_on: str | None = Field(description="The last local day, ISO; null while not limited.")
    refund_due_on: str | None = Field(description="By when it is returned, ISO; null otherwise.")
    pay_to: PayTo | None = Field(description="Null while there is no account or nothing to pay.")
