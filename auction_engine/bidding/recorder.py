"""The recorder: the one writer of a shard.

Reads commands in log order, lets the rules decide, commits events and the consumed id in one
transaction, and only then announces them. It owns the shard by an epoch that every commit checks.
"""

import asyncio
import contextlib
import os
import signal
import socket
from collections import deque

import structlog
import uvloop
from redis.asyncio import Redis
from redis.exceptions import RedisError

from auction_engine import metrics
from auction_engine.bidding.clock import run_clock
from auction_engine.bidding.connections import make_redis
from auction_engine.bidding.deciding import BidKey, Deciding, Entry, Outcome
from auction_engine.bidding.healing import Announcer, keep_hot_view
from auction_engine.bidding.line import LEDGER_AWAY, RETRY_S, LedgerLine, keep_lease
from auction_engine.bidding.ports import CLOCK, Clock, Ledger, LogOf
from auction_engine.bidding.recovery import load_lots
from auction_engine.bidding.repeats import answer_repeats
from auction_engine.bidding.tasks import end
from auction_engine.bidding.valkey import ValkeyLog
from auction_engine.bidding.wire import OFFERS, decode_entries
from auction_engine.collector import tune_collector
from auction_engine.ledger import store
from auction_engine.ledger.errors import BidIdTaken, ClockInDoubt, OwnershipLost
from auction_engine.ledger.journal import log_ms
from auction_engine.rules.invariants import InvariantBroken
from auction_engine.settings import Limits, Settings

_LARGEST_BATCH = 1_000
_LARGEST_BACKLOG = 4_000
# Under load commits begin at least this far apart: a batch costs most by itself, little by its
# commands. A bid that comes alone never waits.
_CROWD = 8
_GAP_S = 0.003
_log = structlog.get_logger(__name__)


