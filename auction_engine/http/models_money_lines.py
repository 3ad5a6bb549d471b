"""What the money desk tells of a bank's lines: where each is now, and what it may be for."""

from datetime import date, datetime
from typing import Literal

from pydantic import Field

from auction_engine.http.models import Model, Whole
from auction_engine.http.models_money_told import MoneyAct, MoneyCount, Repeat


class BankLine(Model):
    """A line of a bank's file, and where its money is now; debits are below zero.

    `left_minor` is what nobody has placed; `references` and `lots` are of the payments it was
    given to.
    """

    id: Whole
    file: Whole
    filename: str
    place: str
    booked_on: date
    value_on: date | None
    amount_minor: int
    left_minor: int
    given_minor: int
    bank_ref: str | None
    end_to_end: str | None
    text: str | None
    name: str | None
    account: str | None
    bank: str | None
    returned: str | None
    state: str
    reason: str | None = Field(description="Why it lies, or lay, in suspense.")
    opened_at: datetime | None
    closed_at: datetime | None
    outcome: str | None
    request_id: Whole | None
    references: list[str]
    lots: list[Whole]
    purposes: list[str]


class BankFile(Model):
    """A file that was taken, and by whom."""

    id: Whole
    filename: str
    format: str
    lines: Whole
    known: Whole
    left_out: Whole
    closing_minor: int | None
    closing_on: date | None
    at: datetime
    by: str | None


class BankFiles(Model):
    """Those taken last, the newest first."""

    files: list[BankFile]


class FileOutcome(Model):
    """A file, and where its new lines are now."""

    file: BankFile
    states: list[MoneyCount]
    reasons: list[MoneyCount]


class BankLines(Model):
    """A page of lines, the newest first. `older`: `before` of the next page, if any."""

    lines: list[BankLine]
    older: Whole | None
    file: FileOutcome | None = Field(description="Where `file` was asked for.")


class BankLineWhole(Model):
    """One line and what people did with it."""

    line: BankLine
    acts: list[MoneyAct]


class FileTaken(Model):
    """What came of a file: `suspense` counts reasons, `repeat` says it had been taken before."""

    file: Whole
    lines: Whole
    known: Whole
    left_out: Whole
    allocated: Whole
    booked: Whole
    suspense: dict[str, Whole]
    repeat: Repeat = False


class AnswerHeard(Model):
    """What a bank answered: payments refused, accepted (not booked yet), and known before."""

    rejected: Whole
    accepted: Whole
    known: Whole


class SuspenseLines(Model):
    """A page of lines that nobody has placed, and how many there are by reason."""

    lines: list[BankLine]
    older: Whole | None
    counts: list[MoneyCount]


class PossiblePayment(Model):
    """An expected payment that the line may be, and what giving it to that would do."""

    request: Whole
    purpose: Literal["DEPOSIT", "EARNEST", "PRICE", "TOP_UP"]
    lot: Whole
    reference: str
    name: str
    due_on: date | None
    outcome: Literal[
        "WHOLE", "OVERPAID", "SHORT", "PART", "PAID_ALREADY", "NOT_EXPECTED", "LATE"
    ]  # fmt: skip
    take_minor: int
    rest_minor: int
    same_amount: bool
    same_name: bool


class OwedToBook(Model):
    """What somebody owes the book, to be made good by a line."""

    code: str
    key: str
    amount_minor: int


class LotMoney(Model):
    """Money of a lot: in its term deposit `term`, or with 0 waiting for the delivery."""

    lot: Whole
    term: Whole
    amount_minor: int


class SuspenseLine(Model):
    """A line in suspense with everything it could be."""

    line: BankLine
    acts: list[MoneyAct]
    requests: list[PossiblePayment]
    owed: list[OwedToBook]
    terms: list[LotMoney]
    waiting: list[LotMoney]


class LineAfter(Model):
    """The line as it is after the act."""

    line: BankLine
    repeat: Repeat = False
