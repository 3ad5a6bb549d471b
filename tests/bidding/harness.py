"""A shard's log in this process: real recorder, real client, real servers; and what they wrote."""

from __future__ import annotations

import asyncio
import contextlib
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import asyncpg
import orjson
from redis.asyncio import Redis

from auction_engine.bidding import recorder
from auction_engine.bidding.client import LogClient
from auction_engine.bidding.connections import make_redis
from auction_engine.bidding.tasks import end
from auction_engine.rules.params import Extension, LotParams
from auction_engine.settings import Limits, Settings

LOT = 8
SHARD = 0
STEP = 10
START = 1_000
# Leases short enough that a take-over is not what a test waits for.
QUICK = Limits(lease_s=1, bids_waiting_per_bidder=5_000)


def now_ms() -> int:
    return int(time.time() * 1000)


def params(**changes: Any) -> LotParams:
    """A lot that has been open for a minute and stays so for an hour."""
    values: dict[str, Any] = {
        "currency": "VND",
        "minor_digits": 0,
        "starting_price_minor": START,
        "increment_minor": STEP,
        "start_ms": now_ms() - 60_000,
        "end_ms": now_ms() + 3_600_000,
        "extension": Extension(60_000, 120_000, 5),
    }
    return LotParams(**(values | changes))


def new_id() -> str:
    return str(uuid.uuid4())


async def until(true: Callable[[], Any], timeout_s: float = 20) -> Any:
    """What `true` returns as soon as that is true; it may be a coroutine function."""
    deadline = time.monotonic() + timeout_s
    while True:
        found = true()
        if isinstance(found, Awaitable):
            found = await found
        if found:
            return found
        assert time.monotonic() < deadline, f"waited {timeout_s} s in vain"
        await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def recording(settings: Settings, shard: int = SHARD) -> AsyncIterator[asyncio.Task[None]]:
    """A recorder that owns, or waits for, the shard."""
    task = asyncio.create_task(recorder.own_shard(settings, shard))
    try:
        yield task
    finally:
        await end([task])


@contextlib.asynccontextmanager
async def client_of(settings: Settings, **options: Any) -> AsyncIterator[LogClient]:
    """A started client of the log, as a gateway has one."""
    redis = make_redis(settings.redis_url or "")
    client = LogClient(
        redis, settings.database_url or "", settings.shards, settings.limits, **options
    )
    await client.start()
    try:
        yield client
    finally:
        await client.stop()
        await redis.aclose()


class Sink:
    """Takes a bid's answers; `count` tells how many came."""

    def __init__(self) -> None:
        self.answers: list[tuple[dict[str, Any] | None, str | None, bool]] = []
        self.came = asyncio.Event()

    def __call__(self, entry: dict[str, Any] | None, code: str | None, repeat: bool) -> None:
        self.answers.append((entry, code, repeat))
        self.came.set()

    async def answer(self, timeout_s: float = 20) -> tuple[dict[str, Any] | None, str | None, bool]:
        async with asyncio.timeout(timeout_s):
            await self.came.wait()
        return self.answers[0]


def send(
    client: LogClient,
    bidder: int,
    amount: int,
    bid_id: str | None = None,
    lot: int = LOT,
    shard: int = SHARD,
) -> Sink:
    sink = Sink()
    client.bid(shard, lot, bidder, bid_id or new_id(), amount, sink)
    return sink


async def bid(
    client: LogClient,
    bidder: int,
    amount: int,
    bid_id: str | None = None,
    lot: int = LOT,
    shard: int = SHARD,
) -> tuple[dict[str, Any] | None, str | None, bool]:
    return await send(client, bidder, amount, bid_id, lot, shard).answer()


async def put_up(
    client: LogClient, lot: int = LOT, bidders: int = 2, shard: int = SHARD, **changes: Any
) -> None:
    """List a lot and admit bidders 101, 102, …"""
    await client.list_lot(shard, lot, params(**changes))
    for number in range(1, bidders + 1):
        await client.admit(shard, lot, 100 + number, f"B-{number:03d}", False)


async def journal(database_url: str, lot: int = LOT) -> list[dict[str, Any]]:
    """The lot's entries as the ledger has them now."""
    rows = await query(database_url, "SELECT body FROM journal WHERE lot_id = $1 ORDER BY seq", lot)
    return [orjson.loads(row[0]) for row in rows]


async def query(database_url: str, sql: str, *args: Any) -> list[Any]:
    connection = await asyncpg.connect(database_url)
    try:
        return list(await connection.fetch(sql, *args))
    finally:
        await connection.close()


async def book(redis: Redis, lot: int = LOT, shard: int = SHARD) -> list[tuple[str, int]]:
    """The lot's order book in Valkey, lowest first."""
    found = await redis.zrange(f"{{s{shard}}}:book:{lot}", 0, -1, withscores=True)
    return [(member.decode(), int(score)) for member, score in found]


async def deadlines(redis: Redis, shard: int = SHARD) -> dict[int, int]:
    found = await redis.zrange(f"{{s{shard}}}:deadlines", 0, -1, withscores=True)
    return {int(member): int(score) for member, score in found}


def book_of(entries: list[dict[str, Any]], most: int = 200) -> list[tuple[str, int]]:
    """The order book a journal asks for, lowest first."""
    accepted = [e for e in entries if e["kind"] == "bid.accepted"]
    return [(f"{e['n']:010d}:{e['bidder']}", e["amount_minor"]) for e in accepted][-most:]


async def agrees_with_ledger(redis: Redis, database_url: str, lots: list[int]) -> bool:
    """Whether order books and deadlines of `lots` are those of the ledger."""
    due = await deadlines(redis)
    for lot in lots:
        entries = await journal(database_url, lot)
        if await book(redis, lot) != book_of(entries):
            return False
        ends = [e["end_ms"] for e in entries if e["kind"] == "lot.extended"]
        end_ms = ends[-1] if ends else entries[0]["params"]["end_ms"]
        if due.get(lot) != (None if entries[-1]["kind"] == "lot.closed" else end_ms):
            return False
    return True
