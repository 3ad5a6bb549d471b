"""The gateway: connections on one side, the log on the other."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from typing import Any

import asyncpg
from redis.asyncio import Redis
from redis.exceptions import RedisError
from websockets.http11 import Request
from websockets.protocol import State

from auction_engine import metrics
from auction_engine.bidding.client import LogClient
from auction_engine.bidding.logclock import LogClock
from auction_engine.bidding.tasks import end, must_live
from auction_engine.identity import tickets
from auction_engine.live.announced import Announced
from auction_engine.live.bids import Bids
from auction_engine.live.closing import (
    BAD_TICKET,
    FLOOD,
    FULL,
    NO_HELLO,
    SIGNED_OUT,
    SILENT,
    SLOW,
    STOPPING,
    Bye,
)
from auction_engine.live.connection import LiveConnection
from auction_engine.live.door import Door, Refusal
from auction_engine.live.elsewhere import Elsewhere
from auction_engine.live.endings import Endings
from auction_engine.live.messages import error
from auction_engine.live.outbid import leaders, overtaken
from auction_engine.live.presence import Presence
from auction_engine.live.rooms import Rooms
from auction_engine.live.views import LotView, Views
from auction_engine.rules.lot import BEFORE_OPENING
from auction_engine.settings import Settings

RESUME_S = 60
_MOST_HELD = 64
# Lots that all clients together wait to be read; each costs a connection to the ledger.
_LOOKUPS_WAITING = 2_000
# Tickets looked at in one moment, so that a rush of them leaves the log its connections.
_REDEEMED_AT_ONCE = 16
_SWEEP_S = 1.0
_NOT_PUBLIC = BEFORE_OPENING[:2]


class Gateway:
    """Everything one process knows of its clients. `start` before use, `stop` at the end."""

    def __init__(self, settings: Settings, redis: Redis) -> None:
        self.settings = settings
        self.limits = settings.limits
        self.redis = redis
        self.views = Views(settings.database_url or "")
        self.rooms = Rooms(self.limits.update_interval_ms / 1000)
        self.clock = LogClock(redis)
        self.log = LogClient(
            redis,
            settings.database_url or "",
            settings.shards,
            self.limits,
            on_events=self._recorded,
            on_gap=self.views.read_shard,
            on_death=self._fail,
        )
        self.views.on_change = self.rooms.changed
        # Called in the loop's own turn with a lot and who has just lost the lead: must not wait.
        self.on_outbid: Callable[[int, int], None] = lambda lot, bidder: None
        self._connections: set[LiveConnection] = set()
        self._elsewhere = Elsewhere()
        self.door = Door(settings)
        self._tasks: set[asyncio.Task[None]] = set()
        self._seeking = 0
        self._redeeming = asyncio.Semaphore(_REDEEMED_AT_ONCE)
        self.bids = Bids(self.log, self.views, self.limits, self._spawn)
        url = settings.database_url or ""
        self._endings = Endings(redis, url, self._sessions, self.signed_out)
        self.announced = Announced(redis, url, self.rooms.tell)
        self.rooms.announced = self.announced.frame
        self.presence = Presence(redis, self.rooms, self.clock.now_ms)
        self._failure: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.views.in_use = lambda lot: self.rooms.viewers(lot) > 0
        self._serving = True

    async def start(self) -> None:
        """Follow the log; returns when every live lot is known."""
        await self.log.start()
        parts = (self._endings.run(), self.announced.run(), self.presence.run())
        for job in (self.clock.run(), self._sweep(), *parts):
            must_live(self._spawn(job), self._fail)

    async def stop(self) -> None:
        """Send everybody away and let go of the log."""
        self._serving = False
        for connection in list(self._connections):
            connection.end(STOPPING)
        await end(self._tasks)
        await self.log.stop()
        await self.views.stop()
        self.rooms.close()

    def _recorded(self, shard: int, epoch: int, entries: list[dict[str, Any]]) -> None:
        """The log's entries of one batch; the bids among them were answered already."""
        led = leaders(self.views, entries)
        self.views.take(shard, epoch, entries)
        self._elsewhere.tell(entries)
        for lot, bidder in led.items():
            if overtaken(self.views.get(lot), bidder):
                self.on_outbid(lot, bidder)

    def is_serving(self) -> bool:
        """Asked by websockets before a handshake is answered."""
        return self._serving

    # --- connections come and go ------------------------------------------------------------

    def new_connection(self, **_: Any) -> LiveConnection:
        """A protocol for one WebSocket: what uvicorn's `ws` slot calls."""
        return LiveConnection(self, self.limits)

    def refuse(self, connection: LiveConnection, request: Request) -> Refusal | None:
        """Why a handshake is refused, or None."""
        return self.door.refuse(connection, request, self._serving, len(self._connections))

    def opened(self, connection: LiveConnection) -> None:
        """A handshake succeeded."""
        self._connections.add(connection)
        self.door.entered(connection)
        metrics.CONNECTIONS.set(len(self._connections))

    def lost(self, connection: LiveConnection) -> None:
        """A connection is gone, for whatever reason."""
        if connection not in self._connections:
            return
        self._connections.discard(connection)
        self.door.left(connection)
        self._elsewhere.left(connection)
        for lot in connection.lots:
            self.rooms.leave(lot, connection)
        metrics.VIEWERS.dec(len(connection.lots))
        metrics.CONNECTIONS.set(len(self._connections))

    def evicted(self, bye: Bye) -> None:
        metrics.EVICTIONS.labels(bye.label).inc()

    def flooded(self, connection: LiveConnection, bid_id: str | None = None) -> None:
        """A client sends faster than it may; `bid_id` is that of the bid not looked at, if any."""
        if connection.flooding:
            connection.end(FLOOD)
            connection.stop_reading()
        else:
            connection.say(error("RATE_LIMITED", bid_id=bid_id))

    async def _sweep(self) -> None:
        """Ping the quiet, cut the silent and the slow; a slice of the clients each second."""
        limits = self.limits
        while True:
            await asyncio.sleep(_SWEEP_S)
            now_s = asyncio.get_running_loop().time()
            self.bids.forget_idle(now_s)
            for count, connection in enumerate(list(self._connections)):
                if count % 500 == 499:
                    await asyncio.sleep(0)
                quiet_s = now_s - connection.heard_s
                if connection.protocol.state is not State.OPEN:
                    continue  # on its way out, with its own deadline
                if (
                    not connection.greeted
                    and connection.held is None
                    and now_s - connection.made_s > limits.hello_timeout_s
                ):
                    connection.end(NO_HELLO)
                elif connection.paused and now_s - connection.paused_s > limits.ping_timeout_s:
                    connection.cut(SLOW)
                elif connection.pinged_s is not None:
                    if now_s - connection.pinged_s > limits.ping_timeout_s:
                        connection.end(SILENT)
                elif quiet_s > limits.ping_interval_s:
                    connection.pinged_s = now_s
                    connection.protocol.send_ping(b"")
                    connection.send_data()

    # --- what clients say -------------------------------------------------------------------

    def said(self, connection: LiveConnection, message: dict[str, Any]) -> None:
        """Act on one checked message."""
        kind = message["t"]
        if connection.greeted and (kind == "bid" or kind == "seal"):
            self.bids.take(connection, message)
        elif kind == "time":
            connection.say({"t": "time", "at": message["at"], "now_ms": self.clock.now_ms()})
        elif kind == "hello":
            self._hello(connection, message)
        elif not connection.greeted:
            self._hold(connection, message)
        elif kind == "watch":
            self._watch(connection, message)
        elif kind == "unwatch":
            self._unwatch(connection, message["lot"])

    def _hello(self, connection: LiveConnection, message: dict[str, Any]) -> None:
        if connection.greeted or connection.held is not None:
            connection.say(error("BAD_MESSAGE", "The hello was said already."))
            return
        connection.held = []
        if "ticket" in message:
            self._spawn(self._redeem(connection, message["ticket"]))
        else:
            onlookers = self.limits.connections_max * self.limits.onlookers_share
            if len(self._connections) > onlookers:
                connection.end(FULL)  # the rest is for bidders who come back
            else:
                self._greet(connection, None)

    async def _redeem(self, connection: LiveConnection, ticket: str) -> None:
        try:
            async with self._redeeming:
                holder = await tickets.redeem(self.redis, ticket)
                if holder is not None:
                    # First, so that a sign-out from now on finds this connection.
                    connection.session = holder.session
                    if await tickets.ended(self.redis, holder.session):
                        holder = None
        except (RedisError, OSError):
            connection.end(STOPPING)  # fail closed: nobody is let in unchecked
            return
        if connection not in self._connections or connection.protocol.state is not State.OPEN:
            return  # gone, or its session ended while the ticket was looked at
        if holder is None:
            connection.end(BAD_TICKET)
        else:
            self._greet(connection, holder.account)

    def _greet(self, connection: LiveConnection, bidder: int | None) -> None:
        connection.bidder = bidder
        connection.greeted = True
        self._elsewhere.entered(connection)
        connection.say(
            {
                "t": "welcome",
                "now_ms": self.clock.now_ms(),
                "bidder": bidder is not None,
                "resume_s": RESUME_S,
            }
        )
        held, connection.held = connection.held or [], None
        for message in held:
            self.said(connection, message)

    def _hold(self, connection: LiveConnection, message: dict[str, Any]) -> None:
        """Keep what a client said while its ticket is looked at."""
        if connection.held is None or len(connection.held) >= _MOST_HELD:
            connection.say(error("BAD_MESSAGE", "Say hello first."))
        else:
            connection.held.append(message)

    def _watch(self, connection: LiveConnection, message: dict[str, Any]) -> None:
        lot = message["lot"]
        if lot in connection.sought:
            return
        followed = len(connection.lots) + len(connection.sought)
        if lot not in connection.lots and followed >= self.limits.lots_per_connection:
            connection.say(error("TOO_MANY_LOTS"))
            return
        position = None
        if "epoch" in message and "seq" in message:
            position = (message["epoch"], message["seq"])
        if self.views.get(lot) is not None:
            self._join(connection, lot, position)
        elif self._seeking >= _LOOKUPS_WAITING:
            connection.say(error("RATE_LIMITED"))
        else:
            connection.sought.add(lot)
            self._spawn(self._find_and_join(connection, lot, position))

    async def _find_and_join(
        self, connection: LiveConnection, lot: int, position: tuple[int, int] | None
    ) -> None:
        self._seeking += 1
        try:
            found = await self.views.find(lot)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
            connection.end(STOPPING)
            return
        finally:
            self._seeking -= 1
        if lot not in connection.sought or connection not in self._connections:
            return
        connection.sought.discard(lot)
        if found is None:
            connection.say(error("UNKNOWN_LOT"))
        else:
            self._join(connection, lot, position)

    def _join(self, connection: LiveConnection, lot: int, position: tuple[int, int] | None) -> None:
        view = self.views.get(lot)
        assert view is not None
        if view.state is not None and view.state.status in _NOT_PUBLIC:
            # A file that is only begun is nobody's business.
            connection.say(error("UNKNOWN_LOT"))
            return
        if lot not in connection.lots:
            connection.lots.add(lot)
            metrics.VIEWERS.inc()
        self._enter(connection.bidder, view)
        if connection.ready:
            self.rooms.join(view, connection, position)

    def _enter(self, bidder: int | None, view: LotView) -> None:
        """An admitted bidder who follows the lot is in the room: that is recorded, once.

        Said before the opening too: whoever waits at the door then was not absent.
        """
        state = view.state
        if (
            bidder is not None
            and state is not None
            and state.params.terms is not None
            and state.phase != "closed"
            and bidder in state.admitted
            and bidder not in state.life.present
        ):
            self.log.enter(view.shard, view.lot, bidder)

    def fell_behind(self, connection: LiveConnection) -> None:
        """A client does not read, or is going: it gets no more updates until `caught_up`."""
        for lot in connection.lots:
            self.rooms.leave(lot, connection)

    def caught_up(self, connection: LiveConnection) -> None:
        """A client that was behind reads again: it gets a whole snapshot of each of its lots."""
        for lot in connection.lots - connection.sought:
            if self.views.get(lot) is not None:
                self._join(connection, lot, None)
            else:  # forgotten meanwhile: it had closed
                connection.sought.add(lot)
                self._spawn(self._find_and_join(connection, lot, None))

    def _unwatch(self, connection: LiveConnection, lot: int) -> None:
        connection.sought.discard(lot)
        if lot in connection.lots:
            connection.lots.discard(lot)
            metrics.VIEWERS.dec()
            self.rooms.leave(lot, connection)

    def signed_out(self, session: bytes) -> None:
        """Close what the signed-out browser had open (`session` as in its tickets)."""
        for connection in list(self._connections):
            if session and connection.session == session:
                connection.end(SIGNED_OUT)

    def _sessions(self) -> set[bytes]:
        return {connection.session for connection in self._connections if connection.session}

    def _spawn(self, job: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        task = asyncio.create_task(job)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _fail(self, error: BaseException) -> None:
        if not self._failure.done():
            self._failure.set_exception(error)

    async def until_failed(self) -> None:
        """Return never; raise what ended a task without which the gateway is of no use."""
        await asyncio.shield(self._failure)

    async def probe(self) -> float:
        """Seconds a command takes through every shard's log and back. Raises LogUnanswered."""
        return max([await self.log.probe(shard) for shard in range(self.settings.shards)])


@contextlib.asynccontextmanager
async def running(settings: Settings, redis: Redis):  # type: ignore[no-untyped-def]
    """A started gateway, stopped at the end of the block."""
    gateway = Gateway(settings, redis)
    await gateway.start()
    try:
        yield gateway
    finally:
        await gateway.stop()
