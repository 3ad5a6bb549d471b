"""What a process needs to speak with the log: send commands, get answers, follow events."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

from redis.asyncio import Redis

from auction_engine.bidding import wire
from auction_engine.bidding.follower import Follower
from auction_engine.bidding.inbox import Inbox
from auction_engine.bidding.pending import BidKey, Pending, Sink, Waiting
from auction_engine.bidding.ports import CLOCK, Clock, Ledger, LogOf, ShardLog
from auction_engine.bidding.tasks import OnDeath, end, must_live, tell_loop
from auction_engine.bidding.valkey import ValkeyLog
from auction_engine.errors import AuctionError
from auction_engine.ledger import store
from auction_engine.rules.commands import Act, CommandRefused
from auction_engine.rules.params import LotParams
from auction_engine.settings import Limits

# A bid unanswered for this long is sent again: it may have been lost with Valkey's data.
_RESEND_S = 2.0
_LOOK_S = 0.5
# Resending stops while this many commands wait for Valkey: more of them would not help it.
_MOST_WAITING = 1_000
# How often one bid may wait for its one answer (tabs, impatient repeats).
_MOST_SINKS = 16

OnEvents = Callable[[int, int, list[dict[str, Any]]], None]  # shard, epoch, entries
OnGap = Callable[[int], Awaitable[None]]  # shard


class LogUnanswered(AuctionError):
    """The log did not answer in time; what was asked may or may not have happened."""


class LogClient:
    """One process's way to the log: an inbox and a follower for each shard.

    `on_events` is called with each batch's entries after waiting bids were answered; `on_gap` is
    awaited when views must be read from the ledger again. `on_death` is told when one of its tasks
    ends by an error: nothing works without them, so the process should end.
    """

    def __init__(
        self,
        redis: Redis,
        database_url: str,
        shards: int,
        limits: Limits,
        on_events: OnEvents | None = None,
        on_gap: OnGap | None = None,
        on_death: OnDeath = tell_loop,
        *,
        ledger: Ledger = store,
        log_of: LogOf = ValkeyLog,
        clock: Clock = CLOCK,
    ) -> None:
        self._database_url = database_url
        self._ledger = ledger
        self._clock = clock
        self._on_events = on_events
        self._on_gap = on_gap
        self._on_death = on_death
        self._requests: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self.pending = Pending(limits.gateway_inflight_max, limits.bids_waiting_per_bidder)
        logs = [log_of(redis, shard) for shard in range(shards)]
        self.inboxes = [Inbox(log, limits.inbox_max) for log in logs]
        self.followers = [self._follower(log) for log in logs]

    def _follower(self, log: ShardLog) -> Follower:
        shard = log.shard
        return Follower(log, lambda batch: self._batch(shard, batch), lambda: self._gap(shard))

    @property
    def shards(self) -> int:
        """How many shards it speaks with; lots of others are out of reach."""
        return len(self.inboxes)

    async def start(self) -> None:
        """Begin; returns once every shard's present state is known. The caller must `stop`."""
        for inbox in self.inboxes:
            must_live(inbox.start(), self._on_death)
        self._tasks = [asyncio.create_task(f.run(), name="follow") for f in self.followers]
        self._tasks.append(asyncio.create_task(self._resend(), name="resend"))
        for task in self._tasks:
            must_live(task, self._on_death)
        await asyncio.gather(*(f.in_step.wait() for f in self.followers))

    async def stop(self) -> None:
        """End all tasks; waiting bids stay unanswered, their clients will send them again."""
        await end(self._tasks)
        for inbox in self.inboxes:
            await inbox.stop()

    def bid(
        self,
        shard: int,
        lot: int,
        bidder: int,
        bid_id: str,
        amount_minor: int,
        sink: Sink,
        how: dict[str, Any] | None = None,
    ) -> None:
        """Send a bid; `sink` is called once with its outcome, unless this process ends first.

        Error codes given to `sink`: BUSY and RATE_LIMITED (nothing recorded), BID_ID_REUSED,
        UNKNOWN_LOT. The caller has checked amount, id, lot, bidder and `how` (`wire.is_how`).
        """
        command = wire.encode_bid(lot, bidder, bid_id, amount_minor, how)
        automatic = how is not None and "automatic" in how
        self._send((bidder, bid_id), shard, lot, amount_minor, command, sink, automatic)

    def seal(self, shard: int, lot: int, bidder: int, bid_id: str, box: str, sink: Sink) -> None:
        """Send a sealed bid; otherwise like `bid`. The caller has checked the box's shape."""
        command = wire.encode_seal(lot, bidder, bid_id, box)
        self._send((bidder, bid_id), shard, lot, None, command, sink, False, box)

    def _send(
        self,
        key: BidKey,
        shard: int,
        lot: int,
        amount_minor: int | None,
        command: bytes,
        sink: Sink,
        automatic: bool,
        box: str | None = None,
    ) -> None:
        waiting = self.pending.get(key)
        if waiting is not None:
            if waiting.command != command:
                sink(None, "BID_ID_REUSED", False)
            else:
                # Of too many that wait for the one answer the oldest is forgotten: to call it
                # busy would say that nothing is recorded.
                waiting.sinks.append(sink)
                del waiting.sinks[:-_MOST_SINKS]
            return
        if self.pending.crowded(key[0]):
            sink(None, "RATE_LIMITED", False)
            return
        if self.pending.full:
            sink(None, "BUSY", False)
            return
        now_s = self._clock.steady_s()
        self.pending.add(
            key, Waiting(shard, lot, amount_minor, command, [sink], now_s, automatic, box)
        )
        self.inboxes[shard].put(command, lambda: self.pending.busy(key))

    def enter(self, shard: int, lot: int, bidder: int) -> None:
        """An admitted bidder is in the room; nobody waits for an answer."""
        self.inboxes[shard].put(wire.encode_enter(lot, bidder))

    async def act(self, shard: int, lot: int, act: Act) -> None:
        """A person's act in the life of a lot. Raises CommandRefused or LogUnanswered."""
        await self._request(shard, lambda req: wire.encode_act(lot, act, req), once=True)

    async def draft_lot(self, shard: int, lot: int, params: LotParams) -> None:
        """Begin a lot's file. Raises CommandRefused or LogUnanswered."""
        await self._request(shard, lambda req: wire.encode_list(lot, params, req, draft=True))

    async def list_lot(self, shard: int, lot: int, params: LotParams) -> None:
        """Put a lot up. Raises CommandRefused or LogUnanswered."""
        await self._request(shard, lambda req: wire.encode_list(lot, params, req))

    async def admit(self, shard: int, lot: int, bidder: int, code: str, robot: bool) -> None:
        """Admit a bidder. Raises CommandRefused or LogUnanswered."""
        await self._request(shard, lambda req: wire.encode_admit(lot, bidder, code, robot, req))

    async def close_lot(self, shard: int, lot: int) -> None:
        """The auctioneer closes a lot. Raises CommandRefused or LogUnanswered."""
        await self._request(shard, lambda req: wire.encode_close(lot, req), once=True)

    async def probe(self, shard: int, timeout_s: float = 3) -> float:
        """Send a command through the whole log and back; return the seconds it took."""
        started = self._clock.steady_s()
        await self._request(shard, wire.encode_probe, timeout_s)
        return self._clock.steady_s() - started

    async def _request(
        self,
        shard: int,
        encode: Callable[[str], bytes],
        timeout_s: float = 15,
        once: bool = False,
    ) -> None:
        req = uuid.uuid4().hex
        future = asyncio.get_running_loop().create_future()
        self._requests[req] = future
        try:
            self.inboxes[shard].put(encode(req), lambda: self._busy(req), once)
            async with asyncio.timeout(timeout_s):
                reply = await future
        except TimeoutError:
            raise LogUnanswered(
                f"The log of shard {shard} did not answer within {timeout_s:g} s."
            ) from None
        finally:
            del self._requests[req]
        if not reply["ok"]:
            raise CommandRefused(reply["code"], reply["text"])

    def _busy(self, req: str) -> None:
        future = self._requests.get(req)
        if future is not None and not future.done():
            future.set_result({"ok": False, "code": "BUSY", "text": "The log is full; try again."})

    def _batch(self, shard: int, batch: dict[str, Any]) -> None:
        answer = self.pending.answer
        for entry in batch["events"]:
            if "bid_id" in entry:
                answer(entry, False)
        for reply in batch["answers"]:
            self._reply(reply)
        if self._on_events is not None and batch["events"]:
            self._on_events(shard, batch["epoch"], batch["events"])

    def _reply(self, reply: dict[str, Any]) -> None:
        if "req" in reply:
            future = self._requests.get(reply["req"])
            if future is not None and not future.done():
                future.set_result(reply)
        elif "entry" in reply:
            self.pending.answer(reply["entry"], True)
        else:
            key = (reply["bidder"], reply["bid_id"])
            waiting = self.pending.get(key)
            if waiting is not None and waiting.is_for(reply):
                self.pending.fail(key, reply["error"])

    async def _gap(self, shard: int) -> None:
        """Batches were missed: what waits may be recorded already, so ask the ledger."""
        if waiting := self.pending.keys():
            connection = await self._ledger.connect(
                self._database_url, application="auction-gateway"
            )
            try:
                found = await self._ledger.first_answers(connection, waiting)
            finally:
                connection.terminate()
            for entry in found.values():
                self.pending.answer(entry, True)
        if self._on_gap is not None:
            await self._on_gap(shard)

    async def _resend(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_S)
            for waiting in self.pending.overdue(self._clock.steady_s(), _RESEND_S):
                inbox = self.inboxes[waiting.shard]
                if inbox.reachable and inbox.waiting < _MOST_WAITING:
                    inbox.put(waiting.command)
