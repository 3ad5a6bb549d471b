"""What an owner notices of a log that lost something, and puts right."""

from __future__ import annotations

import pytest
from redis.asyncio import Redis

from auction_engine.bidding import keys
from auction_engine.bidding.deciding import Deciding
from auction_engine.bidding.healing import Announcer
from auction_engine.bidding.valkey import ValkeyLog
from auction_engine.bidding.wire import encode_probe
from auction_engine.ledger.journal import log_order

EPOCH = 5
LIMIT = 3


@pytest.fixture
async def announcer(redis: Redis) -> Announcer:
    """Of an owner that has taken the floor."""
    announcer = Announcer(ValkeyLog(redis, 0), Deciding(0, EPOCH), "0-0")
    await announcer.take_the_floor()
    return announcer


async def fill_and_read(announcer: Announcer) -> str:
    """Fill the inbox and read it, as far ahead of the commits as one can be."""
    assert await announcer.log.append([encode_probe("") for _ in range(LIMIT)], LIMIT) == LIMIT
    announcer.read = (await announcer.log.commands("0-0", LIMIT))[-1][0]
    return announcer.read


async def test_a_log_as_it_should_be_is_left_alone(announcer: Announcer, redis: Redis) -> None:
    await fill_and_read(announcer)
    before = await redis.xrange(keys.inbox(0)), await redis.xlen(keys.events(0))
    assert not await announcer.unfit()
    assert (await redis.xrange(keys.inbox(0)), await redis.xlen(keys.events(0))) == before


async def test_what_was_read_but_not_committed_is_not_given_again_as_an_id(
    announcer: Announcer, redis: Redis
) -> None:
    """Only the newest commands are lost, the mark is not; and the new master's clock is behind.

    Commands that get ids up to the last one read would wait for ever, and fill the inbox.
    """
    place = await fill_and_read(announcer)
    ahead = f"{log_order(place)[0] + 60_000}-0"
    announcer.read = ahead
    await redis.delete(keys.inbox(0))
    assert await announcer.unfit()
    await announcer.take_the_floor()
    assert not await announcer.unfit()
    assert await announcer.log.append([b"fresh"], LIMIT) == 1
    ((name, value),) = await announcer.log.commands(ahead, 10)
    assert value == b"fresh"
    assert log_order(name) > log_order(ahead)


@pytest.mark.parametrize("lost", ["marker", "everything"])
async def test_a_lost_mark_is_noticed(announcer: Announcer, redis: Redis, lost: str) -> None:
    await fill_and_read(announcer)
    if lost == "marker":
        await redis.delete(keys.marker(0))
    else:
        await redis.flushall()
    assert await announcer.unfit()
    await announcer.take_the_floor()
    assert not await announcer.unfit()
    assert await announcer.log.found_mark() > (EPOCH, 0)
