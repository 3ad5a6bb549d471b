"""The tables of what moves the money: bank files, what is expected, what is to be paid.

The transfers themselves are in `schema_books`. Rows are written with plain SQL by `desk.money`.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    ForeignKey,
    Identity,
    Index,
    Integer,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from auction_engine.ledger.schema import Base


def _id() -> Mapped[int]:
    return mapped_column(BigInteger, Identity(), primary_key=True)


class MoneyAct(Base):
    """Who did what to the money, and why; `account_id` is null for the program. Append-only."""

    __tablename__ = "money_act"
    id: Mapped[int] = _id()
    book_id: Mapped[int] = mapped_column(ForeignKey("book.id"))
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    kind: Mapped[str]
    reason: Mapped[str | None]
    body: Mapped[dict[str, Any]]
    __table_args__ = (Index("money_act_of_book", "book_id", "id"),)


class BankAccount(Base):
    """The account at a bank a book stands for: where people pay to, and what pays out."""

    __tablename__ = "bank_account"
    book_id: Mapped[int] = mapped_column(ForeignKey("book.id"), primary_key=True)
    name: Mapped[str]
    account: Mapped[str]
    bin: Mapped[str | None]
    bic: Mapped[str | None]


class BankFile(Base):
    """A statement as it was imported, whole. Append-only."""

    __tablename__ = "bank_file"
    id: Mapped[int] = _id()
    book_id: Mapped[int] = mapped_column(ForeignKey("book.id"))
    sha256: Mapped[bytes]
    filename: Mapped[str]
    format: Mapped[str]
    body: Mapped[bytes]
    act_id: Mapped[int] = mapped_column(ForeignKey("money_act.id"))
    lines: Mapped[int] = mapped_column(Integer)
    known: Mapped[int] = mapped_column(Integer)
    left_out: Mapped[int] = mapped_column(Integer)
    closing_minor: Mapped[int | None]
    closing_on: Mapped[date | None] = mapped_column(Date)
    __table_args__ = (UniqueConstraint("book_id", "sha256", name="bank_file_once"),)


class BankLine(Base):
    """A movement at the bank, once, whichever files tell of it. Append-only."""

    __tablename__ = "bank_line"
    id: Mapped[int] = _id()
    book_id: Mapped[int] = mapped_column(ForeignKey("book.id"))
    file_id: Mapped[int] = mapped_column(ForeignKey("bank_file.id"))
    n: Mapped[int] = mapped_column(Integer)
    place: Mapped[str]
    booked_on: Mapped[date] = mapped_column(Date)
    value_on: Mapped[date | None] = mapped_column(Date)
    amount_minor: Mapped[int]
    bank_ref: Mapped[str | None]
    end_to_end: Mapped[str | None]
    text: Mapped[str]
    name: Mapped[str | None]
    account: Mapped[str | None]
    bank: Mapped[str | None]
    returned: Mapped[str | None]
    entry_ref: Mapped[str | None]
    entry_minor: Mapped[int | None]
    fingerprint: Mapped[str]
    __table_args__ = (
        UniqueConstraint("book_id", "fingerprint", name="bank_line_once"),
        CheckConstraint("amount_minor <> 0", name="bank_line_amount"),
        Index("bank_line_of_file", "file_id", "n"),
        Index("bank_line_of_entry", "book_id", "entry_ref"),
        Index("bank_line_of_reference", "book_id", "bank_ref"),
    )


class PaymentRequest(Base):
    """A payment that is expected, under its reference. Append-only."""

    __tablename__ = "payment_request"
    id: Mapped[int] = _id()
    book_id: Mapped[int] = mapped_column(ForeignKey("book.id"))
    purpose: Mapped[str]
    lot_id: Mapped[int] = mapped_column(ForeignKey("lot.id"))
    payer: Mapped[int] = mapped_column(server_default="0")
    reference: Mapped[str] = mapped_column(unique=True)
    amount_minor: Mapped[int]
    due_on: Mapped[date | None] = mapped_column(Date)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    __table_args__ = (
        UniqueConstraint("purpose", "lot_id", "payer", name="payment_request_once"),
        CheckConstraint("amount_minor > 0", name="payment_request_amount"),
        Index("payment_request_amount_of_book", "book_id", "amount_minor"),
    )


class Allocation(Base):
    """How much of a line paid which request. Append-only."""

    __tablename__ = "allocation"
    line_id: Mapped[int] = mapped_column(ForeignKey("bank_line.id"), primary_key=True)
    request_id: Mapped[int] = mapped_column(ForeignKey("payment_request.id"), primary_key=True)
    amount_minor: Mapped[int]
    __table_args__ = (Index("allocation_of_request", "request_id"),)


class Guarantee(Base):
    """A bank's guarantee in the place of a deposit. Append-only."""

    __tablename__ = "guarantee"
    request_id: Mapped[int] = mapped_column(ForeignKey("payment_request.id"), primary_key=True)
    act_id: Mapped[int] = mapped_column(ForeignKey("money_act.id"))
    guarantor: Mapped[str]
    document: Mapped[str]
    valid_until: Mapped[date] = mapped_column(Date)


