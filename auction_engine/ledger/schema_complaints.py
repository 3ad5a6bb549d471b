"""The tables of complaints and of what people have signed. All append-only.

Rows are written with plain SQL by `desk.complaints` and `desk.signing`.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Date,
    ForeignKey,
    Identity,
    Index,
    Integer,
    SmallInteger,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from auction_engine.ledger.marking import sealed as seals
from auction_engine.ledger.schema import Base, JournalRow
from auction_engine.ledger.schema_money import PaymentRequest


def _id() -> Mapped[int]:
    return mapped_column(BigInteger, Identity(), primary_key=True)


class Complaint(Base):
    """A complaint as it was filed. `sealed` holds its grounds and the remedy asked for.

    `about_seq` is the entry of the lot's journal it is about, null for the lot as a whole. `late`:
    filed after `file_by`; it is received all the same, and the body says what follows. `holds`:
    what waits while it is open, and from which state on.
    """

    __tablename__ = "complaint"
    id: Mapped[int] = _id()
    key: Mapped[Any] = mapped_column(Uuid)
    lot_id: Mapped[int] = mapped_column(ForeignKey("lot.id"))
    filed_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    addressee: Mapped[str]
    about: Mapped[str]
    about_seq: Mapped[int | None] = mapped_column(Integer)
    known_on: Mapped[date] = mapped_column(Date)
    file_by: Mapped[date | None] = mapped_column(Date)
    late: Mapped[bool] = mapped_column(Boolean)
    accept_by: Mapped[date | None] = mapped_column(Date)
    sealed: Mapped[bytes] = mapped_column(info=seals("complaint:{id}"))
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    holds: Mapped[dict[str, str]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    __table_args__ = (
        UniqueConstraint("filed_by", "key", name="complaint_once"),
        CheckConstraint("addressee IN ('ORGANISATION', 'AGENCY')", name="complaint_addressee"),
        CheckConstraint("about IN ('LOT', 'BID', 'ACT')", name="complaint_about"),
        CheckConstraint("(about = 'LOT') = (about_seq IS NULL)", name="complaint_names_entry"),
        Index("complaint_of_lot", "lot_id", "id"),
    )


class ComplaintAct(Base):
    """A turn in a complaint's life; the last one is its state. `published` has no names."""

    __tablename__ = "complaint_act"
    complaint_id: Mapped[int] = mapped_column(ForeignKey("complaint.id"), primary_key=True)
    n: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    kind: Mapped[str]
    reason: Mapped[bytes | None] = mapped_column(info=seals("complaint.act:{complaint_id}/{n}"))
    published: Mapped[str | None]
    decide_by: Mapped[date | None] = mapped_column(Date)
    articles: Mapped[str | None]
    authority: Mapped[str | None]


class ComplaintDocument(Base):
    """A file handed in with a complaint and its name, sealed; no name: it was not kept."""

    __tablename__ = "complaint_document"
    complaint_id: Mapped[int] = mapped_column(ForeignKey("complaint.id"), primary_key=True)
    n: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    media_type: Mapped[str]
    sha256: Mapped[bytes]
    size: Mapped[int] = mapped_column(Integer)
    sealed: Mapped[bytes] = mapped_column(info=seals("complaint.document:{complaint_id}/{n}"))
    name: Mapped[bytes | None] = mapped_column(info=seals("complaint.name:{complaint_id}/{n}"))


class Signature(Base):
    """That somebody signed: the document's very bytes, their SHA-256, when and how."""

    __tablename__ = "signature"
    id: Mapped[int] = _id()
    lot_id: Mapped[int] = mapped_column(ForeignKey("lot.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    document: Mapped[str]
    seq: Mapped[int] = mapped_column(Integer)
    sha256: Mapped[bytes]
    body: Mapped[bytes]
    method: Mapped[str]
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    __table_args__ = (
        UniqueConstraint("lot_id", "account_id", "document", "seq", name="signature_once"),
        Index("signature_of_account", "account_id", "id"),
    )


Index(
    "journal_admission_of_bidder",
    JournalRow.bidder,
    postgresql_where=JournalRow.kind == "bidder.admitted",
)
Index("payment_request_of_payer", PaymentRequest.payer, PaymentRequest.lot_id)
