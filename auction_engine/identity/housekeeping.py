"""What goes by itself: registrations nobody confirmed, links nobody used, data kept long enough."""

import asyncio
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import delete, func
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine

from auction_engine.identity import erasure
from auction_engine.ledger.database import transaction
from auction_engine.ledger.schema_people import OneUseToken, Registration

_LOOK_S = 3600.0
_ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
_PASSING = (OSError, TimeoutError, DBAPIError, PoolTimeout)
_log = structlog.get_logger(__name__)


class Housekeeper:
    """Tidies once an hour, for as long as it runs; any number may run at once."""

    def __init__(self, engine: AsyncEngine, look_s: float = _LOOK_S) -> None:
        self._engine = engine
        self._look_s = look_s

    async def run(self) -> None:
        """Tidy again and again, until cancelled. A ledger away is waited for."""
        while True:
            await asyncio.sleep(self._look_s)
            try:
                await self.look()
            except _PASSING as error:
                _log.warning("housekeeper_waits", error=type(error).__name__)

    async def look(self) -> None:
        """Tidy once."""
        async with transaction(self._engine) as connection:
            for table in (Registration, OneUseToken):
                await connection.execute(delete(table).where(table.expires_at <= func.now()))
        erased = await erasure.end_of_keeping(
            self._engine, datetime.now(UTC).astimezone(_ZONE).date()
        )
        if erased:
            _log.info("keeping_ended", people=erased)
