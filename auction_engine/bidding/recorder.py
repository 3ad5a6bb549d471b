"""The recorder: the one writer of a shard.

Reads commands in log order, lets the rules decide, commits events and the consumed id in one
transaction, and only then announces them. It owns the shard by an epoch that every commit checks.
"""

import asyncio
import contextlib
import os
import signal
import socket
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import structlog
import uvloop
from redis.asyncio import Redis
from redis.exceptions import RedisError

from auction_engine import metrics
from auction_engine.bidding import keys
from auction_engine.bidding.clock import run_clock
from auction_engine.bidding.connections import make_redis, read_stream
from auction_engine.bidding.deciding import BidKey, Deciding, Entry, Outcome
from auction_engine.bidding.healing import Announcer, keep_hot_view
from auction_engine.bidding.recovery import load_lots
from auction_engine.bidding.repeats import answer_repeats
from auction_engine.bidding.tasks import end
from auction_engine.bidding.wire import decode_entries
from auction_engine.collector import tune_collector
from auction_engine.ledger import store
from auction_engine.ledger.errors import BidIdTaken, OwnershipLost
from auction_engine.ledger.journal import log_ms
from auction_engine.settings import Limits, Settings

_LARGEST_BATCH = 1_000
_LARGEST_BACKLOG = 4_000
_RETRY_S = 0.1
# Under load commits begin at least this far apart: a batch costs most by itself, little by its
# commands. A bid that comes alone never waits.
_CROWD = 8
_GAP_S = 0.003
# What the ledger's loss can look like; TimeoutError is an OSError.
_LEDGER_AWAY = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)
_log = structlog.get_logger(__name__)


