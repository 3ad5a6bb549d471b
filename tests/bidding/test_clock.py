"""Deadlines become ticks, and nothing depends on when."""

from __future__ import annotations

import asyncio

from redis.asyncio import Redis

from auction_engine.bidding import keys
from auction_engine.bidding.client import LogClient
from auction_engine.bidding.clock import run_clock
from auction_engine.bidding.tasks import end
from auction_engine.bidding.valkey import ValkeyLog
from auction_engine.bidding.wire import COMMAND_FIELD, encode_tick
from auction_engine.settings import Settings

from .harness import LOT, bid, client_of, deadlines, journal, now_ms, put_up, recording, until

# From the end until the closing is on disk.
CLOSED_WITHIN_MS = 400


async def closing(database_url: str, lot: int) -> dict[str, int] | None:
    entries = await journal(database_url, lot)
    return entries[-1] if entries and entries[-1]["kind"] == "lot.closed" else None


async def test_lots_open_and_close_by_themselves(log: LogClient, database_url: str) -> None:
    start_ms = now_ms() + 700
    lots = range(20, 32)
    for n, lot in enumerate(lots):
        await log.list_lot(0, lot, _window(start_ms + 20 * n, start_ms + 700 + 20 * n))
    for n, lot in enumerate(lots):
        end_ms = start_ms + 700 + 20 * n
        await until(lambda lot=lot: closing(database_url, lot))
        entries = await journal(database_url, lot)
        assert [e["kind"] for e in entries] == ["lot.listed", "lot.opened", "lot.closed"]
        assert 0 <= entries[1]["at_ms"] - (start_ms + 20 * n) < CLOSED_WITHIN_MS
        assert 0 <= entries[2]["at_ms"] - end_ms < CLOSED_WITHIN_MS


def _window(start_ms: int, end_ms: int):  # type: ignore[no-untyped-def]
    from .harness import params

    return params(start_ms=start_ms, end_ms=end_ms, extension=None)


async def test_an_extension_moves_the_closing(log: LogClient, database_url: str) -> None:
    from auction_engine.rules.params import Extension

    await put_up(log, end_ms=now_ms() + 800, extension=Extension(5_000, 1_200, 1))
    entry, _, _ = await bid(log, 101, 1000)
    assert entry is not None
    found = await until(lambda: closing(database_url, LOT))
    moved = [e for e in await journal(database_url) if e["kind"] == "lot.extended"]
    assert [e["end_ms"] for e in moved] == [entry["at_ms"] + 1_200]
    assert 0 <= found["at_ms"] - moved[0]["end_ms"] < CLOSED_WITHIN_MS


async def test_late_early_and_doubled_ticks_change_nothing(
    log: LogClient, redis: Redis, database_url: str
) -> None:
    end_ms = now_ms() + 1_000
    await put_up(log, end_ms=end_ms, extension=None)
    for _ in range(5):
        await redis.xadd(keys.inbox(0), {COMMAND_FIELD: encode_tick(LOT)})
    assert (await bid(log, 101, 1000))[0]["kind"] == "bid.accepted"  # type: ignore[index]
    assert await closing(database_url, LOT) is None
    found = await until(lambda: closing(database_url, LOT))
    assert found["at_ms"] >= end_ms
    for _ in range(5):
        await redis.xadd(keys.inbox(0), {COMMAND_FIELD: encode_tick(LOT)})
    assert (await bid(log, 102, 2000))[0]["reason"] == "CLOSED"  # type: ignore[index]
    kinds = [e["kind"] for e in await journal(database_url)]
    assert kinds.count("lot.closed") == 1


async def test_a_bid_in_time_counts_however_late_it_is_decided(
    quick: Settings, database_url: str, redis: Redis
) -> None:
    """The recorder is away over the end: what was ordered before it counts, the rest does not."""
    end_ms = now_ms() + 1_500
    async with client_of(quick) as client:
        async with recording(quick):
            await put_up(client, end_ms=end_ms, extension=None)
        from .harness import send

        in_time = send(client, 101, 1000)
        await until(lambda: redis.xlen(keys.inbox(0)))
        await until(lambda: now_ms() > end_ms + 50)
        late = send(client, 102, 1010)
        await until(lambda: client.inboxes[0].waiting == 0)
        async with recording(quick):
            entry, _, _ = await in_time.answer()
            assert entry is not None
            assert entry["kind"] == "bid.accepted"
            entry, _, _ = await late.answer()
            assert entry is not None
            assert entry["reason"] == "CLOSED"


async def test_a_tick_that_gets_lost_is_made_again(redis: Redis) -> None:
    task = asyncio.create_task(run_clock(ValkeyLog(redis, 0), 100))
    await redis.zadd(keys.deadlines(0), {str(LOT): now_ms() - 5})
    await until(lambda: redis.xlen(keys.inbox(0)))
    await redis.delete(keys.inbox(0))
    await until(lambda: redis.xlen(keys.inbox(0)))
    await end([task])


async def test_a_deadline_set_meanwhile_is_never_overwritten(redis: Redis) -> None:
    """The recorder moves an end; the clock's own note for a retry must not replace it."""
    task = asyncio.create_task(run_clock(ValkeyLog(redis, 0), 100_000))
    for _ in range(300):
        near = now_ms() + 30
        await redis.zadd(keys.deadlines(0), {str(LOT): now_ms() - 5})
        await redis.zadd(keys.deadlines(0), {str(LOT): near})
        assert (await deadlines(redis))[LOT] in (near, *range(near, near + 1_200))
        assert (await deadlines(redis))[LOT] == near or now_ms() >= near
    await end([task])


async def test_ticks_nobody_reads_do_not_fill_the_log(redis: Redis) -> None:
    """The ledger is away for long: ticks stop at their bound and go on when there is room."""
    limit = -950  # the clock allows 1,000 more than gateways: room for 50
    await redis.zadd(keys.deadlines(0), {str(lot): now_ms() - 5 for lot in range(500)})
    task = asyncio.create_task(run_clock(ValkeyLog(redis, 0), limit))
    await until(lambda: redis.xlen(keys.inbox(0)))
    await asyncio.sleep(1.5)  # longer than the retry of a tick
    assert await redis.xlen(keys.inbox(0)) == 50
    await redis.xtrim(keys.inbox(0), maxlen=0)
    await until(lambda: redis.xlen(keys.inbox(0)))
    await end([task])
