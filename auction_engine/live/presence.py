"""How many follow a lot, over all gateways: bidders once each, and connections. Counts only.

Each gateway says every few seconds whom it has, in Valkey, by the log's clock; what was not said
again lately counts no more, so a gateway that died is forgotten. Nothing is decided by it.
"""

import asyncio
import secrets
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, Protocol

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

_BEAT_S = 3.0
# Two beats may go missing.
GOOD_MS = 10_000
_KEPT_S = 60
# In one command: a bid that waits behind it waits for microseconds.
_AT_ONCE = 100
_log = structlog.get_logger(__name__)


class Here(NamedTuple):
    """`bidders`: different people; `connections`: theirs and those of onlookers."""

    bidders: int
    connections: int


class Crowd(Protocol):
    """Who follows what over this process (`rooms.Rooms`)."""

    def followed(self) -> list[int]: ...
    def bidders(self, lot: int) -> set[int]: ...
    def viewers(self, lot: int) -> int: ...


def _bidders(lot: int) -> str:
    return f"presence:{lot}:bidders"


def _gateways(lot: int) -> str:
    return f"presence:{lot}:gateways"


class Presence:
    """Says who is here, and counts who is anywhere. `now_ms` is the log's clock."""

    def __init__(
        self, redis: Redis, crowd: Crowd, now_ms: Callable[[], int], beat_s: float = _BEAT_S
    ) -> None:
        self._redis: Any = redis
        self._crowd = crowd
        self._now_ms = now_ms
        self._beat_s = beat_s
        self._name = secrets.token_hex(8)
        self._said: dict[int, set[int]] = {}

    async def run(self) -> None:
        """Say it again and again, until cancelled."""
        while True:
            try:
                await self.beat()
            except (RedisError, OSError) as error:
                _log.warning("presence_not_told", error=type(error).__name__)
            await asyncio.sleep(self._beat_s)

    async def beat(self) -> None:
        """Say who is here now, and who is here no longer. Raises RedisError, OSError."""
        now_ms, line = self._now_ms(), self._redis.pipeline(transaction=False)
        before = self._said
        followed = {lot: self._crowd.bidders(lot) for lot in self._crowd.followed()}
        for lot in before.keys() | followed.keys():
            here = followed.get(lot, set())
            self._say(line, lot, here, before.get(lot, set()) - here, now_ms)
            if len(line) >= _AT_ONCE:
                await line.execute()
        await line.execute()
        self._said = followed

    def _say(self, line: Any, lot: int, here: set[int], left: set[int], now_ms: int) -> None:
        # Who is here over another gateway too is said again by that one, soon.
        for some in _slices(left):
            line.zrem(_bidders(lot), *some)
        for some in _slices(here):
            line.zadd(_bidders(lot), dict.fromkeys(some, now_ms))
        if count := self._crowd.viewers(lot):
            line.hset(_gateways(lot), self._name, f"{now_ms} {count}")
        else:
            line.hdel(_gateways(lot), self._name)
        line.expire(_bidders(lot), _KEPT_S)
        line.expire(_gateways(lot), _KEPT_S)

    async def count(self, lots: Iterable[int]) -> dict[int, Here]:
        """Who follows each lot; of this process as it is now. Raises RedisError, OSError."""
        lots, since_ms = list(lots), self._now_ms() - GOOD_MS
        line = self._redis.pipeline(transaction=False)
        for lot in lots:
            line.zrangebyscore(_bidders(lot), since_ms, "+inf")
            line.hgetall(_gateways(lot))
        answers = await line.execute() if lots else []
        return {
            lot: self._counted(lot, answers[2 * n], answers[2 * n + 1], since_ms)
            for n, lot in enumerate(lots)
        }

    def _counted(
        self, lot: int, people: list[bytes], gateways: dict[bytes, bytes], since_ms: int
    ) -> Here:
        own = self._crowd.bidders(lot)
        # Who has just left is still written down.
        elsewhere = {int(one) for one in people} - self._said.get(lot, set())
        connections = self._crowd.viewers(lot)
        for name, line in gateways.items():
            at_ms, count = line.split()
            if name.decode() != self._name and int(at_ms) >= since_ms:
                connections += int(count)
        return Here(len(own | elsewhere), connections)

    def own(self, lots: Iterable[int]) -> dict[int, Here]:
        """The same of this process alone, where nobody can be asked."""
        crowd = self._crowd
        return {lot: Here(len(crowd.bidders(lot)), crowd.viewers(lot)) for lot in lots}


def _slices(people: set[int]) -> Iterable[list[int]]:
    every = sorted(people)
    return (every[at : at + _AT_ONCE] for at in range(0, len(every), _AT_ONCE))