class Recorder:
    """Owns one shard while `run` runs; a standby that waits for the lease otherwise."""

    def __init__(self, database_url: str, redis: Redis, shard: int, limits: Limits) -> None:
        self._database_url = database_url
        self._redis = redis
        self._shard = shard
        self._limits = limits
        self._owner = f"{socket.gethostname()}:{os.getpid()}:{os.urandom(4).hex()}"
        self._backlog: deque[tuple[str, bytes]] = deque()
        self._arrived = asyncio.Event()
        self._drained = asyncio.Event()
        self._connection: asyncpg.Connection | None = None

    async def run(self) -> None:
        """Own the shard whenever it is free, until cancelled.

        Raises InvariantBroken or LedgerError when going on could record something wrong.
        """
        try:
            while True:
                await self._take_turn()
        finally:
            self._drop_connection()

    async def _take_turn(self) -> None:
        """Own the shard once, from when it is free until it is lost."""
        try:
            await self._own(await self._acquire())
        except OwnershipLost as lost:
            _log.warning("shard_lost", shard=self._shard, text=str(lost))
        except _LEDGER_AWAY as error:
            _log.warning("ledger_lost", shard=self._shard, error=type(error).__name__)
            self._drop_connection()
            await asyncio.sleep(_RETRY_S)

    async def _acquire(self) -> int:
        """Wait until the shard is ours; return the epoch."""
        while True:
            try:
                connection = await self._ledger()
                epoch = await store.acquire_shard(
                    connection, self._shard, self._owner, self._limits.lease_s
                )
                if epoch is not None:
                    metrics.EPOCH.labels(self._shard).set(epoch)
                    _log.info("shard_owned", shard=self._shard, epoch=epoch)
                    return epoch
            except _LEDGER_AWAY as error:
                self._drop_connection()
                _log.warning("ledger_unreachable", error=type(error).__name__)
            await asyncio.sleep(self._limits.lease_s / 5)

    async def _own(self, epoch: int) -> None:
        # Renewed from the start: taking up a long history may last longer than the lease.
        lease = asyncio.create_task(self._keep_lease(epoch), name="lease")
        try:
            await self._until_one_ends([asyncio.create_task(self._work(epoch)), lease])
        finally:
            await self._release(epoch)

    async def _work(self, epoch: int) -> None:
        deciding = Deciding(self._shard, epoch)
        connection = await self._ledger()
        consumed = await store.consumed_id(connection, self._shard)
        await load_lots(connection, deciding, await store.live_lots(connection, self._shard))
        announcer = Announcer(self._redis, self._database_url, deciding, consumed)
        self._backlog.clear()
        await self._until_one_ends(
            [
                asyncio.create_task(job, name=name)
                for name, job in (
                    ("hot view", keep_hot_view(announcer)),
                    ("read", self._read(consumed)),
                    ("record", self._record(deciding, announcer, consumed)),
                    ("clock", run_clock(self._redis, self._shard, self._limits.inbox_max)),
                )
            ]
        )

    @staticmethod
    async def _until_one_ends(tasks: "list[asyncio.Task[None]]") -> None:
        """Run tasks that have no end of their own; raise what ended the first."""
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            await end(tasks)

    async def _release(self, epoch: int) -> None:
        # The connection may hold an interrupted transaction: only a fresh one is safe to use.
        self._drop_connection()
        try:
            async with asyncio.timeout(1):
                await store.release_shard(await self._ledger(), self._shard, epoch)
        except _LEDGER_AWAY:
            _log.info("lease_left_to_end", shard=self._shard)

    async def _ledger(self) -> asyncpg.Connection:
        if self._connection is None or self._connection.is_closed():
            self._connection = await store.connect(self._database_url)
            # Stopped in mid-transaction we would hold the shard's row, and so the shard, for ever.
            await self._connection.execute(
                f"SET idle_in_transaction_session_timeout = {int(self._limits.lease_s * 1000)}"
            )
        return self._connection

    def _drop_connection(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None

    async def _read(self, consumed: str) -> None:
        """Keep the backlog filled from the inbox, ahead of the commits."""
        after, key = consumed, keys.inbox(self._shard)
        while True:
            if len(self._backlog) >= _LARGEST_BACKLOG:
                self._drained.clear()
                await self._drained.wait()
            try:
                entries = await read_stream(self._redis, key, after, _LARGEST_BATCH)
            except (RedisError, OSError, TimeoutError) as error:
                _log.warning("inbox_unreadable", key=key, error=type(error).__name__)
                await asyncio.sleep(_RETRY_S)
                continue
            if entries:
                after = entries[-1][0]
                self._backlog.extend(entries)
                self._arrived.set()

    async def _keep_lease(self, epoch: int) -> None:
        """Renew the lease on a connection of its own, whatever the other one is waiting for."""
        connection = None
        try:
            while True:
                try:
                    if connection is None or connection.is_closed():
                        connection = await store.connect(
                            self._database_url, timeout_s=self._limits.lease_s
                        )
                    await store.renew_lease(connection, self._shard, epoch, self._limits.lease_s)
                except _LEDGER_AWAY as error:
                    _log.warning("lease_not_renewed", error=type(error).__name__)
                    if connection is not None:
                        connection.terminate()
                await asyncio.sleep(self._limits.lease_s / 5)
        finally:
            if connection is not None:
                connection.terminate()

    async def _record(self, deciding: Deciding, announcer: Announcer, after: str) -> None:
        backlog = self._backlog
        while True:
            while not backlog:
                self._arrived.clear()
                await self._arrived.wait()
            raw = [backlog.popleft() for _ in range(min(len(backlog), _LARGEST_BATCH))]
            self._drained.set()
            entries = decode_entries(raw)
            started = time.perf_counter()
            await self._until_clock_agrees(raw[-1][0])
            outcome = await self._decide_and_commit(deciding, after, raw[-1][0], entries)
            after = raw[-1][0]
            metrics.COMMIT_SECONDS.labels(self._shard).observe(time.perf_counter() - started)
            deciding.adopt(outcome)
            answers = outcome.answers
            if outcome.repeats:
                answers += await self._until_done(answer_repeats, outcome.repeats)
            length = await announcer.announce(outcome, answers)
            self._measure(outcome, len(raw), length)
            if len(raw) >= _CROWD:
                await asyncio.sleep(started + _GAP_S - time.perf_counter())

    async def _decide_and_commit(
        self, deciding: Deciding, after: str, consumed: str, entries: list[Entry]
    ) -> Outcome:
        """Decide the batch that follows `after` and see it on disk. Returns only when it is.

        A commit of unknown outcome is read back by its consumed id, never guessed.
        """
        if missing := deciding.missing(entries):
            await self._until_done(load_lots, deciding, missing)
        recorded: set[BidKey] = set()
        if unsure := deciding.unsure(entries):
            recorded = set(await self._until_done(store.first_answers, unsure))
        while True:
            outcome = deciding.decide(consumed, entries, recorded)
            try:
                await store.commit_batch(
                    await self._ledger(),
                    self._shard,
                    deciding.epoch,
                    after,
                    consumed,
                    outcome.records,
                    outcome.heads(self._shard),
                )
                return outcome
            except BidIdTaken:
                if await self._until_done(store.is_on_disk, self._shard, deciding.epoch, consumed):
                    return outcome  # taken by this very batch, whose first commit took its time
                bids = [(raw["by"], raw["id"]) for _, raw in entries if raw["k"] == "bid"]
                recorded = set(await self._until_done(store.first_answers, bids))
            except _LEDGER_AWAY as error:
                _log.warning("commit_in_doubt", error=type(error).__name__, consumed=consumed)
                self._drop_connection()
                await asyncio.sleep(_RETRY_S)
                if await self._until_done(store.is_on_disk, self._shard, deciding.epoch, consumed):
                    return outcome

    async def _until_clock_agrees(self, log: str) -> None:
        """Wait while the log is ahead of PostgreSQL's clock by more than the tolerance.

        A clock in doubt pauses: after a jump of Valkey's clock every end would seem to have
        passed, and a lot once closed is never opened again. Bidders hear "busy" meanwhile.
        """
        tolerance_ms = self._limits.clock_tolerance_ms
        if log_ms(log) - time.time() * 1000 <= tolerance_ms:
            return
        told = False
        while True:
            ahead_ms = log_ms(log) - await self._until_done(store.server_ms)
            if ahead_ms <= tolerance_ms:
                return
            if not told:
                told = True
                metrics.INCIDENTS.labels("clock").inc()
                _log.error("clock_in_doubt", shard=self._shard, log_ahead_ms=ahead_ms)
            await asyncio.sleep(_RETRY_S)

    async def _until_done(self, read: Callable[..., Awaitable[Any]], *args: Any) -> Any:
        """Run a read of the ledger again over new connections until it succeeds."""
        while True:
            try:
                return await read(await self._ledger(), *args)
            except _LEDGER_AWAY as error:
                _log.warning("ledger_unreachable", error=type(error).__name__)
                self._drop_connection()
                await asyncio.sleep(_RETRY_S)

    def _measure(self, outcome: Outcome, commands: int, length: int) -> None:
        metrics.BATCH_SIZE.labels(self._shard).observe(commands)
        metrics.INBOX_LENGTH.labels(self._shard).set(length)
        metrics.LOG_MINUS_WALL_MS.labels(self._shard).set(
            log_ms(outcome.consumed) - time.time() * 1000
        )
        accepted = sum(len(bids) for bids in outcome.accepted.values())
        if accepted:
            metrics.BIDS.labels("accepted").inc(accepted)
        for reason, count in outcome.refused.items():
            metrics.BIDS.labels(reason).inc(count)


async def own_shard(settings: Settings, shard: int) -> None:
    """Record for `shard` until cancelled."""
    redis = make_redis(settings.redis_url or "")
    try:
        await Recorder(settings.database_url or "", redis, shard, settings.limits).run()
    finally:
        await redis.aclose()


def run(settings: Settings, shard: int) -> None:
    """The recorder process: own `shard` until SIGTERM or SIGINT, then let go of it."""
    tune_collector()
    uvloop.run(_run_until_signalled(settings, shard))


async def _run_until_signalled(settings: Settings, shard: int) -> None:
    task = asyncio.ensure_future(own_shard(settings, shard))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await task
