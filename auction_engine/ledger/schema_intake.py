"""The tables of judgments and requests that come in: who is trusted, the register, what came of it.

Rows are written with plain SQL by `desk.intake`; senders and their keys by the command line alone.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    Date,
    ForeignKey,
    Identity,
    Index,
    Integer,
    SmallInteger,
    Text,
    UniqueConstraint,
    func,
)
from sqlalchemy.orm import Mapped, mapped_column

from auction_engine.ledger.marking import sealed as seals
from auction_engine.ledger.schema import Base


def _id() -> Mapped[int]:
    return mapped_column(BigInteger, Identity(), primary_key=True)


class IntakeSender(Base):
    """Whose signed messages are taken: a court, a portal. `may` lists JUDGMENT and REQUEST."""

    __tablename__ = "intake_sender"
    id: Mapped[int] = _id()
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    may: Mapped[list[str]] = mapped_column(ARRAY(Text))
    added_at: Mapped[datetime] = mapped_column(server_default=func.now())
    __table_args__ = (
        CheckConstraint(
            "cardinality(may) > 0 AND may <@ ARRAY['JUDGMENT', 'REQUEST']",
            name="intake_sender_may",
        ),
    )


class IntakeKey(Base):
    """A public key of a sender. The algorithm is what stands here, whatever a message says."""

    __tablename__ = "intake_key"
    id: Mapped[int] = _id()
    sender_id: Mapped[int] = mapped_column(ForeignKey("intake_sender.id"))
    kid: Mapped[str] = mapped_column(unique=True)
    alg: Mapped[str]
    jwk: Mapped[dict[str, Any]]
    added_at: Mapped[datetime] = mapped_column(server_default=func.now())
    retired_at: Mapped[datetime | None]
    __table_args__ = (CheckConstraint("alg IN ('EdDSA', 'ES256')", name="intake_key_alg"),)


class ReceiptKey(Base):
    """A key of the installation's own, for receipts and answers; the newest signs."""

    __tablename__ = "receipt_key"
    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    private: Mapped[bytes] = mapped_column(info=seals("receipt_key.private:{id}"))
    made_at: Mapped[datetime] = mapped_column(server_default=func.now())


class IntakeItem(Base):
    """A line of the register. `n` counts from 1 for each agency and year, without a gap.

    `sealed` is what was said, without its papers; `receipt` what was answered. `answer_by` is null
    where no calendar knows the days.
    """

    __tablename__ = "intake_item"
    id: Mapped[int] = _id()
    agency_id: Mapped[int] = mapped_column(ForeignKey("body.id"))
    year: Mapped[int] = mapped_column(SmallInteger)
    n: Mapped[int] = mapped_column(Integer)
    kind: Mapped[str]
    sender_id: Mapped[int] = mapped_column(ForeignKey("intake_sender.id"))
    key_id: Mapped[int] = mapped_column(ForeignKey("intake_key.id"))
    jti: Mapped[str]
    said_sha256: Mapped[bytes]
    sha256: Mapped[bytes]
    issuer: Mapped[str]
    number: Mapped[str]
    issued_on: Mapped[date] = mapped_column(Date)
    same: Mapped[str]
    about: Mapped[str]
    received_at: Mapped[datetime]
    answer_by: Mapped[date | None] = mapped_column(Date)
    receipt: Mapped[str]
    sealed: Mapped[bytes] = mapped_column(info=seals("intake:{id}"))
    __table_args__ = (
        UniqueConstraint("agency_id", "year", "n", name="intake_item_number"),
        UniqueConstraint("sender_id", "jti", name="intake_item_once"),
        CheckConstraint("kind IN ('JUDGMENT', 'REQUEST')", name="intake_item_kind"),
        CheckConstraint("n > 0", name="intake_item_n"),
        Index("intake_item_of_agency", "agency_id", "received_at"),
        Index("intake_item_same", "agency_id", "kind", "same"),
        Index("intake_item_about", "agency_id", "about"),
    )


class IntakeEnvelope(Base):
    """What was received, to the byte: the signed message with its papers."""

    __tablename__ = "intake_envelope"
    item_id: Mapped[int] = mapped_column(ForeignKey("intake_item.id"), primary_key=True)
    sealed: Mapped[bytes] = mapped_column(info=seals("intake.envelope:{item_id}"))


class IntakeDecision(Base):
    """What became of an item: a case, or a refusal with its reason. One for each."""

    __tablename__ = "intake_decision"
    item_id: Mapped[int] = mapped_column(ForeignKey("intake_item.id"), primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    kind: Mapped[str]
    ground: Mapped[str | None]
    reason: Mapped[bytes | None] = mapped_column(info=seals("intake.reason:{item_id}"))
    case_id: Mapped[int | None] = mapped_column(ForeignKey("enforcement_case.id"))
    __table_args__ = (
        CheckConstraint("kind IN ('ACCEPTED', 'REFUSED')", name="intake_decision_kind"),
        CheckConstraint(
            "(kind = 'REFUSED') = (ground IS NOT NULL AND reason IS NOT NULL)",
            name="intake_decision_reason",
        ),
        CheckConstraint("(kind = 'ACCEPTED') = (case_id IS NOT NULL)", name="intake_decision_case"),
        Index("intake_decision_of_case", "case_id"),
    )
