"""The recorder against the real ledger and log: exactly once, one owner, nothing guessed."""

from __future__ import annotations

import asyncio
import random
import time
from typing import Any

import asyncpg
import orjson
import pytest
from redis.asyncio import Redis

from auction_engine.bidding import keys, recorder, wire
from auction_engine.bidding.client import LogClient
from auction_engine.bidding.deciding import Deciding
from auction_engine.bidding.ports import Clock
from auction_engine.bidding.tasks import end
from auction_engine.bidding.wire import COMMAND_FIELD, encode_tick
from auction_engine.ledger import store
from auction_engine.ledger.errors import OwnershipLost
from auction_engine.ledger.verify import verify
from auction_engine.rules.invariants import InvariantBroken
from auction_engine.settings import Settings

from .harness import (
    LOT,
    QUICK,
    bid,
    client_of,
    journal,
    new_id,
    now_ms,
    put_up,
    query,
    recording,
    send,
    until,
)
from .proxy import wire_to_postgres, wire_to_redis


async def test_a_bid_is_on_disk_when_it_is_answered(log: LogClient, database_url: str) -> None:
    await put_up(log)
    entry, code, repeat = await bid(log, 101, 1000)
    assert code is None
    assert not repeat
    assert (await journal(database_url))[-1] == entry
    entry, _, _ = await bid(log, 102, 1005)
    assert entry is not None
    assert (entry["kind"], entry["reason"], entry["minimum_minor"]) == (
        "bid.refused",
        "BELOW_MIN_INCREMENT",
        1010,
    )
    assert (await journal(database_url))[-1] == entry


async def test_one_row_per_bid_id_whoever_retries(quick: Settings, database_url: str) -> None:
    seed = random.randrange(2**32)
    print("seed", seed)
    chance = random.Random(seed)
    async with recording(quick), client_of(quick) as one, client_of(quick) as other:
        await put_up(one, bidders=4)
        bids = [(101 + n % 4, 1000 + 10 * n, new_id()) for n in range(60)]
        sinks = []
        tries = [b for b in bids for _ in range(5)]
        chance.shuffle(tries)
        for n, (bidder, amount, bid_id) in enumerate(tries):
            sinks.append((bid_id, send(chance.choice([one, other]), bidder, amount, bid_id)))
            if n % 7 == 0:
                await asyncio.sleep(0)
        answers: dict[str, list[Any]] = {}
        for bid_id, sink in sinks:
            answers.setdefault(bid_id, []).append((await sink.answer())[0])
            assert len(sink.answers) == 1
    rows = [e for e in await journal(database_url) if "bid_id" in e]
    assert len(rows) == len(bids)
    for row in rows:
        assert answers[row["bid_id"]] == [row] * 5


@pytest.mark.parametrize("delay_s", [0.0, 0.3])
async def test_a_commit_of_unknown_outcome_is_read_back(
    quick: Settings, database_url: str, delay_s: float
) -> None:
    """The connection is lost after COMMIT reached the server, three times in a row."""
    async with wire_to_postgres(database_url) as (cable, url):
        cut = quick.model_copy(update={"database_url": url})
        async with recording(cut), client_of(quick) as client:
            await put_up(client)
            for n in range(3):
                cable.lose_answer_to, cable.lose, cable.delay_s = b"COMMIT;", 1, delay_s
                entry, _, repeat = await bid(client, 101 + n % 2, 1000 + 10 * n)
                assert entry is not None
                assert not repeat
                assert entry["n"] == n + 1
            assert cable.lost == 3
    rows = [e for e in await journal(database_url) if e["kind"] == "bid.accepted"]
    assert [row["n"] for row in rows] == [1, 2, 3]
    assert (await verify(database_url)).clean


async def test_a_commit_that_never_arrived_is_made_again(
    quick: Settings, database_url: str, superuser_url: str
) -> None:
    async with recording(quick), client_of(quick) as client:
        await put_up(client)
        async with asyncio.TaskGroup() as group:
            stop = asyncio.Event()
            group.create_task(_kill_backends(superuser_url, stop))
            for n in range(25):
                entry, _, _ = await bid(client, 101 + n % 2, 1000 + 10 * n)
                assert entry is not None
                assert entry["n"] == n + 1
            stop.set()
    assert (await verify(database_url)).clean


