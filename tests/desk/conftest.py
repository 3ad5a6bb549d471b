from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from bidding.harness import QUICK, client_of, recording

from auction_engine.settings import Settings

from .bureau import Bureau, bureau_of


@pytest.fixture
async def bureau(settings: Settings) -> AsyncIterator[Bureau]:
    """A desk before a log that is being recorded."""
    quick = settings.model_copy(update={"limits": QUICK})
    async with recording(quick), client_of(quick) as client, bureau_of(quick, client) as bureau:
        yield bureau
