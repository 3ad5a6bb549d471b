"""Ends the live connections of browsers whose session has ended, wherever it was ended.

A sign-out is heard of at once, over Valkey. What was not heard (the line was down, a session ran
out, another process died half-way) is found in the ledger, which has the sessions themselves.
"""

import asyncio
from collections.abc import Callable

import asyncpg
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from auction_engine.bidding.tasks import end
from auction_engine.identity import tickets
from auction_engine.ledger import store

_AGAIN_S = 1.0
_LOOK_S = 30.0
# As many as one question names; twenty thousand connections are ten questions.
_AT_ONCE = 2_000
_ALIVE = "SELECT token_hash FROM web_session WHERE token_hash = ANY($1) AND expires_at > now()"
_log = structlog.get_logger(__name__)


class Endings:
    """Asks `opened` for the sessions that connections belong to, and `close`s those that ended."""

    def __init__(
        self,
        redis: Redis,
        database_url: str,
        opened: Callable[[], set[bytes]],
        close: Callable[[bytes], None],
        look_s: float = _LOOK_S,
    ) -> None:
        self._redis = redis
        self._database_url = database_url
        self._opened = opened
        self._close = close
        self._look_s = look_s
        self._missed = asyncio.Event()

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
                    await ears.subscribe(tickets.SIGNED_OUT)
                    async for message in ears.listen():
                        if message["type"] == "message":
                            self._close(message["data"])
                        else:
                            # What was said before nobody here has heard.
                            self._missed.set()
            except (RedisError, OSError):
                await asyncio.sleep(_AGAIN_S)

    async def _look_on(self) -> None:
        while True:
            try:
                async with asyncio.timeout(self._look_s):
                    await self._missed.wait()
            except TimeoutError:
                pass
            self._missed.clear()
            try:
                await self.look()
            except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
                _log.warning("sessions_not_looked_at", error=type(error).__name__)
                await asyncio.sleep(_AGAIN_S)

    async def look(self) -> None:
        """Close what belongs to sessions that the ledger does not have any more."""
        sessions = sorted(self._opened())
        if not sessions:
            return
        connection = await store.connect(self._database_url, application="auction-sessions")
        try:
            for first in range(0, len(sessions), _AT_ONCE):
                asked = sessions[first : first + _AT_ONCE]
                alive = {row[0] for row in await connection.fetch(_ALIVE, asked)}
                for session in asked:
                    if session not in alive:
                        self._close(session)
        finally:
            await connection.close(timeout=_AGAIN_S)
