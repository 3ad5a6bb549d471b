"""One suite for every log: Valkey's, and the one in memory that the simulator runs on."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from typing import Any, Protocol

import orjson
import pytest
from redis.asyncio import Redis

from auction_engine.bidding import keys
from auction_engine.bidding.connections import make_redis
from auction_engine.bidding.ports import ShardLog
from auction_engine.bidding.valkey import ValkeyLog
from auction_engine.ledger.journal import log_order
from auction_engine.rules.events import BidAccepted
from auction_engine.simulation.log import LogServer, MemoryLog
from auction_engine.simulation.loop import Process
from auction_engine.simulation.wire import Wire

from .harness import LOT, new_id, until

LIMIT = 50
SOON_S = 5.0


class Bench(Protocol):
    """A log to be tested, and what a look into its server shows."""

    def log(self, shard: int = 0) -> ShardLog:
        """Another process's connection to a shard."""

    async def now_ms(self) -> int: ...
    async def book(self, lot: int) -> list[tuple[str, int]]: ...
    async def deadlines(self) -> dict[int, int]: ...
    async def length(self) -> int: ...
    async def lose_everything(self) -> None: ...


class ValkeyBench:
    def __init__(self, redis: Redis) -> None:
        self.redis = redis

    def log(self, shard: int = 0) -> ShardLog:
        return ValkeyLog(self.redis, shard)

    async def now_ms(self) -> int:
        seconds, micros = await self.redis.time()
        return int(seconds * 1000 + micros / 1000)

    async def book(self, lot: int) -> list[tuple[str, int]]:
        found = await self.redis.zrange(keys.book(0, lot), 0, -1, withscores=True)
        return [(member.decode(), int(score)) for member, score in found]

    async def deadlines(self) -> dict[int, int]:
        found = await self.redis.zrange(keys.deadlines(0), 0, -1, withscores=True)
        return {int(member): int(score) for member, score in found}

    async def length(self) -> int:
        return int(await self.redis.xlen(keys.inbox(0)))

    async def lose_everything(self) -> None:
        await self.redis.flushall()


class MemoryBench:
    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.server = LogServer(self.loop, random.Random(1))

    def log(self, shard: int = 0) -> ShardLog:
        return MemoryLog(self.server, shard, Wire(self.server, Process(self.loop, "test")))

    async def now_ms(self) -> int:
        return self.server.clock.wall_ms()

    async def book(self, lot: int) -> list[tuple[str, int]]:
        book = self.server.shard(0).books.get(lot, {})
        return sorted(book.items(), key=lambda item: (item[1], item[0]))

    async def deadlines(self) -> dict[int, int]:
        return dict(self.server.shard(0).deadlines)

    async def length(self) -> int:
        return len(self.server.shard(0).inbox)

    async def lose_everything(self) -> None:
        self.server.become({})


@pytest.fixture(params=["valkey", "memory"])
async def bench(request: pytest.FixtureRequest) -> AsyncIterator[Bench]:
    if request.param == "memory":
        yield MemoryBench()
        return
    client = make_redis(request.getfixturevalue("redis_url"))
    yield ValkeyBench(client)
    await client.aclose()


@pytest.fixture
def log(bench: Bench) -> ShardLog:
    return bench.log()


def names(count: int, first: int = 0) -> list[bytes]:
    return [b"%d" % n for n in range(first, first + count)]


async def all_of(log: ShardLog, after: str = "0-0") -> list[tuple[str, bytes]]:
    """Everything in the inbox after `after`, in several reads; there must be something."""
    found: list[tuple[str, bytes]] = []
    while entries := await log.commands(found[-1][0] if found else after, 7):
        found += entries
        if len(entries) < 7:
            break
    return found


async def publish(log: ShardLog, batch: bytes, consumed: str, **changes: Any) -> Any:
    values: dict[str, Any] = {"accepted": {}, "due": {}, "mark": (1, 1)} | changes
    return await log.publish(batch, consumed, **values)


def accepted(n: int, amount: int, bidder: int = 101) -> BidAccepted:
    return BidAccepted(bidder, new_id(), amount, n)


