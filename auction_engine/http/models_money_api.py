"""What other systems send to the money desk, and how it refuses. Amounts are minor units."""

from datetime import date
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from auction_engine.desk.money import sheets
from auction_engine.http.models import Model, Problem
from auction_engine.rules.money import MAX_AMOUNT_MINOR

_ID_MAX = 2**53
_BATCH_MAX = 5_000
_REASON, _NAME, _ACCOUNT = 500, 140, 60


def _tidy(text: str) -> str:
    """One line without control characters: it goes into records and onto papers."""
    return "".join(letter for letter in " ".join(text.split()) if letter.isprintable())


def _packed(text: str) -> str:
    return _tidy(text).replace(" ", "")


def _day(value: Any) -> date:
    """Only `YYYY-MM-DD`: nothing that could be read as another day elsewhere."""
    if isinstance(value, str) and len(value) == len("2026-01-31"):
        found = date.fromisoformat(value)
        if found.isoformat() == value:
            return found
    raise ValueError("a day is written YYYY-MM-DD")


Number = Annotated[int, Field(gt=0, lt=_ID_MAX)]
Minor = Annotated[int, Field(ge=0, le=MAX_AMOUNT_MINOR)]
Day = Annotated[date, BeforeValidator(_day)]
Reason = Annotated[
    str, Field(max_length=_REASON, description="Why; it goes into the record."),
    AfterValidator(_tidy),
]  # fmt: skip
Name = Annotated[str, Field(max_length=_NAME), AfterValidator(_tidy)]
AccountNumber = Annotated[
    str, Field(max_length=_ACCOUNT, description="An account's number, or an IBAN."),
    AfterValidator(_packed),
]  # fmt: skip
Bank = Annotated[
    str, Field(max_length=_ACCOUNT, description="A BIC, or a bank's clearing code."),
    AfterValidator(lambda text: _packed(text).upper()),
]  # fmt: skip


class MoneyFault(Model):
    """One thing that is wrong: the field, or the place in a file; its stable code; what to do."""

    path: str
    code: str
    cure: str


class MoneyProblem(Problem):
    """A refusal with everything that is wrong; nothing was done."""

    faults: list[MoneyFault] = Field(default_factory=list)


class NewBookAccount(Model):
    """The bank account of a book: people pay to it, and payouts leave it."""

    name: Name
    account: AccountNumber
    bic: Bank
    bin: Annotated[
        str | None, Field(pattern="^[0-9]{6}$", description="The bank's number at NAPAS.")
    ] = None
    reason: Reason


class WhyMoney(Model):
    """A reason alone."""

    reason: Reason


class Allocation(Model):
    """What a line was paid for: an expected payment of the book."""

    request: Number
    reason: Reason


class MadeGood(Model):
    """Whose debt to the book a line pays: as the line's `owed` names it."""

    code: Annotated[str, Field(max_length=40)]
    key: Annotated[str, Field(max_length=80)]
    reason: Reason


class InterestShared(Model):
    """The time for which the bank paid the interest: `until` is not counted."""

    since: Day
    until: Day
    reason: Reason


class TermParked(Model):
    """The lot whose money the bank put into a term deposit."""

    lot: Number
    reason: Reason


class TermMatured(Model):
    """The term deposit that came back: the lot, and its number there."""

    lot: Number
    term: Number
    reason: Reason


class NewPayee(Model):
    """Where a payment goes."""

    name: Name
    account: AccountNumber
    bank: Bank
    reason: Reason


class NewBatch(Model):
    """Payments that are due, and the day on which the bank is to pay them."""

    payouts: Annotated[list[Number], Field(max_length=_BATCH_MAX)]
    requested_on: Day


class CostsStated(Model):
    """What the auction of a lot has cost, by the papers named in the reason."""

    amount_minor: Minor
    reason: Reason


class GuaranteeGiven(Model):
    """A bank's guarantee in the place of the deposit `request`."""

    request: Number
    guarantor: Name
    document: Name
    valid_until: Day
    reason: Reason


class FeeCharged(Model):
    """The auction fee before VAT; `vat_bp` in hundredths of a percent.

    `agreed_minor` left out: the contract fixed none, and the most there may be counts. Of a failed
    auction `costs_minor` counts.
    """

    agreed_minor: Minor | None = None
    costs_minor: Minor = 0
    vat_bp: Annotated[int, Field(ge=0, le=10_000)]
    reason: Reason


class CaseSheet(sheets.Sheet):
    """The sheet of a case whose proceeds are shared out; every party named is in `parties`."""


class CaseSheetTaken(sheets.TakingSheet):
    """The same for a creditor who takes the property: who, and whether the others agree."""
