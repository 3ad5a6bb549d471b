"""The tables of the way into a room: dossiers, what was done with them, their documents.

Rows are written with plain SQL by `desk.admission`. What says who somebody is comes sealed.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from auction_engine.ledger.marking import sealed as seals
from auction_engine.ledger.schema import Base


def _id() -> Mapped[int]:
    return mapped_column(BigInteger, Identity(), primary_key=True)


class Dossier(Base):
    """One bidder's dossier for one lot.

    `state` is what people made of it, `recorded` what the lot's journal says of its bidder;
    `entry_seq` and `entry_ms` the journal's entry of the registration. `declared`: for each
    declaration the version of its text and when it was made (UTC ms). `person` is sealed; `marks`
    are the keyed hashes of the identity numbers in it, by which nobody is in one lot twice.
    """

    __tablename__ = "dossier"
    id: Mapped[int] = _id()
    lot_id: Mapped[int] = mapped_column(ForeignKey("lot.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    number: Mapped[str]
    state: Mapped[str]
    recorded: Mapped[str | None]
    version: Mapped[int] = mapped_column(Integer)
    declared: Mapped[dict[str, Any]]
    for_another: Mapped[bool] = mapped_column(Boolean)
    person: Mapped[bytes | None] = mapped_column(info=seals("dossier/{id}/person"))
    marks: Mapped[list[bytes]] = mapped_column(ARRAY(LargeBinary))
    sent_ms: Mapped[int | None]
    entry_seq: Mapped[int | None] = mapped_column(Integer)
    entry_ms: Mapped[int | None]
    ground: Mapped[str | None]
    reason: Mapped[str | None]
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    __table_args__ = (
        UniqueConstraint("lot_id", "account_id", name="dossier_one_per_bidder"),
        UniqueConstraint("lot_id", "number", name="dossier_number_once"),
        CheckConstraint(
            "state IN ('DRAFT', 'SENT', 'RETURNED', 'ADMITTED', 'REFUSED', 'WITHDRAWN')",
            name="dossier_state_known",
        ),
        CheckConstraint(
            "recorded IN ('REGISTERED', 'ADMITTED', 'REFUSED', 'WITHDRAWN')",
            name="dossier_recorded_known",
        ),
        Index("dossier_of_account", "account_id"),
    )


class DossierAct(Base):
    """Who did what with a dossier, when and why; `account_id` is null for the program. Append-only.

    `state` is the dossier's after the act.
    """

    __tablename__ = "dossier_act"
    id: Mapped[int] = _id()
    dossier_id: Mapped[int] = mapped_column(ForeignKey("dossier.id"))
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    kind: Mapped[str]
    state: Mapped[str]
    ground: Mapped[str | None]
    reason: Mapped[str | None]
    body: Mapped[dict[str, Any]]
    __table_args__ = (Index("dossier_act_of_dossier", "dossier_id", "id"),)


class DossierDocument(Base):
    """A file of a dossier, sealed. One taken away again keeps its checksum, not its contents."""

    __tablename__ = "dossier_document"
    id: Mapped[int] = _id()
    dossier_id: Mapped[int] = mapped_column(ForeignKey("dossier.id"))
    kind: Mapped[str]
    media_type: Mapped[str]
    size: Mapped[int] = mapped_column(Integer)
    sha256: Mapped[bytes]
    name: Mapped[bytes | None] = mapped_column(info=seals("dossier/{dossier_id}/document"))
    sealed: Mapped[bytes | None] = mapped_column(info=seals("dossier/{dossier_id}/document"))
    added_at: Mapped[datetime] = mapped_column(server_default=func.now())
    removed_at: Mapped[datetime | None]
    __table_args__ = (
        CheckConstraint(
            "(removed_at IS NULL) = (sealed IS NOT NULL)", name="dossier_document_gone_or_there"
        ),
        Index("dossier_document_of_dossier", "dossier_id", "id"),
    )


class Practice(Base):
    """A practice lot and the person it was made for. One at a time each."""

    __tablename__ = "practice"
    lot_id: Mapped[int] = mapped_column(ForeignKey("lot.id"), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    begun_at: Mapped[datetime] = mapped_column(server_default=func.now())
    over: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    __table_args__ = (
        Index("practice_of_account", "account_id", "begun_at"),
        Index(
            "practice_one_at_a_time",
            "account_id",
            unique=True,
            postgresql_where=text("NOT over"),
        ),
    )
