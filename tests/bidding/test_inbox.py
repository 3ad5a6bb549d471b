"""The inbox: bounded, in order, and in doubt never silent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from auction_engine.bidding import keys
from auction_engine.bidding.connections import make_redis, read_stream
from auction_engine.bidding.inbox import Inbox
from auction_engine.bidding.valkey import ValkeyLog
from auction_engine.ledger.journal import log_order

from .harness import until
from .proxy import Wire, wire_to_redis

LIMIT = 50


@pytest.fixture
async def inbox(redis: Redis) -> AsyncIterator[Inbox]:
    inbox = Inbox(ValkeyLog(redis, 0), LIMIT)
    inbox.start()
    yield inbox
    await inbox.stop()


@pytest.fixture
async def wired(redis_url: str) -> AsyncIterator[tuple[Wire, Inbox]]:
    """An inbox whose connection can be lost."""
    async with wire_to_redis(redis_url) as (wire, url):
        client = make_redis(url)
        inbox = Inbox(ValkeyLog(client, 0), LIMIT)
        inbox.start()
        yield wire, inbox
        await inbox.stop()
        await client.aclose()


async def entries(redis: Redis) -> list[bytes]:
    return [value for _, value in await read_stream(redis, keys.inbox(0), "0-0", 10_000, 1)]


def names(count: int, first: int = 0) -> list[bytes]:
    return [b"%d" % n for n in range(first, first + count)]


async def test_order_is_kept(redis: Redis, inbox: Inbox) -> None:
    for command in names(20):
        inbox.put(command)
    await asyncio.sleep(0)
    for command in names(20, 20):
        inbox.put(command)
    await until(lambda: inbox.waiting == 0)
    assert await entries(redis) == names(40)


async def test_exactly_the_limit_fits_and_the_rest_is_told(redis: Redis, inbox: Inbox) -> None:
    busy: list[bytes] = []
    for command in names(LIMIT + 7):
        inbox.put(command, lambda command=command: busy.append(command))
    await until(lambda: inbox.waiting == 0)
    assert await entries(redis) == names(LIMIT)
    assert busy == names(7, LIMIT)


async def test_two_writers_cannot_overfill_it(redis: Redis, redis_url: str) -> None:
    clients = [make_redis(redis_url) for _ in range(4)]
    inboxes = [Inbox(ValkeyLog(client, 0), LIMIT) for client in clients]
    busy: list[int] = []
    for inbox in inboxes:
        inbox.start()
    for n in range(LIMIT):
        for inbox in inboxes:
            inbox.put(b"x", lambda n=n: busy.append(n))
        await asyncio.sleep(0)
    await until(lambda: not any(inbox.waiting for inbox in inboxes))
    assert await redis.xlen(keys.inbox(0)) == LIMIT
    assert len(busy) == 3 * LIMIT
    for inbox, client in zip(inboxes, clients, strict=True):
        await inbox.stop()
        await client.aclose()


async def test_unread_commands_are_never_trimmed(redis: Redis, inbox: Inbox) -> None:
    for command in names(LIMIT):
        inbox.put(command)
    await until(lambda: inbox.waiting == 0)
    for command in names(200, 1000):
        inbox.put(command)
    await until(lambda: inbox.waiting == 0)
    assert await entries(redis) == names(LIMIT)


async def test_ids_rise_and_are_times(redis: Redis, inbox: Inbox) -> None:
    for command in names(30):
        inbox.put(command)
    await until(lambda: inbox.waiting == 0)
    found = [i for i, _ in await read_stream(redis, keys.inbox(0), "0-0", 100, 1)]
    seconds, _ = await redis.time()
    assert [log_order(i) for i in found] == sorted({log_order(i) for i in found})
    assert abs(log_order(found[-1])[0] / 1000 - seconds) < 5


async def test_an_append_whose_answer_was_lost_is_made_again(
    redis: Redis, wired: tuple[Wire, Inbox]
) -> None:
    wire, inbox = wired
    inbox.put(b"first")
    await until(lambda: inbox.waiting == 0)
    wire.lose_answer_to, wire.lose = b"EVALSHA", 2
    for command in names(5):
        inbox.put(command)
    await until(lambda: inbox.waiting == 0)
    assert wire.lost == 2
    # Each try was carried out: the same commands more than once, never one missing or out of turn.
    assert await entries(redis) == [b"first", *names(5) * 3]
    assert inbox.reachable


async def test_nobody_is_told_busy_of_a_command_that_may_be_in(
    redis: Redis, wired: tuple[Wire, Inbox]
) -> None:
    wire, inbox = wired
    inbox.put(b"first")
    await until(lambda: inbox.waiting == 0)
    busy: list[int] = []
    wire.lose_answer_to, wire.lose = b"EVALSHA", 1
    for n in range(LIMIT - 1):  # fills it; the answer is lost, and then there is no room to retry
        inbox.put(b"%d" % n, lambda n=n: busy.append(n))
    await until(lambda: wire.lost == 1)
    await until(lambda: redis.xlen(keys.inbox(0)))
    await until(lambda: inbox.reachable)
    assert busy == []
    await redis.xtrim(keys.inbox(0), maxlen=0)  # the recorder has consumed what was there
    await until(lambda: inbox.waiting == 0)
    assert busy == []
    assert await entries(redis) == names(LIMIT - 1)


async def test_it_goes_on_after_the_log_was_away(redis: Redis, wired: tuple[Wire, Inbox]) -> None:
    wire, inbox = wired
    wire.down = True
    for command in names(10):
        inbox.put(command)
    await until(lambda: not inbox.reachable)
    assert inbox.waiting == 10
    wire.down = False
    await until(lambda: inbox.waiting == 0)
    assert await entries(redis) == names(10)
    assert inbox.reachable


async def test_it_goes_on_after_the_script_was_forgotten(redis: Redis, inbox: Inbox) -> None:
    inbox.put(b"a")
    await until(lambda: inbox.waiting == 0)
    await redis.script_flush()
    inbox.put(b"b")
    await until(lambda: inbox.waiting == 0)
    assert await entries(redis) == [b"a", b"b"]


async def test_what_is_done_once_is_not_appended_again_in_doubt(
    redis: Redis, wired: tuple[Wire, Inbox]
) -> None:
    wire, inbox = wired
    inbox.put(b"first")
    await until(lambda: inbox.waiting == 0)
    wire.lose_answer_to, wire.lose = b"EVALSHA", 1
    inbox.put(b"an act", once=True)
    inbox.put(b"a bid")
    await until(lambda: inbox.waiting == 0)
    assert wire.lost == 1
    assert await entries(redis) == [b"first", b"an act", b"a bid", b"a bid"]


async def test_what_is_done_once_may_be_lost_and_nobody_is_told_busy(
    redis: Redis, wired: tuple[Wire, Inbox]
) -> None:
    wire, inbox = wired
    busy: list[bytes] = []
    wire.down = True
    inbox.put(b"an act", lambda: busy.append(b"an act"), once=True)
    inbox.put(b"a bid", lambda: busy.append(b"a bid"))
    await until(lambda: not inbox.reachable)
    wire.down = False
    await until(lambda: inbox.waiting == 0)
    assert await entries(redis) == [b"a bid"]
    assert busy == []
