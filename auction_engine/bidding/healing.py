"""Announcing recorded batches, and putting Valkey right again after it lost something."""

import asyncio
from typing import Any

import asyncpg
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from auction_engine.bidding.deciding import Deciding, Outcome
from auction_engine.bidding.hotview import HotView
from auction_engine.bidding.recovery import best_bids
from auction_engine.bidding.wire import encode_batch
from auction_engine.ledger import store
from auction_engine.rules.events import BidAccepted

_RETRY_S = 0.05
_LOOK_S = 0.25
# Single deleted keys (deadlines, an order book) are back after at most this many looks.
_FULL_LOOK_EVERY = 8
_log = structlog.get_logger(__name__)


class Announcer:
    """Publishes one owner's batches in order, numbered without a gap within its epoch."""

    def __init__(self, redis: Redis, database_url: str, deciding: Deciding, consumed: str) -> None:
        self.view = HotView(redis, deciding.shard)
        self.deciding = deciding
        self.database_url = database_url
        self._consumed = consumed
        self._no = 0
        self._told = (0, 0)  # the newest mark that Valkey must have
        self._lost = False
        self._turn = asyncio.Lock()

    async def announce(self, outcome: Outcome, answers: list[dict[str, Any]]) -> int:
        """Tell the gateways what is on disk; return the length of the inbox.

        Tries until Valkey has taken it: the batch is recorded, it must be told.
        """
        async with self._turn:
            self._no += 1
            self._consumed = outcome.consumed
            batch = encode_batch(
                self.deciding.epoch, self._no, outcome.consumed, outcome.bodies, answers
            )
            # A lot that was ticked for nothing gets its true deadline, or none if it is closed.
            due = self.deciding.due(outcome.lines.keys() | outcome.ticked)
            while True:
                try:
                    return await self._publish(batch, outcome.accepted, due)
                except (RedisError, OSError, TimeoutError) as error:
                    _log.warning("events_unreachable", error=type(error).__name__)
                    await asyncio.sleep(_RETRY_S)

    async def take_the_floor(self) -> None:
        """Make Valkey fit the ledger and tell the gateways to look there, under our epoch.

        Needed by a new owner and after Valkey lost its data. Raises RedisError or OSError.
        """
        async with self._turn:
            # First, so that a loss from here on is noticed when the batch goes out.
            await self.view.mark(self._told)
            await self.view.raise_inbox(self._consumed)
            await self._restore(self._live())
            # A gap in the numbers makes every gateway read the ledger for what it missed.
            self._no += 2
            batch = encode_batch(self.deciding.epoch, self._no, self._consumed, [], [])
            self._lost = False
            await self._publish(batch, {}, {})

    async def unfit(self) -> bool:
        """Whether Valkey lost what we told it last: all of its data, or the newest of it.

        A younger owner's mark is none of our business: our own commits will fail soon.
        """
        async with self._turn:
            return self._lost or await self.view.found_mark() < self._mark

    async def _publish(
        self, batch: bytes, accepted: dict[int, list[BidAccepted]], due: dict[int, int | None]
    ) -> int:
        length, found = await self.view.publish(batch, self._consumed, accepted, due, self._mark)
        if found < self._told:
            self._lost = True  # since the batch before: `unfit` could not see it any more
        self._told = self._mark
        return length

    @property
    def _mark(self) -> tuple[int, int]:
        return self.deciding.epoch, self._no

    async def mend(self) -> None:
        """Write deadlines again, and order books that are not there."""
        async with self._turn:
            live = [lot for lot in self._live() if self._has_price(lot)]
            await self._restore(await self.view.missing_books(live))

    async def _restore(self, lots: list[int]) -> None:
        books = {}
        if lots:
            connection = await store.connect(self.database_url)
            try:
                books = await best_bids(connection, lots)
            finally:
                connection.terminate()
        await self.view.restore(self.deciding.due(self._live()), books)

    def _live(self) -> list[int]:
        return [
            lot
            for lot, line in self.deciding.lines.items()
            if line.state is not None and line.state.phase != "closed"
        ]

    def _has_price(self, lot: int) -> bool:
        state = self.deciding.lines[lot].state
        return state is not None and state.price_minor is not None


async def keep_hot_view(announcer: Announcer) -> None:
    """Take the floor, then watch over Valkey until cancelled."""
    look, present = 0, False
    while True:
        try:
            if not present or await announcer.unfit():
                await announcer.take_the_floor()
                present = True
            elif look % _FULL_LOOK_EVERY == 0:
                await announcer.mend()
        except (RedisError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            _log.warning("hot_view_unreachable", error=type(error).__name__)
        look += 1
        await asyncio.sleep(_LOOK_S)