async def _kill_backends(superuser_url: str, stop: asyncio.Event) -> None:
    connection = await asyncpg.connect(superuser_url)
    killed = 0
    while not stop.is_set() or killed == 0:
        killed += await connection.fetchval(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE application_name = 'auction-recorder' AND datname = current_database()"
        )
        await asyncio.sleep(0.05)
    await connection.close()


async def test_a_first_commit_that_is_still_under_way(
    quick: Settings, database_url: str, superuser_url: str
) -> None:
    """The recorder thinks its commit is lost while the server still works on it: one row each."""
    async with wire_to_postgres(database_url) as (cable, url):
        cut = quick.model_copy(update={"database_url": url})
        async with recording(cut), client_of(quick) as client:
            await put_up(client)
            blocker = await asyncpg.connect(superuser_url)
            held = blocker.transaction()
            await held.start()
            await blocker.execute("LOCK TABLE journal IN EXCLUSIVE MODE")
            sink = send(client, 101, 1000)
            waits = (
                "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'journal'::regclass"
            )
            await until(lambda: blocker.fetchval(waits))
            cable.cut()
            await asyncio.sleep(0.3)
            await held.rollback()
            entry, _, _ = await sink.answer()
            assert entry is not None
            assert (await bid(client, 102, 1010))[0]["n"] == 2  # type: ignore[index]
            await blocker.close()
    assert (await verify(database_url)).clean


async def test_another_owner_may_have_consumed_the_same_commands(
    quick: Settings, database_url: str, redis: Redis
) -> None:
    """The consumed id alone does not say that the journal's bytes are ours."""
    connection = await asyncpg.connect(database_url)
    try:
        epoch = await store.acquire_shard(connection, 0, "other", 60)
        assert epoch is not None
        await store.commit_batch(connection, 0, epoch, "0-0", "5-0", [], [])
        assert await store.is_on_disk(connection, 0, epoch, "5-0")
        assert not await store.is_on_disk(connection, 0, epoch - 1, "5-0")
        assert not await store.is_on_disk(connection, 0, epoch, "6-0")
    finally:
        await connection.close()


async def test_an_id_used_in_another_shard_is_found_by_the_ledger(
    quick: Settings, database_url: str
) -> None:
    two = quick.model_copy(update={"shards": 2})
    async with recording(two), recording(two, 1), client_of(two) as client:
        await put_up(client)
        await put_up(client, lot=9, shard=1)
        same = new_id()
        first, _, _ = await bid(client, 101, 1000, same)
        assert first is not None
        # Another body under the same id: refused as such, and the bids around it are recorded.
        around = [send(client, 101, 1000, lot=9, shard=1)]
        reused = send(client, 101, 1000, same, lot=9, shard=1)
        around.append(send(client, 102, 1010, lot=9, shard=1))
        assert [(await sink.answer())[0]["kind"] for sink in around] == ["bid.accepted"] * 2  # type: ignore[index]
        assert (await reused.answer())[:2] == (None, "BID_ID_REUSED")
        # And the recorder of shard 1 goes on.
        assert (await bid(client, 101, 1020, lot=9, shard=1))[0]["n"] == 3  # type: ignore[index]
    assert (await verify(database_url)).clean


async def test_of_two_recorders_one_owns(quick: Settings, database_url: str) -> None:
    async with recording(quick) as one, recording(quick) as other, client_of(quick) as client:
        await put_up(client)
        for n in range(10):
            await bid(client, 101 + n % 2, 1000 + 10 * n)
        assert not one.done()
        assert not other.done()
    assert len({e["epoch"] for e in await journal(database_url)}) == 1


