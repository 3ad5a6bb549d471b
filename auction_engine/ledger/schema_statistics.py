"""The table the statistics are computed from; see migration 0014.

It is made of the journal by `desk.statistics` and can be made anew at any time.
"""

from datetime import date
from typing import Any

from sqlalchemy import Date, Index, Integer, SmallInteger
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from auction_engine.ledger.schema import Base


def _day() -> Mapped[date | None]:
    return mapped_column(Date)


def _count() -> Mapped[int]:
    return mapped_column(Integer)


class LotFacts(Base):
    """What became of one lot, as its journal says after entry `seq` (with hash `hash`).

    `*_on` are local days in the zone of the lot's rule pack (`zone`), `*_ms` log times, `*_minor`
    amounts in the lot's currency. `outcome` is SOLD, FAILED, STOPPED or WITHDRAWN, null before;
    `code` why. `refusals`: {reason: how many}; `forfeits`: [{on, ground, amount_minor}].
    """

    __tablename__ = "lot_facts"
    lot_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    session_id: Mapped[int]
    organisation_id: Mapped[int]
    agency_id: Mapped[int]
    kind: Mapped[str]
    province: Mapped[str]
    method: Mapped[str]
    zone: Mapped[str]
    currency: Mapped[str]
    minor_digits: Mapped[int] = mapped_column(SmallInteger)
    version: Mapped[int] = _count()
    seq: Mapped[int] = _count()
    hash: Mapped[bytes]
    status: Mapped[str]
    outcome: Mapped[str | None]
    code: Mapped[str | None]
    listed_on: Mapped[date | None] = _day()
    ended_on: Mapped[date | None] = _day()
    paid_on: Mapped[date | None] = _day()
    delivered_on: Mapped[date | None] = _day()
    defaulted_on: Mapped[date | None] = _day()
    rescinded_on: Mapped[date | None] = _day()
    annulled_on: Mapped[date | None] = _day()
    cut_on: Mapped[date | None] = _day()
    offered_on: Mapped[date | None] = _day()
    taken_on: Mapped[date | None] = _day()
    returned_on: Mapped[date | None] = _day()
    distributed_on: Mapped[date | None] = _day()
    awarded_ms: Mapped[int | None]
    paid_ms: Mapped[int | None]
    delivered_ms: Mapped[int | None]
    start_minor: Mapped[int]
    final_minor: Mapped[int | None]
    next_start_minor: Mapped[int | None]
    top_up_minor: Mapped[int | None]
    registered: Mapped[int] = _count()
    turned_away: Mapped[int] = _count()
    admitted: Mapped[int] = _count()
    present: Mapped[int] = _count()
    bids: Mapped[int] = _count()
    automatic: Mapped[int] = _count()
    sealed: Mapped[int] = _count()
    refused: Mapped[int] = _count()
    extensions: Mapped[int] = _count()
    refusals: Mapped[dict[str, Any]] = mapped_column(JSONB)
    forfeits: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)

    __table_args__ = (
        Index("lot_facts_ended", "ended_on"),
        Index("lot_facts_session", "session_id"),
    )
