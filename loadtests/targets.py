"""The three servers that fan out: ours, a bare one, and nginx with nchan."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg
import orjson

from auction_engine.bidding import keys
from auction_engine.bidding.client import LogClient
from loadtests import nchan
from loadtests.instance import START_MINOR, Instance, open_lot
from loadtests.worker import Worker


@dataclass(frozen=True)
class Sent:
    """One message given to the sender under test. `seq`: its journal entry, if it is one."""

    at_s: float
    seq: int | None = None
    announced_s: float | None = None


@dataclass
class Target:
    """A server that fans out. `drive` makes it send for some seconds and says what it sent."""

    pid: int
    port: int
    drive: Callable[[float], Awaitable[list[Sent]]]
    path: str = "/"
    subprotocol: str | None = None
    say: tuple[str, ...] = ()
    greetings: int = 0


@asynccontextmanager
async def gateway(instance: Instance, changes_per_s: float) -> AsyncIterator[Target]:
    """The real one: bids go through the log, updates come out."""
    redis, lot = instance.redis(), instance.new_lot()
    log = instance.log(redis)
    await log.start()
    try:
        await open_lot(log, lot, 2)
        instance.start_gateway()
        assert instance.gateway is not None

        async def drive(seconds: float) -> list[Sent]:
            await _change(log, lot, seconds, changes_per_s)
            return await _commits(instance, lot)

        say = ('{"t":"hello"}', f'{{"t":"watch","lot":{lot}}}')
        yield Target(
            instance.gateway.pid, instance.gateway_port, drive, "/live", "auction.v1", say, 2
        )
    finally:
        instance.stop_gateway()
        await log.close_lot(0, lot)
        await log.stop()
        await redis.aclose()


async def _change(log: LogClient, lot: int, seconds: float, changes_per_s: float) -> None:
    """Raise the price again and again; returns when the last bid is answered."""
    answered, done = 0, asyncio.Event()
    count = max(1, int(seconds * changes_per_s))

    def answer(*_: Any) -> None:
        nonlocal answered
        answered += 1
        if answered == count:
            done.set()

    started = time.perf_counter()
    for number in range(count):
        log.bid(0, lot, 1 + number % 2, str(uuid.uuid4()), START_MINOR + number, answer)
        due = started + (number + 1) / changes_per_s
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
    async with asyncio.timeout(10):
        await done.wait()


async def _commits(instance: Instance, lot: int) -> list[Sent]:
    """When each bid of the lot was committed (PostgreSQL) and announced (the events stream)."""
    redis = instance.redis()
    announced: dict[int, float] = {}
    try:
        # Each change is a batch or less: the newest thousands hold all of a run.
        entries: Any = await redis.xrevrange(keys.events(0), count=5_000)
    finally:
        await redis.aclose()
    for entry_id, fields in entries:
        for event in orjson.loads(fields[1])["events"]:
            if event["lot"] == lot:
                announced[event["seq"]] = int(entry_id.split(b"-")[0]) / 1000
    connection = await asyncpg.connect(instance.servers.database_url)
    try:
        rows = await connection.fetch(
            "SELECT seq, extract(epoch FROM pg_xact_commit_timestamp(xmin))::float8 AS at_s"
            " FROM journal WHERE lot_id = $1 AND kind LIKE 'bid.%' ORDER BY seq",
            lot,
        )
    finally:
        await connection.close()
    return [Sent(row["at_s"], row["seq"], announced.get(row["seq"])) for row in rows]


@asynccontextmanager
async def raw(changes_per_s: float, size: int) -> AsyncIterator[Target]:
    """The bare server of raw_fanout, with frames of `size` bytes of payload."""
    async with Worker("raw_fanout", {}) as worker:
        port = (await worker.ask("listen"))["port"]

        async def drive(seconds: float) -> list[Sent]:
            answer = await worker.ask(f"run {seconds} {1 / changes_per_s} {size}")
            return [Sent(at_s) for at_s in answer["started_s"]]

        yield Target(worker.pid, port, drive)


@asynccontextmanager
async def nginx(changes_per_s: float, size: int) -> AsyncIterator[Target]:
    """nginx with nchan, publishing `size` bytes at a time."""
    async with nchan.Nchan() as server:

        async def drive(seconds: float) -> list[Sent]:
            sent, payload = [], b"x" * size
            end = time.perf_counter() + seconds
            while (begun := time.perf_counter()) < end:
                sent.append(Sent(time.time()))
                await server.publish(payload)
                took = time.perf_counter() - begun
                await asyncio.sleep(max(1 / changes_per_s - took, took))
            return sent

        yield Target(server.pid, server.port, drive, "/watch")