async def test_an_older_epoch_cannot_write(log: LogClient, database_url: str) -> None:
    await put_up(log)
    before = await journal(database_url)
    connection = await store.connect(database_url)
    await connection.execute("UPDATE shard SET epoch = epoch + 1, owner = 'thief'")
    with pytest.raises(OwnershipLost):
        await store.commit_batch(connection, 0, 1, "0-0", "999-0", [], [])
    # The recorder that lost it notices, waits for the lease to end and takes it again.
    entry, _, _ = await bid(log, 101, 1000)
    assert entry is not None
    assert entry["epoch"] > max(row["epoch"] for row in before)
    assert (await journal(database_url))[: len(before)] == before
    await connection.close()


async def test_a_recorder_that_ends_lets_the_next_one_in_at_once(
    settings: Settings, database_url: str
) -> None:
    slow = settings.model_copy(update={"limits": QUICK.model_copy(update={"lease_s": 60})})
    async with client_of(slow) as client:
        async with recording(slow):
            await put_up(client)
        async with recording(slow):
            entry, _, _ = await bid(client, 101, 1000)
    assert entry is not None
    first, *_, last = (e["epoch"] for e in await journal(database_url))
    assert first < last == entry["epoch"]


async def test_a_recorder_that_vanishes_is_followed_after_its_lease(
    quick: Settings, database_url: str
) -> None:
    connection = await asyncpg.connect(database_url)
    vanished = await store.acquire_shard(connection, 0, "vanished", 1.5)
    assert vanished is not None
    loop = asyncio.get_running_loop()
    started = loop.time()
    async with recording(quick), client_of(quick) as client:
        await put_up(client)
        waited = loop.time() - started
    assert 1.0 < waited < 6
    assert all(e["epoch"] > vanished for e in await journal(database_url))
    await connection.close()


