from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest
from bidding.harness import client_of, put_up, query, recording

from auction_engine.settings import Limits, Settings

from .harness import Room, room_of

Serve = Callable[..., AbstractAsyncContextManager[Room]]


@pytest.fixture
def serve(settings: Settings) -> Serve:
    """`serve(limit=…)`: a gateway with these limits, a recorder, and lot 8 open for 101 and 102."""

    @asynccontextmanager
    async def served(bidders: int = 3, **limits: Any) -> AsyncIterator[Room]:
        changed = settings.model_copy(update={"limits": Limits(**({"lease_s": 1} | limits))})
        async with recording(changed):
            async with client_of(changed) as client:
                if not await query(changed.database_url or "", "SELECT 1 FROM lot_head"):
                    await put_up(client, bidders=bidders)
            async with room_of(changed) as room:
                yield room

    return served


@pytest.fixture
async def room(serve: Serve) -> AsyncIterator[Room]:
    async with serve() as room:
        yield room