class TestInbox:
    async def test_order_is_kept_and_ids_rise(self, log: ShardLog) -> None:
        for first in range(0, 40, 10):
            assert await log.append(names(10, first), LIMIT) == 10
        found = await all_of(log)
        assert [value for _, value in found] == names(40)
        places = [log_order(name) for name, _ in found]
        assert places == sorted(set(places))

    async def test_ids_are_the_logs_time(self, log: ShardLog, bench: Bench) -> None:
        before = await bench.now_ms()
        await log.append(names(3), LIMIT)
        after = await bench.now_ms()
        for name, _ in await all_of(log):
            assert before <= log_order(name)[0] <= after

    async def test_what_does_not_fit_is_refused_and_nothing_is_trimmed(self, log: ShardLog) -> None:
        assert await log.append(names(LIMIT + 7), LIMIT) == LIMIT
        assert await log.append(names(5, 100), LIMIT) == 0
        assert await log.append(names(5, 100), LIMIT - 20) == 0
        assert [value for _, value in await all_of(log)] == names(LIMIT)

    async def test_writers_cannot_overfill_it_together(self, bench: Bench) -> None:
        logs = [bench.log() for _ in range(4)]
        taken = await asyncio.gather(*(log.append(names(20), LIMIT) for log in logs))
        assert sum(taken) == LIMIT == await bench.length()

    async def test_a_read_gives_what_is_after_an_id(self, log: ShardLog) -> None:
        await log.append(names(10), LIMIT)
        everything = await all_of(log)
        for place in (0, 4, 8):
            assert await log.commands(everything[place][0], 100) == everything[place + 1 :]
            assert await log.commands(everything[place][0], 1) == [everything[place + 1]]

    async def test_a_read_waits_for_the_first_entry(self, log: ShardLog, bench: Bench) -> None:
        reading = [asyncio.ensure_future(bench.log().commands("0-0", 100)) for _ in range(2)]
        done, _ = await asyncio.wait(reading, timeout=0.1)
        assert not done
        await log.append(names(1), LIMIT)
        async with asyncio.timeout(SOON_S):
            for one in reading:
                assert [value for _, value in await one] == names(1)

    async def test_a_read_in_vain_ends(self, log: ShardLog) -> None:
        async with asyncio.timeout(SOON_S):
            assert await log.commands("0-0", 100) == []

    async def test_shards_have_nothing_in_common(self, bench: Bench) -> None:
        one, other = bench.log(0), bench.log(1)
        assert (one.shard, other.shard) == (0, 1)
        await one.append(names(1), LIMIT)
        await other.append(names(2, 10), LIMIT)
        await publish(one, b"batch", "1-0", mark=(4, 4))
        assert [value for _, value in await all_of(one)] == names(1)
        assert [value for _, value in await all_of(other)] == names(2, 10)
        assert await other.newest_batch() is None
        assert await other.found_mark() == (0, 0)


class TestIds:
    async def test_they_do_not_begin_again_when_all_is_consumed(self, log: ShardLog) -> None:
        await log.append(names(5), LIMIT)
        last = (await all_of(log))[-1][0]
        await publish(log, b"batch", last)
        await log.append(names(1), LIMIT)
        (name, _) = (await all_of(log))[0]
        assert log_order(name) > log_order(last)

    async def test_none_is_given_up_to_what_was_consumed(self, log: ShardLog, bench: Bench) -> None:
        """The log lost its data; the ledger has consumed ids that its clock has not reached."""
        await log.append(names(5), LIMIT)
        ahead = f"{await bench.now_ms() + 3_600_000}-7"
        await bench.lose_everything()
        assert await log.raise_inbox(ahead)
        for _ in range(2):
            await log.append(names(2), LIMIT)
        fresh = await log.commands(ahead, 100)
        assert [value for _, value in fresh] == names(2) * 2
        assert log_order(fresh[0][0]) == (log_order(ahead)[0], 8)

    async def test_raising_to_where_it_is_changes_nothing(
        self, log: ShardLog, bench: Bench
    ) -> None:
        assert not await log.raise_inbox("0-0")
        await log.append(names(3), LIMIT)
        before = await all_of(log)
        for place in (before[1][0], before[2][0], "5-0", "0-0"):
            assert not await log.raise_inbox(place)
        assert await all_of(log) == before

    async def test_a_reader_ahead_of_a_lost_log_sees_only_higher_ids(
        self, log: ShardLog, bench: Bench
    ) -> None:
        await log.append(names(2), LIMIT)
        place = (await all_of(log))[-1][0]
        await bench.lose_everything()
        await log.raise_inbox(place)
        await log.append(names(2, 5), LIMIT)
        assert [value for _, value in await log.commands(place, 100)] == names(2, 5)