async def test_the_lease_is_kept_while_a_long_history_is_taken_up(
    quick: Settings, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with recording(quick), client_of(quick) as client:
        await put_up(client)
    load = recorder.load_lots

    async def slowly(*args: Any) -> None:
        await asyncio.sleep(2.5 * quick.limits.lease_s)
        await load(*args)

    monkeypatch.setattr(recorder, "load_lots", slowly)
    async with recording(quick), recording(quick), client_of(quick) as client:
        entry, _, _ = await bid(client, 101, 1000)
        assert entry is not None
        # Two owners and no third: neither took the shard from the other while it was loading.
        # Asked while both run, for the other takes the shard as soon as its owner leaves.
        assert await query(database_url, "SELECT 1 FROM shard WHERE epoch = $1", entry["epoch"])
    assert len({e["epoch"] for e in await journal(database_url)}) == 2


async def test_a_ledger_set_back_is_not_built_upon(
    quick: Settings, database_url: str, superuser_url: str
) -> None:
    """The ledger comes back without its last commits: the recorder reads it again, no hole."""
    async with recording(quick), client_of(quick) as client:
        await put_up(client)
        consumed = await query(database_url, "SELECT consumed FROM shard")
        head = (await query(database_url, "SELECT seq, hash FROM lot_head"))[0]
        for n in range(4):
            await bid(client, 101 + n % 2, 1000 + 10 * n)
        superuser = await asyncpg.connect(superuser_url)
        await superuser.execute(
            "BEGIN; ALTER TABLE journal DISABLE TRIGGER journal_append_only;"
            f"DELETE FROM journal WHERE seq > {head['seq']};"
            f"UPDATE lot_head SET seq = {head['seq']}, hash = '\\x{head['hash'].hex()}',"
            " price_minor = NULL, leader = NULL, accepted = 0;"
            f"UPDATE shard SET consumed = '{consumed[0][0]}';"
            "ALTER TABLE journal ENABLE ALWAYS TRIGGER journal_append_only; COMMIT"
        )
        await superuser.close()
        entry, _, _ = await bid(client, 101, 5000)
        assert entry is not None
    entries = await journal(database_url)
    assert [e["seq"] for e in entries] == list(range(1, len(entries) + 1))


async def test_a_clock_in_doubt_pauses(quick: Settings, database_url: str, redis: Redis) -> None:
    """The log jumps ahead: nothing is decided, and no lot closes, until the clocks agree."""
    async with recording(quick), client_of(quick) as client:
        await put_up(client, end_ms=now_ms() + 3_000)
        ahead_ms = now_ms() + 2_500
        await redis.xadd(keys.inbox(0), {COMMAND_FIELD: encode_tick(LOT)}, id=f"{ahead_ms}-0")
        sink = send(client, 101, 1000)
        entry, _, _ = await sink.answer()
    assert now_ms() >= ahead_ms - quick.limits.clock_tolerance_ms
    assert entry is not None
    assert entry["at_ms"] >= ahead_ms


async def test_a_machine_whose_clock_agrees_with_the_log_is_not_enough(
    quick: Settings, database_url: str, redis: Redis
) -> None:
    """Recorder and log are on one machine, whose clock jumps: the ledger's clock does not agree."""
    clock = Clock(wall_s=lambda: time.time() + 3_600)
    async with client_of(quick) as client:
        recorder_ahead = recorder.Recorder(database_url, redis, 0, quick.limits, clock=clock)
        task = asyncio.create_task(recorder_ahead.run())
        await put_up(client, end_ms=now_ms() + 3_000)
        ahead_ms = now_ms() + 2_500
        await redis.xadd(keys.inbox(0), {COMMAND_FIELD: encode_tick(LOT)}, id=f"{ahead_ms}-0")
        entry, _, _ = await send(client, 101, 1000).answer()
        await end([task])
    assert now_ms() >= ahead_ms - quick.limits.clock_tolerance_ms
    assert entry is not None
    assert entry["at_ms"] >= ahead_ms


async def test_whoever_lost_the_shard_does_not_take_that_for_a_contradiction(
    quick: Settings, database_url: str, redis: Redis
) -> None:
    """A recorder that was stopped reads what the next one wrote; its rules cannot follow."""

    class Contradicting(Deciding):
        def decide(self, *_: Any) -> Any:
            raise InvariantBroken("a bid was accepted before the start")

    stopped = recorder.Recorder(database_url, redis, 0, quick.limits)
    connection = await store.connect(database_url)
    epoch = await store.acquire_shard(connection, 0, stopped.owner, 60)
    assert epoch is not None
    with pytest.raises(InvariantBroken):
        await stopped._decided(Contradicting(0, epoch), "1-0", [], set())
    assert await store.acquire_shard(connection, 0, stopped.owner, 60)
    with pytest.raises(OwnershipLost):
        await stopped._decided(Contradicting(0, epoch), "1-0", [], set())
    stopped._line.drop()
    await connection.close()


async def test_the_ledger_away_at_the_start_and_in_between(
    quick: Settings, database_url: str
) -> None:
    async with wire_to_postgres(database_url) as (cable, url):
        cable.down = True
        cut = quick.model_copy(update={"database_url": url})
        async with recording(cut) as task, client_of(quick) as client:
            await asyncio.sleep(0.3)
            assert not task.done()
            cable.down = False
            await put_up(client)
            cable.down = True
            cable.cut()
            sinks = [send(client, 101 + n % 2, 1000 + 10 * n) for n in range(6)]
            await asyncio.sleep(0.5)
            assert not any(sink.answers for sink in sinks)  # nobody is answered from memory
            cable.down = False
            for n, sink in enumerate(sinks):
                entry, _, _ = await sink.answer()
                assert entry is not None
                assert entry["n"] == n + 1


async def test_the_ledger_lost_between_taking_the_shard_and_reading_it(
    quick: Settings, database_url: str
) -> None:
    async with recording(quick), client_of(quick) as client:
        await put_up(client)
    async with wire_to_postgres(database_url) as (cable, url):
        cable.lose_answer_to, cable.lose = b"FROM lot_head", 2
        cut = quick.model_copy(update={"database_url": url})
        async with recording(cut) as task, client_of(quick) as client:
            assert (await bid(client, 101, 1000))[0] is not None
            assert not task.done()
            assert cable.lost == 2


async def test_the_log_lost_at_every_step(
    quick: Settings, redis_url: str, database_url: str
) -> None:
    async with wire_to_redis(redis_url) as (cable, url):
        cut = quick.model_copy(update={"redis_url": url})
        async with recording(cut) as task, client_of(quick) as client:
            await put_up(client)
            amounts = iter(range(1000, 5000, 10))
            n = 0
            for marker in (b"XADD", b"XREAD", b"EVALSHA", b"XTRIM", b"GET"):
                cable.lose_answer_to, cable.lose = marker, 2
                while cable.lose:
                    n += 1
                    entry, _, _ = await bid(client, 101 + n % 2, next(amounts))
                    assert entry is not None
                    assert entry["n"] == n
                    await asyncio.sleep(0.02)
            assert not task.done()
            assert cable.lost == 10
    assert (await verify(database_url)).clean


async def test_foreign_entries_do_not_hold_up_the_shard(
    log: LogClient, redis: Redis, database_url: str
) -> None:
    await put_up(log)
    good: dict[str, Any] = {"k": "bid", "lot": LOT, "by": 101, "id": new_id(), "amount": 1000}
    for value in (
        b"\xff",
        b"[]",
        b"{}",
        orjson.dumps(good | {"lot": 2**63 - 1}),
        orjson.dumps(good | {"lot": 2**64 - 1}),
        orjson.dumps(good | {"by": 2**63}),
        orjson.dumps(good | {"id": "x"}),
        orjson.dumps(good | {"amount": 2**60}),
        orjson.dumps({"k": "list", "lot": 77, "params": 5}),
        orjson.dumps({"k": "admit", "lot": LOT, "by": 2**63, "code": "B", "robot": False}),
        orjson.dumps({"k": "admit", "lot": LOT, "by": 1, "code": None, "robot": False}),
    ):
        await redis.xadd(keys.inbox(0), {wire.COMMAND_FIELD: value})
    await redis.xadd(keys.inbox(0), {"other": "field"})
    await redis.xadd(keys.inbox(0), {"two": "fields", "c": orjson.dumps(good)})
    entry, _, _ = await bid(log, 102, 1000)
    assert entry is not None
    assert entry["n"] == 1
    assert len(await journal(database_url)) == 5


async def test_the_inbox_is_trimmed_only_behind_the_ledger(
    quick: Settings, redis: Redis, database_url: str
) -> None:
    async with client_of(quick) as client:
        async with recording(quick):
            await put_up(client)
            await until(lambda: _empty(redis))
        sinks = [send(client, 101 + n % 2, 1000 + 10 * n) for n in range(20)]
        await until(lambda: not client.inboxes[0].waiting)
        assert await redis.xlen(keys.inbox(0)) == 20
        async with recording(quick):
            for sink in sinks:
                await sink.answer()
            await until(lambda: _empty(redis))
    assert len([e for e in await journal(database_url) if e["kind"] == "bid.accepted"]) == 20


async def _empty(redis: Redis) -> bool:
    return await redis.xlen(keys.inbox(0)) == 0


async def test_cancelling_it_again_and_again_leaves_a_sound_ledger(
    quick: Settings, database_url: str
) -> None:
    """Stopped at moments of chance in mid-batch; the next one goes on without a doubled row."""
    seed = random.randrange(2**32)
    print("seed", seed)
    chance = random.Random(seed)
    async with client_of(quick) as client:
        async with recording(quick):
            await put_up(client)
        sinks = []
        for turn in range(8):
            task = asyncio.create_task(recorder.own_shard(quick, 0))
            for n in range(30):
                sinks.append(send(client, 101 + n % 2, 1000 + 10 * (30 * turn + n)))
                if n % 5 == 0:
                    await asyncio.sleep(chance.random() * 0.01)
            await asyncio.sleep(chance.random() * 0.05)
            await end([task])
        async with recording(quick):
            for n, sink in enumerate(sinks):
                entry, _, _ = await sink.answer()
                assert entry is not None
                assert entry["n"] == n + 1
    epochs = [e["epoch"] for e in await journal(database_url)]
    assert epochs == sorted(epochs)
    assert len(set(epochs)) > 1
    assert epochs[-1] > 3
    assert (await verify(database_url)).clean
    rows = await query(database_url, "SELECT count(*) FROM journal WHERE bid_id IS NOT NULL")
    assert rows[0][0] == len(sinks)
