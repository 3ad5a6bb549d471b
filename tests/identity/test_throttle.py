from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from auction_engine.bidding.connections import make_redis
from auction_engine.identity import throttle


@pytest.fixture
async def valkey(redis_url: str) -> AsyncIterator[Redis]:
    client = make_redis(redis_url)
    yield client
    await client.aclose()


async def tries(valkey: Redis, count: int, login: str, address: str) -> int:
    """How many of `count` tries were let through."""
    return sum([await throttle.admit(valkey, login, address) for _ in range(count)])


async def test_a_stranger_cannot_lock_somebody_out(valkey: Redis) -> None:
    most = throttle.PER_ACCOUNT_AND_ADDRESS
    assert await tries(valkey, most + 5, "an", "192.0.2.1") == most
    assert await tries(valkey, 1, "an", "192.0.2.2") == 1
    assert await tries(valkey, 1, "binh", "192.0.2.1") == 1


async def test_one_account_tried_from_everywhere_is_closed(valkey: Redis) -> None:
    allowed = 0
    for n in range(throttle.PER_ACCOUNT + 20):
        allowed += await throttle.admit(valkey, "an", f"192.0.2.{n}")
    assert allowed == throttle.PER_ACCOUNT


async def test_one_address_trying_everybody_is_closed(valkey: Redis) -> None:
    allowed = 0
    for n in range(throttle.PER_ADDRESS + 20):
        allowed += await throttle.admit(valkey, f"login {n}", "192.0.2.1")
    assert allowed == throttle.PER_ADDRESS


async def test_right_passwords_do_not_count(valkey: Redis) -> None:
    """A demonstration's login is used by many people behind one address."""
    for _ in range(throttle.PER_ADDRESS * 2):
        assert await throttle.admit(valkey, "an", "192.0.2.1")
        await throttle.forgive(valkey, "an", "192.0.2.1")


async def test_counts_go_away_by_themselves_and_name_nobody(valkey: Redis) -> None:
    await throttle.admit(valkey, "nguyen.an", "192.0.2.1")
    await throttle.forgive(valkey, "nguyen.an", "192.0.2.9")
    keys = await valkey.keys("*")
    assert keys
    for key in keys:
        assert 0 < await valkey.ttl(key) <= throttle.WINDOW_S
        assert b"nguyen" not in key


async def test_one_address_does_not_use_up_the_accounts_tries(valkey: Redis) -> None:
    """However often one place fails, the account's owner elsewhere gets in."""
    await tries(valkey, throttle.PER_ACCOUNT * 2, "an", "192.0.2.1")
    assert await tries(valkey, 1, "an", "192.0.2.2") == 1


async def test_addresses_of_one_ipv6_network_are_one_place(valkey: Redis) -> None:
    allowed = 0
    for n in range(throttle.PER_ACCOUNT):
        allowed += await throttle.admit(valkey, "an", f"2001:db8::{n:x}")
    assert allowed == throttle.PER_ACCOUNT_AND_ADDRESS
    assert await throttle.admit(valkey, "an", "2001:db8:0:1::1")
