"""Announcing recorded batches, and putting Valkey right again after it lost something."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

import structlog
from redis.exceptions import RedisError

from auction_engine.bidding.deciding import Deciding, Outcome
from auction_engine.bidding.ports import BOOK_KEPT, Booked, Mark, ShardLog
from auction_engine.bidding.wire import encode_batch

_RETRY_S = 0.05
_LOOK_S = 0.25
# Single deleted keys (deadlines, an order book) are back after at most this many looks.
_FULL_LOOK_EVERY = 8
_log = structlog.get_logger(__name__)


class Announcer:
    """Publishes one owner's batches in order, numbered without a gap within its epoch."""

    def __init__(self, log: ShardLog, deciding: Deciding, consumed: str) -> None:
        self.log = log
        self.deciding = deciding
        self.read = consumed  # the last command read from the inbox; commits follow
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
                    length = await self._publish(batch, outcome.accepted, due)
                    if outcome.rebooked:
                        await self.log.restore({}, self._books(outcome.rebooked))
                    return length
                except (RedisError, OSError, TimeoutError) as error:
                    _log.warning("events_unreachable", error=type(error).__name__)
                    await asyncio.sleep(_RETRY_S)

    async def take_the_floor(self) -> None:
        """Make Valkey fit the ledger and tell the gateways to look there, under our epoch.

        Needed by a new owner and after Valkey lost its data. Raises RedisError or OSError.
        """
        async with self._turn:
            # First, so that a loss from here on is noticed when the batch goes out.
            await self.log.mark(self._told)
            await self.log.raise_inbox(self.read)
            await self._restore(self._live())
            # A gap in the numbers makes every gateway read the ledger for what it missed.
            self._no += 2
            batch = encode_batch(self.deciding.epoch, self._no, self._consumed, [], [])
            self._lost = False
            await self._publish(batch, {}, {})

    async def unfit(self) -> bool:
        """Whether Valkey lost what we told it last: all of its data, or the newest of it.

        A younger owner's mark is none of our business: our own commits will fail soon. Without the
        newest commands ids are given again that we have read, and what gets them would never be.
        """
        async with self._turn:
            if self._lost or await self.log.found_mark() < self._mark:
                return True
            return await self.log.raise_inbox(self.read)

    async def _publish(
        self, batch: bytes, accepted: Mapping[int, list[Booked]], due: dict[int, int | None]
    ) -> int:
        length, found = await self.log.publish(batch, self._consumed, accepted, due, self._mark)
        if found < self._told:
            self._lost = True  # since the batch before: `unfit` could not see it any more
        self._told = self._mark
        return length

    @property
    def _mark(self) -> Mark:
        return self.deciding.epoch, self._no

    async def mend(self) -> None:
        """Write deadlines again, and order books that are not there."""
        async with self._turn:
            live = [lot for lot in self._live() if self._has_price(lot)]
            await self._restore(await self.log.missing_books(live))

    async def _restore(self, lots: list[int]) -> None:
        await self.log.restore(self.deciding.due(self._live()), self._books(lots))

    def _books(self, lots: Iterable[int]) -> dict[int, list[Booked]]:
        """The order books of `lots` as the rules' states have them, worst bid first."""
        books: dict[int, list[Booked]] = {}
        for lot in lots:
            state = self.deciding.lines[lot].state
            node = None if state is None else state.book
            bids: list[Booked] = []
            while node is not None and len(bids) < BOOK_KEPT:
                bids.append(node)
                node = node.below
            books[lot] = bids[::-1]
        return books

    def _live(self) -> list[int]:
        return [
            lot
            for lot, line in self.deciding.lines.items()
            if line.state is not None and not line.state.settled
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
        except (RedisError, OSError) as error:
            _log.warning("hot_view_unreachable", error=type(error).__name__)
        look += 1
        await asyncio.sleep(_LOOK_S)
