"""The tables of a house: duties, invitations, cards, relations, keys to sealed lists, questions.

Rows are written with plain SQL by `identity.duties` and `desk.house`.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    Integer,
    SmallInteger,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from auction_engine.ledger.marking import sealed as seals
from auction_engine.ledger.schema import Base


def _id() -> Mapped[int]:
    return mapped_column(BigInteger, Identity(), primary_key=True)


class BodyDuty(Base):
    """One duty of one account of staff (`identity.duties`)."""

    __tablename__ = "body_duty"
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), primary_key=True)
    duty: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    __table_args__ = (
        CheckConstraint(
            "duty IN ('HEAD', 'AUCTIONEER', 'RECORDER', 'REGISTRAR', 'ACCOUNTANT', 'OFFICER')",
            name="body_duty_known",
        ),
    )


class HouseAct(Base):
    """What was done with the staff of a house: by whom, about whom, why. Append-only."""

    __tablename__ = "house_act"
    id: Mapped[int] = _id()
    body_id: Mapped[int] = mapped_column(ForeignKey("body.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    subject_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    kind: Mapped[str]
    reason: Mapped[str | None]
    body: Mapped[dict[str, Any]]
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    __table_args__ = (Index("house_act_of_body", "body_id", "id"),)


class HouseInvitation(Base):
    """An invitation by letter to work for a house. `data`: name and address, sealed."""

    __tablename__ = "house_invitation"
    id: Mapped[Any] = mapped_column(Uuid, primary_key=True)
    body_id: Mapped[int] = mapped_column(ForeignKey("body.id"))
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    data: Mapped[bytes | None] = mapped_column(info=seals("house_invitation.data:{id}"))
    duties: Mapped[list[str]] = mapped_column(ARRAY(Text))
    invited_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]
    state: Mapped[str]
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    __table_args__ = (
        CheckConstraint("state IN ('OPEN', 'TAKEN', 'CALLED_OFF')", name="house_invitation_state"),
        Index("house_invitation_of_body", "body_id"),
    )


class AuctioneerCard(Base):
    """An auctioneer's card; one that another replaced has `ended_at`."""

    __tablename__ = "auctioneer_card"
    id: Mapped[int] = _id()
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    number: Mapped[str]
    valid_until: Mapped[date]
    recorded_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    __table_args__ = (
        Index(
            "auctioneer_card_one_in_force",
            "account_id",
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
        ),
    )


class StaffRelation(Base):
    """Whom somebody of staff has declared to be, or to be related to.

    `sealed`: {"name", "number", "note"}. `mark`: keyed hash of the number, as dossiers have them;
    null for a party to `lot_id`.
    """

    __tablename__ = "staff_relation"
    id: Mapped[Any] = mapped_column(Uuid, primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    kind: Mapped[str]
    sealed: Mapped[bytes] = mapped_column(info=seals("staff_relation:{id}"))
    mark: Mapped[bytes | None]
    lot_id: Mapped[int | None] = mapped_column(ForeignKey("lot.id"))
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    ended_at: Mapped[datetime | None]
    __table_args__ = (
        CheckConstraint(
            "kind IN ('SELF', 'SPOUSE', 'PARENT', 'CHILD', 'SIBLING', 'OTHER', 'PARTY')",
            name="staff_relation_kind",
        ),
        CheckConstraint(
            "(kind = 'PARTY') = (lot_id IS NOT NULL) AND (kind = 'PARTY') = (mark IS NULL)",
            name="staff_relation_names_somebody",
        ),
        Index("staff_relation_of_account", "account_id"),
        Index("staff_relation_by_mark", "mark"),
    )


class RegistrantKey(Base):
    """One of the two keys that open a lot's list of registrants. Append-only.

    The second names the first in `with_key`; from then on the list is open to those two.
    """

    __tablename__ = "registrant_key"
    id: Mapped[int] = _id()
    lot_id: Mapped[int] = mapped_column(ForeignKey("lot.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    reason: Mapped[str]
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    with_key: Mapped[int | None] = mapped_column(ForeignKey("registrant_key.id"), unique=True)
    __table_args__ = (Index("registrant_key_of_lot", "lot_id", "id"),)


class LotQuestion(Base):
    """A bidder's question about a lot. `sealed` is what was asked; `question` and `answer` are what
    is published, by language, without names."""

    __tablename__ = "lot_question"
    id: Mapped[int] = _id()
    key: Mapped[Any] = mapped_column(Uuid)
    lot_id: Mapped[int] = mapped_column(ForeignKey("lot.id"))
    asked_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    lang: Mapped[str]
    sealed: Mapped[bytes] = mapped_column(info=seals("lot_question:{key}"))
    state: Mapped[str]
    question: Mapped[dict[str, Any] | None]
    answer: Mapped[dict[str, Any] | None]
    reason: Mapped[str | None]
    version: Mapped[int] = mapped_column(Integer)
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    decided_at: Mapped[datetime | None]
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    __table_args__ = (
        UniqueConstraint("asked_by", "key", name="lot_question_once"),
        CheckConstraint("state IN ('OPEN', 'ANSWERED', 'DECLINED')", name="lot_question_state"),
        CheckConstraint(
            "(state = 'ANSWERED') = (answer IS NOT NULL AND question IS NOT NULL)",
            name="lot_question_answered",
        ),
        Index("lot_question_of_lot", "lot_id", "id"),
    )


class LotQuestionAct(Base):
    """What was done with a question, and the words that were published then. Append-only."""

    __tablename__ = "lot_question_act"
    question_id: Mapped[int] = mapped_column(ForeignKey("lot_question.id"), primary_key=True)
    n: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    kind: Mapped[str]
    body: Mapped[dict[str, Any]]
