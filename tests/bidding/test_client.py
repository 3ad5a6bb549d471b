"""A process's way to the log: bounded, one answer for each bid, a probe through all of it."""

from __future__ import annotations

import asyncio

import pytest
from redis.asyncio import Redis

from auction_engine.bidding import keys, wire
from auction_engine.bidding.client import LogClient, LogUnanswered
from auction_engine.rules.commands import CommandRefused
from auction_engine.settings import Settings

from .harness import LOT, QUICK, bid, client_of, journal, new_id, put_up, recording, send, until


async def test_what_waits_is_bounded(quick: Settings) -> None:
    few = quick.model_copy(update={"limits": QUICK.model_copy(update={"gateway_inflight_max": 5})})
    async with client_of(few) as client:
        async with recording(few):
            await put_up(client)
        sinks = [send(client, 101, 1000 + n) for n in range(8)]
        for sink in sinks[5:]:
            assert sink.answers == [(None, "BUSY", False)]
        assert len(client.pending) == 5
        async with recording(few):
            for sink in sinks[:5]:
                assert (await sink.answer())[0] is not None
            assert (await bid(client, 102, 5000))[0] is not None


async def test_a_full_inbox_is_told(quick: Settings, redis: Redis) -> None:
    small = quick.model_copy(update={"limits": QUICK.model_copy(update={"inbox_max": 4})})
    async with client_of(small) as client:
        sinks = [send(client, 101, 1000 + n) for n in range(6)]
        for sink in sinks[4:]:
            assert (await sink.answer())[1] == "BUSY"
        assert not any(sink.answers for sink in sinks[:4])
        with pytest.raises(CommandRefused, match="full"):
            await client.close_lot(0, LOT)
        async with recording(small):
            for sink in sinks[:4]:
                assert (await sink.answer())[1] == "UNKNOWN_LOT"


async def test_a_bid_said_twice_while_it_waits_is_sent_once(
    quick: Settings, redis: Redis, database_url: str
) -> None:
    async with client_of(quick) as client:
        async with recording(quick):
            await put_up(client)
        same = new_id()
        sinks = [send(client, 101, 1000, same) for _ in range(3)]
        other = send(client, 101, 1010, same)
        assert other.answers == [(None, "BID_ID_REUSED", False)]
        many = [send(client, 101, 1000, same) for _ in range(40)]
        # Repeats are not kept without end, and none of them is told that nothing is recorded.
        assert len(client.pending.get((101, same)).sinks) == 16
        assert not any(sink.answers for sink in (*sinks, *many))
        async with recording(quick):
            for sink in many[-16:]:
                entry, code, _ = await sink.answer()
                assert code is None
                assert entry is not None
        assert [e["bid_id"] for e in await journal(database_url) if "bid_id" in e] == [same]


async def test_bids_lost_on_the_way_are_sent_again(
    quick: Settings, redis: Redis, database_url: str
) -> None:
    """The log's data is gone before anybody read it, even while others keep it busy."""
    async with client_of(quick) as client:
        async with recording(quick):
            await put_up(client)
        sink = send(client, 101, 1000)
        await until(lambda: redis.xlen(keys.inbox(0)))
        await redis.flushall()
        stop = asyncio.Event()

        async def keep_busy() -> None:
            while not stop.is_set():
                client.inboxes[0].put(wire.encode_probe("nobody asks"))
                await asyncio.sleep(0)

        busy = asyncio.create_task(keep_busy())
        async with recording(quick):
            entry, _, _ = await sink.answer()
        stop.set()
        await busy
        assert entry is not None
        assert len(sink.answers) == 1
        assert len([e for e in await journal(database_url) if "bid_id" in e]) == 1


async def test_a_bid_recorded_while_nobody_listened_is_answered_from_the_ledger(
    quick: Settings, redis: Redis
) -> None:
    async with client_of(quick) as client, client_of(quick) as other:
        async with recording(quick):
            await put_up(client)
        sink = send(client, 101, 1000)
        await until(lambda: redis.xlen(keys.inbox(0)))
        await end_followers(client)
        async with recording(quick):
            await bid(other, 102, 1010)
            await redis.delete(keys.events(0))
            assert not sink.answers
            for follower in client.followers:
                client._tasks.append(asyncio.create_task(follower.run()))
            entry, _, repeat = await sink.answer()
        assert entry is not None
        assert repeat
        assert entry["n"] == 1


async def end_followers(client: LogClient) -> None:
    from auction_engine.bidding.tasks import end

    followers = [task for task in client._tasks if task.get_name() == "follow"]
    client._tasks = [task for task in client._tasks if task not in followers]
    await end(followers)


async def test_the_same_id_for_a_lot_that_is_not_there_answers_only_that(
    quick: Settings,
) -> None:
    async with client_of(quick) as one, client_of(quick) as other:
        async with recording(quick):
            await put_up(one)
        same = new_id()
        wrong = send(other, 101, 1000, same, lot=4040)
        await until(lambda: other.inboxes[0].waiting == 0)
        right = send(one, 101, 1000, same)
        await until(lambda: one.inboxes[0].waiting == 0)
        async with recording(quick):
            assert (await wrong.answer())[1] == "UNKNOWN_LOT"
            entry, code, _ = await right.answer()
        assert code is None
        assert entry is not None


async def test_staff_is_refused_with_the_reason(log: LogClient) -> None:
    await put_up(log)
    with pytest.raises(CommandRefused) as refused:
        await log.admit(0, LOT, 101, "B-900", False)
    assert refused.value.code == "ALREADY_ADMITTED"
    with pytest.raises(CommandRefused) as refused:
        await log.close_lot(0, LOT)
    assert refused.value.code == "NOT_YOURS_TO_CLOSE"


async def test_the_probe_goes_all_the_way(quick: Settings) -> None:
    async with client_of(quick) as client:
        async with recording(quick):
            assert 0 < await client.probe(0) < 3
        with pytest.raises(LogUnanswered):
            await client.probe(0, timeout_s=0.3)
        assert client._requests == {}


async def test_stopping_leaves_no_task_behind(quick: Settings) -> None:
    before = asyncio.all_tasks()
    async with recording(quick), client_of(quick) as client:
        await put_up(client)
        send(client, 101, 1000)
    await until(lambda: asyncio.all_tasks() <= before, 5)
