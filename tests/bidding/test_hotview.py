"""Valkey's order books, deadlines and ids: equal to the ledger, and put right after a loss."""

from __future__ import annotations

import asyncio
import random
import time

import pytest
from redis.asyncio import Redis

from auction_engine.bidding import keys
from auction_engine.bidding.client import LogClient
from auction_engine.bidding.valkey import ValkeyLog
from auction_engine.bidding.wire import COMMAND_FIELD
from auction_engine.ledger.journal import log_order
from auction_engine.settings import Settings

from .harness import (
    LOT,
    QUICK,
    bid,
    book,
    book_of,
    client_of,
    deadlines,
    journal,
    new_id,
    now_ms,
    put_up,
    query,
    recording,
    send,
    until,
)

REBUILT_WITHIN_S = 2.0


async def agrees(redis: Redis, database_url: str, *lots: int) -> bool:
    """Whether books and deadlines are those of the ledger."""
    due: dict[int, int] = {}
    for lot in lots:
        entries = await journal(database_url, lot)
        if await book(redis, lot) != book_of(entries):
            return False
        ends = [e["end_ms"] for e in entries if e["kind"] == "lot.extended"]
        if entries[-1]["kind"] != "lot.closed":
            due[lot] = ends[-1] if ends else entries[0]["params"]["end_ms"]
    return await deadlines(redis) == due


async def bid_a_while(client: LogClient, count: int, first: int = 0, lot: int = LOT) -> None:
    sinks = [send(client, 101 + n % 2, 1000 + 10 * n, lot=lot) for n in range(first, first + count)]
    for sink in sinks:
        assert (await sink.answer())[0] is not None


async def test_books_and_deadlines_are_the_ledgers(
    log: LogClient, redis: Redis, database_url: str
) -> None:
    await put_up(log)
    await put_up(log, lot=9, end_ms=now_ms() + 50_000)  # within the trigger: bids extend it
    await bid_a_while(log, 230)
    await bid_a_while(log, 3, lot=9)
    await until(lambda: agrees(redis, database_url, LOT, 9))
    assert len(await book(redis)) == 200
    assert any(e["kind"] == "lot.extended" for e in await journal(database_url, 9))


async def test_equal_amounts_stand_in_the_order_of_their_numbers(redis: Redis) -> None:
    from auction_engine.rules.events import BidAccepted

    bids = [BidAccepted(bidder, new_id(), 500, n) for n, bidder in ((1, 99), (2, 5), (10, 1))]
    await ValkeyLog(redis, 0).restore({}, {LOT: bids})
    assert [member for member, _ in await book(redis)] == [
        "0000000001:99",
        "0000000002:5",
        "0000000010:1",
    ]


async def test_after_flushall_all_is_back_in_two_seconds(
    log: LogClient, redis: Redis, database_url: str
) -> None:
    await put_up(log)
    await bid_a_while(log, 20)
    for turn in range(3):
        await redis.flushall()
        lost = time.monotonic()
        await until(lambda: agrees(redis, database_url, LOT), REBUILT_WITHIN_S)
        took = time.monotonic() - lost
        assert took < REBUILT_WITHIN_S
        entry, _, _ = await bid(log, 101 + turn % 2, 2000 + 10 * turn)
        assert entry is not None
        assert entry["kind"] == "bid.accepted"


async def test_bids_lost_with_the_data_get_one_answer(
    log: LogClient, redis: Redis, database_url: str
) -> None:
    await put_up(log)
    chance = random.Random(3)
    sinks = []
    for n in range(120):
        sinks.append(send(log, 101 + n % 2, 1000 + 10 * n))
        if n % 20 == 10:
            await asyncio.sleep(chance.random() * 0.01)
            await redis.flushall()
    for sink in sinks:
        assert (await sink.answer())[0] is not None
        assert len(sink.answers) == 1
    rows = [e for e in await journal(database_url) if "bid_id" in e]
    assert len(rows) == len({e["bid_id"] for e in rows}) == len(sinks)
    await until(lambda: agrees(redis, database_url, LOT))


