"""The books' tables, as models of the same metadata. Migration 0005 makes them, with its triggers.

Nobody writes them through these models: `books` posts with plain SQL, `balance` is written by the
database alone. Amounts are bigint minor units, debits positive.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    CHAR,
    BigInteger,
    ForeignKey,
    Identity,
    Index,
    SmallInteger,
    UniqueConstraint,
    func,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from auction_engine.ledger.schema import Base


class Book(Base):
    """One holder of money in one currency. `kind` is ORGANISATION or AGENCY."""

    __tablename__ = "book"
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    kind: Mapped[str]
    name: Mapped[dict[str, Any]]
    currency: Mapped[str] = mapped_column(CHAR(3))
    minor_digits: Mapped[int] = mapped_column(SmallInteger)
    body_id: Mapped[int] = mapped_column(ForeignKey("body.id"))

    __table_args__ = (Index("book_of_body", "body_id"),)


Index("book_one", Book.kind, Book.name["vi"].astext, Book.currency, unique=True)


class MoneyAccount(Base):
    """An account of a book. The flags are those of its code in `rules.postings.chart`."""

    __tablename__ = "money_account"
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    book_id: Mapped[int] = mapped_column(ForeignKey("book.id"))
    code: Mapped[str]
    key: Mapped[str]
    debit_side: Mapped[bool]
    overdrawn: Mapped[bool]
    hot: Mapped[bool]
    escrow: Mapped[bool]

    __table_args__ = (
        UniqueConstraint("book_id", "code", "key", name="money_account_one"),
        Index("money_account_key", "book_id", "key", postgresql_ops={"key": "text_pattern_ops"}),
    )


class Transfer(Base):
    """What an `Entry` became. Append-only, and whole from its first moment."""

    __tablename__ = "transfer"
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    book_id: Mapped[int]
    kind: Mapped[str]
    key: Mapped[str] = mapped_column(unique=True)
    cause_kind: Mapped[str]
    cause_id: Mapped[int]
    cause_n: Mapped[int]
    pending: Mapped[bool]
    resolves: Mapped[int | None] = mapped_column(ForeignKey("transfer.id"))
    reverses: Mapped[int | None] = mapped_column(ForeignKey("transfer.id"))
    booked_on: Mapped[date]
    at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    note: Mapped[str | None]

    __table_args__ = (Index("transfer_cause", "cause_kind", "cause_id", "cause_n"),)


Index("transfer_ends_once", func.coalesce(Transfer.resolves, Transfer.reverses), unique=True)


class Posting(Base):
    """One leg of a transfer."""

    __tablename__ = "posting"
    transfer_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    n: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    account_id: Mapped[int]
    amount_minor: Mapped[int]

    __table_args__ = (Index("posting_account", "account_id", "transfer_id", unique=True),)


class BalanceRow(Base):
    """A part of an account's sum: all of it, or one stripe of a hot account's.

    `held_minor` is what pending transfers hold of it, on the account's natural side.
    """

    __tablename__ = "balance"
    account_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    stripe: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    amount_minor: Mapped[int]
    held_minor: Mapped[int]


class MoneySeal(Base):
    """Transfers with ids up to `upto` that the seal before did not have, and their digests.

    `hash` = SHA-256(hash of the seal before + this one's content); see `books_seal`.
    """

    __tablename__ = "money_seal"
    n: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    upto: Mapped[int]
    transfers: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    digests: Mapped[bytes]
    hash: Mapped[bytes]
    at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())

    __table_args__ = (Index("money_seal_upto", "upto"),)
