"""The tables of what other systems use: tokens, webhooks, and files to be imported."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, Integer, Text, Uuid, func, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from auction_engine.ledger.marking import sealed
from auction_engine.ledger.schema import Base


class ApiToken(Base):
    """What another system shows instead of a person's cookie. Only a hash of it is kept."""

    __tablename__ = "api_token"
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    name: Mapped[str]
    begins: Mapped[str]
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    # Names of `identity.access.Act`.
    acts: Mapped[list[str]] = mapped_column(ARRAY(Text))
    # Whether it may also do what asks people for a fresh proof.
    proved: Mapped[bool]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]

    __table_args__ = (Index("api_token_account", "account_id", "id"),)


class Webhook(Base):
    """Where a body has events sent. `state`: ACTIVE, PAUSED, DEAD (switched off) or REMOVED."""

    __tablename__ = "webhook"
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    body_id: Mapped[int] = mapped_column(ForeignKey("body.id"))
    made_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    name: Mapped[str]
    url: Mapped[str]
    types: Mapped[list[str]] = mapped_column(ARRAY(Text))
    state: Mapped[str] = mapped_column(server_default="ACTIVE")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    failures: Mapped[int] = mapped_column(Integer, server_default="0")
    failing_since: Mapped[datetime | None]
    next_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (Index("webhook_body", "body_id", "id"),)


class WebhookSecret(Base):
    """What a webhook's messages are signed with; during a rotation there are several."""

    __tablename__ = "webhook_secret"
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    webhook_id: Mapped[int] = mapped_column(ForeignKey("webhook.id"))
    secret: Mapped[bytes] = mapped_column(info=sealed("webhook_secret.secret:{id}"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime | None]

    __table_args__ = (Index("webhook_secret_webhook", "webhook_id", "id"),)


class WebhookMark(Base):
    """How far a stream (`lot:12`) has been read."""

    __tablename__ = "webhook_mark"
    stream: Mapped[str] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(Integer)


class WebhookEvent(Base):
    """Something that happened, as webhooks are told it. Made of the journals and records."""

    __tablename__ = "webhook_event"
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    stream: Mapped[str]
    seq: Mapped[int] = mapped_column(Integer)
    type: Mapped[str]
    at_ms: Mapped[int]
    organisation_id: Mapped[int | None]
    agency_id: Mapped[int | None]
    data: Mapped[dict[str, Any]]

    __table_args__ = (
        Index("webhook_event_once", "stream", "seq", unique=True),
        Index("webhook_event_organisation", "organisation_id", "id"),
        Index("webhook_event_agency", "agency_id", "id"),
    )


class WebhookDelivery(Base):
    """One event on its way to one webhook. `state`: QUEUED, SENT, DEAD, or REPLACED by a replay.

    Within a stream they go in the order of `id`; who sends one holds it until `leased_until`.
    """

    __tablename__ = "webhook_delivery"
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    webhook_id: Mapped[int] = mapped_column(ForeignKey("webhook.id"))
    event_id: Mapped[int] = mapped_column(ForeignKey("webhook_event.id", ondelete="CASCADE"))
    stream: Mapped[str]
    state: Mapped[str] = mapped_column(server_default="QUEUED")
    attempts: Mapped[int] = mapped_column(Integer, server_default="0")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    next_at: Mapped[datetime] = mapped_column(server_default=func.now())
    leased_until: Mapped[datetime | None]
    first_at: Mapped[datetime | None]
    done_at: Mapped[datetime | None]
    status: Mapped[int | None] = mapped_column(Integer)
    error: Mapped[str | None]
    took_ms: Mapped[int | None] = mapped_column(Integer)

    __table_args__ = (
        Index(
            "webhook_delivery_waiting",
            "webhook_id",
            "stream",
            "id",
            postgresql_where=text("state = 'QUEUED'"),
        ),
        Index("webhook_delivery_of", "webhook_id", "id"),
        Index("webhook_delivery_event", "event_id"),
    )


class CaseImport(Base):
    """A file of cases and assets an agency has handed in, and what became of it.

    `state`: UPLOADED, CHECKING, WRONG (has `errors`), READY, CONFIRMED, IMPORTED, FAILED or
    GIVEN_UP. `errors` has places and codes, never what stood there.
    """

    __tablename__ = "case_import"
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    key: Mapped[Any] = mapped_column(Uuid)
    agency_id: Mapped[int] = mapped_column(ForeignKey("body.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    filename: Mapped[str]
    format: Mapped[str]
    sha256: Mapped[bytes]
    file: Mapped[bytes | None] = mapped_column(info=sealed("case_import.file:{id}"))
    state: Mapped[str] = mapped_column(server_default="UPLOADED")
    total: Mapped[int] = mapped_column(Integer, server_default="0")
    done: Mapped[int] = mapped_column(Integer, server_default="0")
    cases: Mapped[int] = mapped_column(Integer, server_default="0")
    assets: Mapped[int] = mapped_column(Integer, server_default="0")
    wrong: Mapped[int] = mapped_column(Integer, server_default="0")
    errors: Mapped[Any] = mapped_column(JSONB, server_default=text("'[]'"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    moved_at: Mapped[datetime] = mapped_column(server_default=func.now())
    confirmed_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    confirmed_at: Mapped[datetime | None]

    __table_args__ = (
        Index("case_import_agency", "agency_id", "id"),
        Index("case_import_once", "agency_id", "key", unique=True),
    )
