"""Following recorded batches: nothing twice, nothing missed without a look at the ledger."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from redis.asyncio import Redis

from auction_engine.bidding import keys
from auction_engine.bidding.connections import make_redis
from auction_engine.bidding.follower import Follower
from auction_engine.bidding.tasks import end
from auction_engine.bidding.valkey import ValkeyLog
from auction_engine.bidding.wire import BATCH_FIELD, encode_batch

from .harness import until
from .proxy import Wire, wire_to_redis


class Followed:
    """A follower, what it was given and how often it asked for the ledger."""

    def __init__(self, redis: Redis) -> None:
        self.batches: list[tuple[int, int]] = []
        self.gaps = 0
        self.fail = 0
        self.follower = Follower(ValkeyLog(redis, 0), self.take, self.gap)
        self.task = asyncio.create_task(self.follower.run())

    def take(self, batch: dict[str, Any]) -> None:
        if batch["answers"]:
            raise ValueError("nobody can make sense of this")
        self.batches.append((batch["epoch"], batch["no"]))

    async def gap(self) -> None:
        if self.fail:
            self.fail -= 1
            raise OSError("the ledger is away")
        self.gaps += 1


@pytest.fixture
async def followed(redis: Redis) -> AsyncIterator[Followed]:
    result = Followed(redis)
    await result.follower.in_step.wait()
    yield result
    await end([result.task])


async def publish(redis: Redis, *batches: tuple[int, int], at: str = "*") -> None:
    for epoch, no in batches:
        await redis.xadd(
            keys.events(0), {BATCH_FIELD: encode_batch(epoch, no, "1-1", [], [])}, id=at
        )


async def test_batches_come_in_order_without_asking(redis: Redis, followed: Followed) -> None:
    await publish(redis, (1, 2), *((1, n) for n in range(3, 40)))
    await until(lambda: len(followed.batches) == 38)
    assert followed.batches == [(1, n) for n in range(2, 40)]
    assert followed.gaps == 2  # at the start, and at the first batch of a new owner


async def test_what_was_published_twice_is_taken_once(redis: Redis, followed: Followed) -> None:
    await publish(redis, (1, 2), (1, 3), (1, 3), (1, 2), (1, 4))
    await until(lambda: followed.batches[-1:] == [(1, 4)])
    assert followed.batches == [(1, 2), (1, 3), (1, 4)]
    assert followed.gaps == 2


async def test_a_missing_number_sends_it_to_the_ledger(redis: Redis, followed: Followed) -> None:
    await publish(redis, (1, 2), (1, 3))
    await until(lambda: followed.gaps == 2)
    followed.fail = 2
    await publish(redis, (1, 5), (1, 6))
    await until(lambda: followed.batches[-1:] == [(1, 6)])
    await until(lambda: followed.gaps == 3)


async def test_an_owner_that_lost_the_shard_is_not_heard(redis: Redis, followed: Followed) -> None:
    await publish(redis, (1, 2), (2, 2), (1, 3), (1, 4), (2, 3))
    await until(lambda: followed.batches[-1:] == [(2, 3)])
    assert followed.batches == [(1, 2), (2, 2), (2, 3)]


async def test_it_begins_at_the_end_with_a_look_at_the_ledger(redis: Redis) -> None:
    await publish(redis, (3, 8), (3, 9))
    followed = Followed(redis)
    await followed.follower.in_step.wait()
    assert (followed.gaps, followed.batches) == (1, [])
    await publish(redis, (3, 10))
    await until(lambda: followed.batches == [(3, 10)])
    assert followed.gaps == 1
    await end([followed.task])


async def test_batches_wait_until_the_ledger_was_read(redis: Redis) -> None:
    followed = Followed.__new__(Followed)
    followed.batches, followed.gaps, followed.fail = [], 0, 3
    followed.follower = Follower(ValkeyLog(redis, 0), followed.take, followed.gap)
    followed.task = asyncio.create_task(followed.follower.run())
    await publish(redis, (1, 2))
    await until(lambda: followed.gaps)
    assert followed.fail == 0
    await end([followed.task])


async def test_a_batch_nobody_understands_does_not_end_it(redis: Redis, followed: Followed) -> None:
    await publish(redis, (1, 2))
    await until(lambda: followed.gaps == 2)
    await redis.xadd(keys.events(0), {BATCH_FIELD: b"no json"})
    odd = encode_batch(1, 3, "1-1", [], [{"odd": True}])
    await redis.xadd(keys.events(0), {BATCH_FIELD: odd})
    await publish(redis, (1, 4))
    await until(lambda: followed.batches[-1:] == [(1, 4)])
    await until(lambda: followed.gaps > 2)


@pytest.fixture
async def wired(redis_url: str) -> AsyncIterator[tuple[Wire, Followed]]:
    async with wire_to_redis(redis_url) as (wire, url):
        client = make_redis(url)
        followed = Followed(client)
        await followed.follower.in_step.wait()
        yield wire, followed
        await end([followed.task])
        await client.aclose()


async def test_a_stream_that_was_lost_is_read_from_its_start(
    redis: Redis, wired: tuple[Wire, Followed]
) -> None:
    """As after a fail-over: the new stream's ids are below the place it had in the old one."""
    wire, followed = wired
    await publish(redis, (1, 2), at="9999999999999-0")
    await until(lambda: followed.batches == [(1, 2)])
    await redis.delete(keys.events(0))
    await publish(redis, (1, 5), (1, 6))
    wire.cut()
    await until(lambda: followed.batches[-1:] == [(1, 6)])
    assert followed.gaps == 3


async def test_a_lost_connection_loses_nothing(redis: Redis, wired: tuple[Wire, Followed]) -> None:
    wire, followed = wired
    for n in range(2, 30):
        await publish(redis, (1, n))
        if n % 7 == 0:
            wire.cut()
    await until(lambda: len(followed.batches) == 28)
    assert followed.batches == [(1, n) for n in range(2, 30)]
