from __future__ import annotations

from collections.abc import AsyncIterator

import contract
import pytest
from house import House, running_house

from auction_engine.settings import Settings


@pytest.fixture
async def house(settings: Settings) -> AsyncIterator[House]:
    """A running program with two open lots and one account of each role."""
    async with running_house(settings, lots=2) as house:
        house.hooks.append(contract.check)
        await house.account("an", "bidder")
        await house.account("auctioneer", "organisation")
        await house.account("officer", "officer")
        await house.account("procurator", "procurator")
        yield house
