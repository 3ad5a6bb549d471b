"""A program nobody has put a lot up in."""

from __future__ import annotations

from collections.abc import AsyncIterator

import contract
import pytest
from house import House, running_house

from auction_engine.settings import Settings


@pytest.fixture
async def empty_house(settings: Settings) -> AsyncIterator[House]:
    async with running_house(settings, lots=0) as house:
        house.hooks.append(contract.check)
        await house.account("auctioneer", "organisation")
        await house.account("officer", "officer")
        yield house


async def test_pages_without_any_session(empty_house: House) -> None:
    async with empty_house.browser() as client:
        answer = await client.get("/?lang=en")
        assert answer.status_code == 200
        assert "No session right now" in answer.text
        assert (await client.get("/api/lots")).json() == {"session": None, "lots": []}
    async with empty_house.signed_in("auctioneer") as client:
        assert (await client.get("/desk")).status_code == 200
    async with empty_house.signed_in("officer") as client:
        assert (await client.get("/agency")).status_code == 200
