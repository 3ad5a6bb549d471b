"""The two ways a bid is sent: straight into the log, and over live connections."""

from __future__ import annotations

import asyncio
import functools
import gc
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis

from auction_engine.bidding.client import LogClient
from auction_engine.identity import tickets
from loadtests import storm
from loadtests.instance import START_MINOR, Instance, open_lot
from loadtests.rowlock import cpu_per_1000
from loadtests.storm import Storm
from loadtests.wsclient import Socket, connect, message

_FIND = b'"bid_id":"'
_KINDS = {b"re": storm.RECORDED, b"bu": storm.BUSY, b"er": storm.ERROR}


@dataclass(frozen=True)
class Crowd:
    """Who bids. `low_every`: each so many-th bid is too low and is recorded as refused."""

    bidders: int
    low_every: int
    warmup_s: float


class Numbers:
    """Bid ids that carry their number in the last twelve digits, and each bid's amount."""

    def __init__(self, low_every: int) -> None:
        self.prefix = str(uuid.uuid4())[:24]
        self._low_every = low_every

    def bid_id(self, number: int) -> str:
        return f"{self.prefix}{number:012d}"

    def amount(self, number: int) -> int:
        low = self._low_every and number % self._low_every == self._low_every - 1
        return 1 if low else START_MINOR + number


class Bidder(Socket):
    """A bidder's page: sends prepared frames, finds the bid's number in the bytes of an answer."""

    def __init__(self) -> None:
        super().__init__()
        self.storm: Storm | None = None
        self.prefix = b""
        self.welcomed = asyncio.get_running_loop().create_future()
        self.snapshots = asyncio.Queue[None]()
        self.updates = 0

    def text(self, data: bytes, start: int, end: int) -> None:
        kind = data[start + 6 : start + 8]  # after {"t":"
        if kind == b"up":
            self.updates += 1
        elif kind in _KINDS:
            self._answer(data, start, end, _KINDS[kind])
        elif kind == b"sn":
            self.snapshots.put_nowait(None)
        elif kind == b"we":
            self.welcomed.set_result(None)

    def _answer(self, data: bytes, start: int, end: int, outcome: int) -> None:
        at = data.find(_FIND, start, end)
        run, place = self.storm, at + len(_FIND)
        if at < 0 or run is None or data[place : place + 24] != self.prefix:
            return
        if data[start + 8 : start + 9] == b"f":
            outcome = storm.REFUSED
        run.answered(int(data[place + 24 : place + 36]), outcome, time.perf_counter())


async def connect_bidders(instance: Instance, redis: Redis, count: int) -> list[Bidder]:
    """Signed-in live connections of bidders 1 to `count`."""
    bidders: list[Bidder] = []
    for number in range(1, count + 1):
        bidder = await connect(Bidder(), instance.gateway_port)
        ticket = await tickets.issue(redis, number, 30)
        bidder.transport.write(message(t="hello", ticket=ticket))
        async with asyncio.timeout(30):
            await bidder.welcomed
        bidders.append(bidder)
    return bidders


async def _lot(instance: Instance, redis: Redis, bidders: int, before: int | None) -> int:
    """A fresh lot, so that no run stands on another's history; the last one is closed."""
    log = instance.log(redis)
    await log.start()
    try:
        if before is not None:
            await log.close_lot(0, before)
        lot = instance.new_lot()
        await open_lot(log, lot, bidders)
        return lot
    finally:
        await log.stop()


async def _measure(
    instance: Instance, run: Storm, cost: Callable[[], dict[str, Any]]
) -> dict[str, Any]:
    """Run a storm and take what it cost meanwhile."""
    # What was prepared is not garbage; looking through it would be charged to the bids.
    gc.collect()
    gc.freeze()
    try:
        cpu, counters = instance.cpu_s(), instance.counters()
        await run.run()
        spent = cpu_per_1000(cpu, instance.cpu_s(), run.bids)
    finally:
        gc.unfreeze()
    instance.check()
    batch = _mean(counters, instance.counters(), "auction_batch_commands")
    commit_s = _mean(counters, instance.counters(), "auction_commit_seconds")
    sizes = {
        "batch_mean": None if batch is None else round(batch, 1),
        "commit_mean_ms": None if commit_s is None else round(1000 * commit_s, 3),
    }
    return run.figures() | spent | sizes | cost()


