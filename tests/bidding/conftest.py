from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from auction_engine.bidding.client import LogClient
from auction_engine.bidding.connections import make_redis
from auction_engine.settings import Settings

from .harness import QUICK, client_of, recording


@pytest.fixture
def quick(settings: Settings) -> Settings:
    """Settings with short leases."""
    return settings.model_copy(update={"limits": QUICK})


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    client = make_redis(redis_url)
    yield client
    await client.aclose()


@pytest.fixture
async def log(quick: Settings) -> AsyncIterator[LogClient]:
    """A client of a log that is being recorded."""
    async with recording(quick), client_of(quick) as client:
        yield client
