"""What the books answer, and why they refuse.

BooksError                  `code` is stable; nothing of the call was posted
├── KeyReused               the key names another transfer, with other content
├── AlreadyResolved         what is to be resolved or reversed has ended otherwise
├── NotPending              what is to be resolved holds nothing, or not this amount
├── NotReversible           what is to be reversed is no transfer that can be, or has other legs
├── Overdrawn               an account would go below zero, or below what is held of it
├── Unbookable              the database refuses the entry: escrow mixed, nothing to hold, …
├── UnknownBook             there is no such book
├── UnknownAccount          the chart has no such code, or not for this kind of book
└── Contended               others got in the way each time: repeat the whole transaction
"""

from datetime import date, datetime
from typing import ClassVar, NamedTuple

from auction_engine.ledger.errors import LedgerError
from auction_engine.rules.postings.entry import Cause, Leg, Name


class BooksError(LedgerError):
    """Base of the refusals."""

    code: ClassVar[str] = "BOOKS"


class KeyReused(BooksError):
    """The key of an entry is that of a transfer with other content."""

    code = "KEY_REUSED"


class AlreadyResolved(BooksError):
    """The transfer to resolve or to reverse has been resolved or reversed by another."""

    code = "ALREADY_RESOLVED"


class NotPending(BooksError):
    """The transfer to resolve is not there, holds nothing, or the legs do not take all of it."""

    code = "NOT_PENDING"


class NotReversible(BooksError):
    """The transfer to reverse is not there, ends another one, or the legs are not its opposite."""

    code = "NOT_REVERSIBLE"


class Overdrawn(BooksError):
    """An account would be left with less than nothing, or with less than is held of it."""

    code = "OVERDRAWN"


class Unbookable(BooksError):
    """The database refuses the entry for what it is."""

    code = "UNBOOKABLE"


class UnknownBook(BooksError):
    """There is no such book."""

    code = "UNKNOWN_BOOK"


class UnknownAccount(BooksError):
    """The chart has no such code, or not in this kind of book."""

    code = "UNKNOWN_ACCOUNT"


class Contended(BooksError):
    """Nothing was posted, because of others who post at the same time. Try again."""

    code = "CONTENDED"


class Posted(NamedTuple):
    """A transfer as it is recorded. `repeat`: it was before, by an equal entry."""

    id: int
    key: str
    at: datetime
    repeat: bool


class Balance(NamedTuple):
    """What an account holds on its natural side; `held_minor` of it by pending transfers.

    Of a past moment, what was held then is not told: `held_minor` is None.
    """

    account: Name
    amount_minor: int
    held_minor: int | None


class Movement(NamedTuple):
    """One posting on an account: what it added on the natural side, and what then was there."""

    transfer: int
    at: datetime
    booked_on: date
    kind: str
    cause: Cause
    note: str | None
    amount_minor: int
    balance_minor: int


class Held(NamedTuple):
    """What a pending transfer holds. `ended_by`: key of what resolved or reversed it, if any."""

    transfer: int
    book: int
    account: Name
    amount_minor: int
    at: datetime
    ended_by: str | None
    reversed: bool


class Transfer(NamedTuple):
    """A transfer with its legs. `resolves`, `reverses`, `ended_by` are keys."""

    id: int
    at: datetime
    booked_on: date
    kind: str
    key: str
    cause: Cause
    legs: tuple[Leg, ...]
    pending: bool
    resolves: str | None
    reverses: str | None
    ended_by: str | None
    note: str | None


class Escrow(NamedTuple):
    """Money of others at the bank, and what is owed of it; minor units."""

    assets_minor: int
    owed_minor: int

    @property
    def equal(self) -> bool:
        return self.assets_minor == self.owed_minor