def _mean(before: dict[str, float], after: dict[str, float], name: str) -> float | None:
    """The mean of what a histogram has taken in between."""
    total, count = (
        after.get(name + end, 0.0) - before.get(name + end, 0.0) for end in ("_sum", "_count")
    )
    return total / count if count else None


class OverLog:
    """Bids straight from this process: inbox, recorder, ledger, events, answer."""

    def __init__(self, instance: Instance, crowd: Crowd, redis: Redis) -> None:
        self._instance, self._crowd, self._redis = instance, crowd, redis
        self._lot: int | None = None

    async def run(self, rate: float, seconds: float) -> dict[str, Any]:
        """One open-loop run at `rate`."""
        crowd = self._crowd
        lot = self._lot = await _lot(self._instance, self._redis, crowd.bidders, self._lot)
        log = self._instance.log(self._redis)
        await log.start()
        try:
            run = Storm(rate, seconds, crowd.warmup_s)
            run.send = self._sender(log, lot, run)
            return await _measure(self._instance, run, dict)
        finally:
            await log.stop()

    def _sender(self, log: LogClient, lot: int, run: Storm) -> Callable[[int], None]:
        numbers, bidders, bid = Numbers(self._crowd.low_every), self._crowd.bidders, log.bid
        ids = [numbers.bid_id(number) for number in range(run.bids)]
        amounts = [numbers.amount(number) for number in range(run.bids)]
        clock, answered = time.perf_counter, run.answered

        def answer(number: int, entry: dict[str, Any] | None, code: str | None, _: bool) -> None:
            if entry is not None:
                taken = entry["kind"] == "bid.accepted"
                answered(number, storm.RECORDED if taken else storm.REFUSED, clock())
            else:
                answered(number, storm.BUSY if code == "BUSY" else storm.ERROR, clock())

        def send(number: int) -> None:
            sink = functools.partial(answer, number)
            bid(0, lot, 1 + number % bidders, ids[number], amounts[number], sink)

        return send


class OverLive:
    """Bids over WebSockets through the gateway; every bidder also watches the lot."""

    def __init__(self, instance: Instance, crowd: Crowd, redis: Redis) -> None:
        self._instance, self._crowd, self._redis = instance, crowd, redis
        self._lot: int | None = None
        self._bidders: list[Bidder] = []

    async def run(self, rate: float, seconds: float) -> dict[str, Any]:
        """One open-loop run at `rate`."""
        crowd, before = self._crowd, self._lot
        if not self._bidders:
            self._bidders = await connect_bidders(self._instance, self._redis, crowd.bidders)
        lot = self._lot = await _lot(self._instance, self._redis, crowd.bidders, before)
        await self._watch(lot, before)
        run = Storm(rate, seconds, crowd.warmup_s)
        run.send = self._sender(lot, run)
        updates = sum(bidder.updates for bidder in self._bidders)

        def cost() -> dict[str, Any]:
            seen = sum(bidder.updates for bidder in self._bidders) - updates
            span_s = (seconds + crowd.warmup_s) * crowd.bidders
            lost = sum(bidder.lost for bidder in self._bidders)
            return {"updates_per_s_each": round(seen / span_s, 2), "connections_lost": lost}

        return await _measure(self._instance, run, cost)

    async def _watch(self, lot: int, before: int | None) -> None:
        for bidder in self._bidders:
            if before is not None:
                bidder.transport.write(message(t="unwatch", lot=before))
            bidder.transport.write(message(t="watch", lot=lot))
        async with asyncio.timeout(30):
            await asyncio.gather(*(bidder.snapshots.get() for bidder in self._bidders))

    def _sender(self, lot: int, run: Storm) -> Callable[[int], None]:
        numbers, count = Numbers(self._crowd.low_every), len(self._bidders)
        frames = [
            message(t="bid", lot=lot, bid_id=numbers.bid_id(n), amount_minor=numbers.amount(n))
            for n in range(run.bids)
        ]
        for bidder in self._bidders:
            bidder.storm, bidder.prefix = run, numbers.prefix.encode()
        writes = [bidder.transport.write for bidder in self._bidders]

        def send(number: int) -> None:
            writes[number % count](frames[number])

        return send

    def close(self) -> None:
        for bidder in self._bidders:
            bidder.transport.abort()
