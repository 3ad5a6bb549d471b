"""Who follows a lot over any gateway: bidders once, connections all; the dead are forgotten."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio
from redis.asyncio import Redis

from auction_engine.bidding.connections import make_redis
from auction_engine.live.presence import GOOD_MS, Here, Presence


class Crowd:
    """Who follows what over one gateway: bidders (several connections each), and onlookers."""

    def __init__(self) -> None:
        self.here: dict[int, list[int | None]] = {}

    def followed(self) -> list[int]:
        return list(self.here)

    def bidders(self, lot: int) -> set[int]:
        return {one for one in self.here.get(lot, []) if one is not None}

    def viewers(self, lot: int) -> int:
        return len(self.here.get(lot, []))


class Town:
    """Two gateways by one clock."""

    def __init__(self, redis: Redis) -> None:
        self.now_ms = 1_800_000_000_000
        self.crowds = [Crowd(), Crowd()]
        self.gateways = [Presence(redis, crowd, lambda: self.now_ms) for crowd in self.crowds]

    async def beat(self) -> None:
        for gateway in self.gateways:
            await gateway.beat()

    async def told(self, *lots: int) -> list[dict[int, Here]]:
        return [await gateway.count(lots) for gateway in self.gateways]


@pytest_asyncio.fixture
async def town(redis_url: str) -> AsyncIterator[Town]:
    redis = make_redis(redis_url)
    yield Town(redis)
    await redis.aclose()


async def test_a_bidder_counts_once_and_every_connection_counts(town: Town) -> None:
    one, two = town.crowds
    one.here = {7: [1, 1, 2, None], 8: [None]}
    two.here = {7: [2, 3], 9: [*range(1_000, 1_250)]}
    await town.beat()
    wanted = {7: Here(3, 6), 8: Here(0, 1), 9: Here(250, 250), 10: Here(0, 0)}
    assert await town.told(7, 8, 9, 10) == [wanted, wanted]
    assert await town.gateways[0].count([]) == {}
    # Where the others cannot be asked each knows its own.
    assert town.gateways[1].own([7, 8]) == {7: Here(2, 2), 8: Here(0, 0)}


async def test_the_own_people_count_as_they_are_now_the_others_as_last_said(town: Town) -> None:
    one, two = town.crowds
    one.here, two.here = {7: [1, 2]}, {7: [3]}
    await town.beat()
    one.here = {7: [1, None, None]}
    assert await town.told(7) == [{7: Here(2, 4)}, {7: Here(3, 3)}]
    await town.beat()
    assert await town.told(7) == [{7: Here(2, 4)}, {7: Here(2, 4)}]
    one.here = {}
    await town.beat()
    assert await town.told(7) == [{7: Here(1, 1)}, {7: Here(1, 1)}]


async def test_who_left_here_and_is_elsewhere_is_counted_again(town: Town) -> None:
    one, two = town.crowds
    one.here = two.here = {7: [1]}
    await town.beat()
    one.here = {}
    for gateway in town.gateways:
        await gateway.beat()
    assert await town.told(7) == [{7: Here(1, 1)}, {7: Here(1, 1)}]


async def test_a_gateway_that_died_is_forgotten(town: Town) -> None:
    one, two = town.crowds
    one.here, two.here = {7: [1]}, {7: [2, None]}
    await town.beat()
    town.now_ms += GOOD_MS
    assert await town.gateways[0].count([7]) == {7: Here(2, 3)}
    town.now_ms += 1
    await town.gateways[0].beat()
    assert await town.gateways[0].count([7]) == {7: Here(1, 1)}