class Recorder:
    """Owns one shard while `run` runs; a standby that waits for the lease otherwise."""

    def __init__(
        self,
        database_url: str,
        redis: Redis,
        shard: int,
        limits: Limits,
        *,
        ledger: Ledger = store,
        log_of: LogOf = ValkeyLog,
        clock: Clock = CLOCK,
    ) -> None:
        self._database_url = database_url
        self._log = log_of(redis, shard)
        self._store = ledger
        self._clock = clock
        self._shard = shard
        self._limits = limits
        self.owner = f"{socket.gethostname()}:{os.getpid()}:{os.urandom(4).hex()}"
        self._backlog: deque[tuple[str, bytes]] = deque()
        self._arrived = asyncio.Event()
        self._drained = asyncio.Event()
        self._line = LedgerLine(ledger, database_url, limits.lease_s)

    async def run(self) -> None:
        """Own the shard whenever it is free, until cancelled.

        Raises InvariantBroken or LedgerError when going on could record something wrong.
        """
        try:
            while True:
                await self._take_turn()
        finally:
            self._line.drop()

    async def _take_turn(self) -> None:
        """Own the shard once, from when it is free until it is lost."""
        try:
            await self._own(await self._acquire())
        except OwnershipLost as lost:
            _log.warning("shard_lost", shard=self._shard, text=str(lost))
        except LEDGER_AWAY as error:
            _log.warning("ledger_lost", shard=self._shard, error=type(error).__name__)
            self._line.drop()
            await asyncio.sleep(RETRY_S)

    async def _acquire(self) -> int:
        """Wait until the shard is ours; return the epoch."""
        while True:
            try:
                connection = await self._line.get()
                epoch = await self._store.acquire_shard(
                    connection, self._shard, self.owner, self._limits.lease_s
                )
                if epoch is not None:
                    metrics.EPOCH.labels(self._shard).set(epoch)
                    _log.info("shard_owned", shard=self._shard, epoch=epoch)
                    return epoch
            except LEDGER_AWAY as error:
                self._line.drop()
                _log.warning("ledger_unreachable", error=type(error).__name__)
            await asyncio.sleep(self._limits.lease_s / 5)

    async def _own(self, epoch: int) -> None:
        # Renewed from the start: taking up a long history may last longer than the lease.
        lease_s = self._limits.lease_s
        keeping = keep_lease(self._store, self._database_url, self._shard, epoch, lease_s)
        lease = asyncio.create_task(keeping, name="lease")
        try:
            await self._until_one_ends([asyncio.create_task(self._work(epoch)), lease])
        finally:
            await self._release(epoch)

    async def _work(self, epoch: int) -> None:
        deciding = Deciding(self._shard, epoch)
        ledger, connection = self._store, await self._line.get()
        consumed = await ledger.consumed_id(connection, self._shard)
        live = await ledger.live_lots(connection, self._shard)
        await load_lots(connection, deciding, live, ledger)
        announcer = Announcer(self._log, deciding, consumed)
        self._backlog.clear()
        await self._until_one_ends(
            [
                asyncio.create_task(job, name=name)
                for name, job in (
                    ("hot view", keep_hot_view(announcer)),
                    ("read", self._read(announcer)),
                    ("record", self._record(deciding, announcer, consumed)),
                    ("clock", run_clock(self._log, self._limits.inbox_max)),
                )
            ]
        )

    @staticmethod
    async def _until_one_ends(tasks: "list[asyncio.Task[None]]") -> None:
        """Run tasks that have no end of their own; raise what ended the first."""
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                if task.done():
                    task.result()
        finally:
            await end(tasks)

    async def _release(self, epoch: int) -> None:
        # The connection may hold an interrupted transaction: only a fresh one is safe to use.
        self._line.drop()
        try:
            async with asyncio.timeout(1):
                await self._store.release_shard(await self._line.get(), self._shard, epoch)
        except LEDGER_AWAY:
            _log.info("lease_left_to_end", shard=self._shard)

    async def _read(self, announcer: Announcer) -> None:
        """Keep the backlog filled from the inbox, ahead of the commits."""
        while True:
            if len(self._backlog) >= _LARGEST_BACKLOG:
                self._drained.clear()
                await self._drained.wait()
            try:
                entries = await self._log.commands(announcer.read, _LARGEST_BATCH)
            except (RedisError, OSError, TimeoutError) as error:
                _log.warning("inbox_unreadable", shard=self._shard, error=type(error).__name__)
                await asyncio.sleep(RETRY_S)
                continue
            if entries:
                announcer.read = entries[-1][0]
                self._backlog.extend(entries)
                self._arrived.set()

    async def _record(self, deciding: Deciding, announcer: Announcer, after: str) -> None:
        backlog, steady_s = self._backlog, self._clock.steady_s
        while True:
            while not backlog:
                self._arrived.clear()
                await self._arrived.wait()
            raw = [backlog.popleft() for _ in range(min(len(backlog), _LARGEST_BATCH))]
            self._drained.set()
            entries = decode_entries(raw)
            started = steady_s()
            await self._until_clock_agrees(raw[-1][0])
            outcome = await self._decide_and_commit(deciding, after, raw[-1][0], entries)
            after = raw[-1][0]
            metrics.COMMIT_SECONDS.labels(self._shard).observe(steady_s() - started)
            deciding.adopt(outcome)
            answers = outcome.answers
            if outcome.repeats:
                answers += await self._line.until_done(answer_repeats, outcome.repeats, self._store)
            length = await announcer.announce(outcome, answers)
            self._measure(outcome, len(raw), length)
            if len(raw) >= _CROWD:
                await asyncio.sleep(started + _GAP_S - steady_s())

    async def _decide_and_commit(
        self, deciding: Deciding, after: str, consumed: str, entries: list[Entry]
    ) -> Outcome:
        """Decide the batch that follows `after` and see it on disk. Returns only when it is.

        A commit of unknown outcome is read back by its consumed id, never guessed.
        """
        ledger = self._store
        if missing := deciding.missing(entries):
            await self._line.until_done(load_lots, deciding, missing, ledger)
        recorded: set[BidKey] = set()
        if unsure := deciding.unsure(entries):
            recorded = set(await self._line.until_done(ledger.first_answers, unsure))
        while True:
            outcome = await self._decided(deciding, consumed, entries, recorded)
            try:
                await ledger.commit_batch(
                    await self._line.get(),
                    self._shard,
                    deciding.epoch,
                    after,
                    consumed,
                    outcome.records,
                    outcome.heads(self._shard),
                    self._limits.clock_tolerance_ms,
                )
                return outcome
            except ClockInDoubt:
                await self._until_ledgers_clock_agrees(consumed)
            except BidIdTaken:
                if await self._line.until_done(
                    ledger.is_on_disk, self._shard, deciding.epoch, consumed
                ):
                    return outcome  # taken by this very batch, whose first commit took its time
                bids = [(raw["by"], raw["id"]) for _, raw in entries if raw["k"] in OFFERS]
                recorded = set(await self._line.until_done(ledger.first_answers, bids))
            except LEDGER_AWAY as error:
                _log.warning("commit_in_doubt", error=type(error).__name__, consumed=consumed)
                self._line.drop()
                await asyncio.sleep(RETRY_S)
                if await self._line.until_done(
                    ledger.is_on_disk, self._shard, deciding.epoch, consumed
                ):
                    return outcome

    async def _decided(
        self, deciding: Deciding, consumed: str, entries: list[Entry], recorded: set[BidKey]
    ) -> Outcome:
        """What the rules make of a batch.

        Whoever was stopped and lost the shard may since have read what the next owner wrote: rules
        that contradict themselves then are no more than that. Raises OwnershipLost in this case.
        """
        try:
            return deciding.decide(consumed, entries, recorded)
        except InvariantBroken:
            epoch, lease_s = deciding.epoch, self._limits.lease_s
            await self._line.until_done(self._store.renew_lease, self._shard, epoch, lease_s)
            raise

    async def _until_clock_agrees(self, log: str) -> None:
        """Wait while the log is ahead of PostgreSQL's clock by more than the tolerance.

        A clock in doubt pauses: after a jump of Valkey's clock every end would seem to have
        passed, and a lot once closed is never opened again. Bidders hear "busy" meanwhile. This
        machine's clock may be as wrong as Valkey's; so each commit asks PostgreSQL's again.
        """
        if log_ms(log) - self._clock.wall_s() * 1000 > self._limits.clock_tolerance_ms:
            await self._until_ledgers_clock_agrees(log)

    async def _until_ledgers_clock_agrees(self, log: str) -> None:
        tolerance_ms, told = self._limits.clock_tolerance_ms, False
        while True:
            ahead_ms = log_ms(log) - await self._line.until_done(self._store.server_ms)
            if ahead_ms <= tolerance_ms:
                return
            if not told:
                told = True
                metrics.INCIDENTS.labels("clock").inc()
                _log.error("clock_in_doubt", shard=self._shard, log_ahead_ms=ahead_ms)
            await asyncio.sleep(RETRY_S)

    def _measure(self, outcome: Outcome, commands: int, length: int) -> None:
        metrics.BATCH_SIZE.labels(self._shard).observe(commands)
        metrics.INBOX_LENGTH.labels(self._shard).set(length)
        metrics.LOG_MINUS_WALL_MS.labels(self._shard).set(
            log_ms(outcome.consumed) - self._clock.wall_s() * 1000
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
