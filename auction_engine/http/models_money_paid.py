"""What the money desk tells of payments, of a lot's money and of its distribution."""

from datetime import date, datetime
from typing import Any, Literal

from pydantic import ConfigDict, Field

from auction_engine.http.models import Model, Texts, Whole
from auction_engine.http.models_money_told import (
    Batch,
    MoneyAct,
    PayoutStanding,
    PayoutState,
    Repeat,
)

_Open = ConfigDict(extra="allow")


class Payout(Model):
    """A payment that is to leave. `code` and `key`: the liability it settles; `text` goes to the
    bank; `complete`: where it goes is known; `reason`: why it failed."""

    id: Whole
    kind: str
    lot: Whole | None
    amount_minor: Whole
    name: str | None
    account: str | None
    bank: str | None
    complete: bool
    text: str
    code: str
    key: str
    due_on: date | None
    state: PayoutState
    attempt: Whole
    batch: Whole | None
    message_id: str | None
    reason: str | None
    created_at: datetime


class Payouts(Model):
    """A page of payments, and how all of them stand. `older`: `before` of the next page."""

    payouts: list[Payout]
    older: Whole | None
    standing: list[PayoutStanding]


class PayoutWhole(Model):
    """A payment, and what people did with it."""

    payout: Payout
    acts: list[MoneyAct]
    repeat: Repeat = False


class BatchWhole(Model):
    """A batch with every payment in it."""

    batch: Batch
    payouts: list[Payout]
    acts: list[MoneyAct]
    repeat: Repeat = False


class LotDeposit(Model):
    """A bidder's deposit and where it was at the moment asked for. `code`: how the bidder was
    called in the bidding, told when that is over."""

    request: Whole
    bidder: Whole
    code: str | None
    name: str
    reference: str
    amount_minor: Whole
    where: Literal[
        "WAITING", "SHORT", "GUARANTEE", "HELD", "EARNEST", "REMITTED", "REFUND", "REFUNDED",
        "FORFEITED",
    ]  # fmt: skip
    since: datetime | None
    short_minor: int
    due_on: date | None
    payout: Whole | None
    payout_state: PayoutState | None


class BookLeg(Model):
    """One side of a transfer: debits above zero, credits below."""

    code: str
    key: str
    amount_minor: int


class BookCause(Model):
    """The fact behind a transfer: entry `n` of lot `id`, a line, a payout, a person's act."""

    kind: Literal["JOURNAL", "LINE", "ACT", "PAYOUT"]
    id: Whole
    n: Whole


class BookTransfer(Model):
    """One transfer; its legs sum to zero."""

    id: Whole
    at: datetime
    kind: str
    key: str
    cause: BookCause
    legs: list[BookLeg]
    note: str | None


class BookBalance(Model):
    """What an account held, on its natural side."""

    code: str
    key: str
    amount_minor: int


class ShareStep(Model):
    """One line of a distribution with its arithmetic, its article and its payee's name."""

    model_config = _Open

    line: str
    party: Whole
    name: str
    due_minor: int
    paid_minor: int
    before_minor: int
    after_minor: int
    rule: str


class ShareReceipt(Model):
    """What one creditor gets, and the fee that is withheld of it."""

    party: Whole
    name: str
    gross_minor: int
    charged_minor: int
    fee_minor: int
    net_minor: int


class SharesResult(Model):
    """What a sheet comes to; of a creditor who takes the property also what is set off and paid."""

    model_config = _Open

    pack: str
    estate_minor: int
    steps: list[ShareStep]
    left_out: list[Any]
    receipts: list[ShareReceipt]
    taker: Whole | None


class SharesTried(Model):
    """What the sheet would come to; nothing was written."""

    result: SharesResult


class Shares(Model):
    """A distribution as it was prepared: its sheet and what that came to."""

    id: Whole
    lot: Whole
    kind: Literal["DISTRIBUTION", "TAKING"]
    sheet: dict[str, Any]
    result: SharesResult
    preparer: str
    prepared_at: datetime
    approver: str | None
    approved_at: datetime | None


class SharesAfter(Model):
    """A distribution after the act."""

    shares: Shares
    repeat: Repeat = False


class LotSheet(Model):
    """What a lot's sheet is for, what is there to share, and what was prepared last."""

    lot: Whole
    kind: Literal["DISTRIBUTION", "TAKING"]
    estate_minor: int
    shares: Shares | None
    begun: dict[str, Any] | None = Field(
        description="While nothing is prepared: a sheet with the parties and claims of the case."
    )


class LotStatement(Model):
    """A lot's money at a moment. `later`: `after` of the journal's next page, if any."""

    lot: Whole
    title: Texts | None
    status: str
    at: datetime | None = Field(description="Null: now.")
    deposits: list[LotDeposit]
    journal: list[BookTransfer]
    later: Whole | None
    balances: list[BookBalance]
    payouts: list[Payout]
    shares: Whole | None = Field(description="The distribution approved, else prepared last.")
    acts: list[MoneyAct] = Field(description="Costs stated and fees charged.")
    may_charge: bool = Field(description="The auction is over and its fee is not charged.")


class CostsAfter(Model):
    """What the auction has cost, as stated last."""

    lot: Whole
    amount_minor: Whole
    repeat: Repeat = False


class DepositAfter(Model):
    """The deposit after the guarantee was noted."""

    deposit: LotDeposit
    repeat: Repeat = False


class FeeAfter(Model):
    """What was charged; `due_on` null where the law names no day."""

    lot: Whole
    net_minor: Whole
    vat_minor: Whole
    gross_minor: Whole
    basis: str
    due_on: date | None
    repeat: Repeat = False