class TestPublishing:
    async def test_only_the_consumed_is_trimmed(self, log: ShardLog, bench: Bench) -> None:
        await log.append(names(10), LIMIT)
        everything = await all_of(log)
        length, _ = await publish(log, b"batch", everything[3][0])
        assert length == 6 == await bench.length()
        assert await all_of(log) == everything[4:]
        # What is told again, or late, trims nothing more.
        length, _ = await publish(log, b"batch", everything[1][0])
        assert length == 6

    async def test_room_comes_back(self, log: ShardLog) -> None:
        await log.append(names(LIMIT), LIMIT)
        await publish(log, b"batch", (await all_of(log))[9][0])
        assert await log.append(names(20), LIMIT) == 10

    async def test_batches_are_read_in_order(self, log: ShardLog) -> None:
        assert await log.newest_batch() is None
        for n in range(5):
            await publish(log, b"batch %d" % n, "1-0")
        batches = await log.batches("0-0", 100)
        assert [value for _, value in batches] == [b"batch %d" % n for n in range(5)]
        assert await log.newest_batch() == batches[-1]
        assert await log.batches(batches[1][0], 2) == batches[2:4]

    async def test_whoever_waits_for_a_batch_is_woken(self, log: ShardLog, bench: Bench) -> None:
        reading = asyncio.ensure_future(bench.log().batches("0-0", 100))
        await asyncio.sleep(0.05)
        await publish(log, b"batch", "1-0")
        async with asyncio.timeout(SOON_S):
            assert [value for _, value in await reading] == [b"batch"]

    async def test_the_mark_found_is_the_one_before(self, log: ShardLog, bench: Bench) -> None:
        assert await log.found_mark() == (0, 0)
        assert (await publish(log, b"a", "1-0", mark=(3, 1)))[1] == (0, 0)
        assert (await publish(log, b"b", "1-0", mark=(3, 2)))[1] == (3, 1)
        assert await log.found_mark() == (3, 2)
        await log.mark((2, 9))  # whatever it is: who sets it knows why
        assert await log.found_mark() == (2, 9)
        await bench.lose_everything()
        assert await log.found_mark() == (0, 0)
        assert await log.newest_batch() is None


class TestHotView:
    async def test_books_hold_the_best_in_the_order_of_their_numbers(
        self, log: ShardLog, bench: Bench
    ) -> None:
        assert await log.missing_books([LOT, 9]) == [LOT, 9]
        bids = [accepted(1, 500, 99), accepted(2, 500, 5), accepted(10, 500, 1)]
        await publish(log, b"batch", "1-0", accepted={LOT: bids})
        assert await log.missing_books([LOT, 9]) == [9]
        assert [member for member, _ in await bench.book(LOT)] == [
            "0000000001:99",
            "0000000002:5",
            "0000000010:1",
        ]

    async def test_books_are_bounded(self, log: ShardLog, bench: Bench) -> None:
        for first in range(1, 400, 50):
            bids = [accepted(n, 1_000 + n) for n in range(first, first + 50)]
            await publish(log, b"batch", "1-0", accepted={LOT: bids})
        assert [amount for _, amount in await bench.book(LOT)] == list(range(1_201, 1_401))

    async def test_restored_books_take_the_place_of_what_is_there(
        self, log: ShardLog, bench: Bench
    ) -> None:
        await publish(log, b"batch", "1-0", accepted={LOT: [accepted(1, 10)]}, due={LOT: 5, 7: 9})
        await log.restore({LOT: 6, 8: 11, 7: None}, {LOT: [accepted(2, 20)], 9: []})
        assert await bench.book(LOT) == [("0000000002:101", 20)]
        assert await bench.deadlines() == {LOT: 6, 8: 11}
        assert await log.missing_books([LOT, 9]) == [9]


class TestTicks:
    async def test_what_is_due_is_ticked_once_and_again_after_a_while(
        self, log: ShardLog, bench: Bench
    ) -> None:
        now_ms = await bench.now_ms()
        due = {LOT: now_ms - 5, 9: now_ms - 10, 10: now_ms + 60_000}
        await publish(log, b"batch", "1-0", due=due)
        wait_ms = await log.tick(LIMIT)
        assert 0 < wait_ms <= 1_000
        ticked = [orjson.loads(value) for _, value in await all_of(log)]
        assert ticked == [{"k": "tick", "lot": 9}, {"k": "tick", "lot": LOT}]
        await log.tick(LIMIT)
        assert await bench.length() == 2
        later = await bench.deadlines()
        assert later[10] == now_ms + 60_000
        assert all(now_ms < later[lot] <= now_ms + 1_000 + 5_000 for lot in (LOT, 9))
        await until(lambda: _ticked(log, bench), SOON_S)

    async def test_nothing_is_due(self, log: ShardLog, bench: Bench) -> None:
        assert await log.tick(LIMIT) == -1
        await publish(log, b"batch", "1-0", due={LOT: await bench.now_ms() + 60_000})
        assert 50_000 < await log.tick(LIMIT) <= 60_000
        await publish(log, b"batch", "1-0", due={LOT: None})
        assert await log.tick(LIMIT) == -1
        assert await bench.length() == 0

    async def test_ticks_do_not_fill_it_beyond_their_bound(
        self, log: ShardLog, bench: Bench
    ) -> None:
        due = dict.fromkeys(range(100, 140), await bench.now_ms() - 5)
        await publish(log, b"batch", "1-0", due=due)
        assert await log.tick(10) == 0  # there is more to tick
        assert await bench.length() == 10
        assert await log.tick(10) == 0
        assert await bench.length() == 10


async def _ticked(log: ShardLog, bench: Bench) -> bool:
    await log.tick(LIMIT)
    return await bench.length() >= 4
