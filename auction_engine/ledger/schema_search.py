"""Tables of what the public searches: lots in words, notices and their versions, saved searches."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Computed,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from auction_engine.ledger.schema import Base


class LotSearch(Base):
    """A published lot as it is searched: derived from journal and description, never the truth.

    `seq` and `notice` are the journal entry and the notice version it is made of; `notice` 0: to be
    made anew. `place` orders
    lots by what is next to happen (see `desk.search.standing`); `card` is what a list shows.
    """

    __tablename__ = "lot_search"
    lot_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    session_id: Mapped[int]
    seq: Mapped[int] = mapped_column(Integer)
    notice: Mapped[int] = mapped_column(Integer)
    kind: Mapped[str]
    province: Mapped[str]
    state: Mapped[str]
    method: Mapped[str]
    facets: Mapped[str] = mapped_column(
        Text,
        Computed("kind || '|' || province || '|' || state || '|' || method", persisted=True),
    )
    status: Mapped[str]
    failure: Mapped[str | None]
    currency: Mapped[str]
    starting_minor: Mapped[int]
    price_minor: Mapped[int]
    deposit_minor: Mapped[int]
    bids: Mapped[int] = mapped_column(Integer)
    listed_ms: Mapped[int]
    opens_ms: Mapped[int]
    closes_ms: Mapped[int | None]
    registration_ms: Mapped[int | None]
    ended_ms: Mapped[int | None]
    place: Mapped[int]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    card: Mapped[dict[str, Any]]
    words: Mapped[Any] = mapped_column(TSVECTOR)

    __table_args__ = (
        Index(
            "lot_search_words",
            "words",
            postgresql_using="gin",
            postgresql_with={"fastupdate": "off"},
        ),
        Index("lot_search_place", "place", "lot_id"),
        Index("lot_search_listed", "listed_ms", "lot_id"),
        Index("lot_search_price", "price_minor", "lot_id"),
        Index("lot_search_province", "province", "place", "lot_id"),
        Index("lot_search_kind", "kind", "place", "lot_id"),
        Index("lot_search_session", "session_id"),
        Index(
            "lot_search_sold",
            "kind",
            "province",
            "ended_ms",
            postgresql_where=text("state = 'sold'"),
        ),
        Index("lot_search_again", "lot_id", postgresql_where=text("notice = 0")),
    )


class SearchMark(Base):
    """One row: how often `lot_search` has changed, so that kept answers know when they are old."""

    __tablename__ = "search_mark"
    one: Mapped[bool] = mapped_column(Boolean, primary_key=True, server_default=text("true"))
    version: Mapped[int] = mapped_column(server_default="0")
    changed_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (CheckConstraint("one", name="search_mark_one"),)


class NoticeVersion(Base):
    """What was published of a lot, from when on: append-only. `account_id` null: the program."""

    __tablename__ = "notice_version"
    lot_id: Mapped[int] = mapped_column(ForeignKey("lot.id"), primary_key=True)
    n: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    hash: Mapped[bytes]
    body: Mapped[dict[str, Any]]
    material: Mapped[list[str]] = mapped_column(ARRAY(Text))

    __table_args__ = (CheckConstraint("n > 0", name="notice_version_number"),)


class SavedSearch(Base):
    """A search whose new lots its owner is told of; `seen_ms`: lots listed up to then are known."""

    __tablename__ = "saved_search"
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    query: Mapped[str]
    lang: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    seen_ms: Mapped[int]
    told_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None] = mapped_column()

    __table_args__ = (
        UniqueConstraint("account_id", "query", name="saved_search_once"),
        Index("saved_search_due", "told_at", postgresql_where=ended_at.is_(None)),
    )


class SearchLetter(Base):
    """A letter about a saved search, by the hash of its link that ends the letters."""

    __tablename__ = "search_letter"
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    search_id: Mapped[int] = mapped_column(
        ForeignKey("saved_search.id", ondelete="CASCADE"), index=True
    )
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    used_at: Mapped[datetime | None]
