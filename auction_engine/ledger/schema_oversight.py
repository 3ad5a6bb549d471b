"""The tables of oversight: warrants and what was read by them, findings, groups that complain.

All append-only. Rows are written with plain SQL by `desk.oversight` and `desk.complaints`.
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
)
from sqlalchemy.orm import Mapped, mapped_column

from auction_engine.ledger.marking import sealed as seals
from auction_engine.ledger.schema import Base, JournalRow


def _id() -> Mapped[int]:
    return mapped_column(BigInteger, Identity(), primary_key=True)


def _part_of(target: str) -> Mapped[int]:
    return mapped_column(ForeignKey(target), primary_key=True, autoincrement=False)


def _at() -> Mapped[datetime]:
    return mapped_column(server_default=func.now())


class Warrant(Base):
    """A decision by which one procurator may learn who is behind the codes of some lots.

    Valid from the first to the last of its days, local time. `sealed` is its reason.
    """

    __tablename__ = "warrant"
    id: Mapped[int] = _id()
    key: Mapped[Any] = mapped_column(Uuid)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    number: Mapped[str]
    authority: Mapped[str]
    issued_on: Mapped[date] = mapped_column(Date)
    valid_from: Mapped[date] = mapped_column(Date)
    valid_until: Mapped[date] = mapped_column(Date)
    sealed: Mapped[bytes] = mapped_column(info=seals("warrant:{id}"))
    at: Mapped[datetime] = _at()
    __table_args__ = (
        UniqueConstraint("account_id", "key", name="warrant_once"),
        CheckConstraint(
            "issued_on <= valid_from AND valid_from <= valid_until", name="warrant_days"
        ),
    )


class WarrantLot(Base):
    """A lot a warrant is for."""

    __tablename__ = "warrant_lot"
    warrant_id: Mapped[int] = _part_of("warrant.id")
    lot_id: Mapped[int] = _part_of("lot.id")


class WarrantEnd(Base):
    """That a warrant was ended before its last day, and why (sealed)."""

    __tablename__ = "warrant_end"
    warrant_id: Mapped[int] = _part_of("warrant.id")
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    sealed: Mapped[bytes] = mapped_column(info=seals("warrant.end:{warrant_id}"))
    at: Mapped[datetime] = _at()


class WarrantReading(Base):
    """That `reader_id` was shown who `subject_id` is in a lot."""

    __tablename__ = "warrant_reading"
    id: Mapped[int] = _id()
    warrant_id: Mapped[int] = mapped_column(ForeignKey("warrant.id"))
    lot_id: Mapped[int] = mapped_column(ForeignKey("lot.id"))
    subject_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    reader_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    at: Mapped[datetime] = _at()
    __table_args__ = (
        Index("warrant_reading_of", "subject_id", "id"),
        Index("warrant_reading_by", "warrant_id", "id"),
    )


class Finding(Base):
    """What a procurator holds against, or asks of, an organisation or agency. `sealed`: the text.

    It may be about a session, a lot, or an entry (`seq`) of a lot's journal.
    """

    __tablename__ = "finding"
    id: Mapped[int] = _id()
    key: Mapped[Any] = mapped_column(Uuid)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    body_id: Mapped[int] = mapped_column(ForeignKey("body.id"))
    session_id: Mapped[int | None] = mapped_column(ForeignKey("auction_session.id"))
    lot_id: Mapped[int | None] = mapped_column(ForeignKey("lot.id"))
    seq: Mapped[int | None] = mapped_column(Integer)
    kind: Mapped[str]
    articles: Mapped[str]
    sealed: Mapped[bytes] = mapped_column(info=seals("finding:{id}"))
    at: Mapped[datetime] = _at()
    __table_args__ = (
        UniqueConstraint("account_id", "key", name="finding_once"),
        CheckConstraint("kind IN ('PROTEST', 'PETITION', 'REQUEST')", name="finding_kind"),
        CheckConstraint("seq IS NULL OR lot_id IS NOT NULL", name="finding_entry_of_a_lot"),
        Index("finding_of_body", "body_id", "id"),
    )


class FindingAct(Base):
    """A turn in a finding's life; the last one is its state."""

    __tablename__ = "finding_act"
    finding_id: Mapped[int] = _part_of("finding.id")
    n: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = _at()
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    kind: Mapped[str]
    sealed: Mapped[bytes | None] = mapped_column(info=seals("finding.act:{finding_id}/{n}"))
    answer_by: Mapped[date | None] = mapped_column(Date)


class ComplaintGroup(Base):
    """That others may join a complaint, by a link of which only the hash is kept."""

    __tablename__ = "complaint_group"
    complaint_id: Mapped[int] = _part_of("complaint.id")
    token_hash: Mapped[bytes] = mapped_column()
    at: Mapped[datetime] = _at()
    __table_args__ = (UniqueConstraint("token_hash", name="complaint_group_link"),)


class ComplaintMember(Base):
    """Somebody who complains with others; up to three of them speak for all."""

    __tablename__ = "complaint_member"
    id: Mapped[int] = _id()
    complaint_id: Mapped[int] = mapped_column(ForeignKey("complaint_group.complaint_id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    representative: Mapped[bool] = mapped_column(Boolean)
    at: Mapped[datetime] = _at()
    __table_args__ = (
        UniqueConstraint("complaint_id", "account_id", name="complaint_member_once"),
        Index("complaint_member_of", "account_id"),
    )


class ComplaintLeaving(Base):
    """That a member left the group."""

    __tablename__ = "complaint_leaving"
    member_id: Mapped[int] = _part_of("complaint_member.id")
    at: Mapped[datetime] = _at()


Index(
    "journal_standstills",
    JournalRow.lot_id,
    JournalRow.seq,
    postgresql_where=JournalRow.kind.in_(
        (
            "lot.paused",
            "lot.resumed",
            "lot.postponed",
            "incident.reported",
            "incident.decided",
            "lot.stopped",
            "hold.placed",
            "hold.released",
        )
    ),
)
