"""Reading sessions and lots for pages: descriptions change seldom, so they are kept in memory."""

import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncEngine

from auction_engine.ledger.schema import AuctionSession, JournalRow, Lot, LotHead

# A description is a few kilobytes; a thousand are far more than the sessions of a day.
_LOTS_KEPT = 1_000
_NEWEST_FOR_S = 1.0
_LOOKED_AT = 8
# A notice published anew is shown by every process after so long.
_LOT_FOR_S = 2.0
_MOST_ID = 2**53


@dataclass(frozen=True, slots=True)
class SessionInfo:
    """A session and its lots in their order. `title`, `organisation`, `agency`: {"vi", "en"}."""

    id: int
    title: dict[str, str]
    organisation: dict[str, str]
    agency: dict[str, str]
    demo: bool
    lots: tuple[int, ...]

    def texts(self) -> dict[str, Any]:
        """What a lot's page says of its session."""
        return {
            "id": self.id,
            "title": self.title,
            "organisation": self.organisation,
            "agency": self.agency,
            "demo": self.demo,
        }


class Catalogue:
    """Sessions and descriptions of lots. One per process."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._lots: OrderedDict[int, tuple[float, dict[str, Any]]] = OrderedDict()
        self._newest: SessionInfo | None = None
        self._newest_until_s = 0.0

    async def newest_session(self) -> SessionInfo | None:
        """The newest session that has a lot put up, at most a second old; None before the first."""
        now_s = time.monotonic()
        if now_s >= self._newest_until_s:
            self._newest = await self._read_newest()
            self._newest_until_s = now_s + _NEWEST_FOR_S
        return self._newest

    async def _read_newest(self) -> SessionInfo | None:
        listed = exists().where(Lot.session_id == AuctionSession.id, LotHead.lot_id == Lot.id)
        newest = (
            select(*AuctionSession.__table__.columns)
            .where(listed, ~AuctionSession.practice)
            .order_by(AuctionSession.created_at.desc(), AuctionSession.id.desc())
            .limit(_LOOKED_AT)
            .subquery()
        )
        # The demonstration's second session never takes the first one's place.
        beside = exists().where(Lot.session_id == newest.c.id, Lot.content["beside"].as_boolean())
        async with self._engine.connect() as connection:
            rows = await connection.execute(
                select(newest)
                .order_by(beside.asc(), newest.c.created_at.desc(), newest.c.id.desc())
                .limit(1)
            )
            row = rows.one_or_none()
            if row is None:
                return None
            lots = await connection.execute(
                select(Lot.id).where(Lot.session_id == row.id).order_by(Lot.position, Lot.id)
            )
            return _session(row._asdict(), tuple(lots.scalars()))

    async def lot(self, lot: int) -> dict[str, Any] | None:
        """A lot's description: its content, `id`, and `session` (id, title, demo ...).

        Agency and organisation are the session's unless the content names others. None if there
        is no such lot. At most two seconds old. The caller must not change what it gets.
        """
        known, now_s = self._lots.get(lot), time.monotonic()
        if known is not None and now_s < known[0]:
            self._lots.move_to_end(lot)
            return known[1]
        if not 0 < lot < _MOST_ID:
            return None
        try:
            found = await self._read_lot(lot)
        except Exception:
            # What is being sold is known all the same; the bids go on.
            if known is None:
                raise
            found = known[1]
        if found is not None:
            self._lots[lot] = (now_s + _LOT_FOR_S, found)
            self._lots.move_to_end(lot)
            if len(self._lots) > _LOTS_KEPT:
                self._lots.popitem(last=False)
        return found

    async def session(self, session: int) -> SessionInfo | None:
        """A session and all its lots, put up or not; None if there is none or it is practice."""
        if not 0 < session < _MOST_ID:
            return None
        async with self._engine.connect() as connection:
            rows = await connection.execute(
                select(*AuctionSession.__table__.columns).where(
                    AuctionSession.id == session, ~AuctionSession.practice
                )
            )
            row = rows.one_or_none()
            if row is None:
                return None
            lots = await connection.execute(
                select(Lot.id).where(Lot.session_id == session).order_by(Lot.position, Lot.id)
            )
            return _session(row._asdict(), tuple(lots.scalars()))

    async def _read_lot(self, lot: int) -> dict[str, Any] | None:
        async with self._engine.connect() as connection:
            rows = await connection.execute(
                select(Lot.content, *AuctionSession.__table__.columns)
                .join(AuctionSession, AuctionSession.id == Lot.session_id)
                .where(Lot.id == lot)
            )
            row = rows.one_or_none()
        if row is None:
            return None
        session = _session(row._asdict(), ()).texts()
        return {
            "agency": session["agency"],
            "organisation": session["organisation"],
            **row.content,
            "id": lot,
            "session": session,
        }

    async def accepted_bids(
        self, lot: int, before_seq: int | None, most: int
    ) -> list[dict[str, Any]]:
        """Journal entries of accepted bids before entry `before_seq`, newest first.

        Entries name accounts: the caller must show bidder codes instead.
        """
        query = select(JournalRow.body).where(
            JournalRow.lot_id == lot, JournalRow.kind.in_(("bid.accepted", "bid.automatic"))
        )
        if before_seq is not None:
            query = query.where(JournalRow.seq < before_seq)
        async with self._engine.connect() as connection:
            bodies = await connection.execute(query.order_by(JournalRow.seq.desc()).limit(most))
            return [orjson.loads(body) for body in bodies.scalars()]


def _session(row: Mapping[str, Any], lots: tuple[int, ...]) -> SessionInfo:
    return SessionInfo(
        row["id"], row["title"], row["organisation"], row["agency"], row["demo"], lots
    )
