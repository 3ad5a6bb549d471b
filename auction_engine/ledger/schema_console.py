"""Minutes of an auction, drawn up and signed; announcements once. Written by `desk.console`."""

from datetime import datetime

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
from sqlalchemy.orm import Mapped, mapped_column

from auction_engine.ledger.schema import Base, SessionEntry

# The same announcement sent twice is one: its form carries a key.
Index(
    "session_entry_announced_once",
    SessionEntry.session_id,
    text("(body ->> 'key')"),
    unique=True,
    postgresql_where=text("kind = 'announce'"),
)


class LotMinutes(Base):
    """The minutes of one lot: their very bytes, and the entry of the journal they tell of.

    Append-only. A runner-up's acceptance is another entry and has minutes of its own.
    """

    __tablename__ = "minutes"
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    lot_id: Mapped[int] = mapped_column(ForeignKey("lot.id"))
    seq: Mapped[int] = mapped_column(Integer)
    drawn_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    sha256: Mapped[bytes]
    body: Mapped[bytes]
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    __table_args__ = (UniqueConstraint("lot_id", "seq", name="minutes_once"),)


class MinutesSignature(Base):
    """Who of the house has signed the minutes, and as what. Append-only."""

    __tablename__ = "minutes_signature"
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    minutes_id: Mapped[int] = mapped_column(ForeignKey("minutes.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    signs_as: Mapped[str]
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    __table_args__ = (
        UniqueConstraint("minutes_id", "signs_as", name="minutes_signature_once"),
        CheckConstraint("signs_as IN ('AUCTIONEER', 'RECORDER')", name="minutes_signature_as"),
    )
