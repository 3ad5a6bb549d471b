"""The conductor: looks at all sessions that have a plan, and does by itself what is due."""

import asyncio

import asyncpg
import structlog
from redis.exceptions import RedisError
from sqlalchemy import exists, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from auction_engine.desk import exclusive
from auction_engine.desk.conducting import Desk, Result, conduct
from auction_engine.desk.reading import Lots
from auction_engine.errors import AuctionError
from auction_engine.ledger.schema import Lot, LotHead, SessionEntry
from auction_engine.rules.session_plan import SessionError

_LOOK_S = 1.0
# What may go away for a while and come back; everything else is a fault and ends the process.
_PASSING = (
    OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, SQLAlchemyError,
    RedisError, AuctionError, SessionError,
)  # fmt: skip
_log = structlog.get_logger(__name__)


class Conductor:
    """Conducts every session with a plan, for as long as it runs; any number may run at once."""

    def __init__(self, desk: Desk, look_s: float = _LOOK_S) -> None:
        self._desk = desk
        self._look_s = look_s
        self._known: dict[int, Lots] = {}
        self._told: dict[int, list[Result]] = {}

    async def run(self) -> None:
        """Look at the sessions again and again, until cancelled. Servers away are waited for."""
        while True:
            try:
                await self.look()
            except _PASSING as error:
                _log.warning("conductor_waits", error=type(error).__name__, text=str(error))
            await asyncio.sleep(self._look_s)

    async def look(self) -> None:
        """One look at each session. What fails in one does not hold up the others."""
        sessions = await _planned(self._desk.engine)
        self._known = {session: self._known.get(session, Lots()) for session in sessions}
        for session, known in self._known.items():
            try:
                results = await conduct(self._desk, session, known)
            except exclusive.Busy:
                continue
            except _PASSING as error:
                _log.warning(
                    "session_waits", session=session, error=type(error).__name__, text=str(error)
                )
                continue
            if results != self._told.get(session):  # what is refused is refused at every look
                for result in results:
                    _log.info("session_conducted", session=session, **result._asdict())
            self._told[session] = results


async def _planned(engine: AsyncEngine) -> list[int]:
    """Sessions with a plan and a lot that is not closed."""
    live = exists().where(
        Lot.session_id == SessionEntry.session_id,
        LotHead.lot_id == Lot.id,
        LotHead.phase != "closed",
    )
    async with engine.connect() as connection:
        found = await connection.execute(
            select(SessionEntry.session_id)
            .where(SessionEntry.kind == "plan", live)
            .distinct()
            .order_by(SessionEntry.session_id)
        )
        return list(found.scalars())
