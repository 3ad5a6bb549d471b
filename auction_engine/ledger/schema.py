"""Every table, as SQLAlchemy 2 declarative models. Alembic's migrations make them.

The recorder writes `journal`, `lot_head` and `shard` with COPY and plain SQL (see `store`);
everything else goes through these models. Amounts are bigint minor units, log times UTC ms.
"""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import (
    BigInteger,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Text,
    Uuid,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    type_annotation_map: ClassVar = {
        int: BigInteger,
        str: Text,
        bytes: LargeBinary,
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB,
    }


class Body(Base):
    """An auction organisation or an enforcement agency. `kind` is ORGANISATION or AGENCY."""

    __tablename__ = "body"
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    kind: Mapped[str]
    name: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


Index("body_one", Body.kind, Body.name["vi"].astext, unique=True)


class Account(Base):
    """A person or robot who can sign in. Robots exist only in demonstrations and benchmarks."""

    __tablename__ = "account"
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    login: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    role: Mapped[str]
    body_id: Mapped[int | None] = mapped_column(ForeignKey("body.id"))
    password_hash: Mapped[str | None]
    robot: Mapped[bool] = mapped_column(server_default="false")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    state: Mapped[str] = mapped_column(server_default="ACTIVE")
    state_at: Mapped[datetime] = mapped_column(server_default=func.now())


class WebSession(Base):
    """A signed-in browser. Only a hash of its cookie is kept."""

    __tablename__ = "web_session"
    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    csrf: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]
    # "password", "passkey" or "oidc", for a second step with "+code", "+passkey" or "+recovery".
    how: Mapped[str] = mapped_column(server_default="password")
    browser: Mapped[str] = mapped_column(server_default="")
    system: Mapped[str] = mapped_column(server_default="")
    place: Mapped[str] = mapped_column(server_default="")
    last_seen: Mapped[datetime] = mapped_column(server_default=func.now())
    proved_at: Mapped[datetime] = mapped_column(server_default=func.now())


class AuctionSession(Base):
    """An auction session: lots offered together by one organisation.

    The texts are what it said of both houses then; who they are is their rows in `body`.
    """

    __tablename__ = "auction_session"
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    title: Mapped[dict[str, Any]]
    organisation: Mapped[dict[str, Any]]
    agency: Mapped[dict[str, Any]]
    organisation_id: Mapped[int] = mapped_column(ForeignKey("body.id"))
    agency_id: Mapped[int] = mapped_column(ForeignKey("body.id"))
    demo: Mapped[bool] = mapped_column(server_default="false")
    practice: Mapped[bool] = mapped_column(server_default="false")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        Index("auction_session_organisation", "organisation_id", "id"),
        Index("auction_session_agency", "agency_id", "id"),
    )


class SessionEntry(Base):
    """What was asked of a whole session, by whom and why. Append-only, like the journal.

    `kind` is plan (the body a `rules.session_plan.Session`), pause, resume, hand_over (offered,
    declined, done), close (a lot, by hand) or announce; what came of it is in the lots' journals.
    """

    __tablename__ = "session_entry"
    session_id: Mapped[int] = mapped_column(ForeignKey("auction_session.id"), primary_key=True)
    n: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    kind: Mapped[str]
    reason: Mapped[str | None]
    body: Mapped[dict[str, Any]]


class Lot(Base):
    """What is sold: its description. How it is sold is in the first entry of its journal.

    `agency_id` is null where the agency is the session's.
    """

    __tablename__ = "lot"
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    session_id: Mapped[int] = mapped_column(ForeignKey("auction_session.id"), index=True)
    position: Mapped[int] = mapped_column(Integer)
    shard: Mapped[int] = mapped_column(SmallInteger)
    content: Mapped[dict[str, Any]]
    agency_id: Mapped[int | None] = mapped_column(ForeignKey("body.id"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (Index("lot_agency", "agency_id", postgresql_where=agency_id.is_not(None)),)


class Shard(Base):
    """Who may write a shard's lots, and how far its inbox is consumed.

    Every commit of the recorder checks `epoch`; a take-over raises it.
    """

    __tablename__ = "shard"
    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    epoch: Mapped[int]
    owner: Mapped[str]
    lease_until: Mapped[datetime]
    consumed: Mapped[str] = mapped_column(server_default="0-0")


class JournalRow(Base):
    """One event of one lot. Append-only: triggers and grants refuse every other change.

    `body` holds the canonical bytes, `hash` = SHA-256(hash of the row before + body); `kind`,
    `bidder` and `bid_id` repeat what is in `body` so that PostgreSQL can index them.
    """

    __tablename__ = "journal"
    lot_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    kind: Mapped[str]
    bidder: Mapped[int | None]
    bid_id: Mapped[Any | None] = mapped_column(Uuid)
    body: Mapped[bytes]
    hash: Mapped[bytes]

    __table_args__ = (
        Index(
            "journal_one_row_per_bid_id",
            "bidder",
            "bid_id",
            unique=True,
            postgresql_where=bid_id.is_not(None),
        ),
    )


class LotHead(Base):
    """Where a lot stands after its last journal row: what a replay of the journal must give."""

    __tablename__ = "lot_head"
    lot_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    shard: Mapped[int] = mapped_column(SmallInteger, index=True)
    seq: Mapped[int] = mapped_column(Integer)
    hash: Mapped[bytes]
    phase: Mapped[str]
    status: Mapped[str]
    due_ms: Mapped[int | None]
    end_ms: Mapped[int | None]
    price_minor: Mapped[int | None]
    leader: Mapped[int | None]
    accepted: Mapped[int] = mapped_column(Integer)
    refused: Mapped[int] = mapped_column(Integer)
    extensions: Mapped[int] = mapped_column(Integer)


# The other tables of the same metadata, so that whoever has `Base` has them all.
from auction_engine.ledger import (  # noqa: E402
    schema_admission,  # noqa: F401
    schema_books,  # noqa: F401
    schema_cases,  # noqa: F401
    schema_complaints,  # noqa: F401
    schema_console,  # noqa: F401
    schema_house,  # noqa: F401
    schema_intake,  # noqa: F401
    schema_integration,  # noqa: F401
    schema_money,  # noqa: F401
    schema_oversight,  # noqa: F401
    schema_people,  # noqa: F401
    schema_preparing,  # noqa: F401
    schema_push,  # noqa: F401
    schema_search,  # noqa: F401
    schema_signin,  # noqa: F401
    schema_statistics,  # noqa: F401
)
