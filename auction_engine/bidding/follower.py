"""Reading a shard's recorded batches in order, and noticing when some were missed."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import orjson
import structlog
from redis.exceptions import RedisError

from auction_engine.bidding.ports import ShardLog
from auction_engine.ledger.journal import log_order

_RETRY_S = 0.05
_MOST_AT_ONCE = 200
_log = structlog.get_logger(__name__)

OnBatch = Callable[[dict[str, Any]], None]
OnGap = Callable[[], Awaitable[None]]


class Follower:
    """Calls `on_batch` for each batch, and `on_gap` when the ledger must be read instead.

    `on_gap` runs once at the start, after every change of owner and after missed batches; batches
    wait until it returns. Whatever it reads is at least as new as the batches already given.
    """

    def __init__(self, log: ShardLog, on_batch: OnBatch, on_gap: OnGap) -> None:
        self._log = log
        self._on_batch = on_batch
        self._on_gap = on_gap
        self.epoch = 0
        self._no = 0
        self._after = "0-0"
        self.in_step = asyncio.Event()

    async def run(self) -> None:
        """Follow until cancelled."""
        await self._again(self._find_end)
        await self._again(self._catch_up)
        while True:
            try:
                entries = await self._log.batches(self._after, _MOST_AT_ONCE)
            except (RedisError, OSError, TimeoutError) as error:
                self.in_step.clear()
                _log.warning("events_unreadable", shard=self._log.shard, error=type(error).__name__)
                await asyncio.sleep(_RETRY_S)
                await self._again(self._rewind_if_behind)
                continue
            gap = False
            for entry_id, value in entries:
                self._after = entry_id
                gap |= self._take_safely(value)
            if gap:
                await self._again(self._catch_up)
            self.in_step.set()

    def _take_safely(self, value: bytes) -> bool:
        """Take a batch; one that nobody can make sense of is replaced by a look at the ledger."""
        try:
            return self._take(orjson.loads(value))
        except Exception:
            # Must not end the task: this process would go on without ever telling anyone anything.
            _log.exception("batch_not_taken", shard=self._log.shard)
            return True

    def _take(self, batch: dict[str, Any]) -> bool:
        """Hand one batch on; return whether some before it were missed."""
        epoch, no = batch["epoch"], batch["no"]
        if epoch < self.epoch or (epoch == self.epoch and no <= self._no):
            return False  # published twice after a lost reply, or by an owner that lost the shard
        gap: bool = epoch != self.epoch or no != self._no + 1
        self.epoch, self._no = epoch, no
        self._on_batch(batch)
        return gap

    async def _find_end(self) -> None:
        newest = await self._log.newest_batch()
        if newest is not None:
            self._after = newest[0]
            batch = orjson.loads(newest[1])
            self.epoch, self._no = batch["epoch"], batch["no"]

    async def _catch_up(self) -> None:
        await self._on_gap()
        self.in_step.set()

    async def _rewind_if_behind(self) -> None:
        """Start over if the stream is younger than our place in it (lost data, stale copy)."""
        newest = await self._log.newest_batch()
        last = newest[0] if newest is not None else "0-0"
        if log_order(last) < log_order(self._after):
            self._after = "0-0"

    async def _again(self, step: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                return await step()
            except (
                RedisError,
                OSError,
                TimeoutError,
                asyncpg.PostgresError,
                asyncpg.InterfaceError,
            ) as error:
                _log.warning("follower_waits", shard=self._log.shard, error=type(error).__name__)
                await asyncio.sleep(_RETRY_S * 4)
