"""Bidders as a page is one: each bid has its id, is sent until answered, on whichever gateway."""

from __future__ import annotations

import asyncio
import random
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

import orjson
from redis.asyncio import Redis
from redis.exceptions import RedisError
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, WebSocketException
from websockets.typing import Subprotocol

from auction_engine.identity import tickets

RESEND_S = 1.0


@dataclass
class Sent:
    """One bid and all that its bidder heard of it."""

    lot: int
    bidder: int
    bid_id: str
    amount_minor: int
    first_ns: int
    answers: list[tuple[int, dict[str, Any]]] = field(default_factory=list)  # when, what
    tries: int = 0
    error: str | None = None


@dataclass
class History:
    """What clients saw: the only witness against the ledger."""

    bids: dict[tuple[int, str], Sent] = field(default_factory=dict)
    frames: list[tuple[str, dict[str, Any]]] = field(default_factory=list)  # viewer, frame
    acknowledged: int = 0
    newest: dict[int, int] = field(default_factory=dict)  # lot: monotonic ns of its last "recorded"
    closed: set[int] = field(default_factory=set)
    reconnects: int = 0

    def unanswered(self) -> list[Sent]:
        return [b for b in self.bids.values() if not b.answers and b.error is None]


class Bidder:
    """One page. `lots` are followed and bid for until `stop` is set and all is answered."""

    def __init__(
        self,
        account: int,
        code: str,
        lots: list[int],
        ports: list[int],
        redis: Redis,
        history: History,
        chance: random.Random,
        stop: asyncio.Event,
    ) -> None:
        self.account, self.code, self.lots, self.ports = account, code, lots, ports
        self.redis, self.history, self.chance, self.stop = redis, history, chance, stop
        self.minimum: dict[int, int | None] = {}
        self.position: dict[int, tuple[int, int]] = {}
        self.open: dict[str, Sent] = {}
        self.done: list[Sent] = []
        self.connections = 0

    async def run(self) -> None:
        while not (self.stop.is_set() and not self.open):
            try:
                port = self.chance.choice(self.ports)
                ticket = await tickets.issue(self.redis, self.account, 30)
                address = f"ws://127.0.0.1:{port}/live"
                async with connect(
                    address,
                    subprotocols=[Subprotocol("auction.v1")],
                    compression=None,
                    open_timeout=3,
                    close_timeout=0.5,
                    ping_interval=None,
                ) as socket:
                    self.connections += 1
                    await self._session(socket, ticket)
            except (
                OSError,
                RedisError,
                TimeoutError,
                WebSocketException,
                InvalidHandshake,
                EOFError,
            ):
                self.history.reconnects += 1
                await asyncio.sleep(0.2 + 0.4 * self.chance.random())

    async def _session(self, socket: ClientConnection, ticket: str) -> None:
        await _say(socket, {"t": "hello", "ticket": ticket})
        for lot in self.lots:
            place = self.position.get(lot)
            where = {} if place is None else {"epoch": place[0], "seq": place[1]}
            await _say(socket, {"t": "watch", "lot": lot, **where})
        for bid in self.open.values():
            await self._send(socket, bid)
        bidding = asyncio.create_task(self._bid(socket))
        try:
            async for data in socket:
                await self._hear(socket, orjson.loads(data))
                if self.stop.is_set() and not self.open:
                    return
        finally:
            bidding.cancel()
            await asyncio.gather(bidding, return_exceptions=True)

    async def _bid(self, socket: ClientConnection) -> None:
        sent_s = time.monotonic()
        while True:
            await asyncio.sleep(0.02 + 0.1 * self.chance.random())
            if self.open:
                if time.monotonic() - sent_s > RESEND_S:
                    sent_s = time.monotonic()
                    for bid in list(self.open.values()):
                        await self._send(socket, bid)
                continue
            if self.stop.is_set():
                await socket.close()
                return
            ready = [lot for lot in self.lots if self.minimum.get(lot)]
            if not ready:
                continue
            if self.done and self.chance.random() < 0.1:  # a repeat of what was answered long ago
                await self._send(socket, self.chance.choice(self.done))
            lot = self.chance.choice(ready)
            amount = (self.minimum[lot] or 0) + self.chance.choice([-5, 0, 0, 0, 10, 30])
            bid = Sent(lot, self.account, str(uuid.uuid4()), amount, time.monotonic_ns())
            self.history.bids[bid.bidder, bid.bid_id] = bid
            self.open[bid.bid_id] = bid
            sent_s = time.monotonic()
            await self._send(socket, bid)

    async def _send(self, socket: ClientConnection, bid: Sent) -> None:
        bid.tries += 1
        await _say(
            socket,
            {
                "t": "bid",
                "lot": bid.lot,
                "bid_id": bid.bid_id,
                "amount_minor": bid.amount_minor,
            },
        )

    async def _hear(self, socket: ClientConnection, message: dict[str, Any]) -> None:
        kind = message["t"]
        if kind in ("recorded", "refused"):
            self._answered(message)
        elif kind in ("snapshot", "update"):
            await self._see(socket, message)
        elif kind == "error" and "bid_id" in message:
            bid = self.history.bids[self.account, message["bid_id"]]
            # A gateway that has just started may not know the lot yet: nothing was recorded.
            if message["code"] != "UNKNOWN_LOT":
                bid.error = message["code"]
                self.open.pop(bid.bid_id, None)

    def _answered(self, message: dict[str, Any]) -> None:
        now = time.monotonic_ns()
        bid = self.history.bids[self.account, message["bid_id"]]
        bid.answers.append((now, message))
        if self.open.pop(bid.bid_id, None) is not None:
            self.done = [*self.done[-20:], bid]
            self.history.acknowledged += 1
        if message["t"] == "recorded" and not message["repeat"]:
            self.history.newest[bid.lot] = now
        elif message["t"] == "refused" and message["reason"] == "CLOSED":
            self.minimum[bid.lot] = None

    async def _see(self, socket: ClientConnection, message: dict[str, Any]) -> None:
        lot, state = message["lot"], message["state"]
        self.history.frames.append((f"{self.account}/{self.connections}", message))
        here = self.position.get(lot)
        if message["t"] == "update" and (here is None or here[1] != message["from"]):
            await _say(socket, {"t": "watch", "lot": lot})
            return
        self.position[lot] = (message["epoch"], message["seq"])
        self.minimum[lot] = state["minimum_minor"] if state["phase"] == "open" else None
        if state["leader"] == self.code:
            self.minimum[lot] = None  # bids against oneself are refused; wait for others
        if state["phase"] == "closed":
            self.history.closed.add(lot)


async def _say(socket: ClientConnection, message: dict[str, Any]) -> None:
    await socket.send(orjson.dumps(message).decode())