@pytest.mark.parametrize("which", ["deadlines", "book", "marker", "events", "inbox"])
async def test_single_keys_that_were_deleted_come_back(
    log: LogClient, redis: Redis, database_url: str, which: str
) -> None:
    await put_up(log)
    await bid_a_while(log, 10)
    key = keys.book(0, LOT) if which == "book" else getattr(keys, which)(0)
    for turn in range(2):
        await redis.delete(key)
        if which in ("deadlines", "book", "marker"):
            await until(lambda: redis.exists(key), 3)
            await until(lambda: agrees(redis, database_url, LOT), 3)
        entry, _, _ = await bid(log, 101 + turn % 2, 3000 + 10 * turn)
        assert entry is not None
        assert entry["kind"] == "bid.accepted"


async def test_a_deadline_of_a_closed_lot_does_not_tick_for_ever(
    log: LogClient, redis: Redis, database_url: str
) -> None:
    """A stale copy, or an owner that lost the shard, may bring such a deadline back."""
    end_ms = now_ms() + 1200
    await put_up(log, end_ms=end_ms, extension=None)
    await until(lambda: agrees(redis, database_url, LOT) if now_ms() > end_ms else False)
    length = len(await journal(database_url))
    await redis.zadd(keys.deadlines(0), {str(LOT): end_ms, "4321": end_ms})
    await until(lambda: _no_deadlines(redis), 3)
    assert len(await journal(database_url)) == length


async def _no_deadlines(redis: Redis) -> bool:
    return await deadlines(redis) == {}


async def test_an_older_copy_is_noticed_and_put_right(
    log: LogClient, redis: Redis, database_url: str
) -> None:
    """As after a fail-over to a copy that missed the newest writes."""
    await put_up(log)
    await bid_a_while(log, 10)
    names = [keys.book(0, LOT), keys.deadlines(0), keys.marker(0), keys.events(0)]
    old = [(name, await redis.dump(name)) for name in names]
    await bid_a_while(log, 5, 10)
    await until(lambda: agrees(redis, database_url, LOT))
    async with redis.pipeline(transaction=True) as copy:
        for name, value in old:
            copy.restore(name, 0, value, replace=True)
        await copy.execute()
    await until(lambda: agrees(redis, database_url, LOT), REBUILT_WITHIN_S)
    assert (await bid(log, 102, 4000))[0] is not None


async def test_ids_never_fall_behind_what_was_consumed(
    quick: Settings, redis: Redis, database_url: str
) -> None:
    """The ledger has consumed ids that Valkey's clock has not reached yet."""
    trusting = QUICK.model_copy(update={"clock_tolerance_ms": 10**9})
    quick = quick.model_copy(update={"limits": trusting})
    async with recording(quick), client_of(quick) as client:
        await put_up(client, end_ms=now_ms() + 90_000_000)
        ahead = f"{now_ms() + 30_000_000}-5"
        await redis.xadd(keys.inbox(0), {COMMAND_FIELD: b'{"k":"probe","lot":0}'}, id=ahead)
        await until(lambda: _consumed(database_url, ahead))
        for turn in range(3):
            await redis.flushall()
            sink = send(client, 101 + turn % 2, 1000 + 10 * turn)
            entry, _, _ = await sink.answer()
            assert entry is not None
            assert log_order(entry["log"]) > log_order(ahead)
            assert len(sink.answers) == 1
    # A new owner finds an empty log, too.
    await redis.flushall()
    async with recording(quick), client_of(quick) as client:
        await until(lambda: redis.exists(keys.marker(0)))
        info = (
            await redis.xinfo_stream(keys.inbox(0)) if await redis.exists(keys.inbox(0)) else None
        )
        entry, _, _ = await bid(client, 102, 5000)
    assert entry is not None
    assert log_order(entry["log"]) > log_order(ahead)
    assert info is None or log_order(info["last-generated-id"].decode()) >= log_order(ahead)


async def _consumed(database_url: str, log: str) -> bool:
    rows = await query(database_url, "SELECT consumed FROM shard")
    return log_order(rows[0][0]) >= log_order(log)
