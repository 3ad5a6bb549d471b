"""What the money desk tells other systems of its books. Minor units; moments ISO 8601."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from auction_engine.http.models import Model, Texts, Whole

PayoutState = Literal["DUE", "PREPARED", "ORDERED", "BOOKED", "FAILED", "CANCELLED"]
Repeat = Annotated[
    bool,
    Field(description="The very same was sent before by this account; nothing was done now."),
]


class BookAccount(Model):
    """The account at a bank that a book stands for."""

    name: str
    account: str
    bic: str | None
    bin: str | None


class MoneyBook(Model):
    """One book of the own house."""

    id: Whole
    name: Texts
    currency: str
    minor_digits: Whole
    account: BookAccount | None = Field(description="Null until it is entered.")


class MoneyBooks(Model):
    """The own books, in the order in which they were opened; `?book=` chooses one."""

    books: list[MoneyBook]


class MoneyCount(Model):
    """How many and how much, for one reason or state."""

    what: str | None
    n: Whole
    amount_minor: int


class MoneyPart(Model):
    """What an account of the chart comes to, on its natural side."""

    code: str
    name: Texts
    amount_minor: int
    accounts: Whole


class MoneyEscrow(Model):
    """Others' money at the bank, and what is owed of it: always equal."""

    assets_minor: int
    owed_minor: int


class MoneyStatement(Model):
    """The bank's newest closing balance, and what the books say for that day."""

    file: Whole
    filename: str
    on: date
    bank_minor: int
    books_minor: int


class PayoutStanding(Model):
    """The payments of one state: how many, how much, how many overdue and due today."""

    state: PayoutState
    n: Whole
    amount_minor: int
    overdue: Whole
    today: Whole


class Batch(Model):
    """Payments that leave together: prepared by one person, released by another."""

    id: Whole
    message_id: str = Field(description="What the order is called in the bank's file.")
    state: Literal["PREPARED", "RELEASED", "CANCELLED"]
    requested_on: date
    preparer: str
    prepared_at: datetime
    releaser: str | None
    released_at: datetime | None
    cancelled_at: datetime | None
    n: Whole
    amount_minor: int
    booked: Whole
    failed: Whole


class Batches(Model):
    """The newest first."""

    batches: list[Batch]


class MoneyOverview(Model):
    """Is all there, and what waits."""

    book: MoneyBook
    today: date = Field(description="The local day by the clock that orders bids.")
    parts: list[MoneyPart]
    escrow: MoneyEscrow
    bank_minor: int
    statement: MoneyStatement | None
    came_in: list[MoneyCount]
    suspense: list[MoneyCount]
    payouts: list[PayoutStanding]
    batches: list[Batch] = Field(description="Those that wait to be released.")


class MoneyDue(Model):
    """Something with a last day: of the law, a payment that leaves, or one that is expected."""

    kind: Literal["LAW", "PAYOUT", "REQUEST"]
    day: date
    state: Literal["COMING", "SOON", "TODAY", "OVERDUE"]
    lot: Whole | None
    actor: str
    what: str
    text: Texts | None = Field(description="Of what the law asks for.")
    rule: str | None = Field(description="The article.")
    verified: bool
    amount_minor: Whole | None
    name: str | None
    payout: Whole | None
    request: Whole | None
    reference: str | None


class MoneyDues(Model):
    """By day."""

    dues: list[MoneyDue]


class MoneyAct(Model):
    """What somebody did, when and why. `data`: what it was about; `by` null: the program."""

    id: Whole
    at: datetime
    kind: str
    by: str | None
    reason: str | None
    data: dict[str, Any]


class AccountHistory(Model):
    """A book's bank account, and who has named it when."""

    account: BookAccount | None
    history: list[MoneyAct]
    repeat: Repeat = False


class MoneyLot(Model):
    """A lot whose money the book keeps; `asked_minor` of `requests` payments."""

    id: Whole
    title: Texts | None
    status: str
    requests: Whole
    asked_minor: Whole


class MoneyLots(Model):
    """The newest first, five hundred at most."""

    lots: list[MoneyLot]
