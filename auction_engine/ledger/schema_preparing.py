"""The tables of sessions being prepared. Rows are written with plain SQL by `desk.preparing`."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    Integer,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from auction_engine.ledger.schema import Base

_STATES = "('DRAFT', 'SUBMITTED', 'APPROVED', 'PUBLISHING', 'PUBLISHED', 'DELETED')"
_KINDS = "('make', 'edit', 'undo', 'submit', 'back', 'approve', 'publish', 'published', 'delete')"


class SessionDraft(Base):
    """A session being prepared by an organisation: what its newest entry has come to.

    `choices` are a `desk.preparing.choices.Choices`, `version` the number of the newest entry.
    `session_id` stands from the moment publishing has begun.
    """

    __tablename__ = "session_draft"
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    body_id: Mapped[int] = mapped_column(ForeignKey("body.id"))
    pack: Mapped[str]
    choices: Mapped[dict[str, Any]]
    state: Mapped[str]
    version: Mapped[int] = mapped_column(Integer)
    made_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    submitted_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    approved_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    session_id: Mapped[int | None] = mapped_column(ForeignKey("auction_session.id"))
    made_at: Mapped[datetime] = mapped_column(server_default=func.now())
    changed_at: Mapped[datetime] = mapped_column(server_default=func.now())
    __table_args__ = (
        UniqueConstraint("session_id", name="session_draft_one_session"),
        CheckConstraint(f"state IN {_STATES}", name="session_draft_state"),
        CheckConstraint(
            "approved_by <> made_by AND approved_by <> submitted_by", name="session_draft_four_eyes"
        ),
        CheckConstraint(
            "(state IN ('PUBLISHING', 'PUBLISHED')) = (session_id IS NOT NULL)",
            name="session_draft_published",
        ),
        Index("session_draft_of_body", "body_id", "id"),
        Index("session_draft_under_way", "id", postgresql_where=text("state = 'PUBLISHING'")),
    )


class SessionDraftEntry(Base):
    """An act on a draft, and what the choices became by it. Append-only.

    `before` is the entry whose choices stand again when this one is undone.
    """

    __tablename__ = "session_draft_entry"
    draft_id: Mapped[int] = mapped_column(ForeignKey("session_draft.id"), primary_key=True)
    n: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    kind: Mapped[str]
    reason: Mapped[str | None]
    choices: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    before: Mapped[int | None] = mapped_column(Integer)
    __table_args__ = (
        CheckConstraint(f"kind IN {_KINDS}", name="session_draft_entry_kind"),
        CheckConstraint(
            "(kind IN ('make', 'edit', 'undo')) = (choices IS NOT NULL)",
            name="session_draft_entry_choices",
        ),
    )


class SessionDraftAsset(Base):
    """An asset chosen for a draft; once publishing has begun, its lot and the frozen rules."""

    __tablename__ = "session_draft_asset"
    draft_id: Mapped[int] = mapped_column(ForeignKey("session_draft.id"), primary_key=True)
    asset_id: Mapped[int] = mapped_column(ForeignKey("asset.id"), primary_key=True)
    position: Mapped[int] = mapped_column(Integer)
    lot_id: Mapped[int | None] = mapped_column(ForeignKey("lot.id"))
    params: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    __table_args__ = (Index("session_draft_asset_of", "asset_id"),)


class SessionTemplate(Base):
    """Choices kept under a name for the sessions to come: no dates, no assets."""

    __tablename__ = "session_template"
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    body_id: Mapped[int] = mapped_column(ForeignKey("body.id"))
    name: Mapped[str]
    pack: Mapped[str]
    choices: Mapped[dict[str, Any]]
    made_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    made_at: Mapped[datetime] = mapped_column(server_default=func.now())
    __table_args__ = (UniqueConstraint("body_id", "name", name="session_template_name"),)
