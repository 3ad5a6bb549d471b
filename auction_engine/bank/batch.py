"""Payments to be made by a bank, as one batch, and what can be wrong with it."""

from datetime import date, datetime
from typing import Literal, NamedTuple

from auction_engine.errors import AuctionError

MAX_ID = 35
MAX_NAME = 140
MAX_TEXT = 140
# As many as a page can show; `more` says that there are others.
MAX_FAULTS = 20

Charges = Literal["DEBT", "SHAR", "SLEV", "CRED"]


class Payment(NamedTuple):
    """One transfer. `end_to_end`: our id of it, 1 to 35 characters, unique in the batch.

    `account`: an IBAN or a plain number; `bank`: a BIC or a clearing code; `text`: what the
    receiver reads, 1 to 140 characters.
    """

    end_to_end: str
    amount_minor: int
    name: str
    account: str
    bank: str
    text: str


class Batch(NamedTuple):
    """One file: `payments` from one account in one currency, to be made on `requested_on`.

    `message_id`: 1 to 35 characters, never used before at this bank. `created_at`: UTC.
    `charges`: who pays the bank's fees; DEBT: we do, and what is owed arrives whole.
    """

    message_id: str
    created_at: datetime
    requested_on: date
    debtor_name: str
    debtor_account: str
    debtor_bank: str
    currency: str
    minor_digits: int
    payments: tuple[Payment, ...]
    charges: Charges = "DEBT"


class Fault(NamedTuple):
    """One thing wrong with a batch. `payment`: its place in `payments`, None for the batch itself.

    `code` is stable, `field` names the field of Payment or Batch, `text` ends with the cure.
    """

    code: str
    payment: int | None
    end_to_end: str
    field: str
    text: str

    def __str__(self) -> str:
        if self.payment is None:
            return f"The batch: {self.text}."
        return f"Payment {self.payment + 1} ({self.end_to_end[:MAX_ID]!r}): {self.text}."


class BatchError(AuctionError):
    """A batch that cannot be sent; no file was made. `faults` are the first ones, in order."""

    def __init__(self, faults: tuple[Fault, ...], more: bool = False) -> None:
        self.faults = faults
        self.code = faults[0].code
        self.more = more
        others = len(faults) - 1
        tail = f" ({'more than ' if more else ''}{others} more.)" if others else ""
        super().__init__(f"{faults[0]}{tail}")
