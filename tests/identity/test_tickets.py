from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from auction_engine.bidding.connections import make_redis
from auction_engine.identity import tickets
from auction_engine.identity.tickets import Holder

SESSION = bytes(range(32))


@pytest.fixture
async def valkey(redis_url: str) -> AsyncIterator[Redis]:
    client = make_redis(redis_url)
    yield client
    await client.aclose()


async def test_a_ticket_says_whose_it_is_and_is_good_once(valkey: Redis) -> None:
    ticket = await tickets.issue(valkey, 7, 30, SESSION)
    assert await tickets.redeem(valkey, ticket) == Holder(7, SESSION)
    assert await tickets.redeem(valkey, ticket) is None
    robots = await tickets.issue(valkey, 8, 30)
    assert await tickets.redeem(valkey, robots) == Holder(8, b"")


async def test_after_signing_out_the_tickets_of_the_session_are_worthless(valkey: Redis) -> None:
    mine, others = [await tickets.issue(valkey, 7, 30, session) for session in (SESSION, b"x" * 32)]
    robots = await tickets.issue(valkey, 7, 30)
    listening = valkey.pubsub()
    await listening.subscribe(tickets.SIGNED_OUT)
    await tickets.revoke(valkey, SESSION, 30)
    assert await tickets.redeem(valkey, mine) == Holder(7, SESSION)
    assert await tickets.ended(valkey, SESSION)  # what the gateway asks before it lets anybody in
    assert await tickets.redeem(valkey, others) == Holder(7, b"x" * 32)
    assert not await tickets.ended(valkey, b"x" * 32)
    assert await tickets.redeem(valkey, robots) == Holder(7, b"")
    assert not await tickets.ended(valkey, b"")
    async with asyncio.timeout(5):
        while (message := await listening.get_message(timeout=1)) is None or (
            message["type"] != "message"
        ):
            pass
    assert message["data"] == SESSION
    await listening.aclose()
