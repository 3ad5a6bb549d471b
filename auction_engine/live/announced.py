"""What was announced to the rooms: brought to everybody who follows a lot, wherever it was said.

A new announcement is heard of at once, over Valkey; what was not heard is found in the ledger,
which has them all. A room's announcements go out whole, so that nothing need be put together.
"""

import asyncio
from collections.abc import Callable
from typing import Any

import asyncpg
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from auction_engine.bidding.tasks import end
from auction_engine.desk.console import announcing
from auction_engine.ledger import store
from auction_engine.live.messages import frame

_AGAIN_S = 1.0
_LOOK_S = 15.0
_log = structlog.get_logger(__name__)

Notice = dict[str, Any]


class Announced:
    """The announcements of every lot that has some. `tell` is called with a lot and its frame."""

    def __init__(
        self,
        redis: Redis,
        database_url: str,
        tell: Callable[[int, bytes], None],
        look_s: float = _LOOK_S,
    ) -> None:
        self._redis = redis
        self._database_url = database_url
        self._tell = tell
        self._look_s = look_s
        self._notices: dict[int, tuple[Notice, ...]] = {}
        self._missed = asyncio.Event()

    def of(self, lot: int) -> tuple[Notice, ...]:
        """What was announced for the lot in the last days, newest first: `n`, `at_ms`, `text`."""
        return self._notices.get(lot, ())

    def frame(self, lot: int) -> bytes | None:
        """The message for whoever comes into the lot's room; None where nothing was announced."""
        said = self.of(lot)
        return frame({"t": "announcements", "lot": lot, "said": list(said)}) if said else None

    async def run(self) -> None:
        """Listen and look, until cancelled."""
        parts = [asyncio.create_task(self._listen()), asyncio.create_task(self._look_on())]
        try:
            done, _ = await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
            for part in done:
                part.result()
        finally:
            await end(parts)

    async def _listen(self) -> None:
        while True:
            try:
                async with self._redis.pubsub() as ears:
                    await ears.subscribe(announcing.CHANNEL)
                    async for _ in ears.listen():
                        self._missed.set()
            except (RedisError, OSError):
                await asyncio.sleep(_AGAIN_S)

    async def _look_on(self) -> None:
        while True:
            self._missed.clear()
            try:
                await self.look()
            except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
                _log.warning("announcements_not_read", error=type(error).__name__)
                await asyncio.sleep(_AGAIN_S)
                continue
            try:
                async with asyncio.timeout(self._look_s):
                    await self._missed.wait()
            except TimeoutError:
                pass

    async def look(self) -> None:
        """Read what was announced, and tell the rooms of the lots that have something new."""
        connection = await store.connect(self._database_url, application="auction-announced")
        try:
            said = await announcing.recent(connection)
        finally:
            await connection.close(timeout=_AGAIN_S)
        self.take(said)

    def take(self, said: list[announcing.Said]) -> None:
        """All that was said in the last days, newest first."""
        found: dict[int, list[Notice]] = {}
        for one in said:
            notice = {"n": one.n, "at_ms": one.at_ms, "text": one.text}
            for lot in one.lots:
                kept = found.setdefault(lot, [])
                if len(kept) < announcing.SHOWN:
                    kept.append(notice)
        before, self._notices = self._notices, {lot: tuple(kept) for lot, kept in found.items()}
        for lot, notices in self._notices.items():
            if before.get(lot) != notices:
                data = self.frame(lot)
                assert data is not None
                self._tell(lot, data)
