"""The tables of people: sealed personal data, tokens by mail, letters, consents, traces of reading.

A column with `info=sealed(...)` holds what `identity/vault.py` has sealed in the context named
there; `keys reseal` walks all such columns of all tables.
"""

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Date,
    ForeignKey,
    Identity,
    Index,
    Integer,
    SmallInteger,
    Uuid,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from auction_engine.ledger.marking import sealed
from auction_engine.ledger.schema import Base


class Person(Base):
    """Who is behind an account. `data` is a sealed JSON object (`identity/people.py`)."""

    __tablename__ = "person"
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), primary_key=True)
    kind: Mapped[str]
    identity_mark: Mapped[bytes | None] = mapped_column(unique=True)
    email_mark: Mapped[bytes | None] = mapped_column(unique=True)
    email: Mapped[bytes | None] = mapped_column(info=sealed("person.email:{account_id}"))
    data: Mapped[bytes | None] = mapped_column(info=sealed("person.data:{account_id}"))
    lang: Mapped[str] = mapped_column(server_default="vi")
    email_confirmed_at: Mapped[datetime | None]
    identity_proved_at: Mapped[datetime | None]
    keep_until: Mapped[date | None] = mapped_column(Date)
    changed_at: Mapped[datetime] = mapped_column(server_default=func.now())


class VaultCheck(Base):
    """The fingerprint of the keys this ledger's personal data was sealed with: one row."""

    __tablename__ = "vault_check"
    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    fingerprint: Mapped[bytes]


class Registration(Base):
    """Somebody who has asked for an account and has not confirmed the address yet."""

    __tablename__ = "registration"
    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    data: Mapped[bytes] = mapped_column(info=sealed("registration.data:{id}"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]
    __table_args__ = (Index("registration_expiry", "expires_at"),)


class OneUseToken(Base):
    """What a link in a letter proves, once: RECOVER or EMAIL (`purpose`). Used, it is deleted."""

    __tablename__ = "one_use_token"
    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    purpose: Mapped[str]
    data: Mapped[bytes | None] = mapped_column(info=sealed("one_use_token.data:{token_hash}"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]
    __table_args__ = (Index("one_use_token_of_account", "account_id", "purpose"),)


class Letter(Base):
    """A letter to be sent, or that was. See `post/outbox.py`."""

    __tablename__ = "letter"
    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    address: Mapped[bytes | None] = mapped_column(info=sealed("letter.address:{id}"))
    kind: Mapped[str]
    key: Mapped[str | None] = mapped_column(unique=True)
    lang: Mapped[str | None]
    values: Mapped[dict[str, Any]]
    secrets: Mapped[bytes | None] = mapped_column(info=sealed("letter.secrets:{id}"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    state: Mapped[str] = mapped_column(server_default="QUEUED")
    attempts: Mapped[int] = mapped_column(Integer, server_default="0")
    next_at: Mapped[datetime] = mapped_column(server_default=func.now())
    sent_at: Mapped[datetime | None]
    error: Mapped[str | None]
    __table_args__ = (
        Index("letter_due", "next_at", postgresql_where=text("state = 'QUEUED'")),
        Index("letter_of_account", "account_id", "created_at"),
        Index("letter_age", "created_at"),
    )


class Consent(Base):
    """To which version of which document somebody agreed, and when. Append-only."""

    __tablename__ = "consent"
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), primary_key=True)
    document: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=func.now())


class ReadingTrace(Base):
    """Who read whose personal data, when, what and why. Append-only."""

    __tablename__ = "reading_trace"
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    reader_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    subject_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    what: Mapped[str]
    why: Mapped[str]
    __table_args__ = (
        Index("reading_trace_of_subject", "subject_id", "id"),
        Index("reading_trace_of_reader", "reader_id", "id"),
    )