class Suspense(Base):
    """A line nobody could place, or not wholly, and what became of it."""

    __tablename__ = "suspense"
    line_id: Mapped[int] = mapped_column(ForeignKey("bank_line.id"), primary_key=True)
    book_id: Mapped[int] = mapped_column(ForeignKey("book.id"))
    reason: Mapped[str]
    request_id: Mapped[int | None] = mapped_column(ForeignKey("payment_request.id"))
    opened_at: Mapped[datetime] = mapped_column(server_default=func.now())
    closed_at: Mapped[datetime | None]
    outcome: Mapped[str | None]
    act_id: Mapped[int | None] = mapped_column(ForeignKey("money_act.id"))
    __table_args__ = (
        Index("suspense_open", "book_id", "line_id", postgresql_where=text("closed_at IS NULL")),
    )


class PayoutBatch(Base):
    """Payments ordered together: prepared by one person, released by another."""

    __tablename__ = "payout_batch"
    id: Mapped[int] = _id()
    book_id: Mapped[int] = mapped_column(ForeignKey("book.id"))
    message_id: Mapped[str] = mapped_column(unique=True)
    prepared_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    prepared_at: Mapped[datetime] = mapped_column(server_default=func.now())
    requested_on: Mapped[date] = mapped_column(Date)
    released_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    released_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]
    body: Mapped[bytes | None]


class PayoutRow(Base):
    """What is to be paid, and how far it is."""

    __tablename__ = "payout"
    id: Mapped[int] = _id()
    book_id: Mapped[int] = mapped_column(ForeignKey("book.id"))
    key: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    lot_id: Mapped[int | None] = mapped_column(ForeignKey("lot.id"))
    payee: Mapped[int] = mapped_column(server_default="0")
    code: Mapped[str]
    account_key: Mapped[str]
    amount_minor: Mapped[int]
    name: Mapped[str | None]
    account: Mapped[str | None]
    bank: Mapped[str | None]
    text: Mapped[str]
    due_on: Mapped[date | None] = mapped_column(Date)
    state: Mapped[str]
    attempt: Mapped[int] = mapped_column(Integer, server_default="1")
    batch_id: Mapped[int | None] = mapped_column(ForeignKey("payout_batch.id"))
    reason: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    __table_args__ = (
        Index("payout_of_book", "book_id", "state", "due_on"),
        Index("payout_of_lot", "lot_id"),
    )


class Distribution(Base):
    """How the proceeds of a lot are shared out: prepared by one person, approved by another."""

    __tablename__ = "distribution"
    id: Mapped[int] = _id()
    book_id: Mapped[int] = mapped_column(ForeignKey("book.id"))
    lot_id: Mapped[int] = mapped_column(ForeignKey("lot.id"))
    sheet: Mapped[dict[str, Any]]
    result: Mapped[dict[str, Any]]
    prepared_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    prepared_at: Mapped[datetime] = mapped_column(server_default=func.now())
    approved_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    approved_at: Mapped[datetime | None]
    __table_args__ = (
        Index(
            "distribution_once",
            "lot_id",
            unique=True,
            postgresql_where=text("approved_at IS NOT NULL"),
        ),
    )


class DueNotice(Base):
    """That something due was warned of, or escalated, once."""

    __tablename__ = "due_notice"
    key: Mapped[str] = mapped_column(primary_key=True)
    level: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=func.now())
